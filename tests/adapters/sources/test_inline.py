import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.sources.inline import read_inline
from domain.errors import Code, SkillInvalid, SkillTooLarge
from domain.skill.bundle import BUNDLE_BYTES_MAX, ENTRIES_MAX, FILE_BYTES_MAX, FILES_MAX, InlineFile

SKILL_MD = InlineFile(path="SKILL.md", content="---\nname: a-skill\ndescription: Does it.\n---\n# Title\n")


def problems(*files: InlineFile) -> list[tuple[str, str]]:
    with pytest.raises(SkillInvalid) as refused:
        read_inline(files)
    assert refused.value.code == Code.UNPROCESSABLE_SKILL
    return [(problem.pointer, problem.message) for problem in refused.value.problems]


def in_base64(path: str, content: bytes) -> InlineFile:
    return InlineFile(path=path, content=base64.b64encode(content).decode(), encoding="base64")


def test_a_bundle_has_its_files_sorted_and_their_bytes_as_they_came() -> None:
    bundle = read_inline([in_base64("b.bin", b"\x00\xff"), InlineFile(path="a.txt", content="가\r\n\x00"), SKILL_MD])
    assert (bundle.name, bundle.description) == ("a-skill", "Does it.")
    assert {file.path: file.content for file in bundle.files} == {
        "SKILL.md": SKILL_MD.content.encode(),
        "a.txt": b"\xea\xb0\x80\r\n\x00",
        "b.bin": b"\x00\xff",
    }
    assert [file.path for file in bundle.files] == ["SKILL.md", "a.txt", "b.bin"]
    assert bundle.findings == ()


def test_the_same_bytes_have_the_same_digest_however_they_came() -> None:
    digests = {
        read_inline(files).digest
        for files in (
            [SKILL_MD, InlineFile(path="caf\u00e9.md", content="x")],
            [in_base64("cafe\u0301.md", b"x"), in_base64("SKILL.md", SKILL_MD.content.encode())],
            [SKILL_MD, InlineFile(path="caf\u00e9.md", content="x"), InlineFile(path=".git/HEAD", content="ref")],
        )
    }
    assert len(digests) == 1


def test_what_tools_leave_behind_is_left_out_unread() -> None:
    junk = [
        InlineFile(path=path, content="?", encoding="base64") for path in (".DS_Store", "__MACOSX/\x00", "a/.git/x")
    ]
    assert [file.path for file in read_inline([*junk, SKILL_MD]).files] == ["SKILL.md"]


@settings(deadline=None)
@given(st.binary(max_size=40))
def test_base64_gives_the_bytes_back(content: bytes) -> None:
    assert {file.path: file.content for file in read_inline([SKILL_MD, in_base64("x", content)]).files}["x"] == content


@pytest.mark.parametrize(
    "content", ["?", "QQ", "QQ=", "QQ===", "QR==", "QUJ=", "QQ==\n", "QQ\n==", " QQ==", "_-8=", "가나다라", "="]
)
def test_loose_base64_is_refused(content: str) -> None:
    found = problems(SKILL_MD, InlineFile(path="x", content=content, encoding="base64"))
    assert [(pointer, "RFC 4648" in message) for pointer, message in found] == [("/files/1/content", True)]


def test_text_that_has_no_bytes_is_refused() -> None:
    found = problems(SKILL_MD, InlineFile(path="x", content="\ud800"))
    assert [(pointer, "half of a surrogate pair" in message) for pointer, message in found] == [
        ("/files/1/content", True)
    ]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    found = problems(
        InlineFile(path="x", content="?", encoding="base64"),
        InlineFile(path="../y", content=""),
        InlineFile(path="SKILL.md", content="---\nname: A\ndescription: yes\n---\n"),
        InlineFile(path="skill.md", content=""),
    )
    assert [pointer for pointer, _ in found] == [
        "/files/0/content",
        "/files/1/path",
        "/files/3/path",
        "/files/2/content",
        "/files/2/content",
    ]


def test_no_rule_of_the_frontmatter_is_broken_by_bytes_that_could_not_be_read() -> None:
    found = problems(InlineFile(path="SKILL.md", content="?", encoding="base64"))
    assert [pointer for pointer, _ in found] == ["/files/0/content"]


@pytest.mark.parametrize("files", [[], [InlineFile(path="a.md", content="")], [InlineFile(path=".git/a", content="")]])
def test_a_bundle_without_skill_md_is_refused(files: list[InlineFile]) -> None:
    assert [pointer for pointer, _ in problems(*files)] == ["/files"]


@pytest.mark.parametrize("encoding", ["utf-8", "base64"])
def test_too_large_a_file_is_refused_before_it_is_decoded(encoding: str) -> None:
    # For base64 this is no valid text either: that its size is what is refused shows that it was not decoded.
    size = FILE_BYTES_MAX + 1 if encoding == "utf-8" else FILE_BYTES_MAX // 3 * 4 + 8
    large = InlineFile(path="x", content="?" * size, encoding=encoding)  # type: ignore[arg-type]
    with pytest.raises(SkillTooLarge) as refused:
        read_inline([SKILL_MD, large])
    assert [problem.pointer for problem in refused.value.problems] == ["/files/1/content"]


def test_files_that_are_too_large_together_are_refused() -> None:
    half = InlineFile(path="x", content="x" * (BUNDLE_BYTES_MAX // 2))
    with pytest.raises(SkillTooLarge, match="together"):
        read_inline([half, half, SKILL_MD])


def test_too_many_files_are_refused_and_what_is_left_out_does_not_count() -> None:
    junk = [InlineFile(path=f".git/{number}", content="") for number in range(FILES_MAX)]
    files = [InlineFile(path=f"{number}.md", content="") for number in range(FILES_MAX)]
    assert len(read_inline([*junk, SKILL_MD, *files[1:]]).files) == FILES_MAX
    with pytest.raises(SkillTooLarge):
        read_inline([SKILL_MD, *files])


def test_entries_that_are_left_out_are_not_without_end() -> None:
    junk = [InlineFile(path=".DS_Store", content="")] * ENTRIES_MAX
    assert read_inline([SKILL_MD, *junk[1:]]).name == "a-skill"
    with pytest.raises(SkillTooLarge, match="entries"):
        read_inline([SKILL_MD, *junk])


def test_findings_come_with_the_bundle() -> None:
    hidden = '---\nname: a-skill\ndescription: "Does\\u202e it."\nmodel: x\n---\n\u200b\n'
    files = [
        InlineFile(path="SKILL.md", content=hidden),
        InlineFile(path="nested/SKILL.md", content=""),
        InlineFile(path="gpj.\u202eexe", content=""),
    ]
    assert [(finding.code, finding.severity, finding.path) for finding in read_inline(files).findings] == [
        ("hidden_unicode", "critical", "SKILL.md"),
        ("hidden_unicode", "critical", "gpj.\u202eexe"),
        ("unknown_key", "warning", "SKILL.md"),
        ("hidden_unicode", "warning", "SKILL.md"),
        ("nested_skill_md", "warning", "nested/SKILL.md"),
    ]
