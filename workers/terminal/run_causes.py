"""Where the events stand that a run came of elsewhere; its own history does not have them."""

from collections.abc import Sequence

from workers.terminal.answers import Answered, Event, understood
from workers.terminal.client import Client
from workers.terminal.failures import Failure


class Cause(Answered, frozen=True, kw_only=True):
    id: str
    position: int
    children: tuple["Cause", ...] = ()


class Causes(Answered, frozen=True, kw_only=True):
    roots: tuple[Cause, ...]


def come_from_elsewhere(events: Sequence[Event]) -> bool:
    """Whether any of these has a cause that is none of them."""
    own = {event.id for event in events}
    return any(event.causation_id is not None and event.causation_id not in own for event in events)


def positions_elsewhere(client: Client, run: str) -> dict[str, int]:
    """By id, as far as the server knows; an older one knows nothing."""
    try:
        causes = understood(client.get("install-runs", run, "why"), Causes)
    except Failure:
        return {}
    positions, left = {}, [*causes.roots]
    while left:
        cause = left.pop()
        positions[cause.id] = cause.position
        left += cause.children
    return positions
