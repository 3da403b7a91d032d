"""While NATS is away no ticket is issued, and the time of those who wait for one goes on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain.errors import Code
from domain.install_run.events import RunFailed
from domain.install_run.policy import Policy
from domain.timers import TimerName
from tests.commands.world import World
from tests.kit.jetstream import running_nats
from tests.kit.relaying import Clock
from tests.workers.scheduling import Stage

pytestmark = pytest.mark.anyio

PATIENT = Policy(backoff_seconds=4)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with running_nats(tmp_path / "nats") as server:
        world = World()
        await world.register()
        await world.connect("openai")
        yield Stage(world, server, Clock())


async def test_without_nats_a_retry_does_not_outlive_its_run(stage: Stage) -> None:
    run_id = (await stage.world.queue("openai", policy=PATIENT)).run_id
    await stage.world.fail(run_id, code=Code.PROVIDER_OVERLOADED, retryable=True)
    await stage.server.kill()
    stage.world.pass_time(PATIENT.run_timeout_seconds)
    async with stage.scheduling():
        await stage.cleared(TimerName.TARGET)
    ended = (await stage.world.events(run_id))[-1]
    assert isinstance(ended, RunFailed)
    assert ended.reason is Code.RUN_TIMEOUT
