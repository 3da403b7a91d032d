"""Whoever waits at a connection gets the tickets of all kinds, whatever NATS has been through."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID, uuid4

import pytest

from adapters.nats.connection import Connection, NatsUnavailable
from adapters.nats.issuer import Issuer
from adapters.nats.sending import BATCH_MAX, SINGLY_MAX
from adapters.nats.streams import WORK_STREAM, consumer_name
from adapters.nats.tickets import TicketSource
from domain.timers import SetTimer, Timer, TimerName
from tests.kit.facts import NOON
from tests.kit.jetstream import NatsUnderTest
from tests.kit.waiting import eventually

pytestmark = pytest.mark.anyio

SECONDS_MAX = 20.0
PROVIDER = uuid4()


def due(name: TimerName = TimerName.TARGET, *, provider: UUID = PROVIDER, subject: UUID | None = None) -> SetTimer:
    return SetTimer(
        timer=Timer(name=name, subject=subject or uuid4(), provider_id=provider, due_at=NOON),
        set_at=NOON,
        event_id=uuid4(),
        position=1,
        request_id="test-request",
        correlation_id=uuid4(),
    )


@pytest.fixture
async def issuer(server: NatsUnderTest) -> AsyncIterator[Issuer]:
    async with server.connection("scheduler") as connection:
        yield Issuer(connection)


async def pending(server: NatsUnderTest, provider: UUID = PROVIDER) -> int:
    async with server.jetstream() as jetstream:
        info = await jetstream.consumer_info(WORK_STREAM, consumer_name(provider))
        return int(info.num_pending or 0)


async def test_tickets_of_all_kinds_reach_whoever_serves_the_connection(
    server: NatsUnderTest, issuer: Issuer, connection: Connection
) -> None:
    timers = [due(name) for name in (TimerName.TARGET, TimerName.VERIFY, TimerName.SWEEP)]
    await issuer.issue([*timers, due(provider=uuid4())], at=NOON)
    source = TicketSource(connection, PROVIDER)
    taken = await source.take(places=5, timeout_seconds=SECONDS_MAX)
    while len(taken) < len(timers):
        taken += await source.take(places=5, timeout_seconds=SECONDS_MAX)
    await source.close()
    tickets = {received.ticket.kind: received.ticket for received in taken}
    assert sorted(tickets) == ["install", "sweep", "verify"]
    assert tickets["install"].run_id == timers[0].timer.subject
    assert tickets["sweep"].installation_id == timers[2].timer.subject
    assert {ticket.event_id for ticket in tickets.values()} == {timer.event_id for timer in timers}


@pytest.mark.parametrize("count", [1, SINGLY_MAX, SINGLY_MAX + 1, BATCH_MAX + 1])
async def test_each_gets_its_own_and_issued_again_another_one(
    server: NatsUnderTest, issuer: Issuer, count: int
) -> None:
    timers: Sequence[SetTimer] = [due() for _ in range(count)]
    await issuer.issue(timers, at=NOON)
    await issuer.issue(timers, at=NOON)
    assert await pending(server) == 2 * count


async def test_on_an_empty_server_it_makes_what_it_needs(server: NatsUnderTest, issuer: Issuer) -> None:
    await issuer.issue([due()], at=NOON)
    await server.wipe()

    async def issued() -> bool:
        try:
            await issuer.issue([due()], at=NOON)
        except NatsUnavailable:
            return False
        return True

    await eventually(issued, SECONDS_MAX)
    assert await pending(server) == 1


async def test_a_stream_that_was_deleted_behind_its_back_is_made_again(server: NatsUnderTest, issuer: Issuer) -> None:
    await issuer.issue([due()], at=NOON)
    async with server.jetstream() as jetstream:
        await jetstream.delete_stream(WORK_STREAM)
    with pytest.raises(NatsUnavailable):
        await issuer.issue([due()], at=NOON)
    await issuer.issue([due()], at=NOON)
    assert await pending(server) == 1


async def test_without_nats_it_says_so_at_once(server: NatsUnderTest, issuer: Issuer) -> None:
    await issuer.issue([due()], at=NOON)
    await server.kill()

    async def refused() -> bool:
        try:
            await issuer.issue([due()], at=NOON)
        except NatsUnavailable:
            return True
        return False

    await eventually(refused, SECONDS_MAX)
