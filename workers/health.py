"""What readiness rests on: the database, its migrations, the read models, NATS, and somebody in every single role."""

import time
from collections.abc import Callable, Sequence

from adapters.http.health import Check, CheckOutcome
from adapters.http.health_details import (
    AskDetails,
    DatabaseDetails,
    Details,
    MigrationDetails,
    NatsDetails,
    QueueDetails,
    ReadModelDetails,
    RoleDetails,
    StreamDetails,
)
from adapters.nats.connection import Connection
from adapters.postgres.checkpoint_lag import checkpoint_lag
from adapters.postgres.connection import Pool
from adapters.postgres.migrating import pending
from adapters.postgres.roles import PostgresRoles
from adapters.postgres.vitals import DatabaseVitals
from queries.read_model_health import read_model_health
from queries.reading import Reader
from workers.oversight import CHECKPOINT_LAG_SECONDS_MAX, RELAY_LAG_MAX
from workers.vitals import LookAtVitals, Vitals


def readiness_checks(*, pool: Pool, roles: PostgresRoles, reader: Reader, nats: Connection) -> Sequence[Check]:
    async def database() -> CheckOutcome:
        missing = await pending(pool)
        return CheckOutcome(ok=not missing, detail=f"Not migrated yet: {', '.join(missing)}." if missing else None)

    async def connected() -> CheckOutcome:
        return CheckOutcome(ok=nats.connected, detail=None if nats.connected else "Not connected; runs wait for it.")

    async def relay() -> CheckOutcome:
        standing = await roles.standing("relay")
        ok = standing.held and standing.lag <= RELAY_LAG_MAX
        detail = None if standing.held else "No relay is running; runs wait for one."
        return CheckOutcome(ok=ok, detail=detail, lag_events=standing.lag)

    async def projector() -> CheckOutcome:
        standing = await roles.standing("projector")
        health = await read_model_health(reader)
        parked = tuple(model.name for model in health if model.parked_event is not None)
        lag = max((model.lag for model in health), default=0)
        ok = standing.held and bool(health) and all(model.healthy for model in health)
        detail = None if standing.held else "No projector is running; answers are out of date."
        return CheckOutcome(ok=ok, detail=detail, lag_events=lag, parked=parked)

    async def notary() -> CheckOutcome:
        standing, lag = await roles.standing("notary"), await checkpoint_lag(pool)
        detail = "Events are not signed; the log of the notary says why."
        if not standing.held:
            detail = "No notary is running; what is stored now can be changed unseen."
        ok = standing.held and lag.seconds <= CHECKPOINT_LAG_SECONDS_MAX
        return CheckOutcome(ok=ok, detail=None if ok else detail, lag_events=lag.events)

    def held(role: str, absence: str) -> Check:
        async def ask() -> CheckOutcome:
            standing = await roles.standing(role)
            return CheckOutcome(ok=standing.held, detail=None if standing.held else absence)

        return Check(name=role, essential=False, ask=ask)

    return (
        Check(name="database", essential=True, ask=database),
        Check(name="projector", essential=False, ask=projector),
        Check(name="relay", essential=False, ask=relay),
        held("scheduler", "No scheduler is running; retries and timeouts wait for one."),
        held("watchdog", "No watchdog is running; what stands still is not found."),
        Check(name="notary", essential=False, ask=notary),
        held("alerts", "Nobody sees to the alerts; no one is told of what goes wrong."),
        Check(name="nats", essential=False, ask=connected),
    )


def readiness_details(look: LookAtVitals, *, version: str, clock: Callable[[], float] = time.monotonic) -> AskDetails:
    """The uptime counts from here."""
    started = clock()

    async def ask() -> Details:
        vitals = await look()
        return Details(
            version=version,
            uptime_seconds=round(clock() - started, 1),
            database=None if vitals.database is None else _of_the_database(vitals.database),
            read_models=_of_the_read_models(vitals),
            nats=_of_nats(vitals),
        )

    return ask


def _of_the_database(vitals: DatabaseVitals) -> DatabaseDetails:
    return DatabaseDetails(
        head_position=vitals.head,
        relay_lag_events=vitals.relay_lag,
        clock_difference_seconds=round(vitals.clock_difference_seconds, 3),
        migrations=MigrationDetails(applied=vitals.migrations_applied, pending=vitals.migrations_pending),
        roles=tuple(
            RoleDetails(
                role=role.role,
                held=role.held,
                holder=process_of(role.holder),
                epoch=role.epoch,
                lease_seconds_left=round(role.seconds_left, 1),
            )
            for role in vitals.roles
        ),
        queue=QueueDetails(
            waiting=vitals.queue.waiting,
            retrying=vitals.queue.retrying,
            running=vitals.queue.running,
            oldest_waiting_seconds=round(vitals.queue.oldest_waiting_seconds, 1),
        ),
    )


def process_of(holder: str) -> str:
    """Without the name of its host, which is nobody's business who has no key."""
    return "-".join(holder.split("-")[-2:])


def _of_the_read_models(vitals: Vitals) -> tuple[ReadModelDetails, ...] | None:
    if vitals.read_models is None:
        return None
    return tuple(
        ReadModelDetails(
            name=model.name, position=model.position, lag_events=model.lag, parked_event=model.parked_event
        )
        for model in vitals.read_models
    )


def _of_nats(vitals: Vitals) -> NatsDetails:
    streams = (
        None
        if vitals.streams is None
        else tuple(
            StreamDetails(
                name=stream.name,
                messages=stream.messages,
                bytes=stream.bytes,
                consumers=stream.consumers,
                created_at=stream.created_at,
            )
            for stream in vitals.streams
        )
    )
    return NatsDetails(connected=vitals.connected, server_version=vitals.nats_version, streams=streams)
