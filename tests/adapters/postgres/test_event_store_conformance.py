from collections.abc import AsyncIterator

import pytest

from adapters.postgres.event_store import PostgresEventStore
from tests.kit.event_store_conformance import EventStoreConformance


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresEventStore]:
    store = PostgresEventStore(database, name="test")
    yield store
    await store.close()


class TestPostgresEventStore(EventStoreConformance):
    pass
