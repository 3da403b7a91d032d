"""`waybill history`: what happened to a run, event by event, because of what, and where its time went."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import rich_click as click
from rich.console import Group, RenderableType
from rich.text import Text

from workers.terminal.answers import Event, understood
from workers.terminal.command import Terminal, api_command
from workers.terminal.event_wording import STYLES, describe
from workers.terminal.grid import Grid
from workers.terminal.listing import ALL_MAX, LIMIT_MAX
from workers.terminal.run_causes import come_from_elsewhere, positions_elsewhere
from workers.terminal.run_pauses import pauses_among, pauses_of
from workers.terminal.run_places import Places
from workers.terminal.run_times import times_of
from workers.terminal.run_times_view import Bars, times_grid, times_sentence
from workers.terminal.screen import Screen
from workers.terminal.wording import clock, duration, moment, printable

HEADERS: Final = ("POSITION", "TIME (UTC)", "AFTER", "FROM", "EVENT", "WHO", "WHAT")
ELSEWHERE: Final = "elsewhere"


@click.command("history")
@click.argument("run")
@click.option("--limit", type=click.IntRange(1, LIMIT_MAX), help="Only so many, the first ones. [default: all]")
@click.option("--all", "everything", is_flag=True, hidden=True, expose_value=False)
@api_command
def history(terminal: Terminal, *, run: str, limit: int | None) -> None:
    """Show every event of a RUN, the oldest first, and where its time went; times are in UTC.

    It includes those of the slots that the run held: one for each pair of skill and provider, which one run at a time may
    change. FROM is the position of the event that it follows from. With them stand the pauses of the connections.

    At the end is the time of each target: waiting for the SLOT, while its connection was PAUSED, for a retry (BACKOFF), for a
    work TICKET, in NATS until an installer took that, and RUNNING. --json has the events alone, as the API gives them.
    """
    document = terminal.client.pages("install-runs", run, "history", query={}, limit=limit or ALL_MAX)
    screen = terminal.screen
    if screen.as_json:
        screen.write_json(document)
        return
    events = [understood(item, Event) for item in document["items"]]
    places = Places(events)
    elsewhere = positions_elsewhere(terminal.client, run) if come_from_elsewhere(events) else {}
    pauses = pauses_among(terminal.client, places)
    put_history(screen, events, places=places, pauses=pauses, elsewhere=elsewhere)
    if document["nextCursor"] is not None:
        screen.say("There are more: leave --limit out.")
    else:
        put_times(screen, events, places=places, pauses=pauses)
    if document["stale"]:
        screen.say("The newest may be missing: the read side is behind. Try again in a moment.")
    if come_from_elsewhere(events):
        screen.hint(f"waybill replay why {run}", purpose="What it came of elsewhere")


def put_history(
    screen: Screen, events: Sequence[Event], *, places: Places, pauses: Sequence[Event], elsewhere: Mapping[str, int]
) -> None:
    """`pauses` are events of the connections, all of them; those of the run's own time stand among its events."""
    first, last = events[0].position, events[-1].position
    meanwhile = [event for event in pauses if first < event.position < last]
    told = sorted([*events, *meanwhile], key=lambda event: event.position)
    screen.tell(history_grid(told, places, elsewhere=elsewhere))


def put_times(screen: Screen, events: Sequence[Event], *, places: Places, pauses: Sequence[Event]) -> None:
    times = times_of(events, places=places, pauses=pauses_of(pauses, places), now=datetime.now(UTC))
    if times is None:
        return
    parts: list[RenderableType] = [Text(), times_grid(times), Text()]
    if screen.out.is_terminal:
        parts += [Bars(times), Text()]
    screen.tell(Group(*parts, Text(times_sentence(times))))


def history_grid(events: Sequence[Event], places: Places, *, elsewhere: Mapping[str, int]) -> Grid:
    """`elsewhere` are the positions of what is a cause and not among these events."""
    positions = {**elsewhere, **{event.id: event.position for event in events}}
    when = clock if len({event.at.astimezone(UTC).date() for event in events}) == 1 else moment
    rows = []
    before = None
    for event in events:
        rows.append(
            (
                str(event.position),
                when(event.at),
                "" if before is None else f"+{duration(before.at, event.at)}",
                "" if event.causation_id is None else str(positions.get(event.causation_id, ELSEWHERE)),
                Text(printable(event.event), style=STYLES.get(event.event, "")),
                printable(event.actor.name),
                printable(describe(event, at=places.at(event))),
            )
        )
        before = event
    return Grid(HEADERS, rows, tail=2)
