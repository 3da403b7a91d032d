"""Real notaries, killed and frozen in the middle of signing: what is signed is signed once, and never by two."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.kit.jetstream import VARIABLES, NatsUnderTest, running_nats
from tests.kit.waiting import eventually, wait_until
from tests.workers.notarized import SECONDS_MAX, Office, office
from workers.failpoints import Failpoint

pytestmark = [pytest.mark.anyio, pytest.mark.processes, pytest.mark.long]


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NatsUnderTest]:
    async with running_nats(tmp_path / "nats") as server:
        yield server


@pytest.fixture
async def left(database: str, server: NatsUnderTest, tmp_path: Path) -> AsyncIterator[Office]:
    """What the processes leave; no notary works in this one."""
    async with office(database, server, tmp_path) as opened:
        yield opened


class Notaries:
    def __init__(self, left: Office, log: Path) -> None:
        self._left = left
        self._log = log
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, *, failpoint: str = "") -> subprocess.Popen[bytes]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("WAYBILL_")}
        environment |= VARIABLES | {
            "WAYBILL_DATA": str(self._left.data),
            "WAYBILL_POSTGRES_URL": self._left.database,
            "WAYBILL_NATS_URL": self._left.server.url,
            "WAYBILL_EVIDENCE_VERIFY_SECONDS": "0",
            "WAYBILL_FAILPOINT": failpoint,
        }
        with self._log.open("ab") as log:
            command = [sys.executable, "-P", "-m", "workers.cli", "notary"]
            process = subprocess.Popen(command, env=environment, stderr=log, stdout=log)
        self._started.append(process)
        return process

    def end(self) -> None:
        for process in self._started:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
            process.wait(SECONDS_MAX)


@pytest.fixture
def notaries(left: Office, tmp_path: Path) -> Iterator[Notaries]:
    started = Notaries(left, tmp_path / "notaries.log")
    yield started
    started.end()


async def is_whole(left: Office) -> None:
    """Everything is signed, each time over more than before, and the same is in every place."""
    newest = await left.sealed()
    await left.has_published(newest.size)
    sizes = [checkpoint.size for checkpoint in left.signed()]
    assert sizes == sorted(set(sizes))
    assert left.signed()[-1] == newest
    for checkpoint in left.signed():
        assert checkpoint.root == await left.root(checkpoint.size)
    published = [checkpoint.size for checkpoint in await left.published()]
    assert published == sorted(set(published))
    assert set(published) <= set(sizes)


@pytest.mark.parametrize(
    "failpoint", [Failpoint.CHECKPOINT_FILED, Failpoint.CHECKPOINT_STORED, Failpoint.CHECKPOINT_PUBLISHED]
)
async def test_one_that_is_killed_is_followed_by_one_that_goes_on(
    left: Office, notaries: Notaries, failpoint: Failpoint
) -> None:
    await left.happen(300)
    killed = notaries.start(failpoint=f"{failpoint}:kill")
    wait_until(lambda: killed.poll() is not None, SECONDS_MAX)
    assert killed.returncode == -signal.SIGKILL
    assert [checkpoint.size for checkpoint in left.signed()] == [300]
    in_database = [row["size"] for row in left.ask("SELECT size FROM checkpoint")]
    assert in_database == ([] if failpoint == Failpoint.CHECKPOINT_FILED else [300])
    notaries.start()
    await left.has_published(300)
    assert [checkpoint.size for checkpoint in left.signed()] == [300]
    await left.happen(5)
    await is_whole(left)


@pytest.mark.parametrize("failpoint", [Failpoint.CHECKPOINT_FILED, Failpoint.CHECKPOINT_STORED])
async def test_one_that_is_frozen_past_its_lease_signs_nothing_when_it_wakes(
    left: Office, notaries: Notaries, failpoint: Failpoint
) -> None:
    await left.happen(300)
    frozen = notaries.start(failpoint=f"{failpoint}:stop")

    async def has_signed() -> bool:
        return bool(left.signed())

    await eventually(has_signed, SECONDS_MAX)
    await left.happen(5)
    notaries.start()
    await left.has_published(305)
    before = left.signed()
    frozen.send_signal(signal.SIGCONT)
    await left.happen(5)
    await is_whole(left)
    assert left.signed()[: len(before)] == before
    assert [row["count"] for row in left.ask("SELECT count(*) FROM roles WHERE role = 'notary' AND epoch = 2")] == [1]
