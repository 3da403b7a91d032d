"""What OpenAI refuses, and in which words: uploads that break a rule, bad keys, unknown ids, bad queries."""

import io
import zipfile
from typing import Any

import openai
import pytest

from adapters.sandbox.bundle import DESCRIPTION_LENGTH_MAX
from adapters.sandbox.openai_wire import RULES
from adapters.sandbox.wire import BODY_BYTES_MAX
from tests.kit.sandboxed import FileParts, Served, manifest, parts, skill_parts

pytestmark = pytest.mark.anyio

KEY = {"authorization": "Bearer sk-test-account-a"}


def zipped(files: FileParts, compression: int = zipfile.ZIP_DEFLATED) -> tuple[str, bytes, str]:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compression) as archive:
        for path, content, _ in files:
            archive.writestr(zipfile.ZipInfo(path), content, compression)
    return ("skill.zip", packed.getvalue(), "application/zip")


def with_frontmatter(frontmatter: str) -> FileParts:
    return parts([("my-skill/SKILL.md", f"---\n{frontmatter}\n---\n".encode())])


MANIFEST = ("my-skill/SKILL.md", manifest())

BROKEN = {
    "no folder": (parts([("SKILL.md", manifest())]), "All files must be under a single top-level directory"),
    "two folders": (parts([MANIFEST, ("other/a.py", b"")]), "All files must be under a single top-level directory"),
    "no manifest": (parts([("my-skill/a.md", b"")]), "exactly one SKILL.md"),
    "two manifests": (parts([MANIFEST, ("my-skill/skill.MD", manifest())]), "exactly one SKILL.md"),
    "manifest below the root": (parts([("my-skill/docs/SKILL.md", manifest())]), "root"),
    "other name than the folder": (parts([("my-skill/SKILL.md", manifest("another"))]), "must match its directory"),
    "same path twice": (parts([MANIFEST, ("my-skill/a", b"1"), ("my-skill/a", b"2")]), "Duplicate"),
    "traversal": (parts([MANIFEST, ("my-skill/../a", b"")]), "not a valid path"),
    "absolute": (parts([MANIFEST, ("/my-skill/a", b"")]), "not a valid path"),
    "backslash": (parts([MANIFEST, ("my-skill/a\\b", b"")]), "not a valid path"),
    "empty step": (parts([MANIFEST, ("my-skill//a", b"")]), "not a valid path"),
    "too many files": (
        parts([MANIFEST, *((f"my-skill/{number}", b"") for number in range(RULES.files_max))]),
        "at most 500",
    ),
    "no frontmatter": (parts([("my-skill/SKILL.md", b"# My skill\n")]), "frontmatter"),
    "frontmatter without end": (parts([("my-skill/SKILL.md", b"---\nname: my-skill\n")]), "frontmatter"),
    "broken YAML": (with_frontmatter("name: [my-skill"), "not valid YAML"),
    "frontmatter that is a list": (with_frontmatter("- name"), "'name'"),
    "no name": (with_frontmatter("description: Does."), "'name'"),
    "bad name": (with_frontmatter("name: My_Skill\ndescription: Does."), "'name'"),
    "name that is a number": (with_frontmatter("name: 12\ndescription: Does."), "'name'"),
    "long name": (with_frontmatter(f"name: {'a' * 65}\ndescription: Does."), "'name'"),
    "no description": (with_frontmatter("name: my-skill"), "'description'"),
    "empty description": (with_frontmatter("name: my-skill\ndescription: ' '"), "'description'"),
    "long description": (
        with_frontmatter(f"name: my-skill\ndescription: {'a' * (DESCRIPTION_LENGTH_MAX + 1)}"),
        "'description'",
    ),
}


async def refusal(sandbox: Served, files: Any, status: int = 400) -> str:
    with pytest.raises(openai.APIStatusError) as caught:
        await sandbox.client().skills.create(files=files)
    assert caught.value.status_code == status
    assert caught.value.request_id
    assert (caught.value.type, caught.value.param) == ("invalid_request_error", "files")
    assert await sandbox.ledger() == []
    return caught.value.message


async def test_an_upload_that_breaks_a_rule_is_refused(sandbox: Served, subtests: pytest.Subtests) -> None:
    for case, (files, message) in BROKEN.items():
        with subtests.test(case):
            assert message in await refusal(sandbox, files)


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
async def test_a_zip_that_breaks_a_rule_is_refused(sandbox: Served, subtests: pytest.Subtests) -> None:
    for case, (files, message) in BROKEN.items():
        with subtests.test(case):
            assert message in await refusal(sandbox, zipped(files))


async def test_a_zip_that_cannot_be_read_is_refused(sandbox: Served) -> None:
    name, content, kind = zipped(skill_parts())
    assert "not a zip" in await refusal(sandbox, (name, b"PK\x03\x04 and so on", kind))
    assert "not a zip" in await refusal(sandbox, (name, content.replace(b"PK\x03\x04", b"PK\x03\x05"), kind))


async def test_a_symbolic_link_in_a_zip_is_refused(sandbox: Served) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(*MANIFEST)
        link = zipfile.ZipInfo("my-skill/link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/hosts")
    assert "symbolic link" in await refusal(sandbox, ("skill.zip", packed.getvalue(), "application/zip"))


async def test_a_file_that_is_too_large_is_refused(sandbox: Served) -> None:
    files = parts([MANIFEST, ("my-skill/large.bin", bytes(RULES.file_bytes_max + 1))])
    assert "larger than 25000000 bytes" in await refusal(sandbox, files, 413)
    assert "larger than 25000000 bytes" in await refusal(sandbox, zipped(files), 413)


async def test_a_file_of_the_largest_size_is_taken(sandbox: Served) -> None:
    await sandbox.client().skills.create(files=parts([MANIFEST, ("my-skill/large.bin", bytes(RULES.file_bytes_max))]))


async def test_a_small_zip_that_unpacks_too_large_is_refused(sandbox: Served) -> None:
    bomb = parts([MANIFEST, *((f"my-skill/{number}", bytes(RULES.file_bytes_max)) for number in range(9))])
    assert "unpacked" in await refusal(sandbox, zipped(bomb), 413)


async def test_a_zip_that_is_too_large_is_refused(sandbox: Served) -> None:
    packed = ("skill.zip", bytes(RULES.zip_bytes_max + 1), "application/zip")
    assert "zip is larger" in await refusal(sandbox, packed, 413)


async def test_a_request_that_is_too_large_is_refused(sandbox: Served) -> None:
    async def body() -> Any:
        for _ in range(BODY_BYTES_MAX // 1_000_000 + 1):
            yield bytes(1_000_000)

    answer = await sandbox.http.post("/openai/v1/skills", content=body(), headers=KEY)
    assert (answer.status_code, answer.json()["error"]["type"]) == (413, "invalid_request_error")
    assert (await sandbox.calls())[0]["status"] == 413


async def test_a_version_keeps_the_name_of_its_skill(sandbox: Served) -> None:
    skills = sandbox.client().skills
    skill = await skills.create(files=skill_parts())
    with pytest.raises(openai.BadRequestError, match="does not match the name of the skill"):
        await skills.versions.create(skill.id, files=skill_parts("another"))
    assert (await sandbox.ledger())[0]["versions"] == ["1"]


async def test_a_request_without_files_is_refused(sandbox: Served) -> None:
    requests: list[dict[str, Any]] = [{}, {"json": {"files": []}}, {"files": {"file": b"x"}}, {"data": {"files": "x"}}]
    for more in requests:
        answer = await sandbox.http.post("/openai/v1/skills", headers=KEY, **more)
        assert answer.status_code == 400
        assert answer.json() == {
            "error": {
                "message": "Missing required parameter: 'files'.",
                "type": "invalid_request_error",
                "param": "files",
                "code": "missing_required_parameter",
            }
        }


BROKEN_FORMS = [
    b"--B\r\n",
    b"nonsense",
    b'--B\r\nContent-Disposition: form-data; name="files[]"; filename="\xff/SKILL.md"\r\n\r\nx\r\n--B--\r\n',
    b'--B\r\nContent-Disposition: form-data; name="default"\r\n\r\n\xff\r\n--B--\r\n',
    b'--B\r\nContent-Disposition: form-data; name="default"\r\nContent-Type: a; charset=no\r\n\r\nx\r\n--B--\r\n',
    b'--B\r\nContent-Disposition: form-data; filename="a"\r\n\r\nx\r\n--B--\r\n',
]


async def test_a_form_that_cannot_be_read_is_refused(sandbox: Served, subtests: pytest.Subtests) -> None:
    headers = KEY | {"content-type": "multipart/form-data; boundary=B"}
    for form in BROKEN_FORMS:
        with subtests.test(str(form)):
            answer = await sandbox.http.post("/openai/v1/skills", headers=headers, content=form)
            assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")


async def test_a_default_that_is_no_flag_is_refused(sandbox: Served) -> None:
    skill = await sandbox.client().skills.create(files=skill_parts())
    files = [("files[]", part) for part in skill_parts()]
    url = f"/openai/v1/skills/{skill.id}/versions"
    answer = await sandbox.http.post(url, headers=KEY, files=files, data={"default": "maybe"})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "default")


async def test_a_change_that_is_not_valid_is_refused(sandbox: Served) -> None:
    skill = await sandbox.client().skills.create(files=skill_parts())
    for body in (b"{", b"{}", b'{"default_version": 2}', b'{"default_version": "1", "x": 1}', b"\xff"):
        answer = await sandbox.http.post(f"/openai/v1/skills/{skill.id}", headers=KEY, content=body)
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "default_version")


async def test_a_query_that_is_not_valid_is_refused(sandbox: Served) -> None:
    skill = await sandbox.client().skills.create(files=skill_parts())
    for path in ("skills", f"skills/{skill.id}/versions"):
        for query in ("limit=101", "limit=x", "order=up", "after=skill_x"):
            answer = await sandbox.http.get(f"/openai/v1/{path}?{query}", headers=KEY)
            assert (answer.status_code, answer.json()["error"]["param"]) == (400, query.partition("=")[0])


async def test_unknown_ids_are_not_found(sandbox: Served) -> None:
    skills = sandbox.client().skills
    skill = await skills.create(files=skill_parts())
    for touch in (
        skills.retrieve("skill_x"),
        skills.delete("skill_x"),
        skills.update("skill_x", default_version="1"),
        skills.versions.create("skill_x", files=skill_parts()),
        skills.update(skill.id, default_version="9"),
        skills.versions.retrieve("9", skill_id=skill.id),
        skills.versions.delete("9", skill_id=skill.id),
        skills.versions.content.retrieve("9", skill_id=skill.id),
    ):
        with pytest.raises(openai.NotFoundError) as caught:
            await touch
        assert caught.value.type == "invalid_request_error"
        assert caught.value.request_id


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "nothing", 404), ("PUT", "skills", 405)])
async def test_unknown_addresses_are_refused_in_openais_form(
    sandbox: Served, method: str, path: str, status: int
) -> None:
    answer = await sandbox.http.request(method, f"/openai/v1/{path}", headers=KEY)
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
    assert answer.headers["x-request-id"].startswith("req_")


@pytest.mark.parametrize(
    ("key", "status", "code"),
    [
        ("sk-revoked-1234", 401, "invalid_api_key"),
        ("wb-1234", 401, "invalid_api_key"),
        ("sk-noscope", 403, "missing_scope"),
    ],
)
async def test_a_key_that_may_not_is_refused(sandbox: Served, key: str, status: int, code: str) -> None:
    skills = sandbox.client(key).skills
    for touch in (skills.list(limit=1), skills.create(files=skill_parts()), skills.delete("skill_x")):
        with pytest.raises(openai.APIStatusError) as caught:
            await touch
        assert (caught.value.status_code, caught.value.code) == (status, code)
        assert key not in caught.value.message
    assert await sandbox.ledger() == []


async def test_a_missing_key_is_refused(sandbox: Served) -> None:
    for headers in ({}, {"authorization": "Bearer"}, {"authorization": "Basic sk-a"}, {"authorization": "sk-a"}):
        answer = await sandbox.http.get("/openai/v1/skills", headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")
