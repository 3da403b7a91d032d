"""The relay publishes what is in the store: all of it, once, in order, through every outage."""

import pytest

from adapters.memory.roles import MemoryRoles
from adapters.nats.streams import WORK_STREAM, consumer_name
from tests.kit.jetstream import NatsUnderTest
from tests.kit.relaying import (
    EPOCH,
    PROVIDER,
    SECONDS_MAX,
    Gate,
    Ledger,
    assert_copied,
    caught_up,
    checkpoint,
    event_ids,
    relaying,
    ticketed,
)
from tests.kit.waiting import eventually
from workers.relay import BATCH_MAX

pytestmark = pytest.mark.anyio


async def test_every_event_arrives_once_and_a_ticket_for_every_slot(
    server: NatsUnderTest, ledger: Ledger, roles: MemoryRoles
) -> None:
    async with relaying(server, log=ledger.store, roles=roles, epoch=EPOCH) as progress:
        await ledger.connect_provider(PROVIDER)
        one, other = await ledger.reserve(PROVIDER), await ledger.reserve(PROVIDER)
        await ledger.finish(one, "changed")
        await ledger.happen(3)
        await caught_up(progress, ledger.store)
    (first, *_) = stored = await assert_copied(server, ledger)
    assert [message.headers["waybill-position"] for message in stored] == [str(n + 1) for n in range(len(stored))]
    assert first.subject == f"waybill.events.provider.provider_connected.{PROVIDER}"
    assert {message.headers["waybill-store-epoch"] for message in stored} == {EPOCH}
    assert ticketed(await server.tickets()) == event_ids(one, other)
    async with server.jetstream() as jetstream:
        assert (await jetstream.consumer_info(WORK_STREAM, consumer_name(PROVIDER))).num_pending == 2


async def test_a_long_backlog_is_published_in_order(server: NatsUnderTest, ledger: Ledger, roles: MemoryRoles) -> None:
    await ledger.happen(BATCH_MAX * 2 + 7)
    slots = [await ledger.reserve(PROVIDER) for _ in range(60)]
    async with relaying(server, log=ledger.store, roles=roles, epoch=EPOCH) as progress:
        await caught_up(progress, ledger.store)
        assert progress.lag == 0
    await assert_copied(server, ledger)
    assert ticketed(await server.tickets()) == event_ids(*slots)
    assert await checkpoint(roles) == await ledger.store.head()


async def test_a_successor_goes_on_where_the_last_one_stopped(
    server: NatsUnderTest, ledger: Ledger, roles: MemoryRoles
) -> None:
    for holder in ("a", "b", "c"):
        await ledger.happen(20)
        await ledger.reserve(PROVIDER)
        async with relaying(server, log=ledger.store, roles=roles, epoch=EPOCH, holder=holder) as progress:
            await caught_up(progress, ledger.store)
    await assert_copied(server, ledger)
    assert len(await server.tickets()) == 3


async def test_a_checkpoint_that_was_not_written_costs_no_second_copy(
    server: NatsUnderTest, ledger: Ledger, roles: MemoryRoles
) -> None:
    await ledger.happen(40)
    slot = await ledger.reserve(PROVIDER)
    async with relaying(server, log=ledger.store, roles=roles, epoch=EPOCH) as progress:
        await caught_up(progress, ledger.store)
    await ledger.happen(5)
    forgetful = MemoryRoles()
    async with relaying(server, log=ledger.store, roles=forgetful, epoch=EPOCH) as progress:
        await caught_up(progress, ledger.store)
    await assert_copied(server, ledger)
    assert ticketed(await server.tickets()) == event_ids(slot)


async def test_a_server_killed_in_the_middle_again_and_again_loses_and_repeats_nothing(
    server: NatsUnderTest, ledger: Ledger, roles: MemoryRoles
) -> None:
    kills = 0
    await ledger.happen(BATCH_MAX)
    async with relaying(server, log=ledger.store, roles=roles, epoch=EPOCH) as progress:
        for _ in range(4):
            before = progress.position
            await ledger.happen(BATCH_MAX * 4)
            await ledger.reserve(PROVIDER)

            async def under_way(before: int = before) -> bool:
                return before < progress.position

            await eventually(under_way, SECONDS_MAX)
            kills += progress.position < await ledger.store.head()
            await server.kill()
            await server.start()
        await caught_up(progress, ledger.store)
    assert kills > 0, "every kill came too late to be in the middle"
    await assert_copied(server, ledger)
    assert len(set(ticketed(await server.tickets()))) == 4


async def test_without_nats_it_waits_with_a_reason_and_then_goes_on(
    server: NatsUnderTest, ledger: Ledger, roles: MemoryRoles
) -> None:
    await server.kill()
    await ledger.happen(10)
    async with relaying(server, log=ledger.store, roles=roles, epoch=EPOCH) as progress:

        async def waiting() -> bool:
            return progress.state == "waiting" and progress.lag == 10

        await eventually(waiting, SECONDS_MAX)
        assert progress.reason == "not connected"
        await server.start()
        await caught_up(progress, ledger.store)
        assert progress.lag == 0
    await assert_copied(server, ledger)


async def test_without_the_store_it_waits_and_then_goes_on(
    server: NatsUnderTest, ledger: Ledger, roles: MemoryRoles
) -> None:
    gate = Gate(ledger.store, roles)
    gate.offline = True
    async with relaying(server, log=gate, roles=gate, epoch=EPOCH) as progress:

        async def waiting() -> bool:
            return progress.state == "waiting"

        for _ in range(2):
            await eventually(waiting, SECONDS_MAX)
            await ledger.happen(10)
            gate.offline = False
            await caught_up(progress, ledger.store)
            gate.offline = True
            await ledger.happen(1)
        gate.offline = False
        await caught_up(progress, ledger.store)
    await assert_copied(server, ledger)
