import asyncio

import pytest

from commands.register_skill import RegisterSkill, RegisterSkillHandler
from domain.errors import GitOffline, SkillInvalid
from domain.skill.bundle import Bundle, InlineFile
from domain.skill.events import Origin, SkillVersionPublished
from domain.skill.sources import GitFolder, InlineFiles, SkillSource
from tests.commands.world import NAME, SKILL_ID, World, names, read_given
from tests.kit.facts import context

pytestmark = pytest.mark.anyio


def given(*files: InlineFile) -> RegisterSkill:
    return RegisterSkill(source=InlineFiles(files=files))


async def test_the_first_bundle_registers_the_skill(empty: World) -> None:
    registration = await empty.register()
    assert (registration.skill_id, registration.version, registration.created) == (SKILL_ID, 1, True)
    assert names(await empty.events(SKILL_ID)) == ["SkillRegistered", "SkillVersionPublished"]
    assert registration.position == 2


async def test_other_bytes_are_the_next_version(empty: World) -> None:
    await empty.register("one")
    registration = await empty.register("two")
    assert (registration.version, registration.created, registration.position) == (2, True, 3)


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_the_same_bytes_are_the_version_that_they_were(empty: World, *, elsewhere: bool) -> None:
    await empty.register("one")
    await empty.register("two")
    registration = await (empty.another_process() if elsewhere else empty).register("one")
    assert (registration.version, registration.created, registration.position) == (1, False, None)
    assert await empty.store.head() == 3


async def test_the_bytes_are_stored_as_they_came(empty: World) -> None:
    skill_md = f"---\nname: {NAME}\ndescription: Writes.\n---\n"
    files = (
        InlineFile(path="SKILL.md", content=skill_md),
        InlineFile(path="scripts/a.py", content="AAECAw==", encoding="base64"),
        InlineFile(path="scripts/b.py", content="AAECAw==", encoding="base64"),
    )
    await empty.register_skill(given(*files), context())
    (published,) = [event for event in await empty.events(SKILL_ID) if isinstance(event, SkillVersionPublished)]
    stored = await empty.bundles.get(published.manifest)
    assert {file.path: file.content for file in stored} == {
        "SKILL.md": skill_md.encode(),
        "scripts/a.py": bytes(range(4)),
        "scripts/b.py": bytes(range(4)),
    }


async def test_what_is_no_skill_leaves_no_trace(empty: World) -> None:
    with pytest.raises(SkillInvalid):
        await empty.register_skill(given(InlineFile(path="README.md", content="hello")), context())
    assert await empty.store.head() == 0


async def test_equal_bundles_at_once_are_one_version(empty: World) -> None:
    worlds = [empty, empty.another_process()] * 10
    registrations = await asyncio.gather(*(world.register() for world in worlds))
    assert {registration.version for registration in registrations} == {1}
    assert [registration.created for registration in registrations].count(True) == 1
    assert await empty.store.head() == 2


async def test_different_bundles_at_once_are_versions_without_a_gap(empty: World) -> None:
    registrations = await asyncio.gather(*(empty.register(str(number)) for number in range(10)))
    assert sorted(registration.version for registration in registrations) == list(range(1, 11))


async def test_a_version_says_where_its_bytes_came_from(empty: World) -> None:
    """The same bytes from elsewhere are the version that they were, with the origin that it has."""
    fetched = Origin(source="git", url="https://git.example/a", ref="main", commit="0" * 40, path="skills/one")
    skill_md = InlineFile(path="SKILL.md", content=f"---\nname: {NAME}\ndescription: Writes.\n---\n")

    async def fetch(source: SkillSource) -> tuple[Bundle, Origin]:
        assert source == GitFolder(url="https://git.example/a", ref="main", path="skills/one")
        return (await read_given(InlineFiles(files=(skill_md,))))[0], fetched

    register = RegisterSkillHandler(handling=empty.handling, bundles=empty.bundles, read_source=fetch)
    source = GitFolder(url="https://git.example/a", ref="main", path="skills/one")
    assert (await register(RegisterSkill(source=source), context())).created
    assert not (await empty.register_skill(given(skill_md), context())).created
    assert [event.origin for event in await empty.events(SKILL_ID) if isinstance(event, SkillVersionPublished)] == [
        fetched
    ]


async def test_what_cannot_be_fetched_leaves_no_trace(empty: World) -> None:
    async def fetch(source: SkillSource) -> tuple[Bundle, Origin]:
        raise GitOffline

    register = RegisterSkillHandler(handling=empty.handling, bundles=empty.bundles, read_source=fetch)
    with pytest.raises(GitOffline):
        await register(RegisterSkill(source=GitFolder(url="https://git.example/a")), context())
    assert await empty.store.head() == 0
