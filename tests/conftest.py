"""What every test may ask for: a database of its own on a real Postgres."""

import itertools
import logging
import os
import signal
from collections.abc import Iterator

import psycopg
import pytest
import structlog
from hypothesis import settings
from psycopg import sql
from psycopg.conninfo import make_conninfo

from adapters.embedded.postgres import APPLICATION, OWNER, EmbeddedPostgres
from adapters.postgres.granting import grant
from adapters.postgres.migrating import migrate

# The suites in the kit assert on behalf of the tests that use them; without this a failure says only `AssertionError`.
pytest.register_assert_rewrite("tests.kit")

# `make test` tries the same examples each time, so that it tells of a change and not of luck. `make long` tries new ones.
settings.register_profile("the same", derandomize=True)
settings.register_profile("new ones", print_blob=True)
settings.load_profile("new ones" if os.environ.get("WAYBILL_NEW_EXAMPLES") else "the same")

# A shell starts its background jobs deaf to Ctrl-C, and the programs under test would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

TEMPLATE = "waybill_template"
_NUMBERS = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What starts processes comes first: it takes longest, and several test processes then end at about the same time."""
    items.sort(key=lambda item: item.get_closest_marker("processes") is None)


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """A command that is called within a test says how logs are written, and the next test is not about that."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    yield
    if structlog.get_config() != before:
        structlog.configure(**before)
        structlog.contextvars.unbind_contextvars("part")
        root.handlers[:] = handlers
        root.setLevel(level)


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
    grant(owner_url=url_of(server, TEMPLATE), application_url=as_application(url_of(server, TEMPLATE)))
    yield server
    server.stop("immediate")


@pytest.fixture
def database(postgres: EmbeddedPostgres) -> Iterator[str]:
    """The URL of a migrated, empty database for the application's role, as in real life; dropped afterwards."""
    name = f"waybill_{next(_NUMBERS)}"
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY wal_log").format(
                sql.Identifier(name), sql.Identifier(TEMPLATE)
            )
        )
    yield as_application(url_of(postgres, name))
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def url_of(server: EmbeddedPostgres, database: str) -> str:
    return make_conninfo(server.url, dbname=database)


def as_application(url: str) -> str:
    return make_conninfo(url, user=APPLICATION)


def as_owner(url: str) -> str:
    """The same database for the one who may do everything."""
    return make_conninfo(url, user=OWNER)


def by_owner(url: str, *statements: str) -> None:
    """What only a person does; one after the other, each in a transaction of its own."""
    with psycopg.connect(as_owner(url), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())
