"""One watchdog has the role; another takes over when it ends, and one that was frozen does nothing any more."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.memory.event_store import MemoryEventStore
from adapters.memory.roles import MemoryRoles
from adapters.memory.timers import MemoryTimers
from domain.timers import SetTimer, TimerPhase
from tests.kit.jetstream import running_nats
from tests.kit.relaying import Clock
from tests.workers.watching import Kept, keeping, periods, relay_of, scheduler_of, watchdog_of
from workers.tenure import LEASE_SECONDS
from workers.watchdog import ROLE

pytestmark = pytest.mark.anyio

LONG_SECONDS = 600.0


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Kept]:
    async with running_nats(tmp_path / "nats") as server, keeping(server) as kept:
        await kept.connect()
        yield kept


async def test_of_two_one_does_it_and_the_other_takes_over_when_that_one_ends(kept: Kept) -> None:
    runs = await kept.queue(10)
    async with relay_of(kept), scheduler_of(kept), watchdog_of(kept, holder="first") as first:
        await periods(first, 1)
        async with watchdog_of(kept, holder="second") as second:
            await kept.ticketed(10)
            await kept.lose()
            for run_id in runs:
                await kept.rescued(run_id)
            await kept.ticketed(10)
            assert (await kept.rescues(), second.rounds) == (10, 0)
            first.stop()
            await kept.lose()
            for run_id in runs:
                await kept.rescued(run_id, times=2)
            assert second.rounds > 0


class Freezing(MemoryTimers):
    """Whoever reads them is frozen before it can do anything about what it has read, and somebody else has its role since."""

    def __init__(self, store: MemoryEventStore, *, roles: MemoryRoles, clock: Clock) -> None:
        super().__init__(store, roles=roles)
        self._clock = clock
        self.frozen = 0

    async def due(self, *, phases: frozenset[TimerPhase], limit: int) -> tuple[SetTimer, ...]:
        return await self._freeze(await super().due(phases=phases, limit=limit))

    async def standing(
        self, *, phases: frozenset[TimerPhase], seconds: float, after: SetTimer | None, limit: int
    ) -> tuple[SetTimer, ...]:
        return await self._freeze(await super().standing(phases=phases, seconds=seconds, after=after, limit=limit))

    async def _freeze(self, read: tuple[SetTimer, ...]) -> tuple[SetTimer, ...]:
        if read:
            self._clock.now += LEASE_SECONDS + 1
            assert await self._roles.acquire(role=ROLE, holder="thief", seconds=LEASE_SECONDS)
            self.frozen += 1
        return read


async def test_one_that_was_frozen_and_has_lost_the_role_writes_nothing(kept: Kept) -> None:
    """Also if it does not notice: the store does."""
    clock = Clock()
    roles = MemoryRoles(clock)
    timers = Freezing(kept.world.store, roles=roles, clock=clock)
    running, waiting = await kept.queue(2)
    async with relay_of(kept), watchdog_of(kept) as awake:
        await kept.ticketed(2)
        assert await kept.world.start(running)
        await periods(awake)
        awake.stop()
        await kept.lose()
        kept.world.pass_time(LONG_SECONDS)
        before = await kept.world.store.head()
        kept.roles, kept.timers = roles, timers
        async with watchdog_of(kept, holder="frozen") as frozen:
            await periods(frozen)
    assert timers.frozen > 1
    assert await kept.world.store.head() == before
    assert [(await kept.target(run_id)).rescues for run_id in (running, waiting)] == [0, 0]
