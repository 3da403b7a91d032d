"""A store with a notary's work beside it, and somebody who may do everything to it."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import psycopg
from click.testing import CliRunner, Result
from msgspec import Struct
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.evidence.signing import new_signing_key, public_of, signer_of
from adapters.postgres.bundles import PostgresBundles
from adapters.postgres.connection import open_pool
from adapters.postgres.event_store import PostgresEventStore
from adapters.postgres.evidence_checks import PostgresEvidenceChecks
from adapters.postgres.evidence_tiles import PostgresTiles
from adapters.postgres.roles import PostgresRoles
from adapters.postgres.stored_events import PostgresStoredEvents
from domain.evidence.checkpoint import parse_checkpoint
from domain.evidence.note import parse_note, sign_note
from domain.evidence.tiles import GrowingTiles
from domain.skill.bundle import Bundle, BundleFile
from domain.skill.events import ManifestEntry, SkillVersionPublished
from tests.conftest import as_owner, url_of
from tests.kit.facts import append
from workers.cli import waybill
from workers.notary_key import evidence_folder, signing_key
from workers.sealing import Sealer
from workers.settings import Settings
from workers.tenure import Tenure
from workers.wiring import now

TABLES: Final = ("events", "head", "evidence_tiles", "checkpoint", "bundle_files")
STREAMS: Final = 5
CONTENT: Final = b"---\nname: notes\n---\nDo it well.\n"
SHA256: Final = hashlib.sha256(CONTENT).hexdigest()
STRANGER: Final = new_signing_key("waybill-stranger")


class SealedStore(Struct, frozen=True, kw_only=True):
    """`url` is that of the application; the notary's key and the evidence folder are in `data`."""

    url: str
    data: Path

    @property
    def settings(self) -> Settings:
        return Settings(data=self.data, postgres_url=self.url)

    @property
    def evidence(self) -> Path:
        return self.data / "evidence"

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(as_owner(self.url), autocommit=True) as connection:
            return connection.execute(statement.encode()).fetchall()

    def tamper(self, *statements: str) -> None:
        """As a superuser, with everything out of the way that keeps events as they are."""
        with psycopg.connect(as_owner(self.url)) as connection:
            connection.execute("SET LOCAL synchronous_commit = off")
            connection.execute("ALTER TABLE events DISABLE TRIGGER ALL")
            for statement in statements:
                connection.execute(statement.encode())

    def waybill(self, *arguments: str) -> Result:
        """What the real command says. `WAYBILL_URL` leads nowhere: nothing here may ask the API."""
        environment = {
            "WAYBILL_POSTGRES_URL": self.url,
            "WAYBILL_DATA": str(self.data),
            "WAYBILL_URL": "http://127.0.0.1:9",
        }
        return CliRunner().invoke(waybill, list(arguments), env=environment)

    def verdict(self, *arguments: str) -> dict[str, Any]:
        result = self.waybill("audit", "verify", "--json", *arguments)
        assert result.exit_code in (0, 5), result.output
        document: dict[str, Any] = json.loads(result.stdout)
        assert document["sound"] == (result.exit_code == 0)
        return document

    def found(self, *arguments: str) -> list[tuple[str, int | None, int | None]]:
        return [
            (finding["kind"], finding["position"], finding["until"]) for finding in self.verdict(*arguments)["findings"]
        ]


async def fill(store: SealedStore, numbers: Sequence[int]) -> None:
    """So many events each, and a checkpoint after each but the last."""
    events = PostgresEventStore(store.url, name="test")
    try:
        streams = [uuid4() for _ in range(STREAMS)]
        done = 0
        for number in numbers:
            if done:
                await seal(store)
            for _ in range(number):
                stream, version = streams[done % STREAMS], done // STREAMS
                await events.append(append(stream, expected={stream: version}))
                done += 1
    finally:
        await events.close()


async def publish(store: SealedStore) -> None:
    """A skill with one file, whose bytes are in the store."""
    entry = ManifestEntry(path="SKILL.md", sha256=SHA256, size=len(CONTENT))
    published = SkillVersionPublished(version=1, digest=f"sha256:{'ab' * 32}", description="", manifest=(entry,))
    bundle = Bundle(name="notes", description="", digest="", files=(BundleFile(path="SKILL.md", content=CONTENT),))
    events = PostgresEventStore(store.url, name="test")
    async with open_pool(store.url, name="test", size_max=1) as pool:
        await PostgresBundles(pool).put(bundle)
        await events.append(append(uuid4(), event=published))
    await events.close()


async def seal(store: SealedStore) -> None:
    """As the notary does, up to the newest event."""
    async with open_pool(store.url, name="test-notary", size_max=2) as pool:
        stored = PostgresStoredEvents(pool)
        tenure = await Tenure.begin(PostgresRoles(pool), role="notary", holder="test")
        assert tenure is not None
        sealer = Sealer(
            stored=stored,
            tiles=PostgresTiles(pool),
            folder=evidence_folder(store.settings),
            key=signing_key(store.settings),
            restores=PostgresEvidenceChecks(pool).restores,
            clock=now,
        )
        try:
            await sealer.settle()
            assert await sealer.seal(tenure, await stored.head()) is not None
        finally:
            await tenure.end()


async def rewrite_tiles(store: SealedStore) -> None:
    """What somebody does who knows how Waybill proves: the tiles fit the events again, and the checkpoint fits the tiles. Only
    the notary's key is missing.
    """
    growth = GrowingTiles()
    async with open_pool(store.url, name="test", size_max=1) as pool:
        size = parse_checkpoint(parse_note(await PostgresTiles(pool).latest() or "").text).size
        events = await PostgresStoredEvents(pool).read(after=0, limit=size)
    growth.append(b"".join(event.at(position).leaf for position, event in enumerate(events, start=1)))
    with psycopg.connect(as_owner(store.url), autocommit=True) as connection:
        for level, index, hashes in growth.take_changed():
            connection.execute(
                "UPDATE evidence_tiles SET hashes = %s WHERE level = %s AND index = %s", (hashes, level, index)
            )


def replace_checkpoint(store: SealedStore) -> None:
    """With one of the same words, that another key has signed."""
    ((written,),) = store.ask("SELECT note FROM checkpoint")
    note = sign_note(parse_note(written).text, STRANGER, signer_of(STRANGER.seed))
    with psycopg.connect(as_owner(store.url), autocommit=True) as connection:
        connection.execute("UPDATE checkpoint SET note = %s, public_key = %s", (str(note), str(public_of(STRANGER))))


def create(server: EmbeddedPostgres, name: str, *, template: str = "template0") -> str:
    """The URL of a new database, for its owner."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
    return url_of(server, name)


def drop(store: SealedStore) -> None:
    url = as_owner(store.url)
    name = str(conninfo_to_dict(url)["dbname"])
    with psycopg.connect(make_conninfo(url, dbname="postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def keep(store: SealedStore) -> None:
    """A copy of everything that is tampered with, beside it."""
    store.tamper("CREATE SCHEMA kept", *(f"CREATE TABLE kept.{table} AS TABLE {table}" for table in TABLES))


def put_back(store: SealedStore) -> None:
    store.tamper(
        *(f"DELETE FROM {table}" for table in TABLES),  # noqa: S608 - constants
        *(f"INSERT INTO {table} SELECT * FROM kept.{table}" for table in TABLES),  # noqa: S608 - constants
    )


def event_id_at(store: SealedStore, position: int) -> UUID:
    (found,) = (
        row[1] for row in store.ask("SELECT position, envelope ->> 'id' FROM events_readable") if row[0] == position
    )
    return UUID(found)
