import asyncio

import pytest

from commands.register_skill import RegisterSkill
from domain.errors import SkillInvalid
from domain.skill.bundle import InlineFile
from domain.skill.events import SkillVersionPublished
from tests.commands.world import NAME, SKILL_ID, World, names
from tests.kit.facts import context

pytestmark = pytest.mark.anyio


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
    await empty.register_skill(RegisterSkill(files=files), context())
    (published,) = [event for event in await empty.events(SKILL_ID) if isinstance(event, SkillVersionPublished)]
    stored = await empty.bundles.get(published.manifest)
    assert {file.path: file.content for file in stored} == {
        "SKILL.md": skill_md.encode(),
        "scripts/a.py": bytes(range(4)),
        "scripts/b.py": bytes(range(4)),
    }


async def test_what_is_no_skill_leaves_no_trace(empty: World) -> None:
    with pytest.raises(SkillInvalid):
        await empty.register_skill(RegisterSkill(files=(InlineFile(path="README.md", content="hello"),)), context())
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
