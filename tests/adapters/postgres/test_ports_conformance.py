"""The event log and the roles on Postgres do what these ports promise."""

from collections.abc import AsyncIterator

import pytest

from adapters.postgres.connection import open_pool
from adapters.postgres.event_log import PostgresEventLog
from adapters.postgres.event_store import PostgresEventStore
from adapters.postgres.roles import PostgresRoles
from tests.kit.event_log_conformance import EventLogConformance
from tests.kit.roles_conformance import RolesConformance


class TestPostgresEventLog(EventLogConformance):
    @pytest.fixture
    async def store(self, database: str) -> AsyncIterator[PostgresEventStore]:
        store = PostgresEventStore(database, name="test")
        yield store
        await store.close()

    @pytest.fixture
    async def log(self, database: str) -> AsyncIterator[PostgresEventLog]:
        log = PostgresEventLog(database, name="test")
        yield log
        await log.close()


class TestPostgresRoles(RolesConformance):
    @pytest.fixture
    async def roles(self, database: str) -> AsyncIterator[PostgresRoles]:
        async with open_pool(database, name="test", size_max=4) as pool:
            yield PostgresRoles(pool)
