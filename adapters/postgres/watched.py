"""What the alert rules look at in the database: the events that concern them, which runs have not ended, and who holds which role.

Each of these costs the same however many events there are.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Struct
from psycopg.rows import DictRow

from adapters.postgres.connection import Pool, offline_errors
from adapters.postgres.mapper import recorded_in
from domain.events import Recorded

# So many positions are looked through at once.
SPAN_MAX: Final = 5_000
STREAMS_AT_ONCE_MAX: Final = 500

COLUMNS: Final = "originator_id, originator_version, topic, state, notification_id"
READ: Final = f"""
    SELECT upto.head, upto.position, found.* FROM (
        SELECT position AS head, least(position, %(after)s::bigint + %(span)s) AS position FROM head
    ) AS upto LEFT JOIN LATERAL (
        SELECT {COLUMNS} FROM events
        WHERE notification_id > %(after)s AND notification_id <= upto.position AND topic = ANY(%(topics)s)
    ) AS found ON true
    ORDER BY found.notification_id
"""  # noqa: S608 - of constants
# Every target that has not ended has a timer, set or cleared with its events: one snapshot says both.
UNFINISHED: Final = """
    SELECT position AS head, ARRAY(SELECT DISTINCT subject FROM due WHERE name = 'target') AS runs FROM head
"""
BETWEEN: Final = """
    SELECT ARRAY(
        SELECT originator_id FROM events
        WHERE notification_id > %(after)s AND notification_id <= %(upto)s AND topic = ANY(%(topics)s)
        ORDER BY notification_id
    ) AS streams, (
        SELECT (convert_from(state, 'UTF8')::jsonb ->> 'at')::timestamptz FROM events
        WHERE notification_id = %(after)s::bigint + 1
    ) AS since
"""
STREAMS: Final = f"""
    SELECT {COLUMNS} FROM events
    WHERE originator_id = ANY(%(streams)s) AND notification_id <= %(upto)s ORDER BY notification_id
"""  # noqa: S608 - of constants
STANDING: Final = """
    SELECT head.position AS head, coalesce((SELECT size FROM checkpoint), 0) AS sealed,
        roles.role, roles.holder, roles.position, roles.expires_at > now() AS held
    FROM head LEFT JOIN roles ON true
"""
KEYS_IN_USE: Final = """
    SELECT key_id, used_at FROM key_uses WHERE used_at > now() - make_interval(secs => %(seconds)s)
    ORDER BY used_at DESC LIMIT %(limit)s
"""


class Taken(Struct, frozen=True, kw_only=True):
    """The events that were asked for, up to the position. `head` is that of the newest one there is."""

    events: tuple[Recorded, ...]
    position: int
    head: int


class RoleHeld(Struct, frozen=True, kw_only=True):
    holder: str
    position: int
    held: bool


class Standing(Struct, frozen=True, kw_only=True):
    """`sealed` is how many events the newest checkpoint is over; roles that nobody has ever had are not there."""

    head: int
    sealed: int
    roles: dict[str, RoleHeld]


class PostgresWatched:
    """Every method raises StoreOffline."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def read(self, *, after: int, topics: Collection[str]) -> Taken:
        """The events of these topics behind the position, as far as one look goes."""
        rows = await self._rows(READ, after=after, span=SPAN_MAX, topics=list(topics))
        found = (row for row in rows if row["notification_id"] is not None)
        return Taken(events=tuple(map(recorded_in, found)), position=rows[0]["position"], head=rows[0]["head"])

    async def unfinished_runs(self) -> tuple[int, tuple[UUID, ...]]:
        """The newest position, and the runs that had not ended then."""
        (row,) = await self._rows(UNFINISHED)
        return row["head"], tuple(row["runs"])

    async def streams_with(
        self, topics: Collection[str], *, after: int, upto: int
    ) -> tuple[tuple[UUID, ...], datetime | None]:
        """The streams with events of these topics behind one position and up to another, and when the first event there was."""
        (row,) = await self._rows(BETWEEN, after=after, upto=upto, topics=list(topics))
        return tuple(row["streams"]), row["since"]

    async def histories(self, streams: Sequence[UUID], *, upto: int) -> tuple[Recorded, ...]:
        """All events of these streams up to the position, in the order of their positions."""
        found: list[Recorded] = []
        for together in _batches(streams):
            found.extend(map(recorded_in, await self._rows(STREAMS, streams=together, upto=upto)))
        return tuple(sorted(found, key=lambda recorded: recorded.position))

    async def standing(self) -> Standing:
        rows = await self._rows(STANDING)
        roles = {
            row["role"]: RoleHeld(holder=row["holder"], position=row["position"], held=row["held"])
            for row in rows
            if row["role"] is not None
        }
        return Standing(head=rows[0]["head"], sealed=rows[0]["sealed"], roles=roles)

    async def keys_used(self, *, within_seconds: float, limit: int) -> dict[str, datetime]:
        """The ids of the keys that were used lately, and when."""
        rows = await self._rows(KEYS_IN_USE, seconds=within_seconds, limit=limit)
        return {row["key_id"]: row["used_at"] for row in rows}

    async def _rows(self, statement: str, **values: Any) -> list[DictRow]:
        with offline_errors():
            async with self._pool.connection() as connection:
                return await (await connection.execute(statement.encode(), values, binary=True)).fetchall()


def _batches(streams: Sequence[UUID]) -> Iterator[list[UUID]]:
    for start in range(0, len(streams), STREAMS_AT_ONCE_MAX):
        yield list(streams[start : start + STREAMS_AT_ONCE_MAX])
