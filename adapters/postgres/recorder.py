"""The event store's recorder: the library's, with an insert that many commands can share.

Read ADR 0002 for why the library's own insert cannot: one conflict loses the whole batch and leaves a gap in the numbers.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import psycopg
from eventsourcing.persistence import IntegrityError, Notification, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder
from msgspec import Struct
from psycopg import Connection, Cursor
from psycopg.rows import DictRow
from psycopg.sql import SQL, Identifier

from adapters.postgres.connection import Datastore
from adapters.postgres.mapper import event_id
from adapters.postgres.timers import SetBy, write_timers
from domain.chat.texts import CHAT_TEXTS
from domain.errors import StoreOffline
from domain.events import Context
from domain.ports import SideRow
from domain.timers import Timer

EVENTS_TABLE: Final = "events"
EVENTS_CHANNEL: Final = "waybill_events"
SIDE_TABLES: Final = frozenset({"credentials", CHAT_TEXTS})

LOCK_HEAD: Final = "SELECT position, coalesce(place = store_place(), true) AS at_home FROM head FOR UPDATE"
MOVE_HEAD: Final = "UPDATE head SET position = %s, place = coalesce(place, store_place())"
SETTLE_HEAD: Final = "UPDATE head SET position = %s, place = store_place(), epoch = gen_random_uuid()"
AT_HOME: Final = "SELECT coalesce(place = store_place(), true) AS at_home FROM head"
NOTIFY: Final = "SELECT pg_notify(%s, %s)"
VERSIONS: Final = """
    SELECT wanted.stream, latest.version
    FROM unnest(%s::uuid[]) AS wanted (stream)
    CROSS JOIN LATERAL (
        SELECT originator_version AS version FROM events
        WHERE originator_id = wanted.stream ORDER BY originator_version DESC LIMIT 1
    ) AS latest
"""
INSERT: Final = """
    INSERT INTO events (originator_id, originator_version, topic, state, notification_id)
    SELECT * FROM unnest(%b::uuid[], %b::bigint[], %b::text[], %b::bytea[], %b::bigint[])
"""
STREAMS: Final = """
    SELECT originator_id, originator_version, topic, state, notification_id FROM events
    WHERE originator_id = ANY(%s) ORDER BY originator_id, originator_version
"""
STREAMS_OF: Final = "SELECT originator_id FROM events WHERE originator_version = 1 AND starts_with(topic, %s)"
STORED_AT: Final = """
    SELECT state, notification_id FROM events
    WHERE originator_id = %s AND originator_version = %s
"""
RESTORED: Final = "The database was restored or moved: nothing is stored before the relay has seen to that."


class Entry(Struct, frozen=True):
    """One command's share of a batch. `expected` holds the version of every stream that its decision read. The timers are set
    by the last of the events, in this `context`.
    """

    expected: Mapping[UUID, int]
    events: tuple[StoredEvent, ...]
    context: Context
    rows: tuple[SideRow, ...] = ()
    timers: tuple[Timer, ...] = ()


class Stored(Struct, frozen=True):
    """The entry is in the store, its events at consecutive positions from this one."""

    first_position: int


class Conflict(Struct, frozen=True):
    """Nothing of the entry is in the store: these streams have moved on."""

    streams: frozenset[UUID]


class Recorder(PostgresApplicationRecorder):
    """`notification_id` is the position: dense, strictly increasing, in commit order, whatever the number of processes.

    A store that stands elsewhere than it remembers is a restored copy. Only a recorder that `recovers` may append there, and
    with what it appends the store has a new epoch and is at home.
    """

    def __init__(self, datastore: Datastore, *, recovers: bool = False) -> None:
        super().__init__(datastore, events_table_name=EVENTS_TABLE)
        self.channel_name = EVENTS_CHANNEL
        self._recovers = recovers

    def append(self, entries: Sequence[Entry]) -> list[Stored | Conflict]:
        """Store the entries in one commit; a conflict keeps its own entry out and no other. Raises StoreOffline.

        If the connection is lost the batch is tried once more on a new one. There the lock on the head row waits for
        whatever the lost session was doing, and entries that it did commit are recognised by their event ids.
        """
        try:
            return self._append(entries, again=False)
        except StoreOffline:
            return self._append(entries, again=True)

    def _append(self, entries: Sequence[Entry], *, again: bool) -> list[Stored | Conflict]:
        streams = sorted({stream for entry in entries for stream in entry.expected})
        with self.datastore.get_connection() as connection, connection.pipeline(), connection.transaction():
            head = connection.execute(LOCK_HEAD)
            latest = connection.execute(VERSIONS, (streams,))
            position = self._position(_only(head.fetchone()))
            versions = dict.fromkeys(streams, 0) | {row["stream"]: row["version"] for row in latest}
            outcomes: list[Stored | Conflict] = []
            winners: list[Entry] = []
            for entry in entries:
                moved = frozenset(stream for stream, seen in entry.expected.items() if versions[stream] != seen)
                if moved:
                    stored = self._stored_before(connection, entry) if again else None
                    outcomes.append(stored or Conflict(moved))
                    continue
                outcomes.append(Stored(position + 1))
                winners.append(entry)
                position += len(entry.events)
                versions.update({event.originator_id: event.originator_version for event in entry.events})
            if winners:
                self._write(connection, winners, position)
        return outcomes

    def _write(self, connection: Connection[DictRow], winners: Sequence[Entry], position: int) -> None:
        events = [event for entry in winners for event in entry.events]
        first_position = position - len(events) + 1
        with connection.cursor() as cursor:
            _insert(cursor, events, first_position=first_position)
            for row in (row for entry in winners for row in entry.rows):
                _insert_row(cursor, row)
            write_timers(cursor, _with_origin(winners, first_position=first_position))
            cursor.execute(SETTLE_HEAD if self._recovers else MOVE_HEAD, (position,))
            cursor.execute(NOTIFY, (EVENTS_CHANNEL, str(position)))

    def _position(self, head: DictRow) -> int:
        if not head["at_home"] and not self._recovers:
            raise StoreOffline(RESTORED)
        position: int = head["position"]
        return position

    def _stored_before(self, connection: Connection[DictRow], entry: Entry) -> Stored | None:
        first = entry.events[0]
        row = connection.execute(STORED_AT, (first.originator_id, first.originator_version)).fetchone()
        if row is None or event_id(row["state"]) != event_id(first.state):
            return None
        return Stored(row["notification_id"])

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int] | None:
        """The library's own way in: these events, each at the version it names, or IntegrityError and none of them."""
        if not stored_events:
            return []
        try:
            with self.datastore.get_connection() as connection, connection.transaction(), connection.cursor() as cursor:
                position = _only(cursor.execute(LOCK_HEAD).fetchone())["position"]
                _insert(cursor, stored_events, first_position=position + 1)
                cursor.execute(MOVE_HEAD, (position + len(stored_events),))
                cursor.execute(NOTIFY, (EVENTS_CHANNEL, str(position + len(stored_events))))
        except psycopg.errors.UniqueViolation as error:
            raise IntegrityError(str(error)) from error
        return list(range(position + 1, position + len(stored_events) + 1))

    def epoch(self) -> str:
        """The identity of this store, which a restored copy is given anew. Raises StoreOffline."""
        with self.datastore.get_connection() as connection:
            return str(_only(connection.execute("SELECT epoch FROM head").fetchone())["epoch"])

    def at_home(self) -> bool:
        """False: this is a restored copy, and nobody has said so yet. Raises StoreOffline."""
        with self.datastore.get_connection() as connection:
            return bool(_only(connection.execute(AT_HOME).fetchone())["at_home"])

    def select_streams(self, streams: Sequence[UUID]) -> dict[UUID, list[Notification]]:
        """The events of each stream, oldest first."""
        found: dict[UUID, list[Notification]] = {stream: [] for stream in streams}
        with self.datastore.get_connection() as connection:
            for row in connection.execute(STREAMS, (list(streams),), prepare=True):
                found[row["originator_id"]].append(
                    Notification(
                        id=row["notification_id"],
                        originator_id=row["originator_id"],
                        originator_version=row["originator_version"],
                        topic=row["topic"],
                        state=row["state"],
                    )
                )
        return found

    def streams_of(self, noun: str) -> tuple[UUID, ...]:
        """Those that begin with an event of this noun."""
        with self.datastore.get_connection() as connection:
            return tuple(row["originator_id"] for row in connection.execute(STREAMS_OF, (f"{noun}.",)))


def _insert(cursor: Cursor[DictRow], events: Sequence[StoredEvent], *, first_position: int) -> None:
    columns = (
        [event.originator_id for event in events],
        [event.originator_version for event in events],
        [event.topic for event in events],
        [event.state for event in events],
        list(range(first_position, first_position + len(events))),
    )
    cursor.execute(INSERT, columns)


def _insert_row(cursor: Cursor[DictRow], row: SideRow) -> None:
    if row.table not in SIDE_TABLES:
        raise ValueError(f"rows of {row.table} are not written with events")
    statement = SQL("INSERT INTO {table} ({columns}) VALUES ({values})").format(
        table=Identifier(row.table),
        columns=SQL(", ").join(map(Identifier, row.values)),
        values=SQL(", ").join(SQL("%s") for _ in row.values),
    )
    cursor.execute(statement, list(row.values.values()))


def _with_origin(winners: Sequence[Entry], *, first_position: int) -> Iterator[tuple[Timer, SetBy]]:
    position = first_position - 1
    for entry in winners:
        position += len(entry.events)
        if entry.timers:
            set_by = SetBy(
                event_id=event_id(entry.events[-1].state),
                position=position,
                request_id=entry.context.request_id,
                correlation_id=entry.context.correlation_id,
            )
            yield from ((timer, set_by) for timer in entry.timers)


def _only(row: DictRow | None) -> DictRow:
    if row is None:
        raise LookupError("the head row is missing: the migrations have not run")
    return row
