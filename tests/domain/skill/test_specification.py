import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skills_ref.validator import validate_metadata  # type: ignore[import-untyped]

from domain.errors import SkillInvalid
from domain.skill.bundle import SourceFile
from domain.skill.specification import Entry, NotText, Properties, Value, check_frontmatter, find_skill_md

names = st.text(st.sampled_from("abz09-A_ .한ｘр"), max_size=8) | st.from_regex(r"[a-z0-9-]{60,68}", fullmatch=True)


def entries(**values: Value) -> tuple[Entry, ...]:
    given_values: dict[str, Value] = {"name": "a-skill", "description": "Does it.", **values}
    return tuple(
        Entry(key=key.replace("_", "-"), value=value, line=line)
        for line, (key, value) in enumerate(given_values.items(), start=2)
    )


def check(*some: Entry) -> Properties:
    return check_frontmatter(some, pointer="/files/0/content")


def messages(*some: Entry) -> list[str]:
    with pytest.raises(SkillInvalid) as refused:
        check(*some)
    assert {problem.pointer for problem in refused.value.problems} == {"/files/0/content"}
    return [problem.message for problem in refused.value.problems]


def is_valid(**values: Value) -> bool:
    try:
        check(*entries(**values))
    except SkillInvalid:
        return False
    return True


def inner(key: str | NotText, value: Value) -> tuple[Entry, ...]:
    return (Entry(key=key, value=value, line=9),)


NUMBER = NotText(kind="a number", written="1.0")
LIST = NotText(kind="a list")


@pytest.mark.parametrize("name", ["a", "7", "a-b-c", "pdf-processing", "3d", "a" * 64, "a" + "-b" * 31])
def test_a_name_of_the_specification_is_taken(name: str) -> None:
    assert check(*entries(name=name)).name == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "A",
        "a_b",
        "a b",
        "-a",
        "a-",
        "a--b",
        "a.b",
        "a/b",
        "a\n",
        "한국어-스킬",
        "\u0440aypal",
        "\uff41",
        "a" * 65,
    ],
)
def test_any_other_name_is_refused(name: str) -> None:
    assert [message.split("`")[1] for message in messages(*entries(name=name))] == ["name"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name": NotText(kind="a number", written="123")}, "Line 2: `name` is a number to YAML: put `123` in quotes."),
        ({"name": LIST}, "Line 2: `name` must be text, and is a list."),
        ({"name": "A_b"}, "Line 2: `name` is `A_b`, and takes only a-z, 0-9 and single hyphens between them."),
        ({"description": ""}, "Line 3: `description` must not be empty."),
        ({"description": " \n\t"}, "Line 3: `description` must not be empty."),
        ({"description": "x" * 1025}, "Line 3: `description` has 1025 characters, and 1024 is the most."),
        ({"description": NotText(kind="nothing", written="")}, "Line 3: `description` has no value."),
        (
            {"description": NotText(kind="a boolean", written="yes")},
            "Line 3: `description` is a boolean to YAML: put `yes` in quotes.",
        ),
        ({"description": "a\x00b"}, "Line 3: `description` holds a control character or half of a surrogate pair."),
        ({"description": "a\x1b[31m"}, "Line 3: `description` holds a control character or half of a surrogate pair."),
        ({"description": "a\ud800"}, "Line 3: `description` holds a control character or half of a surrogate pair."),
        ({"compatibility": ""}, "Line 4: `compatibility` must not be empty."),
        ({"compatibility": "x" * 501}, "Line 4: `compatibility` has 501 characters, and 500 is the most."),
        ({"compatibility": LIST}, "Line 4: `compatibility` must be text, and is a list."),
        ({"license": NUMBER}, "Line 4: `license` is a number to YAML: put `1.0` in quotes."),
        ({"allowed_tools": inner("a", "b")}, "Line 4: `allowed-tools` must be text, and is a map."),
        ({"metadata": "text"}, "Line 4: `metadata` must be a map of text to text."),
        ({"metadata": LIST}, "Line 4: `metadata` must be a map of text to text."),
        ({"metadata": inner("a\x00", "x")}, "Line 9: `a\\x00` in `metadata` holds a control character or half of a surrogate pair."),
    ],
)  # fmt: skip
def test_a_broken_rule_is_named_with_its_line(values: dict[str, Value], message: str) -> None:
    assert messages(*entries(**values)) == [message]


@pytest.mark.parametrize(
    "values",
    [
        {"description": "x" * 1024},
        {"description": "여러 줄로\n쓴 설명"},
        {"compatibility": "x" * 500},
        {"license": ""},
        {"license": "Apache-2.0"},
        {"allowed_tools": "Bash(git:*) Read"},
        {"metadata": ()},
        {"metadata": (*inner("version", "1.0"), *inner("short-description", ""))},
    ],
)
def test_what_the_specification_allows_is_taken_without_a_finding(values: dict[str, Value]) -> None:
    assert check(*entries(**values)).findings == ()


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        (inner("version", NUMBER), "Line 9: what stands in `metadata` is a number to YAML: put `1.0` in quotes."),
        (inner("x", inner("a", "b")), "Line 9: what stands in `metadata` must be text, and is a map."),
        (inner(NUMBER, "x"), "Line 9: what stands in `metadata` is a number to YAML: put `1.0` in quotes."),
    ],
)
def test_metadata_that_is_not_text_is_a_finding(metadata: Value, message: str) -> None:
    (finding,) = check(*entries(metadata=metadata)).findings
    assert (finding.code, finding.message) == ("metadata_not_text", message)


def test_every_broken_rule_is_named_at_once() -> None:
    broken = messages(*entries(name="A", license=NUMBER, metadata=(*inner("a", "\x00"), *inner("\x00", "b"))))
    assert len(broken) == 4
    assert messages() == ["The frontmatter has no `name`.", "The frontmatter has no `description`."]


def test_keys_of_clients_are_findings_and_no_errors() -> None:
    findings = check(*entries(argument_hint="x", model=NUMBER, hooks=inner("a", "b"))).findings
    assert [(finding.code, finding.severity, finding.path) for finding in findings] == [
        ("unknown_key", "warning", "SKILL.md")
    ] * 3
    assert [finding.message.split("`")[1] for finding in findings] == ["argument-hint", "model", "hooks"]


def test_a_key_that_is_not_text_is_unknown_too() -> None:
    entry = Entry(key=NotText(kind="a boolean", written="on"), value="x", line=4)
    assert [finding.message.split("`")[1] for finding in check(*entries(), entry).findings] == ["on"]


def test_a_list_of_tools_is_a_finding() -> None:
    assert [finding.code for finding in check(*entries(allowed_tools=LIST)).findings] == ["allowed_tools_list"]


def test_the_description_is_kept_without_the_space_around_it() -> None:
    assert check(*entries(description="  Does it.\n")).description == "Does it."


@pytest.mark.parametrize(
    ("paths", "pointer", "reason"),
    [
        ([], "/files", "There is no `SKILL.md`"),
        (["README.md"], "/files", "There is no `SKILL.md`"),
        (["my-skill/SKILL.md", "my-skill/a.py"], "/files", "not `my-skill/SKILL.md`"),
        (["a.md", "skill.md"], "/files/1/path", "must be spelled `SKILL.md`"),
        (["Skill.MD"], "/files/0/path", "must be spelled `SKILL.md`"),
    ],
)
def test_a_missing_skill_md_comes_with_advice(paths: list[str], pointer: str, reason: str) -> None:
    files = [SourceFile(path=path, content=b"", path_pointer=f"/files/{i}/path") for i, path in enumerate(paths)]
    with pytest.raises(SkillInvalid) as refused:
        find_skill_md(files)
    assert [(problem.pointer, reason in problem.message) for problem in refused.value.problems] == [(pointer, True)]


def test_the_skill_md_at_the_root_is_the_one() -> None:
    files = [SourceFile(path=path, content=path.encode()) for path in ("a/SKILL.md", "SKILL.md", "b/SKILL.md")]
    assert find_skill_md(files).content == b"SKILL.md"


@settings(deadline=None)
@given(names)
def test_the_reference_validator_takes_every_name_that_we_take(name: str) -> None:
    """It takes more: any script's letters and digits (`isalnum`), and it strips and folds (NFKC) before it looks."""
    theirs = not validate_metadata({"name": name, "description": "x"})
    ascii_name = re.fullmatch(r"[\x21-\x7e]*", name) is not None
    assert is_valid(name=name) == (theirs and ascii_name)


@settings(deadline=None)
@given(st.text(max_size=4) | st.integers(1020, 1030).map("글".__mul__))
def test_the_reference_validator_agrees_on_descriptions(description: str) -> None:
    """Save for controls and lone surrogates, on which it has no rule."""
    theirs = not validate_metadata({"name": "a", "description": description})
    harmless = re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]", description) is None
    assert is_valid(description=description) == (theirs and harmless)


@settings(deadline=None)
@given(st.integers(1, 510).map("x".__mul__))
def test_the_reference_validator_agrees_on_compatibility(compatibility: str) -> None:
    """Save for an empty one, which it takes."""
    theirs = not validate_metadata({"name": "a", "description": "x", "compatibility": compatibility})
    assert is_valid(compatibility=compatibility) == theirs
