"""Real schedulers over a real store: one does the work, and when it is killed in the middle of it another one goes on."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from adapters.postgres.connection import Pool, open_pool
from adapters.postgres.event_store import PostgresEventStore
from tests.kit.jetstream import VARIABLES, NatsUnderTest, running_nats
from tests.kit.waiting import eventually
from tests.workers.scheduling import set_retries, ticketed
from workers.failpoints import Failpoint
from workers.tenure import LEASE_SECONDS

pytestmark = [pytest.mark.anyio, pytest.mark.processes, pytest.mark.timeout(120)]

STARTED_SECONDS = 30.0
STOP_SECONDS = 10.0
# The lease of one that was killed runs out, and who stands by asks once a second.
TAKE_OVER_SECONDS = LEASE_SECONDS + 3


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsUnderTest]:
    async with running_nats(tmp_path / "nats") as server:
        yield server


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with open_pool(database, name="test", size_max=1) as pool:
        yield pool


@contextmanager
def scheduler(
    database: str, server: NatsUnderTest, folder: Path, **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "workers.cli", "scheduler"],
        env=os.environ
        | {"WAYBILL_DATA": str(folder), "WAYBILL_POSTGRES_URL": database, "WAYBILL_NATS_URL": server.url, **VARIABLES}
        | environment,
    )
    try:
        yield process
        if process.poll() is None:
            process.terminate()
            assert process.wait(STOP_SECONDS) == 0
    finally:
        process.kill()
        process.wait()


async def holder(pool: Pool) -> str | None:
    async with pool.connection() as connection:
        cursor = await connection.execute("SELECT holder FROM roles WHERE role = 'scheduler' AND expires_at > now()")
        row = await cursor.fetchone()
    return row["holder"] if row else None


async def phases(pool: Pool) -> dict[str, int]:
    async with pool.connection() as connection:
        cursor = await connection.execute("SELECT phase, count(*) AS count FROM due GROUP BY phase")
        return {row["phase"]: row["count"] for row in await cursor.fetchall()}


async def test_killed_between_a_ticket_and_its_timer_it_is_succeeded_in_seconds_and_nothing_is_lost(
    database: str, server: NatsUnderTest, pool: Pool, tmp_path: Path
) -> None:
    armed = {"WAYBILL_FAILPOINT": f"{Failpoint.TICKET_ISSUED}:kill"}
    store = PostgresEventStore(database, name="test-store")
    with scheduler(database, server, tmp_path, **armed) as first:

        async def first_holds() -> bool:
            return await holder(pool) is not None

        await eventually(first_holds, STARTED_SECONDS)
        with scheduler(database, server, tmp_path) as second:
            await set_retries(store, 3, provider_id=uuid4())
            await store.close()

            async def killed() -> bool:
                return first.poll() is not None

            await eventually(killed, STARTED_SECONDS)
            assert first.returncode == -signal.SIGKILL
            assert len(await ticketed(server, 3)) == 3
            assert await phases(pool) == {"retry": 3}

            async def seen_to() -> bool:
                return await phases(pool) == {"ticketed": 3}

            await eventually(seen_to, STARTED_SECONDS + TAKE_OVER_SECONDS)
            assert f"-{second.pid}-" in (await holder(pool) or "")
    tickets = await ticketed(server, 6)
    assert len({ticket.run_id for ticket in tickets}) == 3
    assert await holder(pool) is None
