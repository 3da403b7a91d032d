"""`waybill history`: what happened to a run, event by event."""

from collections.abc import Sequence

import rich_click as click

from workers.terminal.answers import Event
from workers.terminal.command import Terminal, api_command
from workers.terminal.event_wording import describe
from workers.terminal.grid import Grid
from workers.terminal.listing import limit_option, show_list
from workers.terminal.wording import clock, duration, printable


@click.command("history")
@click.argument("run")
@limit_option
@api_command
def history(terminal: Terminal, *, run: str, limit: int) -> None:
    """Show every event of a RUN, the oldest first; times are in UTC.

    It includes those of the slots that the run held: one for each pair of skill and provider, which one run at a time may
    change.
    """
    show_list(
        terminal,
        ("install-runs", run, "history"),
        {},
        limit=limit,
        shape=Event,
        grid=history_grid,
        empty="There is no event yet.",
    )


def history_grid(events: Sequence[Event]) -> Grid:
    names = _provider_names(events)
    rows = []
    before = None
    for event in events:
        since = "" if before is None else f"+{duration(before.at, event.at)}"
        rows.append(
            (
                str(event.position),
                clock(event.at),
                since,
                printable(event.event),
                printable(event.actor.name),
                printable(describe(event, names)),
            )
        )
        before = event
    return Grid(("POSITION", "TIME (UTC)", "AFTER", "EVENT", "WHO", "WHAT"), rows)


def _provider_names(events: Sequence[Event]) -> dict[str, str]:
    """By id: the first event of a run says what its targets are called."""
    for event in events:
        match event.data:
            case {"targets": [*targets]}:
                return {
                    str(target.get("id")): str(target.get("name")) for target in targets if isinstance(target, dict)
                }
    return {}
