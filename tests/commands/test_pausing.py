"""What a failure says of the connection: one that asked for fewer calls is paused, one that did not let us in is verified."""

from datetime import timedelta
from typing import Any

import pytest

from domain.errors import Code, ProviderOnHold
from domain.install_run.events import ProviderRetryScheduled
from domain.install_run.policy import RETRY_AFTER_SECONDS_MAX, Policy
from domain.provider.events import ProviderPaused, ProviderResumed
from domain.timers import Timer, TimerName
from tests.commands.connections import REFUSED, in_use
from tests.commands.timing import connection_timer
from tests.commands.world import World, failed, names
from tests.kit.facts import NOON

pytestmark = pytest.mark.anyio

SLOW: dict[str, Any] = {"code": Code.PROVIDER_RATE_LIMIT, "retryable": True}


async def paused(world: World) -> list[ProviderPaused]:
    return [event for event in await world.events() if isinstance(event, ProviderPaused)]


def due_in(timer: Timer | None) -> float:
    assert timer is not None
    assert timer.due_at is not None
    return (timer.due_at - NOON).total_seconds()


@pytest.mark.parametrize(("asked", "seconds"), [(7.5, 7.5), (100_000.0, RETRY_AFTER_SECONDS_MAX)])
async def test_who_asks_for_fewer_calls_gets_none_for_so_long(world: World, asked: float, seconds: float) -> None:
    run_id = (await world.queue("openai")).run_id
    await world.fail(run_id, retry_after_seconds=asked, **SLOW)
    until = NOON + timedelta(seconds=seconds)
    assert await paused(world) == [ProviderPaused(until=until, code=Code.PROVIDER_RATE_LIMIT)]
    assert due_in(connection_timer(world, TimerName.RESUME)) == seconds


@pytest.mark.parametrize("asked", [None, 0])
@pytest.mark.parametrize(
    ("backoff", "attempts_max", "at_least", "at_most"), [(4, 4, 2, 4), (4, 1, 4, 4), (100, 4, 30, 30)]
)
async def test_who_does_not_say_for_how_long_is_left_alone_until_the_next_attempt(
    world: World, *, asked: float | None, backoff: float, attempts_max: int, at_least: float, at_most: float
) -> None:
    """But one run that is very patient does not hold up the others for as long."""
    policy = Policy(backoff_seconds=backoff, backoff_max_seconds=backoff, attempts_max=attempts_max)
    run_id = (await world.queue("openai", policy=policy)).run_id
    await world.fail(run_id, retry_after_seconds=asked, **SLOW)
    seconds = due_in(connection_timer(world, TimerName.RESUME))
    assert at_least <= seconds <= at_most
    due = [event.due_at for event in await world.events() if isinstance(event, ProviderRetryScheduled)]
    if due and backoff < 30:
        assert due == [NOON + timedelta(seconds=seconds)]


async def test_where_nothing_is_to_be_waited_for_there_is_no_pause(world: World) -> None:
    run_id = (await world.queue("openai", policy=Policy(backoff_seconds=0))).run_id
    await world.fail(run_id, **SLOW)
    assert not await paused(world)


async def test_while_a_connection_is_paused_nothing_begins_there_and_others_go_on(world: World) -> None:
    await world.fail((await world.queue("openai")).run_id, retry_after_seconds=30, **SLOW)
    await world.register(name="plain-english")
    run_id = (await world.queue("openai", "backup", skill="plain-english")).run_id
    for process in (world, world.another_process()):
        with pytest.raises(ProviderOnHold):
            await process.start(run_id)
    assert await world.start(run_id, "backup") is not None
    world.pass_time(30)
    assert await world.start(run_id) is not None


async def test_the_next_attempt_of_the_run_comes_when_the_pause_is_over(world: World) -> None:
    run_id = (await world.queue("openai")).run_id
    await world.fail(run_id, retry_after_seconds=30, **SLOW)
    (scheduled,) = [event for event in await world.events() if isinstance(event, ProviderRetryScheduled)]
    assert scheduled.due_at == NOON + timedelta(seconds=30)
    world.pass_time(30)
    assert await world.start(run_id) is not None


async def test_a_pause_is_never_made_shorter(world: World) -> None:
    """Two calls at once are told to slow down; and a person holds a connection back until further notice."""
    await world.register(name="plain-english")
    runs = [(await world.queue("openai", skill=skill)).run_id for skill in ("release-notes", "plain-english")]
    attempts = [await world.start(run_id) for run_id in runs]
    for run_id, attempt, seconds in zip(runs, attempts, (30, 10), strict=True):
        assert attempt is not None
        await world.settle(failed(attempt, retry_after_seconds=seconds, **SLOW), run_id=run_id)
    assert [pause.until for pause in await paused(world)] == [NOON + timedelta(seconds=30)]
    assert due_in(connection_timer(world, TimerName.RESUME)) == 30


async def test_a_person_s_pause_without_an_end_is_kept(world: World) -> None:
    run_id = (await world.queue("openai")).run_id
    attempt = await world.start(run_id)
    assert attempt is not None
    await world.happen_to("openai", ProviderPaused(requested=True))
    await world.settle(failed(attempt, retry_after_seconds=5, **SLOW), run_id=run_id)
    assert len(await paused(world)) == 1
    assert connection_timer(world, TimerName.RESUME) is None
    world.pass_time(600)
    with pytest.raises(ProviderOnHold):
        await world.start(run_id)
    await world.happen_to("openai", ProviderResumed(requested=True))
    assert await world.start(run_id) is not None


@pytest.mark.parametrize("code", [Code.PROVIDER_UNAUTHORIZED, Code.PROVIDER_FORBIDDEN])
async def test_a_connection_that_is_not_let_in_is_verified_again(world: World, code: Code) -> None:
    run_id = (await world.queue("openai")).run_id
    await world.fail(run_id, code=code)
    assert names(await world.events(run_id))[-1] == "RunFailed"
    assert due_in(connection_timer(world, TimerName.VERIFY)) == 0
    assert not await paused(world)


@pytest.mark.parametrize("code", [Code.PROVIDER_OVERLOADED, Code.PROVIDER_INVALID_SKILL, Code.PROVIDER_QUOTA_EXCEEDED])
async def test_what_is_only_about_the_skill_says_nothing_of_the_connection(world: World, code: Code) -> None:
    await world.fail((await world.queue("openai")).run_id, code=code)
    assert {name for name, _, _ in world.store.timers} == set()
    assert not await paused(world)


async def test_when_it_goes_out_of_use_those_that_wait_for_it_are_looked_after() -> None:
    world = await in_use()
    world.told.failure = REFUSED
    await world.verify()
    assert due_in(connection_timer(world, TimerName.ABANDON)) == 0
    world.store.timers.clear()
    await world.verify()
    assert connection_timer(world, TimerName.ABANDON) is None
    world.told.failure = None
    await world.verify()
    await world.change(active=False)
    assert connection_timer(world, TimerName.ABANDON) is None
