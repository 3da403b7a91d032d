"""What every event log must do. Subclass it in a module with the fixtures `store` and `log`, two views of the same empty store."""

import asyncio
from uuid import uuid4

import pytest

from domain.events import Recorded
from domain.install_run.events import RunSucceeded
from domain.ports import AppendConflict, EventLog, EventStore
from tests.kit.facts import append

WRITERS = 8
APPENDS_PER_WRITER = 10
EVENTS_IN_ALL = WRITERS * APPENDS_PER_WRITER * 2
PAGE = 7
SOON_SECONDS = 5.0
LONG_SECONDS = 60.0


class EventLogConformance:
    pytestmark = pytest.mark.anyio

    async def test_an_empty_store_has_nothing_to_read(self, log: EventLog) -> None:
        assert await log.head() == 0
        assert await log.read(after=0, limit=10) == ()

    async def test_events_stand_at_dense_positions_in_the_order_they_were_appended(
        self, store: EventStore, log: EventLog
    ) -> None:
        appended = [event for _ in range(5) for event in await store.append(append(uuid4(), uuid4()))]
        assert await log.read(after=0, limit=100) == tuple(appended)
        assert [event.position for event in appended] == list(range(1, 11))
        assert await log.head() == 10

    async def test_an_event_is_read_as_it_was_written(self, store: EventStore, log: EventLog) -> None:
        stream = uuid4()
        await store.append(append(stream))
        wanted = append(stream, expected={stream: 1}, event=RunSucceeded(succeeded=3))
        await store.append(wanted)
        (event,) = await log.read(after=1, limit=10)
        assert event == Recorded(
            id=wanted.events[0].id,
            position=2,
            stream=stream,
            version=2,
            at=wanted.at,
            actor=wanted.context.actor,
            request_id=wanted.context.request_id,
            correlation_id=wanted.context.correlation_id,
            causation_id=wanted.context.causation_id,
            event=RunSucceeded(succeeded=3),
        )

    async def test_reading_starts_behind_a_position_and_ends_at_the_limit(
        self, store: EventStore, log: EventLog
    ) -> None:
        await store.append(append(*(uuid4() for _ in range(10))))
        assert [event.position for event in await log.read(after=3, limit=4)] == [4, 5, 6, 7]
        assert [event.position for event in await log.read(after=8, limit=4)] == [9, 10]
        assert await log.read(after=10, limit=4) == ()

    async def test_a_conflict_leaves_no_gap(self, store: EventStore, log: EventLog) -> None:
        taken = uuid4()
        await store.append(append(taken))
        with pytest.raises(AppendConflict):
            await store.append(append(uuid4(), taken))
        await store.append(append(uuid4()))
        assert [event.position for event in await log.read(after=0, limit=10)] == [1, 2]

    async def test_a_reader_who_follows_racing_writers_misses_nothing(self, store: EventStore, log: EventLog) -> None:
        async def write() -> None:
            for _ in range(APPENDS_PER_WRITER):
                await store.append(append(uuid4(), uuid4()))

        followed: list[Recorded] = []
        async with asyncio.timeout(LONG_SECONDS), asyncio.TaskGroup() as group:
            for _ in range(WRITERS):
                group.create_task(write())
            while len(followed) < EVENTS_IN_ALL:
                await log.wait(after=len(followed), timeout_seconds=SOON_SECONDS)
                followed.extend(await log.read(after=len(followed), limit=PAGE))
        assert [event.position for event in followed] == list(range(1, EVENTS_IN_ALL + 1))

    async def test_waiting_ends_when_an_event_comes(self, store: EventStore, log: EventLog) -> None:
        async with asyncio.timeout(SOON_SECONDS):
            waiting = asyncio.create_task(log.wait(after=0, timeout_seconds=LONG_SECONDS))
            await log.wait(after=0, timeout_seconds=0.01)
            assert not waiting.done()
            await store.append(append(uuid4()))
            await waiting

    async def test_waiting_for_what_is_there_ends_at_once(self, store: EventStore, log: EventLog) -> None:
        await store.append(append(uuid4()))
        async with asyncio.timeout(SOON_SECONDS):
            await log.wait(after=0, timeout_seconds=LONG_SECONDS)

    async def test_waiting_in_vain_ends_when_the_time_is_over(self, log: EventLog) -> None:
        async with asyncio.timeout(SOON_SECONDS):
            await log.wait(after=0, timeout_seconds=0.05)
