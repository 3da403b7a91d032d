"""What failed and may succeed later is tried again, in the same run and with the slot kept; what may have been applied is known."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from commands.abandon_target import AbandonTarget, AbandonTargetHandler
from commands.concluding import SWEEPS_AFTER_SECONDS
from commands.expire_lease import ExpireLease, ExpireLeaseHandler
from commands.expire_target import ExpireTarget, ExpireTargetHandler
from commands.start_attempt import LEASE_MARGIN_SECONDS, Attempt, NotYetDue
from domain.errors import Code
from domain.install_run.events import ProviderFailed, ProviderGivenUp, ProviderRetryScheduled, RunFailed
from domain.install_run.policy import Policy
from domain.installation.events import InstallationChanged, InstallationReleased
from domain.provider.events import ProviderDeactivated, ProviderVerificationFailed
from domain.provider.state import provider_stream
from domain.timers import TimerPhase
from tests.commands.timing import sweep_timer, target_timer
from tests.commands.world import World, failed, names, succeeded
from tests.kit.facts import NOON, context

pytestmark = pytest.mark.anyio

OPENAI_ID = provider_stream("openai")
BUSY: dict[str, Any] = {"code": Code.PROVIDER_OVERLOADED, "retryable": True}
LOST: dict[str, Any] = {"code": Code.PROVIDER_TIMEOUT, "retryable": True, "ambiguous": True}
ONCE = Policy(attempts_max=1)
# Due soon, and not too soon for a ticket to be early.
PATIENT = Policy(backoff_seconds=10)


async def queued(world: World, policy: Policy = PATIENT) -> UUID:
    return (await world.queue("openai", policy=policy)).run_id


async def again(world: World, run_id: UUID) -> Attempt:
    """The attempt after one that failed, when it is due."""
    timer = target_timer(world, run_id)
    assert timer is not None
    assert timer.due_at is not None
    world.now = max(world.now, timer.due_at)
    attempt = await world.start(run_id)
    assert attempt is not None
    return attempt


async def test_a_failure_that_may_pass_keeps_the_slot_and_says_when_the_next_attempt_is_due(world: World) -> None:
    run_id = await queued(world)
    before = await world.store.head()
    await world.fail(run_id, **BUSY)
    _, _, refused, scheduled = await world.since(before)
    assert isinstance(refused, ProviderFailed)
    assert not refused.final
    assert isinstance(scheduled, ProviderRetryScheduled)
    assert NOON + timedelta(seconds=5) <= scheduled.due_at <= NOON + timedelta(seconds=10)
    timer = target_timer(world, run_id)
    assert timer is not None
    assert (timer.phase, timer.due_at) == (TimerPhase.RETRY, scheduled.due_at)
    await world.register("two")
    assert await world.start((await world.queue("openai")).run_id) is None
    assert (await again(world, run_id)).run_id == run_id


async def test_a_ticket_that_comes_too_early_gives_nothing_and_one_that_is_a_little_early_is_kept(world: World) -> None:
    run_id = await queued(world)
    await world.fail(run_id, **BUSY)
    timer = target_timer(world, run_id)
    assert timer is not None
    assert timer.due_at is not None
    before = await world.store.head()
    assert await world.start(run_id) is None
    world.now = timer.due_at - timedelta(seconds=0.25)
    for process in (world, world.another_process()):
        process.now = world.now
        with pytest.raises(NotYetDue) as early:
            await process.start(run_id)
        assert early.value.seconds == pytest.approx(0.25)
    assert await world.store.head() == before


async def test_an_attempt_that_is_under_way_is_looked_after_when_its_lease_expires(world: World) -> None:
    run_id = await queued(world, Policy(attempt_timeout_seconds=5))
    await world.start(run_id)
    timer = target_timer(world, run_id)
    assert timer is not None
    lease_until = NOON + timedelta(seconds=5 + LEASE_MARGIN_SECONDS)
    assert (timer.phase, timer.due_at) == (TimerPhase.RUNNING, lease_until)


async def test_what_may_have_been_applied_is_looked_up_by_the_next_attempt(world: World) -> None:
    run_id = await queued(world)
    first = await world.fail(run_id, **LOST)
    second = await again(world, run_id)
    assert second.attempt_id != first.attempt_id
    assert (first.doubts, second.doubts) == ((), (second.intent,))
    assert second.intent.since == NOON < world.now


async def test_what_was_refused_is_not_looked_up(world: World) -> None:
    run_id = await queued(world)
    await world.fail(run_id, **BUSY)
    second = await again(world, run_id)
    assert (second.doubts, second.intent.since) == ((), world.now)
    await world.settle(succeeded(second), run_id=run_id)
    changed = [event for event in await world.events() if isinstance(event, InstallationChanged)]
    assert [change.doubtful_since for change in changed] == [None]
    assert sweep_timer(world) is None


async def test_doubt_lasts_over_an_attempt_that_was_refused(world: World) -> None:
    run_id = await queued(world)
    await world.fail(run_id, **LOST)
    second = await again(world, run_id)
    world.pass_time(1)
    await world.settle(failed(second, **BUSY), run_id=run_id)
    third = await again(world, run_id)
    assert (third.doubts, third.intent.since) == ((third.intent,), NOON)


async def test_after_the_success_it_is_looked_for_what_arrives_late(world: World) -> None:
    run_id = await queued(world)
    await world.fail(run_id, **LOST)
    assert sweep_timer(world) is None
    attempt = await again(world, run_id)
    await world.settle(succeeded(attempt), run_id=run_id)
    (changed,) = [event for event in await world.events() if isinstance(event, InstallationChanged)]
    assert changed.doubtful_since == NOON
    timer = sweep_timer(world)
    assert timer is not None
    assert (timer.due_at, timer.round) == (world.now + timedelta(seconds=SWEEPS_AFTER_SECONDS[0]), 0)
    assert target_timer(world, run_id) is None


async def test_beside_what_is_live_it_is_looked_for_also_after_a_failure(world: World) -> None:
    """It would be in use in place of what is said to be; where nothing is, the next run adopts it."""
    await world.fail(await queued(world, ONCE), **LOST)
    assert sweep_timer(world) is None
    await world.carry_out(await queued(world))
    assert sweep_timer(world) is not None
    world.store.timers.clear()
    await world.register("two")
    run_id = await queued(world, ONCE)
    attempt = await world.start(run_id)
    assert attempt is not None
    world.pass_time(60)
    await world.settle(failed(attempt, **LOST), run_id=run_id)
    assert sweep_timer(world) is not None


async def test_a_doubt_that_is_looked_after_is_not_looked_after_from_the_beginning_again(world: World) -> None:
    run_id = await queued(world)
    await world.fail(run_id, **LOST)
    await world.settle(succeeded(await again(world, run_id)), run_id=run_id)
    first = sweep_timer(world)
    world.pass_time(100)
    await world.carry_out(await queued(world))
    assert sweep_timer(world) == first


async def test_when_no_attempt_is_left_the_target_has_failed(world: World) -> None:
    run_id = await queued(world, Policy(backoff_seconds=10, attempts_max=2))
    await world.fail(run_id, **LOST)
    attempt = await again(world, run_id)
    before = await world.store.head()
    await world.settle(failed(attempt, **LOST), run_id=run_id)
    last, released, ended = await world.since(before)
    assert isinstance(last, ProviderFailed)
    assert last.final
    assert released == InstallationReleased(run_id=run_id, doubtful_since=NOON, doubtful_version=1)
    assert ended == RunFailed(failures={Code.PROVIDER_TIMEOUT: 1})
    assert target_timer(world, run_id) is None


async def test_an_attempt_that_would_come_after_the_end_of_the_run_is_not_waited_for(world: World) -> None:
    run_id = await queued(world, Policy(backoff_seconds=10, run_timeout_seconds=4))
    before = await world.store.head()
    await world.fail(run_id, **BUSY)
    _, _, refused, given_up, released, ended = await world.since(before)
    assert isinstance(refused, ProviderFailed)
    assert not refused.final
    assert isinstance(given_up, ProviderGivenUp)
    assert given_up.code is Code.RUN_TIMEOUT
    assert isinstance(released, InstallationReleased)
    assert ended == RunFailed(failures={Code.RUN_TIMEOUT: 1}, reason=Code.RUN_TIMEOUT)
    assert target_timer(world, run_id) is None


async def test_an_attempt_may_not_outlast_its_run(world: World) -> None:
    run_id = await queued(world, Policy(run_timeout_seconds=50, attempt_timeout_seconds=60))
    world.pass_time(20)
    attempt = await world.start(run_id)
    assert attempt is not None
    assert attempt.deadline_seconds == 30


async def test_a_removal_is_tried_again_and_has_put_nothing_there(world: World) -> None:
    await world.carry_out(await queued(world))
    run_id = (await world.uninstall(policy=PATIENT)).run_id
    await world.fail(run_id, **LOST)
    second = await again(world, run_id)
    assert (second.removes, second.doubts) == (True, ())
    await world.settle(succeeded(second), run_id=run_id, version=None)
    assert names(await world.events(run_id))[-1] == "RunSucceeded"
    assert sweep_timer(world) is None


async def let_the_lease_expire(world: World, run_id: UUID) -> None:
    assert await world.start(run_id) is not None
    world.pass_time(1000)
    command = ExpireLease(run_id=run_id, provider_id=OPENAI_ID)
    assert await ExpireLeaseHandler(handling=world.handling)(command, context())


async def let_the_time_pass(world: World, run_id: UUID) -> None:
    world.pass_time(1000)
    command = ExpireTarget(run_id=run_id, provider_id=OPENAI_ID)
    await ExpireTargetHandler(handling=world.handling)(command, context())


async def lose_the_connection(world: World, run_id: UUID) -> None:
    refused = ProviderVerificationFailed(code=Code.PROVIDER_UNAUTHORIZED, message="No.")
    await world.happen_to("openai", refused, ProviderDeactivated())
    command = AbandonTarget(run_id=run_id, provider_id=OPENAI_ID)
    assert await AbandonTargetHandler(handling=world.handling)(command, context())


async def succeed(world: World, run_id: UUID) -> None:
    await world.carry_out(run_id)


async def fail(world: World, run_id: UUID) -> None:
    await world.fail(run_id)


async def cancel(world: World, run_id: UUID) -> None:
    await world.cancel(run_id)


@pytest.mark.parametrize("end", [succeed, fail, cancel, let_the_lease_expire, let_the_time_pass, lose_the_connection])
async def test_however_a_run_ends_its_slot_is_free_and_nobody_looks_after_it(
    world: World, end: Callable[[World, UUID], Awaitable[None]]
) -> None:
    first = await queued(world, ONCE)
    await world.register("two")
    second = (await world.queue("openai", policy=Policy(start_timeout_seconds=3000))).run_id
    await end(world, first)
    assert names(await world.events(first))[-1] in ("RunSucceeded", "RunFailed")
    assert target_timer(world, first) is None
    assert names(await world.events())[-2] == "InstallationReserved"
    timer = target_timer(world, second)
    assert timer is not None
    assert timer.phase is TimerPhase.WAITING
    if end is not lose_the_connection:
        assert await world.start(second) is not None
