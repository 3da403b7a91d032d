"""What a person may name as a skill, and how what is wrong with it is said."""

from pathlib import Path

import click
import msgspec
import pytest

from domain.errors import SkillInvalid, SkillTooLarge
from workers.terminal.failures import Failure
from workers.terminal.skill_sources import ARCHIVE_BYTES_MAX, read_given, with_places

URL = "https://git.example/team/skills"


def write_skill(folder: Path) -> Path:
    (folder / "scripts").mkdir(parents=True)
    (folder / "SKILL.md").write_text("---\nname: a\ndescription: b\n---\n")
    (folder / "scripts" / "a.bin").write_bytes(b"\xff")
    return folder


def test_a_folder_is_sent_as_its_files(tmp_path: Path) -> None:
    given = read_given(str(write_skill(tmp_path / "a")), ref=None, path=None)
    body = msgspec.json.decode(given.payload.content)
    assert [file["path"] for file in body["files"]] == list(given.files) == ["SKILL.md", "scripts/a.bin"]


def test_a_zip_is_sent_as_it_is(tmp_path: Path) -> None:
    archive = tmp_path / "a.ZIP"
    archive.write_bytes(b"PK \r\n any bytes")
    given = read_given(str(archive), ref=None, path=None)
    assert b'name="archive"' in given.payload.content
    assert b"\r\n\r\nPK \r\n any bytes\r\n--" in given.payload.content
    assert given.payload.content_type.startswith("multipart/form-data; boundary=")


def test_a_zip_that_is_too_large_is_not_sent(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    with archive.open("wb") as file:
        file.truncate(ARCHIVE_BYTES_MAX + 1)
    with pytest.raises(SkillTooLarge):
        read_given(str(archive), ref=None, path=None)


@pytest.mark.parametrize(
    ("ref", "path", "git"),
    [
        (None, None, {"url": URL}),
        ("main", None, {"url": URL, "ref": "main"}),
        ("main", "skills/a", {"url": URL, "ref": "main", "path": "skills/a"}),
    ],
)
def test_a_repository_is_fetched_by_the_server(ref: str | None, path: str | None, git: dict[str, str]) -> None:
    given = read_given(URL, ref=ref, path=path)
    assert msgspec.json.decode(given.payload.content) == {"git": git}


@pytest.mark.parametrize(
    "said", ["nowhere", "a/SKILL.md", "git@git.example:a/b", "http://git.example/a", "ssh://git.example/a", "a.txt"]
)
def test_anything_else_is_wrong_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.chdir(tmp_path)
    write_skill(tmp_path / "a")
    (tmp_path / "a.txt").write_text("text")
    with pytest.raises(click.UsageError, match=said):
        read_given(said, ref=None, path=None)


@pytest.mark.parametrize(("ref", "path"), [("main", None), (None, "skills/a")])
def test_a_ref_is_for_repositories(tmp_path: Path, ref: str | None, path: str | None) -> None:
    with pytest.raises(click.UsageError, match="git URL"):
        read_given(str(write_skill(tmp_path / "a")), ref=ref, path=path)


def test_a_folder_that_cannot_be_sent_is_named(tmp_path: Path) -> None:
    folder = write_skill(tmp_path / "a")
    (folder / "link").symlink_to("SKILL.md")
    with pytest.raises(Failure) as caught:
        read_given(str(folder), ref=None, path=None)
    assert [place.path for place in caught.value.trouble.errors] == [str(folder)]
    assert caught.value.exit_code == 2


def test_a_zip_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "a.zip"
    archive.write_bytes(b"")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(SkillInvalid, match=r"a\.zip cannot be read: Permission denied"):
        read_given(str(archive), ref=None, path=None)


def test_places_are_said_in_the_words_of_whoever_named_them() -> None:
    given = read_given(URL, ref="main", path="skills")
    pointers = ("/git/url", "/git/ref", "/git/path", "/elsewhere")
    document = {"errors": [{"pointer": pointer, "message": "no"} for pointer in pointers]}
    placed = with_places(document, given.places, files=given.files)
    assert [error.get("path") for error in placed["errors"]] == [URL, "--ref main", "--path skills", None]


@pytest.mark.parametrize(
    ("pointer", "path"),
    [("/files/1/content", "b"), ("/files/0", "a"), ("/files", "all"), ("/files/2", None), ("/files/-1", None)],
)
def test_a_file_is_named_by_its_path(pointer: str, path: str | None) -> None:
    placed = with_places({"errors": [{"pointer": pointer, "message": "no"}]}, {"/files": "all"}, files=("a", "b"))
    assert placed["errors"][0].get("path") == path


@pytest.mark.parametrize("errors", [None, "strange", [3], [{"pointer": 3}]])
def test_a_strange_problem_stays_as_it_is(errors: object) -> None:
    assert with_places({"errors": errors}, {}) == {"errors": errors}
