"""Two real watchdogs: one has the role, and when it is frozen the other has it seconds later, for good."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from adapters.postgres.clock import DatabaseClock
from adapters.postgres.connection import open_pool
from adapters.postgres.event_store import PostgresEventStore
from adapters.postgres.roles import PostgresRoles
from commands.concluding import target_timer
from commands.handling import Handling, Session
from domain.events import Recorded
from domain.install_run.decisions import start
from domain.install_run.events import ProviderLeaseExpired
from domain.install_run.state import INSTALL_RUN, evolve
from tests.domain.facts import OPENAI, queued
from tests.kit.facts import context
from tests.kit.jetstream import VARIABLES, NatsUnderTest, running_nats
from tests.kit.waiting import eventually
from workers.tenure import LEASE_SECONDS
from workers.watchdog import ROLE

pytestmark = pytest.mark.anyio

SECONDS_MAX = 30.0
# The lease of the role runs out, whoever stands by looks, and then looks at what is due.
TAKEOVER_SECONDS_MAX = LEASE_SECONDS + 5


class Attempts:
    """Attempts of installers that were killed: begun, and never heard of again."""

    def __init__(self, store: PostgresEventStore, clock: DatabaseClock) -> None:
        self._store = store
        self._handling = Handling(store=store, clock=clock, new_id=uuid4)

    async def abandon(self, *, lease_seconds: float) -> UUID:
        run_id = uuid4()

        async def decide(session: Session) -> None:
            run = evolve(None, queued(OPENAI))
            events = start(
                run,
                provider_id=OPENAI.id,
                attempt_id=uuid4(),
                now=session.now,
                since=session.now,
                lease_until=session.now + timedelta(seconds=lease_seconds),
            )
            session.create(run_id, INSTALL_RUN)
            session.append(run_id, queued(OPENAI), *events)
            for event in events:
                run = evolve(run, event)
            session.set_timer(target_timer(run_id, run, run.targets[0], now=session.now))

        await self._handling.handle(decide, context=context())
        return run_id

    async def expiries(self, run_id: UUID) -> list[Recorded]:
        return [one for one in await self._store.load(run_id) if isinstance(one.event, ProviderLeaseExpired)]

    async def expired(self, run_id: UUID) -> None:
        async def so() -> bool:
            return bool(await self.expiries(run_id))

        await eventually(so, SECONDS_MAX)


class Dogs:
    """Watchdogs in processes of their own."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        with self._log(len(self._processes)).open("wb") as log:
            command = [sys.executable, "-P", "-m", "workers.cli", "watchdog"]
            self._processes.append(subprocess.Popen(command, env=self._environment, stderr=log, stdout=log))

    def expired_by(self, pid: int) -> list[UUID]:
        """The runs of which this one ended an attempt, as it says itself."""
        number = [process.pid for process in self._processes].index(pid)
        facts = [json.loads(line) for line in self._log(number).read_text().splitlines()]
        return [UUID(fact["run_id"]) for fact in facts if fact["event"] == "lease_expired"]

    async def have_said(self, pid: int, runs: list[UUID]) -> None:
        """That it was this one who ended them, in this order."""

        async def said() -> bool:
            return self.expired_by(pid) == runs

        await eventually(said, SECONDS_MAX)

    def end(self) -> list[int]:
        for process in self._processes:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        return [process.wait(SECONDS_MAX) for process in self._processes]

    def _log(self, number: int) -> Path:
        return self._folder / f"watchdog-{number}.log"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsUnderTest]:
    async with running_nats(tmp_path / "nats") as server:
        yield server


async def holder(roles: PostgresRoles, *, other_than: int | None = None) -> int:
    """The process that has the role."""
    pids: list[int] = []

    async def somebody_has_it() -> bool:
        standing = await roles.standing(ROLE)
        found = re.search(r"-(\d+)-[0-9a-f]+$", standing.holder or "")
        if standing.held and found and int(found[1]) != other_than:
            pids.append(int(found[1]))
        return bool(pids)

    await eventually(somebody_has_it, SECONDS_MAX)
    return pids[0]


@pytest.mark.long
async def test_a_frozen_one_loses_the_role_within_seconds_and_writes_nothing_when_it_wakes(
    database: str, server: NatsUnderTest, tmp_path: Path
) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WAYBILL_")}
    environment |= {
        "WAYBILL_POSTGRES_URL": database,
        "WAYBILL_NATS_URL": server.url,
        **VARIABLES,
        "WAYBILL_DATA": str(tmp_path / "data"),
        "WAYBILL_LOG_FORMAT": "json",
    }
    dogs = Dogs(tmp_path, environment)
    store = PostgresEventStore(database, name="test")
    try:
        async with open_pool(database, name="test", size_max=2) as pool, DatabaseClock(pool) as clock:
            roles, attempts = PostgresRoles(pool), Attempts(store, clock)
            dogs.start()
            dogs.start()
            first = await holder(roles)
            await attempts.expired(await attempts.abandon(lease_seconds=0.5))

            os.kill(first, signal.SIGSTOP)
            frozen_at = time.monotonic()
            run_id = await attempts.abandon(lease_seconds=0)
            await attempts.expired(run_id)
            assert time.monotonic() - frozen_at < TAKEOVER_SECONDS_MAX

            second = await holder(roles, other_than=first)
            os.kill(first, signal.SIGCONT)
            runs = [run_id, await attempts.abandon(lease_seconds=0)]
            await attempts.expired(runs[-1])
            await dogs.have_said(second, runs)
            assert len(dogs.expired_by(first)) == 1

            os.kill(second, signal.SIGTERM)
            assert await holder(roles, other_than=second) == first
            runs.append(await attempts.abandon(lease_seconds=0))
            await attempts.expired(runs[-1])
            assert [len(await attempts.expiries(one)) for one in runs] == [1, 1, 1]
    finally:
        codes = dogs.end()
        await store.close()
    assert codes == [0, 0]
