"""Publishes what is on record about alerts on NATS, in order, each once, from where it or another has stopped."""

from datetime import datetime, timedelta
from typing import Final

import structlog

from adapters.nats.alerts import AlertPublisher, alert_message_of
from adapters.postgres.watched import PostgresWatched
from commands.handling import Handling
from commands.raise_alert import RaiseAlert, RaiseAlertHandler
from domain.alert.decisions import Condition
from domain.alert.events import AlertRaised, AlertRepeated
from domain.alert.rules import Rule, RuleName
from domain.alert.state import ALERT, alert_stream
from domain.events import Actor, Context, Recorded
from workers.alert_outage import SUBJECT, Outage, OutageAlerts, StoreHealth
from workers.alert_watching import ALERT_TOPICS

ALERTS: Final = Actor(kind="system", id="alerts", name="alerts")
# So often NATS is asked whether somebody has told of an outage there.
OUTAGES_SECONDS: Final = 60.0

log = structlog.get_logger(__name__)


class Teller:
    """`told` is how far it has come: what is behind that is published by whoever comes next."""

    def __init__(
        self, *, watched: PostgresWatched, publisher: AlertPublisher, outages: OutageAlerts, told: int
    ) -> None:
        self._watched = watched
        self._publisher = publisher
        self._outages = outages
        self._begun = False
        self.told = told

    async def tell(self, *, upto: int, newest: int) -> None:
        """All alert events up to a position; `newest` is that of the last one. Raises NatsUnavailable, StoreOffline."""
        if not self._begun:
            # A store that was set back may have a role that was not.
            self.told = min(self.told, upto)
        elif newest <= self.told:
            self.told = max(self.told, upto)
        while self.told < upto:
            taken = await self._watched.read(after=self.told, topics=ALERT_TOPICS)
            if taken.position <= self.told:
                return
            for recorded in taken.events:
                if recorded.position <= upto:
                    await self._publish(recorded)
                    self.told = recorded.position
            self.told = min(taken.position, upto)
        self._begun = True

    async def _publish(self, recorded: Recorded) -> None:
        message = alert_message_of(recorded)
        if message is not None and not await self._was_told(recorded):
            await self._publisher.publish(message)

    async def _was_told(self, recorded: Recorded) -> bool:
        """That the database was away was told on NATS before it could be put on record."""
        event = recorded.event
        if not isinstance(event, AlertRaised | AlertRepeated) or event.rule is not RuleName.DATABASE_OFFLINE:
            return False
        last = await self._outages.last_said()
        return last is not None and last.alert_id == event.alert_id


class OutageRecord:
    """Puts outages that are over on record: one's own, and those of which somebody else has told on NATS."""

    def __init__(self, *, handling: Handling, health: StoreHealth, outages: OutageAlerts, rule: Rule) -> None:
        self._handling = handling
        self._raise_alert = RaiseAlertHandler(handling=handling)
        self._health = health
        self._outages = outages
        self._rule = rule
        self._asked_at: datetime | None = None

    async def record_own(self) -> None:
        """Raises Busy, StoreOffline."""
        past = self._health.past
        if past is None:
            return
        await self._record(Condition(rule=RuleName.DATABASE_OFFLINE, subject=SUBJECT, facts=past.facts), past)
        if self._health.past is past:
            self._health.past = None

    async def record_told(self) -> None:
        """Raises NatsUnavailable, Busy, StoreOffline."""
        now = self._handling.clock()
        if self._asked_at is not None and now - self._asked_at < timedelta(seconds=OUTAGES_SECONDS):
            return
        last = await self._outages.last_said()
        if last is not None and self._health.outage is None:
            outage = Outage(since=last.at, reason="", alert_id=last.alert_id, said_at=last.at)
            await self._record(Condition(rule=RuleName.DATABASE_OFFLINE, subject=SUBJECT, facts=last.facts), outage)
        self._asked_at = now

    async def _record(self, condition: Condition, outage: Outage) -> None:
        """As what it was told as. One that is on record is not raised again, also if it is resolved there."""
        stream = alert_stream(condition.rule, condition.subject)
        alert = ALERT.fold(await self._handling.history(stream))
        if alert is not None and alert.alert_id == outage.alert_id:
            return
        context = Context(actor=ALERTS, request_id=f"alerts-{stream}", correlation_id=stream)
        await self._raise_alert(RaiseAlert(condition=condition, rule=self._rule, alert_id=outage.alert_id), context)
        log.info("outage_recorded", alert_id=str(outage.alert_id))
