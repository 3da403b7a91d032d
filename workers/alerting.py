"""The alerts part: looks at the events and at Waybill itself by the rules, puts on record what a person has to know of, and tells it
on NATS.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from msgspec import Struct

from adapters.nats.connection import NatsUnavailable
from commands.raise_alert import RaiseAlert, RaiseAlertHandler
from commands.resolve_alert import ResolveAlert, ResolveAlertHandler
from domain.alert.events import AlertRaised
from domain.alert.findings import Finding
from domain.alert.rules import RuleName, Rules
from domain.alert.standing import KeyInUse, Situation
from domain.alert.state import alert_stream
from domain.errors import Busy, StoreOffline
from domain.events import Context
from workers.alert_rules import EVALUATED
from workers.alert_telling import ALERTS, OutageRecord, Teller
from workers.alert_watching import StoreSetBackError, Watching
from workers.awaiting import first_of, when_online
from workers.tenure import Tenure

ROLE: Final = "alerts"
RULES: Final = "rules"
TELLING: Final = "telling"

ROUND_SECONDS: Final = 1.0
# How Waybill itself is doing is looked at this often; and this often what the read models know of, and the keys in use.
SITUATION_SECONDS: Final = 5.0
AROUND_SECONDS: Final = 60.0
# What was open already although we did not know: after this it is asked again whether it is to be said again.
AGAIN_SECONDS: Final = 60.0

log = structlog.get_logger(__name__)


class Saying(Struct, frozen=True, kw_only=True):
    """What the part may put on record."""

    raise_alert: RaiseAlertHandler
    resolve_alert: ResolveAlertHandler
    outages: OutageRecord


class Alerting:
    """Two lanes, so that a NATS that is away, and what waits for it, keep no rule from being looked at.

    Whoever had the role before and still believes to have it does no harm: an alert is raised once, by its stream, and a message
    is stored once, by its id.
    """

    def __init__(
        self,
        *,
        rules: Rules,
        watching: Callable[[], Watching],
        teller: Callable[[int], Teller],
        saying: Saying,
        nats_connected: Callable[[], bool],
        clock: Callable[[], datetime],
        stopping: asyncio.Event,
        round_seconds: float = ROUND_SECONDS,
    ) -> None:
        self._rules = rules
        self._new_watching = watching
        self._new_teller = teller
        self._saying = saying
        self._nats_connected = nats_connected
        self._clock = clock
        self._stopping = stopping
        self._round_seconds = round_seconds
        self._spoken = asyncio.Event()
        self._keys: tuple[KeyInUse, ...] = ()
        self._situation: Situation | None = None
        self._looked_at: datetime | None = None
        self._looked_around_at: datetime | None = None
        self._keys_at: datetime | None = None
        self._reasons: dict[str, str] = {}
        self.rounds = 0

    async def serve(self, tenure: Tenure) -> None:
        """Until stopped or until the role is lost."""
        watching = self._new_watching()
        self._looked_at = self._looked_around_at = self._keys_at = None
        if await when_online(lambda: _begun(watching), self._stopping) is None:
            return
        teller = self._new_teller(tenure.position)
        async with asyncio.TaskGroup() as lanes:
            lanes.create_task(self._lane(RULES, tenure, lambda: self._look(watching)))
            lanes.create_task(self._lane(TELLING, tenure, lambda: self._tell(watching, teller, tenure)))

    async def _lane(self, name: str, tenure: Tenure, work: Callable[[], Awaitable[None]]) -> None:
        """A role that has expired may be had again later on: for both lanes it is over when it is for one of them."""
        while tenure.held and not self._stopping.is_set():
            await self._once(name, tenure, work)
            spoken = (self._spoken.wait(),) if name == TELLING else ()
            await first_of(self._stopping.wait(), tenure.lost.wait(), *spoken, timeout_seconds=self._round_seconds)
        if not self._stopping.is_set():
            tenure.lost.set()

    async def _once(self, name: str, tenure: Tenure, work: Callable[[], Awaitable[None]]) -> None:
        if name == TELLING:
            self._spoken.clear()
        try:
            await work()
            self._reasons.pop(name, None)
        except (NatsUnavailable, StoreOffline, Busy) as error:
            self._wait_for(name, str(error))
        except StoreSetBackError:
            log.warning("alerts_begin_again", reason="the store was set back")
            tenure.lost.set()

    def _wait_for(self, name: str, reason: str) -> None:
        if self._reasons.get(name) != reason:
            self._reasons[name] = reason
            log.warning("alerts_waiting", lane=name, reason=reason)

    async def _look(self, watching: Watching) -> None:
        """Raises Busy, StoreOffline, StoreSetBackError."""
        while await watching.advance():
            pass
        await self._saying.outages.record_own()
        situation = await self._situation_of(watching)
        spoken = [await self._say(rule, watching, situation) for rule in EVALUATED]
        if any(spoken):
            await watching.advance()
            self._spoken.set()
        self.rounds += 1

    async def _situation_of(self, watching: Watching) -> Situation:
        now = self._clock()
        if _is_due(self._looked_around_at, now, AROUND_SECONDS) and await watching.look_around():
            self._looked_around_at = now
        if _is_due(self._keys_at, now, AROUND_SECONDS):
            self._keys, self._keys_at = await watching.keys_in_use(), now
        if self._situation is None or _is_due(self._looked_at, now, SITUATION_SECONDS):
            self._situation = await watching.situation(nats_connected=self._nats_connected(), keys=self._keys)
            self._looked_at = now
        return self._situation

    async def _say(self, rule: RuleName, watching: Watching, situation: Situation) -> bool:
        """Whether there was anything to say. What cannot be said of one rule is in the way of no other. Raises StoreOffline."""
        changes = watching.at_work.changes(rule, situation, now=self._clock())
        try:
            for finding in changes.said:
                await self._raise(rule, finding, watching)
            for subject in changes.over:
                await self._resolve(rule, subject, watching)
        except StoreOffline:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the others are said
            watching.at_work.complain(rule, error)
        return bool(changes.said or changes.over)

    async def _raise(self, rule: RuleName, finding: Finding, watching: Watching) -> None:
        subject = finding.condition.subject
        command = RaiseAlert(condition=finding.condition, rule=self._rules.of(rule))
        said = await self._saying.raise_alert(command, _context(rule, subject, finding))
        again_at = said.again_at if said else self._clock() + timedelta(seconds=AGAIN_SECONDS)
        watching.at_work.open_alerts.note(rule, subject, again_at=again_at)
        if said is not None:
            log.warning(
                "alert_raised" if isinstance(said, AlertRaised) else "alert_repeated",
                alert_id=str(said.alert_id),
                rule=rule.value,
                severity=said.severity.value,
                subject=subject,
                facts=said.facts,
            )

    async def _resolve(self, rule: RuleName, subject: str, watching: Watching) -> None:
        said = await self._saying.resolve_alert(ResolveAlert(rule=rule, subject=subject), _context(rule, subject))
        watching.at_work.open_alerts.forget(rule, subject)
        if said is not None:
            log.info("alert_resolved", alert_id=str(said.alert_id), rule=rule.value, subject=subject)

    async def _tell(self, watching: Watching, teller: Teller, tenure: Tenure) -> None:
        """Raises NatsUnavailable, StoreOffline."""
        try:
            await self._saying.outages.record_told()
            await teller.tell(upto=watching.position, newest=watching.alert_position)
        finally:
            tenure.position = teller.told


def _is_due(last: datetime | None, now: datetime, seconds: float) -> bool:
    return last is None or not timedelta() <= now - last < timedelta(seconds=seconds)


async def _begun(watching: Watching) -> bool:
    await watching.begin()
    return True


def _context(rule: RuleName, subject: str, finding: Finding | None = None) -> Context:
    """What a single event made so belongs to what that event belongs to."""
    cause = finding.cause if finding else None
    stream: UUID = alert_stream(rule, subject)
    if cause is None:
        return Context(actor=ALERTS, request_id=f"alerts-{stream}", correlation_id=stream)
    return Context(
        actor=ALERTS,
        request_id=cause.request_id,
        correlation_id=cause.correlation_id,
        causation_id=cause.event_id,
    )
