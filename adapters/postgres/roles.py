"""The roles port on Postgres: one row a role, judged by the database's clock."""

from typing import Final

from msgspec import Struct

from adapters.postgres.connection import Pool, offline_errors
from domain.ports import Lease

ACQUIRE: Final = """
    INSERT INTO roles AS held (role, holder, epoch, expires_at)
    VALUES (%(role)s, %(holder)s, 1, now() + make_interval(secs => %(seconds)s))
    ON CONFLICT (role) DO UPDATE
    SET holder = excluded.holder, epoch = held.epoch + 1, expires_at = excluded.expires_at
    WHERE held.expires_at <= now() OR held.holder = excluded.holder
    RETURNING epoch, position
"""
RENEW: Final = """
    UPDATE roles SET expires_at = now() + make_interval(secs => %(seconds)s)
    WHERE role = %(role)s AND epoch = %(epoch)s AND holder = %(holder)s
"""
ADVANCE: Final = """
    UPDATE roles SET position = %(position)s WHERE role = %(role)s AND epoch = %(epoch)s AND holder = %(holder)s
"""
RELEASE: Final = """
    UPDATE roles SET expires_at = now() WHERE role = %(role)s AND epoch = %(epoch)s AND holder = %(holder)s
"""
STANDING: Final = """
    SELECT (SELECT position FROM head) AS head, roles.holder, roles.position, roles.expires_at > now() AS held
    FROM (SELECT %(role)s AS role) AS wanted LEFT JOIN roles USING (role)
"""


class RoleStanding(Struct, frozen=True, kw_only=True):
    """`holder` is None if nobody has ever had the role, `held` False while nobody has it. `position` is how far it has come, and
    `lag` how many events are behind that.
    """

    holder: str | None
    held: bool
    position: int
    lag: int


class PostgresRoles:
    """Implements `Roles`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def acquire(self, *, role: str, holder: str, seconds: float) -> Lease | None:
        with offline_errors():
            async with self._pool.connection() as connection:
                cursor = await connection.execute(ACQUIRE, {"role": role, "holder": holder, "seconds": seconds})
                row = await cursor.fetchone()
        if row is None:
            return None
        return Lease(role=role, holder=holder, epoch=row["epoch"], position=row["position"])

    async def renew(self, lease: Lease, *, seconds: float) -> bool:
        return await self._update(RENEW, lease, {"seconds": seconds})

    async def advance(self, lease: Lease, *, position: int) -> bool:
        return await self._update(ADVANCE, lease, {"position": position})

    async def release(self, lease: Lease) -> None:
        await self._update(RELEASE, lease, {})

    async def standing(self, role: str) -> RoleStanding:
        """How the role is doing, for readiness. Raises StoreOffline."""
        with offline_errors():
            async with self._pool.connection() as connection:
                row = await (await connection.execute(STANDING, {"role": role})).fetchone()
        assert row is not None  # noqa: S101 - the statement has one row by construction
        position = row["position"] or 0
        return RoleStanding(
            holder=row["holder"], held=bool(row["held"]), position=position, lag=max(0, row["head"] - position)
        )

    async def _update(self, statement: str, lease: Lease, values: dict[str, object]) -> bool:
        """The holder is asked for too: in a restored store the same epoch comes again."""
        values |= {"role": lease.role, "epoch": lease.epoch, "holder": lease.holder}
        with offline_errors():
            async with self._pool.connection() as connection:
                cursor = await connection.execute(statement, values)
                return cursor.rowcount == 1
