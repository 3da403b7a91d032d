"""The tiles port on Postgres: a row a tile, and one with the newest checkpoint."""

from collections.abc import Sequence
from typing import Any, Final

from psycopg import AsyncConnection

from adapters.postgres.connection import Pool, offline_errors
from domain.ports import Lease

READ: Final = "SELECT index, hashes FROM evidence_tiles WHERE level = %s AND index = ANY(%s)"
LATEST: Final = "SELECT note, public_key FROM checkpoint"
HOLD_ROLE: Final = "SELECT FROM roles WHERE role = %s AND epoch = %s AND holder = %s FOR SHARE"
WRITE_TILES: Final = """
    INSERT INTO evidence_tiles (level, index, hashes) SELECT * FROM unnest(%b::smallint[], %b::bigint[], %b::bytea[])
    ON CONFLICT (level, index) DO UPDATE SET hashes = excluded.hashes
"""
WRITE_CHECKPOINT: Final = """
    INSERT INTO checkpoint (size, note, public_key) VALUES (%s, %s, %s)
    ON CONFLICT (only_row) DO UPDATE
    SET size = excluded.size, note = excluded.note, public_key = excluded.public_key
"""


class PostgresTiles:
    """Implements `Tiles`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def read(self, level: int, indexes: Sequence[int]) -> dict[int, bytes]:
        with offline_errors():
            async with self._pool.connection() as connection:
                cursor = await connection.execute(READ, (level, list(indexes)), binary=True)
                return {row["index"]: row["hashes"] for row in await cursor.fetchall()}

    async def write(
        self, tiles: Sequence[tuple[int, int, bytes]], *, note: str, public_key: str, size: int, lease: Lease
    ) -> bool:
        with offline_errors():
            async with self._pool.connection() as connection, connection.transaction():
                if not await _is_held(connection, lease):
                    return False
                if tiles:
                    columns = [list(column) for column in zip(*tiles, strict=True)]
                    await connection.execute(WRITE_TILES, columns)
                await connection.execute(WRITE_CHECKPOINT, (size, note, public_key))
        return True

    async def latest(self) -> str | None:
        row = await self._checkpoint()
        return row["note"] if row else None

    async def public_key(self) -> str | None:
        row = await self._checkpoint()
        return row["public_key"] if row else None

    async def _checkpoint(self) -> dict[str, Any] | None:
        with offline_errors():
            async with self._pool.connection() as connection:
                return await (await connection.execute(LATEST)).fetchone()


async def _is_held(connection: AsyncConnection[Any], lease: Lease) -> bool:
    """And nobody else gets it before this transaction has ended."""
    cursor = await connection.execute(HOLD_ROLE, (lease.role, lease.epoch, lease.holder))
    return await cursor.fetchone() is not None
