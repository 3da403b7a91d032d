"""Tickets are taken at once, for free places only, and come again until somebody says that they are done."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from uuid import UUID, uuid4

import pytest

from adapters.nats import tickets as ticketing
from adapters.nats.connection import Connection
from adapters.nats.publisher import Publisher
from adapters.nats.streams import (
    ACK_WAIT_SECONDS,
    WORK_STREAM,
    consumer_name,
    ensure_streams,
    ensure_work_consumer,
    work_subject,
)
from adapters.nats.tickets import PROVIDER_EVENTS, Received, TicketSource, watch_providers
from domain.events import Recorded
from domain.installation.events import InstallationReserved
from tests.kit.facts import NOON, recorded
from tests.kit.jetstream import NatsUnderTest
from tests.kit.waiting import eventually

pytestmark = pytest.mark.anyio

PROVIDER = uuid4()
LONG_SECONDS = 30.0
IDLE_MILLISECONDS_MAX = 50


def reserved(count: int, *, provider: UUID = PROVIDER) -> list[Recorded]:
    return [
        recorded(
            InstallationReserved(run_id=uuid4(), skill_id=uuid4(), provider_id=provider, version=1),
            stream=uuid4(),
            position=number + 1,
        )
        for number in range(count)
    ]


def installations(received: Sequence[Received]) -> list[UUID]:
    return [one.ticket.installation_id for one in received]


@pytest.fixture
async def publisher(connection: Connection) -> Publisher:
    publisher = Publisher(connection, store_epoch=str(uuid4()))
    await publisher.stand()
    return publisher


@pytest.fixture
async def source(server: NatsUnderTest) -> AsyncIterator[TicketSource]:
    async with server.connection("installer") as connection:
        source = TicketSource(connection, PROVIDER)
        yield source
        await source.close()


async def is_empty(server: NatsUnderTest) -> bool:
    return (await server.stream(WORK_STREAM)).state.messages == 0


async def test_a_ticket_is_taken_and_gone_when_acknowledged(
    server: NatsUnderTest, publisher: Publisher, source: TicketSource
) -> None:
    (event,) = reserved(1)
    await publisher.issue([event], at=NOON)
    (received,) = await source.take(places=1, timeout_seconds=LONG_SECONDS)
    ticket = received.ticket
    assert isinstance(event.event, InstallationReserved)
    assert (ticket.run_id, ticket.provider_id) == (event.event.run_id, PROVIDER)
    assert (ticket.event_id, ticket.position, ticket.correlation_id) == (event.id, event.position, event.correlation_id)
    assert received.deliveries == 1
    await received.ack()
    await eventually(lambda: is_empty(server), LONG_SECONDS)


async def test_the_first_ticket_does_not_wait_for_others(publisher: Publisher, source: TicketSource) -> None:
    taking = asyncio.create_task(source.take(places=50, timeout_seconds=LONG_SECONDS))
    await publisher.issue(reserved(1), at=NOON)
    async with asyncio.timeout(LONG_SECONDS / 2):
        assert len(await taking) == 1


async def test_idle_latency_is_a_few_milliseconds(publisher: Publisher, source: TicketSource) -> None:
    await source.take(places=1, timeout_seconds=0.1)
    milliseconds = []
    for _ in range(50):
        taking = asyncio.create_task(source.take(places=10, timeout_seconds=LONG_SECONDS))
        start = time.perf_counter()
        await publisher.issue(reserved(1), at=NOON)
        for received in await taking:
            milliseconds.append((time.perf_counter() - start) * 1000)
            await received.ack()
    assert len(milliseconds) == 50
    assert statistics.median(milliseconds) < IDLE_MILLISECONDS_MAX


async def test_no_more_is_taken_than_there_are_places(
    server: NatsUnderTest, publisher: Publisher, source: TicketSource
) -> None:
    events = reserved(10)
    await publisher.issue(events, at=NOON)
    taken: list[Received] = []
    for places in (0, 3, 1, 6):
        batch: list[Received] = []
        while len(batch) < places:
            batch += await source.take(places=places - len(batch), timeout_seconds=LONG_SECONDS)
        assert len(batch) == places
        taken += batch
        async with server.jetstream() as jetstream:
            info = await jetstream.consumer_info(WORK_STREAM, consumer_name(PROVIDER)) if taken else None
        assert info is None or info.num_ack_pending == len(taken)
    assert installations(taken) == [event.stream for event in events]


async def test_nothing_comes_when_there_is_nothing(source: TicketSource) -> None:
    assert await source.take(places=5, timeout_seconds=0.05) == []
    assert await source.take(places=0, timeout_seconds=LONG_SECONDS) == []


async def test_a_request_that_ended_in_vain_is_made_again(publisher: Publisher, source: TicketSource) -> None:
    for _ in range(3):
        assert await source.take(places=5, timeout_seconds=0.05) == []
    await publisher.issue(reserved(1), at=NOON)
    assert len(await source.take(places=5, timeout_seconds=LONG_SECONDS)) == 1


async def test_a_ticket_put_off_comes_again_and_counts_its_deliveries(
    publisher: Publisher, source: TicketSource
) -> None:
    await publisher.issue(reserved(1), at=NOON)
    (first,) = await source.take(places=1, timeout_seconds=LONG_SECONDS)
    start = time.monotonic()
    await first.later(0.3)
    (second,) = await source.take(places=1, timeout_seconds=LONG_SECONDS)
    assert time.monotonic() - start >= 0.25
    assert (second.ticket, second.deliveries) == (first.ticket, 2)


async def test_tickets_in_hand_at_the_end_go_to_somebody_else_at_once(
    server: NatsUnderTest, connection: Connection, publisher: Publisher
) -> None:
    await publisher.issue(reserved(3), at=NOON)
    leaving = TicketSource(connection, PROVIDER)

    async def all_here() -> bool:
        return len(leaving._arrived) == 3

    await leaving._stand_in_line(3, LONG_SECONDS)
    await eventually(all_here, LONG_SECONDS)
    await leaving.close()
    async with server.connection("other") as other:
        staying = TicketSource(other, PROVIDER)
        taken: list[Received] = []
        async with asyncio.timeout(ACK_WAIT_SECONDS / 2):
            while len(taken) < 3:
                taken += await staying.take(places=3, timeout_seconds=LONG_SECONDS)
        await staying.close()
    assert {received.deliveries for received in taken} == {2}


async def test_a_refused_ticket_never_comes_again(
    server: NatsUnderTest, publisher: Publisher, source: TicketSource
) -> None:
    await publisher.issue(reserved(1), at=NOON)
    (received,) = await source.take(places=1, timeout_seconds=LONG_SECONDS)
    await received.refuse("the store\nhas no such run")
    await eventually(lambda: is_empty(server), LONG_SECONDS)


@pytest.mark.parametrize("body", [b"not json", b"{}", b'{"runId": 7}', b"[]"])
async def test_a_ticket_nobody_can_read_is_thrown_out_and_counted(
    server: NatsUnderTest, publisher: Publisher, source: TicketSource, connection: Connection, *, body: bytes
) -> None:
    await connection.jetstream.publish(work_subject(PROVIDER), body)
    await publisher.issue(reserved(1), at=NOON)
    (received,) = await source.take(places=1, timeout_seconds=LONG_SECONDS)
    await received.ack()
    assert source.refused == 1
    await eventually(lambda: is_empty(server), LONG_SECONDS)


async def test_installers_share_the_tickets_and_each_goes_to_one(server: NatsUnderTest, publisher: Publisher) -> None:
    events = reserved(60)
    taken: list[Received] = []

    async def take_all(name: str) -> None:
        async with server.connection(name) as connection:
            source = TicketSource(connection, PROVIDER)
            while len(taken) < len(events):
                for received in await source.take(places=4, timeout_seconds=0.2):
                    taken.append(received)
                    await received.ack()
            await source.close()

    async with asyncio.timeout(LONG_SECONDS), asyncio.TaskGroup() as group:
        for name in ("one", "two", "three"):
            group.create_task(take_all(name))
        await publisher.issue(events, at=NOON)
    assert sorted(installations(taken)) == sorted(event.stream for event in events)


async def test_a_connection_gets_its_own_tickets_only(publisher: Publisher, source: TicketSource) -> None:
    await publisher.issue(reserved(2, provider=uuid4()) + reserved(1), at=NOON)
    assert len(await source.take(places=5, timeout_seconds=LONG_SECONDS)) == 1
    assert await source.take(places=5, timeout_seconds=0.1) == []


@pytest.mark.parametrize("wiped", [False, True], ids=["killed", "wiped"])
async def test_a_server_that_dies_while_somebody_waits_delays_and_no_more(
    server: NatsUnderTest, connection: Connection, publisher: Publisher, source: TicketSource, *, wiped: bool
) -> None:
    assert await source.take(places=1, timeout_seconds=0.05) == []
    taking = asyncio.create_task(source.take(places=5, timeout_seconds=LONG_SECONDS))
    if wiped:
        await server.wipe()
    else:
        await server.kill()
        await server.start()
    assert await connection.wait_connected(timeout_seconds=LONG_SECONDS)
    await publisher.stand()
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
