import asyncio

import pytest

from commands.label_skill import LabelSkill, LabelSkillHandler, SkillLabelling
from domain.errors import BadRequest, SkillNotFound, VersionNotFound
from domain.skill.events import SkillLabelled
from tests.commands.world import NAME, SKILL_ID, World
from tests.kit.facts import context

pytestmark = pytest.mark.anyio


async def label(world: World, ref: str = "latest", *, skill: str = NAME, label: str = "stable") -> SkillLabelling:
    handler = LabelSkillHandler(handling=world.handling)
    return await handler(LabelSkill(skill=skill, label=label, ref=ref), context())


async def labels(world: World) -> list[tuple[str, int]]:
    events = await world.events(SKILL_ID)
    return [(event.label, event.version) for event in events if isinstance(event, SkillLabelled)]


@pytest.mark.parametrize("skill", [NAME, str(SKILL_ID)])
async def test_a_label_is_put_by_name_or_id(empty: World, skill: str) -> None:
    await empty.register("one")
    await empty.register("two")
    assert await label(empty, "v1", skill=skill) == SkillLabelling(skill_id=SKILL_ID, position=4)
    assert await labels(empty) == [("stable", 1)]


async def test_a_label_that_is_there_already_stores_nothing(empty: World) -> None:
    await empty.register()
    await label(empty)
    again = await label(empty.another_process())
    assert (again.skill_id, again.position) == (SKILL_ID, None)
    assert await labels(empty) == [("stable", 1)]


@pytest.mark.parametrize(
    ("facts", "refusal"),
    [
        ({"skill": "nobody"}, SkillNotFound),
        ({"skill": "00000000-0000-4000-8000-000000000000"}, SkillNotFound),
        ({"ref": "2"}, VersionNotFound),
        ({"ref": "stable"}, VersionNotFound),
        ({"label": "latest"}, BadRequest),
    ],
)
async def test_what_cannot_be_labelled_stores_nothing(
    empty: World, facts: dict[str, str], refusal: type[Exception]
) -> None:
    await empty.register()
    with pytest.raises(refusal):
        await label(empty, **facts)
    assert await labels(empty) == []


async def test_the_latest_is_the_one_at_the_moment_of_the_decision(empty: World) -> None:
    """Another process has published meanwhile, which this one has not seen."""
    await empty.register("one")
    await label(empty, "latest", label="first")
    await empty.another_process().register("two")
    await label(empty)
    assert await labels(empty) == [("first", 1), ("stable", 2)]


async def test_of_two_at_once_the_last_word_stands(empty: World) -> None:
    await empty.register("one")
    await empty.register("two")
    await asyncio.gather(label(empty, "1"), label(empty.another_process(), "2"))
    told = await labels(empty)
    assert sorted(told) == [("stable", 1), ("stable", 2)]
