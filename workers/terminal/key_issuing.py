"""`waybill keys issue`: through the API, or straight into the database where no key opens the API any more."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import rich_click as click
from msgspec import to_builtins
from rich.text import Text

from domain.errors import StoreOffline, WaybillError
from workers.settings import SettingsError, read_settings
from workers.terminal.answers import ApiKey, understood
from workers.terminal.command import (
    Terminal,
    api_command,
    give_up,
    json_option,
    no_color_option,
    url_option,
)
from workers.terminal.failures import broken_rule, failure
from workers.terminal.listing import AGE, UNIT_SECONDS
from workers.terminal.screen import Screen
from workers.terminal.wording import moment, printable

ROLES: Final = ("viewer", "operator", "admin")


class Expiry(click.ParamType[timedelta | datetime]):
    """How long a key opens anything, or until when."""

    name = "expiry"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta | datetime:
        match = AGE.fullmatch(value)
        if match is not None:
            return timedelta(seconds=int(match[1]) * UNIT_SECONDS[match[2]])
        try:
            return datetime.fromisoformat(value).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is neither a time (2027-01-31) nor a span of time (12h, 90d).", param, ctx)


@click.command("issue")
@click.option("--name", required=True, help="What or who it is for; several keys may have one name.")
@click.option("--role", type=click.Choice(ROLES), required=True, help="What it may do; each includes the ones before.")
@click.option(
    "--expires",
    type=Expiry(),
    metavar="SPAN|TIME",
    help="When it ends: in 90d or 12h, or as 2027-01-31 begins. [default: when it is revoked]",
)
@click.option("--direct", is_flag=True, help="Without the API and a key: straight into the database.")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="With --direct: the data folder of the servers (WAYBILL_DATA), if WAYBILL_POSTGRES_URL is not set.",
)
@url_option
@json_option
@no_color_option
def issue(
    *,
    direct: bool,
    data: Path | None,
    url: str | None,
    as_json: bool,
    no_color: bool,
    **wanted: Any,
) -> None:
    """Issue an API key and print it, the key alone, on stdout: it is shown this once and kept nowhere.

    To change one key for another, issue the next with the same name, give it to whoever used the former, and revoke that.
    """
    if direct:
        _issue_directly(Screen(as_json=as_json, no_color=no_color), data=data, **wanted)
    elif data is not None:
        raise click.UsageError("--data is for --direct; through the API it is --url that says where.")
    else:
        _issue_through_api(url=url, as_json=as_json, no_color=no_color, **wanted)


@api_command
def _issue_through_api(terminal: Terminal, *, name: str, role: str, expires: timedelta | datetime | None) -> None:
    body: dict[str, Any] = {"name": name, "role": role}
    if isinstance(expires, timedelta):
        body["expiresInSeconds"] = int(expires.total_seconds())
    elif expires is not None:
        body["expiresAt"] = expires
    show_issued(terminal.screen, terminal.client.post("keys", body=body).body)


def _issue_directly(
    screen: Screen, *, data: Path | None, name: str, role: str, expires: timedelta | datetime | None
) -> None:
    """What writes to the database is imported only here: the other commands start three times as fast without it."""
    from workers.key_issuing import issue_directly  # noqa: PLC0415
    from workers.logs import configure_logs_of_command  # noqa: PLC0415
    from workers.terminal.on_database import unreachable  # noqa: PLC0415

    try:
        settings = read_settings(data=data)
        configure_logs_of_command(part="keys", log_format=settings.log_format)
        issued = asyncio.run(issue_directly(settings, name=name, role=role, expires=expires))
    except SettingsError as error:
        give_up(screen, failure("bad_request:keys", str(error), title="Usage"))
    except StoreOffline as error:
        give_up(screen, unreachable(error))
    except WaybillError as error:
        give_up(screen, broken_rule(error))
    show_issued(screen, to_builtins(issued))


def show_issued(screen: Screen, document: object) -> None:
    """The key alone is the result; what a person should know of it is talk."""
    issued = understood(document, ApiKey)
    until = "until it is revoked" if issued.expires_at is None else f"until {moment(issued.expires_at)} UTC"
    screen.show(document)
    if not screen.as_json:
        # In one piece however narrow the terminal is: it is going to be copied.
        screen.out.print(Text(printable(issued.key or "")), soft_wrap=True)
    screen.say(
        f"{printable(issued.id)} is a key for {printable(issued.name)} ({printable(issued.role)}), valid {until}."
    )
    screen.say("Keep it now: it is shown this once, and nobody can look it up.")
