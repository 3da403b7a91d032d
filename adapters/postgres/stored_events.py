"""The event table as it stands, byte for byte, for those who prove and check it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, tuple_row

from adapters.postgres.connection import Pool, offline_errors
from domain.evidence.leaf import StoredEvent
from domain.evidence.ports import StoreHead

# Together; a single row may be larger.
READ_BYTES_MAX: Final = 16 * 1024**2
COLUMNS: Final = "notification_id, originator_id, originator_version, topic, state"
BOUNDED: Final = """
    SELECT {columns} FROM (
        SELECT *, sum(octet_length(state)) OVER (ORDER BY notification_id) - octet_length(state) AS bytes_before FROM (
            SELECT {columns} FROM events WHERE {where} ORDER BY notification_id LIMIT %(limit)s
        ) AS found
    ) AS counted
    WHERE bytes_before < %(bytes_max)s ORDER BY notification_id
"""
BEHIND: Final = "notification_id > %(after)s"
AT: Final = f"SELECT {COLUMNS} FROM events WHERE notification_id = %s"  # noqa: S608 - constants
# An envelope begins with its id.
ID_AT: Final = """
    SELECT notification_id, substring(state from 8 for 36) FROM events
    WHERE notification_id >= %s ORDER BY notification_id LIMIT 1
"""
AMONG: Final = f"""
    SELECT {COLUMNS} FROM events
    WHERE notification_id >= %s AND notification_id < %s AND substring(state from 8 for 36) = %s
"""  # noqa: S608 - constants
NEWEST: Final = "SELECT coalesce(max(notification_id), 0) FROM events"

HEAD: Final = "SELECT position, epoch FROM head"

# The id says when it was made. How far from its place among the others it may be: processes have clocks of their own, and the one
# who was first to make an id is not always the first to be stored.
APART_MILLISECONDS: Final = (10_000, 600_000)
UUID_WITH_TIME: Final = 7
PROBES_MAX: Final = 64


class PostgresStoredEvents:
    """Implements `StoredEvents`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def read(self, *, after: int, limit: int) -> tuple[StoredEvent, ...]:
        with offline_errors():
            async with self._pool.connection() as connection:
                values = {"after": after, "limit": limit, "bytes_max": READ_BYTES_MAX}
                return tuple(map(stored_event, await _rows(connection, bounded(BEHIND), values)))

    async def head(self) -> StoreHead:
        with offline_errors():
            async with self._pool.connection() as connection:
                position, store = (await _rows(connection, HEAD, ()))[0]
                return StoreHead(position=position, store=store)

    async def one(self, event: UUID | int) -> StoredEvent | None:
        with offline_errors():
            async with self._pool.connection() as connection:
                if isinstance(event, int):
                    return _only(await _rows(connection, AT, (event,)))
                return await _find(connection, event)


def bounded(where: str) -> str:
    """A SELECT of `%(limit)s` rows at most, in the order of their positions, and none behind `%(bytes_max)s` of them."""
    return BOUNDED.format(columns=COLUMNS, where=where)


def stored_event(row: TupleRow) -> StoredEvent:
    """Of a row with the columns of `bounded`."""
    position, stream, version, topic, state = row
    return StoredEvent(position=position, stream=stream, version=version, topic=topic, state=state)


async def _find(connection: AsyncConnection[Any], event_id: UUID) -> StoredEvent | None:
    if event_id.version != UUID_WITH_TIME:
        return None
    made = _made(event_id)
    for apart in APART_MILLISECONDS:
        begin = await _first_since(connection, made - apart)
        end = await _first_since(connection, made + apart)
        if found := _only(await _rows(connection, AMONG, (begin, end, str(event_id).encode()))):
            return found
    return None


async def _first_since(connection: AsyncConnection[Any], milliseconds: int) -> int:
    """The first position whose event has an id from then or later, as far as they are in order; one behind the last, if none."""
    begin, end = 1, (await _rows(connection, NEWEST, ()))[0][0] + 1
    for _ in range(PROBES_MAX):
        if begin >= end:
            break
        middle = (begin + end) // 2
        found = await _rows(connection, ID_AT, (middle,))
        if found and found[0][0] < end and _made_by(found[0][1]) < milliseconds:
            begin = found[0][0] + 1
        else:
            end = middle
    return begin


async def _rows(
    connection: AsyncConnection[Any], statement: str, values: Sequence[object] | Mapping[str, object]
) -> list[TupleRow]:
    async with connection.cursor(row_factory=tuple_row, binary=True) as cursor:
        await cursor.execute(statement.encode(), values, prepare=True)
        return await cursor.fetchall()


def _only(rows: list[TupleRow]) -> StoredEvent | None:
    return stored_event(rows[0]) if rows else None


def _made(event_id: UUID) -> int:
    """When, in milliseconds since 1970; of a UUID that is not of version 7 it means nothing."""
    return event_id.int >> 80


def _made_by(id_text: bytes) -> int:
    try:
        return _made(UUID(id_text.decode()))
    except ValueError:
        # Somebody has put something there that is no event. It is in nobody's way.
        return 0
