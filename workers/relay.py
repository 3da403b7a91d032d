"""The relay: follows the store by position, publishes every event, and issues a work ticket for every slot that is taken."""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from uuid import UUID

import structlog
from msgspec import Struct

from adapters.nats.connection import NatsUnavailable
from adapters.nats.publisher import Publisher
from adapters.nats.streams import EVENTS_AGE_SECONDS_MAX
from domain.errors import StoreOffline
from domain.events import Recorded
from domain.installation.events import (
    InstallationChanged,
    InstallationReleased,
    InstallationRemoved,
    InstallationReserved,
)
from domain.ports import EventLog, Roles
from domain.provider.events import ProviderConnected
from workers.awaiting import first_of
from workers.failpoints import Failpoint, reach
from workers.recovering import Recovery
from workers.telemetry_batches import UNWATCHED, BatchWatch
from workers.tenure import Tenure

ROLE: Final = "relay"
BATCH_MAX: Final = 500
# A disk syncs one thing at a time. While little is going on somebody waits for the ticket; later it is the sum that counts.
TICKETS_FIRST_MAX: Final = 16
IDLE_SECONDS: Final = 1.0
STANDBY_SECONDS: Final = 1.0
# How long it may go unnoticed that somebody else made the streams anew, or emptied them.
CHECK_SECONDS: Final = 5.0
BACKOFF_SECONDS_MIN: Final = 0.1
BACKOFF_SECONDS_MAX: Final = 1.0

logger = structlog.get_logger(__name__)


class Progress(Struct):
    """How the relay is doing, for whoever asks. `position` is published and acknowledged; `reason` says why it waits."""

    state: Literal["standby", "relaying", "waiting"] = "standby"
    reason: str | None = None
    position: int = 0
    head: int = 0

    @property
    def lag(self) -> int:
        return max(0, self.head - self.position)


async def run(
    *,
    log: EventLog,
    roles: Roles,
    publisher: Publisher,
    recovery: Recovery,
    stopping: asyncio.Event,
    holder: str,
    progress: Progress | None = None,
    clock: Callable[[], float] = time.monotonic,
    watch: BatchWatch = UNWATCHED,
) -> None:
    """Relay, or stand by while somebody else does, until `stopping` is set. Neither NATS nor the store being away ends it."""
    progress = progress or Progress()
    relay = Relay(log=log, publisher=publisher, recovery=recovery, stopping=stopping, progress=progress, watch=watch)
    while not stopping.is_set():
        try:
            tenure = await Tenure.begin(roles, role=ROLE, holder=holder, clock=clock)
        except StoreOffline as error:
            relay.wait_because(str(error))
            await relay.pause(STANDBY_SECONDS)
            continue
        relay.stand_by()
        if tenure is None:
            await relay.pause(STANDBY_SECONDS)
            continue
        try:
            logger.info("relay_started", holder=holder, epoch=tenure.epoch, position=tenure.position)
            await relay.serve(tenure)
        finally:
            await tenure.end()
            relay.stand_by()


class Relay:
    """Two cursors: `_stored` is how far the events stream has come, by its own last message; the tenure's position is how far
    tickets are issued. They go together, except after a crash and while lost copies are being replaced.
    """

    def __init__(
        self,
        *,
        log: EventLog,
        publisher: Publisher,
        recovery: Recovery,
        stopping: asyncio.Event,
        progress: Progress,
        watch: BatchWatch = UNWATCHED,
    ) -> None:
        self._log = log
        self._publisher = publisher
        self._recovery = recovery
        self._stopping = stopping
        self._backoff_seconds = BACKOFF_SECONDS_MIN
        self._stored = 0
        self._watch = watch
        self.progress = progress

    async def serve(self, tenure: Tenure) -> None:
        """Publish until stopped or until the role is lost."""
        self._stored = tenure.position
        while self._active(tenure):
            try:
                await self._settle(tenure)
                await self._follow(tenure)
            except (NatsUnavailable, StoreOffline) as error:
                self.wait_because(str(error))
                await self._measure(tenure)
                await self.pause(self._backoff_seconds, tenure.lost)
                self._backoff_seconds = min(self._backoff_seconds * 2, BACKOFF_SECONDS_MAX)

    def wait_because(self, reason: str) -> None:
        if (self.progress.state, self.progress.reason) != ("waiting", reason):
            logger.warning("relay_waiting", reason=reason, position=self.progress.position)
        self.progress.state, self.progress.reason = "waiting", reason

    def stand_by(self) -> None:
        self.progress.state, self.progress.reason = "standby", None

    async def pause(self, seconds: float, *unless: asyncio.Event) -> None:
        await first_of(*(event.wait() for event in (self._stopping, *unless)), timeout_seconds=seconds)

    def _active(self, tenure: Tenure) -> bool:
        return tenure.held and not self._stopping.is_set()

    async def _settle(self, tenure: Tenure) -> None:
        """Find out what NATS has. If that is less than it had, it may have lost tickets too; if it is more, the store has."""
        self._publisher.follow(store_epoch=await self._recovery.of_a_copy())
        standing = await self._publisher.stand()
        if not standing.foreign and (epoch := await self._recovery.of_a_past(standing, self._publisher.newest)):
            self._publisher.follow(store_epoch=epoch)
            standing = await self._publisher.stand()
        if standing.foreign:
            logger.warning("relay_found_another_history", position=standing.position)
            await self._publisher.clear_events()
            standing = await self._publisher.stand()
        stored = standing.position
        if not standing.tickets_complete or stored < self._stored:
            logger.info("relay_reissuing_tickets", stored=stored, position=tenure.position)
            await self._reissue(tenure)
        self._stored = stored
        self._recovery.begin_comparing(self._publisher.store_epoch)

    async def _reissue(self, tenure: Tenure) -> None:
        """A ticket for every slot held at the checkpoint, and a consumer for every connection, from the store's own history."""
        held: dict[UUID, Recorded] = {}
        after = 0
        while after < tenure.position and self._active(tenure):
            events = await self._log.read(after=after, limit=BATCH_MAX)
            if not events:
                break
            for recorded in events:
                match recorded.event:
                    case InstallationReserved() if recorded.position <= tenure.position:
                        held[recorded.stream] = recorded
                    case InstallationChanged(kept=False) | InstallationRemoved(kept=False) | InstallationReleased():
                        held.pop(recorded.stream, None)
                    case ProviderConnected():
                        await self._publisher.ensure_consumer(recorded.stream)
            after = events[-1].position
        if self._active(tenure):
            await self._publisher.issue(tuple(held.values()), at=datetime.now(UTC), again=True)
            await self._publisher.mark_tickets_complete()
            logger.info("relay_tickets_reissued", tickets=len(held))

    async def _follow(self, tenure: Tenure) -> None:
        """Publish what comes, until something is wrong or the streams are no longer those that were found."""
        checked = time.monotonic()
        caught_up = False
        while self._active(tenure) and not self._publisher.interrupted:
            if time.monotonic() - checked > CHECK_SECONDS:
                past = await self._recovery.is_past(self._publisher.store_epoch)
                if past or not await self._publisher.still_stands():
                    return
                checked = time.monotonic()
            if self._stored < tenure.position:
                await self._issue_ahead(tenure)
            after = min(self._stored, tenure.position)
            events = await self._log.read(after=after, limit=BATCH_MAX)
            if events:
                with self._watch.relaying(events):
                    await self._publish(events, tenure)
            self.progress.state, self.progress.reason = "relaying", None
            if len(events) == BATCH_MAX:
                caught_up = False
                await self._measure(tenure)
                continue
            self._report(tenure, caught_up=caught_up)
            caught_up = True
            if not events:
                await self._idle(tenure, after)

    async def _issue_ahead(self, tenure: Tenure) -> None:
        """New work does not wait until a long history of copies is replaced."""
        events = await self._log.read(after=tenure.position, limit=BATCH_MAX)
        if events:
            await self._issue(events, datetime.now(UTC))
            tenure.position = events[-1].position

    async def _publish(self, events: Sequence[Recorded], tenure: Tenure) -> None:
        now = datetime.now(UTC)
        horizon = now - timedelta(seconds=EVENTS_AGE_SECONDS_MAX)
        unissued = [recorded for recorded in events if recorded.position > tenure.position]
        # A lost copy that the stream would drop for its age is not worth replacing.
        missing = [
            recorded
            for recorded in events
            if recorded.position > self._stored and (recorded.at > horizon or recorded.position > tenure.position)
        ]
        if len(events) <= TICKETS_FIRST_MAX:
            await self._issue(unissued, now)
            await self._publisher.publish(missing)
        else:
            outcomes = await asyncio.gather(
                self._issue(unissued, now), self._publisher.publish(missing), return_exceptions=True
            )
            for outcome in outcomes:
                if isinstance(outcome, BaseException):
                    raise outcome
        reach(Failpoint.RELAY_PUBLISHED)
        self._stored = max(self._stored, events[-1].position)
        tenure.position = max(tenure.position, events[-1].position)

    async def _issue(self, events: Sequence[Recorded], now: datetime) -> None:
        for recorded in events:
            if isinstance(recorded.event, ProviderConnected):
                await self._publisher.ensure_consumer(recorded.stream)
        tickets = [recorded for recorded in events if isinstance(recorded.event, InstallationReserved)]
        await self._publisher.issue(tickets, at=now)

    async def _idle(self, tenure: Tenure, after: int) -> None:
        await first_of(
            self._log.wait(after=after, timeout_seconds=IDLE_SECONDS),
            self._stopping.wait(),
            tenure.lost.wait(),
            timeout_seconds=IDLE_SECONDS,
        )

    def _report(self, tenure: Tenure, *, caught_up: bool) -> None:
        self._backoff_seconds = BACKOFF_SECONDS_MIN
        self.progress.position = self.progress.head = min(self._stored, tenure.position)
        if not caught_up:
            logger.info("relay_caught_up", position=tenure.position)

    async def _measure(self, tenure: Tenure) -> None:
        self.progress.position = min(self._stored, tenure.position)
        try:
            self.progress.head = await self._log.head()
        except StoreOffline:
            return
