import pytest

from commands.archive_skill import ArchiveSkill, ArchiveSkillHandler, SkillArchiving
from domain.errors import SkillNotFound, SkillUnavailable
from tests.commands.world import NAME, SKILL_ID, World, names
from tests.kit.facts import context

pytestmark = pytest.mark.anyio


async def archive(world: World, *, skill: str = NAME, archived: bool = True) -> SkillArchiving:
    return await ArchiveSkillHandler(handling=world.handling)(ArchiveSkill(skill=skill, archived=archived), context())


@pytest.mark.parametrize("skill", [NAME, str(SKILL_ID)])
async def test_a_skill_is_archived_by_name_or_id(empty: World, skill: str) -> None:
    await empty.register()
    assert await archive(empty, skill=skill) == SkillArchiving(skill_id=SKILL_ID, position=3)
    assert names(await empty.events(SKILL_ID))[-1] == "SkillArchived"


@pytest.mark.parametrize("archived", [True, False])
async def test_what_is_so_already_stores_nothing(empty: World, *, archived: bool) -> None:
    await empty.register()
    if archived:
        await archive(empty)
    before = names(await empty.events(SKILL_ID))
    again = await archive(empty.another_process(), archived=archived)
    assert (again.skill_id, again.position) == (SKILL_ID, None)
    assert names(await empty.events(SKILL_ID)) == before


async def test_an_archived_skill_takes_no_version_until_it_is_taken_back(empty: World) -> None:
    await empty.register("one")
    await archive(empty)
    for text in ("one", "two"):
        with pytest.raises(SkillUnavailable):
            await empty.another_process().register(text)
    await archive(empty, archived=False)
    assert (await empty.register("two")).version == 2


async def test_an_archived_skill_is_not_installed(empty: World) -> None:
    await empty.register()
    await empty.connect()
    await archive(empty)
    with pytest.raises(SkillUnavailable):
        await empty.queue("openai")


@pytest.mark.parametrize("archived", [True, False])
async def test_what_is_no_skill_is_not_found(empty: World, *, archived: bool) -> None:
    with pytest.raises(SkillNotFound):
        await archive(empty, skill="nobody", archived=archived)
