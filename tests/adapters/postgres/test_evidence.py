"""The ports of evidence on Postgres, and what only a database can do to them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
import uuid_utils.compat
from msgspec.structs import replace

from adapters.postgres.checkpoint_lag import CheckpointLag, checkpoint_lag
from adapters.postgres.connection import Pool, open_pool
from adapters.postgres.evidence_tiles import PostgresTiles
from adapters.postgres.roles import PostgresRoles
from adapters.postgres.stored_events import READ_BYTES_MAX, PostgresStoredEvents
from domain.errors import StoreOffline
from domain.evidence.leaf import StoredEvent
from tests.conftest import as_owner, by_owner
from tests.kit.evidence_conformance import KEY, NOTE, Put, StoredEventsConformance, TilesConformance, row
from tests.kit.roles_conformance import hold

pytestmark = pytest.mark.anyio

INSERT = (
    "INSERT INTO events (originator_id, originator_version, topic, state, notification_id) VALUES (%s, %s, %s, %s, %s)"
)


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with open_pool(database, name="test", size_max=2) as pool:
        yield pool


@pytest.fixture
def roles(pool: Pool) -> PostgresRoles:
    return PostgresRoles(pool)


@pytest.fixture
def tiles(pool: Pool) -> PostgresTiles:
    return PostgresTiles(pool)


@pytest.fixture
def stored(pool: Pool) -> PostgresStoredEvents:
    return PostgresStoredEvents(pool)


@pytest.fixture
def put(database: str) -> Put:
    async def put(rows: list[StoredEvent]) -> None:
        with psycopg.connect(as_owner(database)) as connection, connection.cursor() as cursor:
            values = [(found.stream, found.version, found.topic, found.state, found.position) for found in rows]
            cursor.executemany(INSERT, values)
            cursor.execute("UPDATE head SET position = %s", (rows[-1].position,))

    return put


class TestPostgresTiles(TilesConformance):
    pass


class TestPostgresStoredEvents(StoredEventsConformance):
    pass


async def test_large_rows_come_a_few_at_a_time_and_each_comes(stored: PostgresStoredEvents, put: Put) -> None:
    large = "x" * (READ_BYTES_MAX // 3)
    await put([row(position, filling=large if position < 6 else "") for position in range(1, 9)])
    found: list[int] = []
    sizes = []
    while rows := await stored.read(after=found[-1] if found else 0, limit=100):
        found += [event.position for event in rows]
        sizes.append(len(rows))
    assert found == list(range(1, 9))
    assert sizes == [3, 5]


async def test_one_that_is_larger_than_all_together_may_be_comes_alone(stored: PostgresStoredEvents, put: Put) -> None:
    await put([row(1, filling="x" * (READ_BYTES_MAX + 1)), row(2)])
    assert [event.position for event in await stored.read(after=0, limit=100)] == [1]


async def test_the_epoch_is_that_of_the_head(stored: PostgresStoredEvents, database: str) -> None:
    by_owner(database, "UPDATE head SET epoch = '00000000-0000-0000-0000-000000000007'")
    assert (await stored.head()).store == UUID(int=7)


def made(milliseconds: int) -> UUID:
    """An id from so many milliseconds after a moment."""
    newest = uuid_utils.compat.uuid7()
    return UUID(int=(((newest.int >> 80) + milliseconds) << 80) | (newest.int & ((1 << 80) - 1)))


async def test_an_id_is_found_among_many_wherever_a_clock_was_off(stored: PostgresStoredEvents, put: Put) -> None:
    """A thousand events in a thousand seconds, one of them by a process whose clock was four minutes behind."""
    ids = [made(1000 * number) for number in range(1000)]
    ids[600] = made(1000 * 600 - int(timedelta(minutes=4).total_seconds() * 1000))
    await put([row(position, event_id=event_id) for position, event_id in enumerate(ids, start=1)])
    for position in (1, 2, 360, 361, 500, 600, 601, 602, 999, 1000):
        found = await stored.one(ids[position - 1])
        assert found is not None
        assert found.position == position
    assert await stored.one(made(1000 * 600)) is None


async def test_with_the_database_away_each_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    url = f"postgresql://postgres@/waybill?host={tmp_path_factory.mktemp('nowhere')}"
    async with open_pool(url, name="test", size_max=1) as pool:
        stored, tiles = PostgresStoredEvents(pool), PostgresTiles(pool)
        asked = (stored.read(after=0, limit=1), stored.head(), stored.one(1), tiles.read(0, (0,)), tiles.latest())
        answers = await asyncio.gather(*asked, return_exceptions=True)
    assert {type(answer) for answer in answers} == {StoreOffline}


async def test_the_lag_is_that_of_the_oldest_event_without_a_signature(
    pool: Pool, tiles: PostgresTiles, roles: PostgresRoles, put: Put
) -> None:
    assert await checkpoint_lag(pool) == CheckpointLag(events=0, seconds=0.0)
    old = replace(row(1), state=b'{"id":"x","at":"2026-01-01T00:00:00Z"}')
    await put([old, row(2)])
    lag = await checkpoint_lag(pool)
    assert lag.events == 2
    assert lag.seconds > 86_400
    lease = await hold(roles, "a", role="notary")
    assert await tiles.write((), note=NOTE, public_key=KEY, size=2, lease=lease)
    assert await checkpoint_lag(pool) == CheckpointLag(events=0, seconds=0.0)
    assert await tiles.write((), note=NOTE, public_key=KEY, size=1, lease=lease)
    # That one has no time; what is no event is as old as can be.
    lag = await checkpoint_lag(pool)
    assert (lag.events, lag.seconds > 86_400) == (1, True)
