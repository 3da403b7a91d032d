"""The rows of the event table that an incident rests on, by stream and by position, byte for byte."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from psycopg.rows import tuple_row

from adapters.postgres.connection import Pool, offline_errors
from adapters.postgres.stored_events import bounded, stored_event
from domain.evidence.leaf import StoredEvent

OF_STREAMS: Final = "originator_id = ANY(%(streams)s) AND notification_id > %(after)s AND notification_id <= %(up_to)s"
AT: Final = "notification_id = ANY(%(positions)s)"
BETWEEN: Final = "notification_id > %(after)s AND notification_id <= %(up_to)s"
VERSIONS: Final = """
    SELECT originator_id, max(originator_version) FROM events
    WHERE originator_id = ANY(%(streams)s) GROUP BY originator_id
"""


class PostgresCaseEvents:
    """Implements `CaseEvents`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def of_streams(
        self, streams: Sequence[UUID], *, after: int, up_to: int, limit: int, bytes_max: int
    ) -> tuple[StoredEvent, ...]:
        values = {"streams": list(streams), "after": after, "up_to": up_to}
        return await self._events(OF_STREAMS, values | {"limit": limit, "bytes_max": bytes_max})

    async def at(self, positions: Sequence[int], *, limit: int, bytes_max: int) -> tuple[StoredEvent, ...]:
        return await self._events(AT, {"positions": list(positions), "limit": limit, "bytes_max": bytes_max})

    async def between(self, *, after: int, up_to: int, limit: int, bytes_max: int) -> tuple[StoredEvent, ...]:
        return await self._events(BETWEEN, {"after": after, "up_to": up_to, "limit": limit, "bytes_max": bytes_max})

    async def versions(self, streams: Sequence[UUID]) -> dict[UUID, int]:
        return dict(await self._rows(VERSIONS, {"streams": list(streams)}))

    async def _events(self, where: str, values: Mapping[str, object]) -> tuple[StoredEvent, ...]:
        return tuple(map(stored_event, await self._rows(bounded(where), values)))

    async def _rows(self, statement: str, values: Mapping[str, object]) -> list[Any]:
        with offline_errors():
            async with self._pool.connection() as connection, connection.cursor(row_factory=tuple_row) as cursor:
                await cursor.execute(statement.encode(), values)
                return await cursor.fetchall()
