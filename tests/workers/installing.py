"""An installer at work: the real one, with the real write side, and a store, a work stream and a provider in memory."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from uuid import UUID

from adapters.memory.event_store import MemoryEventStore
from domain.events import Event, Recorded
from domain.install_run.events import RunFailed, RunPartiallyFailed, RunSucceeded
from domain.ports import ProviderGateway
from domain.provider.events import ProviderKind
from domain.provider.state import provider_stream
from domain.skill.state import skill_stream
from queries.installer_connections import InstallerConnection
from tests.commands.world import NAME, World
from tests.kit.memory_tickets import MemoryTickets
from tests.kit.shelf_provider import ShelfGateway
from tests.kit.waiting import eventually
from workers.installer import Installer

SECONDS_MAX = 10.0
ENDS = (RunSucceeded, RunFailed, RunPartiallyFailed)
ACK = ("ack", None)
Wanted = TypeVar("Wanted", bound=Event)


def only(events: list[Event], wanted: type[Wanted]) -> Wanted:
    (found,) = [event for event in events if isinstance(event, wanted)]
    return found


class Installing:
    def __init__(self, store: MemoryEventStore | None = None) -> None:
        self.world = World(store)
        self.provider = ShelfGateway(lambda: self.world.now)
        self.tickets = MemoryTickets()
        self.changed = asyncio.Event()
        self.connections: list[InstallerConnection] = []
        self._issued = 0

    async def connect(self, name: str = "openai", *, places: int = 4) -> InstallerConnection:
        """Active and, from the next look on, served."""
        await self.world.connect(name, concurrency_max=places)
        connection = InstallerConnection(
            provider_id=provider_stream(name), name=name, kind="openai", concurrency_max=places
        )
        self.connections.append(connection)
        self.changed.set()
        return connection

    async def queue(self, *providers: str, skill: str = NAME, **more: Any) -> UUID:
        """A run of the latest version of a skill, registered if it was not yet, and the tickets for it."""
        if not await self.world.events(skill_stream(skill)):
            await self.world.register(name=skill)
        queued = await self.world.queue(*(providers or ("openai",)), skill=skill, **more)
        await self.issue()
        return queued.run_id

    async def uninstall(self, provider: str = "openai") -> UUID:
        """A run that removes what is live, and the ticket for it."""
        run = await self.world.uninstall(provider)
        await self.issue()
        return run.run_id

    async def issue(self) -> None:
        events = await self.world.store.read(after=self._issued, limit=10_000)
        self._issued += len(events)
        self.tickets.issue(events)

    async def active(self) -> Sequence[InstallerConnection]:
        return tuple(self.connections)

    async def prepare(self, kind: ProviderKind) -> None:
        """There is nothing to load."""

    @property
    def gateway(self) -> ProviderGateway:
        return self.provider

    def installer(self, world: World) -> Installer:
        """Another world is another process: it has decided nothing yet."""
        return Installer(
            start=world.start_attempt,
            settle=world.settle_attempt,
            gateway=self.gateway,
            bundles=self.world.bundles,
            connections=self.active,
            prepare=self.prepare,
            open_tickets=self.tickets.open,
            connections_changed=self.changed,
        )

    @asynccontextmanager
    async def working(self, *others: World) -> AsyncIterator[None]:
        """One installer, and one more for each other world; stopped in order at the end."""
        stopping = asyncio.Event()
        installers = [self.installer(world) for world in (self.world, *others)]
        running = [asyncio.create_task(installer.run(stopping)) for installer in installers]
        try:
            yield
        finally:
            stopping.set()
            async with asyncio.timeout(SECONDS_MAX):
                await asyncio.gather(*running)
        assert self.tickets.sources_open == 0
        assert self.provider.open_count == 0

    async def ended(self, run_id: UUID) -> list[Event]:
        """The events of a run, once it has ended; meanwhile tickets are issued for the slots that come free."""

        async def has_ended() -> bool:
            await self.issue()
            return isinstance((await self.recorded(run_id))[-1].event, ENDS)

        await eventually(has_ended, SECONDS_MAX)
        return [recorded.event for recorded in await self.recorded(run_id)]

    async def recorded(self, stream: UUID) -> list[Recorded]:
        """From the log, which answers also while the store's streams cannot be read."""
        events = await self.world.store.read(after=0, limit=10_000)
        return [event for event in events if event.stream == stream]

    async def calls_under_way(self, count: int, connection: str = "openai") -> None:
        async def so_many() -> bool:
            return self.provider.at_once[connection] == count

        await eventually(so_many, SECONDS_MAX)

    async def answered(self, *answers: tuple[str, Any]) -> None:
        async def all_said() -> bool:
            return self.tickets.answers == list(answers)

        await eventually(all_said, SECONDS_MAX)
