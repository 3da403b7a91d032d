"""What the commands that speak to NATS have in common: where it is, and how they end when it does not work."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

import rich_click as click
from msgspec.structs import replace

from workers.settings import Settings, SettingsError, read_settings
from workers.terminal.command import give_up, leave
from workers.terminal.exit_codes import ExitCode
from workers.terminal.failures import failure
from workers.terminal.screen import Screen

Result = TypeVar("Result")

UNREACHABLE: Final = "offline:nats"

nats_option = click.option(
    "--nats",
    "nats_url",
    metavar="URL",
    help="The NATS server, as `waybill up` prints it. [default: WAYBILL_NATS_URL, or this machine's]",
)
data_option = click.option(
    "--data", type=click.Path(path_type=Path), help="The data folder, where the servers and passwords are found."
)


def on_nats(
    screen: Screen,
    work: Callable[[Settings], Coroutine[Any, Any, Result]],
    *,
    nats_url: str | None,
    data: Path | None,
) -> Result:
    """What speaks to NATS is imported only here: the other commands start three times as fast without it."""
    from adapters.nats.connection import NatsUnavailable  # noqa: PLC0415
    from workers.alert_listening import NotLetInError  # noqa: PLC0415
    from workers.logs import configure_logs_of_command  # noqa: PLC0415

    try:
        settings = read_settings(data=data)
        if nats_url is not None:
            settings = replace(settings, nats_url=nats_url)
        # What the connection goes through is told in this command's own words.
        configure_logs_of_command(part="alerts", log_format=settings.log_format)
        return asyncio.run(work(settings))
    except SettingsError as error:
        give_up(screen, failure("bad_request:alerts", str(error), title="Usage"))
    except NotLetInError as error:
        give_up(screen, failure("unauthorized:nats", str(error), title="No access"))
    except NatsUnavailable as error:
        give_up(screen, failure(UNREACHABLE, _sentence(str(error)), title="NATS unreachable"))
    except KeyboardInterrupt:
        interrupted()


def interrupted() -> NoReturn:
    leave(ExitCode.INTERRUPTED)


def _sentence(reason: str) -> str:
    return reason if reason.endswith((".", "?")) else f"NATS did not do what was asked: {reason}."
