"""Skills over HTTP, from every source."""

from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest

from adapters.http.skills import BODY_BYTES_MAX
from adapters.sources.git import GitFolders
from tests.adapters.http.forms import CONTENT_TYPE, file, form
from tests.adapters.http.registering import as_form, digest, register, skill_of, zipped
from tests.adapters.http.serving import Api, serving, skill_files
from tests.adapters.sources.git_server import HOST, GitServer, git_server
from tests.adapters.sources.repositories import git_can_serve, make_repository

pytestmark = pytest.mark.anyio


async def test_uploaded_files_are_a_skill(api: Api) -> None:
    files = skill_of("by-files")
    answer = await api.admin.post("/api/skills", files=as_form(files, folder="by-files/"))
    skill = answer.json()
    assert (answer.status_code, skill["name"], skill["digest"]) == (201, "by-files", digest(files))
    assert answer.headers["Location"] == f"/api/skills/{skill['id']}"
    assert skill["registered"]["origin"] == {"source": "files", "url": None, "ref": None, "commit": None, "path": None}
    assert [one["path"] for one in skill["registered"]["files"]] == ["SKILL.md", "scripts/run.bin"]


async def test_an_uploaded_zip_is_the_same_skill(api: Api) -> None:
    files = skill_of("by-zip")
    answer = await api.admin.post("/api/skills", files={"archive": zipped(files, folder="by-zip/")})
    assert (answer.status_code, answer.json()["digest"]) == (201, digest(files))
    assert answer.json()["registered"]["origin"]["source"] == "archive"
    again = await api.admin.post("/api/skills", files=as_form(files))
    assert (again.status_code, again.json()) == (200, answer.json())


async def test_an_answer_says_which_version_the_bytes_are(api: Api) -> None:
    """Bytes that were a version before need not be the latest."""
    first = await register(api, "known", "one")
    await register(api, "known", "two")
    again = await api.admin.post("/api/skills", files=as_form(skill_of("known", "one")))
    assert (again.status_code, again.json()["version"], again.json()["registered"]["version"]) == (200, 2, 1)
    assert again.json()["registered"] == first["registered"]


@pytest.mark.parametrize(
    ("content", "status", "code", "pointers"),
    [
        (form(), 400, "bad_request:api", ["/files", "/archive"]),
        (form(file("a"))[:-9], 400, "bad_request:api", []),
        (form(file("readme.md", b"# A")), 422, "unprocessable:skills", ["/files"]),
        (form(file("SKILL.md", b"# A")), 422, "unprocessable:skills", ["/files/0"]),
        (form(file("SKILL.md"), file("C:\\a.md")), 422, "unprocessable:skills", ["/files/1", "/files/0"]),
        (form(file("a.zip", b"no zip", name="archive")), 422, "unprocessable:skills", ["/archive"]),
        (form(*(file(f"{number}") for number in range(501))), 413, "too_large:skills", ["/files"]),
    ],
)
async def test_a_form_is_refused_with_its_place(
    api: Api, *, content: bytes, status: int, code: str, pointers: Sequence[str]
) -> None:
    head = await api.head()
    answer = await api.admin.post("/api/skills", content=content, headers={"Content-Type": CONTENT_TYPE})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert [error["pointer"] for error in answer.json()["errors"]] == pointers
    assert await api.head() == head


@pytest.mark.parametrize("content_type", ["multipart/mixed; boundary=b", "application/zip", "multipart/form-data-x"])
async def test_a_body_of_another_type_is_told_which_are_taken(api: Api, content_type: str) -> None:
    answer = await api.admin.post("/api/skills", content=b"PK", headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported:api")
    assert "multipart/form-data" in answer.json()["detail"]


async def test_a_compressed_form_is_not_taken(api: Api) -> None:
    headers = {"Content-Type": CONTENT_TYPE, "Content-Encoding": "gzip"}
    assert (await api.admin.post("/api/skills", content=form(file("a")), headers=headers)).status_code == 415


async def test_a_form_without_an_end_is_bounded(api: Api) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield form(file(".git/pack"))[:-40]
        while sent < 2 * BODY_BYTES_MAX:
            sent += 65536
            yield b"x" * 65536

    answer = await api.admin.post("/api/skills", content=endless(), headers={"Content-Type": CONTENT_TYPE})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large:api")


@pytest.fixture
def repositories(tmp_path: Path) -> Iterator[GitServer]:
    with git_server(tmp_path) as server:
        yield server


@pytest.mark.skipif(not git_can_serve(), reason="git, or its http-backend, is not here")
async def test_a_folder_of_a_repository_is_a_skill_of_a_commit(
    database: str, tmp_path: Path, repositories: GitServer
) -> None:
    async def loopback(_host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    files = skill_of("by-git")
    repository = make_repository(repositories.root, "skills.git")
    commit = repository.commit({f"skills/by-git/{path}": content for path, content in files.items()})
    git = GitFolders(private_hosts=frozenset({HOST}), ca_file=repositories.ca_file, resolve=loopback)
    async with serving(database, tmp_path, git=git) as api:
        url = repositories.url("skills.git")
        answer = await api.admin.post("/api/skills", json={"git": {"url": url, "ref": "main"}})
        assert (answer.status_code, answer.json()["digest"]) == (201, digest(files)), answer.text
        origin = {"source": "git", "url": url, "ref": "main", "commit": commit, "path": "skills/by-git"}
        assert answer.json()["registered"]["origin"] == origin
        assert (await api.admin.get("/api/skills/by-git")).json()["versions"][0]["origin"] == origin
        unknown = await api.admin.post("/api/skills", json={"git": {"url": url, "ref": "nothing"}})
        assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/git/ref")
        nowhere = {"url": f"https://{HOST}:1/skills.git"}
        offline = await api.admin.post("/api/skills", json={"git": nowhere})
        assert (offline.status_code, offline.json()["code"]) == (502, "offline:git")
        assert offline.json()["retryable"] is True


@pytest.mark.parametrize("url", ["http://example.com/a", "https://127.0.0.1/a", "ext::sh -c id", "-oProxyCommand=id"])
async def test_a_repository_that_may_not_be_asked_is_refused_with_its_place(api: Api, url: str) -> None:
    answer = await api.admin.post("/api/skills", json={"git": {"url": url}})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/git/url")


async def test_findings_stay_with_their_version(api: Api) -> None:
    hidden = skill_files("found", "Does a thing.\u200b")
    await api.admin.post("/api/skills", json=hidden)
    skill = (await api.admin.post("/api/skills", json=skill_files("found"))).json()
    assert skill["findings"] == skill["registered"]["findings"] == []
    versions = (await api.admin.get("/api/skills/found")).json()["versions"]
    assert [sorted({finding["code"] for finding in one["findings"]}) for one in versions] == [["hidden_unicode"], []]
