"""A watchdog at work beside a relay and a scheduler on a real NATS server, on a store in memory whose clock can be put forward."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any
from uuid import UUID, uuid4

from msgspec import Struct
from nats.js.errors import NotFoundError

from adapters.memory.roles import MemoryRoles
from adapters.memory.timers import MemoryTimers
from adapters.nats.connection import Connection
from adapters.nats.issuer import Issuer
from adapters.nats.streams import WORK_STREAM
from adapters.nats.tickets import Received, TicketSource
from adapters.postgres.roles import RoleStanding
from commands.abandon_target import AbandonTargetHandler
from commands.end_pause import EndPauseHandler
from commands.expire_lease import ExpireLeaseHandler
from commands.expire_target import ExpireTargetHandler
from commands.handling import Handling
from commands.rescue_target import RescueTargetHandler
from domain.install_run.events import ProviderLeaseExpired, ProviderRescued
from domain.install_run.state import INSTALL_RUN, InstallRun, TargetState
from domain.provider.state import provider_stream
from queries.read_model_health import ReadModelHealth
from tests.kit.jetstream import NatsUnderTest
from tests.kit.relaying import EPOCH, SECONDS_MAX, relaying
from tests.kit.waiting import eventually
from tests.workers.living import CountedBacklogs, LivingWorld
from workers.oversight import Oversight
from workers.relay import Progress
from workers.scheduler import ROLE as SCHEDULER
from workers.scheduler import Scheduler
from workers.tenure import in_turn
from workers.ticket_search import TicketSearch
from workers.watchdog import ROLE as WATCHDOG
from workers.watchdog import Repairs, Watchdog

LOST_SECONDS = 0.4
WATCH_SECONDS = 0.05
# Long enough that whatever is wrongly taken for lost is rescued.
PERIODS = 16


class Kept(Struct, eq=False):
    """What a watchdog looks after. `served` are the connections that it believes to be served."""

    world: LivingWorld
    server: NatsUnderTest
    connection: Connection
    roles: MemoryRoles
    timers: MemoryTimers
    backlogs: CountedBacklogs
    served: set[UUID]
    progress: Progress
    relayed: int = 0

    def handling(self) -> Handling:
        """A process of its own: with a memory that knows nothing yet."""
        return Handling(store=self.world.store, clock=lambda: self.world.now, new_id=uuid4)

    def watchdog(self, stopping: asyncio.Event, *, lost_seconds: float = LOST_SECONDS) -> Watchdog:
        handling = self.handling()
        search = TicketSearch(
            backlogs=self.backlogs,
            served=self._served,
            relayed=self._relayed,
            clock=lambda: self.world.now,
            store_epoch=self._epoch,
            lost_seconds=lost_seconds,
        )
        return Watchdog(
            timers=self.timers,
            store=self.world.store,
            repairs=Repairs(
                expire_lease=ExpireLeaseHandler(handling=handling),
                expire_target=ExpireTargetHandler(handling=handling),
                rescue_target=RescueTargetHandler(handling=handling),
            ),
            search=search,
            oversight=Oversight(standing=_all_well, read_models=_none),
            clock=lambda: self.world.now,
            stopping=stopping,
            watch_seconds=WATCH_SECONDS,
        )

    async def _served(self) -> frozenset[UUID]:
        return frozenset(self.served)

    async def _epoch(self) -> str:
        return EPOCH

    async def _relayed(self) -> int:
        """A relay that takes over begins where the one before it had come to."""
        self.relayed = max(self.relayed, self.progress.position)
        return self.relayed

    async def connect(self, name: str = "openai") -> UUID:
        await self.world.connect(name)
        self.served.add(provider_stream(name))
        return provider_stream(name)

    async def queue(self, count: int, *, name: str = "openai") -> list[UUID]:
        """A run for each of so many skills."""
        runs = []
        for number in range(count):
            skill = f"skill-{number}"
            await self.world.register(name=skill)
            runs.append((await self.world.queue(name, skill=skill)).run_id)
        return runs

    async def target(self, run_id: UUID) -> TargetState:
        return (await self.run(run_id)).targets[0]

    async def run(self, run_id: UUID) -> InstallRun:
        run = INSTALL_RUN.fold(await self.world.store.load(run_id))
        assert run is not None
        return run

    async def rescues(self) -> int:
        """How often anything was rescued, in all."""
        events = await self.world.events()
        return len([event for event in events if isinstance(event, ProviderRescued | ProviderLeaseExpired)])

    async def rescued(self, run_id: UUID, *, times: int = 1) -> None:
        async def so_often() -> bool:
            return (await self.target(run_id)).rescues == times

        await eventually(so_often, SECONDS_MAX)

    async def ticketed(self, count: int) -> None:
        """So many tickets are in the stream."""

        async def there() -> bool:
            with suppress(NotFoundError):
                return (await self.server.stream(WORK_STREAM)).state.messages == count
            return False

        await eventually(there, SECONDS_MAX)

    async def lose(self, *sequences: int) -> None:
        """Delete these tickets by hand, or all of them."""
        async with self.server.jetstream() as jetstream:
            for sequence in sequences:
                await jetstream.delete_msg(WORK_STREAM, sequence)
            if not sequences:
                await jetstream.purge_stream(WORK_STREAM)


@asynccontextmanager
async def keeping(server: NatsUnderTest) -> AsyncIterator[Kept]:
    world = LivingWorld()
    roles = MemoryRoles()
    async with server.connection() as connection, server.connection("watchdog") as looking:
        yield Kept(
            world=world,
            server=server,
            connection=connection,
            roles=roles,
            timers=MemoryTimers(world.store, roles=roles),
            backlogs=CountedBacklogs(looking),
            served=set(),
            progress=Progress(),
        )


@asynccontextmanager
async def relay_of(kept: Kept) -> AsyncIterator[None]:
    async with relaying(kept.server, log=kept.world.store, roles=kept.roles, epoch=EPOCH) as kept.progress:
        yield


@asynccontextmanager
async def scheduler_of(kept: Kept) -> AsyncIterator[None]:
    stopping = asyncio.Event()
    handling = kept.handling()
    work = Scheduler(
        timers=kept.timers,
        issuer=Issuer(kept.connection),
        expire_target=ExpireTargetHandler(handling=handling),
        end_pause=EndPauseHandler(handling=handling),
        abandon_target=AbandonTargetHandler(handling=handling),
        clock=lambda: kept.world.now,
        stopping=stopping,
    )
    async with _in_background(in_turn(kept.roles, work.serve, role=SCHEDULER, holder="s", stopping=stopping)):
        yield


class Watching(Struct, eq=False):
    """A watchdog that may be told to stop."""

    watchdog: Watchdog
    stopping: asyncio.Event

    @property
    def rounds(self) -> int:
        return self.watchdog.rounds

    def stop(self) -> None:
        self.stopping.set()


@asynccontextmanager
async def watchdog_of(kept: Kept, *, holder: str = "w", lost_seconds: float = LOST_SECONDS) -> AsyncIterator[Watching]:
    """It must end when it is told to."""
    stopping = asyncio.Event()
    watchdog = kept.watchdog(stopping, lost_seconds=lost_seconds)
    task = asyncio.create_task(in_turn(kept.roles, watchdog.serve, role=WATCHDOG, holder=holder, stopping=stopping))
    try:
        yield Watching(watchdog, stopping)
        stopping.set()
        async with asyncio.timeout(SECONDS_MAX):
            await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def everything_of(kept: Kept) -> AsyncIterator[Watching]:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(relay_of(kept))
        await stack.enter_async_context(scheduler_of(kept))
        yield await stack.enter_async_context(watchdog_of(kept))


@asynccontextmanager
async def tickets_of(kept: Kept, provider_id: UUID) -> AsyncIterator[TicketSource]:
    """What an installer has of the work stream."""
    async with kept.server.connection("installer") as connection:
        source = TicketSource(connection, provider_id)
        try:
            yield source
        finally:
            await source.close()


async def take(source: TicketSource, count: int = 1) -> list[Received]:
    taken: list[Received] = []
    async with asyncio.timeout(SECONDS_MAX):
        while len(taken) < count:
            taken += await source.take(places=count - len(taken), timeout_seconds=1)
    return taken


async def periods(watchdog: Watching, count: int = PERIODS) -> None:
    """So many more looks."""
    wanted = watchdog.rounds + count

    async def looked() -> bool:
        return watchdog.rounds >= wanted

    await eventually(looked, SECONDS_MAX)


async def _all_well(role: str) -> RoleStanding:
    return RoleStanding(holder=role, held=True, position=0, lag=0)


async def _none() -> Sequence[ReadModelHealth]:
    return ()


@asynccontextmanager
async def _in_background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
