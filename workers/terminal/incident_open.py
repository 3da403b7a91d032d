"""`waybill incident open`: checks a case and shows it, on a machine that has no server, no database and no settings."""

import webbrowser
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import msgspec
import rich_click as click
from msgspec import to_builtins

from adapters.cases.page import page
from adapters.cases.reading import FRAME_BYTES_MAX, CaseRefused, OpenedCase, read_case
from adapters.cases.story import Story
from domain.evidence.case import BYTES_MAX, Check
from domain.evidence.note import VerifyingKey
from projections.run_history import HistoryEvent
from workers.terminal.case_checking import check_case
from workers.terminal.case_story import is_a_time, read_events, tell
from workers.terminal.command import give_up, json_option, leave, no_color_option
from workers.terminal.exit_codes import ExitCode
from workers.terminal.failures import Failure, failure
from workers.terminal.incident_view import put_case
from workers.terminal.notary_keys import public_key
from workers.terminal.screen import Screen
from workers.terminal.wording import printable

EVENTS_SHOWN: Final = 200


@click.command("open")
@click.argument("case", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--key", metavar="KEY|FILE", help="The notary's public key, from a place you trust: `waybill audit key` there."
)
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the report anew, with what was checked, into this file; what is there is never written over.",
)
@click.option(
    "--browser", is_flag=True, help="Write the report beside the case, unless --html says where, and open it."
)
@click.option("--limit", type=click.IntRange(0), default=EVENTS_SHOWN, help="Show only so many events. [default: 200]")
@json_option
@no_color_option
def open_case(
    *, case: Path, key: str | None, html: Path | None, browser: bool, limit: int, as_json: bool, no_color: bool
) -> None:
    """Check a CASE, and show what happened. It needs no server, no database and no settings.

    Every file of it is compared with its sha256, every event with the signed checkpoint, and every row with what the events say.
    It ends with exit code 5 if anything does not hold, and says what. The report that came in the CASE is not believed: with
    --html it is written anew, from what was checked.
    """
    screen = Screen(as_json=as_json, no_color=no_color)
    try:
        trusted = None if key is None else public_key(key, data=None)
        with screen.busy("Checking"):
            opened = read_case(_content(case))
            story = _checked(opened, trusted)
        put_case(screen, story, document=_document(story, opened), limit=limit)
        if html is not None or browser:
            _write_report(screen, story, html or case.with_suffix(".html"), show=browser)
    except CaseRefused as error:
        give_up(screen, _refused(case, error))
    except Failure as error:
        give_up(screen, error)
    except KeyboardInterrupt:
        leave(ExitCode.INTERRUPTED)
    if not all(check.passed for check in story.checks or ()):
        leave(ExitCode.FAILED)


def _checked(opened: OpenedCase, key: VerifyingKey | None) -> Story:
    told = {event.position: event for event in map(_readable, opened.readable) if event is not None}
    events = read_events(opened.case.events, told=told)
    checks = check_case(opened, events, key=key, version=version("waybill"))
    return tell(opened.case, events, checks=checks, pinned=key is not None)


def _readable(told: Any) -> HistoryEvent | None:
    """None for what is no event as people see it, which the checks tell."""
    try:
        event = msgspec.json.decode(msgspec.json.encode(told), type=HistoryEvent)
    except (msgspec.DecodeError, RecursionError):
        return None
    return event if is_a_time(event.at) else None


def _document(story: Story, opened: OpenedCase) -> dict[str, Any]:
    checks: tuple[Check, ...] = story.checks or ()
    case = opened.case
    return {
        "holds": all(check.passed for check in checks),
        "keyGiven": story.pinned,
        "publicKey": case.public_key,
        "checks": to_builtins(checks),
        "scope": to_builtins(case.scope),
        "exported": to_builtins(case.exported),
        "upToPosition": case.up_to_position,
        "runs": [to_builtins(told.run) for told in story.runs],
        "events": opened.readable,
    }


def _content(path: Path) -> bytes:
    """Raises Failure, CaseRefused."""
    try:
        with path.open("rb") as file:
            content = file.read(BYTES_MAX + FRAME_BYTES_MAX + 1)
    except OSError as error:
        raise failure("bad_request:api", f"{path} cannot be read: {error.strerror}.", title="Usage") from error
    return content


def _write_report(screen: Screen, story: Story, path: Path, *, show: bool) -> None:
    """Raises Failure."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(page(story))
    except FileExistsError:
        said = f"{path} is there already; move it, or name another file with --html."
        raise failure("bad_request:api", said, title="Not written") from None
    except OSError as error:
        raise failure("bad_request:api", f"{path} cannot be written: {error.strerror}.", title="Not written") from error
    screen.say(f"The report is in {printable(str(path))}")
    if show and not webbrowser.open(path.absolute().as_uri()):
        screen.say("There is no browser here; open that file in one.")


def _refused(path: Path, error: CaseRefused) -> Failure:
    document = {
        "type": "about:blank",
        "title": "Not a case",
        "detail": f"{path} cannot be opened. {error}",
        "code": "bad_case:evidence",
    }
    return Failure(document, exit_code=ExitCode.FAILED)
