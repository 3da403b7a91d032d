"""`waybill alerts follow`: the alerts on NATS as they are said, by nothing that any other subscriber could not do."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import rich_click as click

from domain.alert.rules import RuleName, Severity
from workers.settings import Settings
from workers.terminal.alert_line import alert_line
from workers.terminal.alerts_on_nats import data_option, nats_option, on_nats
from workers.terminal.command import json_option, no_color_option
from workers.terminal.listing import Moment
from workers.terminal.screen import Screen
from workers.terminal.wording import printable

if TYPE_CHECKING:
    from adapters.nats.alert_following import AlertFollower, From

# What a subject may have in a rule's place.
RULES: Final = (*(rule.value for rule in RuleName), "test")
SEVERITIES: Final = tuple(severity.value for severity in Severity)
LAST_MAX: Final = 10_000
AGAIN_SECONDS: Final = 1.0


@click.command("follow")
@click.option("--severity", "severities", multiple=True, type=click.Choice(SEVERITIES), help="Only of this severity.")
@click.option("--rule", "rules", multiple=True, type=click.Choice(RULES), metavar="RULE", help="Only by this rule.")
@click.option("--since", type=Moment(), metavar="TIME|AGE", help="First what was said since then: 2026-11-22, 2h.")
@click.option("--last", type=click.IntRange(1, LAST_MAX), metavar="N", help="First the last N that were said.")
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="End after so many. [default: go on]")
@nats_option
@data_option
@json_option
@no_color_option
def follow(
    *,
    severities: tuple[str, ...],
    rules: tuple[str, ...],
    since: str | None,
    last: int | None,
    count: int | None,
    nats_url: str | None,
    data: Path | None,
    as_json: bool,
    no_color: bool,
) -> None:
    """Follow the alerts on NATS: raised, said again while they last, resolved. Without --since or --last, from now on.

    It needs no API and no key, but the subscriber's URL of NATS. An option that is repeated means any of these. When NATS is
    away it waits, and goes on with what was said meanwhile. --json prints each alert on a line, as it was published. Times are
    in UTC.
    """
    if since is not None and last is not None:
        raise click.UsageError("Say --since or --last, but not both.")
    screen = Screen(as_json=as_json, no_color=no_color)

    async def work(settings: Settings) -> None:
        from adapters.nats.alert_following import AlertFollower, From  # noqa: PLC0415 - as in `on_nats`
        from workers.alert_listening import as_subscriber  # noqa: PLC0415

        begin = From(last=last, since=None if since is None else datetime.fromisoformat(since))
        async with as_subscriber(settings) as connection:
            follower = AlertFollower(connection, begin=begin, severities=severities, rules=rules)
            screen.say(_following(begin, severities, rules))
            await _show(screen, follower, count=count)

    on_nats(screen, work, nats_url=nats_url, data=data)


async def _show(screen: Screen, follower: "AlertFollower", *, count: int | None) -> None:
    from adapters.nats.connection import NatsUnavailable  # noqa: PLC0415 - as in `on_nats`

    shown, trouble = 0, ""
    while count is None or shown < count:
        try:
            taken = await follower.next()
        except NatsUnavailable as error:
            if str(error) != trouble:
                trouble = str(error)
                screen.say(f"Waiting: {printable(trouble)}")
            await asyncio.sleep(AGAIN_SECONDS)
            continue
        if trouble:
            trouble = ""
            screen.say("It goes on.")
        if taken is not None:
            shown += 1
            tell(screen, taken.body, subject=taken.subject)


def tell(screen: Screen, body: bytes, *, subject: str) -> None:
    """One alert. What is none is named by its subject."""
    try:
        document: Any = msgspec.json.decode(body)
    except msgspec.DecodeError:
        screen.say(f"Something on {printable(subject)} is no alert.")
        return
    if screen.as_json:
        screen.write_json_line(document)
    else:
        screen.out.print(alert_line(document, subject=subject), soft_wrap=True)


def _following(begin: "From", severities: Sequence[str], rules: Sequence[str]) -> str:
    what = ", ".join((*severities, *rules)) or "all alerts"
    if begin.last is not None:
        return f"Following {what}, beginning with the last {begin.last}. Ctrl-C ends it."
    return f"Following {what}{' from then on' if begin.since else ' from now on'}. Ctrl-C ends it."
