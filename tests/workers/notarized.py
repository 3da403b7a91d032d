"""The notary as it is wired, in this process, on a real store and a real NATS; and what is left of its work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from nats.js.errors import NotFoundError
from psycopg.rows import dict_row

from adapters.evidence.folder import EvidenceFolder
from adapters.evidence.signing import verify_ed25519
from adapters.nats.streams import CHECKPOINTS_STREAM
from adapters.postgres.connection import open_pool
from adapters.postgres.event_store import PostgresEventStore
from adapters.postgres.stored_events import PostgresStoredEvents
from domain.alert.events import AlertEvent, AlertRaised, AlertRepeated, AlertResolved
from domain.alert.rules import RuleName
from domain.alert.state import alert_stream
from domain.evidence.checkpoint import Checkpoint, parse_checkpoint
from domain.evidence.merkle import Edge
from domain.evidence.note import Note, parse_note
from tests.conftest import as_owner
from tests.kit.facts import append
from tests.kit.jetstream import PASSWORDS, NatsUnderTest
from tests.kit.waiting import eventually
from workers.evidence_settings import EvidenceSettings
from workers.nats_settings import NatsSettings
from workers.notary_key import EVIDENCE_FOLDER, find_public_key
from workers.settings import Settings
from workers.single_roles import notary

SECONDS_MAX = 20.0
PAGE = 1000


class Office:
    """One database, one NATS, and one data folder after the other."""

    def __init__(self, database: str, server: NatsUnderTest, data: Path, store: PostgresEventStore) -> None:
        self.database = database
        self.server = server
        self.store = store
        self.data = data
        self.verify_seconds = 0
        self._working: list[tuple[asyncio.Event, asyncio.Task[None]]] = []

    @property
    def settings(self) -> Settings:
        return Settings(
            data=self.data,
            postgres_url=self.database,
            nats_url=self.server.url,
            nats=NatsSettings(passwords=PASSWORDS),
            evidence=EvidenceSettings(verify_seconds=self.verify_seconds),
        )

    async def open(self) -> None:
        stopping = asyncio.Event()
        self._working.append((stopping, asyncio.create_task(notary(self.settings, stopping))))

    async def close(self) -> None:
        """The first that was opened."""
        stopping, task = self._working.pop(0)
        stopping.set()
        await task

    async def happen(self, count: int) -> None:
        await self.store.append(append(*(uuid4() for _ in range(count))))

    async def head(self) -> int:
        return int(self.ask("SELECT position FROM head")[0]["position"])

    async def sealed(self) -> Checkpoint:
        """The newest checkpoint, once it is over everything."""

        async def so() -> bool:
            rows = self.ask("SELECT size FROM checkpoint")
            return bool(rows) and rows[0]["size"] == await self.head()

        await eventually(so, SECONDS_MAX)
        return self.checkpoint(parse_note(self.ask("SELECT note FROM checkpoint")[0]["note"]))

    def signed(self) -> list[Checkpoint]:
        return [self.checkpoint(note) for note in EvidenceFolder(self.data / EVIDENCE_FOLDER).checkpoints()]

    async def published(self) -> list[Checkpoint]:
        async with self.server.jetstream() as jetstream:
            try:
                state = (await jetstream.stream_info(CHECKPOINTS_STREAM)).state
            except NotFoundError:
                return []
            messages = [
                await jetstream.get_msg(CHECKPOINTS_STREAM, seq=sequence)
                for sequence in range(max(1, state.first_seq), state.last_seq + 1)
            ]
        return [self.checkpoint(parse_note((message.data or b"").decode())) for message in messages]

    async def has_published(self, size: int) -> None:
        async def so() -> bool:
            return any(checkpoint.size == size for checkpoint in await self.published())

        await eventually(so, SECONDS_MAX)

    def checkpoint(self, note: Note) -> Checkpoint:
        key = find_public_key(self.settings)
        assert key is not None
        assert note.signed_by(key, verify_ed25519)
        return parse_checkpoint(note.text)

    async def root(self, size: int) -> bytes:
        """Of the events as they are in the store."""
        grown = Edge()
        async with open_pool(self.database, name="test", size_max=1) as pool:
            stored = PostgresStoredEvents(pool)
            while grown.size < size:
                for found in await stored.read(after=grown.size, limit=min(PAGE, size - grown.size)):
                    grown.append(found.leaf)
        return grown.root()

    async def alerts(self) -> list[AlertEvent]:
        stream = alert_stream(RuleName.AUDIT_VERIFICATION_FAILED, "store")
        events = [recorded.event for recorded in await self.store.load(stream)]
        return [event for event in events if isinstance(event, AlertRaised | AlertRepeated | AlertResolved)]

    async def alarmed(self, kind: type[AlertEvent]) -> AlertEvent:
        """The newest word about it, once it is of this kind."""

        async def so() -> bool:
            return any(isinstance(event, kind) for event in (await self.alerts())[-1:])

        await eventually(so, SECONDS_MAX)
        return (await self.alerts())[-1]

    def ask(self, statement: str) -> list[dict[str, Any]]:
        with psycopg.connect(self.database, row_factory=dict_row) as connection:
            return connection.execute(statement.encode()).fetchall()

    def tamper(self, *statements: str) -> None:
        """As somebody who may do everything in the database."""
        with psycopg.connect(as_owner(self.database), autocommit=True) as connection:
            connection.execute("ALTER TABLE events DISABLE TRIGGER ALL")
            for statement in statements:
                connection.execute(statement.encode())
            connection.execute("ALTER TABLE events ENABLE ALWAYS TRIGGER events_never_change")


@asynccontextmanager
async def office(database: str, server: NatsUnderTest, folder: Path) -> AsyncIterator[Office]:
    store = PostgresEventStore(database, name="test")
    opened = Office(database, server, folder / "data", store)
    try:
        yield opened
    finally:
        while opened._working:
            await opened.close()
        await store.close()
