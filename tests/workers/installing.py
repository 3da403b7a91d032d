"""An installer at work: the real one, with the real write side, and a store, a work stream and a provider in memory."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from adapters.memory.event_store import MemoryEventStore
from adapters.nats.messages import Ticket, timer_ticket_message
from commands.sweep_installation import SweepInstallationHandler
from commands.verify_provider import VerifyProviderHandler
from domain.events import Event, Recorded
from domain.install_run.events import RunFailed, RunPartiallyFailed, RunSucceeded
from domain.ports import ProviderGateway
from domain.provider.events import ProviderKind
from domain.provider.state import provider_stream
from domain.skill.state import skill_stream
from domain.timers import Timer, TimerName, TimerPhase
from queries.installer_connections import InstallerConnection
from tests.commands.world import NAME, World
from tests.kit.memory_tickets import MemoryTickets
from tests.kit.shelf_provider import ShelfGateway
from tests.kit.waiting import eventually
from workers.calling import Caller
from workers.installer import Installer
from workers.ticket_handling import TicketHandler

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
        self.resumption_seconds: float | None = None
        self.concurrency: dict[ProviderKind, int] = {}
        self._issued = 0

    async def connect(
        self, name: str = "openai", *, places: int = 4, kind: ProviderKind = "openai"
    ) -> InstallerConnection:
        """Active and, from the next look on, served."""
        await self.world.connect(name, kind=kind, concurrency_max=places)
        connection = InstallerConnection(
            provider_id=provider_stream(name), name=name, kind=kind, concurrency_max=places
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

    async def uninstall(self, provider: str = "openai", **more: Any) -> UUID:
        """A run that removes what is live, and the ticket for it."""
        run = await self.world.uninstall(provider, **more)
        await self.issue()
        return run.run_id

    async def issue(self) -> None:
        """What the relay does for slots that are taken, and the scheduler for retries that are due."""
        events = await self.world.store.read(after=self._issued, limit=10_000)
        self._issued += len(events)
        self.tickets.issue(events)
        self._issue_due(TimerName.TARGET, TimerPhase.RETRY)

    def look_after(self, name: TimerName) -> int:
        """What the scheduler does for timers of connections and installations; how many were due."""
        return self._issue_due(name, TimerPhase.DUE)

    def _issue_due(self, name: TimerName, phase: TimerPhase) -> int:
        timers = self.world.store.timers
        due = [(key, due) for key, due in timers.items() if key[0] is name and self._is_due(due.timer, phase)]
        for key, timer in due:
            del timers[key]
            message = timer_ticket_message(timer, issued_at=self.world.now)
            self.tickets.put(msgspec.json.decode(message.body, type=Ticket))
        return len(due)

    def _is_due(self, timer: Timer, phase: TimerPhase) -> bool:
        return timer.phase is phase and timer.due_at is not None and timer.due_at <= self.world.handling.clock()

    async def active(self) -> Sequence[InstallerConnection]:
        return tuple(self.connections)

    async def next_resumption_seconds(self) -> float | None:
        return self.resumption_seconds

    async def prepare(self, kind: ProviderKind) -> None:
        """There is nothing to load."""

    @property
    def gateway(self) -> ProviderGateway:
        return self.provider

    def installer(self, world: World) -> Installer:
        """Another world is another process: it has decided nothing yet."""
        caller = Caller(gateway=self.gateway, bundles=self.world.bundles)
        handler = TicketHandler(
            start=world.start_attempt,
            settle=world.settle_attempt,
            verify=VerifyProviderHandler(handling=world.handling, gateway=self.gateway),
            sweep=SweepInstallationHandler(handling=world.handling, gateway=self.gateway),
            caller=caller,
            prepare=self.prepare,
        )
        return Installer(
            handler=handler,
            caller=caller,
            concurrency=self.concurrency,
            connections=self.active,
            next_resumption_seconds=self.next_resumption_seconds,
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
