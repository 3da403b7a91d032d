from uuid import uuid4

import pytest

from adapters.memory.event_store import MemoryEventStore
from domain.errors import BadRequest, SkillNotFound, VersionNotFound
from domain.skill.events import SkillArchived, SkillLabelled, SkillRegistered, SkillUnarchived
from domain.skill.state import skill_stream
from queries.find_skill_version import FindSkillVersion, find_skill_version
from queries.get_skill import GetSkill, get_skill
from queries.list_skill_versions import ListSkillVersions, list_skill_versions
from queries.list_skills import ListSkills, list_skills
from tests.commands.world import SKILL_ID, World
from tests.kit.read_side import ReadSide
from tests.projections.stories import SKILL, Story, digest

pytestmark = pytest.mark.anyio


async def names(side: ReadSide, query: ListSkills) -> list[str]:
    return [skill.name for skill in (await list_skills(side.reader, query)).items]


async def test_skills_are_listed_newest_first_whatever_changes_later(side: ReadSide) -> None:
    story = Story()
    for name in ("first", "second", "third", "first"):
        story.publish(name)
    await side.tell(story.events)
    assert await names(side, ListSkills()) == ["third", "second", "first"]


async def test_pages_follow_each_other_while_skills_change(side: ReadSide) -> None:
    story = Story()
    for number in range(5):
        story.publish(f"skill-{number}")
    await side.tell(story.events)
    first = await list_skills(side.reader, ListSkills(limit=2))
    told = len(story.events)
    story.publish("skill-5")
    story.publish("skill-3")
    await side.tell(story.events[told:])
    second = await list_skills(side.reader, ListSkills(limit=2, cursor=first.next_cursor))
    third = await list_skills(side.reader, ListSkills(limit=2, cursor=second.next_cursor))
    pages = [[skill.name for skill in page.items] for page in (first, second, third)]
    assert pages == [["skill-4", "skill-3"], ["skill-2", "skill-1"], ["skill-0"]]
    assert third.next_cursor is None


async def test_a_search_takes_every_character_for_itself(side: ReadSide) -> None:
    story = Story()
    story.publish("kbo-results", description="야구 결과")
    story.publish("percent", description="100% of a_b")
    story.publish("backslash", description="of a\\b, of aXb")
    await side.tell(story.events)
    found = {q: await names(side, ListSkills(q=q)) for q in ("kbo", "KBO", "야구", "100%", "%", "a_b", "a\\b", "-", "")}
    assert found == {
        "kbo": ["kbo-results"],
        "KBO": ["kbo-results"],
        "야구": ["kbo-results"],
        "100%": ["percent"],
        "%": ["percent"],
        "a_b": ["percent"],
        "a\\b": ["backslash"],
        "-": ["kbo-results"],
        "": ["backslash", "percent", "kbo-results"],
    }


async def test_a_search_has_pages_too(side: ReadSide) -> None:
    story = Story()
    for name in ("report-1", "other", "report-2"):
        story.publish(name, description="")
    await side.tell(story.events)
    first = await list_skills(side.reader, ListSkills(q="report", limit=1))
    second = await list_skills(side.reader, ListSkills(q="report", limit=1, cursor=first.next_cursor))
    assert [skill.name for page in (first, second) for skill in page.items] == ["report-2", "report-1"]
    assert second.next_cursor is None


async def test_one_skill_is_found_by_id_or_name_with_its_versions(side: ReadSide) -> None:
    story = Story()
    story.publish()
    story.publish()
    await side.tell(story.events)
    by_id = await get_skill(side.reader, GetSkill(skill=str(SKILL)))
    by_name = await get_skill(side.reader, GetSkill(skill="kbo-results"))
    assert by_id == by_name
    assert not by_id.stale
    assert [version.digest for version in by_id.item.versions] == [digest(1), digest(2)]


async def test_a_name_may_look_like_an_id(side: ReadSide) -> None:
    name = str(uuid4())
    story = Story()
    story.publish(name)
    await side.tell(story.events)
    assert (await get_skill(side.reader, GetSkill(skill=name))).item.name == name


async def test_a_skill_that_is_not_there(side: ReadSide) -> None:
    story = Story()
    story.publish()
    await side.tell(story.events)
    for skill in ("nothing", str(uuid4()), "", "Kbo-results"):
        with pytest.raises(SkillNotFound):
            await get_skill(side.reader, GetSkill(skill=skill))


async def test_a_skill_without_a_version_is_not_there_yet(side: ReadSide) -> None:
    story = Story()
    story.add(skill_stream("half"), SkillRegistered(name="half"))
    await side.tell(story.events)
    assert await names(side, ListSkills()) == []
    with pytest.raises(SkillNotFound):
        await get_skill(side.reader, GetSkill(skill="half"))


async def test_what_is_archived_is_listed_apart(side: ReadSide) -> None:
    story = Story()
    for name in ("used", "archived", "back"):
        story.publish(name)
    story.add(skill_stream("archived"), SkillArchived())
    story.add(skill_stream("back"), SkillArchived())
    story.add(skill_stream("back"), SkillUnarchived())
    await side.tell(story.events)
    assert await names(side, ListSkills()) == ["back", "used"]
    assert await names(side, ListSkills(archived=True)) == ["archived"]
    assert await names(side, ListSkills(archived=True, q="used")) == []
    assert (await get_skill(side.reader, GetSkill(skill="archived"))).item.archived


async def test_labels_are_read_as_they_were_put(side: ReadSide) -> None:
    story = Story()
    story.publish()
    story.publish()
    story.add(SKILL, SkillLabelled(label="stable", version=1), SkillLabelled(label="next", version=2))
    await side.tell(story.events)
    assert (await get_skill(side.reader, GetSkill(skill="kbo-results"))).item.labels == {"stable": 1, "next": 2}


async def test_versions_have_pages_that_stay_while_new_ones_come(side: ReadSide) -> None:
    story = Story()
    for _ in range(4):
        story.publish()
    await side.tell(story.events)
    first = await list_skill_versions(side.reader, "kbo-results", ListSkillVersions(limit=2))
    told = len(story.events)
    story.publish()
    await side.tell(story.events[told:])
    rest = await list_skill_versions(side.reader, str(SKILL), ListSkillVersions(limit=2, cursor=first.next_cursor))
    assert [[one.version for one in page.items] for page in (first, rest)] == [[4, 3], [2, 1]]
    assert (rest.next_cursor, rest.stale) == (None, False)
    with pytest.raises(BadRequest):
        await list_skill_versions(side.reader, "kbo-results", ListSkillVersions(cursor="elsewhere"))
    with pytest.raises(SkillNotFound):
        await list_skill_versions(side.reader, "nothing", ListSkillVersions())


async def test_a_version_is_found_as_an_install_would_pick_it() -> None:
    world = World()
    await world.register("one")
    await world.register("two")
    for skill in ("release-notes", str(SKILL_ID)):
        found = await find_skill_version(world.store, FindSkillVersion(skill=skill, ref="v1"))
        assert (found.skill_id, found.name, found.version) == (SKILL_ID, "release-notes", 1)
        assert [entry.path for entry in found.manifest] == ["SKILL.md"]
    with pytest.raises(VersionNotFound):
        await find_skill_version(world.store, FindSkillVersion(skill="release-notes", ref="3"))


@pytest.mark.parametrize("skill", ["nothing", "0198f3c2-7a4e-7d11-8a6b-2f5f4c0e9d10", ""])
async def test_no_version_is_found_of_what_is_no_skill(skill: str) -> None:
    with pytest.raises(SkillNotFound):
        await find_skill_version(MemoryEventStore(), FindSkillVersion(skill=skill, ref="latest"))


async def test_a_connection_is_not_taken_for_a_skill() -> None:
    world = World()
    connection = await world.connect("openai")
    with pytest.raises(SkillNotFound):
        await find_skill_version(world.store, FindSkillVersion(skill=str(connection.provider_id), ref="latest"))
