from uuid import UUID, uuid4

import pytest

from commands.expire_lease import ExpireLease, ExpireLeaseHandler
from commands.start_attempt import Attempt
from domain.errors import Code, RunNotFound
from domain.install_run.events import ProviderLeaseExpired, ProviderRetryScheduled, RunFailed
from domain.install_run.policy import Policy
from domain.install_run.state import INSTALL_RUN, InstallRun, TargetState, TargetStatus
from domain.installation.events import InstallationReleased
from domain.provider.state import provider_stream
from domain.timers import TimerName, TimerPhase
from tests.commands.world import World, names, succeeded
from tests.kit.facts import NOON, context

pytestmark = pytest.mark.anyio

OPENAI_ID = provider_stream("openai")
LONG_SECONDS = 600.0


async def expire(world: World, run_id: UUID) -> bool:
    return await ExpireLeaseHandler(handling=world.handling)(
        ExpireLease(run_id=run_id, provider_id=OPENAI_ID), context()
    )


async def started(world: World, *, attempts_max: int = 4) -> Attempt:
    run_id = (await world.queue("openai", policy=Policy(attempts_max=attempts_max))).run_id
    attempt = await world.start(run_id)
    assert attempt is not None
    return attempt


async def folded(world: World, run_id: UUID) -> InstallRun:
    run = INSTALL_RUN.fold(await world.store.load(run_id))
    assert run is not None
    return run


async def target_of(world: World, run_id: UUID) -> TargetState:
    return (await folded(world, run_id)).targets[0]


async def test_an_attempt_of_which_nothing_is_heard_is_over_and_another_one_is_scheduled(world: World) -> None:
    attempt = await started(world)
    lease_until = (await target_of(world, attempt.run_id)).lease_until
    before = await world.store.head()
    world.pass_time(LONG_SECONDS)
    assert await expire(world, attempt.run_id)
    expired, scheduled = [one.event for one in await world.store.read(after=before, limit=10)]
    assert expired == ProviderLeaseExpired(
        provider_id=OPENAI_ID, attempt_id=attempt.attempt_id, lease_until=lease_until or NOON
    )
    assert isinstance(scheduled, ProviderRetryScheduled)
    assert scheduled.attempt == 2
    timer = world.store.timers[TimerName.TARGET, attempt.run_id, OPENAI_ID].timer
    assert (timer.phase, timer.due_at) == (TimerPhase.RETRY, scheduled.due_at)


async def test_it_counts_as_a_rescue_and_leaves_a_doubt(world: World) -> None:
    attempt = await started(world)
    world.pass_time(LONG_SECONDS)
    await expire(world, attempt.run_id)
    target = await target_of(world, attempt.run_id)
    assert (target.status, target.rescues, target.doubtful_since) == (TargetStatus.QUEUED, 1, NOON)


async def test_the_last_attempt_ends_the_run_and_frees_the_slot(world: World) -> None:
    attempt = await started(world, attempts_max=1)
    world.pass_time(LONG_SECONDS)
    before = await world.store.head()
    assert await expire(world, attempt.run_id)
    events = [one.event for one in await world.store.read(after=before, limit=10)]
    assert names(events) == ["ProviderLeaseExpired", "InstallationReleased", "RunFailed"]
    assert events[1:] == [
        InstallationReleased(run_id=attempt.run_id, doubtful_since=NOON, doubtful_version=1),
        RunFailed(failures={Code.RUN_LEASE_EXPIRED: 1}, reason=Code.RUN_LEASE_EXPIRED),
    ]
    assert (TimerName.TARGET, attempt.run_id, OPENAI_ID) not in world.store.timers


async def test_a_late_outcome_does_not_count_any_more(world: World) -> None:
    attempt = await started(world)
    world.pass_time(LONG_SECONDS)
    await expire(world, attempt.run_id)
    assert not await world.settle(succeeded(attempt), run_id=attempt.run_id)
    assert (await target_of(world, attempt.run_id)).status is TargetStatus.QUEUED


@pytest.mark.parametrize("when", ["not started", "in time", "expired already", "settled", "in its next attempt"])
async def test_it_stays_quiet_unless_a_lease_has_expired(world: World, when: str) -> None:
    run_id = (await world.queue("openai", policy=Policy(backoff_seconds=0))).run_id
    if when != "not started":
        attempt = await world.start(run_id)
        assert attempt is not None
        if when == "settled":
            await world.settle(succeeded(attempt), run_id=run_id)
    if when != "in time":
        world.pass_time(LONG_SECONDS)
    if when in ("expired already", "in its next attempt"):
        assert await expire(world, run_id)
    if when == "in its next attempt":
        assert await world.start(run_id)
    before = await world.store.head()
    assert not await expire(world, run_id)
    assert await world.store.head() == before


async def test_there_must_be_such_a_run(world: World) -> None:
    with pytest.raises(RunNotFound):
        await expire(world, uuid4())
