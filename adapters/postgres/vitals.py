"""What somebody who looks after the database wants to know at a glance: how far it is, who is at work, what waits."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

from adapters.postgres.checkpoint_lag import CheckpointLag, lag_on
from adapters.postgres.connection import Pool, offline_errors
from adapters.postgres.migrating import migrations, pending
from domain.timers import TimerPhase

NOW: Final = "SELECT clock_timestamp() AS now, position AS head FROM head"
ROLES: Final = """
    SELECT role, holder, epoch, position, extract(epoch FROM expires_at - clock_timestamp())::float8 AS seconds_left
    FROM roles ORDER BY role
"""
QUEUE: Final = "SELECT phase, count(*) AS targets FROM due WHERE name = 'target' GROUP BY phase"
# By the event that made it wait: whoever looks after a timer sets it anew, and no target waits less for that.
OLDEST: Final = """
    SELECT (convert_from(state, 'UTF8')::jsonb ->> 'at')::timestamptz AS since FROM events
    WHERE notification_id = (
        SELECT min(position) FROM due WHERE name = 'target' AND phase IN ('waiting', 'ticketed')
    )
"""
RELAY: Final = "relay"
WAITING: Final = (TimerPhase.WAITING, TimerPhase.TICKETED)


class RoleVitals(Struct, frozen=True, kw_only=True):
    """`seconds_left` of the lease, less than none if nobody has the role."""

    role: str
    holder: str
    epoch: int
    position: int
    seconds_left: float

    @property
    def held(self) -> bool:
        return self.seconds_left > 0


class QueueVitals(Struct, frozen=True, kw_only=True):
    """Targets that wait for an installer, for the time of their retry, or for the outcome of their attempt."""

    waiting: int
    retrying: int
    running: int
    oldest_waiting_seconds: float


class DatabaseVitals(Struct, frozen=True, kw_only=True):
    """`clock_difference_seconds`: how far the database's clock is ahead of this machine's."""

    head: int
    clock_difference_seconds: float
    migrations_applied: int
    migrations_pending: tuple[str, ...]
    roles: tuple[RoleVitals, ...]
    queue: QueueVitals
    checkpoint_lag: CheckpointLag

    @property
    def relay_lag(self) -> int:
        """Events that are not on NATS yet, as the relay wrote down last."""
        relayed = next((role.position for role in self.roles if role.role == RELAY), 0)
        return max(0, self.head - relayed)


async def database_vitals(pool: Pool, *, clock: Callable[[], float] = time.time) -> DatabaseVitals:
    """Raises StoreOffline; and whatever Postgres says of tables that are missing."""
    missing = await pending(pool)
    with offline_errors():
        async with pool.connection() as connection:
            asked = clock()
            row = await (await connection.execute(NOW)).fetchone()
            answered = clock()
            assert row is not None  # noqa: S101 - the table has one row by construction
            roles = await (await connection.execute(ROLES)).fetchall()
            signing = await lag_on(connection)
            phases = await (await connection.execute(QUEUE)).fetchall()
            oldest = await (await connection.execute(OLDEST)).fetchone()
    now: datetime = row["now"]
    since: datetime = oldest["since"] if oldest else now
    targets = {found["phase"]: int(found["targets"]) for found in phases}
    return DatabaseVitals(
        head=row["head"],
        clock_difference_seconds=(now - datetime.fromtimestamp((asked + answered) / 2, UTC)).total_seconds(),
        migrations_applied=len(migrations()) - len(missing),
        migrations_pending=tuple(missing),
        roles=tuple(RoleVitals(**found) for found in roles),
        checkpoint_lag=signing,
        queue=QueueVitals(
            waiting=sum(targets.get(phase, 0) for phase in WAITING),
            retrying=targets.get(TimerPhase.RETRY, 0),
            running=targets.get(TimerPhase.RUNNING, 0),
            oldest_waiting_seconds=max(0.0, (now - since).total_seconds()),
        ),
    )
