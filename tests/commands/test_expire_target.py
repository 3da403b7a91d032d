"""What waited beyond its time has failed; what has time left, or waits no more, is left alone."""

from uuid import UUID, uuid4

import pytest

from commands.expire_target import ExpireTarget, ExpireTargetHandler
from domain.errors import Code, RunNotFound
from domain.install_run.events import ProviderGivenUp, RunFailed, RunPartiallyFailed
from domain.install_run.policy import Policy
from domain.installation.events import InstallationReleased, InstallationReserved, InstallationWithdrawn
from domain.provider.state import provider_stream
from domain.timers import TimerName
from tests.commands.world import World, names
from tests.kit.facts import context

pytestmark = pytest.mark.anyio

OPENAI_ID = provider_stream("openai")
BACKUP_ID = provider_stream("backup")
START_SECONDS = 60
RUN_SECONDS = 300
POLICY = Policy(start_timeout_seconds=START_SECONDS, run_timeout_seconds=RUN_SECONDS)


async def expire(world: World, run_id: UUID, provider_id: UUID = OPENAI_ID) -> bool:
    handler = ExpireTargetHandler(handling=world.handling)
    return await handler(ExpireTarget(run_id=run_id, provider_id=provider_id), context())


def target_timers(world: World) -> set[tuple[UUID, UUID]]:
    return {(subject, provider) for name, subject, provider in world.store.timers if name is TimerName.TARGET}


async def test_a_target_that_was_never_begun_ends_with_its_run_and_frees_its_slot(world: World) -> None:
    run_id = (await world.queue("openai", policy=POLICY)).run_id
    before = len(await world.events())
    world.pass_time(START_SECONDS)
    assert await expire(world, run_id)
    given_up, released, ended = (await world.events())[before:]
    assert isinstance(given_up, ProviderGivenUp)
    assert given_up.code is Code.RUN_START_TIMEOUT
    assert released == InstallationReleased(run_id=run_id)
    assert ended == RunFailed(failures={Code.RUN_START_TIMEOUT: 1}, reason=Code.RUN_START_TIMEOUT)
    assert target_timers(world) == set()


async def test_one_that_waits_in_line_gives_up_its_place(world: World) -> None:
    first = (await world.queue("openai")).run_id
    await world.register("two")
    second = (await world.queue("openai", policy=POLICY)).run_id
    world.pass_time(START_SECONDS)
    assert await expire(world, second)
    assert InstallationWithdrawn(run_id=second) in await world.events()
    assert target_timers(world) == {(first, OPENAI_ID)}


async def test_whose_turn_it_is_then_has_the_slot(world: World) -> None:
    first = (await world.queue("openai", policy=POLICY)).run_id
    await world.register("two")
    second = (await world.queue("openai")).run_id
    world.pass_time(START_SECONDS)
    assert await expire(world, first)
    reserved = [event for event in await world.events() if isinstance(event, InstallationReserved)]
    assert [event.run_id for event in reserved] == [first, second]


async def test_the_others_of_the_run_are_left_alone(world: World) -> None:
    run_id = (await world.queue("openai", "backup", policy=POLICY)).run_id
    await world.carry_out(run_id, "backup")
    world.pass_time(START_SECONDS)
    assert await expire(world, run_id)
    ended = (await world.events())[-1]
    assert ended == RunPartiallyFailed(succeeded=1, failures={Code.RUN_START_TIMEOUT: 1}, reason=Code.RUN_START_TIMEOUT)


async def test_one_that_waits_for_its_retry_has_the_time_of_the_run(world: World) -> None:
    run_id = (await world.queue("openai", policy=POLICY)).run_id
    await world.fail(run_id, code=Code.PROVIDER_OVERLOADED, retryable=True)
    world.pass_time(START_SECONDS)
    assert not await expire(world, run_id)
    world.pass_time(RUN_SECONDS - START_SECONDS)
    assert await expire(world, run_id)
    assert (await world.events())[-1] == RunFailed(failures={Code.RUN_TIMEOUT: 1}, reason=Code.RUN_TIMEOUT)


async def test_one_that_has_time_left_is_left_alone(world: World) -> None:
    run_id = (await world.queue("openai", policy=POLICY)).run_id
    before = await world.events()
    world.pass_time(START_SECONDS - 1)
    assert not await expire(world, run_id)
    assert await world.events() == before


async def test_one_that_is_under_way_or_has_ended_waits_no_more(world: World) -> None:
    run_id = (await world.queue("openai", "backup", policy=POLICY)).run_id
    await world.start(run_id)
    await world.carry_out(run_id, "backup")
    before = await world.events()
    world.pass_time(RUN_SECONDS)
    assert await expire(world, run_id)
    assert await expire(world, run_id, BACKUP_ID)
    assert await expire(world, run_id, uuid4())
    assert await world.events() == before


async def test_a_second_time_it_stays_quiet(world: World) -> None:
    run_id = (await world.queue("openai", policy=POLICY)).run_id
    world.pass_time(START_SECONDS)
    assert await expire(world, run_id)
    before = await world.events()
    assert await expire(world.another_process(), run_id)
    assert await world.events() == before


async def test_all_or_nothing_takes_back_what_the_others_did(world: World) -> None:
    policy = Policy(mode="all_or_nothing", start_timeout_seconds=START_SECONDS)
    run_id = (await world.queue("openai", "backup", policy=policy)).run_id
    await world.carry_out(run_id, "backup")
    before = len(await world.events())
    world.pass_time(START_SECONDS)
    assert await expire(world, run_id)
    assert names((await world.events())[before:]) == ["ProviderGivenUp", "RollbackRequested", "InstallationReleased"]
    assert target_timers(world) == {(run_id, BACKUP_ID)}


async def test_a_run_that_does_not_exist_is_refused(world: World) -> None:
    with pytest.raises(RunNotFound):
        await expire(world, uuid4())
