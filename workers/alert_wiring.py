"""The alerts part, wired: the rules while it is our turn, and at any time an eye on Postgres and the webhooks."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from msgspec import Struct

from adapters.nats.alerts import AlertPublisher
from adapters.nats.connection import Connection
from adapters.postgres.connection import Pool
from adapters.postgres.roles import PostgresRoles
from adapters.postgres.watched import PostgresWatched
from commands.handling import Handling
from commands.raise_alert import RaiseAlertHandler
from commands.resolve_alert import ResolveAlertHandler
from domain.alert.rules import Rules
from domain.errors import StoreOffline
from queries.alert_hints import streams_to_watch
from queries.reading import Reader
from workers.alert_outage import ObservedRoles, OutageAlerts, StoreHealth
from workers.alert_telling import OutageRecord, Teller
from workers.alert_watching import Hints, Watching
from workers.alerting import ROLE, ROUND_SECONDS, Alerting, Saying
from workers.awaiting import migrated, when_online
from workers.running import holder
from workers.tenure import in_turn


class AlertsPart(Struct, frozen=True, kw_only=True):
    """Wired, and not yet at work."""

    alerting: Alerting
    health: StoreHealth
    outages: OutageAlerts
    pool: Pool
    stopping: asyncio.Event

    async def run(self, *, beside: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """Until told to stop. `beside` runs as long, whether or not Postgres is there."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.outages.run(self.stopping), name="outages")
            tasks.create_task(beside(), name="beside")
            tasks.create_task(self._in_turn(), name="alerts")

    async def _in_turn(self) -> None:
        if await when_online(self._migrated, self.stopping):
            roles = ObservedRoles(PostgresRoles(self.pool), self.health)
            await in_turn(roles, self.alerting.serve, role=ROLE, holder=holder("alerts"), stopping=self.stopping)

    async def _migrated(self) -> bool:
        try:
            return await migrated(self.pool)
        except StoreOffline as error:
            self.health.failed(error)
            raise


def wire_alerts(
    *,
    rules: Rules,
    pool: Pool,
    reader: Reader,
    handling: Handling,
    nats: Connection,
    stopping: asyncio.Event,
    round_seconds: float = ROUND_SECONDS,
) -> AlertsPart:
    """Neither Postgres nor NATS need be there."""
    publisher, watched = AlertPublisher(nats), PostgresWatched(pool)
    health = StoreHealth(rule=rules.database_offline, clock=handling.clock)
    outages = OutageAlerts(health=health, publisher=publisher, rule=rules.database_offline, clock=handling.clock)
    hints = Hints(streams=lambda: streams_to_watch(reader), read_models=reader.standing)
    alerting = Alerting(
        rules=rules,
        watching=lambda: Watching(watched=watched, hints=hints, rules=rules, clock=handling.clock),
        teller=lambda told: Teller(watched=watched, publisher=publisher, outages=outages, told=told),
        saying=Saying(
            raise_alert=RaiseAlertHandler(handling=handling),
            resolve_alert=ResolveAlertHandler(handling=handling),
            outages=OutageRecord(handling=handling, health=health, outages=outages, rule=rules.database_offline),
        ),
        nats_connected=lambda: nats.connected,
        clock=handling.clock,
        stopping=stopping,
        round_seconds=round_seconds,
    )
    return AlertsPart(alerting=alerting, health=health, outages=outages, pool=pool, stopping=stopping)
