"""One API for the tests of a module, on a database of its own."""

from collections.abc import AsyncIterator

import psycopg
import pytest
from psycopg import sql

from adapters.embedded.postgres import EmbeddedPostgres
from tests.adapters.http.serving import Api, serving
from tests.conftest import TEMPLATE, url_of


@pytest.fixture(scope="module")
def module_database(postgres: EmbeddedPostgres, request: pytest.FixtureRequest) -> str:
    """The URL of a migrated, empty database; it goes with the server."""
    name = request.module.__name__.rpartition(".")[2]
    copy = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY wal_log")
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(copy.format(sql.Identifier(name), sql.Identifier(TEMPLATE)))
    return url_of(postgres, name)


@pytest.fixture(scope="module")
async def api(anyio_backend: str, module_database: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    async with serving(module_database, tmp_path_factory.mktemp("credentials")) as served:
        yield served
