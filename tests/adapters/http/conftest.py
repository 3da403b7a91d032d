"""One API for the tests of a module, on a database of its own."""

from collections.abc import AsyncIterator

import psycopg
import pytest
from psycopg import sql

from adapters.embedded.postgres import EmbeddedPostgres
from tests.adapters.http.serving import Api, serving
from tests.conftest import TEMPLATE, url_of


@pytest.fixture(scope="module")
async def api(
    anyio_backend: str,
    postgres: EmbeddedPostgres,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> AsyncIterator[Api]:
    name = request.module.__name__.rpartition(".")[2]
    copy = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY wal_log")
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(copy.format(sql.Identifier(name), sql.Identifier(TEMPLATE)))
    async with serving(url_of(postgres, name), tmp_path_factory.mktemp("credentials")) as served:
        yield served
