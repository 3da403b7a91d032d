"""Who says which run put there what is to be removed means that, and nothing that came since."""

from uuid import UUID, uuid4

import pytest

from domain.errors import InstallationNotFound, RunConflict, RunUnfit
from domain.installation.state import INSTALLATION, installation_stream
from domain.provider.state import provider_stream
from tests.commands.world import SKILL_ID, World

pytestmark = pytest.mark.anyio


@pytest.fixture
async def installed(world: World) -> World:
    await world.carry_out((await world.queue("openai")).run_id)
    await world.register("two")
    return world


async def put_by(world: World) -> UUID:
    state = INSTALLATION.fold(await world.store.load(installation_stream(SKILL_ID, provider_stream("openai"))))
    assert state is not None
    assert state.live is not None
    return state.live.run_id


async def test_what_this_run_put_there_is_removed(installed: World) -> None:
    by, run_id = await put_by(installed), uuid4()
    run = await installed.uninstall(installed_by=by, run_id=run_id)
    assert (run.run_id, run.reused) == (run_id, False)
    again = await installed.uninstall(installed_by=by)
    assert (again.run_id, again.reused) == (run_id, True)
    await installed.carry_out(run_id)
    assert (await installed.uninstall(installed_by=by, run_id=run_id)).run_id == run_id
    with pytest.raises(InstallationNotFound):
        await installed.uninstall(installed_by=by)


async def test_what_another_run_put_there_since_stays(installed: World) -> None:
    by = await put_by(installed)
    second = (await installed.queue("openai")).run_id
    await installed.carry_out(second)
    before = await installed.store.head()
    with pytest.raises(RunUnfit, match=f"Run {second} has put something else there since"):
        await installed.uninstall(installed_by=by)
    assert await installed.since(before) == []
    assert not (await installed.uninstall(installed_by=second)).reused


async def test_what_another_run_is_about_to_put_there_is_not_removed_behind_it(installed: World) -> None:
    by = await put_by(installed)
    second = (await installed.queue("openai")).run_id
    with pytest.raises(RunConflict) as refused:
        await installed.uninstall(installed_by=by)
    assert refused.value.extra == {"conflictingRuns": [str(second)]}
    assert not (await installed.uninstall()).reused
