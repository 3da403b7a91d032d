"""When the connections of a run were not used; its own history does not tell, because it is not about one run."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from workers.terminal.answers import AuditEntry, Event, understood
from workers.terminal.client import PAGE_ITEMS_MAX, Client
from workers.terminal.run_places import Places
from workers.terminal.run_times import Pause

NAMES: Final = {"provider.paused": "ProviderPaused", "provider.resumed": "ProviderResumed"}


def pauses_among(client: Client, places: Places) -> list[Event]:
    """The newest events of this kind at these places, from the audit log, the oldest first. Raises Failure."""
    if not places.names:
        return []
    targets = tuple(f"provider:{name}" for name in places.names)
    document = client.pages("audit-log", query={"target": targets, "action": (*NAMES,)}, limit=PAGE_ITEMS_MAX)
    entries = [understood(item, AuditEntry) for item in document["items"]]
    return [_event(entry, places) for entry in reversed(entries)]


def pauses_of(events: Sequence[Event], places: Places) -> dict[str, list[Pause]]:
    """By the name of the connection, the oldest first."""
    found = {}
    for name, own in groupby(sorted(events, key=places.at), key=places.at):
        pauses: list[Pause] = []
        for event in own:
            begins, lasts = event.event == "ProviderPaused", bool(pauses) and pauses[-1].until is None
            if begins and not lasts:
                pauses.append(Pause(event.at, None))
            elif lasts and not begins:
                pauses[-1] = Pause(pauses[-1].since, event.at)
        found[name] = pauses
    return found


def _event(entry: AuditEntry, places: Places) -> Event:
    name = entry.target.partition(":")[2]
    return Event(
        position=entry.position,
        event=NAMES[entry.action],
        at=entry.at,
        actor=entry.actor,
        stream=places.provider_id(name),
    )
