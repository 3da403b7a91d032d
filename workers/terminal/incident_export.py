"""`waybill incident export`: a case of some runs, or of a time, as a file."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import UUID

import rich_click as click
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from adapters.cases.reading import FRAME_BYTES_MAX, CaseRefused, OpenedCase, read_case
from domain.evidence.case import BYTES_MAX, RUNS_MAX
from workers.terminal.command import Terminal, api_command
from workers.terminal.failures import failure
from workers.terminal.listing import since_option, until_option
from workers.terminal.new_files import there_already, write_new
from workers.terminal.screen import Screen, may_redraw
from workers.terminal.wording import counted, printable, size

MEDIA_TYPE: Final = "application/zip"
# The server gathers and proves before it sends anything.
SILENCE_SECONDS: Final = 300.0
# What is smaller is here before anybody could read a bar.
BAR_BYTES_MIN: Final = 1_000_000


@click.command("export")
@click.argument("runs", metavar="[RUN]...", nargs=-1, type=click.UUID)
@since_option
@until_option
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("case.zip"),
    metavar="FILE",
    help="The file to write; what is there already is never written over. [default: case.zip]",
)
@api_command
def export(terminal: Terminal, *, runs: tuple[UUID, ...], since: str | None, until: str | None, output: Path) -> None:
    """Write a case of some RUNs, or of everything --since a time, into a FILE.

    It holds their events exactly as they are stored, with what they rest on, a proof for each, the rows of the read models, the
    versions, the settings without secrets, and a report to open in a browser. It needs an admin's key, and that you took it is in
    the audit log. `waybill incident open FILE` checks and shows it, also on a machine that has nothing but Waybill.
    """
    if bool(runs) == (since is not None):
        raise click.UsageError("Say which RUNs, or --since when.")
    if until is not None and since is None:
        raise click.UsageError("--until needs --since.")
    if len(runs) > RUNS_MAX:
        raise click.UsageError(f"A case is of {RUNS_MAX} RUNs at most; for more, use --since.")
    if output.exists() or output.is_symlink():
        raise there_already(output)
    body = {"runs": [str(run) for run in runs]} if runs else {"since": since, "until": until}
    content = _fetched(terminal, body)
    try:
        opened = read_case(content)
    except CaseRefused as error:
        raise failure("bad_response:api", f"What came is no case. {error}", title="Unknown answer") from error
    write_new(output, content)
    _say(terminal.screen, opened, content, output)


def _fetched(terminal: Terminal, body: object) -> bytes:
    """Raises Failure."""
    content = bytearray()
    with (
        _showing(terminal.screen) as show,
        terminal.client.stream(
            "incidents", "export", query={}, accept=MEDIA_TYPE, body=body, silence_seconds=SILENCE_SECONDS
        ) as response,
    ):
        total = int(response.headers.get("Content-Length", 0))
        for piece in response.iter_bytes():
            content += piece
            show(len(content), total)
            if len(content) > BYTES_MAX + FRAME_BYTES_MAX:
                raise failure("bad_response:api", "What comes is larger than a case can be.", title="Unknown answer")
    return bytes(content)


def _say(screen: Screen, opened: OpenedCase, content: bytes, output: Path) -> None:
    events = opened.case.events
    unsealed = sum(event.path is None for event in events)
    document = {
        "path": str(output),
        "events": len(events),
        "unsealed": unsealed,
        "runs": opened.case.scope.runs,
        "upToPosition": opened.case.up_to_position,
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    screen.show(document)
    screen.say(
        f"{counted(len(events), 'event')} in {printable(str(output))} ({size(len(content))}), sha256 {document['sha256']}"
    )
    if unsealed:
        screen.say(
            f"The notary has not sealed {unsealed} of them yet, so nothing proves those: export again in a moment."
        )
    screen.hint(f"waybill incident open {output}", purpose="Check and show it")


@contextmanager
def _showing(screen: Screen) -> Iterator[Callable[[int, int], None]]:
    """Give it how many bytes have come, and of how many. Before the first there is no telling how long it takes."""
    if not may_redraw(screen.talk):
        yield _nobody_looks
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=screen.talk, transient=True) as progress:
        task = progress.add_task("Gathering and proving", total=None)

        def show(come: int, total: int) -> None:
            if total >= BAR_BYTES_MIN:
                progress.update(task, description="Downloading", completed=come, total=total)

        yield show


def _nobody_looks(_come: int, _total: int) -> None:
    """Where nobody sees it."""
