"""Every process decides by the database's clock, whatever its machine believes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet

from commands.issue_api_key import IssueApiKey
from domain.access.state import key_stream
from domain.errors import Unauthorized
from domain.events import Role
from tests.kit.facts import context
from workers.settings import Settings
from workers.wiring import write_side

AHEAD = timedelta(hours=5)
# The machine of this database is ahead of ours: a schema that is searched before the system's has another clock.
ANOTHER_CLOCK = """
    CREATE SCHEMA ahead;
    CREATE FUNCTION ahead.clock_timestamp() RETURNS timestamptz LANGUAGE sql
    AS $$ SELECT pg_catalog.clock_timestamp() + interval '5 hours' $$;
    DO $$ BEGIN
        EXECUTE format('ALTER DATABASE %I SET search_path = ahead, pg_catalog, public', current_database());
    END $$;
"""


@pytest.mark.anyio
async def test_what_happens_is_dated_and_decided_by_the_databases_clock(database: str, tmp_path: Path) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(ANOTHER_CLOCK)
    settings = Settings(data=tmp_path, postgres_url=database, secret_key=Fernet.generate_key().decode())
    async with write_side(settings, part="test") as write:
        expires_at = datetime.now(UTC) + timedelta(hours=1)
        command = IssueApiKey(key_id="brief", name="brief", role=Role.VIEWER, expires_at=expires_at)
        key = await write.commands.issue_api_key(command, context())
        (issued,) = await write.store.load(key_stream("brief"))
        assert abs(issued.at - datetime.now(UTC) - AHEAD) < timedelta(minutes=1)
        with pytest.raises(Unauthorized, match="expired"):
            await write.commands.authenticate(key)
