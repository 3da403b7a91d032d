"""Schedulers at work on what commands have set, with a real NATS; time passes for them when a test says so."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
from msgspec.structs import replace
from nats.js.errors import NotFoundError

from adapters.memory.roles import MemoryRoles
from adapters.memory.timers import MemoryTimers
from adapters.nats.connection import connect
from adapters.nats.issuer import Issuer
from adapters.nats.messages import Ticket
from commands.abandon_target import AbandonTargetHandler
from commands.end_pause import EndPauseHandler
from commands.expire_target import ExpireTargetHandler
from commands.handling import Handling
from domain.errors import StoreOffline
from domain.ports import EventStore, Lease, Roles, Timers
from domain.timers import SetTimer, Timer, TimerName, TimerPhase
from tests.commands.world import World
from tests.kit.facts import append
from tests.kit.jetstream import NatsUnderTest, login_of
from tests.kit.relaying import Clock
from tests.kit.waiting import eventually
from workers import scheduler
from workers.scheduler import Scheduler
from workers.tenure import in_turn

SECONDS_MAX = 20.0


class Stage:
    """A world, its timers, and the tickets that its installers would get."""

    def __init__(self, world: World, server: NatsUnderTest, clock: Clock) -> None:
        self.world = world
        self.server = server
        self.clock = clock
        self.roles = Contested(clock)
        self.timers = Unreliable(world, self.roles)

    @asynccontextmanager
    async def scheduling(self, holder: str = "a") -> AsyncIterator[None]:
        async with scheduling(
            self.server,
            timers=self.timers,
            roles=self.roles,
            handling=self.world.handling,
            holder=holder,
            clock=self.clock,
        ):
            yield

    async def set(self, *timers: Timer) -> None:
        await self.world.store.append(replace(append(uuid4()), timers=timers))

    async def set_due(self, name: TimerName, **more: Any) -> Timer:
        """A timer of this name that is due now."""
        facts: dict[str, Any] = {"subject": uuid4(), "provider_id": uuid4(), "due_at": self.world.now}
        timer = Timer(name=name, **facts | more)
        await self.set(timer)
        return timer

    def timer(self, name: TimerName) -> SetTimer | None:
        return next((found for found in self.world.store.timers.values() if found.timer.name is name), None)

    async def tickets(self) -> list[Ticket]:
        """Those that are there now."""
        return await ticketed(self.server, 0)

    async def asked_for_the_role(self, times: int) -> None:
        async def condition() -> bool:
            return len(self.roles.asked) >= times

        await eventually(condition, SECONDS_MAX)

    async def ticketed(self, count: int) -> list[Ticket]:
        """The tickets as soon as there are so many."""
        return await ticketed(self.server, count)

    async def cleared(self, name: TimerName) -> None:
        async def is_cleared() -> bool:
            return self.timer(name) is None

        await eventually(is_cleared, SECONDS_MAX)

    async def reset(self, was: Timer) -> Timer:
        """What the timer is, as soon as it is something else."""
        found: list[Timer] = []

        async def is_reset() -> bool:
            now = self.timer(was.name)
            found[:] = [now.timer] if now is not None and now.timer != was else []
            return bool(found)

        await eventually(is_reset, SECONDS_MAX)
        return found[0]


class Contested(MemoryRoles):
    """`asked` are those who wanted a role, in order. While it is `away` nobody gets one."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(clock)
        self.asked: list[str] = []
        self.away = False

    async def acquire(self, *, role: str, holder: str, seconds: float) -> Lease | None:
        self.asked.append(holder)
        if self.away:
            raise StoreOffline
        return await super().acquire(role=role, holder=holder, seconds=seconds)


class Unreliable(MemoryTimers):
    """`away`: nothing gets through. `forgetful`: nothing is set anew or cleared, as for one whose role was taken. `frozen`: a
    look at what is due takes until it is thawed. `looks` counts those, and `refused` what met a store that was away.
    """

    def __init__(self, world: World, roles: MemoryRoles) -> None:
        super().__init__(world.store, roles=roles)
        self.away = False
        self.forgetful = False
        self.thawed = asyncio.Event()
        self.thawed.set()
        self.looks = 0
        self.refused = 0

    async def due(self, *, phases: frozenset[TimerPhase], limit: int) -> tuple[SetTimer, ...]:
        self.looks += 1
        found = await super().due(phases=phases, limit=limit)
        await self.thawed.wait()
        return found

    async def next_due_in(self, *, phases: frozenset[TimerPhase]) -> float | None:
        self._reach_the_store()
        return await super().next_due_in(phases=phases)

    async def reset(
        self,
        timer: SetTimer,
        *,
        lease: Lease,
        phase: TimerPhase,
        seconds: float,
        round: int = 0,  # noqa: A002 - the port's word
    ) -> bool:
        self._reach_the_store()
        return not self.forgetful and await super().reset(timer, lease=lease, phase=phase, seconds=seconds, round=round)

    def _reach_the_store(self) -> None:
        if self.away:
            self.refused += 1
            raise StoreOffline

    async def looked(self, times: int) -> None:
        async def condition() -> bool:
            return self.looks >= times

        await eventually(condition, SECONDS_MAX)


@asynccontextmanager
async def scheduling(
    server: NatsUnderTest,
    *,
    timers: Timers,
    roles: Roles,
    handling: Handling,
    holder: str,
    clock: Callable[[], float],
) -> AsyncIterator[None]:
    """A scheduler at work, with a connection of its own; it must end when it is told to."""
    connection = await connect(server.url, name=holder, login=login_of("scheduler"), timeout_seconds=0.5)
    stopping = asyncio.Event()
    work = Scheduler(
        timers=timers,
        issuer=Issuer(connection),
        expire_target=ExpireTargetHandler(handling=handling),
        end_pause=EndPauseHandler(handling=handling),
        abandon_target=AbandonTargetHandler(handling=handling),
        clock=handling.clock,
        stopping=stopping,
    )
    task = asyncio.create_task(
        in_turn(roles, work.serve, role=scheduler.ROLE, holder=holder, stopping=stopping, clock=clock)
    )
    try:
        yield
        stopping.set()
        async with asyncio.timeout(SECONDS_MAX):
            await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await connection.close()


async def ticketed(server: NatsUnderTest, count: int) -> list[Ticket]:
    """The tickets as soon as there are so many."""
    tickets: list[Ticket] = []

    async def enough() -> bool:
        with suppress(NotFoundError):  # nobody has made the stream yet
            tickets[:] = [msgspec.json.decode(message.body, type=Ticket) for message in await server.tickets()]
        return len(tickets) >= count

    await eventually(enough, SECONDS_MAX)
    return tickets


async def set_retries(store: EventStore, count: int, *, provider_id: UUID) -> None:
    """So many targets of one connection whose retry is due now."""
    now = datetime.now(UTC)
    retries = tuple(
        Timer(name=TimerName.TARGET, subject=uuid4(), provider_id=provider_id, phase=TimerPhase.RETRY, due_at=now)
        for _ in range(count)
    )
    await store.append(replace(append(uuid4()), timers=retries))
