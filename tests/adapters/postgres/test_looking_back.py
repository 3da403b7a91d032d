from collections.abc import AsyncIterator

import pytest

from adapters.postgres.event_log import PostgresEventLog
from adapters.postgres.event_store import PostgresEventStore
from tests.kit.looking_back import LookingBackConformance


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresEventStore]:
    store = PostgresEventStore(database, name="test")
    yield store
    await store.close()


@pytest.fixture
async def log(database: str) -> AsyncIterator[PostgresEventLog]:
    log = PostgresEventLog(database, name="test")
    yield log
    await log.close()


class TestPostgresLookingBack(LookingBackConformance):
    pass
