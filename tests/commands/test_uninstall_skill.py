import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from commands.uninstall_skill import UninstallSkill
from domain.errors import InstallationNotFound, ProviderInactive
from domain.install_run.events import RunQueued, RunSucceeded, SkillPin, Target
from domain.install_run.policy import Policy
from domain.installation.events import (
    InstallationAwaited,
    InstallationChanged,
    InstallationRemoved,
    InstallationReserved,
)
from domain.installation.state import installation_stream
from domain.provider.events import ProviderDeactivated
from domain.provider.state import provider_stream
from tests.commands.stores import Uneven
from tests.commands.world import NAME, SKILL_ID, World, failed, names
from tests.kit.facts import NOON, context

pytestmark = pytest.mark.anyio

CALLERS = 20
OPENAI_ID = provider_stream("openai")
INSTALLATION_ID = installation_stream(SKILL_ID, OPENAI_ID)


@pytest.fixture
async def installed(world: World) -> World:
    await world.carry_out((await world.queue("openai")).run_id)
    return world


async def test_a_run_of_its_own_kind_is_queued_and_takes_the_slot(installed: World) -> None:
    (live,) = [event for event in await installed.events() if isinstance(event, InstallationChanged)]
    before = await installed.store.head()
    run = await installed.uninstall()
    queued, reserved = [event.event for event in await installed.store.read(after=before, limit=10)]
    assert queued == RunQueued(
        kind="uninstall",
        skill=SkillPin(id=SKILL_ID, name=NAME, version=1, digest=live.digest, ref="1"),
        targets=(Target(id=OPENAI_ID, name="openai", kind="openai"),),
        policy=Policy(),
        start_by=NOON + timedelta(seconds=900),
        end_by=NOON + timedelta(seconds=3600),
    )
    assert reserved == InstallationReserved(
        run_id=run.run_id, skill_id=SKILL_ID, provider_id=OPENAI_ID, version=1, removes=True
    )
    assert not run.reused
    assert [event.event for event in run.history] == [queued]


async def test_it_removes_the_version_that_is_live_and_not_the_latest(installed: World) -> None:
    await installed.register("two")
    run = await installed.uninstall()
    queued = run.history[0].event
    assert isinstance(queued, RunQueued)
    assert queued.skill.version == 1


async def test_a_second_request_joins_the_run_that_is_at_it(installed: World) -> None:
    first = await installed.uninstall()
    before = await installed.store.head()
    for process in (installed, installed.another_process()):
        again = await process.uninstall()
        assert (again.run_id, again.reused, again.history) == (first.run_id, True, ())
    await installed.start(first.run_id)
    assert (await installed.uninstall()).run_id == first.run_id
    assert names([event.event for event in await installed.store.read(after=before, limit=10)]) == [
        "RunStarted",
        "ProviderStarted",
    ]


async def test_of_many_who_ask_at_once_one_queues_the_run() -> None:
    store = Uneven(1)
    world = World(store)
    await world.register()
    await world.connect("openai")
    await world.carry_out((await world.queue("openai")).run_id)
    processes = [World(store) for _ in range(CALLERS)]
    runs = await asyncio.gather(*(process.uninstall() for process in processes))
    assert len({run.run_id for run in runs}) == 1
    assert [run.reused for run in runs].count(False) == 1


async def test_after_it_there_is_nothing_to_uninstall(installed: World) -> None:
    await installed.carry_out((await installed.uninstall()).run_id)
    before = await installed.store.head()
    for process in (installed, installed.another_process()):
        with pytest.raises(InstallationNotFound):
            await process.uninstall()
    assert await installed.store.head() == before


async def test_what_was_never_installed_is_not_found(world: World) -> None:
    for stream in (uuid4(), SKILL_ID, OPENAI_ID, INSTALLATION_ID):
        with pytest.raises(InstallationNotFound):
            await world.uninstall_skill(UninstallSkill(installation_id=stream), context())
    await world.queue("openai")
    with pytest.raises(InstallationNotFound):
        await world.uninstall()


async def test_after_a_failure_it_can_be_asked_for_again(installed: World) -> None:
    first = await installed.uninstall()
    attempt = await installed.start(first.run_id)
    assert attempt is not None
    await installed.settle(failed(attempt), run_id=first.run_id)
    second = await installed.uninstall()
    assert not second.reused
    await installed.carry_out(second.run_id)
    with pytest.raises(InstallationNotFound):
        await installed.uninstall()


async def test_it_waits_behind_an_install_and_an_install_behind_it(installed: World) -> None:
    await installed.register("two")
    upgrade = (await installed.queue("openai")).run_id
    removal = (await installed.uninstall()).run_id
    install = (await installed.queue("openai")).run_id
    assert upgrade != install
    line = [event for event in await installed.events() if isinstance(event, InstallationAwaited)]
    assert [(one.run_id, one.removes) for one in line] == [(removal, True), (install, False)]
    assert await installed.start(removal) is None
    await installed.carry_out(upgrade)
    assert await installed.start(install) is None
    await installed.carry_out(removal)
    await installed.carry_out(install)
    changes = [
        (type(event), event.run_id)
        for event in await installed.events(INSTALLATION_ID)
        if isinstance(event, InstallationChanged | InstallationRemoved)
    ]
    assert changes[1:] == [
        (InstallationChanged, upgrade),
        (InstallationRemoved, removal),
        (InstallationChanged, install),
    ]


async def test_behind_an_install_another_removal_is_asked_for(installed: World) -> None:
    """The first one would not remove what the install brings."""
    first = await installed.uninstall()
    install = await installed.queue("openai")
    second = await installed.uninstall()
    assert second.run_id not in (first.run_id, install.run_id)
    assert not second.reused


async def test_what_is_installed_at_other_providers_stays(installed: World) -> None:
    await installed.carry_out((await installed.queue("backup")).run_id, "backup")
    run_id = (await installed.uninstall()).run_id
    await installed.carry_out(run_id)
    assert (await installed.events(run_id))[-1] == RunSucceeded(succeeded=1)
    assert not (await installed.uninstall("backup")).reused


async def test_an_archived_skill_can_be_removed(installed: World) -> None:
    await installed.archive()
    await installed.carry_out((await installed.uninstall()).run_id)


async def test_through_a_connection_out_of_use_nothing_is_removed(installed: World) -> None:
    await installed.happen_to("openai", ProviderDeactivated(requested=True))
    before = await installed.store.head()
    with pytest.raises(ProviderInactive, match="openai is not active"):
        await installed.uninstall()
    assert await installed.store.head() == before
