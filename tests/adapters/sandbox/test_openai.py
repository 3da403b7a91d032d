"""The official SDK against the sandbox: every endpoint, its shapes, and pages."""

import io
import zipfile

import openai
import pytest

from tests.kit.sandboxed import Served, manifest, parts, skill_parts

pytestmark = pytest.mark.anyio


def unzipped(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


async def test_a_skill_is_created_read_and_downloaded(sandbox: Served) -> None:
    skills = sandbox.client().skills
    made = await skills.create(files=skill_parts())
    assert made.id.startswith("skill_")
    assert len(made.id) == len("skill_") + 32
    assert (made.object, made.name, made.description) == ("skill", "my-skill", "Does a thing.")
    assert (made.default_version, made.latest_version) == ("1", "1")
    assert await skills.retrieve(made.id) == made
    packed = await skills.content.retrieve(made.id)
    assert unzipped(packed.content) == {path: data for path, data, _ in skill_parts()}


async def test_a_zip_is_one_part_and_makes_the_same_skill(sandbox: Served) -> None:
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("my-skill")
        for path, content, _ in skill_parts():
            archive.writestr(path, content)
    skills = sandbox.client().skills
    made = await skills.create(files=("my-skill.zip", stored.getvalue(), "application/zip"))
    packed = await skills.content.retrieve(made.id)
    assert unzipped(packed.content) == {path: data for path, data, _ in skill_parts()}


async def test_names_of_files_keep_their_letters(sandbox: Served) -> None:
    files = parts(
        [("my-skill/SKILL.md", manifest()), ('my-skill/안내 "1".md', b""), ("my-skill/100%.txt", b"\x00\xff")]
    )
    skills = sandbox.client().skills
    made = await skills.create(files=files)
    packed = await skills.content.retrieve(made.id)
    assert unzipped(packed.content) == {path: data for path, data, _ in files}


async def test_versions_are_added_made_default_and_deleted(sandbox: Served) -> None:
    skills = sandbox.client().skills
    skill = await skills.create(files=skill_parts())
    second = await skills.versions.create(skill.id, files=skill_parts(description="Second."))
    assert (second.object, second.version, second.skill_id, second.name) == ("skill.version", "2", skill.id, "my-skill")
    assert second.id.startswith("skillver_")
    now = await skills.retrieve(skill.id)
    assert (now.default_version, now.latest_version, now.description) == ("1", "2", "Does a thing.")
    changed = await skills.update(skill.id, default_version="2")
    assert (changed.default_version, changed.description) == ("2", "Second.")
    third = await skills.versions.create(skill.id, files=skill_parts(), default=True)
    assert (await skills.retrieve(skill.id)).default_version == third.version == "3"
    assert await skills.versions.retrieve("2", skill_id=skill.id) == second
    gone = await skills.versions.delete("2", skill_id=skill.id)
    assert (gone.object, gone.deleted, gone.version, gone.id) == ("skill.version.deleted", True, "2", second.id)
    assert [version.version async for version in await skills.versions.list(skill.id)] == ["3", "1"]
    with pytest.raises(openai.NotFoundError):
        await skills.versions.retrieve("2", skill_id=skill.id)


async def test_a_version_is_downloaded_as_it_was_uploaded(sandbox: Served) -> None:
    skills = sandbox.client().skills
    skill = await skills.create(files=skill_parts())
    await skills.versions.create(skill.id, files=skill_parts(description="Second."))
    default = await skills.content.retrieve(skill.id)
    second = await skills.versions.content.retrieve("2", skill_id=skill.id)
    assert unzipped(default.content)["my-skill/SKILL.md"] == manifest()
    assert unzipped(second.content)["my-skill/SKILL.md"] == manifest(description="Second.")


async def test_the_number_of_a_deleted_version_is_not_used_again(sandbox: Served) -> None:
    skills = sandbox.client().skills
    skill = await skills.create(files=skill_parts())
    await skills.versions.create(skill.id, files=skill_parts())
    await skills.versions.delete("2", skill_id=skill.id)
    assert (await skills.retrieve(skill.id)).latest_version == "1"
    assert (await skills.versions.create(skill.id, files=skill_parts())).version == "3"


async def test_deleting_a_skill_removes_all_of_it(sandbox: Served) -> None:
    skills = sandbox.client().skills
    skill = await skills.create(files=skill_parts())
    await skills.versions.create(skill.id, files=skill_parts())
    gone = await skills.delete(skill.id)
    assert (gone.object, gone.deleted, gone.id) == ("skill.deleted", True, skill.id)
    for read in (skills.retrieve, skills.content.retrieve, skills.versions.list):
        with pytest.raises(openai.NotFoundError):
            await read(skill.id)
    assert await sandbox.ledger() == []


async def test_deleting_the_last_version_deletes_the_skill(sandbox: Served) -> None:
    skills = sandbox.client().skills
    skill = await skills.create(files=skill_parts())
    await skills.versions.delete("1", skill_id=skill.id)
    with pytest.raises(openai.NotFoundError):
        await skills.retrieve(skill.id)


async def test_the_default_version_is_not_deleted(sandbox: Served) -> None:
    skills = sandbox.client().skills
    skill = await skills.create(files=skill_parts())
    await skills.versions.create(skill.id, files=skill_parts())
    with pytest.raises(openai.BadRequestError, match="default version"):
        await skills.versions.delete("1", skill_id=skill.id)
    assert [entry["versions"] for entry in await sandbox.ledger()] == [["1", "2"]]


async def test_the_same_name_twice_makes_two_skills(sandbox: Served) -> None:
    skills = sandbox.client().skills
    made = {(await skills.create(files=skill_parts())).id for _ in range(2)}
    assert {entry["id"] for entry in await sandbox.ledger()} == made
    assert len(made) == 2


async def test_lists_come_in_pages_newest_first(sandbox: Served) -> None:
    skills = sandbox.client().skills
    made = [(await skills.create(files=skill_parts(f"skill-{number}"))).id for number in range(5)]
    first = await skills.list(limit=2)
    assert [skill.id for skill in first.data] == [made[4], made[3]]
    assert first.has_more
    assert [skill.id async for skill in await skills.list(limit=2)] == made[::-1]
    assert [skill.id async for skill in await skills.list(limit=2, order="asc")] == made
    rest = await skills.list(after=made[1])
    assert ([skill.id for skill in rest.data], rest.has_more) == ([made[0]], False)
    nothing = await skills.list(limit=0)
    assert (nothing.data, nothing.has_more) == ([], True)


async def test_a_page_has_the_shape_of_openais(sandbox: Served) -> None:
    skill = await sandbox.client().skills.create(files=skill_parts())
    answer = await sandbox.http.get("/openai/v1/skills", headers={"authorization": "Bearer sk-test-account-a"})
    assert answer.json() == {
        "object": "list",
        "data": [skill.model_dump()],
        "first_id": skill.id,
        "last_id": skill.id,
        "has_more": False,
    }


async def test_versions_come_in_pages_too(sandbox: Served) -> None:
    skills = sandbox.client().skills
    skill = await skills.create(files=skill_parts())
    for _ in range(4):
        await skills.versions.create(skill.id, files=skill_parts())
    newest = [version.version async for version in await skills.versions.list(skill.id, limit=2)]
    oldest = [version.version async for version in await skills.versions.list(skill.id, limit=2, order="asc")]
    assert (newest, oldest) == (list("54321"), list("12345"))


async def test_an_account_sees_its_own_skills_only(sandbox: Served) -> None:
    skill = await sandbox.client("sk-a").skills.create(files=skill_parts())
    other = sandbox.client("sk-b").skills
    assert (await other.list()).data == []
    for touch in (other.retrieve, other.delete, other.content.retrieve):
        with pytest.raises(openai.NotFoundError):
            await touch(skill.id)
    with pytest.raises(openai.NotFoundError):
        await other.versions.create(skill.id, files=skill_parts())
    assert [entry["id"] for entry in await sandbox.ledger()] == [skill.id]
