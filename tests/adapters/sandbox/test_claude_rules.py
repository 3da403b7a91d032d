"""What Claude refuses, and in which form: uploads that break a rule, bad keys, unknown ids, bad pages; faults too."""

import io
import zipfile
from typing import Any

import anthropic
import pytest

from adapters.sandbox.claude_wire import DISPLAY_NAME_LENGTH_MAX, UPLOAD_BYTES_MAX
from adapters.sandbox.wire import BODY_BYTES_MAX
from tests.adapters.sandbox.claude_sdk import KEY, claude
from tests.kit.sandboxed import FileParts, Served, manifest, parts, skill_parts

pytestmark = pytest.mark.anyio

HEADERS = {"x-api-key": KEY}
MANIFEST = ("my-skill/SKILL.md", manifest())


def with_frontmatter(frontmatter: str) -> FileParts:
    return parts([("my-skill/SKILL.md", f"---\n{frontmatter}\n---\n".encode())])


BROKEN = {
    "two folders": (parts([MANIFEST, ("other/a.py", b"")]), "exactly in the top-level folder"),
    "no manifest": (parts([("my-skill/a.md", b"")]), "exactly in the top-level folder"),
    "manifest in other letters": (parts([("my-skill/skill.md", manifest())]), "exactly in the top-level folder"),
    "manifest below the root": (parts([("my-skill/docs/SKILL.md", manifest())]), "exactly in the top-level folder"),
    "same path twice": (parts([MANIFEST, ("my-skill/a", b"1"), ("my-skill/a", b"2")]), "Duplicate"),
    "traversal": (parts([MANIFEST, ("my-skill/../a", b"")]), "not a valid path"),
    "no frontmatter": (parts([("my-skill/SKILL.md", b"# My skill\n")]), "frontmatter"),
    "bad name": (with_frontmatter("name: My_Skill\ndescription: Does."), "'name'"),
    "long name": (with_frontmatter(f"name: {'a' * 65}\ndescription: Does."), "'name'"),
    "reserved word": (parts([("x/SKILL.md", manifest("my-claude-skill"))]), "reserved word 'claude'"),
    "reserved word inside another": (parts([("x/SKILL.md", manifest("unanthropic"))]), "reserved word 'anthropic'"),
    "no description": (with_frontmatter("name: my-skill"), "'description'"),
    "tags in the description": (
        with_frontmatter("name: my-skill\ndescription: Does <b>one</b> thing."),
        "cannot contain XML tags",
    ),
}


def zipped(files: FileParts, compression: int = zipfile.ZIP_DEFLATED) -> tuple[str, bytes, str]:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compression) as archive:
        for path, content, _ in files:
            archive.writestr(zipfile.ZipInfo(path), content, compression)
    return ("skill.zip", packed.getvalue(), "application/zip")


async def refusal(sandbox: Served, files: FileParts, **more: Any) -> anthropic.APIStatusError:
    with pytest.raises(anthropic.APIStatusError) as caught:
        await claude(sandbox).skills.create(files=files, **more)
    assert await sandbox.ledger() == []
    return caught.value


def said(error: anthropic.APIStatusError) -> tuple[int, str | None]:
    return error.status_code, error.type


async def test_an_upload_that_breaks_a_rule_is_refused(sandbox: Served, subtests: pytest.Subtests) -> None:
    for case, (files, message) in BROKEN.items():
        with subtests.test(case):
            error = await refusal(sandbox, files)
            assert said(error) == (400, "invalid_request_error")
            assert message in str(error.api_message)


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
async def test_a_zip_that_breaks_a_rule_is_refused(sandbox: Served, subtests: pytest.Subtests) -> None:
    for case, (files, message) in BROKEN.items():
        with subtests.test(case):
            assert message in str((await refusal(sandbox, [zipped(files)])).api_message)


async def test_the_files_together_are_limited(sandbox: Served) -> None:
    half = UPLOAD_BYTES_MAX // 2
    files = parts([MANIFEST, ("my-skill/a.bin", bytes(half)), ("my-skill/b.bin", bytes(half))])
    for upload in (files, [zipped(files)]):
        assert said(await refusal(sandbox, upload)) == (413, "request_too_large")


async def test_as_much_as_is_allowed_is_taken(sandbox: Served) -> None:
    rest = UPLOAD_BYTES_MAX - len(MANIFEST[1])
    await claude(sandbox).skills.create(files=parts([MANIFEST, ("my-skill/a.bin", bytes(rest))]))


async def test_a_zip_and_a_request_that_are_too_large_are_refused(sandbox: Served) -> None:
    packed = ("skill.zip", bytes(UPLOAD_BYTES_MAX + 1), "application/zip")
    assert said(await refusal(sandbox, [packed])) == (413, "request_too_large")
    whole = ("my-skill/a.bin", bytes(BODY_BYTES_MAX), "application/octet-stream")
    error = await refusal(sandbox, [whole])
    assert said(error) == (413, "request_too_large")
    assert error.request_id


async def test_more_files_than_openai_takes_are_taken(sandbox: Served) -> None:
    files = parts([MANIFEST, *((f"my-skill/{number}", b"") for number in range(600))])
    await claude(sandbox).skills.create(files=files)


@pytest.mark.parametrize("display_name", ["two\nlines", "a" * (DISPLAY_NAME_LENGTH_MAX + 1)])
async def test_a_display_name_is_one_short_line(sandbox: Served, display_name: str) -> None:
    error = await refusal(sandbox, skill_parts(), display_name=display_name)
    assert said(error) == (400, "invalid_request_error")
    assert "display_name" in str(error.api_message)


async def test_a_display_name_of_the_greatest_length_is_taken(sandbox: Served) -> None:
    name = "이" * DISPLAY_NAME_LENGTH_MAX
    assert (await claude(sandbox).skills.create(files=skill_parts(), display_name=name)).display_name == name


async def test_a_display_name_that_is_a_file_is_refused(sandbox: Served) -> None:
    files = [("files[]", MANIFEST), ("display_name", ("a.txt", b"a"))]
    answer = await sandbox.http.post("/anthropic/v1/skills", headers=HEADERS, files=files)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")


async def test_a_version_keeps_the_name_of_its_skill(sandbox: Served) -> None:
    skills = claude(sandbox).skills
    skill = await skills.create(files=skill_parts())
    with pytest.raises(anthropic.BadRequestError, match="does not match the name of the skill"):
        await skills.versions.create(skill.id, files=skill_parts("another"))
    assert (await sandbox.ledger())[0]["versions"] == [skill.latest_version_id]


async def test_a_request_without_files_is_refused(sandbox: Served) -> None:
    requests: list[dict[str, Any]] = [{}, {"files": {"files": b"x"}}, {"data": {"files[]": "x"}}]
    for more in requests:
        answer = await sandbox.http.post("/anthropic/v1/skills", headers=HEADERS, **more)
        assert answer.status_code == 400
        assert answer.json() == {
            "type": "error",
            "error": {"type": "invalid_request_error", "message": "files: Field required"},
            "request_id": answer.headers["request-id"],
        }


async def test_a_form_that_cannot_be_read_is_refused(sandbox: Served) -> None:
    headers = HEADERS | {"content-type": "multipart/form-data; boundary=B"}
    for form in (
        b"nonsense",
        b'--B\r\nContent-Disposition: form-data; name="files[]"; filename="\xff"\r\n\r\n\r\n--B--\r\n',
    ):
        answer = await sandbox.http.post("/anthropic/v1/skills", headers=headers, content=form)
        assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")


async def test_a_query_that_is_not_valid_is_refused(sandbox: Served, subtests: pytest.Subtests) -> None:
    skill = await claude(sandbox).skills.create(files=skill_parts())
    for path in ("skills", f"skills/{skill.id}/versions"):
        for query in ("limit=0", "limit=1001", "limit=x", "page=x", "page=a%C3%A9==", "page=c2tpbGxfeA==", "source=me"):
            with subtests.test(f"{path}?{query}"):
                answer = await sandbox.http.get(f"/anthropic/v1/{path}?{query}", headers=HEADERS)
                assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")


async def test_unknown_ids_are_not_found(sandbox: Served) -> None:
    skills = claude(sandbox).skills
    skill = await skills.create(files=skill_parts())
    for touch in (
        skills.retrieve("skill_x"),
        skills.delete("skill_x"),
        skills.versions.create("skill_x", files=skill_parts()),
        skills.versions.retrieve("latest", skill_id="skill_x"),
        skills.versions.retrieve("skver_x", skill_id=skill.id),
        skills.versions.delete("skver_x", skill_id=skill.id),
        skills.versions.delete("latest", skill_id=skill.id),
        claude(sandbox).beta.skills.versions.download("skver_x", skill_id=skill.id),
    ):
        with pytest.raises(anthropic.NotFoundError) as caught:
            await touch
        assert caught.value.type == "not_found_error"
        assert caught.value.request_id


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "v1/nothing", 404), ("PUT", "v1/skills", 405)])
async def test_unknown_addresses_are_refused_in_claudes_form(
    sandbox: Served, method: str, path: str, status: int
) -> None:
    answer = await sandbox.http.request(method, f"/anthropic/{path}", headers=HEADERS)
    assert answer.status_code == status
    assert set(answer.json()) == {"type", "error", "request_id"}
    assert answer.headers["request-id"] == answer.json()["request_id"]


@pytest.mark.parametrize(
    ("key", "error"),
    [
        ("sk-ant-revoked", anthropic.AuthenticationError),
        ("wb-1234", anthropic.AuthenticationError),
        ("sk-ant-noscope", anthropic.PermissionDeniedError),
    ],
)
async def test_a_key_that_may_not_is_refused(sandbox: Served, key: str, error: type[anthropic.APIStatusError]) -> None:
    skills = claude(sandbox, key).skills
    for touch in (skills.list(limit=1), skills.create(files=skill_parts()), skills.delete("skill_x")):
        with pytest.raises(error) as caught:
            await touch
        assert key not in caught.value.message
    assert await sandbox.ledger() == []


async def test_a_key_is_taken_from_either_header_and_a_missing_one_refused(sandbox: Served) -> None:
    for headers in ({"authorization": f"Bearer {KEY}"}, {"authorization": f"bearer  {KEY}"}, {"x-api-key": KEY}):
        version = {"anthropic-version": "1999-01-01", "anthropic-beta": "skills-2025-10-02"}
        answer = await sandbox.http.get("/anthropic/v1/skills?beta=true", headers=headers | version)
        assert answer.status_code == 200
    for headers in ({}, {"authorization": "Bearer"}, {"authorization": f"Basic {KEY}"}, {"x-api-key": ""}):
        answer = await sandbox.http.get("/anthropic/v1/skills", headers=headers)
        assert (answer.status_code, answer.json()["error"]["type"]) == (401, "authentication_error")


FAULTS: list[tuple[int, type[anthropic.APIStatusError], str]] = [
    (400, anthropic.BadRequestError, "invalid_request_error"),
    (401, anthropic.AuthenticationError, "authentication_error"),
    (402, anthropic.APIStatusError, "billing_error"),
    (403, anthropic.PermissionDeniedError, "permission_error"),
    (404, anthropic.NotFoundError, "not_found_error"),
    (409, anthropic.ConflictError, "conflict_error"),
    (413, anthropic.APIStatusError, "request_too_large"),
    (429, anthropic.RateLimitError, "rate_limit_error"),
    (500, anthropic.InternalServerError, "api_error"),
    (503, anthropic.InternalServerError, "api_error"),
    (504, anthropic.InternalServerError, "timeout_error"),
    (529, anthropic.InternalServerError, "overloaded_error"),
]


async def test_a_fault_is_answered_in_claudes_form(sandbox: Served, subtests: pytest.Subtests) -> None:
    for status, error, kind in FAULTS:
        for code in (None, "said_so"):
            with subtests.test(f"{status} {code}"):
                more: dict[str, Any] = {"code": code} if code else {}
                await sandbox.fault("status", provider="claude", status=status, **more)
                with pytest.raises(error) as caught:
                    await claude(sandbox).skills.create(files=skill_parts())
                assert (caught.value.status_code, caught.value.type, caught.value.error_code) == (status, kind, code)
                body = caught.value.body
                assert isinstance(body, dict)
                assert body["request_id"] == caught.value.request_id


async def test_a_fault_of_another_provider_waits(sandbox: Served) -> None:
    await sandbox.fault("status", provider="openai", status=500)
    await claude(sandbox).skills.create(files=skill_parts())
    assert len((await sandbox.http.get("/_sandbox/faults")).json()) == 1


async def test_a_drop_cuts_the_connection_before_or_after_the_write(sandbox: Served) -> None:
    for kind in ("drop_before", "drop_after"):
        number = len(await sandbox.calls())
        await sandbox.fault(kind, provider="claude")
        with pytest.raises(anthropic.APIConnectionError):
            await claude(sandbox).skills.create(files=skill_parts())
        await sandbox.call_when(number, fault=kind, applied=kind == "drop_after")
    assert len(await sandbox.ledger()) == 1
