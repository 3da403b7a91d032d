"""What a run did is taken back by a run of its own, and how that went stands beside the one that is taken back."""

import asyncio
from uuid import UUID, uuid4

import pytest

from commands.beginning import BegunRun
from domain.errors import BadRequest, Code, ProviderInactive, ProviderNotFound, RunNotFound, RunUnfit
from domain.install_run.events import (
    ProviderRollbackFailed,
    ProviderRolledBack,
    RollbackRequested,
    RunFailed,
    RunPartiallyFailed,
    RunQueued,
    RunSucceeded,
    Undo,
)
from domain.install_run.policy import Policy
from domain.installation.events import InstallationChanged, InstallationRemoved, InstallationReserved
from domain.installation.state import INSTALLATION, Installation, installation_stream
from domain.provider.events import ProviderDeactivated
from domain.provider.state import provider_stream
from tests.commands.stores import Uneven
from tests.commands.world import RECEIPT, SKILL_ID, World, names

pytestmark = pytest.mark.anyio

OPENAI_ID = provider_stream("openai")
BACKUP_ID = provider_stream("backup")
CALLERS = 20


async def queued(world: World, run_id: UUID) -> RunQueued:
    first = (await world.events(run_id))[0]
    assert isinstance(first, RunQueued)
    return first


async def at(world: World, provider_id: UUID) -> Installation:
    installation = INSTALLATION.fold(await world.store.load(installation_stream(SKILL_ID, provider_id)))
    assert installation is not None
    return installation


@pytest.fixture
async def original(world: World) -> UUID:
    """It replaced version 1 at `openai`, and was the first at `backup`."""
    await world.carry_out((await world.queue("openai")).run_id)
    await world.register("two")
    run_id = (await world.queue("openai", "backup")).run_id
    for name in ("openai", "backup"):
        await world.carry_out(run_id, name)
    return run_id


async def test_it_is_a_run_in_one_append_that_says_what_each_target_goes_back_to(world: World, original: UUID) -> None:
    first = await queued(world, original)
    (live, *_) = [event for event in await world.events() if isinstance(event, InstallationChanged)]
    before = await world.store.head()
    rollback = await world.roll_back(original)
    recorded = await world.store.read(after=before, limit=100)
    undoes = (
        Undo(provider_id=OPENAI_ID, version=1, digest=live.digest),
        Undo(provider_id=BACKUP_ID),
    )
    assert [event.event for event in recorded] == [
        RunQueued(
            kind="rollback",
            skill=first.skill,
            targets=first.targets,
            policy=first.policy,
            start_by=first.start_by,
            end_by=first.end_by,
            rollback_of=original,
            undoes=undoes,
        ),
        InstallationReserved(run_id=rollback.run_id, skill_id=SKILL_ID, provider_id=OPENAI_ID, version=1),
        InstallationReserved(run_id=rollback.run_id, skill_id=SKILL_ID, provider_id=BACKUP_ID, version=2, removes=True),
        RollbackRequested(run_id=rollback.run_id, undoes=undoes),
    ]
    assert [recorded[0].stream, recorded[-1].stream] == [rollback.run_id, original]
    assert (rollback.reused, rollback.history) == (False, recorded[:1])
    assert {timer.timer.provider_id for timer in world.store.timers.values()} == {OPENAI_ID, BACKUP_ID}


async def test_what_was_there_before_is_put_back_and_else_removed(world: World, original: UUID) -> None:
    rollback = (await world.roll_back(original)).run_id
    attempt = await world.carry_out(rollback)
    assert (attempt.removes, attempt.intent.version, attempt.former) == (False, 1, RECEIPT)
    removal = await world.carry_out(rollback, "backup")
    assert removal.removes
    assert (await world.events(rollback))[-1] == RunSucceeded(succeeded=2)
    openai, backup = await at(world, OPENAI_ID), await at(world, BACKUP_ID)
    assert openai.live is not None
    assert (openai.live.version, openai.live.run_id, openai.claims) == (1, rollback, ())
    assert (backup.live, backup.claims) == (None, ())
    assert [event for event in await world.events(original) if isinstance(event, ProviderRolledBack)] == [
        ProviderRolledBack(
            provider_id=OPENAI_ID, run_id=rollback, attempt_id=attempt.attempt_id, version=1, receipt=RECEIPT
        ),
        ProviderRolledBack(provider_id=BACKUP_ID, run_id=rollback, attempt_id=removal.attempt_id),
    ]
    assert [event for event in await world.events() if isinstance(event, InstallationRemoved)] == [
        InstallationRemoved(run_id=rollback, skill_id=SKILL_ID, provider_id=BACKUP_ID)
    ]


@pytest.mark.parametrize("by", ["id", "name"])
async def test_one_target_alone_and_the_other_later(world: World, original: UUID, by: str) -> None:
    first = (await world.roll_back(original, "backup" if by == "name" else str(BACKUP_ID))).run_id
    assert [target.name for target in (await queued(world, first)).targets] == ["backup"]
    await refuse(world, original, reason=f"Run {first} is at work at backup")
    second = (await world.roll_back(original, "openai")).run_id
    assert [target.name for target in (await queued(world, second)).targets] == ["openai"]
    for run_id, name in ((first, "backup"), (second, "openai")):
        assert await world.roll_back(original, name) == BegunRun(run_id=run_id, reused=True)
    with pytest.raises(RunUnfit, match="is at work at openai"):
        await world.roll_back(original)
    await world.carry_out(second)
    assert await world.roll_back(original) == BegunRun(run_id=first, reused=True)
    await world.carry_out(first, "backup")
    await refuse(world, original, reason="taken back already")
    assert await world.roll_back(original, "openai") == BegunRun(run_id=second, reused=True)
    for name in ("openai", "backup"):
        assert (await at(world, provider_stream(name))).claims == ()


@pytest.mark.parametrize("state", ["queued", "half done", "success"])
async def test_a_second_time_it_is_the_same_run_as_long_as_that_has_not_failed(
    world: World, original: UUID, state: str
) -> None:
    rollback = (await world.roll_back(original)).run_id
    if state != "queued":
        await world.carry_out(rollback)
    if state == "success":
        await world.carry_out(rollback, "backup")
    await world.happen_to("backup", ProviderDeactivated())
    before = await world.store.head()
    for process in (world, world.another_process()):
        assert await process.roll_back(original) == BegunRun(run_id=rollback, reused=True)
        assert await process.roll_back(original, "backup") == BegunRun(run_id=rollback, reused=True)
    assert await world.store.head() == before


async def test_what_could_not_be_taken_back_is_said_and_can_be_tried_again(world: World, original: UUID) -> None:
    first = (await world.roll_back(original)).run_id
    await world.carry_out(first)
    await world.fail(first, "backup")
    assert (await world.events(first))[-1] == RunPartiallyFailed(succeeded=1, failures={Code.PROVIDER_TOO_LARGE: 1})
    left = (await world.events(original))[-1]
    assert isinstance(left, ProviderRollbackFailed)
    assert (left.provider_id, left.run_id, left.code) == (BACKUP_ID, first, Code.PROVIDER_TOO_LARGE)
    assert (await at(world, BACKUP_ID)).live is not None
    second = await world.roll_back(original)
    assert not second.reused
    assert [target.name for target in (await queued(world, second.run_id)).targets] == ["backup"]
    await world.carry_out(second.run_id, "backup")
    assert (await at(world, BACKUP_ID)).live is None


async def test_a_rollback_that_was_cancelled_is_not_reported_as_done(world: World, original: UUID) -> None:
    rollback = (await world.roll_back(original)).run_id
    await world.cancel(rollback)
    assert isinstance((await world.events(rollback))[-1], RunFailed)
    told = [event for event in await world.events(original) if isinstance(event, ProviderRollbackFailed)]
    assert [(event.run_id, event.code) for event in told] == [(rollback, Code.RUN_CANCELLED)] * 2
    assert not (await world.roll_back(original)).reused


async def test_all_or_nothing_is_not_the_way_of_a_rollback(world: World) -> None:
    """What was taken back is not put there again because of what could not be."""
    policy = Policy(mode="all_or_nothing", attempts_max=1)
    original = (await world.queue("openai", "backup", policy=policy)).run_id
    for name in ("openai", "backup"):
        await world.carry_out(original, name)
    rollback = (await world.roll_back(original)).run_id
    assert (await queued(world, rollback)).policy == Policy(attempts_max=1)
    await world.carry_out(rollback)
    await world.fail(rollback, "backup")
    assert (await at(world, OPENAI_ID)).live is None


async def refuse(world: World, run_id: UUID, *providers: str, reason: str) -> None:
    before = await world.store.head()
    for process in (world, world.another_process()):
        with pytest.raises(RunUnfit, match=reason):
            await process.roll_back(run_id, *providers)
    assert await world.store.head() == before


async def test_a_run_that_has_not_ended_is_cancelled_first(world: World) -> None:
    run_id = (await world.queue("openai", "backup")).run_id
    await world.carry_out(run_id)
    await refuse(world, run_id, reason="cancel it first")
    await world.cancel(run_id)
    assert [target.name for target in (await queued(world, (await world.roll_back(run_id)).run_id)).targets] == [
        "openai"
    ]


async def test_where_nothing_succeeded_there_is_nothing_to_take_back(world: World) -> None:
    run_id = (await world.queue("openai", "backup")).run_id
    await world.fail(run_id)
    await world.carry_out(run_id, "backup")
    await refuse(world, run_id, "openai", reason="Nothing succeeded in this run at openai")
    await world.connect("third")
    await refuse(world, run_id, "third", reason="at one of these providers")
    other = (await world.queue("openai")).run_id
    await world.fail(other)
    await refuse(world, other, reason="nothing to take back")


async def test_what_has_been_replaced_or_removed_since_is_not_this_runs_any_more(world: World, original: UUID) -> None:
    await world.register("three")
    newer = (await world.queue("openai")).run_id
    for wanted in ((), ("openai",)):
        await refuse(world, original, *wanted, reason=f"Run {newer} is at work at openai")
    await world.carry_out(newer)
    await refuse(world, original, reason=f"Run {newer} has put version 3 at openai since")
    await world.carry_out((await world.uninstall("backup")).run_id, "backup")
    await refuse(world, original, "backup", reason="at backup has been removed since")


async def test_what_changed_nothing_has_nothing_to_go_back_to(world: World, original: UUID) -> None:
    again = (await world.queue("openai", "backup")).run_id
    for name in ("openai", "backup"):
        await world.carry_out(again, name)
    await refuse(world, again, reason="changed nothing there")


@pytest.mark.parametrize("kind", ["uninstall", "rollback"])
async def test_only_installs_are_taken_back(world: World, original: UUID, kind: str) -> None:
    run_id = (await (world.uninstall() if kind == "uninstall" else world.roll_back(original, "openai"))).run_id
    await world.carry_out(run_id)
    await refuse(world, run_id, reason=f"of the kind {kind}")


async def test_what_does_not_exist_is_not_found(world: World, original: UUID) -> None:
    for stream in (uuid4(), SKILL_ID, OPENAI_ID):
        with pytest.raises(RunNotFound):
            await world.roll_back(stream)
    with pytest.raises(ProviderNotFound, match="nobody"):
        await world.roll_back(original, "openai", "nobody")
    with pytest.raises(BadRequest):
        await world.roll_back(original, *(["openai"] * 21))


async def test_every_connection_must_be_in_use(world: World, original: UUID) -> None:
    await world.happen_to("backup", ProviderDeactivated())
    before = await world.store.head()
    with pytest.raises(ProviderInactive, match="backup is not active"):
        await world.roll_back(original)
    assert await world.store.head() == before
    assert not (await world.roll_back(original, "openai")).reused


async def test_an_archived_skill_is_taken_back_too(world: World, original: UUID) -> None:
    await world.archive()
    await world.carry_out((await world.roll_back(original)).run_id)


async def test_a_request_that_comes_again_is_the_run_that_it_made_whatever_became_of_it(
    world: World, original: UUID
) -> None:
    run_id = uuid4()
    assert (await world.roll_back(original, "openai", run_id=run_id)).run_id == run_id
    await world.fail(run_id)
    before = await world.store.head()
    for process in (world, world.another_process()):
        assert await process.roll_back(original, "openai", run_id=run_id) == BegunRun(run_id=run_id, reused=False)
    assert await world.store.head() == before


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("keyed", [False, True], ids=["clicks", "one key"])
async def test_of_many_who_roll_back_at_once_one_makes_a_run_and_all_get_it(seed: int, *, keyed: bool) -> None:
    world = World(Uneven(seed))
    await world.register()
    await world.connect()
    original = (await world.queue("openai")).run_id
    await world.carry_out(original)
    run_id = uuid4() if keyed else None
    processes = [world.another_process() for _ in range(CALLERS)]
    answers = await asyncio.gather(*(process.roll_back(original, run_id=run_id) for process in processes))
    assert len({answer.run_id for answer in answers}) == 1
    assert [answer.reused for answer in answers].count(False) == (CALLERS if keyed else 1)
    assert names(await world.events()).count("RollbackRequested") == 1
