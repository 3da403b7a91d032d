"""What an attempt put at its provider after it had lost its lease: nothing rests on it, and it is not forgotten."""

from datetime import timedelta
from uuid import UUID

import pytest

from commands.concluding import SWEEPS_AFTER_SECONDS
from commands.expire_lease import ExpireLease, ExpireLeaseHandler
from commands.start_attempt import Attempt
from domain.install_run.policy import Policy
from domain.installation.events import InstallationReceiptLate, Receipt
from domain.installation.state import INSTALLATION, Installation, installation_stream
from domain.provider.state import provider_stream
from tests.commands.timing import sweep_timer
from tests.commands.world import SKILL_ID, World, failed, names, succeeded
from tests.kit.facts import NOON, context

pytestmark = pytest.mark.anyio

OPENAI_ID = provider_stream("openai")
LATE = Receipt(remote_id="skill_2", remote_version="1")


async def frozen(world: World, policy: Policy | None = None) -> Attempt:
    """An attempt whose worker woke up after its lease."""
    attempt = await world.start((await world.queue("openai", policy=policy or Policy())).run_id)
    assert attempt is not None
    world.pass_time(3_000)
    command = ExpireLease(run_id=attempt.run_id, provider_id=OPENAI_ID)
    assert await ExpireLeaseHandler(handling=world.handling)(command, context())
    return attempt


async def again(world: World, run_id: UUID) -> Attempt:
    world.pass_time(60)
    attempt = await world.start(run_id)
    assert attempt is not None
    return attempt


async def at_openai(world: World) -> Installation:
    installation = INSTALLATION.fold(await world.store.load(installation_stream(SKILL_ID, OPENAI_ID)))
    assert installation is not None
    return installation


async def test_a_late_success_is_noted_and_decides_nothing(world: World) -> None:
    stale = await frozen(world)
    current = await again(world, stale.run_id)
    before = await world.store.head()
    assert not await world.settle(succeeded(stale, receipt=LATE), run_id=stale.run_id, since=stale.intent.since)
    assert await world.since(before) == [
        InstallationReceiptLate(
            run_id=stale.run_id,
            skill_id=SKILL_ID,
            provider_id=OPENAI_ID,
            attempt_id=stale.attempt_id,
            version=1,
            receipt=LATE,
            since=NOON,
        )
    ]
    timer = sweep_timer(world)
    assert timer is not None
    assert timer.due_at == world.now + timedelta(seconds=SWEEPS_AFTER_SECONDS[0])
    await world.settle(succeeded(current), run_id=stale.run_id)
    assert names(await world.events(stale.run_id))[-1] == "RunSucceeded"


async def test_the_attempt_after_a_lost_lease_looks_up_what_became_of_it(world: World) -> None:
    stale = await frozen(world)
    current = await again(world, stale.run_id)
    assert (current.doubts, current.intent.since) == ((current.intent,), NOON)


async def test_a_late_success_after_the_current_one_is_looked_for(world: World) -> None:
    stale = await frozen(world)
    await world.settle(succeeded(await again(world, stale.run_id)), run_id=stale.run_id)
    world.store.timers.clear()
    await world.settle(succeeded(stale, receipt=LATE), run_id=stale.run_id)
    assert sweep_timer(world) is not None
    assert (await at_openai(world)).doubtful_versions == frozenset({1})


async def test_a_late_success_after_the_run_has_failed_is_known_to_the_next_run(world: World) -> None:
    stale = await frozen(world, Policy(attempts_max=1))
    assert names(await world.events(stale.run_id))[-1] == "RunFailed"
    await world.settle(succeeded(stale, receipt=LATE), run_id=stale.run_id)
    assert names(await world.events(stale.run_id))[-1] == "RunFailed"
    following = await world.start((await world.queue("openai")).run_id)
    assert following is not None
    assert following.doubts == (following.intent,)


async def test_what_came_late_and_is_kept_after_all_is_no_news(world: World) -> None:
    """As when the next attempt found it and adopted it."""
    stale = await frozen(world)
    current = await again(world, stale.run_id)
    await world.settle(succeeded(current, receipt=LATE), run_id=stale.run_id)
    before = await world.store.head()
    assert not await world.settle(succeeded(stale, receipt=LATE), run_id=stale.run_id)
    assert await world.store.head() == before


async def test_an_answer_that_is_sent_again_is_not_taken_for_a_late_one(world: World) -> None:
    """Its acknowledgement got lost, and by now the next version stands there."""
    first = await world.start((await world.queue("openai")).run_id)
    assert first is not None
    await world.settle(succeeded(first, receipt=LATE), run_id=first.run_id)
    await world.register("two")
    await world.carry_out((await world.queue("openai")).run_id)
    await world.carry_out((await world.uninstall()).run_id)
    before = await world.store.head()
    assert not await world.settle(succeeded(first, receipt=LATE), run_id=first.run_id)
    assert await world.store.head() == before


async def test_an_undoing_that_is_told_again_is_not_taken_for_a_late_one(world: World) -> None:
    await world.carry_out((await world.queue("openai")).run_id)
    await world.register("two")
    policy = Policy(mode="all_or_nothing", attempts_max=1)
    run_id = (await world.queue("openai", "backup", policy=policy)).run_id
    attempt = await world.start(run_id)
    assert attempt is not None
    await world.settle(succeeded(attempt, receipt=LATE), run_id=run_id, version=2)
    await world.fail(run_id, "backup")
    undoing = await world.start(run_id)
    assert undoing is not None
    await world.settle(succeeded(undoing), run_id=run_id)
    await world.carry_out((await world.uninstall()).run_id)
    before = await world.store.head()
    assert not await world.settle(succeeded(undoing), run_id=run_id)
    assert await world.store.head() == before


@pytest.mark.parametrize("stranger", ["failure", "removal", "other run"])
async def test_what_has_put_nothing_there_is_not_noted(world: World, stranger: str) -> None:
    other_run = (await world.queue("backup")).run_id
    stale = await frozen(world)
    before = await world.store.head()
    if stranger == "failure":
        assert not await world.settle(failed(stale, ambiguous=True), run_id=stale.run_id)
    elif stranger == "removal":
        assert not await world.settle(succeeded(stale), run_id=stale.run_id, version=None)
    else:
        assert not await world.settle(succeeded(stale), run_id=other_run)
    assert await world.store.head() == before
    assert sweep_timer(world) is None
