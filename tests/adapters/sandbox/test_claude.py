"""The official SDK against the sandbox: every endpoint, its shapes, and pages."""

import io
import zipfile
from datetime import UTC, datetime, timedelta

import anthropic
import pytest

from tests.adapters.sandbox.claude_sdk import KEY, claude
from tests.kit.sandboxed import FileParts, Served, manifest, parts, skill_parts

pytestmark = pytest.mark.anyio


def unzipped(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(files: FileParts) -> tuple[str, bytes, str]:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content, _ in files:
            archive.writestr(path, content)
    return ("skill.zip", packed.getvalue(), "application/zip")


async def downloaded(client: anthropic.AsyncAnthropic, skill_id: str, version: str) -> dict[str, bytes]:
    """The SDK has the download among its betas only; it sends no beta header unless told to."""
    archive = await client.beta.skills.versions.download(version, skill_id=skill_id)
    return unzipped(await archive.read())


async def test_a_skill_is_created_read_and_downloaded(sandbox: Served) -> None:
    client = claude(sandbox)
    made = await client.skills.create(files=skill_parts(), display_name="Mine (1)")
    assert made.id.startswith("skill_")
    assert made.latest_version_id.startswith("skver_")
    assert (made.type, made.display_name, made.source.type) == ("skill", "Mine (1)", "custom")
    assert datetime.now(UTC) - made.created_at < timedelta(minutes=1)
    assert made.updated_at == made.created_at
    assert await client.skills.retrieve(made.id) == made
    version = await client.skills.versions.retrieve("latest", skill_id=made.id)
    assert (version.type, version.id, version.skill_id) == ("skill_version", made.latest_version_id, made.id)
    assert (version.name, version.description) == ("my-skill", "Does a thing.")
    assert await client.skills.versions.retrieve(version.id, skill_id=made.id) == version
    assert await downloaded(client, made.id, version.id) == {path: data for path, data, _ in skill_parts()}


async def test_the_display_name_is_the_skills_name_if_none_is_given(sandbox: Served) -> None:
    skills = claude(sandbox).skills
    assert (await skills.create(files=skill_parts())).display_name == "my-skill"
    assert (await skills.create(files=skill_parts(), display_name="")).display_name == "my-skill"


@pytest.mark.parametrize(
    "files",
    [
        [zipped(skill_parts())],
        [(path.partition("/")[2], data, kind) for path, data, kind in skill_parts()],
        [(f"any{path.removeprefix('my-skill')}", data, kind) for path, data, kind in skill_parts()],
    ],
    ids=["zip", "no folder", "a folder of another name"],
)
async def test_a_skill_is_the_same_however_it_is_laid_out(sandbox: Served, files: FileParts) -> None:
    client = claude(sandbox)
    made = await client.skills.create(files=files)
    content = await downloaded(client, made.id, made.latest_version_id)
    assert content == {path: data for path, data, _ in skill_parts()}


async def test_a_second_skill_md_further_down_is_a_file(sandbox: Served) -> None:
    client = claude(sandbox)
    files = parts([("my-skill/SKILL.md", manifest()), ("my-skill/examples/SKILL.md", b"no frontmatter")])
    made = await client.skills.create(files=files)
    assert len(await downloaded(client, made.id, made.latest_version_id)) == 2


async def test_the_newest_version_is_the_latest(sandbox: Served) -> None:
    skills = claude(sandbox).skills
    skill = await skills.create(files=skill_parts(), display_name="Mine")
    second = await skills.versions.create(skill.id, files=skill_parts(description="Second."))
    assert (second.type, second.skill_id, second.name, second.description) == (
        "skill_version",
        skill.id,
        "my-skill",
        "Second.",
    )
    now = await skills.retrieve(skill.id)
    assert (now.latest_version_id, now.display_name) == (second.id, "Mine")
    gone = await skills.versions.delete(skill.latest_version_id, skill_id=skill.id)
    assert (gone.type, gone.id) == ("skill_version_deleted", skill.latest_version_id)
    assert (await skills.versions.retrieve("latest", skill_id=skill.id)).id == second.id


async def test_the_version_before_is_the_latest_when_the_newest_is_deleted(sandbox: Served) -> None:
    skills = claude(sandbox).skills
    skill = await skills.create(files=skill_parts())
    versions = [await skills.versions.create(skill.id, files=skill_parts()) for _ in range(2)]
    await skills.versions.delete(versions[1].id, skill_id=skill.id)
    assert (await skills.retrieve(skill.id)).latest_version_id == versions[0].id
    with pytest.raises(anthropic.NotFoundError):
        await skills.versions.retrieve(versions[1].id, skill_id=skill.id)


async def test_the_only_version_is_not_deleted(sandbox: Served) -> None:
    skills = claude(sandbox).skills
    skill = await skills.create(files=skill_parts())
    with pytest.raises(anthropic.BadRequestError, match="only version"):
        await skills.versions.delete(skill.latest_version_id, skill_id=skill.id)
    assert await skills.retrieve(skill.id) == skill


async def test_deleting_a_skill_removes_all_of_it(sandbox: Served) -> None:
    skills = claude(sandbox).skills
    skill = await skills.create(files=skill_parts())
    await skills.versions.create(skill.id, files=skill_parts())
    gone = await skills.delete(skill.id)
    assert (gone.type, gone.id) == ("skill_deleted", skill.id)
    with pytest.raises(anthropic.NotFoundError):
        await skills.retrieve(skill.id)
    assert await sandbox.ledger() == []


async def test_the_same_name_twice_makes_two_skills(sandbox: Served) -> None:
    skills = claude(sandbox).skills
    made = {(await skills.create(files=skill_parts(), display_name="Mine")).id for _ in range(2)}
    assert {entry["id"] for entry in await sandbox.ledger()} == made
    assert len(made) == 2


async def test_the_ledger_shows_the_display_name(sandbox: Served) -> None:
    skills = claude(sandbox).skills
    skill = await skills.create(files=skill_parts(), display_name="Mine")
    second = await skills.versions.create(skill.id, files=skill_parts())
    (entry,) = await sandbox.ledger()
    assert (entry["provider"], entry["id"], entry["name"], entry["marker"]) == ("claude", skill.id, "my-skill", "Mine")
    assert (entry["versions"], entry["defaultVersion"]) == ([skill.latest_version_id, second.id], second.id)


async def test_lists_come_in_pages_newest_first(sandbox: Served) -> None:
    skills = claude(sandbox).skills
    made = [(await skills.create(files=skill_parts(f"skill-{number}"))).id for number in range(5)]
    first = await skills.list(limit=2, source="custom")
    assert [skill.id for skill in first.data] == [made[4], made[3]]
    assert first.next_page
    assert [skill.id async for skill in await skills.list(limit=2)] == made[::-1]
    rest = await skills.list(page=first.next_page)
    assert ([skill.id for skill in rest.data], rest.next_page) == (made[2::-1], None)
    assert (await skills.list(source="anthropic")).data == []


async def test_versions_come_in_pages_too(sandbox: Served) -> None:
    skills = claude(sandbox).skills
    skill = await skills.create(files=skill_parts())
    made = [skill.latest_version_id]
    made += [(await skills.versions.create(skill.id, files=skill_parts())).id for _ in range(4)]
    assert [version.id async for version in await skills.versions.list(skill.id, limit=2)] == made[::-1]


async def test_a_page_has_the_shape_of_claudes(sandbox: Served) -> None:
    skill = await claude(sandbox).skills.create(files=skill_parts())
    answer = await sandbox.http.get("/anthropic/v1/skills", headers={"x-api-key": KEY})
    created = skill.created_at.isoformat().replace("+00:00", "Z")
    assert answer.json() == {
        "data": [
            {
                "type": "skill",
                "id": skill.id,
                "display_name": "my-skill",
                "latest_version_id": skill.latest_version_id,
                "source": {"type": "custom"},
                "created_at": created,
                "updated_at": created,
            }
        ],
        "next_page": None,
    }
    assert answer.headers["request-id"].startswith("req_")


async def test_an_account_sees_its_own_skills_only(sandbox: Served) -> None:
    skill = await claude(sandbox, "sk-ant-a").skills.create(files=skill_parts())
    other = claude(sandbox, "sk-ant-b").skills
    assert (await other.list()).data == []
    for touch in (other.retrieve, other.delete):
        with pytest.raises(anthropic.NotFoundError):
            await touch(skill.id)
    with pytest.raises(anthropic.NotFoundError):
        await other.versions.create(skill.id, files=skill_parts())
    assert [entry["id"] for entry in await sandbox.ledger()] == [skill.id]


async def test_listing_models_proves_the_key_alone(sandbox: Served) -> None:
    assert (await claude(sandbox, "sk-ant-noscope").models.list(limit=1)).data == []
    with pytest.raises(anthropic.AuthenticationError):
        await claude(sandbox, "sk-ant-revoked").models.list(limit=1)


async def test_the_log_names_the_operations(sandbox: Served) -> None:
    client = claude(sandbox)
    skill = await client.skills.create(files=skill_parts())
    version = await client.skills.versions.create(skill.id, files=skill_parts())
    await client.skills.list()
    await client.skills.versions.list(skill.id)
    await client.skills.retrieve(skill.id)
    await client.skills.versions.retrieve(version.id, skill_id=skill.id)
    await downloaded(client, skill.id, version.id)
    await client.skills.versions.delete(version.id, skill_id=skill.id)
    await client.skills.delete(skill.id)
    calls = await sandbox.calls()
    assert {call["provider"] for call in calls} == {"claude"}
    assert [call["operation"] for call in calls] == [
        "create_skill",
        "create_version",
        "list",
        "list",
        "get",
        "get",
        "download",
        "delete_version",
        "delete_skill",
    ]
