"""`waybill audit export`: the audit log as a file, whole or not at all."""

import hashlib
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import rich_click as click
from msgspec import Struct, to_builtins
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from workers.terminal.audit_filters import Filters, audit_filters
from workers.terminal.command import Terminal, api_command
from workers.terminal.failures import failure
from workers.terminal.new_files import cannot_write, there_already
from workers.terminal.screen import Screen, may_redraw
from workers.terminal.wording import counted, printable

FORMATS: Final = ("jsonl", "csv")
STDOUT: Final = Path("-")
# Fewer are there before anybody could read a bar.
BAR_ENTRIES_MIN: Final = 20_000


class Written(Struct, frozen=True, kw_only=True, rename="camel"):
    """`behind`: so many newer events are not in it; `size` in bytes."""

    entries: int
    size: int
    sha256: str
    up_to_position: int
    behind: int


class LineCount:
    """How many lines there are in pieces of a file. In CSV a line ends only outside quotes."""

    def __init__(self, *, is_csv: bool) -> None:
        self._is_csv = is_csv
        self._quoted = False
        self._lines = -1 if is_csv else 0  # its first line is none of the entries

    def add(self, piece: bytes) -> int:
        """So many entries by now."""
        if not self._is_csv:
            self._lines += piece.count(b"\n")
            return self._lines
        for number, part in enumerate(piece.split(b'"')):
            self._quoted ^= number > 0
            self._lines += 0 if self._quoted else part.count(b"\n")
        return self._lines


@click.command("export")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    required=True,
    metavar="FILE",
    help="The file to write; - is stdout. What is there already is never written over.",
)
@click.option(
    "--format", "chosen", type=click.Choice(FORMATS), help="How entries are written. [default: as FILE ends, or jsonl]"
)
@audit_filters
@api_command
def export(terminal: Terminal, *, output: Path, chosen: str | None, filters: Filters) -> None:
    """Write the audit log into a FILE, the oldest entry first: JSON lines, or CSV for a spreadsheet.

    It needs an admin's key, and that you took it is in the audit log itself. The other options are those of the list. What
    arrives is counted: a file that would not be whole is not left behind.
    """
    if output == STDOUT and terminal.screen.as_json:
        raise click.UsageError("Only one of the file and --json can have stdout.")
    ending = output.suffix.removeprefix(".")
    form = chosen or (ending if ending in FORMATS else FORMATS[0])
    try:
        with _opened(output) as file:
            written = _write(terminal, file, form=form, filters=filters)
    except OSError as error:
        raise cannot_write(output, f"cannot be written: {error.strerror}") from error
    entries = "1 entry" if written.entries == 1 else f"{written.entries} entries"
    place = "" if output == STDOUT else f" in {printable(str(output))}"
    terminal.screen.show({"path": str(output), "format": form, **to_builtins(written)})
    terminal.screen.say(f"{entries} up to position {written.up_to_position}{place}, sha256 {written.sha256}")
    if written.behind:
        terminal.screen.say(f"The newest {counted(written.behind, 'event')} are missing: the read side is behind.")


def _write(terminal: Terminal, file: BinaryIO, *, form: str, filters: Filters) -> Written:
    """Raises Failure, also if it is not whole; OSError."""
    lines, digest, size_bytes, entries = LineCount(is_csv=form == "csv"), hashlib.sha256(), 0, 0
    query = {**filters, "format": form}
    with terminal.client.stream("audit-log", "export", query=query, accept="*/*") as response:
        said = response.headers
        with _showing(terminal.screen, total=int(said.get("Waybill-Entries", 0))) as show:
            for piece in response.iter_bytes():
                file.write(piece)
                digest.update(piece)
                size_bytes += len(piece)
                entries = lines.add(piece)
                show(entries)
    if str(entries) != said.get("Waybill-Entries"):
        detail = f"{entries} entries arrived of the {said.get('Waybill-Entries')} that there are."
        raise failure("bad_response:api", detail, title="Cut off", request_id=said.get("X-Request-ID"))
    return Written(
        entries=entries,
        size=size_bytes,
        sha256=digest.hexdigest(),
        up_to_position=int(said["Waybill-Up-To-Position"]),
        behind=int(said["Waybill-Behind"]),
    )


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The file gets its name when all of it is there. Raises Failure if something has that already, OSError."""
    if path == STDOUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if path.exists() or path.is_symlink():
        raise there_already(path)
    descriptor, unfinished = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - it is open already
            yield file
        Path(unfinished).rename(path)
    finally:
        Path(unfinished).unlink(missing_ok=True)


@contextmanager
def _showing(screen: Screen, *, total: int) -> Iterator[Callable[[int], None]]:
    """Give it how many have come."""
    if total < BAR_ENTRIES_MIN or not may_redraw(screen.talk):
        yield _nobody_looks
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=screen.talk, transient=True) as progress:
        task = progress.add_task("Exporting", total=total)
        yield lambda entries: progress.update(task, completed=entries)


def _nobody_looks(_: int) -> None:
    """For what is over at once, and where nobody sees it."""
