import asyncio
from uuid import UUID, uuid4

import pytest

from commands.rescue_target import RescueTarget, RescueTargetHandler
from domain.errors import Code, RunNotFound
from domain.install_run.events import ProviderRescued
from domain.install_run.policy import Policy
from domain.install_run.state import INSTALL_RUN, TargetState
from domain.provider.events import ProviderDeactivated, ProviderEvent, ProviderPaused, ProviderResumed
from domain.provider.state import provider_stream
from domain.timers import TimerName, TimerPhase
from tests.commands.stores import Uneven
from tests.commands.world import World, names
from tests.kit.facts import context

pytestmark = pytest.mark.anyio

OPENAI_ID = provider_stream("openai")


async def rescue(world: World, run_id: UUID, *, attempts: int = 0, rescues: int = 0) -> bool:
    command = RescueTarget(
        run_id=run_id,
        provider_id=OPENAI_ID,
        attempts=attempts,
        rescues=rescues,
        fault="retry_overdue" if attempts else "ticket_lost",
    )
    return await RescueTargetHandler(handling=world.handling)(command, context())


async def target_of(world: World, run_id: UUID) -> TargetState:
    run = INSTALL_RUN.fold(await world.store.load(run_id))
    assert run is not None
    return run.targets[0]


async def test_a_target_that_lost_its_ticket_gets_another_one_at_once(world: World) -> None:
    run_id = (await world.queue("openai")).run_id
    world.pass_time(60)
    assert await rescue(world, run_id)
    assert (await world.events(run_id))[-1] == ProviderRescued(provider_id=OPENAI_ID, attempts=0, fault="ticket_lost")
    timer = world.store.timers[TimerName.TARGET, run_id, OPENAI_ID].timer
    assert (timer.phase, timer.due_at) == (TimerPhase.RETRY, world.now)
    assert (await target_of(world, run_id)).rescues == 1
    await world.carry_out(run_id)


async def test_so_does_one_whose_retry_is_overdue(world: World) -> None:
    run_id = (await world.queue("openai")).run_id
    await world.fail(run_id, code=Code.PROVIDER_OVERLOADED, retryable=True)
    world.pass_time(60)
    assert await rescue(world, run_id, attempts=1)
    rescued = ProviderRescued(provider_id=OPENAI_ID, attempts=1, fault="retry_overdue")
    assert (await world.events(run_id))[-1] == rescued


async def test_the_same_rescue_is_made_once_and_the_next_one_is_another(world: World) -> None:
    run_id = (await world.queue("openai")).run_id
    assert await rescue(world, run_id)
    assert not await rescue(world, run_id)
    assert not await rescue(world.another_process(), run_id)
    assert await rescue(world, run_id, rescues=1)
    assert names(await world.events(run_id)).count("ProviderRescued") == 2


@pytest.mark.parametrize("seed", range(3))
async def test_of_two_who_rescue_at_once_one_does(seed: int) -> None:
    store = Uneven(seed)
    world = World(store)
    await world.register()
    await world.connect()
    run_id = (await world.queue("openai")).run_id
    outcomes = await asyncio.gather(*(rescue(World(store), run_id) for _ in range(4)))
    assert sorted(outcomes) == [False, False, False, True]


async def test_one_that_waits_in_line_gets_none_until_it_is_its_turn(world: World) -> None:
    await world.register("two")
    first = (await world.queue("openai", ref="1")).run_id
    second = (await world.queue("openai", ref="2")).run_id
    assert not await rescue(world, second)
    await world.carry_out(first)
    assert await rescue(world, second)


async def test_the_timer_of_one_whose_turn_has_come_stands_from_then(world: World) -> None:
    await world.register("two")
    first = (await world.queue("openai", ref="1")).run_id
    second = (await world.queue("openai", ref="2")).run_id
    in_line = world.store.timers[TimerName.TARGET, second, OPENAI_ID]
    world.pass_time(60)
    await world.carry_out(first)
    its_turn = world.store.timers[TimerName.TARGET, second, OPENAI_ID]
    assert its_turn.timer == in_line.timer
    assert (its_turn.set_at, its_turn.position) == (world.now, await world.store.head())


@pytest.mark.parametrize(
    "happened",
    [ProviderDeactivated(), ProviderDeactivated(requested=True), ProviderPaused(requested=True)],
    ids=["inactive", "shelved", "paused"],
)
async def test_one_whose_connection_nobody_serves_gets_none(world: World, happened: ProviderEvent) -> None:
    run_id = (await world.queue("openai")).run_id
    await world.happen_to("openai", happened)
    assert not await rescue(world, run_id)
    assert names(await world.events(run_id)) == ["RunQueued"]


async def test_a_pause_that_is_over_is_no_reason(world: World) -> None:
    run_id = (await world.queue("openai")).run_id
    await world.happen_to("openai", ProviderPaused(requested=True), ProviderResumed(requested=True))
    assert await rescue(world, run_id)


@pytest.mark.parametrize("when", ["under way", "ended", "not due yet", "overdue", "at another attempt"])
async def test_it_stays_quiet_unless_the_target_waits_for_a_ticket(world: World, when: str) -> None:
    run_id = (await world.queue("openai", policy=Policy(backoff_seconds=60))).run_id
    attempts = 1
    match when:
        case "under way":
            assert await world.start(run_id)
        case "ended":
            await world.carry_out(run_id)
        case "not due yet":
            await world.fail(run_id, code=Code.PROVIDER_OVERLOADED, retryable=True)
        case "overdue":
            attempts = 0
            world.pass_time(10_000)
        case _:
            pass
    before = await world.store.head()
    assert not await rescue(world, run_id, attempts=attempts)
    assert await world.store.head() == before


async def test_there_must_be_such_a_run(world: World) -> None:
    with pytest.raises(RunNotFound):
        await rescue(world, uuid4())
