"""What the lists have in common: how many items, since when, and a word when there is more or nothing."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

import rich_click as click
from rich.console import RenderableType

from workers.terminal.answers import understood
from workers.terminal.client import Query
from workers.terminal.command import Terminal

LIMIT_DEFAULT: Final = 50
LIMIT_MAX: Final = 10_000
AGE: Final = re.compile(r"([1-9][0-9]{0,5})([smhd])")
UNIT_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}

Item = TypeVar("Item")

limit_option = click.option(
    "--limit",
    type=click.IntRange(1, LIMIT_MAX),
    default=LIMIT_DEFAULT,
    show_default=True,
    help="How many at most; as many pages are read as that takes.",
)


class Moment(click.ParamType[str]):
    """A time, or how long ago; the value is RFC 3339 in UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        match = AGE.fullmatch(value)
        if match is not None:
            moment = datetime.now(UTC) - timedelta(seconds=int(match[1]) * UNIT_SECONDS[match[2]])
        else:
            try:
                moment = datetime.fromisoformat(value)
            except ValueError:
                self.fail(
                    f"{value!r} is neither a time (2026-11-22T12:00:00Z) nor an age (90s, 15m, 2h, 3d).", param, ctx
                )
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


since_option = click.option("--since", type=Moment(), metavar="TIME|AGE", help="Only from then on: 2026-11-22, 2h.")
until_option = click.option("--until", type=Moment(), metavar="TIME|AGE", help="Only until then.")


def show_list(
    terminal: Terminal,
    path: Sequence[str],
    query: Query,
    *,
    limit: int,
    shape: type[Item],
    grid: Callable[[list[Item]], RenderableType],
    empty: str,
) -> None:
    """Raises Failure. `empty` is said when there is nothing, and should teach what to do."""
    document = terminal.client.pages(*path, query=query, limit=limit)
    items = [understood(item, shape) for item in document["items"]]
    screen = terminal.screen
    screen.show(document, *([grid(items)] if items else []))
    if not items:
        screen.say(empty)
    if document["nextCursor"] is not None:
        screen.say(f"There are more: --limit {min(limit * 4, LIMIT_MAX)}")
    if document["stale"]:
        screen.say("The newest may be missing: the read side is behind. Try again in a moment.")
