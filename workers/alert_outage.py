"""Notices that Postgres stores nothing any more, and says so on NATS at once, since nothing can be put on record meanwhile."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

import structlog
from msgspec import Struct
from msgspec.structs import replace

from adapters.nats.alerts import AlertMessage, AlertPublisher
from adapters.nats.connection import NatsUnavailable
from domain.alert.events import Facts
from domain.alert.findings import timestamp
from domain.alert.rules import Lasting, RuleName
from domain.alert.state import alert_stream
from domain.errors import StoreOffline
from domain.ports import Lease, Roles
from workers.awaiting import first_of

SUBJECT: Final = "store"
LOOK_SECONDS: Final = 1.0
# Whoever holds the role or waits for it writes something this often; a server that hangs says nothing at all.
SILENCE_SECONDS: Final = 3.0
# Who did not get to look for so long was asleep: what it did not hear meanwhile says nothing.
ASLEEP_SECONDS: Final = 3.0
FIRST: Final = "first"

log = structlog.get_logger(__name__)


class Outage(Struct, frozen=True, kw_only=True):
    """`alert_id` and `said_at` are of what was said of it on NATS, None if that was away too."""

    since: datetime
    reason: str
    alert_id: UUID | None = None
    said_at: datetime | None = None

    @property
    def facts(self) -> Facts:
        return {"since": timestamp(self.since), "error": self.reason}


class StoreHealth:
    """Is told whenever something was written, or could not be. `past` is an outage that is over and not yet on record."""

    def __init__(
        self, *, rule: Lasting, clock: Callable[[], datetime], seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._rule = rule
        self._clock = clock
        self._seconds = seconds
        self._written_at = seconds()
        self._looked_at = seconds()
        self._reason = ""
        self.outage: Outage | None = None
        self.past: Outage | None = None

    def written(self) -> None:
        self._written_at, self._reason = self._seconds(), ""
        if self.outage is not None:
            log.info("database_online", since=timestamp(self.outage.since))
            self.past, self.outage = self.outage, None

    def failed(self, error: StoreOffline) -> None:
        """What is only not migrated, or restored and not yet looked after, is no outage."""
        if error.__cause__ is not None:
            self._reason = type(error.__cause__).__name__
        else:
            self._written_at = self._seconds()

    def remember(self, outage: Outage, said: Outage) -> None:
        """What was said of it; it may be over by now."""
        if self.outage is outage:
            self.outage = said
        elif self.past is outage:
            self.past = said

    def look(self) -> Outage | None:
        """The outage, as soon as it has lasted for as long as the rule has it."""
        now = self._seconds()
        if now - self._looked_at > ASLEEP_SECONDS:
            self._written_at = now
        self._looked_at = now
        silent = now - self._written_at
        patience = self._rule.after_seconds + (0.0 if self._reason else SILENCE_SECONDS)
        if self.outage is None and self._rule.enabled and silent >= patience:
            since = self._clock() - timedelta(seconds=silent)
            self.outage = Outage(since=since, reason=self._reason or "no answer")
            log.error("database_offline", since=timestamp(since), error=self.outage.reason)
        return self.outage


class OutageAlerts:
    """Any number of processes may see the same outage. What one has said is on NATS, where the others find it."""

    def __init__(
        self, *, health: StoreHealth, publisher: AlertPublisher, rule: Lasting, clock: Callable[[], datetime]
    ) -> None:
        self._health = health
        self._publisher = publisher
        self._rule = rule
        self._clock = clock

    async def run(self, stopping: asyncio.Event) -> None:
        reason = ""
        while not stopping.is_set():
            outage = self._health.look()
            try:
                if outage is not None and self._is_due(outage):
                    self._health.remember(outage, await self._say(outage))
                reason = ""
            except NatsUnavailable as error:
                if str(error) != reason:
                    reason = str(error)
                    log.warning("outage_not_said", reason=reason)
            await first_of(stopping.wait(), timeout_seconds=LOOK_SECONDS)

    async def last_said(self) -> AlertMessage | None:
        """What NATS has of an outage that nobody has said to be over. Raises NatsUnavailable."""
        last = await self._publisher.last(RuleName.DATABASE_OFFLINE)
        return None if last is None or last.kind == "resolved" else last

    def _is_due(self, outage: Outage) -> bool:
        again = timedelta(seconds=self._rule.renotify_seconds)
        return outage.said_at is None or self._clock() - outage.said_at >= again

    async def _say(self, outage: Outage) -> Outage:
        """Once for all who see it: the id follows from what was said before, so NATS stores it once. Raises NatsUnavailable."""
        now = self._clock()
        last = await self._publisher.last(RuleName.DATABASE_OFFLINE)
        before = last if last is not None and last.kind != "resolved" else None
        if before is not None and now - before.at < timedelta(seconds=self._rule.renotify_seconds):
            return replace(outage, alert_id=before.alert_id, said_at=before.at)
        stream = alert_stream(RuleName.DATABASE_OFFLINE, SUBJECT)
        message_id = uuid5(stream, last.id if last else FIRST)
        alert_id = before.alert_id if before else message_id
        await self._publisher.publish(
            AlertMessage(
                id=str(message_id),
                kind="repeated" if before else "raised",
                alert_id=alert_id,
                rule=RuleName.DATABASE_OFFLINE.value,
                severity=self._rule.severity,
                subject=SUBJECT,
                facts=outage.facts,
                times=(before.times or 1) + 1 if before else 1,
                at=now,
                position=None,
                correlation_id=stream,
            )
        )
        log.info("outage_said", alert_id=str(alert_id))
        return replace(outage, alert_id=alert_id, said_at=now)


class ObservedRoles:
    """Implements `Roles`, and tells how its writes went."""

    def __init__(self, roles: Roles, health: StoreHealth) -> None:
        self._roles = roles
        self._health = health

    async def acquire(self, *, role: str, holder: str, seconds: float) -> Lease | None:
        with _told(self._health):
            return await self._roles.acquire(role=role, holder=holder, seconds=seconds)

    async def renew(self, lease: Lease, *, seconds: float) -> bool:
        with _told(self._health):
            return await self._roles.renew(lease, seconds=seconds)

    async def advance(self, lease: Lease, *, position: int) -> bool:
        with _told(self._health):
            return await self._roles.advance(lease, position=position)

    async def release(self, lease: Lease) -> None:
        await self._roles.release(lease)


@contextmanager
def _told(health: StoreHealth) -> Iterator[None]:
    try:
        yield
    except StoreOffline as error:
        health.failed(error)
        raise
    health.written()
