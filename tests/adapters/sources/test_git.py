"""Against a real git server over https; what is fetched, and what is said when it is not there."""

import asyncio
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from domain.skill.events import Origin
from tests.adapters.sources.git_reading import Reader
from tests.adapters.sources.git_server import HOST, GitServer, git_server
from tests.adapters.sources.repositories import Repository, git_can_serve, make_repository, skill_md

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not git_can_serve(), reason="git, or its http-backend, is not here"),
]
REPOSITORY = "skills.git"
BYTES = {
    "SKILL.md": skill_md("one"),
    "scripts/run.sh": b"#!/bin/sh\r\n# $Id$\r\n",
    "assets/logo.png": bytes(range(256)),
    "참고/말.md": "가\r\n".encode(),
    "empty": b"",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    with git_server(tmp_path_factory.mktemp("git")) as server:
        for name, filtering in ((REPOSITORY, True), ("whole.git", False)):
            made = make_repository(server.root, name, filtering=filtering)
            made.commit({"README.md": b"old", "skills/one/SKILL.md": skill_md("first")})
            made.git("tag", "v1")
            made.git("branch", "team/next")
            made.commit({f"skills/one/{path}": content for path, content in BYTES.items()})
            made.commit({".gitattributes": b"* -text ident filter=lfs export-ignore\n"})
            made.git("tag", "--annotate", "--message=x", "v2")
            made.commit({"skills/.curated/two/SKILL.md": skill_md("two"), "vendor/a": b"", "large": bytes(5000)})
        yield server


@pytest.fixture
def reader(server: GitServer, scratch: Path) -> Reader:
    return Reader(server)


def repository(server: GitServer, name: str = REPOSITORY) -> Repository:
    return Repository(server.root / name, server.root.parent / f"work of {name}")


@pytest.mark.parametrize("name", [REPOSITORY, "whole.git"])
async def test_a_folder_is_read_as_its_bytes(server: GitServer, reader: Reader, name: str) -> None:
    bundle, origin = await reader.read(name, path="skills/one")
    assert {file.path: file.content for file in bundle.files} == BYTES
    head = repository(server, name).git("rev-parse", "main")
    assert origin == Origin(source="git", url=server.url(name), ref=None, commit=head, path="skills/one")
    assert reader.asked == [HOST]


@pytest.mark.parametrize(
    ("ref", "name"),
    [
        ("main", "one"),
        ("team/next", "first"),
        ("refs/heads/team/next", "first"),
        ("v1", "first"),
        ("v2", "one"),
        ("refs/tags/v2", "one"),
    ],
)
async def test_a_ref_is_resolved_to_the_commit_that_it_means(
    server: GitServer, reader: Reader, ref: str, name: str
) -> None:
    meant = f"{ref}^{{commit}}"
    bundle, origin = await reader.read(REPOSITORY, ref=ref, path="skills/one")
    assert (bundle.name, origin.ref, origin.commit) == (name, ref, repository(server).git("rev-parse", meant))


async def test_a_commit_may_be_named_that_no_branch_points_to(server: GitServer, reader: Reader) -> None:
    commit = repository(server).git("rev-parse", "main~2")
    bundle, origin = await reader.read(REPOSITORY, ref=commit, path="skills/one")
    assert (bundle.name, origin.ref, origin.commit) == ("one", commit, commit)


async def test_the_only_skill_of_a_commit_is_found_without_a_path(reader: Reader) -> None:
    bundle, origin = await reader.read(REPOSITORY, ref="v2")
    assert (bundle.name, origin.path, len(bundle.files)) == ("one", "skills/one", len(BYTES))


async def test_several_skills_are_listed_also_those_in_dot_folders(reader: Reader) -> None:
    assert await reader.refused(REPOSITORY) == [
        ("/git/path", "Without `path`, exactly one `SKILL.md` must be in the repository; it is in 2 folders."),
        ("/git/path", "There is a `SKILL.md` in `skills/.curated/two`."),
        ("/git/path", "There is a `SKILL.md` in `skills/one`."),
    ]
    assert (await reader.read(REPOSITORY, path="skills/.curated/two"))[0].name == "two"


@pytest.mark.parametrize("path", ["", ".", "/"])
async def test_the_root_may_be_the_skill(server: GitServer, reader: Reader, path: str) -> None:
    name = f"root{len(path)}{path == '.'}.git"
    made = make_repository(server.root, name)
    made.commit({"SKILL.md": skill_md("at-the-root"), "nested/SKILL.md": skill_md("nested")})
    bundle, origin = await reader.read(name, path=path)
    assert (bundle.name, origin.path, len(bundle.files)) == ("at-the-root", "", 2)


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        ("nope", "There is no branch and no tag `nope`; a commit takes all of its 40 digits."),
        ("mai", "There is no branch and no tag `mai`; a commit takes all of its 40 digits."),
        ("refs/heads/v1", "There is no branch and no tag `refs/heads/v1`; a commit takes all of its 40 digits."),
        ("odd", "There is no branch and no tag `odd`; a commit takes all of its 40 digits."),
        ("abc1234", "There is no branch and no tag `abc1234`; a commit takes all of its 40 digits."),
        ("0" * 40, "The server does not hand out this commit."),
        ("both", "`both` is a branch and a tag; write `refs/heads/...` or `refs/tags/...`."),
        ("blob", "The ref does not name a commit."),
    ],
)
async def test_a_ref_that_means_no_one_commit_is_refused(
    server: GitServer, reader: Reader, ref: str, message: str
) -> None:
    made = repository(server)
    made.git("update-ref", "refs/heads/both", "main~1")
    made.git("update-ref", "refs/tags/both", "main")
    made.git("update-ref", "refs/heads/refs/heads/odd", "main")
    made.git("update-ref", "refs/tags/blob", made.git("rev-parse", "main:README.md"))
    assert await reader.refused(REPOSITORY, ref=ref, path="skills/one") == [("/git/ref", message)]


@pytest.mark.parametrize(
    ("path", "messages"),
    [
        ("nope", ["The commit has no folder `nope`; `path` names the folder that holds SKILL.md."]),
        ("README.md", ["The commit has no folder `README.md`; `path` names the folder that holds SKILL.md."]),
        (
            "skills",
            [
                "`SKILL.md` must be in `skills`; it is in 2 folders.",
                "There is a `SKILL.md` in `skills/.curated/two`.",
                "There is a `SKILL.md` in `skills/one`.",
            ],
        ),
        ("vendor", ["`SKILL.md` must be in `vendor`; there is none."]),
    ],
)
async def test_a_path_to_no_skill_is_refused(reader: Reader, path: str, messages: list[str]) -> None:
    assert await reader.refused(REPOSITORY, path=path) == [("/git/path", message) for message in messages]


async def test_an_empty_repository_has_no_default_branch(server: GitServer, reader: Reader) -> None:
    make_repository(server.root, "empty.git")
    ((pointer, message),) = await reader.refused("empty.git")
    assert (pointer, "no default branch" in message) == ("/git/url", True)


async def test_links_and_submodules_are_refused_and_only_inside_the_folder(server: GitServer, reader: Reader) -> None:
    made = make_repository(server.root, "links.git")
    head = made.commit({"a/SKILL.md": skill_md("a"), "b/SKILL.md": skill_md("b"), "a/.git-not/x": b""})
    (made.work / "a" / "passwd").symlink_to("/etc/passwd")
    made.commit_all()
    made.git("update-index", "--add", "--cacheinfo", f"160000,{head},a/module")
    made.git("commit", "--quiet", "--message=x")
    assert await reader.refused("links.git", path="a") == [
        ("/git/path", "`module` is a submodule, or no file at all; a skill is made of files."),
        ("/git/path", "`passwd` is a symbolic link; a skill is made of files."),
    ]
    assert (await reader.read("links.git", path="b"))[0].name == "b"


async def test_what_is_wrong_with_the_skill_is_said_of_the_path(server: GitServer, reader: Reader) -> None:
    made = make_repository(server.root, "wrong.git")
    made.commit({"SKILL.md": b"# no frontmatter\n", "a\\b": b""})
    assert {pointer for pointer, _ in await reader.refused("wrong.git")} == {"/git/path"}
    assert len(await reader.refused("wrong.git")) == 2


async def test_names_that_are_not_utf8_are_refused(server: GitServer, reader: Reader) -> None:
    made = make_repository(server.root, "latin.git")
    made.commit({"SKILL.md": skill_md("latin")})
    tree = made.git("mktree", "-z", given=(made.git("ls-tree", "main") + "\0").encode().replace(b"SKILL", b"caf\xe9"))
    made.commit_tree(
        made.git("mktree", given=f"{made.git('ls-tree', 'main')}\n040000 tree {tree}\tx".encode()), branch="b"
    )
    ((pointer, message),) = await reader.refused("latin.git", ref="b")
    assert (pointer, "not UTF-8" in message) == ("/git/path", True)


def ask_for_a_password(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(401)
    handler.send_header("WWW-Authenticate", 'Basic realm="x"')
    handler.send_header("Content-Length", "0")
    handler.end_headers()


async def test_no_setting_of_this_machine_reaches_git(
    reader: Reader, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("home")
    (folder / ".gitconfig").write_text('[url "https://elsewhere.example/"]\n\tinsteadOf = "https://"\n')
    (folder / ".netrc").write_text(f"machine {HOST} login a password b\n")
    for name in ("HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(folder))
    for name in ("https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(folder / ".gitconfig"))
    monkeypatch.setenv("GIT_DIR", str(folder))
    monkeypatch.setenv("GIT_SSL_CAINFO", str(folder / ".netrc"))
    assert (await reader.read(REPOSITORY, path="skills/one"))[0].name == "one"
    reader.server.answers["closed"] = ask_for_a_password
    assert "is not public" in (await reader.refused("closed/a.git"))[0][1]
    assert reader.server.credentials == []


async def test_several_are_read_at_once(reader: Reader) -> None:
    read = await asyncio.gather(*(reader.read(REPOSITORY, path="skills/one") for _ in range(6)))
    assert len({bundle.digest for bundle, _ in read}) == 1
