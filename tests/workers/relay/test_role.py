"""One relay publishes at a time, and another one goes on when it cannot."""

import pytest

from adapters.memory.roles import MemoryRoles
from domain.ports import Lease
from tests.kit.jetstream import NatsUnderTest
from tests.kit.relaying import (
    EPOCH,
    PROVIDER,
    SECONDS_MAX,
    Clock,
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
from workers import relay
from workers.tenure import LEASE_SECONDS

pytestmark = pytest.mark.anyio


async def test_two_relays_one_publishes_and_the_other_takes_over_at_once_when_it_stops(
    server: NatsUnderTest, ledger: Ledger, roles: MemoryRoles
) -> None:
    async with relaying(server, log=ledger.store, roles=roles, epoch=EPOCH, holder="b") as second:
        async with relaying(server, log=ledger.store, roles=roles, epoch=EPOCH, holder="a") as first:

            async def decided() -> bool:
                return "relaying" in {first.state, second.state}

            await eventually(decided, SECONDS_MAX)
            await ledger.happen(50)

            async def published() -> bool:
                return max(first.position, second.position) == 50

            await eventually(published, SECONDS_MAX)
            assert sorted((first.state, second.state)) == ["relaying", "standby"]
        await ledger.happen(10)
        await caught_up(second, ledger.store)
    await assert_copied(server, ledger)


async def test_a_frozen_relay_is_succeeded_and_wakes_up_without_the_role(server: NatsUnderTest, ledger: Ledger) -> None:
    clock = Clock()
    roles = MemoryRoles(clock)
    gate = Gate(ledger.store, roles)
    slots = [await ledger.reserve(PROVIDER)]
    async with relaying(server, log=gate, roles=gate, epoch=EPOCH, holder="frozen", clock=clock) as frozen:
        await caught_up(frozen, ledger.store)
        gate.close()
        clock.now += LEASE_SECONDS + 1
        async with relaying(
            server, log=ledger.store, roles=roles, epoch=EPOCH, holder="next", clock=clock
        ) as successor:
            await ledger.happen(30)
            slots.append(await ledger.reserve(PROVIDER))
            await caught_up(successor, ledger.store)
            gate.open()

            async def standing_by() -> bool:
                return frozen.state == "standby"

            await eventually(standing_by, SECONDS_MAX)
            await ledger.happen(30)
            await caught_up(successor, ledger.store)
            assert frozen.position == 1
    await assert_copied(server, ledger)
    assert ticketed(await server.tickets()) == event_ids(*slots)


async def test_a_relay_whose_role_is_taken_stops_publishing(server: NatsUnderTest, ledger: Ledger) -> None:
    clock = Clock()
    roles = MemoryRoles(clock)
    async with relaying(server, log=ledger.store, roles=roles, epoch=EPOCH, clock=clock) as progress:
        await ledger.happen(5)
        await caught_up(progress, ledger.store)
        clock.now += LEASE_SECONDS
        thief: list[Lease | None] = [await roles.acquire(role=relay.ROLE, holder="thief", seconds=SECONDS_MAX)]
        assert thief[0] is not None

        async def standing_by() -> bool:
            return progress.state == "standby"

        await eventually(standing_by, SECONDS_MAX)
        await ledger.happen(5)
        assert progress.position == 5
    assert len(await server.events()) == 5


async def test_it_stops_when_told_to_in_every_state(server: NatsUnderTest, ledger: Ledger, roles: MemoryRoles) -> None:
    async with relaying(server, log=ledger.store, roles=roles, epoch=EPOCH, holder="idle") as progress:
        await ledger.happen(1)
        await caught_up(progress, ledger.store)
        async with relaying(server, log=ledger.store, roles=roles, epoch=EPOCH, holder="standby") as standby:
            assert standby.state == "standby"
        await server.kill()
    assert progress.state == "standby"
    assert await checkpoint(roles) == 1
    async with relaying(server, log=ledger.store, roles=roles, epoch=EPOCH, holder="waiting") as progress:

        async def waiting() -> bool:
            return progress.state == "waiting"

        await eventually(waiting, SECONDS_MAX)
