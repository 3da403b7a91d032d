"""What the lists have in common: how many items, what to look for, since when, and a word when there is more or nothing."""

import functools
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

import rich_click as click
from rich.console import RenderableType

from workers.terminal.answers import understood
from workers.terminal.client import PAGE_ITEMS_MAX, PAGES_MAX, Query
from workers.terminal.command import Terminal

LIMIT_DEFAULT: Final = 50
LIMIT_MAX: Final = 10_000
ALL_MAX: Final = PAGES_MAX * PAGE_ITEMS_MAX
AGE: Final = re.compile(r"([1-9][0-9]{0,5})([smhd])")
UNIT_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}

Item = TypeVar("Item")


def limit_option(command: Callable[..., None]) -> Callable[..., None]:
    """`--limit` and `--all`; the command is called with a `limit`."""

    @click.option(
        "--limit",
        type=click.IntRange(1, LIMIT_MAX),
        help=f"How many at most; as many pages are read as that takes. [default: {LIMIT_DEFAULT}]",
    )
    @click.option("--all", "everything", is_flag=True, help="All of them, however many.")
    @functools.wraps(command)
    def limited(*arguments: Any, limit: int | None, everything: bool, **options: Any) -> None:
        if everything and limit is not None:
            raise click.UsageError("Say --limit or --all, but not both.")
        command(*arguments, limit=ALL_MAX if everything else limit or LIMIT_DEFAULT, **options)

    return limited


def search_option(what: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """`what` is what the text is a part of."""
    return click.option("--search", "--q", "q", metavar="TEXT", help=f"Only those with this in {what}.")


class Moment(click.ParamType[str]):
    """A time, without a zone that of this machine, or how long ago; the value is RFC 3339 in UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        match = AGE.fullmatch(value)
        try:
            if match is not None:
                moment = datetime.now(UTC) - timedelta(seconds=int(match[1]) * UNIT_SECONDS[match[2]])
            else:
                moment = datetime.fromisoformat(value)
            return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is neither a time (2026-11-22T12:00:00Z) nor an age (90s, 15m, 2h, 3d).", param, ctx)


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
        screen.say(f"There are more: {more_of(limit)}")
    if document["stale"]:
        screen.say("The newest may be missing: the read side is behind. Try again in a moment.")


def more_of(limit: int) -> str:
    """How to see what did not fit into so many."""
    if limit < LIMIT_MAX:
        return f"--limit {min(limit * 4, LIMIT_MAX)}, or --all"
    return "--all" if limit < ALL_MAX else "narrow it down, for example with --since or --search"
