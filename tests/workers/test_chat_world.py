"""Chat does what it does by the commands that everybody else uses, with what was pinned."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest

from adapters.sources.git import GitFolders
from adapters.sources.reading import Sources
from commands.label_skill import LabelSkill
from domain.chat.plan import (
    AnyStep,
    CancelStep,
    InstallStep,
    PinnedProvider,
    RetryStep,
    RollbackStep,
    UninstallStep,
    VerifyStep,
)
from domain.chat.ports import InstallPreview, InstallTarget
from domain.errors import (
    Code,
    ProviderInactive,
    ProviderNotFound,
    RunUnfit,
    SkillNotFound,
    SkillUnavailable,
    VersionNotFound,
    WaybillError,
)
from domain.install_run.events import RunCancelRequested, RunQueued
from domain.install_run.policy import Policy
from domain.installation.state import installation_stream
from domain.provider.events import ProviderDeactivated, ProviderVerified
from domain.provider.state import provider_stream
from domain.skill.state import skill_stream
from projections.read_model import ReadModel
from projections.tracking import Standing
from queries.reading import Reader
from tests.commands.world import NAME, SKILL_ID, World
from tests.kit.facts import context
from workers.chat_world import WiredChatWorld
from workers.wiring import Commands, build_commands

pytestmark = pytest.mark.anyio

POLICY = Policy(attempts_max=2)
OPENAI, BACKUP = (PinnedProvider(id=provider_stream(name), name=name) for name in ("openai", "backup"))


class NothingToRead(Reader):
    """What is done and previewed is so from the events alone."""

    async def wait(self, model: ReadModel[Any], *, position: int | None, timeout_seconds: float) -> bool:
        raise AssertionError

    async def fetch(
        self, model: ReadModel[Any], statement: str, values: Mapping[str, object], row: type[Any]
    ) -> Sequence[Any]:
        raise AssertionError

    async def standing(self) -> Standing:
        raise AssertionError


class Chatting:
    """`steps` is how many steps were done."""

    def __init__(self, world: World) -> None:
        self.steps = 0
        self.commands: Commands = build_commands(
            store=world.store,
            bundles=world.bundles,
            vault=world.vault,
            gateway=world.gateway,
            sources=Sources(git=GitFolders()),
            clock=lambda: world.now,
        )
        self.chat = WiredChatWorld(
            commands=self.commands, reader=NothingToRead(), store=world.store, policy=POLICY, step_done=self._count
        )

    def _count(self) -> None:
        self.steps += 1

    async def carry_out(self, step: AnyStep) -> UUID | None:
        return await self.chat.carry_out(step, context())

    async def preview(self, ref: str = "latest", *providers: str, skill: UUID = SKILL_ID) -> InstallPreview:
        ids = tuple(provider_stream(name) for name in providers or ("openai",))
        return await self.chat.preview(skill=skill, ref=ref, providers=ids, context=context())


@pytest.fixture
async def world() -> World:
    world = World()
    await world.register()
    for name in ("openai", "backup"):
        await world.connect(name)
    return world


@pytest.fixture
def chatting(world: World) -> Chatting:
    return Chatting(world)


def installing(*providers: PinnedProvider, version: int = 1) -> InstallStep:
    return InstallStep(
        run_id=uuid4(),
        skill_id=SKILL_ID,
        skill=NAME,
        version=version,
        digest="",
        providers=providers or (OPENAI,),
    )


def removing(installed_by: UUID) -> UninstallStep:
    return UninstallStep(
        run_id=uuid4(),
        installation_id=installation_stream(SKILL_ID, OPENAI.id),
        installed_by=installed_by,
        skill=NAME,
        version=1,
        provider="openai",
    )


async def test_what_was_pinned_is_installed_whatever_came_since(world: World, chatting: Chatting) -> None:
    await world.register("two")
    await chatting.commands.label_skill(LabelSkill(skill=NAME, label="stable", ref="2"), context())
    step = installing(OPENAI, BACKUP)
    assert await chatting.carry_out(step) == step.run_id
    (queued,) = await world.events(step.run_id)
    assert isinstance(queued, RunQueued)
    assert (queued.skill.version, queued.policy) == (1, POLICY)
    assert [target.name for target in queued.targets] == ["openai", "backup"]


async def test_a_second_time_nothing_more_is_done(world: World, chatting: Chatting) -> None:
    first = installing()
    assert await chatting.carry_out(first) == first.run_id
    await world.carry_out(first.run_id)
    removal = removing(first.run_id)
    assert await chatting.carry_out(removal) == removal.run_id
    (queued,) = await world.events(removal.run_id)
    assert isinstance(queued, RunQueued)
    assert (queued.kind, queued.policy) == ("uninstall", POLICY)
    await world.carry_out(removal.run_id)
    failed = installing()
    await chatting.carry_out(failed)
    await world.fail(failed.run_id)
    retry = RetryStep(run_id=uuid4(), retried=failed.run_id, skill=NAME, version=1, providers=("openai",))
    assert await chatting.carry_out(retry) == retry.run_id
    await world.carry_out(retry.run_id)
    rollback = RollbackStep(run_id=uuid4(), taken_back=retry.run_id, skill=NAME, version=1, providers=(OPENAI,))
    assert await chatting.carry_out(rollback) == rollback.run_id
    await world.carry_out(rollback.run_id)
    waiting = installing(BACKUP)
    await chatting.carry_out(waiting)
    cancel = CancelStep(cancelled=waiting.run_id, skill=NAME, version=1, providers=("backup",))
    assert await chatting.carry_out(cancel) == waiting.run_id
    assert RunCancelRequested() in await world.events(waiting.run_id)
    before = await world.store.head()
    steps: list[AnyStep] = [first, removal, failed, retry, rollback, waiting, cancel]
    assert [await chatting.carry_out(step) for step in steps] == [
        *(step.run_id for step in (first, removal, failed, retry, rollback, waiting)),
        waiting.run_id,
    ]
    assert await world.since(before) == []
    assert chatting.steps == 2 * len(steps)


async def test_a_run_that_does_just_this_already_is_the_one(world: World, chatting: Chatting) -> None:
    active = (await world.queue("openai")).run_id
    assert await chatting.carry_out(installing()) == active


async def test_what_another_run_has_put_there_since_is_not_removed(world: World, chatting: Chatting) -> None:
    first = installing()
    await chatting.carry_out(first)
    await world.carry_out(first.run_id)
    await world.register("two")
    second = (await world.queue("openai")).run_id
    await world.carry_out(second)
    with pytest.raises(RunUnfit):
        await chatting.carry_out(removing(first.run_id))
    assert chatting.steps == 1


async def test_only_what_was_pinned_is_taken_back(world: World, chatting: Chatting) -> None:
    step = installing(OPENAI, BACKUP)
    await chatting.carry_out(step)
    for name in ("openai", "backup"):
        await world.carry_out(step.run_id, name)
    rollback = RollbackStep(run_id=uuid4(), taken_back=step.run_id, skill=NAME, version=1, providers=(BACKUP,))
    await chatting.carry_out(rollback)
    (queued,) = await world.events(rollback.run_id)
    assert isinstance(queued, RunQueued)
    assert [target.name for target in queued.targets] == ["backup"]


async def test_a_connection_is_verified_without_a_run(world: World, chatting: Chatting) -> None:
    before = await world.store.head()
    assert await chatting.carry_out(VerifyStep(provider=OPENAI)) is None
    assert ProviderVerified() in await world.since(before)
    with pytest.raises(ProviderNotFound):
        await chatting.carry_out(VerifyStep(provider=PinnedProvider(id=uuid4(), name="gone")))


async def test_what_a_command_refuses_is_refused(world: World, chatting: Chatting) -> None:
    await world.happen_to("openai", ProviderDeactivated(requested=True))
    with pytest.raises(ProviderInactive):
        await chatting.carry_out(installing())
    assert chatting.steps == 0


async def test_a_preview_says_what_the_ref_means_now_and_stores_nothing(world: World, chatting: Chatting) -> None:
    await world.register("two")
    before = await world.store.head()
    previewed = await chatting.preview("latest", "openai", "backup")
    assert previewed == InstallPreview(
        version=2,
        digest=previewed.digest,
        targets=tuple(
            InstallTarget(
                provider_id=one.id,
                provider=one.name,
                codes=(),
                installed_version=None,
                active_run_id=None,
                installs=False,
            )
            for one in (OPENAI, BACKUP)
        ),
    )
    first = await chatting.preview("1")
    assert first.version == 1
    assert first.digest != previewed.digest
    assert await world.store.head() == before


async def test_a_preview_says_who_has_the_last_word(world: World, chatting: Chatting) -> None:
    await world.register("two")
    first = (await world.queue("openai", ref="1")).run_id
    assert [await last_word(chatting, ref) for ref in ("1", "2")] == [(None, first, True), (None, first, False)]
    await world.carry_out(first)
    assert await last_word(chatting, "1") == (1, None, False)
    removal = (await world.uninstall()).run_id
    assert await last_word(chatting, "1") == (1, removal, False)


async def last_word(chatting: Chatting, ref: str) -> tuple[int | None, UUID | None, bool]:
    (target,) = (await chatting.preview(ref)).targets
    return target.installed_version, target.active_run_id, target.installs


async def test_a_preview_says_what_stands_against_it(world: World, chatting: Chatting) -> None:
    await world.register(name="claude-helper")
    await world.connect("second", kind="claude")
    await world.happen_to("openai", ProviderDeactivated(requested=True))
    previewed = await chatting.preview("latest", "openai", "backup")
    assert [target.codes for target in previewed.targets] == [(Code.CONFLICT_PROVIDER,), ()]
    (second,) = (await chatting.preview("latest", "second", skill=skill_stream("claude-helper"))).targets
    assert second.codes == (Code.PROVIDER_INVALID_SKILL,)


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        ({"ref": "9"}, VersionNotFound),
        ({"skill": uuid4()}, SkillNotFound),
    ],
    ids=["version", "skill"],
)
async def test_a_preview_of_what_there_is_not_is_refused(
    chatting: Chatting, wanted: dict[str, Any], error: type[WaybillError]
) -> None:
    with pytest.raises(error):
        await chatting.preview(**wanted)


async def test_nothing_is_previewed_of_a_skill_that_is_archived(world: World, chatting: Chatting) -> None:
    await world.archive()
    with pytest.raises(SkillUnavailable):
        await chatting.preview()
