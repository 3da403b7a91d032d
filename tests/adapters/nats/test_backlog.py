"""What the work stream says of a connection's tickets: those that nobody has taken, and those in somebody's hand."""

import asyncio
import json
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from adapters.nats.backlog import Backlog, Backlogs, WorkStream
from adapters.nats.connection import Connection, NatsUnavailable
from adapters.nats.publisher import Publisher
from adapters.nats.streams import WORK_STREAM, consumer_name, ensure_work_consumer, work_subject
from adapters.nats.tickets import Received, TicketSource
from domain.events import Recorded
from domain.installation.events import InstallationReserved
from tests.adapters.nats.waiting_tickets import reserved
from tests.kit.facts import NOON
from tests.kit.jetstream import NatsUnderTest
from tests.kit.waiting import eventually

pytestmark = pytest.mark.anyio

PROVIDER = uuid4()
EPOCH = "of-this-store"
LONG_SECONDS = 30.0
NOTHING = Backlog()


@pytest.fixture
async def publisher(connection: Connection) -> Publisher:
    publisher = Publisher(connection, store_epoch=EPOCH)
    await publisher.stand()
    await publisher.ensure_consumer(PROVIDER)
    return publisher


@pytest.fixture
async def backlogs(server: NatsUnderTest) -> AsyncIterator[Backlogs]:
    async with server.connection("watchdog") as connection:
        yield Backlogs(connection)


@pytest.fixture
async def source(connection: Connection) -> AsyncIterator[TicketSource]:
    source = TicketSource(connection, PROVIDER)
    yield source
    await source.close()


async def take(source: TicketSource, count: int) -> list[Received]:
    taken: list[Received] = []
    async with asyncio.timeout(LONG_SECONDS):
        while len(taken) < count:
            taken += await source.take(places=count - len(taken), timeout_seconds=1)
    return taken


def runs(events: list[Recorded]) -> list[UUID]:
    return [event.event.run_id for event in events if isinstance(event.event, InstallationReserved)]


async def becomes(backlogs: Backlogs, expected: Backlog) -> None:
    """A server counts for its consumers a moment after it has stored."""

    async def measured() -> bool:
        return await backlogs.measure(PROVIDER) == expected

    await eventually(measured, LONG_SECONDS)


async def test_tickets_that_nobody_has_taken_wait_from_the_first_of_them_on(
    publisher: Publisher, backlogs: Backlogs
) -> None:
    await publisher.issue(reserved(4), at=NOON)
    await publisher.issue(reserved(3, provider=PROVIDER), at=NOON)
    await becomes(backlogs, Backlog(waiting=3, first_waiting=5))
    assert (await backlogs.stream()).last_sequence == 7


async def test_of_those_taken_the_ones_not_acknowledged_are_in_hand(
    publisher: Publisher, backlogs: Backlogs, source: TicketSource
) -> None:
    await publisher.issue(reserved(7), at=NOON)
    events = reserved(4, provider=PROVIDER)
    await publisher.issue(events, at=NOON)
    await publisher.issue(reserved(1, provider=PROVIDER), at=NOON)
    _, acknowledged, put_off, _ = await take(source, 4)
    await acknowledged.ack()
    await put_off.later(LONG_SECONDS)

    async def said() -> bool:
        return (await backlogs.measure(PROVIDER)).in_hand == 3

    await eventually(said, LONG_SECONDS)
    backlog = await backlogs.measure(PROVIDER)
    assert backlog == Backlog(waiting=1, first_waiting=12, in_hand=3, taken_to=11)
    first, _, third, fourth = runs(events)
    assert await backlogs.runs_in_hand(PROVIDER, backlog) == {first, third, fourth}


async def test_one_that_comes_again_is_in_hand_and_not_waiting(
    publisher: Publisher, backlogs: Backlogs, source: TicketSource
) -> None:
    await publisher.issue(reserved(1, provider=PROVIDER), at=NOON)
    for _ in range(2):
        (received,) = await take(source, 1)
        await received.later(0)
    backlog = await backlogs.measure(PROVIDER)
    assert backlog == Backlog(in_hand=1, taken_to=1)


async def test_tickets_of_every_kind_wait_and_those_of_runs_are_in_hand(
    connection: Connection, publisher: Publisher, backlogs: Backlogs
) -> None:
    """And a ticket that nobody can read is nobody's."""
    verify = {"kind": "verify", "providerId": str(PROVIDER), "eventId": str(uuid4()), "position": 1, "requestId": "r"}
    verify |= {"correlationId": str(uuid4()), "issuedAt": "2026-11-22T12:00:00Z"}
    await connection.jetstream.publish(work_subject("verify", PROVIDER), json.dumps(verify).encode())
    await becomes(backlogs, Backlog(waiting=1, first_waiting=1))
    await connection.jetstream.publish(work_subject("install", PROVIDER), b"not json")
    (event,) = reserved(1, provider=PROVIDER)
    await publisher.issue([event], at=NOON)
    taker = await connection.jetstream.pull_subscribe_bind(consumer_name(PROVIDER), WORK_STREAM)
    assert len(await taker.fetch(3)) == 3
    backlog = await backlogs.measure(PROVIDER)
    assert await backlogs.runs_in_hand(PROVIDER, backlog) == set(runs([event]))


async def test_a_ticket_that_is_deleted_by_hand_neither_waits_nor_is_in_hand(
    server: NatsUnderTest, publisher: Publisher, backlogs: Backlogs
) -> None:
    await publisher.issue(reserved(2, provider=PROVIDER), at=NOON)
    async with server.jetstream() as jetstream:
        await jetstream.delete_msg(WORK_STREAM, 1)
        await becomes(backlogs, Backlog(waiting=1, first_waiting=2))
        await jetstream.purge_stream(WORK_STREAM)
    assert replace(await backlogs.measure(PROVIDER), taken_to=0) == NOTHING


async def test_without_a_consumer_nobody_can_have_taken_anything(
    server: NatsUnderTest, publisher: Publisher, backlogs: Backlogs
) -> None:
    assert await backlogs.measure(uuid4()) == NOTHING
    await publisher.issue(reserved(1, provider=PROVIDER), at=NOON)
    async with server.jetstream() as jetstream:
        await jetstream.delete_consumer(WORK_STREAM, consumer_name(PROVIDER))
    assert (await backlogs.measure(PROVIDER)).first_waiting == 1


async def test_a_consumer_made_anew_has_everything_waiting_again(
    connection: Connection, publisher: Publisher, backlogs: Backlogs, source: TicketSource
) -> None:
    await publisher.issue(reserved(2, provider=PROVIDER), at=NOON)
    await take(source, 2)
    await connection.jetstream.delete_consumer(WORK_STREAM, consumer_name(PROVIDER))
    await ensure_work_consumer(connection, PROVIDER)
    backlog = await backlogs.measure(PROVIDER)
    assert backlog == Backlog(waiting=2, first_waiting=1)


async def test_without_a_stream_there_are_no_tickets_and_nobody_says_they_are_all_there(
    server: NatsUnderTest, publisher: Publisher, backlogs: Backlogs
) -> None:
    made = await backlogs.stream()
    assert made.tickets_of is None
    await publisher.mark_tickets_complete()
    marked = await backlogs.stream()
    assert marked == replace(made, tickets_of=EPOCH)
    async with server.jetstream() as jetstream:
        await jetstream.delete_stream(WORK_STREAM)
    gone = await backlogs.stream()
    assert gone == WorkStream()
    await becomes(backlogs, NOTHING)
    await publisher.stand()
    anew = await backlogs.stream()
    assert marked.is_same(replace(marked, last_sequence=7))
    assert not any(anew.is_same(other) for other in (made, marked, gone))


@pytest.mark.usefixtures("publisher")
async def test_a_server_that_is_away_is_said_to_be(
    server: NatsUnderTest, connection: Connection, backlogs: Backlogs
) -> None:
    await server.kill()

    async def away() -> bool:
        return not connection.connected

    await eventually(away, LONG_SECONDS)
    for asked in (backlogs.stream(), backlogs.measure(PROVIDER), backlogs.runs_in_hand(PROVIDER, NOTHING)):
        with pytest.raises(NatsUnavailable):
            await asked
