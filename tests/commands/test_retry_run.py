"""What failed is tried again by a new run of the same version; once, however often it is asked for."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from commands.beginning import BegunRun
from domain.errors import Code, ProviderInactive, RunConflict, RunNotFound, RunUnfit, SkillUnavailable
from domain.install_run.events import ProviderRefused, RunFailed, RunQueued, RunRetried, RunSucceeded
from domain.install_run.policy import Policy
from domain.installation.events import InstallationAwaited, InstallationReserved
from domain.provider.events import ProviderDeactivated
from domain.provider.state import provider_stream
from domain.timers import Timer
from tests.commands.stores import Uneven
from tests.commands.world import NAME, SKILL_ID, TIGHT_BYTES, World, names
from tests.kit.facts import NOON

pytestmark = pytest.mark.anyio

OPENAI_ID = provider_stream("openai")
CALLERS = 20
POLICY = Policy(attempts_max=2, start_timeout_seconds=60, run_timeout_seconds=600)


async def queued(world: World, run_id: UUID) -> RunQueued:
    first = (await world.events(run_id))[0]
    assert isinstance(first, RunQueued)
    return first


@pytest.fixture
async def original(world: World) -> UUID:
    """It succeeded at `backup` and failed at `openai`; meanwhile there is a newer version."""
    run_id = (await world.queue("openai", "backup", policy=POLICY)).run_id
    await world.carry_out(run_id, "backup")
    await world.fail(run_id)
    await world.register("two")
    return run_id


async def test_what_failed_is_a_new_run_in_one_append_with_the_link_to_it(world: World, original: UUID) -> None:
    before = await world.store.head()
    world.pass_time(3600)
    retry = await world.retry(original)
    recorded = await world.store.read(after=before, limit=100)
    first = await queued(world, original)
    assert [event.event for event in recorded] == [
        replace(
            first,
            targets=first.targets[:1],
            start_by=NOON + timedelta(seconds=3600 + 60),
            end_by=NOON + timedelta(seconds=3600 + 600),
            retry_of=original,
        ),
        InstallationReserved(run_id=retry.run_id, skill_id=SKILL_ID, provider_id=OPENAI_ID, version=1),
        RunRetried(run_id=retry.run_id),
    ]
    assert [event.stream for event in recorded][::2] == [retry.run_id, original]
    assert len({event.correlation_id for event in recorded}) == 1
    assert (retry.reused, retry.history) == (False, recorded[:1])
    assert [(timer.subject, timer.provider_id) for timer in timers(world)] == [(retry.run_id, OPENAI_ID)]
    attempt = await world.carry_out(retry.run_id)
    assert attempt.intent.version == 1
    assert (await world.events(retry.run_id))[-1] == RunSucceeded(succeeded=1)


@pytest.mark.parametrize("state", ["queued", "running", "success"])
async def test_a_second_time_it_is_the_same_run_as_long_as_that_has_not_failed(
    world: World, original: UUID, state: str
) -> None:
    retry = await world.retry(original)
    if state == "running":
        await world.start(retry.run_id)
    if state == "success":
        await world.carry_out(retry.run_id)
    before = await world.store.head()
    for process in (world, world.another_process()):
        assert await process.retry(original) == BegunRun(run_id=retry.run_id, reused=True)
    assert await world.store.head() == before


async def test_of_a_retry_that_failed_as_well_the_retry_is_retried(world: World, original: UUID) -> None:
    second = (await world.retry(original)).run_id
    await world.fail(second)
    before = await world.store.head()
    for process in (world, world.another_process()):
        with pytest.raises(RunUnfit, match=f"Run {second} has tried this again and failed as well"):
            await process.retry(original)
    assert await world.store.head() == before
    third = (await world.retry(second)).run_id
    assert (await queued(world, third)).retry_of == second
    await world.carry_out(third)
    with pytest.raises(RunUnfit, match="Nothing failed"):
        await world.retry(third)


@pytest.mark.parametrize(
    ("ending", "reason"),
    [("running", "not ended yet"), ("success", "Nothing failed"), ("rollback", "asking for the rollback of run")],
)
async def test_there_is_nothing_to_retry(world: World, ending: str, reason: str) -> None:
    run_id = (await world.queue("openai")).run_id
    if ending != "running":
        await world.carry_out(run_id)
    if ending == "rollback":
        run_id = (await world.roll_back(run_id)).run_id
        await world.fail(run_id)
    before = await world.store.head()
    for process in (world, world.another_process()):
        with pytest.raises(RunUnfit, match=reason):
            await process.retry(run_id)
    assert await world.store.head() == before


async def test_what_is_no_run_is_not_found(world: World) -> None:
    for stream in (uuid4(), SKILL_ID, OPENAI_ID):
        with pytest.raises(RunNotFound):
            await world.retry(stream)


async def test_what_came_after_the_failure_is_not_undone(world: World, original: UUID) -> None:
    newer = (await world.queue("openai")).run_id
    await world.carry_out(newer)
    with pytest.raises(RunUnfit, match=f"run {newer} has put version 2 there"):
        await world.retry(original)


async def test_what_was_there_before_the_failure_is_replaced(world: World) -> None:
    await world.carry_out((await world.queue("openai")).run_id)
    await world.register("two")
    original = (await world.queue("openai")).run_id
    await world.fail(original)
    attempt = await world.carry_out((await world.retry(original)).run_id)
    assert attempt.intent.version == 2


async def test_another_version_at_work_comes_first(world: World, original: UUID) -> None:
    other = (await world.queue("openai")).run_id
    before = await world.store.head()
    retry = await world.retry(original)
    recorded = await world.store.read(after=before, limit=100)
    assert InstallationAwaited(run_id=retry.run_id, version=1) in [event.event for event in recorded]
    assert await world.start(retry.run_id) is None
    await world.fail(other)
    assert await world.start(retry.run_id) is not None


async def test_a_run_that_is_at_the_same_already_is_a_conflict_that_names_it(world: World, original: UUID) -> None:
    other = (await world.queue("openai", ref="1")).run_id
    for process in (world, world.another_process()):
        with pytest.raises(RunConflict) as refused:
            await process.retry(original)
        assert refused.value.extra == {"conflictingRuns": [str(other)]}


async def test_every_connection_must_be_in_use(world: World, original: UUID) -> None:
    await world.happen_to("openai", ProviderDeactivated(requested=True))
    before = await world.store.head()
    with pytest.raises(ProviderInactive, match="openai was taken out of use"):
        await world.retry(original)
    await world.happen_to("backup", ProviderDeactivated())
    assert await world.store.head() == before + 1


async def test_only_the_connections_of_what_failed_must_be_in_use(world: World, original: UUID) -> None:
    await world.happen_to("backup", ProviderDeactivated())
    assert not (await world.retry(original)).reused


async def test_an_archived_skill_is_not_installed(world: World, original: UUID) -> None:
    await world.archive()
    with pytest.raises(SkillUnavailable, match=NAME):
        await world.retry(original)


async def test_removing_is_tried_again_as_well_and_of_an_archived_skill_too(world: World) -> None:
    await world.carry_out((await world.queue("openai")).run_id)
    original = (await world.uninstall()).run_id
    await world.fail(original)
    await world.archive()
    retry = (await world.retry(original)).run_id
    assert (await queued(world, retry)).kind == "uninstall"
    attempt = await world.carry_out(retry)
    assert attempt.removes


async def test_removing_that_somebody_else_is_at_is_a_conflict(world: World) -> None:
    await world.carry_out((await world.queue("openai")).run_id)
    original = (await world.uninstall()).run_id
    await world.fail(original)
    other = (await world.uninstall()).run_id
    with pytest.raises(RunConflict) as refused:
        await world.retry(original)
    assert refused.value.extra == {"conflictingRuns": [str(other)]}


async def test_what_a_provider_would_refuse_is_refused_again_and_the_rest_is_tried(world: World) -> None:
    """The one that refuses has an older version, which stays."""
    await world.connect("gemini", kind="gemini")
    await world.carry_out((await world.queue("gemini")).run_id, "gemini")
    await world.register("x" * TIGHT_BYTES)
    original = (await world.queue("openai", "gemini")).run_id
    await world.fail(original)
    before = await world.store.head()
    retry = await world.retry(original)
    recorded = await world.store.read(after=before, limit=100)
    assert names([event.event for event in recorded]) == [
        "RunQueued",
        "ProviderRefused",
        "InstallationReserved",
        "RunRetried",
    ]
    refused = recorded[1].event
    assert isinstance(refused, ProviderRefused)
    assert (refused.provider_id, refused.code) == (provider_stream("gemini"), Code.PROVIDER_TOO_LARGE)
    assert [timer.provider_id for timer in timers(world)] == [OPENAI_ID]
    await world.fail(retry.run_id)
    assert (await world.events(retry.run_id))[-1] == RunFailed(failures={Code.PROVIDER_TOO_LARGE: 2})


async def test_a_run_that_nobody_takes_has_failed_again(world: World) -> None:
    await world.connect("gemini", kind="gemini")
    await world.register("x" * TIGHT_BYTES)
    original = (await world.queue("gemini")).run_id
    retry = (await world.retry(original)).run_id
    assert names(await world.events(retry)) == ["RunQueued", "ProviderRefused", "RunFailed"]
    with pytest.raises(RunUnfit, match=str(retry)):
        await world.retry(original)


async def test_all_or_nothing_is_tried_again_as_a_whole(world: World) -> None:
    """What it has put back itself is nothing that came after it."""
    await world.carry_out((await world.queue("openai")).run_id)
    await world.register("two")
    original = (await world.queue("openai", "backup", policy=Policy(mode="all_or_nothing"))).run_id
    await world.carry_out(original)
    await world.fail(original, "backup")
    await world.carry_out(original)
    assert isinstance((await world.events(original))[-1], RunFailed)
    retry = (await world.retry(original)).run_id
    assert [target.name for target in (await queued(world, retry)).targets] == ["openai", "backup"]
    for name in ("openai", "backup"):
        await world.carry_out(retry, name)
    assert (await world.events(retry))[-1] == RunSucceeded(succeeded=2)


async def test_a_request_that_comes_again_is_the_run_that_it_made_whatever_became_of_it(
    world: World, original: UUID
) -> None:
    run_id = uuid4()
    assert (await world.retry(original, run_id=run_id)).run_id == run_id
    await world.fail(run_id)
    before = await world.store.head()
    for process in (world, world.another_process()):
        assert await process.retry(original, run_id=run_id) == BegunRun(run_id=run_id, reused=False)
    assert await world.store.head() == before


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("keyed", [False, True], ids=["clicks", "one key"])
async def test_of_many_who_retry_at_once_one_makes_a_run_and_all_get_it(seed: int, *, keyed: bool) -> None:
    world = World(Uneven(seed))
    await world.register()
    await world.connect()
    original = (await world.queue("openai")).run_id
    await world.fail(original)
    run_id = uuid4() if keyed else None
    processes = [world.another_process() for _ in range(CALLERS)]
    answers = await asyncio.gather(*(process.retry(original, run_id=run_id) for process in processes))
    assert len({answer.run_id for answer in answers}) == 1
    assert [answer.reused for answer in answers].count(False) == (CALLERS if keyed else 1)
    assert names(await world.events()).count("RunRetried") == 1
    assert names(await world.events()).count("RunQueued") == 2


def timers(world: World) -> list[Timer]:
    return [timer.timer for timer in world.store.timers.values()]
