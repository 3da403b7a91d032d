import pytest

from domain.skill.events import Finding
from domain.skill.findings import FINDINGS_MAX, bounded, hidden_unicode, nested_skill_md, tools_allowed
from domain.skill.specification import Entry, NotText

ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


@pytest.mark.parametrize(
    ("text", "character", "severity"),
    [
        ("ok \U000e0041\U000e0042", "U+E0041", "critical"),
        (
            f"{ENGLAND} \U0001f3f4\U000e0069\U000e0067\U000e006e\U000e007f",
            "U+E0069",
            "critical",
        ),  # a flag of no country
        ("access_level != 'user\u202e'", "U+202E", "critical"),
        ("\u2066if admin\u2069", "U+2066", "critical"),
        ("\U0001f600\ufe01\ufe02\ufe03", "U+FE01", "critical"),
        ("\U0001f600\U000e0101\U000e0102", "U+E0101", "critical"),
        ("pass\u200bword", "U+200B", "warning"),
        ("pass\u200dword", "U+200D", "warning"),
        ("한\u200d\u200c글", "U+200D", "warning"),
        ("in the middle\ufeff", "U+FEFF", "warning"),
    ],
)
def test_hidden_text_is_found(text: str, character: str, severity: str) -> None:
    findings = hidden_unicode(f"# Title\n\n{text}\n", path="SKILL.md", where="the file")
    assert [(finding.code, finding.severity, finding.path) for finding in findings] == [
        ("hidden_unicode", severity, "SKILL.md")
    ]
    assert findings[0].message.startswith(f"Line 3 of the file has {character},")
    assert findings[0].message.isascii()


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "한국어로 쓴 글, 日本語, café",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f\u200d\U0001f525 1\ufe0f\u20e3",  # emoji of several parts
        f"{ENGLAND} plays Wales",
        "\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian needs its joiners
        "\u0915\u094d\u200d\u0937",  # so does Devanagari
        "\u845b\U000e0100\u57ce",  # a Japanese place with its own form of a character
    ],
)
def test_writing_as_people_write_is_no_finding(text: str) -> None:
    assert hidden_unicode(text, path="SKILL.md", where="the file") == ()


def test_one_finding_a_kind_however_often_it_occurs() -> None:
    findings = hidden_unicode("\u202ea\u200bb" * 1000, path="SKILL.md", where="the file")
    assert [finding.severity for finding in findings] == ["critical", "warning"]


def test_a_nested_skill_md_is_found_in_any_spelling() -> None:
    paths = ["SKILL.md", "a/SKILL.md", "a/b/skill.MD", "a/MYSKILL.md", "SKILL.md.txt"]
    assert [finding.path for finding in nested_skill_md(paths)] == ["a/SKILL.md", "a/b/skill.MD"]


def test_tools_that_need_no_permission_are_shown() -> None:
    entries = [Entry(key="name", value="a", line=2), Entry(key="allowed-tools", value="Bash(git:*) Read\u202e", line=5)]
    (finding,) = tools_allowed(entries)
    assert (finding.code, finding.severity, finding.path) == ("tools_allowed", "info", "SKILL.md")
    assert finding.message == "Line 5: clients may let it use `Bash(git:*) Read\\u202e` without asking."


@pytest.mark.parametrize("value", ["", " ", NotText(kind="a list")])
def test_no_tools_are_no_finding(value: str | NotText) -> None:
    assert tools_allowed([Entry(key="allowed-tools", value=value, line=2)]) == ()


def test_findings_of_one_severity_stand_by_their_files() -> None:
    findings = [
        Finding(code="x", severity=severity, path=path, message="")
        for path in ("b", "a")
        for severity in ("info", "critical")
    ]
    assert [(finding.severity, finding.path) for finding in bounded(findings)] == [
        ("critical", "a"),
        ("critical", "b"),
        ("info", "a"),
        ("info", "b"),
    ]


def test_many_small_findings_push_no_grave_one_out() -> None:
    def finding(severity: str) -> Finding:
        return Finding(code="x", severity=severity, path="", message="")

    kept = bounded([*(finding("warning") for _ in range(FINDINGS_MAX * 3)), finding("critical")])
    assert len(kept) == FINDINGS_MAX
    assert kept[0].severity == "critical"
    assert (kept[-1].code, kept[-1].message) == ("more_findings", "202 further findings are not listed.")


def test_as_many_findings_as_fit_are_all_listed() -> None:
    exactly = [Finding(code="x", severity="info", path="", message="")] * FINDINGS_MAX
    assert bounded(exactly) == tuple(exactly)
