"""The read side of a database of its own for each module, so that one story is told once for all who only look."""

from collections.abc import AsyncIterator

import psycopg
import pytest
from psycopg import sql

from adapters.embedded.postgres import EmbeddedPostgres
from tests.conftest import TEMPLATE, as_application, url_of
from tests.kit.read_side import ReadSide, open_read_side


@pytest.fixture(scope="module")
def database(postgres: EmbeddedPostgres, request: pytest.FixtureRequest) -> str:
    """The URL of a migrated, empty database; it goes with the server."""
    name = f"queries_{request.module.__name__.rpartition('.')[2]}"
    copy = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY wal_log")
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(copy.format(sql.Identifier(name), sql.Identifier(TEMPLATE)))
    return as_application(url_of(postgres, name))


@pytest.fixture(scope="module")
async def side(anyio_backend: str, database: str) -> AsyncIterator[ReadSide]:
    async with open_read_side(database) as side:
        yield side
