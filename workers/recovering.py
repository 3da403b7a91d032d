"""Notices that the store was set back, by a restore from an older backup, and says so in it before anything else happens."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final
from uuid import UUID, uuid4

import structlog
import uuid_utils.compat

from adapters.nats.publisher import Copy, Standing
from adapters.postgres.clock import DatabaseClock
from adapters.postgres.connection import Pool, open_pool
from adapters.postgres.event_log import PostgresEventLog
from adapters.postgres.event_store import PostgresEventStore
from commands.handling import Handling
from commands.restore_store import RestoreStore, RestoreStoreHandler
from domain.errors import Busy, StoreOffline
from domain.events import Actor, Context
from domain.ports import EventLog
from workers.comparing import compare_if_restored
from workers.opening import postgres_url
from workers.settings import Settings

# A store without events may have forgotten everything.
EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)

log = structlog.get_logger(__name__)


class Recovery:
    """`at_home` tells whether the store stands where it remembers to, `restore` writes into one that does not, and `epoch` says
    what tells it from its former self after that. `compare` is done after a restore, if it was not. Every method raises
    StoreOffline.
    """

    def __init__(
        self,
        *,
        log: EventLog,
        at_home: Callable[[], Awaitable[bool]],
        restore: RestoreStoreHandler,
        epoch: Callable[[], Awaitable[str]],
        compare: Callable[[], Awaitable[None]],
        by: str,
    ) -> None:
        self._log = log
        self._at_home = at_home
        self._restore = restore
        self._epoch = epoch
        self._compare = compare
        self._by = by
        self._compared = ""
        self._comparing: asyncio.Task[None] | None = None

    async def is_past(self, epoch: str) -> bool:
        """Whether the store has another epoch by now, or needs one."""
        return not await self._at_home() or await self._epoch() != epoch

    async def of_a_copy(self) -> str:
        """The epoch of the store; a new one, if it was restored from a dump."""
        if not await self._at_home():
            await self.because("copy")
        return await self._epoch()

    def begin_comparing(self, epoch: str) -> None:
        """Beside everything else, once for each epoch."""
        if epoch != self._compared and (self._comparing is None or self._comparing.done()):
            self._comparing = asyncio.create_task(self._compare_once(epoch), name="comparing")

    async def stop(self) -> None:
        if self._comparing is not None:
            self._comparing.cancel()
            await asyncio.gather(self._comparing, return_exceptions=True)

    async def of_a_past(
        self, standing: Standing, newest: Callable[[Callable[[Copy], Awaitable[bool]]], Awaitable[Copy | None]]
    ) -> str | None:
        """The new epoch of a store that does not have the last event of its own copies; None if it has."""
        if standing.last is None or await self._has(standing.last):
            return None
        common = await newest(self._has)
        await self.because("copies_ahead", position=common.position if common else None)
        return await self._epoch()

    async def because(self, noticed: str, *, position: int | None = None) -> datetime:
        """Say so, and from when on something may be forgotten. `position` is what the store was set back to: its head, unless
        that is said.
        """
        position = await self._log.head() if position is None else position
        newest = await self._log.read(after=position - 1, limit=1) if position else ()
        since = newest[0].at if newest else EVER
        await self._restore(RestoreStore(since=since), self._context())
        log.warning("store_restored", noticed=noticed, position=position, since=since.isoformat())
        return since

    async def _compare_once(self, epoch: str) -> None:
        try:
            await self._compare()
        except (StoreOffline, Busy) as error:
            log.warning("comparing_interrupted", reason=error.detail)
        else:
            self._compared = epoch

    async def _has(self, copy: Copy) -> bool:
        found = await self._log.read(after=copy.position - 1, limit=1)
        return bool(found) and found[0].id == UUID(copy.event_id)

    def _context(self) -> Context:
        actor = Actor(kind="system", id=self._by, name=f"waybill {self._by}")
        return Context(actor=actor, request_id=f"recovery-{uuid4().hex[:12]}", correlation_id=uuid4())


@asynccontextmanager
async def open_recovery(
    settings: Settings, pool: Pool, event_log: PostgresEventLog, *, by: str
) -> AsyncIterator[Recovery]:
    """With a store that may write where others may not. Postgres need not be there yet."""
    store = PostgresEventStore(postgres_url(settings), name=f"waybill-{by}-recovery", recovers=True)
    try:
        async with DatabaseClock(pool) as clock:
            handling = Handling(store=store, clock=clock, new_id=uuid_utils.compat.uuid7)
            restore = RestoreStoreHandler(handling=handling)
            recovery = Recovery(
                log=event_log,
                at_home=event_log.at_home,
                restore=restore,
                epoch=event_log.epoch,
                compare=lambda: compare_if_restored(settings, event_log, by=by),
                by=by,
            )
            try:
                yield recovery
            finally:
                await recovery.stop()
    finally:
        await store.close()


async def recover(settings: Settings) -> datetime:
    """Say that the store was set back because a person says so. Raises StoreOffline."""
    url = postgres_url(settings)
    async with open_pool(url, name="waybill-recover", size_max=1) as pool:
        event_log = PostgresEventLog(url, name="waybill-recover-log")
        try:
            async with open_recovery(settings, pool, event_log, by="recover") as recovery:
                return await recovery.because("asked")
        finally:
            await event_log.close()
