import posixpath
import unicodedata
from typing import Final, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.skill.bundle import SourceFile
from domain.skill.paths import (
    PATH_BYTES_MAX,
    SEGMENT_BYTES_MAX,
    SEGMENTS_MAX,
    fault_of,
    is_left_out,
    lay_out,
    normalise,
)

FORMS: Final[tuple[Literal["NFC", "NFD"], ...]] = ("NFC", "NFD")
# Rich in what goes wrong: separators, dots, both forms of the same letter, controls, a lone surrogate.
paths = st.text(
    st.sampled_from("aAéÉß\u017fK\u212a/..\\:\x00\n\x85가\u1100\u1161\u0301\udc80\u202e "), max_size=24
) | st.text(max_size=40)


def files(*paths: str) -> list[SourceFile]:
    return [SourceFile(path=path, content=b"", path_pointer=f"/files/{i}/path") for i, path in enumerate(paths)]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "is empty"),
        ("/etc/passwd", "absolute"),
        ("C:/a.md", "absolute"),
        ("c:a.md", "absolute"),
        ("../a.md", "segment"),
        ("scripts/../../a.md", "segment"),
        ("./a.md", "segment"),
        ("scripts/..", "segment"),
        ("scripts\\a.py", "backslash"),
        ("a//b", "empty segment"),
        ("a/", "empty segment"),
        ("a\0b", "control"),
        ("a\nb", "control"),
        ("a\x7fb", "control"),
        ("a\x85b", "control"),
        ("caf\udce9", "not UTF-8"),
        ("/".join("a" * (SEGMENTS_MAX + 1)), "deeper"),
        ("a" * (SEGMENT_BYTES_MAX + 1), "segment longer"),
        ("가" * (SEGMENT_BYTES_MAX // 3 + 1), "segment longer"),
        ("a/" * (PATH_BYTES_MAX // 2) + "a", "longer than"),
        ("\u0958" * PATH_BYTES_MAX, "longer than"),  # composing makes it longer still
    ],
)
def test_a_bad_path_is_refused_where_it_stands(path: str, reason: str) -> None:
    laid, problems = lay_out(files("SKILL.md", path))
    assert [file.path for file in laid] == ["SKILL.md"]
    assert [problem.pointer for problem in problems] == ["/files/1/path"]
    assert reason in problems[0].message


@pytest.mark.parametrize(
    "path",
    [
        "SKILL.md",
        "scripts/a.py",
        ".env.example",
        "...",
        "a..b",
        ".github/x.yml",
        "참고/등급.md",
        "a b/c d.txt",
        "note: x.md",
        "/".join("a" * SEGMENTS_MAX),
        "a" * SEGMENT_BYTES_MAX,
        ("a" * 127 + "/") * 3 + "a" * 128,
    ],
)
def test_a_good_path_is_kept_as_it_is(path: str) -> None:
    laid, problems = lay_out(files(path))
    assert ([file.path for file in laid], problems) == ([path], ())


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ("a.md", "a.md", "there twice"),
        ("caf\u00e9.md", "cafe\u0301.md", "there twice"),
        ("README.md", "readme.md", "upper and lower case"),
        ("\u00c9.md", "e\u0301.md", "upper and lower case"),
        ("stra\u00dfe.md", "STRASSE.md", "upper and lower case"),
        ("kelvin/k.md", "kelvin/\u212a.md", "upper and lower case"),
        ("\u0390.md", "\u03aa\u0301.md", "upper and lower case"),  # folding leaves two forms of the same letter
        ("a/b", "a", "folder"),
        ("A/b", "a", "folder"),
    ],
)
def test_paths_that_a_file_system_takes_for_one_are_refused(first: str, second: str, reason: str) -> None:
    laid, problems = lay_out(files(first, second))
    assert len(laid) == 1
    assert [(problem.pointer, reason in problem.message) for problem in problems] == [("/files/1/path", True)]


def test_all_bad_paths_are_named_at_once() -> None:
    _, problems = lay_out(files("/a", "SKILL.md", "b\\c", "skill.md"))
    assert [problem.pointer for problem in problems] == ["/files/0/path", "/files/2/path", "/files/3/path"]


def test_a_message_shows_what_does_not_print() -> None:
    _, problems = lay_out(files("a\u202e\x00\udc80" + "b" * 200))
    assert problems[0].message.startswith("The path `a\\u202e\\x00\\udc80bbb")
    assert problems[0].message.isprintable()
    assert len(problems[0].message) < 250


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (".git/config", True),
        ("vendor/.git", True),
        (".DS_Store", True),
        ("references/.DS_Store", True),
        ("__MACOSX/._SKILL.md", True),
        (".gitignore", False),
        (".github/a.yml", False),
        ("notes.git/a", False),
    ],
)
def test_what_tools_leave_behind_is_left_out(path: str, *, expected: bool) -> None:
    assert is_left_out(path) is expected


@settings(deadline=None)
@given(paths)
def test_a_kept_path_stays_inside_and_has_one_spelling(path: str) -> None:
    laid, problems = lay_out(files(path))
    assert len(laid) + len(problems) == 1
    for file in laid:
        assert posixpath.normpath(posixpath.join("/skill", file.path)) == f"/skill/{file.path}"
        assert unicodedata.is_normalized("NFC", file.path)
        assert not any(unicodedata.category(character) == "Cc" for character in file.path)
        assert file.path.encode().decode() == file.path
        assert fault_of(normalise(file.path)) is None


@settings(deadline=None)
@given(paths, st.sampled_from(FORMS), st.sampled_from([str.upper, str.lower, str.casefold, str]))
def test_no_second_spelling_of_a_kept_path_gets_in(
    path: str, form: Literal["NFC", "NFD"], change_case: type[str]
) -> None:
    other = unicodedata.normalize(form, change_case(path))
    laid, problems = lay_out(files(path, other))
    assert len(laid) <= 1
    assert len(laid) + len(problems) == 2


@settings(deadline=None)
@given(st.lists(paths, max_size=12))
def test_every_file_is_either_kept_or_named(some: list[str]) -> None:
    laid, problems = lay_out(files(*some))
    named = {problem.pointer for problem in problems}
    assert len(laid) + len(named) == len(some)
    assert {file.path_pointer for file in laid}.isdisjoint(named)
    assert [file.path for file in laid] == sorted((file.path for file in laid), key=str.encode)
