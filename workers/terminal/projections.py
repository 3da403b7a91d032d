"""`waybill projections`: status, verify, rebuild; straight on the database, while everything runs."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

import rich_click as click
from msgspec import to_builtins

from adapters.postgres.comparing import MovedBackError
from adapters.postgres.read_models import RowRefusedError
from adapters.postgres.read_models_table import TableMismatchError
from adapters.postgres.rebuilding import NoPlaceError, NothingKeptError
from adapters.postgres.second_tables import RefusedEventError
from adapters.postgres.stretches import MissingEventError
from adapters.postgres.swapping import OtherHistoryError
from adapters.postgres.workbench import NotBuiltYetError, PostgresRefusesError, ReadModelBusyError
from domain.errors import StoreOffline
from workers.failpoints import arm
from workers.logs import configure_logs_of_command
from workers.read_model_care import NAMES, rebuild_each, stand, verify_each
from workers.settings import Settings, SettingsError, read_settings
from workers.terminal.command import give_up, json_option, leave, no_color_option
from workers.terminal.exit_codes import ExitCode
from workers.terminal.failures import Failure, failure
from workers.terminal.on_database import run_over_events, unreachable
from workers.terminal.projections_view import compared, difference_grid, rebuilt, standing_grid
from workers.terminal.read_model_progress import shown
from workers.terminal.screen import Screen

SHOWN_DEFAULT: Final = 20
SHOWN_MAX: Final = 1000
# What stands in the way, and what has been found wrong.
CONFLICTS: Final = (ReadModelBusyError, NotBuiltYetError, NothingKeptError, NoPlaceError, MovedBackError)
WRONG: Final = (
    RefusedEventError,
    MissingEventError,
    OtherHistoryError,
    TableMismatchError,
    RowRefusedError,
    PostgresRefusesError,
)

Answer = TypeVar("Answer")

names_argument = click.argument("names", metavar="[NAME]...", nargs=-1, type=click.Choice(NAMES))
data_option = click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="The data folder of the servers (WAYBILL_DATA), if WAYBILL_POSTGRES_URL is not set.",
)


@click.group()
def projections() -> None:
    """See where the read models stand, whether they are right, and build them again, while everything runs."""


@projections.command("status")
@names_argument
@data_option
@json_option
@no_color_option
def status(*, names: tuple[str, ...], data: Path | None, as_json: bool, no_color: bool) -> None:
    """Show of each read model how far it has come, how large it is, whether it is parked, and which tables are beside it.

    `next` is being built by a rebuild, or was until that was ended; `former` is what was served before, for a way back.
    """
    screen = Screen(as_json=as_json, no_color=no_color)
    with _troubles(screen):
        vitals = run_over_events(stand(_settings(data), names))
    screen.show({"readModels": to_builtins(vitals)}, standing_grid(vitals))


@projections.command("verify")
@names_argument
@click.option(
    "--show",
    "shown_max",
    type=click.IntRange(0, SHOWN_MAX),
    default=SHOWN_DEFAULT,
    show_default=True,
    help="How many differing rows of a read model are shown; all are counted.",
)
@data_option
@json_option
@no_color_option
def verify(*, names: tuple[str, ...], shown_max: int, data: Path | None, as_json: bool, no_color: bool) -> None:
    """Compare read models, all of them unless some are named, with a fold of the events from the first one.

    Every row and column is compared, in one snapshot and as of the same position, while everything goes on. Ends with 5 if
    anything differs: `waybill projections rebuild` then makes it right.
    """
    screen = Screen(as_json=as_json, no_color=no_color)

    with _troubles(screen), shown(screen) as told:
        done = run_over_events(_all(verify_each(_settings(data), names, shown_max=shown_max, told=told)))
    for one in done:
        screen.tell(compared(one))
    if any(one.differences for one in done):
        screen.tell("")
        screen.tell(difference_grid(done))
    screen.show({"readModels": to_builtins(done)})
    if wrong := [one.name for one in done if one.differing]:
        screen.hint(f"waybill projections rebuild {' '.join(wrong)}", purpose="to make it right")
        leave(ExitCode.FAILED)


@projections.command("rebuild")
@names_argument
@click.option("--back", is_flag=True, help="Have the table served again that was served before; it catches up first.")
@click.option("--afresh", is_flag=True, help="Begin with the first event, also where an earlier rebuild has left off.")
@data_option
@json_option
@no_color_option
def rebuild(
    *, names: tuple[str, ...], back: bool, afresh: bool, data: Path | None, as_json: bool, no_color: bool
) -> None:
    """Build read models, all of them unless some are named, again from the first event.

    New tables are filled beside those that are served, and change places with them in one transaction: nobody who reads or
    writes notices. The former ones are kept for a way back. Nothing but rows comes of it: no notification, no call, no
    event. Ended in the middle, even by force, the next one goes on from there. A parked read model is parked no more.
    """
    screen = Screen(as_json=as_json, no_color=no_color)
    if back and (afresh or not names):
        raise click.UsageError("--back is for read models that are named, and goes without --afresh.")

    with _troubles(screen), shown(screen) as told:
        done = run_over_events(_all(rebuild_each(_settings(data), names, back=back, afresh=afresh, told=told)))
    for one in done:
        screen.tell(rebuilt(one, back=back))
    screen.show({"readModels": to_builtins(done)})
    if not back:
        screen.hint(f"waybill projections rebuild {' '.join(one.name for one in done)} --back", purpose="the way back")


async def _all(answers: AsyncIterator[Answer]) -> list[Answer]:
    return [answer async for answer in answers]


def _settings(data: Path | None) -> Settings:
    """Raises SettingsError."""
    settings = read_settings(data=data)
    configure_logs_of_command(part="projections", log_format=settings.log_format)
    arm(settings.failpoint)
    return settings


@contextmanager
def _troubles(screen: Screen) -> Iterator[None]:
    """Each as a problem, in words and with an exit code."""
    try:
        yield
    except SettingsError as error:
        give_up(screen, failure("bad_request:projections", str(error), title="Usage"))
    except StoreOffline as error:
        give_up(screen, unreachable(error, in_time=True))
    except CONFLICTS as error:
        give_up(screen, failure("conflict:projections", f"{error}.", title="Not now"))
    except WRONG as error:
        document = {
            "type": "about:blank",
            "title": "Not as it should be",
            "detail": f"{error}.",
            "code": "internal:projections",
        }
        give_up(screen, Failure(document, exit_code=ExitCode.FAILED))
    except KeyboardInterrupt:
        leave(ExitCode.INTERRUPTED)
