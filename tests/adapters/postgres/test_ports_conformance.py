"""The event log, the roles and the vault on Postgres do what these ports promise."""

from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet

from adapters.postgres.connection import open_pool
from adapters.postgres.event_log import PostgresEventLog
from adapters.postgres.event_store import PostgresEventStore
from adapters.postgres.roles import PostgresRoles
from adapters.postgres.vault import PostgresVault
from domain.ports import SideRow
from tests.kit.event_log_conformance import EventLogConformance
from tests.kit.roles_conformance import RolesConformance
from tests.kit.vault_conformance import VARIABLE, Keep, VaultConformance


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


class TestPostgresVault(VaultConformance):
    @pytest.fixture
    async def vault(self, database: str, tmp_path: Path) -> AsyncIterator[PostgresVault]:
        key = Fernet.generate_key().decode()
        async with open_pool(database, name="test", size_max=2) as pool:
            yield PostgresVault(pool, keys=lambda: key, environment=VARIABLE, folder=tmp_path)

    @pytest.fixture
    def keep(self, database: str) -> Keep:
        def keep(row: SideRow) -> None:
            with psycopg.connect(database) as connection:
                connection.execute("INSERT INTO credentials VALUES (%(id)s, %(ciphertext)s)", dict(row.values))

        return keep
