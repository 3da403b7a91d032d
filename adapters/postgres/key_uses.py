"""The last uses of API keys on Postgres: one row a key, dated by the database's clock."""

from collections.abc import Mapping
from typing import Final

from adapters.postgres.connection import Pool, offline_errors

# In one order, so that two processes that note the same keys do not wait for each other. Nobody waits for these to be on the disk.
NOTE: Final = """
    INSERT INTO key_uses AS known (key_id, used_at)
    SELECT key_id, clock_timestamp() - make_interval(secs => seconds_ago)
    FROM unnest(%(key_ids)s::text[], %(seconds_ago)s::float8[]) AS used (key_id, seconds_ago)
    WHERE set_config('synchronous_commit', 'off', true) IS NOT NULL
    ORDER BY key_id
    ON CONFLICT (key_id) DO UPDATE SET used_at = greatest(known.used_at, excluded.used_at)
"""


class PostgresKeyUses:
    """Implements `KeyUses`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def note(self, seconds_ago: Mapping[str, float]) -> None:
        values = {"key_ids": list(seconds_ago), "seconds_ago": list(seconds_ago.values())}
        with offline_errors():
            async with self._pool.connection() as connection:
                await connection.execute(NOTE, values)
