"""The event store keeps its promises: order, atomicity, conflicts, and an answer that is true after a lost acknowledgement."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from uuid import UUID, uuid4

import psycopg
import pytest
from msgspec.structs import replace

from adapters.postgres.event_log import PostgresEventLog
from adapters.postgres.event_store import PostgresEventStore
from domain.errors import StoreOffline
from domain.ports import AppendConflict, SideRow
from tests.adapters.postgres.cut import socket_of, through
from tests.kit.cable import Cable
from tests.kit.facts import append
from tests.kit.waiting import wait_until

pytestmark = pytest.mark.anyio

RACERS = 3
APPENDS_PER_RACER = 150


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresEventStore]:
    store = PostgresEventStore(database, name="test")
    yield store
    await store.close()


@pytest.fixture
async def log(database: str) -> AsyncIterator[PostgresEventLog]:
    log = PostgresEventLog(database, name="test")
    yield log
    await log.close()


async def test_a_conflict_fails_no_neighbour_and_leaves_no_gap(
    store: PostgresEventStore, log: PostgresEventLog
) -> None:
    taken = uuid4()
    await store.append(append(taken))
    requests = [append(taken) if number == 50 else append(uuid4()) for number in range(100)]
    outcomes = await asyncio.gather(*map(store.append, requests), return_exceptions=True)
    assert [number for number, outcome in enumerate(outcomes) if isinstance(outcome, AppendConflict)] == [50]
    assert sum(isinstance(outcome, tuple) for outcome in outcomes) == 99
    assert [event.position for event in await log.read(after=0, limit=1000)] == list(range(1, 101))


async def test_a_side_row_is_written_with_its_events_or_not_at_all(store: PostgresEventStore, database: str) -> None:
    stream, kept, lost = uuid4(), uuid4(), uuid4()

    def row(credential: UUID) -> tuple[SideRow, ...]:
        return (SideRow(table="credentials", values={"id": credential, "ciphertext": b"sealed"}),)

    await store.append(replace(append(stream), rows=row(kept)))
    with pytest.raises(AppendConflict):
        await store.append(replace(append(stream), rows=row(lost)))
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT id FROM credentials").fetchall() == [(kept,)]


def race(url: str) -> int:
    """In a process of its own: append as fast as it goes."""

    async def appends() -> int:
        store = PostgresEventStore(url, name="racer")
        streams = [uuid4() for _ in range(APPENDS_PER_RACER)]
        outcomes = await asyncio.gather(*(store.append(append(stream, uuid4())) for stream in streams))
        await store.close()
        return sum(len(outcome) for outcome in outcomes)

    return asyncio.run(appends())


async def test_positions_are_dense_and_in_commit_order_whoever_writes(database: str, log: PostgresEventLog) -> None:
    """Several processes race; a reader that tails the log meanwhile misses nothing and sees every number once, in order."""
    total = RACERS * APPENDS_PER_RACER * 2
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(RACERS, mp_context=get_context("spawn")) as processes:
        racers = [loop.run_in_executor(processes, race, database) for _ in range(RACERS)]
        seen: list[int] = []
        async with asyncio.timeout(60):
            while len(seen) < total:
                after = seen[-1] if seen else 0
                await log.wait(after=after, timeout_seconds=5)
                seen.extend(event.position for event in await log.read(after=after, limit=7))
        assert await asyncio.gather(*racers) == [APPENDS_PER_RACER * 2] * RACERS
    assert seen == list(range(1, total + 1))
    assert await log.head() == total


async def test_a_lost_acknowledgement_is_resolved_by_event_id(database: str, log: PostgresEventLog) -> None:
    """The cable is cut behind the COMMIT: the server has stored the batch and nobody was told."""
    stream, neighbour = uuid4(), uuid4()
    cable = Cable(socket_of(database), cut_when=lambda request: cable.cuts == 0 and b"COMMIT" in request)
    async with cable as port:
        store = PostgresEventStore(through(database, port), name="test")
        first, second = await asyncio.gather(store.append(append(stream)), store.append(append(neighbour)))
        await store.close()
    assert cable.cuts == 1, "the fault did not happen, so this shows nothing"
    stored = await log.read(after=0, limit=10)
    assert stored == first + second
    assert [event.position for event in stored] == [1, 2]


async def test_a_connection_lost_before_the_insert_changes_nothing(database: str, log: PostgresEventLog) -> None:
    stream = uuid4()
    cable = Cable(socket_of(database), cut_when=lambda request: cable.cuts == 0 and b"FOR UPDATE" in request)
    async with cable as port:
        store = PostgresEventStore(through(database, port), name="test")
        stored = await store.append(append(stream))
        await store.close()
    assert cable.cuts == 1, "the fault did not happen, so this shows nothing"
    assert await log.read(after=0, limit=10) == stored


async def test_a_real_conflict_after_a_lost_connection_is_still_a_conflict(
    database: str, store: PostgresEventStore
) -> None:
    stream = uuid4()
    await store.append(append(stream))
    cable = Cable(socket_of(database), cut_when=lambda request: cable.cuts == 0 and b"FOR UPDATE" in request)
    async with cable as port:
        through_cable = PostgresEventStore(through(database, port), name="test")
        with pytest.raises(AppendConflict):
            await through_cable.append(append(stream))
        await through_cable.close()
    assert cable.cuts == 1, "the fault did not happen, so this shows nothing"


async def test_a_held_head_row_is_an_answer_in_time_and_not_a_hang(database: str, store: PostgresEventStore) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("SELECT position FROM head FOR UPDATE")
        async with asyncio.timeout(2):
            with pytest.raises(StoreOffline):
                await store.append(append(uuid4()))
    stored = await store.append(append(uuid4()))
    assert len(stored) == 1


async def test_a_caller_that_leaves_takes_no_commit_with_it(database: str, store: PostgresEventStore) -> None:
    stream = uuid4()
    with psycopg.connect(database) as connection:
        connection.execute("SELECT position FROM head FOR UPDATE")
        request = asyncio.create_task(store.append(append(stream)))
        neighbour = asyncio.create_task(store.append(append(uuid4())))
        await asyncio.to_thread(wait_until, lambda: blocked(database), 5)
        request.cancel()
    assert len(await neighbour) == 1
    assert request.cancelled()
    assert len(await store.load(stream)) == 1


@pytest.mark.parametrize("change", ["UPDATE events SET topic = 'x'", "DELETE FROM events", "TRUNCATE events"])
async def test_events_can_only_be_appended(database: str, store: PostgresEventStore, change: str) -> None:
    await store.append(append(uuid4()))
    with psycopg.connect(database) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(change.encode())


def blocked(database: str) -> bool:
    with psycopg.connect(database) as connection:
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        row = connection.execute(waiting).fetchone()
        return row is not None and row[0] > 0
