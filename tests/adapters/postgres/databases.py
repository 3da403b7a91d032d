"""Databases with an owner and an application of their own, for tests about who may do what."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from adapters.embedded.postgres import EmbeddedPostgres
from tests.conftest import url_of

_NUMBERS = itertools.count(1)


@contextmanager
def an_empty_database(server: EmbeddedPostgres, *, owner: str | None = None) -> Iterator[str]:
    """The URL for its owner, who is the server's superuser unless named."""
    name = f"own_{next(_NUMBERS)}"
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        if owner is not None:
            connection.execute(
                sql.SQL("ALTER DATABASE {} OWNER TO {}").format(sql.Identifier(name), sql.Identifier(owner))
            )
    url = url_of(server, name)
    try:
        yield url if owner is None else make_conninfo(url, user=owner)
    finally:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def a_role(server: EmbeddedPostgres, options: str = "LOGIN") -> str:
    """A new one, for as long as the server lives."""
    name = f"role_{next(_NUMBERS)}"
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} {options}".encode())
    return name


def becoming(url: str, role: str) -> str:
    return make_conninfo(url, user=role)


def former(url: str) -> None:
    """As the program before the read models stood apart left it."""
    undo = """
        DO $$
        DECLARE relation regclass;
        BEGIN
            FOR relation IN SELECT oid FROM pg_class WHERE relnamespace = 'projected'::regnamespace AND relkind = 'r' LOOP
                EXECUTE format('ALTER TABLE %s SET SCHEMA public', relation);
            END LOOP;
        END
        $$;
        DROP SCHEMA projected;
        ALTER TABLE events ENABLE TRIGGER events_never_change, ENABLE TRIGGER events_never_emptied;
        DROP TABLE chat_texts, evidence_tiles, checkpoint, webhook_deliveries, rebuilds;
        DROP INDEX idempotency_keys_made_id_idx;
        DELETE FROM schema_migrations WHERE number >= 8;
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(undo.encode())
