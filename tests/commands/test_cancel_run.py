"""Nothing more is begun, what is under way is waited for, and whoever comes next gets the slot."""

import asyncio
from uuid import UUID, uuid4

import pytest

from domain.errors import Code, RunNotFound, RunUnfit
from domain.events import Event
from domain.install_run.events import (
    ProviderGivenUp,
    ProviderRetryScheduled,
    ProviderRolledBack,
    RollbackRequested,
    RunCancelRequested,
    RunFailed,
    RunPartiallyFailed,
    Undo,
)
from domain.install_run.policy import Policy
from domain.installation.events import InstallationReleased, InstallationReserved, InstallationWithdrawn
from domain.provider.state import provider_stream
from tests.commands.stores import Uneven
from tests.commands.world import SKILL_ID, World, failed, names, succeeded

pytestmark = pytest.mark.anyio

OPENAI_ID = provider_stream("openai")
BACKUP_ID = provider_stream("backup")
CALLERS = 20
ENDS = {"RunSucceeded", "RunFailed", "RunPartiallyFailed"}


async def since(world: World, position: int) -> list[Event]:
    return [event.event for event in await world.store.read(after=position, limit=100)]


def given_up(provider_id: UUID) -> ProviderGivenUp:
    return ProviderGivenUp(provider_id=provider_id, code=Code.RUN_CANCELLED, message="The run was cancelled.")


async def test_a_queued_run_is_over_at_once_and_its_slots_are_free(world: World) -> None:
    run_id = (await world.queue("openai", "backup")).run_id
    before = await world.store.head()
    cancelled = await world.cancel(run_id)
    assert await since(world, before) == [
        RunCancelRequested(),
        given_up(OPENAI_ID),
        given_up(BACKUP_ID),
        InstallationReleased(run_id=run_id),
        InstallationReleased(run_id=run_id),
        RunFailed(failures={Code.RUN_CANCELLED: 2}, reason=Code.RUN_CANCELLED),
    ]
    assert (cancelled.run_id, cancelled.position) == (run_id, before + 6)
    assert not world.store.timers
    assert await world.start(run_id) is None
    assert not (await world.queue("openai", "backup")).reused


async def test_the_slot_goes_to_the_next_in_line_and_a_place_in_line_is_given_up(world: World) -> None:
    first = (await world.queue("openai")).run_id
    await world.register("two")
    second = (await world.queue("openai")).run_id
    await world.register("three")
    third = (await world.queue("openai")).run_id
    before = await world.store.head()
    await world.cancel(second)
    assert InstallationWithdrawn(run_id=second) in await since(world, before)
    before = await world.store.head()
    await world.cancel(first)
    assert [event for event in await since(world, before) if isinstance(event, InstallationReserved)] == [
        InstallationReserved(run_id=third, skill_id=SKILL_ID, provider_id=OPENAI_ID, version=3)
    ]
    assert await world.start(third) is not None


async def test_a_call_under_way_is_waited_for_and_the_rest_is_given_up(world: World) -> None:
    run_id = (await world.queue("openai", "backup")).run_id
    attempt = await world.start(run_id)
    assert attempt is not None
    before = await world.store.head()
    await world.cancel(run_id)
    assert await since(world, before) == [
        RunCancelRequested(),
        given_up(BACKUP_ID),
        InstallationReleased(run_id=run_id),
    ]
    assert await world.settle(succeeded(attempt), run_id=run_id)
    assert (await world.events(run_id))[-1] == RunPartiallyFailed(
        succeeded=1, failures={Code.RUN_CANCELLED: 1}, reason=Code.RUN_CANCELLED
    )


async def test_a_call_that_fails_after_the_cancelling_is_not_made_again(world: World) -> None:
    run_id = (await world.queue("openai")).run_id
    attempt = await world.start(run_id)
    assert attempt is not None
    await world.cancel(run_id)
    assert await world.settle(failed(attempt, retryable=True), run_id=run_id)
    assert (await world.events(run_id))[-1] == RunFailed(failures={Code.RUN_CANCELLED: 1}, reason=Code.RUN_CANCELLED)
    assert not world.store.timers


async def test_a_target_that_waits_for_its_next_attempt_is_given_up(world: World) -> None:
    run_id = (await world.queue("openai")).run_id
    await world.fail(run_id, code=Code.PROVIDER_OVERLOADED, retryable=True, ambiguous=True)
    assert isinstance((await world.events(run_id))[-1], ProviderRetryScheduled)
    before = await world.store.head()
    await world.cancel(run_id)
    assert names(await since(world, before)) == [
        "RunCancelRequested",
        "ProviderGivenUp",
        "InstallationReleased",
        "RunFailed",
    ]
    (released,) = [event for event in await since(world, before) if isinstance(event, InstallationReleased)]
    assert released.doubtful_since is not None


async def test_all_or_nothing_takes_back_what_succeeded_before(world: World) -> None:
    run_id = (await world.queue("openai", "backup", policy=Policy(mode="all_or_nothing"))).run_id
    await world.carry_out(run_id)
    before = await world.store.head()
    await world.cancel(run_id)
    assert await since(world, before) == [
        RunCancelRequested(),
        given_up(BACKUP_ID),
        RollbackRequested(undoes=(Undo(provider_id=OPENAI_ID),)),
        InstallationReleased(run_id=run_id),
    ]
    attempt = await world.start(run_id)
    assert attempt is not None
    assert attempt.removes
    assert await world.settle(succeeded(attempt), run_id=run_id)
    assert isinstance((await world.events(run_id))[-2], ProviderRolledBack)
    assert (await world.events(run_id))[-1] == RunFailed(
        failures={Code.RUN_CANCELLED: 1, Code.RUN_ROLLED_BACK: 1}, reason=Code.RUN_CANCELLED
    )


async def test_what_is_being_taken_back_is_not_cut_short(world: World) -> None:
    run_id = (await world.queue("openai", "backup", policy=Policy(mode="all_or_nothing"))).run_id
    await world.carry_out(run_id)
    await world.fail(run_id, "backup")
    with pytest.raises(RunUnfit, match="taking back"):
        await world.cancel(run_id)


@pytest.mark.parametrize("running", [False, True])
async def test_a_second_time_it_is_quiet(world: World, *, running: bool) -> None:
    run_id = (await world.queue("openai")).run_id
    if running:
        await world.start(run_id)
    await world.cancel(run_id)
    before = await world.store.head()
    for process in (world, world.another_process()):
        assert (await process.cancel(run_id)).position is None
    assert await world.store.head() == before


@pytest.mark.parametrize("end", [World.carry_out, World.fail], ids=["success", "failed"])
async def test_a_run_that_has_ended_cannot_be_cancelled(world: World, end: object) -> None:
    run_id = (await world.queue("openai")).run_id
    assert callable(end)
    await end(world, run_id)
    before = await world.store.head()
    for process in (world, world.another_process()):
        with pytest.raises(RunUnfit, match="ended already"):
            await process.cancel(run_id)
    assert await world.store.head() == before


async def test_what_is_no_run_is_not_found(world: World) -> None:
    for stream in (uuid4(), SKILL_ID, OPENAI_ID):
        with pytest.raises(RunNotFound):
            await world.cancel(stream)


@pytest.mark.parametrize("seed", range(3))
async def test_of_many_who_cancel_at_once_one_does_it(seed: int) -> None:
    world = World(Uneven(seed))
    await world.register()
    await world.connect()
    run_id = (await world.queue("openai")).run_id
    processes = [world.another_process() for _ in range(CALLERS)]
    answers = await asyncio.gather(*(process.cancel(run_id) for process in processes))
    assert len([answer for answer in answers if answer.position is not None]) == 1
    assert names(await world.events(run_id)).count("RunCancelRequested") == 1


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("outcome", [succeeded, failed], ids=["success", "failed"])
async def test_cancelling_races_the_outcome_and_the_run_ends_once(outcome: type, seed: int) -> None:
    """Whoever comes first: the run was cancelled and the call that was under way counts, or it had ended before that."""
    world = World(Uneven(seed))
    await world.register()
    await world.connect()
    run_id = (await world.queue("openai")).run_id
    attempt = await world.start(run_id)
    assert attempt is not None
    cancelled, settled = await asyncio.gather(
        world.another_process().cancel(run_id),
        world.settle(outcome(attempt), run_id=run_id),
        return_exceptions=True,
    )
    history = names(await world.events(run_id))
    assert settled is True
    assert len([name for name in history if name in ENDS]) == 1
    assert history[-1] in ENDS
    assert isinstance(cancelled, RunUnfit) is ("RunCancelRequested" not in history)
    assert not (await world.queue("openai")).reused
