"""Tickets are taken at once, for free places only, and come again until somebody says that they are done."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from adapters.nats.connection import Connection
from adapters.nats.publisher import Publisher
from adapters.nats.streams import (
    ACK_WAIT_SECONDS,
    WORK_STREAM,
    consumer_name,
    work_subject,
)
from adapters.nats.tickets import Received, TicketSource
from domain.installation.events import InstallationReserved
from tests.adapters.nats.waiting_tickets import LONG_SECONDS, PROVIDER, is_empty, reserved
from tests.kit.facts import NOON
from tests.kit.jetstream import NatsUnderTest
from tests.kit.waiting import eventually

pytestmark = pytest.mark.anyio

IDLE_MILLISECONDS_MAX = 50


def installations(received: Sequence[Received]) -> list[UUID | None]:
    return [one.ticket.installation_id for one in received]


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


async def test_a_ticket_says_where_it_stands_and_since_when_however_often_it_comes(
    server: NatsUnderTest, publisher: Publisher, source: TicketSource
) -> None:
    await publisher.issue(reserved(2), at=NOON)
    first, second = await source.take(places=2, timeout_seconds=LONG_SECONDS)
    await second.later(0)
    (again,) = await source.take(places=1, timeout_seconds=LONG_SECONDS)
    async with server.jetstream() as jetstream:
        state = (await jetstream.stream_info(WORK_STREAM)).state
    assert [one.taken.sequence for one in (first, second, again)] == [
        state.last_seq - 1,
        state.last_seq,
        state.last_seq,
    ]
    assert [one.taken.deliveries for one in (first, second, again)] == [1, 1, 2]
    assert again.taken.issued_at == second.taken.issued_at > first.taken.issued_at
    assert abs((datetime.now(UTC) - again.taken.issued_at).total_seconds()) < LONG_SECONDS


async def test_a_ticket_given_back_at_once_comes_again_at_once(publisher: Publisher, source: TicketSource) -> None:
    await publisher.issue(reserved(1), at=NOON)
    async with asyncio.timeout(ACK_WAIT_SECONDS / 2):
        for deliveries in range(1, 6):
            (received,) = await source.take(places=1, timeout_seconds=LONG_SECONDS)
            assert received.deliveries == deliveries
            await received.later(0)


async def test_tickets_that_come_when_the_places_are_taken_go_to_somebody_else_at_once(
    server: NatsUnderTest, publisher: Publisher, source: TicketSource
) -> None:
    """More places were asked for than there are by now, since others of the same kind have got some."""
    await publisher.issue(reserved(1), at=NOON)
    (first,) = await source.take(places=3, timeout_seconds=LONG_SECONDS)
    await first.ack()
    await publisher.issue(reserved(2), at=NOON)

    async def both_here() -> bool:
        return len(source._arrived) == 2

    await eventually(both_here, LONG_SECONDS)
    async with server.connection("installer") as other:
        elsewhere = TicketSource(other, PROVIDER)
        assert await source.give_back() == 2
        taken: list[Received] = []
        async with asyncio.timeout(ACK_WAIT_SECONDS / 2):
            while len(taken) < 2:
                taken += await elsewhere.take(places=2 - len(taken), timeout_seconds=LONG_SECONDS)
        await elsewhere.close()
    assert await source.give_back() == 0


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
    async with server.connection("installer") as other:
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
    await connection.jetstream.publish(work_subject("install", PROVIDER), body)
    await publisher.issue(reserved(1), at=NOON)
    (received,) = await source.take(places=1, timeout_seconds=LONG_SECONDS)
    await received.ack()
    assert source.refused == 1
    await eventually(lambda: is_empty(server), LONG_SECONDS)


async def test_installers_share_the_tickets_and_each_goes_to_one(server: NatsUnderTest, publisher: Publisher) -> None:
    events = reserved(60)
    taken: list[Received] = []

    async def take_all() -> None:
        async with server.connection("installer") as connection:
            source = TicketSource(connection, PROVIDER)
            while len(taken) < len(events):
                for received in await source.take(places=4, timeout_seconds=0.2):
                    taken.append(received)
                    await received.ack()
            await source.close()

    async with asyncio.timeout(LONG_SECONDS), asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(take_all())
        await publisher.issue(events, at=NOON)
    assert sorted(map(str, installations(taken))) == sorted(str(event.stream) for event in events)


async def test_a_connection_gets_its_own_tickets_only(publisher: Publisher, source: TicketSource) -> None:
    await publisher.issue(reserved(2, provider=uuid4()) + reserved(1), at=NOON)
    assert len(await source.take(places=5, timeout_seconds=LONG_SECONDS)) == 1
    assert await source.take(places=5, timeout_seconds=0.1) == []
