"""Taking back what a run did, at the emulated providers: the version before stands there again, or nothing does."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from domain.errors import Code
from domain.events import Event
from domain.install_run.events import ProviderRollbackFailed, ProviderRolledBack, RunFailed, RunPartiallyFailed
from domain.install_run.policy import Policy
from domain.installation.events import InstallationVerified
from tests.commands.world import names
from tests.kit.waiting import eventually
from tests.workers.installing import SECONDS_MAX
from tests.workers.sandbox_installing import KINDS, SandboxInstalling, installing_at

pytestmark = pytest.mark.anyio

WHOLE = Policy(mode="all_or_nothing", backoff_seconds=0.05, attempts_max=2)


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
async def installing(request: pytest.FixtureRequest, anyio_backend: str) -> AsyncIterator[SandboxInstalling]:
    """With a second connection, which is in memory and refuses the skill."""
    async with installing_at(request.param) as installing:
        await installing.world.connect("backup")
        yield installing


async def install_and_fail(installing: SandboxInstalling, text: str) -> list[Event]:
    """A run that succeeds at the emulated provider and then fails at the other one: all of it is taken back."""
    await installing.world.register(text)
    run_id = (await installing.world.queue(installing.kind.name, "backup", policy=WHOLE)).run_id
    await installing.issue()

    async def installed() -> bool:
        return "ProviderSucceeded" in names(await installing.world.events(run_id))

    async with installing.working():
        await eventually(installed, SECONDS_MAX)
        await installing.world.fail(run_id, "backup")
        return await installing.ended(run_id)


async def work(installing: SandboxInstalling, run_id: UUID) -> list[Event]:
    await installing.issue()
    return await installing.work(run_id)


async def test_where_nothing_was_nothing_is_left(installing: SandboxInstalling) -> None:
    events = await install_and_fail(installing, "one")
    assert isinstance(events[-1], RunFailed)
    assert events[-1].reason is Code.RUN_ROLLED_BACK
    assert await installing.there() == []
    assert names(await installing.world.events(installing.installation))[-1] == "InstallationRemoved"


async def test_the_version_that_was_there_is_there_again(installing: SandboxInstalling) -> None:
    await installing.install("one")
    events = await install_and_fail(installing, "two")
    (rolled_back,) = [event for event in events if isinstance(event, ProviderRolledBack)]
    assert rolled_back.version == 1
    assert await installing.live_version() == 1
    assert len(await installing.there()) == 1
    assert isinstance(await installing.verify(), InstallationVerified)


@pytest.mark.parametrize("kind", ["status", "drop_after"])
async def test_an_undoing_that_goes_wrong_is_made_again(installing: SandboxInstalling, kind: str) -> None:
    await installing.fault(kind, "delete_skill", **({"status": 503} if kind == "status" else {}))
    events = await install_and_fail(installing, "one")
    assert isinstance(events[-1], RunFailed)
    assert await installing.there() == []


async def test_an_undoing_that_fails_is_said_to_have_failed(installing: SandboxInstalling) -> None:
    await installing.fault("status", "delete_skill", status=503, times=2)
    events = await install_and_fail(installing, "one")
    (left,) = [event for event in events if isinstance(event, ProviderRollbackFailed)]
    assert left.code is Code.PROVIDER_OVERLOADED
    assert isinstance(events[-1], RunPartiallyFailed)
    assert len(await installing.there()) == 1
    assert isinstance(await installing.verify(), InstallationVerified)


async def test_a_run_is_rolled_back_to_the_version_before(installing: SandboxInstalling) -> None:
    first = await installing.queue(installing.kind.name)
    await installing.work(first)
    await installing.world.register("two")
    second = await installing.queue(installing.kind.name)
    await installing.work(second)
    await work(installing, (await installing.world.roll_back(second)).run_id)
    assert isinstance(await installing.verify(), InstallationVerified)
    assert await installing.live_version() == 1
    assert len(await installing.there()) == 1


async def test_a_first_install_is_rolled_back_to_nothing(installing: SandboxInstalling) -> None:
    run_id = await installing.queue(installing.kind.name)
    await installing.work(run_id)
    await installing.fault("status", "delete_skill", status=503)
    events = await work(installing, (await installing.world.roll_back(run_id)).run_id)
    assert names(events)[-1] == "RunSucceeded"
    assert await installing.there() == []
