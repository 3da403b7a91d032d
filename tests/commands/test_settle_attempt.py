import asyncio
from uuid import uuid4

import pytest

from domain.errors import Code, RunNotFound
from domain.events import Event
from domain.install_run.events import RunFailed, RunPartiallyFailed, RunSucceeded
from domain.installation.events import (
    InstallationChanged,
    InstallationReleased,
    InstallationRemoved,
    InstallationReserved,
)
from domain.installation.state import installation_stream
from domain.provider.state import provider_stream
from tests.commands.stores import Uneven
from tests.commands.world import RECEIPT, SKILL_ID, World, failed, names, succeeded
from tests.kit.facts import NOON

pytestmark = pytest.mark.anyio

OPENAI_ID = provider_stream("openai")
BACKUP_ID = provider_stream("backup")


async def appended_since(world: World, position: int) -> list[Event]:
    return [event.event for event in await world.store.read(after=position, limit=100)]


async def test_success_is_one_append_of_the_outcome_what_is_live_and_the_end_of_the_run(world: World) -> None:
    run_id = (await world.queue("openai")).run_id
    attempt = await world.start(run_id)
    assert attempt is not None
    before = await world.store.head()
    assert await world.settle(succeeded(attempt), run_id=run_id)
    assert await appended_since(world, before) == [
        succeeded(attempt),
        InstallationChanged(
            run_id=run_id,
            skill_id=SKILL_ID,
            provider_id=OPENAI_ID,
            version=1,
            digest=attempt.intent.digest,
            receipt=RECEIPT,
        ),
        RunSucceeded(succeeded=1),
    ]


@pytest.mark.parametrize("ambiguous", [False, True])
async def test_failure_frees_the_slot_and_says_from_when_on_there_is_doubt(world: World, *, ambiguous: bool) -> None:
    run_id = (await world.queue("openai")).run_id
    attempt = await world.start(run_id)
    assert attempt is not None
    world.pass_time(30)
    before = await world.store.head()
    assert await world.settle(failed(attempt, ambiguous=ambiguous), run_id=run_id)
    assert await appended_since(world, before) == [
        failed(attempt, ambiguous=ambiguous),
        InstallationReleased(
            run_id=run_id, doubtful_since=NOON if ambiguous else None, doubtful_version=1 if ambiguous else None
        ),
        RunFailed(failures={Code.PROVIDER_TOO_LARGE: 1}),
    ]


@pytest.mark.parametrize("seed", range(3))
async def test_of_targets_that_end_at_once_one_ends_the_run(seed: int) -> None:
    """Each of them as seen by a process of its own, which takes itself for the last but one at first."""
    store = Uneven(seed)
    world = World(store)
    await world.register()
    providers = [f"provider-{number}" for number in range(6)]
    for name in providers:
        await world.connect(name)
    run_id = (await world.queue(*providers)).run_id
    installers = [World(store) for _ in providers]
    attempts = await asyncio.gather(
        *(installer.start(run_id, name) for installer, name in zip(installers, providers, strict=True))
    )
    outcomes = [
        (failed if number < 2 else succeeded)(attempt) for number, attempt in enumerate(attempts) if attempt is not None
    ]
    settled = await asyncio.gather(
        *(installer.settle(outcome, run_id=run_id) for installer, outcome in zip(installers, outcomes, strict=True))
    )
    assert settled == [True] * 6
    history = await world.events(run_id)
    assert history[-1] == RunPartiallyFailed(succeeded=4, failures={Code.PROVIDER_TOO_LARGE: 2})
    assert [name for name in names(history) if name.startswith("Run")] == [
        "RunQueued",
        "RunStarted",
        "RunPartiallyFailed",
    ]


@pytest.mark.parametrize("again", [succeeded, failed])
async def test_an_attempt_is_settled_once(world: World, again: type) -> None:
    run_id = (await world.queue("openai", "backup")).run_id
    attempt = await world.start(run_id)
    assert attempt is not None
    assert await world.settle(succeeded(attempt), run_id=run_id)
    before = await world.store.head()
    for process in (world, world.another_process()):
        assert not await process.settle(again(attempt), run_id=run_id)
    assert await world.store.head() == before


async def test_of_two_different_outcomes_at_once_one_is_recorded(world: World) -> None:
    run_id = (await world.queue("openai")).run_id
    attempt = await world.start(run_id)
    assert attempt is not None
    settled = await asyncio.gather(
        world.settle(succeeded(attempt), run_id=run_id),
        world.another_process().settle(failed(attempt), run_id=run_id),
    )
    assert sorted(settled) == [False, True]
    ends = [name for name in names(await world.events()) if name in ("RunSucceeded", "RunFailed")]
    assert len(ends) == 1


async def test_the_outcome_of_an_attempt_that_never_was_is_not_recorded(world: World) -> None:
    run_id = (await world.queue("openai")).run_id
    attempt = await world.start(run_id)
    assert attempt is not None
    other_run = (await world.queue("backup")).run_id
    before = await world.store.head()
    assert not await world.settle(succeeded(attempt), run_id=other_run)
    assert await world.store.head() == before


@pytest.mark.parametrize("end", [succeeded, failed])
async def test_the_slot_goes_to_the_run_in_line_in_the_same_append(world: World, end: type) -> None:
    first = (await world.queue("openai")).run_id
    await world.register("two")
    second = (await world.queue("openai")).run_id
    attempt = await world.start(first)
    assert attempt is not None
    before = await world.store.head()
    assert await world.settle(end(attempt), run_id=first)
    appended = await world.store.read(after=before, limit=100)
    assert len(appended) == 4
    assert appended[2].stream == appended[1].stream == installation_stream(SKILL_ID, OPENAI_ID)
    assert appended[2].event == InstallationReserved(run_id=second, skill_id=SKILL_ID, provider_id=OPENAI_ID, version=2)
    assert names([event.event for event in appended])[-1] in ("RunSucceeded", "RunFailed")
    assert {event.correlation_id for event in appended} == {appended[0].correlation_id}
    attempt = await world.start(second)
    assert attempt is not None
    assert (attempt.intent.previous == RECEIPT) == (end is succeeded)


async def test_a_line_of_runs_is_served_in_the_order_they_came(world: World) -> None:
    runs = [(await world.queue("openai")).run_id]
    for number in range(2, 5):
        await world.register(str(number))
        runs.append((await world.queue("openai")).run_id)
    for number, run_id in enumerate(runs):
        for later in runs[number + 1 :]:
            assert await world.start(later) is None
        await world.carry_out(run_id)
    changes = [event for event in await world.events() if isinstance(event, InstallationChanged)]
    assert [(change.run_id, change.version) for change in changes] == list(zip(runs, range(1, 5), strict=True))


async def test_each_target_frees_its_own_slot_while_the_run_goes_on(world: World) -> None:
    first = (await world.queue("openai", "backup")).run_id
    await world.register("two")
    second = (await world.queue("openai", "backup")).run_id
    await world.carry_out(first, "backup")
    assert await world.start(second, "backup") is not None
    assert await world.start(second, "openai") is None
    assert names(await world.events(first))[-1] == "ProviderSucceeded"
    await world.carry_out(first, "openai")
    assert names(await world.events(first))[-1] == "RunSucceeded"


async def test_an_uninstall_is_one_append_of_the_outcome_what_is_gone_and_the_end_of_the_run(world: World) -> None:
    await world.carry_out((await world.queue("openai")).run_id)
    run_id = (await world.uninstall()).run_id
    await world.register("two")
    after = (await world.queue("openai")).run_id
    attempt = await world.start(run_id)
    assert attempt is not None
    before = await world.store.head()
    assert await world.settle(succeeded(attempt), run_id=run_id)
    assert await appended_since(world, before) == [
        succeeded(attempt),
        InstallationRemoved(run_id=run_id, skill_id=SKILL_ID, provider_id=OPENAI_ID),
        InstallationReserved(run_id=after, skill_id=SKILL_ID, provider_id=OPENAI_ID, version=2),
        RunSucceeded(succeeded=1),
    ]


@pytest.mark.parametrize("ambiguous", [False, True])
async def test_an_uninstall_that_failed_has_put_nothing_there(world: World, *, ambiguous: bool) -> None:
    """What was live is still shown; nothing new can turn up because of it."""
    await world.carry_out((await world.queue("openai")).run_id)
    run_id = (await world.uninstall()).run_id
    attempt = await world.start(run_id)
    assert attempt is not None
    before = await world.store.head()
    assert await world.settle(failed(attempt, ambiguous=ambiguous), run_id=run_id)
    assert (await appended_since(world, before))[1] == InstallationReleased(run_id=run_id, doubtful_since=None)
    again = await world.start((await world.uninstall()).run_id)
    assert again is not None
    assert again.live is not None


async def test_how_to_use_it_stands_beside_what_is_live(world: World) -> None:
    run_id = (await world.queue("openai")).run_id
    attempt = await world.start(run_id)
    assert attempt is not None
    await world.settle(succeeded(attempt), run_id=run_id, usage="skill_1 version 1")
    (changed,) = [event for event in await world.events() if isinstance(event, InstallationChanged)]
    assert changed.usage == "skill_1 version 1"


async def test_a_run_that_does_not_exist_is_not_found(world: World) -> None:
    run_id = (await world.queue("openai")).run_id
    attempt = await world.start(run_id)
    assert attempt is not None
    for stream in (uuid4(), SKILL_ID, BACKUP_ID):
        with pytest.raises(RunNotFound):
            await world.settle(succeeded(attempt), run_id=stream)
