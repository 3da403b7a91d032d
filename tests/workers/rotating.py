"""A data folder with a key file, a database with credentials sealed with it, and processes that use both."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import psycopg

from adapters.postgres.connection import open_pool
from adapters.postgres.event_store import PostgresEventStore
from adapters.postgres.vault import PostgresVault
from commands.change_provider import ChangeProvider, ChangeProviderHandler
from commands.connect_provider import ConnectProvider, ConnectProviderHandler
from commands.handling import Handling
from domain.ports import SideRow
from domain.provider.events import CredentialRef
from domain.provider.state import PROVIDER, provider_stream
from tests.kit.facts import context
from tests.kit.memory_provider import MemoryGateway, MemoryVault
from workers.settings import Settings, secret_file, secret_keys

# Longer ago than anything that began then may last.
LONG_AGO = timedelta(hours=2)


class Process:
    """One that has read the keys when it started, and knows of a rotation only what it meets."""

    def __init__(self, settings: Settings, vault: PostgresVault) -> None:
        self._settings = settings
        self.vault = vault

    def seal(self, secret: str) -> SideRow:
        return self.vault.seal(credential_id=uuid4(), secret=secret)

    def store(self, row: SideRow) -> UUID:
        with psycopg.connect(str(self._settings.postgres_url), autocommit=True) as connection:
            connection.execute(
                "INSERT INTO credentials (id, ciphertext) VALUES (%(id)s, %(ciphertext)s)", dict(row.values)
            )
        credential_id: UUID = row.values["id"]
        return credential_id

    async def open(self, credential_id: UUID) -> str:
        return await self.vault.open(CredentialRef(source="stored", name=str(credential_id)))


@asynccontextmanager
async def process(settings: Settings) -> AsyncIterator[Process]:
    async with open_pool(str(settings.postgres_url), name="test", size_max=2) as pool:
        vault = PostgresVault(
            pool, keys=lambda: secret_keys(settings), environment={}, folder=settings.credentials_folder
        )
        yield Process(settings, vault)


class Connections:
    """The write side, with a clock that the test sets."""

    def __init__(self, store: PostgresEventStore, vault: PostgresVault) -> None:
        self.ago = LONG_AGO
        handling = Handling(store=store, clock=lambda: datetime.now(UTC) - self.ago, new_id=uuid4)
        gateway = MemoryGateway(MemoryVault({}, environment={}))
        self._store = store
        self._connect = ConnectProviderHandler(handling=handling, vault=vault, gateway=gateway)
        self._change = ChangeProviderHandler(handling=handling, vault=vault, gateway=gateway)

    async def connect(self, name: str, credential: str) -> UUID | None:
        command = ConnectProvider(kind="openai", name=name, credential=credential, base_url="https://api.example")
        await self._connect(command, context())
        return await self.stored(name)

    async def change(self, name: str, credential: str) -> UUID | None:
        await self._change(ChangeProvider(provider=name, credential=credential), context())
        return await self.stored(name)

    async def stored(self, name: str) -> UUID | None:
        """The id of the credential that it has now, None for one that is not stored."""
        state = PROVIDER.fold(await self._store.load(provider_stream(name)))
        assert state is not None
        return UUID(state.credential.name) if state.credential.source == "stored" else None


@asynccontextmanager
async def connections(settings: Settings, vault: PostgresVault) -> AsyncIterator[Connections]:
    store = PostgresEventStore(str(settings.postgres_url), name="test-store")
    try:
        yield Connections(store, vault)
    finally:
        await store.close()


def ids(settings: Settings) -> set[UUID]:
    with psycopg.connect(str(settings.postgres_url)) as connection:
        return {row[0] for row in connection.execute("SELECT id FROM credentials").fetchall()}


def keys_of(settings: Settings) -> Sequence[str]:
    return secret_file(settings).read_text().split(",")


def data_folder(path: Path, database: str) -> Settings:
    settings = Settings(data=path / "data", postgres_url=database)
    secret_keys(settings)
    return settings
