"""How Waybill is doing, on the real servers: what each says, and that one which is away takes nothing from the others."""

import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec import Struct

from adapters.nats.connection import Connection
from adapters.nats.streams import EVENTS_STREAM, WORK_STREAM, ensure_streams
from adapters.postgres.connection import open_pool
from adapters.postgres.read_models_reader import PostgresReader
from adapters.telemetry import catalog
from adapters.telemetry.catalog import ASKED
from projections.catalog import READ_MODELS
from tests.kit.jetstream import NatsUnderTest
from tests.kit.read_side import ReadSide, open_read_side
from tests.projections.stories import Story
from workers.health import process_of, readiness_details
from workers.running import holder
from workers.telemetry_gauges import gauges
from workers.vitals import LOOK_SECONDS, vitals_of

pytestmark = pytest.mark.anyio

OF_POSTGRES = frozenset(
    {
        catalog.QUEUE_DEPTH,
        catalog.OLDEST_QUEUED,
        catalog.HEAD_POSITION,
        catalog.PROJECTION_LAG,
        catalog.PROJECTION_PARKED,
        catalog.OUTBOX_LAG,
        catalog.CHECKPOINT_LAG_EVENTS,
        catalog.CHECKPOINT_LAG_SECONDS,
        catalog.ROLE_HELD,
        catalog.ROLE_EPOCH,
        catalog.MIGRATIONS_PENDING,
        catalog.CLOCK_DIFFERENCE,
    }
)
OF_NATS = frozenset({catalog.STREAM_MESSAGES, catalog.STREAM_BYTES})


class Servers(Struct, frozen=True):
    side: ReadSide
    nats: Connection


@pytest.fixture
async def servers(database: str, nats: NatsUnderTest) -> AsyncIterator[Servers]:
    async with nats.connection() as anybody:
        await ensure_streams(anybody)
    async with open_read_side(database) as side, nats.connection("api") as connection:
        yield Servers(side, connection)


async def test_everybody_says_how_they_are(servers: Servers) -> None:
    side = servers.side
    story = Story()
    story.publish()
    await side.store(story.events)
    await side.execute(
        "UPDATE read_models SET parked_event = %s, parked_error = 'unknown' WHERE name = 'skills'", story.events[0].id
    )
    await side.roles.acquire(role="relay", holder=holder("relay"), seconds=30)
    vitals = await vitals_of(pool=side.pool, reader=side.reader, nats=servers.nats)()
    readings = gauges(vitals, version="1.2.3", sse_clients=7)
    assert set(readings) == set(ASKED)
    assert readings[catalog.UP] == {("postgres",): 1.0, ("nats",): 1.0}
    assert readings[catalog.BUILD] == {("1.2.3",): 1.0}
    assert readings[catalog.SSE_CLIENTS] == {(): 7.0}
    assert readings[catalog.HEAD_POSITION] == {(): len(story.events)}
    assert readings[catalog.OUTBOX_LAG] == {(): len(story.events)}
    assert readings[catalog.CHECKPOINT_LAG_EVENTS] == {(): len(story.events)}
    assert readings[catalog.CHECKPOINT_LAG_SECONDS][()] > 0
    assert readings[catalog.PROJECTION_LAG][("providers",)] == len(story.events)
    assert readings[catalog.PROJECTION_PARKED][("skills",)] == 1
    assert readings[catalog.PROJECTION_PARKED][("providers",)] == 0
    assert readings[catalog.ROLE_HELD][("relay",)] == 1
    assert {role: held for (role,), held in readings[catalog.ROLE_HELD].items() if role != "relay"} == dict.fromkeys(
        ("projector", "scheduler", "watchdog", "notary", "alerts"), 0
    ) | {"projector": 1}
    assert set(readings[catalog.STREAM_MESSAGES]) == {(EVENTS_STREAM,), (WORK_STREAM,)}


async def test_the_details_are_the_same_for_a_person_and_name_no_host(servers: Servers) -> None:
    side = servers.side
    await side.roles.acquire(role="relay", holder="relay-secret-host-4242-0a1b2c3d", seconds=30)
    look = vitals_of(pool=side.pool, reader=side.reader, nats=servers.nats)
    now = iter([100.0, 160.25])
    details = await readiness_details(look, version="1.2.3", clock=lambda: next(now))()
    assert (details.version, details.uptime_seconds) == ("1.2.3", 60.2)
    assert details.database is not None
    roles = {role.role: role for role in details.database.roles}
    assert (roles["relay"].holder, roles["relay"].held, roles["relay"].epoch) == ("4242-0a1b2c3d", True, 1)
    assert 25 < roles["relay"].lease_seconds_left <= 30
    assert details.read_models is not None
    assert {model.name for model in details.read_models} == {model.name for model in READ_MODELS}
    assert details.nats.connected
    assert details.nats.server_version is not None
    assert details.nats.server_version.startswith("2.")
    assert details.nats.streams is not None
    assert "secret-host" not in str(details)


def test_a_process_is_known_by_the_end_of_its_name() -> None:
    name = holder("relay")
    assert name.endswith(f"-{process_of(name)}")
    assert process_of(name).startswith(f"{os.getpid()}-")
    assert process_of("relay-a-host-1-ab12cd34") == "1-ab12cd34"


async def test_without_postgres_what_nats_says_is_there(nats: NatsUnderTest, tmp_path: Path) -> None:
    url = f"postgresql://postgres@/waybill?host={tmp_path}"
    async with open_pool(url, name="test", size_max=1) as pool, nats.connection("api") as connection:
        reader = PostgresReader(pool, url=url, name="test", read_models=READ_MODELS)
        began = time.monotonic()
        vitals = await vitals_of(pool=pool, reader=reader, nats=connection)()
        seconds = time.monotonic() - began
        await reader.close()
    readings = gauges(vitals, version="0", sse_clients=0)
    assert seconds < LOOK_SECONDS + 0.5
    assert readings[catalog.UP] == {("postgres",): 0.0, ("nats",): 1.0}
    assert not OF_POSTGRES & set(readings)
    assert set(readings) >= OF_NATS


async def test_without_nats_what_postgres_says_is_there(servers: Servers, nats: NatsUnderTest) -> None:
    await nats.kill()
    try:
        look = vitals_of(pool=servers.side.pool, reader=servers.side.reader, nats=servers.nats)
        vitals = await look()
        details = await readiness_details(look, version="0")()
    finally:
        await nats.start()
    readings = gauges(vitals, version="0", sse_clients=0)
    assert readings[catalog.UP] == {("postgres",): 1.0, ("nats",): 0.0}
    assert not OF_NATS & set(readings)
    assert set(readings) >= OF_POSTGRES
    assert details.nats.streams is None
    assert details.database is not None
