"""Whoever waits for tickets gets them, whatever became of the server, its streams or a request meanwhile."""

import asyncio
from contextlib import suppress
from uuid import uuid4

import pytest

from adapters.nats import tickets as ticketing
from adapters.nats.connection import Connection, NatsUnavailable
from adapters.nats.publisher import Publisher
from adapters.nats.streams import WORK_STREAM, consumer_name, ensure_streams, ensure_work_consumer
from adapters.nats.tickets import PROVIDER_EVENTS, TicketSource, watch_providers
from tests.adapters.nats.waiting_tickets import LONG_SECONDS, PROVIDER, is_empty, reserved
from tests.kit.facts import NOON
from tests.kit.jetstream import NatsUnderTest
from tests.kit.waiting import eventually

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("wiped", [False, True], ids=["killed", "wiped"])
async def test_a_server_that_dies_while_somebody_waits_delays_and_no_more(
    server: NatsUnderTest, publisher: Publisher, source: TicketSource, *, wiped: bool
) -> None:
    assert await source.take(places=1, timeout_seconds=0.05) == []
    taking = asyncio.create_task(source.take(places=5, timeout_seconds=LONG_SECONDS))
    if wiped:
        await server.wipe()
    else:
        await server.kill()
        await server.start()

    async def stands() -> bool:
        with suppress(NatsUnavailable):
            await publisher.stand()
            return True
        return False

    await eventually(stands, LONG_SECONDS)
    await publisher.issue(reserved(1), at=NOON)
    (received,) = await taking
    await received.ack()
    await eventually(lambda: is_empty(server), LONG_SECONDS)


@pytest.mark.parametrize("what", ["consumer", "stream"])
async def test_a_consumer_that_is_deleted_while_somebody_waits_is_made_again(
    connection: Connection, publisher: Publisher, source: TicketSource, what: str
) -> None:
    assert await source.take(places=1, timeout_seconds=0.05) == []
    taking = asyncio.create_task(source.take(places=5, timeout_seconds=LONG_SECONDS))
    if what == "consumer":
        await connection.jetstream.delete_consumer(WORK_STREAM, consumer_name(PROVIDER))
    else:
        await connection.jetstream.delete_stream(WORK_STREAM)
        await ensure_streams(connection)
        await ensure_work_consumer(connection, uuid4())
    await publisher.issue(reserved(1), at=NOON)
    async with asyncio.timeout(LONG_SECONDS / 2):
        assert len(await taking) == 1


async def test_without_a_server_take_waits_its_time_and_answers_are_lost_quietly(
    server: NatsUnderTest, publisher: Publisher, source: TicketSource
) -> None:
    await publisher.issue(reserved(1), at=NOON)
    (received,) = await source.take(places=1, timeout_seconds=LONG_SECONDS)
    await server.kill()

    async def away() -> bool:
        return not source._connection.connected

    await eventually(away, LONG_SECONDS)
    await received.ack()
    async with asyncio.timeout(LONG_SECONDS):
        assert await source.take(places=1, timeout_seconds=0.2) == []


async def test_a_lost_request_is_given_up_and_made_again(
    connection: Connection, publisher: Publisher, source: TicketSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticketing, "REQUEST_SECONDS_MAX", 0.1)
    monkeypatch.setattr(ticketing, "REQUEST_MARGIN_SECONDS", 0.1)
    assert await source.take(places=1, timeout_seconds=0.05) == []
    source._request = ticketing.Request("nowhere", left=5, until=asyncio.get_running_loop().time() + 0.2)
    await publisher.issue(reserved(1), at=NOON)
    async with asyncio.timeout(LONG_SECONDS / 2):
        assert len(await source.take(places=5, timeout_seconds=LONG_SECONDS)) == 1


async def test_news_of_a_provider_connection_is_heard_at_once(server: NatsUnderTest, connection: Connection) -> None:
    changed = asyncio.Event()
    await watch_providers(connection, changed)
    await connection.client.publish(PROVIDER_EVENTS.replace(">", f"provider_connected.{uuid4()}"), b"{}")
    async with asyncio.timeout(LONG_SECONDS):
        await changed.wait()
    changed.clear()
    await server.kill()
    await server.start()
    async with asyncio.timeout(LONG_SECONDS):
        await changed.wait()
