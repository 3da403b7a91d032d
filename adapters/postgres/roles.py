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
    WHERE role = %(role)s AND epoch = %(epoch)s
"""
ADVANCE: Final = "UPDATE roles SET position = %(position)s WHERE role = %(role)s AND epoch = %(epoch)s"
RELEASE: Final = "UPDATE roles SET expires_at = now() WHERE role = %(role)s AND epoch = %(epoch)s"
STANDING: Final = """
    SELECT (SELECT position FROM head) AS head, roles.holder, roles.position, roles.expires_at > now() AS held
    FROM (SELECT %(role)s AS role) AS wanted LEFT JOIN roles USING (role)
"""


class RoleStanding(Struct, frozen=True, kw_only=True):
    """`holder` is None if nobody has ever had the role, `held` False while nobody has it; `lag` is in events."""

    holder: str | None
    held: bool
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
        return await self._update(RENEW, {"role": lease.role, "epoch": lease.epoch, "seconds": seconds})

    async def advance(self, lease: Lease, *, position: int) -> bool:
        return await self._update(ADVANCE, {"role": lease.role, "epoch": lease.epoch, "position": position})

    async def release(self, lease: Lease) -> None:
        await self._update(RELEASE, {"role": lease.role, "epoch": lease.epoch})

    async def standing(self, role: str) -> RoleStanding:
        """How the role is doing, for readiness. Raises StoreOffline."""
        with offline_errors():
            async with self._pool.connection() as connection:
                row = await (await connection.execute(STANDING, {"role": role})).fetchone()
        assert row is not None  # noqa: S101 - the statement has one row by construction
        return RoleStanding(
            holder=row["holder"], held=bool(row["held"]), lag=max(0, row["head"] - (row["position"] or 0))
        )

    async def _update(self, statement: str, values: dict[str, object]) -> bool:
        with offline_errors():
            async with self._pool.connection() as connection:
                cursor = await connection.execute(statement, values)
                return cursor.rowcount == 1
