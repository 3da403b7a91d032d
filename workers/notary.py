"""The notary: at most a second behind the store it signs a checkpoint over all that is there, unless that is not what it was."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import structlog

from adapters.evidence.folder import FolderBusy
from domain.errors import StoreOffline
from domain.evidence.ports import StoredEvents, StoreHead
from domain.evidence.tiles import TilesMissing
from workers.awaiting import first_of
from workers.checkpoint_publishing import CheckpointPublishing
from workers.sealing import Sealer
from workers.tenure import Tenure
from workers.witnesses import EvidenceContradicted

ROLE: Final = "notary"
# What comes within this shares a checkpoint; so no two are made in less.
GATHER_SECONDS: Final = 0.2
PAUSE_SECONDS: Final = 0.3
IDLE_SECONDS: Final = 1.0
# A copy on NATS is one witness more; it is not waited for any longer.
NATS_SECONDS: Final = 1.0
CONTRADICTED_SECONDS: Final = 60.0
BACKOFF_SECONDS_MIN: Final = 0.1
BACKOFF_SECONDS_MAX: Final = 2.0

log = structlog.get_logger(__name__)


class Doubts(Protocol):
    """Who is told whether the store is what was signed, and looks into it."""

    async def run(self) -> None:
        """Until it is cancelled, beside the signing."""
        ...

    async def contradicted(self, contradiction: EvidenceContradicted) -> None: ...

    def agreed(self) -> None:
        """What was signed before is still there."""
        ...


class Notary:
    """`wait` returns when there may be an event behind a position, or after a while."""

    def __init__(
        self,
        *,
        sealer: Sealer,
        stored: StoredEvents,
        wait: Callable[[int, float], Awaitable[None]],
        publishing: CheckpointPublishing,
        doubts: Doubts,
        stopping: asyncio.Event,
        contradicted_seconds: float = CONTRADICTED_SECONDS,
    ) -> None:
        self._sealer = sealer
        self._stored = stored
        self._wait = wait
        self._publishing = publishing
        self._doubts = doubts
        self._stopping = stopping
        self._contradicted_seconds = contradicted_seconds
        self._backoff_seconds = BACKOFF_SECONDS_MIN
        self._reason = ""
        self._found: str | None = None

    async def serve(self, tenure: Tenure) -> None:
        """Sign until stopped or until the role is lost. Neither NATS nor the store being away ends it."""
        async with asyncio.TaskGroup() as group:
            beside = (
                group.create_task(self._publishing.run(), name="checkpoint-publishing"),
                group.create_task(self._doubts.run(), name="evidence-doubts"),
            )
            while self._active(tenure):
                await self._sign(tenure)
            for task in beside:
                task.cancel()

    async def _sign(self, tenure: Tenure) -> None:
        try:
            await self._settle()
            await self._follow(tenure)
        except (StoreOffline, FolderBusy, OSError, TilesMissing) as error:
            await self._wait_because(error, tenure)
        except EvidenceContradicted as contradiction:
            await self._doubt(contradiction, tenure)

    def _active(self, tenure: Tenure) -> bool:
        return tenure.held and not self._stopping.is_set()

    async def _settle(self) -> None:
        await self._pause(NATS_SECONDS, self._publishing.looked)
        self._found = self._publishing.found
        await self._sealer.settle(elsewhere=self._publishing.newest)
        newest = self._sealer.newest
        log.info("notary_settled", store=str(self._sealer.store), sealed=self._sealer.size)
        if newest is not None:
            self._publishing.offer(newest)

    async def _follow(self, tenure: Tenure) -> None:
        """Sign what comes, until the store or the copies on NATS are not those any more that were found."""
        while self._active(tenure):
            head = await self._stored.head()
            if head.store != self._sealer.store or self._publishing.found != self._found:
                return
            before = self._sealer.size
            if head.position < before:
                raise EvidenceContradicted(
                    f"{before} events are signed, and the store has only {head.position}", position=head.position + 1
                )
            await self._seal(tenure, head)
            if self._sealer.size == head.position:
                await self._idle(tenure)

    async def _seal(self, tenure: Tenure, head: StoreHead) -> None:
        sealed = await self._sealer.seal(tenure, head)
        self._backoff_seconds, self._reason = BACKOFF_SECONDS_MIN, ""
        self._doubts.agreed()
        if sealed is not None:
            self._publishing.offer(sealed)

    async def _idle(self, tenure: Tenure) -> None:
        await self._pause(PAUSE_SECONDS, tenure.lost)
        await first_of(
            self._wait(self._sealer.size, IDLE_SECONDS),
            self._stopping.wait(),
            tenure.lost.wait(),
            timeout_seconds=IDLE_SECONDS,
        )
        await self._pause(GATHER_SECONDS, tenure.lost)

    async def _wait_because(self, error: Exception, tenure: Tenure) -> None:
        reason = str(error) or type(error).__name__
        if reason != self._reason:
            self._reason = reason
            log.warning("notary_waiting", reason=reason, sealed=self._sealer.size)
        await self._pause(self._backoff_seconds, tenure.lost)
        self._backoff_seconds = min(self._backoff_seconds * 2, BACKOFF_SECONDS_MAX)

    async def _doubt(self, contradiction: EvidenceContradicted, tenure: Tenure) -> None:
        if str(contradiction) != self._reason:
            self._reason = str(contradiction)
            log.error("evidence_contradicted", reason=self._reason, position=contradiction.position)
        await self._doubts.contradicted(contradiction)
        await self._pause(self._contradicted_seconds, tenure.lost)

    async def _pause(self, seconds: float, *unless: asyncio.Event) -> None:
        await first_of(*(event.wait() for event in (self._stopping, *unless)), timeout_seconds=seconds)
