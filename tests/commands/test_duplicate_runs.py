"""Two requests for the same version at the same provider make one run, or a conflict; however close they come."""

import asyncio
from typing import Any

import pytest

from commands.queue_install_run import QueuedRun
from domain.errors import RunConflict
from domain.provider.state import provider_stream
from tests.commands.stores import Uneven
from tests.commands.world import World, names

pytestmark = pytest.mark.anyio

CALLERS = 100
OPENAI_ID = provider_stream("openai")


@pytest.mark.parametrize("seed", range(3))
async def test_a_hundred_who_ask_for_the_same_at_once_get_one_run(seed: int) -> None:
    store = Uneven(seed)
    processes = [World(store), World(store)]
    await processes[0].register()
    for name in ("openai", "backup"):
        await processes[0].connect(name)
    before = await store.head()
    asking = (processes[number % 2].queue("openai", "backup") for number in range(CALLERS))
    answers = await asyncio.gather(*asking)
    assert len({answer.run_id for answer in answers}) == 1
    assert [answer.reused for answer in answers].count(True) == CALLERS - 1
    assert {answer.position for answer in answers} == {None, before + 3}
    assert names(await processes[0].events())[before:] == ["RunQueued", "InstallationReserved", "InstallationReserved"]


@pytest.mark.parametrize("started", [False, True])
async def test_a_run_is_reused_whatever_the_order_of_its_targets_until_it_ends(world: World, *, started: bool) -> None:
    first = await world.queue("openai", "backup")
    if started:
        await world.start(first.run_id)
    again = await world.queue("backup", str(OPENAI_ID), ref="1")
    assert (again.run_id, again.reused, again.position, again.history) == (first.run_id, True, None, ())
    for name in ("openai", "backup"):
        if not (started and name == "openai"):
            await world.carry_out(first.run_id, name)


async def test_after_a_run_has_ended_the_same_is_a_new_run(world: World) -> None:
    first = await world.queue("openai")
    await world.carry_out(first.run_id)
    second = await world.queue("openai")
    assert not second.reused
    assert second.run_id != first.run_id


@pytest.mark.parametrize(
    "asked",
    [
        {"providers": ("openai",)},
        {"providers": ("openai", "backup", "third")},
        {"providers": ("backup", "third")},
        {"providers": ("openai", "backup"), "on_duplicate": "reject"},
    ],
    ids=["a part", "more", "overlap", "no reuse wanted"],
)
async def test_what_a_run_does_already_in_part_is_a_conflict_that_names_it(world: World, asked: dict[str, Any]) -> None:
    await world.connect("third")
    first = await world.queue("openai", "backup")
    before = await world.store.head()
    for process in (world, world.another_process()):
        with pytest.raises(RunConflict) as refused:
            await process.queue(**asked)
        assert refused.value.extra == {"conflictingRuns": [str(first.run_id)]}
    assert await world.store.head() == before


async def test_every_run_that_is_in_the_way_is_named(world: World) -> None:
    runs = [(await world.queue(name)).run_id for name in ("openai", "backup")]
    with pytest.raises(RunConflict) as refused:
        await world.queue("openai", "backup")
    assert refused.value.extra == {"conflictingRuns": sorted(map(str, runs))}


async def test_of_overlapping_requests_at_once_one_is_queued_and_the_other_refused(world: World) -> None:
    outcomes = await asyncio.gather(
        world.queue("openai", "backup"), world.another_process().queue("openai"), return_exceptions=True
    )
    (queued,) = [outcome for outcome in outcomes if not isinstance(outcome, RunConflict)]
    (refused,) = [outcome for outcome in outcomes if isinstance(outcome, RunConflict)]
    assert isinstance(queued, QueuedRun)
    assert refused.extra == {"conflictingRuns": [str(queued.run_id)]}
