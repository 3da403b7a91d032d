"""How many denials become events: few enough that noise cannot fill the store, and none is lost."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from adapters.http.denials import CLOSE_SECONDS, ELSEWHERE, SOURCES_MAX, Denials
from adapters.memory.event_store import MemoryEventStore
from commands.handling import Handling
from commands.record_denial import RecordDenial, RecordDenialHandler
from domain.access.events import AccessDenied
from domain.errors import Code, StoreOffline
from domain.events import Context
from tests.kit.facts import context
from tests.kit.waiting import eventually

pytestmark = pytest.mark.anyio

MOMENT_SECONDS = 0.02


class Clock:
    """Stands still unless it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 23, 59, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def denial(source: str = "203.0.113.7", path: str = "/api/skills") -> RecordDenial:
    return RecordDenial(source=source, code=Code.UNAUTHORIZED, method="GET", path=path)


def recorder(store: MemoryEventStore, clock: Clock | None = None) -> RecordDenialHandler:
    return RecordDenialHandler(handling=Handling(store=store, clock=clock or Clock(), new_id=uuid4))


async def stored(store: MemoryEventStore) -> Sequence[AccessDenied]:
    return [event.event for event in await store.read(after=0, limit=10_000) if isinstance(event.event, AccessDenied)]


async def test_the_first_is_written_at_once_and_the_rest_are_counted() -> None:
    store = MemoryEventStore()
    denials = Denials(record=recorder(store))
    denials.note(denial(), context())

    async def written() -> bool:
        return len(await stored(store)) == 1

    await eventually(written, 5)
    for number in range(100):
        denials.note(denial(path=f"/api/{number}"), context())
    await denials.close()
    assert [(event.count, event.path) for event in await stored(store)] == [(1, "/api/skills"), (100, "/api/99")]


async def test_what_was_counted_is_written_when_its_time_is_over() -> None:
    store = MemoryEventStore()
    denials = Denials(record=recorder(store), window_seconds=MOMENT_SECONDS)
    for expected in range(1, 4):
        denials.note(denial(), context())

        async def written(expected: int = expected) -> bool:
            return sum(event.count for event in await stored(store)) == expected

        await eventually(written, 5)
    await denials.close()


async def test_each_source_is_counted_alone() -> None:
    store = MemoryEventStore()
    denials = Denials(record=recorder(store))
    denials.note(denial("203.0.113.1"), context())
    denials.note(denial("203.0.113.2"), context())
    await denials.close()
    assert {event.source for event in await stored(store)} == {"203.0.113.1", "203.0.113.2"}


async def test_noise_from_everywhere_is_counted_together() -> None:
    store = MemoryEventStore()
    denials = Denials(record=recorder(store))
    for number in range(SOURCES_MAX + 1000):
        denials.note(denial(f"203.0.113.{number}"), context())
    await denials.close()
    events = await stored(store)
    assert len(events) == SOURCES_MAX + 1
    assert {event.source: event.count for event in events}[ELSEWHERE.id] == 1000


async def test_a_store_that_is_away_delays_and_loses_nothing() -> None:
    store, tries = MemoryEventStore(), 0

    async def record(command: RecordDenial, about: Context) -> None:
        nonlocal tries
        tries += 1
        if tries <= 2:
            raise StoreOffline
        await recorder(store)(command, about)

    denials = Denials(record=record, window_seconds=MOMENT_SECONDS)
    for _ in range(3):
        denials.note(denial(), context())

    async def written() -> bool:
        return sum(event.count for event in await stored(store)) == 3

    await eventually(written, 5)
    assert tries == 3
    await denials.close()


async def test_closing_does_not_wait_for_a_store_that_hangs() -> None:
    async def hang(_: RecordDenial, __: Context) -> None:
        await asyncio.Event().wait()

    denials = Denials(record=hang, window_seconds=MOMENT_SECONDS)
    denials.note(denial(), context())
    async with asyncio.timeout(CLOSE_SECONDS + 1):
        await denials.close()


async def test_a_source_has_a_stream_a_day() -> None:
    store, clock = MemoryEventStore(), Clock()
    record = recorder(store, clock)
    await record(denial(), context())
    await record(denial(), context())
    clock.now += timedelta(minutes=2)
    await record(denial(), context())
    assert [recorded.version for recorded in await store.read(after=0, limit=10)] == [1, 2, 1]
