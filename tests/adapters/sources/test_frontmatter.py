from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from skills_ref import read_properties, validate  # type: ignore[import-untyped]

from adapters.sources.frontmatter import DEPTH_MAX, FRONTMATTER_CHARACTERS_MAX, decode, read_frontmatter
from domain.errors import Problem, SkillInvalid
from domain.skill.specification import Entry, NotText, check_frontmatter

POINTER = "/files/0/content"
# What YAML is made of, and what has broken YAML parsers.
PIECES = (
    *(
        "name: ",
        "description: ",
        "a",
        "- ",
        "? ",
        ": ",
        "[",
        "]",
        "{",
        "}",
        ",",
        "#",
        "...",
        "---",
        "\n",
        "\r",
        "\t",
        "  ",
    ),
    *("&x ", "*x", "!t ", "!!int ", "<<: ", "|\n", ">-\n", '"', "'", "%YAML 1.", "%TAG ! ", "9" * 5000),
    *("\\U00110000", "\\ud800", "\\x", "\x00", "\x85", "\u2028", "\ufeff", "\ufffe", "가"),
    *("yes", "2024-13-45", "0x", "1_0", "=", "~"),
)
yaml_like = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)


def skill_md(frontmatter: str, body: str = "# Title\n") -> str:
    return f"---\n{frontmatter}\n---\n{body}"


def refusal(text: str) -> str:
    with pytest.raises(SkillInvalid) as refused:
        read_frontmatter(text, pointer=POINTER)
    assert len(refused.value.problems) == 1
    assert refused.value.problems[0].pointer == POINTER
    return refused.value.problems[0].message


def read(text: str) -> dict[str, object]:
    return {str(entry.key): entry.value for entry in read_frontmatter(text)}


def test_entries_come_with_their_lines() -> None:
    text = skill_md("name: a\n\n# a remark\ndescription: >-\n  One\n  text\nmetadata:\n  version: '1'")
    assert read_frontmatter(text) == (
        Entry(key="name", value="a", line=2),
        Entry(key="description", value="One text", line=5),
        Entry(key="metadata", value=(Entry(key="version", value="1", line=9),), line=8),
    )


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("yes", NotText(kind="a boolean", written="yes")),
        ("Off", NotText(kind="a boolean", written="Off")),
        ("123", NotText(kind="a number", written="123")),
        ("1.10", NotText(kind="a number", written="1.10")),
        ("12:30:45", NotText(kind="a number", written="12:30:45")),
        ("2026-01-31", NotText(kind="a date", written="2026-01-31")),
        ("2026-13-45", NotText(kind="a date", written="2026-13-45")),
        ("9" * 5000, NotText(kind="a number", written="9" * 5000)),
        ("~", NotText(kind="nothing", written="~")),
        ("", NotText(kind="nothing", written="")),
        ("=", NotText(kind="a special value", written="=")),
        ("[a, b]", NotText(kind="a list")),
        ("{}", ()),
        ("'yes'", "yes"),
        ('"123"', "123"),
        ("v1", "v1"),
        ("a --- b", "a --- b"),
        ("C:\\a", "C:\\a"),
    ],
)
def test_nothing_becomes_another_type_in_silence(written: str, value: object) -> None:
    assert read(skill_md(f"key: {written}")) == {"key": value}


@pytest.mark.parametrize(
    "text",
    [
        "---\nname: a\n---",
        "---\nname: a\n---\n",
        "---\r\nname: a\r\n---\r\n# Title\r\n",
        "--- \t\nname: a\n---  \nbody",
        "---\nname: a\n---\n---\nname: b\n---\n",
        "---\nname: a\n---\n\x00 \x85 a body may hold what it likes \u2028",
    ],
)
def test_the_frontmatter_ends_with_the_first_fence(text: str) -> None:
    assert read(text) == {"name": "a"}


def test_a_fence_that_is_indented_or_not_alone_is_text() -> None:
    assert read("---\na: |\n  ---\n  b\nc: d ---\ne: --- f\n---\n") == {"a": "---\nb\n", "c": "d ---", "e": "--- f"}


def test_an_empty_frontmatter_has_no_entries() -> None:
    assert read("---\n---\n") == read("---\n# remark\n---\n") == {}


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "must start with a line `---`"),
        ("# Title\n---\n", 1, "must start with a line `---`"),
        ("\n---\nname: a\n---\n", 1, "must start with a line `---`"),
        (" ---\nname: a\n---\n", 1, "must start with a line `---`"),
        ("----\nname: a\n---\n", 1, "must start with a line `---`"),
        ("---\nname: a\n", 1, "not closed"),
        ("---\nname: a\n ---\n", 1, "not closed"),
        ("---\nname: a\n----\n", 1, "not closed"),
        ("---\nname: " + "a" * FRONTMATTER_CHARACTERS_MAX + "\n---\n", 1, "not closed"),
        ("---\n" + "#" * (FRONTMATTER_CHARACTERS_MAX - 8) + "\n---" + "a\n---\n", 1, "not closed"),
        (skill_md("text"), 2, "must be a map"),
        (skill_md("- a"), 2, "must be a map"),
        (
            skill_md("a: 1\nb: Use: this"),
            3,
            "mapping values are not allowed here; put a text that holds `: ` in quotes",
        ),
        (skill_md("a: [1"), 2, "frontmatter takes it"),
        (skill_md("a: 'b"), 2, "frontmatter takes it"),
        (skill_md("a: b\n\tc: d"), 3, "frontmatter takes it"),
        (skill_md("a: @b"), 2, "frontmatter takes it"),
        (skill_md("a: b\n...\nc: d"), 4, "frontmatter takes it"),
        (skill_md("a: b\n--- c"), 3, "another document"),
        (skill_md("a: b\nc: &x d"), 3, "anchors and aliases"),
        (skill_md("a: *x"), 2, "anchors and aliases"),
        (skill_md("a: {b: &x [1, 2]}"), 2, "anchors and aliases"),
        (skill_md("a: !!str 1"), 2, "tags"),
        (skill_md("a: !!python/object/apply:os.system ['true']"), 2, "tags"),
        (skill_md("a: ! 1"), 2, "tags"),
        (skill_md("a: !" + "x" * 5_000 + "!y 1"), 2, "undefined tag handle"),  # the parser quotes it at full length
        (skill_md("<<: {a: b}"), 2, "merge keys"),
        (skill_md("? [a]\n: b"), 2, "is a list or a map"),
        (skill_md("a: b\n'a': c"), 3, "the key `a` is there twice"),
        (skill_md("a: [{b: {c: 1,\n c: 2}}]"), 3, "the key `c` is there twice"),
        (skill_md("a: " + "[" * DEPTH_MAX + "]" * DEPTH_MAX), 2, f"deeper than {DEPTH_MAX}"),
        (skill_md("a: " + "[" * 10_000), 2, f"deeper than {DEPTH_MAX}"),
        (skill_md("- " * 5_000), 2, f"deeper than {DEPTH_MAX}"),
        (skill_md("? " * 5_000), 2, f"deeper than {DEPTH_MAX}"),
        (skill_md("a: b\nc: \x07"), 3, "U+0007"),
        (skill_md("a: b\x85c: d"), 2, "U+0085"),
        (skill_md("a: b\u2028c: d"), 2, "U+2028"),
        (skill_md("a: b\rc: d"), 2, "U+000D"),
        (skill_md("%YAML 1." + "9" * 5000 + "\n---\na: b"), 2, "not YAML"),
        (skill_md('a: "\\UFFFFFFFF"'), 2, "out of range"),
    ],
)
def test_bad_frontmatter_is_refused_with_its_line(text: str, line: int, reason: str) -> None:
    message = refusal(text)
    assert message.startswith(f"Line {line}")
    assert reason in message
    assert len(message) < 300


def test_all_duplicate_keys_are_named_at_once() -> None:
    with pytest.raises(SkillInvalid) as refused:
        read_frontmatter(skill_md("a: 1\na: 2\nb: {c: 1, c: 2}"))
    assert [problem.message for problem in refused.value.problems] == [
        "Line 3: the key `a` is there twice.",
        "Line 4: the key `c` is there twice.",
    ]


def test_nesting_up_to_the_limit_is_read() -> None:
    inner = DEPTH_MAX - 1
    assert read(skill_md("a: " + "[" * inner + "]" * inner)) == {"a": NotText(kind="a list")}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xef\xbb\xbf---\nname: a\n---\n", "Line 1: SKILL.md starts with a byte order mark"),
        ("---\nname: a\n---\n".encode("utf-16"), "Line 1: SKILL.md is not UTF-8"),
        ("---\nname: a\n---\n가".encode("cp949"), "Line 4: SKILL.md is not UTF-8"),
        (b"---\nname: a\n---\n\xed\xa0\x80", "Line 4: SKILL.md is not UTF-8"),
    ],
)
def test_other_encodings_are_refused(content: bytes, reason: str) -> None:
    with pytest.raises(SkillInvalid) as refused:
        decode(content, pointer=POINTER)
    assert [(problem.pointer, reason in problem.message) for problem in refused.value.problems] == [(POINTER, True)]


@settings(deadline=None, max_examples=300)
@given(yaml_like | st.text(max_size=60))
@example('"\\U00110000"')
def test_whatever_comes_is_read_or_refused_and_nothing_else(frontmatter: str) -> None:
    problems = problems_of(lambda: read_frontmatter(skill_md(frontmatter)))
    assert problems is None or (problems and all(problem.message.startswith("Line ") for problem in problems))


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_whatever_bytes_come_are_text_or_refused(content: bytes) -> None:
    assert problems_of(lambda: decode(content, pointer=POINTER)) != ()


def problems_of(call: Callable[[], object]) -> tuple[Problem, ...] | None:
    try:
        call()
    except SkillInvalid as refused:
        return refused.problems
    return None


def accepted_by_us(text: str) -> bool:
    return problems_of(lambda: check_frontmatter(read_frontmatter(text), pointer=POINTER)) is None


def accepted_by_reference(text: str, folder: Path) -> bool:
    skill = folder / "a"
    skill.mkdir(exist_ok=True)
    (skill / "SKILL.md").write_bytes(text.encode())
    return not validate(skill)


VALUES = [
    "text",
    "'quoted: text'",
    '"x"',
    "yes",
    "1.0",
    "2026-01-31",
    ">-\n  folded\n  text",
    "|\n  kept\n",
    "",
    "''",
    "a: b",
    "- x",
]


@pytest.mark.parametrize("key", ["description", "license", "compatibility", "allowed-tools"])
@pytest.mark.parametrize("value", VALUES)
def test_the_reference_validator_takes_every_file_that_we_take(key: str, value: str, tmp_path: Path) -> None:
    """It takes more: to its parser everything is text, so `yes` and `1.0` pass, and so does an empty `license`."""
    lines = {"name": "a", "description": "x", key: value}
    text = skill_md("\n".join(f"{name}: {written}" for name, written in lines.items()))
    if accepted_by_us(text):
        assert accepted_by_reference(text, tmp_path)


@pytest.mark.parametrize(
    ("text", "ours", "theirs"),
    [
        (skill_md("name: a\ndescription: x\nargument-hint: y"), True, False),  # a client's key is a finding to us
        (skill_md("name: a\ndescription: x\nmetadata: {b: c}"), True, False),  # its parser takes no flow style
        (skill_md("name: a\ndescription: x\nallowed-tools: [b]"), True, False),
        ("---\nname: a\ndescription: x --- y\n", False, True),  # it takes any `---` for the closing fence
        ("--- name: a\ndescription: x\n---\n", False, False),
        (skill_md("name: a\ndescription: yes"), False, True),  # everything is text to its parser
        (skill_md("name: a\ndescription: x\nmetadata:\n  version: 1.0"), True, True),
        (skill_md("name: a\ndescription: x\nmetadata:\n  b:\n    c: d"), True, True),
        (skill_md("name: a\ndescription: x\nlicense:"), False, True),
        (skill_md("name: a\ndescription: x\ncompatibility: ''"), False, True),
        ("\ufeff" + skill_md("name: a\ndescription: x"), False, False),
    ],
)
def test_where_we_and_the_reference_validator_differ(text: str, tmp_path: Path, *, ours: bool, theirs: bool) -> None:
    assert (accepted_by_us(text), accepted_by_reference(text, tmp_path)) == (ours, theirs)


def test_dashes_inside_a_description_cut_nothing(tmp_path: Path) -> None:
    """The reference parser silently ends the frontmatter there."""
    text = skill_md("name: a\ndescription: before --- after")
    (tmp_path / "SKILL.md").write_text(text)
    assert read_properties(tmp_path).description == "before"
    assert check_frontmatter(read_frontmatter(text), pointer=POINTER).description == "before --- after"
