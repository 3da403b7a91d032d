"""What a verification asks of the database beside the events: where the store begins and ends, its streams, its bundles."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Collection
from typing import Any, Final
from uuid import UUID

from msgspec import Struct
from psycopg.rows import tuple_row

from adapters.postgres.connection import Pool, offline_errors
from adapters.postgres.mapper import read_row
from domain.events import Recorded
from domain.evidence.leaf import StoredEvent
from domain.evidence.verdict import Finding, FindingKind, Restore
from domain.store.events import StoreRestored
from domain.store.state import STORE_STREAM

# So many rows of the index are looked at by one statement.
VERSIONS_PAGE: Final = 50_000

BOUNDS: Final = """
    SELECT head.position, head.epoch, coalesce(events.first, 1), coalesce(events.last, 0)
    FROM head, (SELECT min(notification_id) AS first, max(notification_id) AS last FROM events) AS events
"""
RESTORES: Final = """
    SELECT notification_id, originator_id, originator_version, topic, state FROM events
    WHERE originator_id = %s AND topic = %s ORDER BY notification_id
"""
# The last row of a page is the first of the next, so that no two neighbours are missed.
VERSIONS: Final = """
    WITH page AS (
        SELECT originator_id AS stream, originator_version AS version FROM events
        WHERE (originator_id, originator_version) >= (%s, %s)
        ORDER BY originator_id, originator_version LIMIT %s
    ), neighbours AS (
        SELECT stream, version, lag(stream) OVER ordered AS former_stream, lag(version) OVER ordered AS former
        FROM page WINDOW ordered AS (ORDER BY stream, version)
    )
    SELECT stream, version, CASE WHEN former_stream = stream THEN former ELSE 0 END, false FROM neighbours
    WHERE (stream, version) <> (%s, %s) AND version <> CASE WHEN former_stream = stream THEN former ELSE 0 END + 1
    UNION ALL (SELECT stream, version, 0, true FROM page ORDER BY stream DESC, version DESC LIMIT 1)
"""
POSITION_OF: Final = "SELECT notification_id FROM events WHERE originator_id = %s AND originator_version = %s"
CONTENT: Final = "SELECT content FROM bundle_files WHERE sha256 = %s"
NIL: Final = UUID(int=0)


class Bounds(Struct, frozen=True, kw_only=True):
    """Where the head stands, the store's epoch, and the positions of the first and the last event, at one moment."""

    head: int
    store: UUID
    first: int
    last: int


class PostgresEvidenceChecks:
    """Every method raises StoreOffline."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def bounds(self) -> Bounds:
        ((head, store, first, last),) = await self._rows(BOUNDS)
        return Bounds(head=head, store=store, first=first, last=last)

    async def restores(self) -> tuple[Restore, ...]:
        """Those that are on record, by position."""
        found = []
        for position, stream, version, topic, state in await self._rows(RESTORES, STORE_STREAM, StoreRestored.TOPIC):
            event = StoredEvent(position=position, stream=stream, version=version, topic=topic, state=state)
            try:
                found.append(Restore(position=position, at=recorded_of(event).at))
            except UnreadableEvent:
                continue  # which is a finding of its own
        return tuple(found)

    async def version_gaps(self) -> AsyncIterator[Finding]:
        """Where a stream lacks a version, over the whole store; this reads an index."""
        stream, version = NIL, 0
        while True:  # each round begins where the one before has ended, and there are finitely many rows
            last = stream, version
            for found_stream, found_version, former, is_last in await self._rows(
                VERSIONS, stream, version, VERSIONS_PAGE, stream, version
            ):
                if is_last:
                    stream, version = found_stream, found_version
                else:
                    yield await self._gap(found_stream, found_version, former)
            if (stream, version) == last:
                return

    async def bundle_digests(self, digests: Collection[str]) -> dict[str, str | None]:
        """What the bytes that go by each of these SHA-256 come to, in hex; None where there are none. Read one by one: a file may
        be large.
        """
        found: dict[str, str | None] = {}
        for digest in digests:
            rows = await self._rows(CONTENT, digest)
            found[digest] = await asyncio.to_thread(_sha256, rows[0][0]) if rows else None
        return found

    async def _gap(self, stream: UUID, version: int, former: int) -> Finding:
        rows = await self._rows(POSITION_OF, stream, version)
        missing = f"version {former + 1}" if version == former + 2 else f"the versions {former + 1} to {version - 1}"
        return Finding(
            kind=FindingKind.REMOVED,
            position=rows[0][0] if rows else None,
            detail=f"This is version {version} of stream {stream}, which has not {missing}.",
        )

    async def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with offline_errors():
            async with (
                self._pool.connection() as connection,
                connection.cursor(row_factory=tuple_row, binary=True) as cursor,
            ):
                await cursor.execute(statement.encode(), values)
                return await cursor.fetchall()


class UnreadableEvent(Exception):  # noqa: N818 - said of what is found
    """An event's envelope, or its data, is not what Waybill writes."""


def recorded_of(event: StoredEvent) -> Recorded:
    """Raises UnreadableEvent."""
    try:
        return read_row(
            position=event.position,
            stream=event.stream,
            version=event.version,
            topic=event.topic,
            state=event.state,
        )
    except Exception as error:
        # Whoever wrote it may have written anything; an upcaster may stumble over it in any way.
        raise UnreadableEvent(str(error)) from error


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
