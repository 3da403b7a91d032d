"""Who asked last decides what stays: other versions wait in line, and only what nothing comes after is reused."""

import pytest

from domain.errors import RunConflict
from domain.installation.state import INSTALLATION, Installation, installation_stream
from domain.provider.state import provider_stream
from tests.commands.world import SKILL_ID, World

pytestmark = pytest.mark.anyio


@pytest.fixture
async def two(world: World) -> World:
    """A skill with two versions."""
    await world.register("two")
    return world


async def at_openai(world: World) -> Installation:
    history = await world.store.load(installation_stream(SKILL_ID, provider_stream("openai")))
    installation = INSTALLATION.fold(history)
    assert installation is not None
    return installation


async def test_what_is_at_work_is_asked_for_again_behind_another_version_and_gets_in_line(two: World) -> None:
    first = await two.queue("openai", ref="1")
    second = await two.queue("openai", ref="2")
    third = await two.queue("openai", ref="1")
    assert len({first.run_id, second.run_id, third.run_id}) == 3
    assert (await two.another_process().queue("openai", ref="1")).run_id == third.run_id
    fourth = await two.queue("openai", ref="2")
    assert not fourth.reused
    line = [first, second, third, fourth]
    assert [claim.run_id for claim in (await at_openai(two)).claims] == [run.run_id for run in line]
    for run in line:
        assert (await two.carry_out(run.run_id)).intent.run_id == run.run_id
    live = (await at_openai(two)).live
    assert live is not None
    assert (live.run_id, live.version) == (fourth.run_id, 2)


async def test_what_waits_last_is_reused(two: World) -> None:
    await two.queue("openai", ref="1")
    second = await two.queue("openai", "backup", ref="2")
    again = await two.queue("backup", "openai")
    assert (again.run_id, again.reused) == (second.run_id, True)


async def test_a_run_that_is_overtaken_at_one_of_its_providers_is_not_reused(two: World) -> None:
    """It is done at OpenAI, where version 2 has replaced it since, and still at work at the other."""
    first = await two.queue("openai", "backup", ref="1")
    await two.carry_out(first.run_id)
    assert (await two.queue("openai", "backup", ref="1")).run_id == first.run_id
    second = await two.queue("openai", ref="2")
    for _ in ("while it waits", "when it is live"):
        with pytest.raises(RunConflict) as conflict:
            await two.queue("openai", "backup", ref="1")
        assert conflict.value.extra == {"conflictingRuns": [str(first.run_id)]}
        if (await at_openai(two)).holder:
            await two.carry_out(second.run_id)
    back = await two.queue("openai", ref="1")
    assert not back.reused
