"""What readiness rests on: the database, its migrations, the read models, NATS, and somebody in every single role."""

from collections.abc import Sequence

from adapters.http.health import Check, CheckOutcome
from adapters.nats.connection import Connection
from adapters.postgres.connection import Pool
from adapters.postgres.migrating import pending
from adapters.postgres.roles import PostgresRoles
from queries.read_model_health import read_model_health
from queries.reading import Reader
from workers.oversight import RELAY_LAG_MAX


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
        Check(name="nats", essential=False, ask=connected),
    )
