"""A history that is already told, put into a store in memory just as it is."""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from adapters.memory.event_store import MemoryEventStore
from domain.events import Context, Recorded
from domain.ports import Append, NewEvent


async def remembered(events: Iterable[Recorded]) -> MemoryEventStore:
    """Events at dense positions from 1; they keep ids, times and causes."""
    store = MemoryEventStore()
    versions: defaultdict[UUID, int] = defaultdict(int)
    for event in events:
        await store.append(
            Append(
                expected={event.stream: versions[event.stream]},
                events=(NewEvent(id=event.id, stream=event.stream, event=event.event),),
                context=Context(
                    actor=event.actor,
                    request_id=event.request_id,
                    correlation_id=event.correlation_id,
                    causation_id=event.causation_id,
                ),
                at=event.at,
            )
        )
        versions[event.stream] += 1
    return store
