"""The relay: follows the store by position, publishes every event, and issues a work ticket for every slot that is taken."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

import structlog
from msgspec import Struct

from adapters.nats.connection import NatsUnavailable
from adapters.nats.publisher import Publisher
from adapters.nats.streams import EVENTS_AGE_SECONDS_MAX
from domain.errors import StoreOffline
from domain.events import Recorded
from domain.installation.events import InstallationChanged, InstallationReleased, InstallationReserved
from domain.ports import EventLog, Roles
from domain.provider.events import ProviderConnected
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
    stopping: asyncio.Event,
    holder: str,
    progress: Progress | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Relay, or stand by while somebody else does, until `stopping` is set. Neither NATS nor the store being away ends it."""
    relay = Relay(log=log, publisher=publisher, stopping=stopping, progress=progress or Progress())
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
    """Two cursors: `stored` is what the events stream has, by its own last message; the tenure's position is the checkpoint,
    up to which every event is stored and every ticket issued. They differ after a crash, and while lost copies are replaced.
    """

    def __init__(self, *, log: EventLog, publisher: Publisher, stopping: asyncio.Event, progress: Progress) -> None:
        self._log = log
        self._publisher = publisher
        self._stopping = stopping
        self._backoff_seconds = BACKOFF_SECONDS_MIN
        self.progress = progress

    async def serve(self, tenure: Tenure) -> None:
        """Publish until stopped or until the role is lost."""
        while self._active(tenure):
            try:
                await self._follow(tenure, await self._settle(tenure))
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

    async def _settle(self, tenure: Tenure) -> int:
        """Find out what NATS has, make good what it lost, and return the position of the last event there."""
        standing = await self._publisher.stand()
        if standing.foreign or (standing.position or 0) > await self._log.head():
            logger.warning("relay_found_another_history", position=standing.position, foreign=standing.foreign)
            await self._publisher.clear_events()
            standing = await self._publisher.stand()
        stored = standing.position or 0
        if not standing.tickets_complete or stored < tenure.position:
            logger.info("relay_replacing", stored=stored, position=tenure.position, tickets=standing.tickets_complete)
            await self._reissue(tenure)
        return stored

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
                    case InstallationChanged() | InstallationReleased():
                        held.pop(recorded.stream, None)
                    case ProviderConnected():
                        await self._publisher.ensure_consumer(recorded.stream)
            after = events[-1].position
        if self._active(tenure):
            await self._publisher.issue(tuple(held.values()), at=datetime.now(UTC), again=True)
            await self._publisher.mark_tickets_complete()
            logger.info("relay_tickets_reissued", tickets=len(held))

    async def _follow(self, tenure: Tenure, stored: int) -> None:
        """Publish what comes, until something is wrong or the streams are no longer those that were found."""
        checked = time.monotonic()
        caught_up = False
        while self._active(tenure):
            if self._publisher.interrupted:
                return
            if time.monotonic() - checked > CHECK_SECONDS:
                if not await self._publisher.still_stands():
                    return
                checked = time.monotonic()
            after = min(stored, tenure.position)
            events = await self._log.read(after=after, limit=BATCH_MAX)
            if events:
                await self._publish(events, tenure=tenure, stored=stored)
                tenure.position, stored = (max(cursor, events[-1].position) for cursor in (tenure.position, stored))
            if len(events) == BATCH_MAX:
                caught_up = False
                await self._measure(tenure)
                continue
            self._report(tenure, caught_up=caught_up)
            caught_up = True
            if not events:
                await self._idle(tenure, after)

    async def _publish(self, events: Sequence[Recorded], *, tenure: Tenure, stored: int) -> None:
        now = datetime.now(UTC)
        horizon = now - timedelta(seconds=EVENTS_AGE_SECONDS_MAX)
        new = [recorded for recorded in events if recorded.position > tenure.position]
        for recorded in new:
            if isinstance(recorded.event, ProviderConnected):
                await self._publisher.ensure_consumer(recorded.stream)
        # A lost copy that the stream would drop for its age is not worth replacing.
        missing = [
            recorded
            for recorded in events
            if recorded.position > stored and (recorded.at > horizon or recorded.position > tenure.position)
        ]
        tickets = [recorded for recorded in new if isinstance(recorded.event, InstallationReserved)]
        if len(events) <= TICKETS_FIRST_MAX:
            await self._publisher.issue(tickets, at=now)
            await self._publisher.publish(missing)
            return
        outcomes = await asyncio.gather(
            self._publisher.issue(tickets, at=now), self._publisher.publish(missing), return_exceptions=True
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _idle(self, tenure: Tenure, after: int) -> None:
        await first_of(
            self._log.wait(after=after, timeout_seconds=IDLE_SECONDS),
            self._stopping.wait(),
            tenure.lost.wait(),
            timeout_seconds=IDLE_SECONDS,
        )

    def _report(self, tenure: Tenure, *, caught_up: bool) -> None:
        self._backoff_seconds = BACKOFF_SECONDS_MIN
        self.progress.state, self.progress.reason = "relaying", None
        self.progress.position = self.progress.head = tenure.position
        if not caught_up:
            logger.info("relay_caught_up", position=tenure.position)

    async def _measure(self, tenure: Tenure) -> None:
        self.progress.position = tenure.position
        try:
            self.progress.head = await self._log.head()
        except StoreOffline:
            return


async def first_of(*waits: Awaitable[Any], timeout_seconds: float) -> None:
    """Return when the first of these is done, or when the time is over; the others are cancelled."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, timeout=timeout_seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
