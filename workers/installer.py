"""The installer: takes tickets for every connection in use while it has free places, and stops in order."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final
from uuid import UUID

import structlog

from adapters.nats.tickets import Received, TicketSource
from domain.errors import StoreOffline
from domain.provider.events import ProviderKind
from queries.installer_connections import InstallerConnection
from workers.calling import Caller
from workers.places import Places
from workers.ticket_handling import TicketHandler

TAKE_SECONDS: Final = 4.0
# For so long a place is kept free for a connection whose turn it is, before the next one has it.
TURN_SECONDS: Final = 0.5
DISCOVER_SECONDS: Final = 5.0
# How long a stop waits for calls that are under way, and then for what is known of them to be recorded.
GRACE_SECONDS: Final = 20.0
RECORD_SECONDS: Final = 5.0

log = structlog.get_logger(__name__)


class Installer:
    """Calls providers for any number of connections at once, each with its own places, so that none delays another."""

    def __init__(
        self,
        *,
        handler: TicketHandler,
        caller: Caller,
        concurrency: Mapping[ProviderKind, int],
        connections: Callable[[], Awaitable[Sequence[InstallerConnection]]],
        next_resumption_seconds: Callable[[], Awaitable[float | None]],
        prepare: Callable[[ProviderKind], Awaitable[None]],
        open_tickets: Callable[[UUID], TicketSource],
        connections_changed: asyncio.Event,
    ) -> None:
        self._handler = handler
        self._caller = caller
        self._connections = connections
        self._next_resumption_seconds = next_resumption_seconds
        self._prepare = prepare
        self._open_tickets = open_tickets
        self._connections_changed = connections_changed
        # A call may outlast the serving of its connection, and still takes a place then.
        self._places = Places(concurrency)
        self._serving: dict[UUID, asyncio.Task[None]] = {}
        self._working: set[asyncio.Task[None]] = set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Serve every connection in use until `stopping` is set, then let the calls under way end."""
        stop = asyncio.create_task(stopping.wait())
        try:
            while not stopping.is_set():
                self._connections_changed.clear()
                pause = await self._discover()
                changed = asyncio.create_task(self._connections_changed.wait())
                await asyncio.wait({stop, changed}, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
                changed.cancel()
        finally:
            stop.cancel()
            await self._finish()

    async def _discover(self) -> float:
        """Serve those that are in use now, and leave the others. For how long it may stay like this."""
        try:
            connections = {connection.provider_id: connection for connection in await self._connections()}
            resumption_seconds = await self._next_resumption_seconds()
        except StoreOffline:
            return DISCOVER_SECONDS
        self._places.serve(tuple(connections.values()))
        for provider_id, connection in connections.items():
            serving = self._serving.get(provider_id)
            if serving is None or serving.done():
                self._serving[provider_id] = asyncio.create_task(self._serve(connection))
                log.info("connection_served", provider=connection.name, places=connection.concurrency_max)
        for provider_id in self._serving.keys() - connections.keys():
            self._serving.pop(provider_id).cancel()
            log.info("connection_left", provider_id=str(provider_id))
        return DISCOVER_SECONDS if resumption_seconds is None else min(DISCOVER_SECONDS, max(0.0, resumption_seconds))

    async def _serve(self, connection: InstallerConnection) -> None:
        tickets = self._open_tickets(connection.provider_id)
        try:
            while True:
                places = self._places.free(connection)
                if places <= 0:
                    if await tickets.give_back():
                        self._places.stand_in_line(connection)
                    await self._places.change(TAKE_SECONDS)
                    continue
                seconds = TURN_SECONDS if self._places.in_line(connection) else TAKE_SECONDS
                taken = await tickets.take(places=places, timeout_seconds=seconds)
                if not taken:
                    self._places.step_back(connection)
                    await self._prepare(connection.kind)  # a good moment, since nobody waits
                for received in taken:
                    self._work(received, connection)
        except Exception:
            log.exception("connection_broke", provider=connection.name)
        finally:
            await tickets.close()

    def _work(self, received: Received, connection: InstallerConnection) -> None:
        """In a place of its own; a ticket for which there is none goes back, and is in nobody's hands meanwhile."""
        if self._places.enter(connection):
            task = asyncio.create_task(self._handler.handle(received, connection.kind))
            task.add_done_callback(lambda _: self._places.leave(connection))
        else:
            task = asyncio.create_task(received.later(0))
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def _finish(self) -> None:
        self._handler.stop()
        for task in self._serving.values():
            task.cancel()
        await asyncio.gather(*self._serving.values(), return_exceptions=True)
        if await self._end_within(GRACE_SECONDS):
            return
        log.warning("calls_cut", calls=self._caller.cut())
        if await self._end_within(RECORD_SECONDS):
            return
        # What is left is found by its expired lease.
        left = tuple(self._working)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _end_within(self, seconds: float) -> bool:
        """Whether all work has ended."""
        if self._working:
            await asyncio.wait(set(self._working), timeout=seconds)
        return not self._working
