"""`waybill audit verify`: whether every event is still what was signed, and which is the first that is not."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import rich_click as click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from domain.errors import StoreOffline
from domain.evidence.checkpoint import Checkpoint
from domain.evidence.note import NoteError, VerifyingKey
from domain.evidence.verdict import Verdict
from workers.logs import configure_logs_of_command
from workers.settings import SettingsError, read_settings
from workers.store_verification import read_kept, verify_directly
from workers.terminal.audit_verdict import as_document, findings_grid, told
from workers.terminal.command import give_up, json_option, leave, no_color_option
from workers.terminal.exit_codes import ExitCode
from workers.terminal.failures import Failure, failure
from workers.terminal.notary_keys import data_option, key_option, public_key
from workers.terminal.on_database import Speed, run_over_events, unreachable
from workers.terminal.screen import Screen, may_redraw
from workers.verifying_store import OnProgress


@click.command("verify")
@click.option(
    "--against",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    metavar="FILE",
    help="A checkpoint that was kept elsewhere, or a file of them: what it signed must be there, also after a restore.",
)
@key_option
@click.option(
    "--evidence",
    type=click.Path(path_type=Path, file_okay=False),
    help="The evidence folder (WAYBILL_EVIDENCE). [default: evidence in the data folder]",
)
@data_option
@json_option
@no_color_option
def verify(
    *,
    against: Sequence[Path],
    key: str | None,
    evidence: Path | None,
    data: Path | None,
    as_json: bool,
    no_color: bool,
) -> None:
    """Compare every event with what was signed, straight on the database, while everything runs. It changes nothing.

    Everything is computed anew: the hash of every event, the root under every checkpoint and its signature, the positions and
    the versions without a gap, and the bytes of every skill. Ends with 0 if nothing was found; with 5 if something was changed,
    removed, inserted or reordered, and names the first.
    """
    screen = Screen(as_json=as_json, no_color=no_color)
    try:
        known = public_key(key, data=data)
        kept = [checkpoint for path in against for checkpoint in _kept(path, known)]
        with _progress(screen) as on_progress:
            verdict = _verdict(data, key=known, evidence=evidence, against=kept, on_progress=on_progress)
    except Failure as error:
        give_up(screen, error)
    except KeyboardInterrupt:
        leave(ExitCode.INTERRUPTED)
    screen.show(as_document(verdict), *told(verdict))
    if not verdict.sound:
        screen.tell(findings_grid(verdict))
        leave(ExitCode.FAILED)


def _verdict(
    data: Path | None,
    *,
    key: VerifyingKey,
    evidence: Path | None,
    against: Sequence[Checkpoint],
    on_progress: OnProgress,
) -> Verdict:
    """Raises Failure."""
    try:
        settings = read_settings(data=data)
        configure_logs_of_command(part="verify", log_format=settings.log_format)
        return run_over_events(
            verify_directly(settings, key=key, evidence=evidence, against=against, on_progress=on_progress)
        )
    except SettingsError as error:
        raise failure("bad_request:evidence", str(error), title="Usage") from None
    except StoreOffline as error:
        raise unreachable(error, in_time=True) from error
    except OSError as error:
        detail = f"The evidence folder cannot be read: {error.filename}: {error.strerror}."
        raise failure("bad_request:evidence", detail, title="Usage") from error


def _kept(path: Path, key: VerifyingKey) -> Sequence[Checkpoint]:
    """Raises Failure."""
    try:
        return read_kept(path, key)
    except OSError as error:
        raise failure("bad_request:evidence", f"{path} cannot be read: {error.strerror}.", title="Usage") from None
    except NoteError as error:
        raise failure("bad_request:evidence", f"{path} cannot be verified against: {error}.", title="Usage") from None


@contextmanager
def _progress(screen: Screen) -> Iterator[OnProgress]:
    """A bar where a person looks on."""
    if not may_redraw(screen.talk):
        yield lambda _done, _total: None
        return
    columns = (
        TextColumn("{task.description}", style="dim"),
        BarColumn(),
        MofNCompleteColumn(),
        Speed(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=screen.talk, transient=True, redirect_stdout=False) as bars:
        task = bars.add_task("reading checkpoints", total=None)
        yield lambda done, total: bars.update(task, description="verifying", completed=done, total=total)
