"""A single role while it is held: renewed and its progress written down beside the work, until it is lost or given back."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, Self

import structlog

from domain.errors import StoreOffline
from domain.ports import Lease, Roles

LEASE_SECONDS: Final = 5.0
RENEW_SECONDS: Final = 1.5
WRITE_SECONDS: Final = 0.2
STANDBY_SECONDS: Final = 1.0

log = structlog.get_logger(__name__)


class Tenure:
    """Raise `position` as the work goes on; stop at once when `held` is no longer true.

    Progress is written a few times a second, off the path of the work: what is done again after a crash is little.
    """

    def __init__(self, roles: Roles, lease: Lease, *, held_until: float, clock: Callable[[], float]) -> None:
        self._roles = roles
        self._lease = lease
        self._held_until = held_until
        self._clock = clock
        self._keeper: asyncio.Task[None] | None = None
        self._written = lease.position
        self.position = lease.position
        self.lost = asyncio.Event()

    @classmethod
    async def begin(
        cls, roles: Roles, *, role: str, holder: str, clock: Callable[[], float] = time.monotonic
    ) -> Self | None:
        """None while somebody else has the role. Raises StoreOffline."""
        held_until = clock() + LEASE_SECONDS
        lease = await roles.acquire(role=role, holder=holder, seconds=LEASE_SECONDS)
        if lease is None:
            return None
        tenure = cls(roles, lease, held_until=held_until, clock=clock)
        tenure._keeper = asyncio.create_task(tenure._keep(), name=f"tenure-{role}")
        return tenure

    @property
    def lease(self) -> Lease:
        """What writes are guarded with."""
        return self._lease

    @property
    def epoch(self) -> int:
        return self._lease.epoch

    @property
    def held(self) -> bool:
        """False as well when the lease ran out unnoticed, as for a process that was frozen."""
        return not self.lost.is_set() and self._clock() < self._held_until

    async def end(self) -> None:
        """Write down the last progress and let somebody else have the role at once."""
        if self._keeper is not None:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
        with suppress(StoreOffline):
            if self.held and await self._write():
                await self._roles.release(self._lease)

    async def _keep(self) -> None:
        renewed = self._clock()
        while not self.lost.is_set():
            await asyncio.sleep(WRITE_SECONDS)
            try:
                kept = await self._write()
                if kept and (now := self._clock()) - renewed >= RENEW_SECONDS:
                    kept = await self._roles.renew(self._lease, seconds=LEASE_SECONDS) and self.held
                    renewed, self._held_until = now, now + LEASE_SECONDS
            except StoreOffline:
                kept = self._clock() < self._held_until
            # What came when the time was over already does not bring it back: a part of the work may have stopped for that.
            if not kept or self._clock() >= self._held_until:
                self.lost.set()
                log.warning("role_lost", role=self._lease.role, holder=self._lease.holder, epoch=self._lease.epoch)

    async def _write(self) -> bool:
        position = self.position
        if position == self._written:
            return True
        written = await self._roles.advance(self._lease, position=position)
        self._written = position
        return written


async def in_turn(
    roles: Roles,
    serve: Callable[[Tenure], Awaitable[None]],
    *,
    role: str,
    holder: str,
    stopping: asyncio.Event,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Serve whenever it is our turn, until `stopping` is set; otherwise stand by. The store being away ends neither."""
    reason = ""
    while not stopping.is_set():
        tenure = None
        try:
            tenure = await Tenure.begin(roles, role=role, holder=holder, clock=clock)
            reason = ""
        except StoreOffline as error:
            if error.detail != reason:
                reason = error.detail
                log.warning("role_awaited", role=role, reason=reason)
        if tenure is None:
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), STANDBY_SECONDS)
            continue
        try:
            log.info("role_taken", role=role, holder=holder, epoch=tenure.epoch)
            await serve(tenure)
        finally:
            await tenure.end()
