"""How far the signed checkpoints are behind the store, in events and in seconds."""

from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct
from psycopg import AsyncConnection

from adapters.postgres.connection import Pool, offline_errors

ASK: Final = """
    SELECT greatest(head.position - coalesce(checkpoint.size, 0), 0) AS events, clock_timestamp() AS now, (
        SELECT state FROM events WHERE notification_id > coalesce(checkpoint.size, 0) ORDER BY notification_id LIMIT 1
    ) AS oldest
    FROM head LEFT JOIN checkpoint ON true
"""


class CheckpointLag(Struct, frozen=True, kw_only=True):
    """`seconds` since the oldest event was stored that is not signed; 0 if all are."""

    events: int
    seconds: float


class _Envelope(Struct):
    at: datetime


async def checkpoint_lag(pool: Pool) -> CheckpointLag:
    """Raises StoreOffline."""
    with offline_errors():
        async with pool.connection() as connection:
            return await lag_on(connection)


async def lag_on(connection: AsyncConnection[Any]) -> CheckpointLag:
    row = await (await connection.execute(ASK)).fetchone()
    assert row is not None  # noqa: S101 - the table has one row by construction
    seconds = (row["now"] - _at(row["oldest"])).total_seconds() if row["events"] and row["oldest"] else 0.0
    return CheckpointLag(events=row["events"], seconds=max(0.0, seconds))


def _at(state: bytes) -> datetime:
    """Somebody may have put something there that is no event; then it is as if nobody had ever signed."""
    try:
        return msgspec.json.decode(state, type=_Envelope).at
    except msgspec.MsgspecError:
        return datetime.fromisoformat("1970-01-01T00:00:00Z")
