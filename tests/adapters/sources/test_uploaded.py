import pytest

from adapters.sources.uploaded import read_uploaded
from domain.errors import SkillInvalid, SkillTooLarge
from domain.skill.bundle import ENTRIES_MAX, FILE_BYTES_MAX, FILES_MAX, SourceFile

SKILL_MD = b"---\nname: a-skill\ndescription: Does it.\n---\n"


def upload(**files: bytes) -> list[SourceFile]:
    return [SourceFile(path=path, content=content) for path, content in files.items()]


def problems(files: list[SourceFile]) -> list[tuple[str, str]]:
    with pytest.raises(SkillInvalid) as refused:
        read_uploaded(files)
    return [(problem.pointer, problem.message) for problem in refused.value.problems]


@pytest.mark.parametrize("top", ["", "a-skill/", "다른 이름/"])
def test_files_are_read_under_their_paths_or_under_one_top_folder(top: str) -> None:
    files = {"SKILL.md": SKILL_MD, "scripts/a.py": b"\x00\xff\r\n", "examples/SKILL.md": SKILL_MD}
    bundle = read_uploaded(upload(**{top + path: content for path, content in files.items()}))
    assert {file.path: file.content for file in bundle.files} == files


def test_what_tools_leave_behind_is_left_out_and_hides_no_top_folder() -> None:
    files = upload(**{".DS_Store": b"", "a/SKILL.md": SKILL_MD, "a/.git/HEAD": b"", "__MACOSX/a/._SKILL.md": b""})
    assert [file.path for file in read_uploaded(files).files] == ["SKILL.md"]


def test_problems_point_at_the_file_in_the_order_of_the_upload() -> None:
    files = upload(**{".DS_Store": b"", "../a": b"", "SKILL.md": b"# none\n", "a//b": b""})
    assert [pointer for pointer, _ in problems(files)] == ["/files/1", "/files/3", "/files/2"]


def test_several_skills_are_listed() -> None:
    assert problems(upload(**{"a/SKILL.md": SKILL_MD, "b/SKILL.md": SKILL_MD})) == [
        ("/files", "`SKILL.md` must be at the root, or in the one folder that everything lies in; it is in 2 folders."),
        ("/files", "There is a `SKILL.md` in `a`."),
        ("/files", "There is a `SKILL.md` in `b`."),
    ]


def test_more_skills_than_can_be_listed_are_counted() -> None:
    found = problems(upload(**{f"{number}/SKILL.md": b"" for number in range(60)}))
    assert (len(found), found[-1]) == (52, ("/files", "There is one in 10 further folders."))


@pytest.mark.parametrize("files", [[], upload(a=b""), upload(**{".git/SKILL.md": SKILL_MD})])
def test_without_a_skill_nothing_is_read(files: list[SourceFile]) -> None:
    ((pointer, message),) = problems(files)
    assert (pointer, message.endswith("there is none.")) == ("/files", True)


def test_bytes_that_did_not_arrive_are_named() -> None:
    files = [*upload(**{"SKILL.md": SKILL_MD}), SourceFile(path="a", content=None)]
    assert problems(files) == [("/files/1", "The bytes of `a` did not arrive.")]


def test_too_large_uploads_are_refused() -> None:
    with pytest.raises(SkillTooLarge) as refused:
        read_uploaded(upload(**{"SKILL.md": SKILL_MD, "a": bytes(FILE_BYTES_MAX + 1)}))
    assert [problem.pointer for problem in refused.value.problems] == ["/files/1"]
    with pytest.raises(SkillTooLarge, match=f"more than {FILES_MAX} files"):
        read_uploaded(upload(**{str(number): b"" for number in range(FILES_MAX + 1)}))
    with pytest.raises(SkillTooLarge, match="entries"):
        read_uploaded(upload(**{f".git/{number}": b"" for number in range(ENTRIES_MAX + 1)}))
