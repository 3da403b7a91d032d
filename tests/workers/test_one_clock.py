"""Every process decides by the database's clock, whatever its machine believes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet
from msgspec.structs import replace

from commands.issue_api_key import IssueApiKey
from domain.access.events import ApiKeyIssued
from domain.access.state import key_stream
from domain.errors import BadRequest
from domain.events import Role
from tests.conftest import as_owner
from tests.kit.facts import context
from workers.settings import Settings
from workers.wiring import write_side

AHEAD = timedelta(hours=5)
# The machine of this database is ahead of ours: a schema that is searched before the system's has another clock.
ANOTHER_CLOCK = """
    CREATE SCHEMA ahead;
    GRANT USAGE ON SCHEMA ahead TO PUBLIC;
    CREATE FUNCTION ahead.clock_timestamp() RETURNS timestamptz LANGUAGE sql
    AS $$ SELECT pg_catalog.clock_timestamp() + interval '5 hours' $$;
    DO $$ BEGIN
        EXECUTE format('ALTER DATABASE %I SET search_path = ahead, pg_catalog, public', current_database());
    END $$;
"""


@pytest.mark.anyio
async def test_what_happens_is_dated_and_decided_by_the_databases_clock(database: str, tmp_path: Path) -> None:
    with psycopg.connect(as_owner(database), autocommit=True) as connection:
        connection.execute(ANOTHER_CLOCK)
    settings = Settings(data=tmp_path, postgres_url=database, secret_key=Fernet.generate_key().decode())
    async with write_side(settings, part="test") as write:
        over_there = datetime.now(UTC) + timedelta(hours=1)
        command = IssueApiKey(key_id="brief", name="brief", role=Role.VIEWER, expires_at=over_there)
        with pytest.raises(BadRequest, match="expired already"):
            await write.commands.issue_api_key(command, context())
        key = await write.commands.issue_api_key(replace(command, expires_at=None, expires_in_seconds=3600), context())
        (issued,) = await write.store.load(key_stream("brief"))
        assert abs(issued.at - datetime.now(UTC) - AHEAD) < timedelta(minutes=1)
        assert isinstance(issued.event, ApiKeyIssued)
        assert issued.event.expires_at == issued.at + timedelta(hours=1)
        assert (await write.commands.authenticate(key)).id == "brief"
