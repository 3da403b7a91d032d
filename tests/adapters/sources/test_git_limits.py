"""Repositories that are too much, and machines without a git that can be used."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.sources import git as git_source
from adapters.sources.git_failures import failure
from adapters.sources.git_program import GitOutput
from domain.errors import GitOffline, SkillInvalid, SkillTooLarge
from domain.skill.bundle import FILE_BYTES_MAX, FILES_MAX
from tests.adapters.sources.git_reading import Reader
from tests.adapters.sources.git_server import GitServer, git_server
from tests.adapters.sources.repositories import git_can_serve, make_repository, skill_md

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not git_can_serve(), reason="git, or its http-backend, is not here"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    with git_server(tmp_path_factory.mktemp("git")) as server:
        make_repository(server.root, "small.git").commit({"SKILL.md": skill_md("small")})
        yield server


@pytest.fixture
def reader(server: GitServer, scratch: Path) -> Reader:
    return Reader(server)


async def test_more_than_may_be_fetched_is_refused(
    server: GitServer, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_source, "FETCHED_BYTES_MAX", 1024 * 1024)
    noise = {"noise": os.urandom(2 * 1024 * 1024)}
    for name, filtering in (("heavy.git", True), ("heaviest.git", False)):
        make_repository(server.root, name, filtering=filtering).commit({"a/SKILL.md": skill_md("a"), **noise})
    assert (await reader.read("heavy.git", path="a"))[0].name == "a"
    for name, path in (("heavy.git", "."), ("heaviest.git", "a")):
        made = make_repository(server.root, f"{path}-{name}", filtering=name == "heavy.git")
        made.commit({"a/SKILL.md": skill_md("a"), "SKILL.md": skill_md("root"), **noise})
        with pytest.raises(SkillTooLarge, match="larger than what is fetched") as refused:
            await reader.read(f"{path}-{name}", path=path)
        assert [problem.pointer for problem in refused.value.problems] == ["/git/url"]


async def test_too_large_a_file_is_refused_by_its_size_alone(server: GitServer, reader: Reader) -> None:
    made = make_repository(server.root, "zeros.git")
    made.commit({"SKILL.md": skill_md("zeros"), "zeros": bytes(FILE_BYTES_MAX + 1)})
    with pytest.raises(SkillTooLarge, match="`zeros` has more than") as refused:
        await reader.read("zeros.git")
    assert [problem.pointer for problem in refused.value.problems] == ["/git/path"]


async def test_too_many_files_are_refused_before_any_is_fetched(server: GitServer, reader: Reader) -> None:
    made = make_repository(server.root, "many.git")
    made.commit({"SKILL.md": skill_md("many"), **{f"{number}.md": b"" for number in range(FILES_MAX)}})
    before = len(server.requests)
    with pytest.raises(SkillTooLarge, match=f"more than {FILES_MAX} files"):
        await reader.read("many.git")
    fetches = [line for line in server.requests[before:] if line.startswith("GET")]
    assert len(fetches) == 2  # the refs, and the commit with its trees


async def test_a_tree_without_end_is_refused(server: GitServer, reader: Reader) -> None:
    """Ten names for the same folder, ten levels deep: a few hundred bytes, ten thousand million files."""
    made = make_repository(server.root, "bomb.git")
    kind, inner = "100644 blob", made.git("hash-object", "-w", "--stdin", given=b"x")
    for _ in range(10):
        inner = made.git("mktree", given="".join(f"{kind} {inner}\tf{number}\n" for number in range(10)).encode())
        kind = "040000 tree"
    made.commit_tree(inner, branch="main")
    with pytest.raises(SkillTooLarge, match="too many files to look through") as refused:
        await reader.read("bomb.git")
    assert [problem.pointer for problem in refused.value.problems] == ["/git/path"]


async def test_a_machine_without_room_says_so(
    server: GitServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(GitOffline, match="cannot run git at the moment: No such file or directory"):
        await Reader(server).read("small.git")
    for words in ("fatal: write error: No space left on device", "fatal: Out of memory, malloc failed"):
        error = failure(GitOutput(code=128, output=b"", error=f"remote: fatal: hello\n{words}\n", overflowed=False))
        assert isinstance(error, GitOffline)


async def test_a_machine_without_git_says_so(
    reader: Reader, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path_factory.mktemp("empty")))
    with pytest.raises(GitOffline, match="git is not installed on this server"):
        await reader.read("small.git")


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo git version 2.36.9", "git 2.37 or newer is needed"),
        ("echo hello", "git does not work on this server"),
        ("exit 1", "git does not work on this server"),
    ],
)
async def test_a_git_that_cannot_be_used_is_not_used(
    reader: Reader,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    *,
    script: str,
    message: str,
) -> None:
    folder = tmp_path_factory.mktemp("old")
    (folder / "git").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(GitOffline, match=message):
        await reader.read("small.git")


def test_the_server_has_no_say_in_what_is_said_of_it() -> None:
    shown = "fatal: odd answer\x1b[2J with sk-Zk3vQ9pLx7Rt2WmB8nYc5HdJ4sGf6TqA1u"
    error = failure(GitOutput(code=128, output=b"", error=f"{shown}\nremote: fatal: not found\n", overflowed=False))
    assert isinstance(error, SkillInvalid)
    assert error.detail == "git cannot read this repository: `odd answer\\x1b[2J with [redacted]`."
