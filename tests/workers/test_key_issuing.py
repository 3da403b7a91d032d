"""A key straight from the database: an event like any other, for whoever has no key that opens the API."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet
from psycopg import sql

from adapters.embedded.postgres import EmbeddedPostgres
from domain.access.state import key_stream
from domain.errors import BadRequest, StoreOffline
from domain.events import Role
from queries.api_key_view import KeyStatus
from tests.conftest import url_of
from workers.key_issuing import BY, issue_directly
from workers.settings import Settings
from workers.wiring import write_side

pytestmark = pytest.mark.anyio

SECRET_KEY = Fernet.generate_key().decode()


def settings_of(folder: Path, url: str) -> Settings:
    return Settings(data=folder, postgres_url=url, secret_key=SECRET_KEY)


async def test_it_opens_and_the_store_says_that_no_key_issued_it(database: str, tmp_path: Path) -> None:
    settings = settings_of(tmp_path, database)
    issued = await issue_directly(settings, name="rescue", role="admin", expires=None)
    assert (issued.name, issued.role, issued.status, issued.created_by) == ("rescue", Role.ADMIN, KeyStatus.ACTIVE, BY)
    async with write_side(settings, part="test") as write:
        holder = await write.commands.authenticate(issued.key)
        assert (holder.id, holder.role) == (issued.id, Role.ADMIN)
        (recorded,) = await write.store.load(key_stream(issued.id))
    assert (recorded.actor, recorded.position) == (BY, issued.position)


async def test_it_expires_when_it_was_asked_to(database: str, tmp_path: Path) -> None:
    settings = settings_of(tmp_path, database)
    within = await issue_directly(settings, name="brief", role="viewer", expires=timedelta(hours=12))
    assert within.expires_at == within.created_at + timedelta(hours=12)
    moment = datetime.now(UTC) + timedelta(hours=12)
    at_a_moment = await issue_directly(settings, name="brief", role="viewer", expires=moment)
    assert at_a_moment.expires_at == moment


async def test_what_the_api_would_refuse_is_refused_here(database: str, tmp_path: Path) -> None:
    settings = settings_of(tmp_path, database)
    with pytest.raises(BadRequest):
        await issue_directly(settings, name="rescue\n", role="admin", expires=None)
    with pytest.raises(BadRequest):
        await issue_directly(settings, name="rescue", role="admin", expires=datetime(2020, 1, 1, tzinfo=UTC))


async def test_a_database_that_nobody_has_migrated_is_said_to_be_so(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    name = sql.Identifier("waybill_bare_for_keys")
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        try:
            settings = settings_of(tmp_path, url_of(postgres, "waybill_bare_for_keys"))
            with pytest.raises(StoreOffline, match="Not migrated yet"):
                await issue_directly(settings, name="rescue", role="admin", expires=None)
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
