from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.errors import (
    BadRequest,
    ProviderInactive,
    ProviderNotFound,
    SkillNotFound,
    SkillUnavailable,
    VersionNotFound,
    WaybillError,
)
from domain.install_run.events import RunQueued, SkillPin, Target
from domain.install_run.policy import Policy
from domain.installation.events import InstallationAwaited, InstallationReserved
from domain.installation.state import installation_stream
from domain.provider.state import provider_stream
from domain.skill.events import SkillVersionPublished
from tests.commands.world import NAME, SKILL_ID, World, names
from tests.kit.facts import NOON

pytestmark = pytest.mark.anyio

OPENAI_ID = provider_stream("openai")
BACKUP_ID = provider_stream("backup")


async def digest_of(world: World, version: int) -> str:
    versions = [event for event in await world.events(SKILL_ID) if isinstance(event, SkillVersionPublished)]
    return versions[version - 1].digest


async def test_a_run_is_queued_and_takes_its_slots_in_one_append(world: World) -> None:
    before = await world.store.head()
    queued = await world.queue("openai", "backup", policy=Policy(attempt_timeout_seconds=5))
    run = RunQueued(
        skill=SkillPin(id=SKILL_ID, name=NAME, version=1, digest=await digest_of(world, 1), ref="latest"),
        targets=(
            Target(id=OPENAI_ID, name="openai", kind="openai"),
            Target(id=BACKUP_ID, name="backup", kind="openai"),
        ),
        policy=Policy(attempt_timeout_seconds=5),
        start_by=NOON + timedelta(seconds=900),
        end_by=NOON + timedelta(seconds=3600),
    )
    recorded = await world.store.read(after=before, limit=10)
    assert [event.event for event in recorded] == [
        run,
        *(
            InstallationReserved(run_id=queued.run_id, skill_id=SKILL_ID, provider_id=provider_id, version=1)
            for provider_id in (OPENAI_ID, BACKUP_ID)
        ),
    ]
    assert [event.stream for event in recorded] == [
        queued.run_id,
        installation_stream(SKILL_ID, OPENAI_ID),
        installation_stream(SKILL_ID, BACKUP_ID),
    ]
    assert len({(event.at, event.correlation_id) for event in recorded}) == 1
    assert (queued.reused, queued.position, queued.history) == (False, recorded[-1].position, recorded[:1])


@pytest.mark.parametrize("skill", [NAME, str(SKILL_ID)])
@pytest.mark.parametrize("provider", ["openai", str(OPENAI_ID)])
async def test_things_are_named_by_id_or_name(world: World, skill: str, provider: str) -> None:
    queued = await world.queue(provider, skill=skill)
    (run,) = await world.events(queued.run_id)
    assert isinstance(run, RunQueued)
    assert (run.skill.id, run.skill.name) == (SKILL_ID, NAME)
    assert [(target.id, target.name) for target in run.targets] == [(OPENAI_ID, "openai")]


async def test_a_run_keeps_the_version_that_its_ref_picked(world: World) -> None:
    second = await world.register("two")
    assert second.version == 2
    refs = {"latest": 2, "1": 1, "v2": 2, (await digest_of(world, 1))[:20]: 1}
    for number, (ref, version) in enumerate(refs.items()):
        await world.connect(f"provider-{number}")
        queued = await world.queue(f"provider-{number}", ref=ref)
        (run,) = await world.events(queued.run_id)
        assert isinstance(run, RunQueued)
        assert (run.skill.ref, run.skill.version) == (ref, version)
        assert run.skill.digest == await digest_of(world, version)


@pytest.mark.parametrize(
    ("asked", "refusal", "named"),
    [
        ({"skill": "unknown"}, SkillNotFound, "unknown"),
        ({"skill": str(OPENAI_ID)}, SkillNotFound, str(OPENAI_ID)),
        ({"skill": str(UUID(int=0))}, SkillNotFound, str(UUID(int=0))),
        ({"ref": "22"}, VersionNotFound, "22"),
        ({"providers": ("openai", "unknown")}, ProviderNotFound, "unknown"),
        ({"providers": (str(SKILL_ID),)}, ProviderNotFound, str(SKILL_ID)),
        ({"providers": ("openai", "refused")}, ProviderInactive, "refused"),
        ({"providers": ()}, BadRequest, "1 to 20"),
        ({"providers": ("unknown",) * 21}, BadRequest, "1 to 20"),
        ({"providers": ("openai", str(OPENAI_ID))}, BadRequest, "twice"),
    ],
)
async def test_what_cannot_be_done_is_refused_and_leaves_no_trace(
    world: World, asked: dict[str, Any], refusal: type[WaybillError], named: str
) -> None:
    await world.connect("refused", credential="sk-wrong")
    before = await world.store.head()
    for process in (world, world.another_process()):
        with pytest.raises(refusal, match=named):
            await process.queue(**{"providers": ("openai",)} | asked)
    assert await world.store.head() == before


async def test_another_version_waits_in_line_where_the_slot_is_held_and_not_elsewhere(world: World) -> None:
    first = await world.queue("openai")
    await world.register("two")
    second = await world.queue("openai", "backup")
    assert (await world.events(installation_stream(SKILL_ID, OPENAI_ID)))[1:] == [
        InstallationAwaited(run_id=second.run_id, version=2)
    ]
    assert await world.events(installation_stream(SKILL_ID, BACKUP_ID)) == [
        InstallationReserved(run_id=second.run_id, skill_id=SKILL_ID, provider_id=BACKUP_ID, version=2)
    ]
    assert not second.reused
    assert second.run_id != first.run_id


async def test_an_archived_skill_is_not_installed(world: World) -> None:
    other = world.another_process()
    await world.queue("openai")
    await other.archive()
    before = await world.store.head()
    for process in (world, other):
        with pytest.raises(SkillUnavailable, match="archived"):
            await process.queue("backup")
    assert await world.store.head() == before


async def test_another_skill_at_the_same_provider_waits_for_nobody(world: World) -> None:
    await world.queue("openai")
    other = await world.register(name="plain-english")
    queued = await world.queue("openai", skill="plain-english")
    assert names(await world.events(installation_stream(other.skill_id, OPENAI_ID))) == ["InstallationReserved"]
    assert not queued.reused


async def test_what_another_process_did_is_seen_at_once(world: World) -> None:
    """This process remembers a skill with one version, and a provider that nobody knew."""
    await world.queue("openai")
    other = world.another_process()
    assert (await other.register("two")).version == 2
    await other.connect("third")
    queued = await world.queue("third", ref="2")
    (run,) = await world.events(queued.run_id)
    assert isinstance(run, RunQueued)
    assert run.skill.version == 2


async def test_latest_is_the_latest_also_of_another_process(world: World) -> None:
    await world.queue("openai")
    await world.another_process().register("two")
    queued = await world.queue("backup")
    (run,) = await world.events(queued.run_id)
    assert isinstance(run, RunQueued)
    assert run.skill.version == 2
