"""What every test may ask for: a database of its own on a real Postgres."""

import itertools
import signal
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.postgres.migrating import migrate

# The suites in the kit assert on behalf of the tests that use them; without this a failure says only `AssertionError`.
pytest.register_assert_rewrite("tests.kit")

# A shell starts its background jobs deaf to Ctrl-C, and the programs under test would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

TEMPLATE = "waybill_template"
_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path_factory.mktemp("postgres"))
    server.start()
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
    migrate(url_of(server, TEMPLATE))
    yield server
    server.stop("immediate")


@pytest.fixture
def database(postgres: EmbeddedPostgres) -> Iterator[str]:
    """The URL of a migrated, empty database, dropped afterwards."""
    name = f"waybill_{next(_NUMBERS)}"
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY wal_log").format(
                sql.Identifier(name), sql.Identifier(TEMPLATE)
            )
        )
    yield url_of(postgres, name)
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def url_of(server: EmbeddedPostgres, database: str) -> str:
    return psycopg.conninfo.make_conninfo(server.url, dbname=database)
