"""The event store port on Postgres: one writer and a few readers, each in its own thread, many commands to a commit."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from adapters.postgres.coalescing import Coalescer
from adapters.postgres.connection import Datastore
from adapters.postgres.mapper import to_recorded, to_stored
from adapters.postgres.recorder import Conflict, Entry, Recorder, Stored
from domain.errors import StoreOffline
from domain.events import Recorded
from domain.ports import Append, AppendConflict

APPENDS_PER_COMMIT_MAX: Final = 256
LOADS_PER_QUERY_MAX: Final = 256
WAITING_MAX: Final = 10_000
# The API promises an answer within two seconds when the database is away.
ANSWER_SECONDS: Final = 1.8


class PostgresEventStore:
    """Implements `EventStore`. Close it when nothing waits for it any more. `recovers`: see Recorder."""

    def __init__(self, url: str, *, name: str, recovers: bool = False) -> None:
        self._datastore = Datastore(url, name=name)
        recorder = Recorder(self._datastore, recovers=recovers)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="append")
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="load")
        self._appends = Coalescer(
            recorder.append, executor=self._writer, batch_max=APPENDS_PER_COMMIT_MAX, waiting_max=WAITING_MAX
        )
        self._recorder = recorder
        self._loads = Coalescer(
            self._load, executor=self._reader, batch_max=LOADS_PER_QUERY_MAX, waiting_max=WAITING_MAX
        )

    async def load(self, stream: UUID) -> tuple[Recorded, ...]:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._loads.ask(stream)
        except TimeoutError:
            raise StoreOffline from None

    async def append(self, append: Append) -> tuple[Recorded, ...]:
        recorded = _recorded(append)
        stored = tuple(to_stored(event) for event in recorded)
        entry = Entry(append.expected, stored, append.context, rows=append.rows, timers=append.timers)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                outcome = await self._appends.ask(entry)
        except TimeoutError:
            raise StoreOffline(
                "The database does not answer, so it is not known whether this was stored; look before sending it again."
            ) from None
        match outcome:
            case Conflict():
                raise AppendConflict(outcome.streams)
            case Stored():
                return tuple(
                    replace(event, position=position)
                    for position, event in enumerate(recorded, start=outcome.first_position)
                )

    async def close(self) -> None:
        await self._appends.settle()
        await self._loads.settle()
        self._writer.shutdown()
        self._reader.shutdown()
        self._datastore.close()

    def _load(self, streams: Sequence[UUID]) -> Sequence[tuple[Recorded, ...]]:
        found = self._recorder.select_streams(streams)
        return [tuple(to_recorded(notification) for notification in found[stream]) for stream in streams]


def _recorded(append: Append) -> list[Recorded]:
    """The events as they will stand, but for the position, which only the commit knows."""
    versions = dict(append.expected)
    recorded = []
    for new in append.events:
        versions[new.stream] += 1
        recorded.append(
            Recorded(
                id=new.id,
                position=0,
                stream=new.stream,
                version=versions[new.stream],
                at=append.at,
                actor=append.context.actor,
                request_id=append.context.request_id,
                correlation_id=append.context.correlation_id,
                causation_id=append.context.causation_id,
                event=new.event,
            )
        )
    return recorded
