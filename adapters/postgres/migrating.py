"""Applies the numbered SQL files of `migrations/`, each once, each in its own transaction, one process at a time."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any, Final

import psycopg
from msgspec import Struct
from psycopg import Connection

from adapters.postgres.connection import CONNECT_TIMEOUT_SECONDS, Pool, offline_errors

LOCK_KEY: Final = 0x5741_5942  # "WAYB": held while migrating, so that two starts do not migrate at once
JOURNAL: Final = """
    CREATE TABLE schema_migrations (
        number     int PRIMARY KEY,
        name       text        NOT NULL,
        sha256     text        NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
    )
"""


class MigrationError(Exception):
    """The database and the migration files do not fit together."""


class Migration(Struct, frozen=True, kw_only=True):
    number: int
    name: str
    statements: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.statements.encode()).hexdigest()


def migrations() -> list[Migration]:
    """The files, in order; their numbers run from 1 without a gap."""
    found = sorted(
        (entry for entry in files("adapters.postgres").joinpath("migrations").iterdir() if entry.name.endswith(".sql")),
        key=lambda entry: entry.name,
    )
    listed = [
        Migration(number=int(entry.name[:4]), name=entry.name, statements=entry.read_text(encoding="utf-8"))
        for entry in found
    ]
    if [migration.number for migration in listed] != list(range(1, len(listed) + 1)):
        raise MigrationError("the numbers of the migration files do not run from 1 without a gap")
    return listed


async def pending(pool: Pool) -> list[str]:
    """The names of migrations that are not applied yet. Raises StoreOffline."""
    with offline_errors():
        async with pool.connection() as connection:
            try:
                cursor = await connection.execute("SELECT number FROM schema_migrations")
                done = {row["number"] for row in await cursor.fetchall()}
            except (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege):
                # The application is given its rights when all is done.
                done = set()
    return [migration.name for migration in migrations() if migration.number not in done]


def migrate(url: str) -> list[str]:
    """Bring the database up to date and return the names applied now. Raises StoreOffline, and MigrationError if history was
    edited, or if this role may not.
    """
    applied: list[str] = []
    with alone(url) as connection:
        done = _journal(connection)
        listed = migrations()
        if unknown := done.keys() - {migration.number for migration in listed}:
            raise MigrationError(f"the database is newer than this program: it has migration {max(unknown)}")
        for migration in listed:
            if migration.number in done:
                if done[migration.number] != migration.sha256:
                    raise MigrationError(f"{migration.name} was changed after it was applied")
                continue
            with connection.transaction():
                connection.execute(migration.statements.encode())
                connection.execute(
                    "INSERT INTO schema_migrations (number, name, sha256) VALUES (%s, %s, %s)",
                    (migration.number, migration.name, migration.sha256),
                )
            applied.append(migration.name)
    return applied


@contextmanager
def alone(url: str) -> Iterator[Connection[Any]]:
    """A connection for one who changes the schema, while no other does. Raises StoreOffline, MigrationError."""
    with offline_errors(), psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_SECONDS) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (LOCK_KEY,))
        try:
            yield connection
        except psycopg.errors.InsufficientPrivilege as error:
            raise MigrationError(
                f"the role {connection.info.user} may not change the database so: {error.diag.message_primary}; "
                "WAYBILL_POSTGRES_OWNER_URL has to name one that may"
            ) from error


def _journal(connection: Connection[Any]) -> dict[int, str]:
    """What was applied: the sha256 by number."""
    if connection.execute("SELECT to_regclass('schema_migrations')").fetchone() == (None,):
        connection.execute(JOURNAL)
    return dict(connection.execute("SELECT number, sha256 FROM schema_migrations").fetchall())
