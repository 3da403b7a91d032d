"""What somebody who doubts a database wants to know: which server, as whom, how durable, and whether the store is whole."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import psycopg
from msgspec import Struct
from psycopg import Connection

from adapters.postgres.connection import offline_errors, with_limits
from adapters.postgres.migrating import migrations
from adapters.postgres.rights import missing_of, surplus_of

# How many positions, from the last one back, are counted one by one.
TAIL_EVENTS: Final = 1000
SEALED_MAX: Final = 100
DURABLE: Final = ("fsync", "full_page_writes", "synchronous_commit")
TRIGGERS: Final = ("events_never_change", "events_never_emptied")

SETTINGS: Final = "SELECT name, current_setting(name) FROM unnest(%s::text[]) AS wanted (name)"
ENCRYPTED: Final = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
APPLIED: Final = "SELECT number FROM schema_migrations"
ENABLED: Final = (
    "SELECT tgname, tgenabled::text FROM pg_trigger WHERE tgrelid = 'events'::regclass AND tgname = ANY(%s)"
)
TAIL: Final = """
    SELECT head.position, tail.counted, tail.first, tail.last, coalesce(head.place = store_place(), true), head.epoch::text
    FROM head, (
        SELECT count(*) AS counted, coalesce(min(position), 0) AS first, coalesce(max(position), 0) AS last
        FROM (SELECT notification_id AS position FROM events ORDER BY notification_id DESC LIMIT %s) AS latest
    ) AS tail
"""
SEALED: Final = "SELECT ciphertext FROM credentials ORDER BY written_at DESC LIMIT %s"


class NoRightsError(Exception):
    """This role may not even look."""


class Tail(Struct, frozen=True, kw_only=True):
    """The end of the store: `counted` events at the positions from `first` to `last`, where `head` says that the last one is."""

    head: int
    counted: int
    first: int
    last: int

    @property
    def dense(self) -> bool:
        return (
            self.last == self.head
            and self.counted == min(self.head, TAIL_EVENTS)
            and (self.counted == 0 or self.last - self.first + 1 == self.counted)
        )


class StoreFound(Struct, frozen=True, kw_only=True):
    """`triggers`: as Postgres keeps it whether each fires, by name; `sealed`: the newest of the stored credentials."""

    surplus: Sequence[str]
    missing: Sequence[str]
    triggers: Mapping[str, str]
    tail: Tail
    at_home: bool
    epoch: str
    sealed: Sequence[bytes]


class Inspection(Struct, frozen=True, kw_only=True):
    """`host` is a folder for a socket on this machine; `unknown` are the numbers of migrations of a newer program. There is no
    `store` to be looked at before every migration has run.
    """

    server_version: int
    role: str
    host: str
    encrypted: bool
    settings: Mapping[str, str]
    pending: Sequence[str]
    unknown: Sequence[int]
    store: StoreFound | None


def inspect(url: str) -> Inspection:
    """As whoever the URL names, and changing nothing. Raises StoreOffline, NoRightsError."""
    with offline_errors(), psycopg.connect(with_limits(url, name="waybill-doctor"), autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = on")
        try:
            return _inspect(connection)
        except psycopg.errors.InsufficientPrivilege as error:
            raise NoRightsError(f"{connection.info.user}: {error.diag.message_primary}") from error


def _inspect(connection: Connection[Any]) -> Inspection:
    listed = migrations()
    applied = _applied(connection)
    pending = [migration.name for migration in listed if migration.number not in applied]
    return Inspection(
        server_version=connection.info.server_version,
        role=connection.info.user,
        host=connection.info.host,
        encrypted=_first(connection, ENCRYPTED) == (True,),
        settings=dict(connection.execute(SETTINGS, (list(DURABLE),)).fetchall()),
        pending=pending,
        unknown=sorted(applied - {migration.number for migration in listed}),
        store=None if pending else _store(connection),
    )


def _applied(connection: Connection[Any]) -> set[int]:
    try:
        return {number for (number,) in connection.execute(APPLIED).fetchall()}
    except psycopg.errors.UndefinedTable:
        return set()


def _store(connection: Connection[Any]) -> StoreFound:
    head, counted, first, last, at_home, epoch = _first(connection, TAIL, TAIL_EVENTS)
    role = connection.info.user
    return StoreFound(
        surplus=surplus_of(connection, role),
        missing=missing_of(connection, role),
        triggers=dict(connection.execute(ENABLED, (list(TRIGGERS),)).fetchall()),
        tail=Tail(head=head, counted=counted, first=first, last=last),
        at_home=at_home,
        epoch=epoch,
        sealed=[bytes(ciphertext) for (ciphertext,) in connection.execute(SEALED, (SEALED_MAX,)).fetchall()],
    )


def _first(connection: Connection[Any], statement: str, *values: object) -> Any:
    return connection.execute(statement.encode(), values or None).fetchone()
