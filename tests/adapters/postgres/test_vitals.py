"""What the database says of itself at a glance, with the application's own rights."""

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from msgspec.structs import replace

from adapters.postgres.connection import open_pool
from adapters.postgres.migrating import migrations
from adapters.postgres.vitals import DatabaseVitals, QueueVitals, database_vitals
from domain.errors import StoreOffline
from tests.kit.read_side import ReadSide, open_read_side
from tests.projections.stories import Story

pytestmark = pytest.mark.anyio

QUIET = QueueVitals(waiting=0, retrying=0, running=0, oldest_waiting_seconds=0.0)
SET = """
    INSERT INTO due (name, subject, provider_id, phase, due_at, round, event_id, position, request_id, correlation_id)
    VALUES (%s, %s, %s, %s, now(), 0, %s, %s, 'test', %s)
"""


@pytest.fixture
async def side(database: str) -> AsyncIterator[ReadSide]:
    async with open_read_side(database) as side:
        yield side


async def look(side: ReadSide) -> DatabaseVitals:
    return await database_vitals(side.pool)


async def set_timer(side: ReadSide, phase: str, *, name: str = "target", position: int = 1) -> None:
    await side.execute(SET, name, uuid4(), uuid4(), phase, uuid4(), position, uuid4())


async def test_an_empty_store_is_quiet(side: ReadSide) -> None:
    found = await look(side)
    assert (found.head, found.queue, found.relay_lag) == (0, QUIET, 0)
    assert (found.migrations_applied, found.migrations_pending) == (len(migrations()), ())
    assert abs(found.clock_difference_seconds) < 1


async def test_a_clock_that_is_behind_is_measured(side: ReadSide) -> None:
    found = await database_vitals(side.pool, clock=lambda: time.time() - 100)
    assert found.clock_difference_seconds == pytest.approx(100, abs=1)


async def test_roles_say_who_has_them_and_for_how_long(side: ReadSide) -> None:
    await side.roles.acquire(role="relay", holder="relay-host-1-ab", seconds=30)
    await side.roles.acquire(role="watchdog", holder="watchdog-host-1-ab", seconds=0)
    roles = {role.role: role for role in (await look(side)).roles}
    assert (roles["relay"].held, roles["relay"].epoch, roles["relay"].holder) == (True, 1, "relay-host-1-ab")
    assert 25 < roles["relay"].seconds_left <= 30
    assert not roles["watchdog"].held
    assert "scheduler" not in roles


async def test_the_relay_is_behind_by_what_it_has_not_written_down(side: ReadSide) -> None:
    story = Story()
    story.publish()
    await side.store(story.events)
    assert (await look(side)).relay_lag == len(story.events)
    lease = await side.roles.acquire(role="relay", holder="test", seconds=30)
    assert lease is not None
    await side.roles.advance(lease, position=1)
    assert (await look(side)).relay_lag == len(story.events) - 1


async def test_the_queue_counts_targets_by_what_they_wait_for(side: ReadSide) -> None:
    story = Story()
    story.publish()
    long_ago = datetime.now(UTC) - timedelta(hours=2)
    await side.store([replace(event, at=long_ago) for event in story.events])
    for phase in ("waiting", "waiting", "ticketed", "retry", "running"):
        await set_timer(side, phase)
    await set_timer(side, "due", name="verify")
    queue = (await look(side)).queue
    assert (queue.waiting, queue.retrying, queue.running) == (3, 1, 1)
    assert queue.oldest_waiting_seconds == pytest.approx(7200, abs=60), "it waits since the event"


async def test_only_who_waits_for_an_installer_grows_old(side: ReadSide) -> None:
    story = Story()
    story.publish()
    await side.store(story.events)
    await set_timer(side, "retry")
    await set_timer(side, "running")
    assert (await look(side)).queue.oldest_waiting_seconds == 0


async def test_a_database_that_is_away_is_offline(tmp_path: object) -> None:
    async with open_pool(f"postgresql://postgres@/waybill?host={tmp_path}", name="test", size_max=1) as pool:
        with pytest.raises(StoreOffline):
            await database_vitals(pool)
