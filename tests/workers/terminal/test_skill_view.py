"""What people see of skills."""

from datetime import timedelta
from typing import Any

import pytest

from domain.errors import VersionNotFound
from tests.workers.terminal.answered import NOON, in_a_pipe, on_a_terminal
from workers.terminal.answers import Skill, understood
from workers.terminal.skill_refs import pick, split_ref
from workers.terminal.skill_view import added_line, finding_lines, skill_page, skills_grid

DIGESTS = ("ab" * 32, "cd" * 32)
COMMIT = "0123456789abcdef" * 3
GIT = {"source": "git", "url": "https://git.example/team/skills", "ref": "main", "commit": COMMIT, "path": "skills/kbo"}


def finding(severity: str, path: str = "SKILL.md") -> dict[str, str]:
    return {"code": "any", "severity": severity, "path": path, "message": f"something {severity}"}


def version(number: int, **more: Any) -> dict[str, Any]:
    return {
        "version": number,
        "digest": f"sha256:{DIGESTS[number - 1]}",
        "description": f"Description {number}.",
        "at": NOON + timedelta(hours=number),
        "files": [{"path": f"file-{number}.md", "size": 10 * number}],
        **more,
    }


def skill(**more: Any) -> Skill:
    return understood(
        {
            "id": "an-id",
            "name": "kbo-results",
            "description": "Description 2.",
            "version": 2,
            "digest": f"sha256:{DIGESTS[1]}",
            "createdAt": NOON,
            "labels": {"stable": 1},
            "versions": [version(1, findings=[finding("critical")]), version(2, origin=GIT)],
            **more,
        },
        Skill,
    )


def test_a_skill_is_shown_with_its_latest_version() -> None:
    page = in_a_pipe(skill_page(skill()))
    assert "Description 2." in page
    assert "file-2.md" in page
    assert "file-1.md" not in page
    assert "https://git.example/team/skills at main, commit 0123456789ab, folder skills/kbo" in page
    assert "something critical" not in page
    assert "archived" not in page


def test_another_version_is_shown_with_its_own_files_and_findings() -> None:
    one = skill(archived=True)
    page = in_a_pipe(skill_page(one, pick(one, "stable")))
    assert "Description 1." in page
    assert "file-1.md" in page
    assert "critical: SKILL.md: something critical" in page
    assert DIGESTS[0] in page
    assert "archived     yes" in page


@pytest.mark.parametrize("width", [40, 80, 200])
def test_nothing_is_lost_in_a_narrow_terminal(width: int) -> None:
    shown = "".join(on_a_terminal(skill_page(skill()), width=width).split())
    for part in ("https://git.example/team/skills", "0123456789ab", "skills/kbo", "stable"):
        assert part in shown


def test_labels_have_a_column_only_if_there_are_any() -> None:
    assert "stable: 1" in in_a_pipe(skills_grid([skill(), skill(labels={})]))
    assert "LABELS" not in in_a_pipe(skills_grid([skill(labels={})]))


def test_findings_are_counted_by_severity() -> None:
    many = skill(
        findings=[finding("critical"), finding("warning", "a\x1b[2J"), finding("warning"), finding("info", "")]
    )
    lines = [line.plain for line in finding_lines(many.findings, shown_max=3)]
    assert lines == [
        "4 findings for a reviewer: 1 critical, 2 warning and 1 info",
        "critical: SKILL.md: something critical",
        "warning: a\\x1b[2J: something warning",
        "warning: SKILL.md: something warning",
        "and 1 more: waybill skills show",
    ]
    assert list(finding_lines(())) == []


@pytest.mark.parametrize(
    ("registered", "created", "line"),
    [
        (None, True, "kbo-results v2 (cdcdcdcdcdcd): registered"),
        (version(2), True, "kbo-results v2 (cdcdcdcdcdcd): registered"),
        (version(2), False, "kbo-results v2 (cdcdcdcdcdcd): the same bytes were registered before"),
        (version(2, origin=GIT), False, "kbo-results v2 (cdcdcdcdcdcd): the same bytes were registered before"),
        (
            version(1),
            False,
            "kbo-results v1 (abababababab): the same bytes were registered before; the latest is v2",
        ),
        (
            version(2, origin=GIT),
            True,
            "kbo-results v2 (cdcdcdcdcdcd) from https://git.example/team/skills at main, commit 0123456789ab, folder skills/kbo: registered",
        ),
    ],
)
def test_what_was_added_is_said_in_a_line(registered: Any, *, created: bool, line: str) -> None:
    assert added_line(skill(registered=registered), created=created) == line


@pytest.mark.parametrize(
    ("text", "name", "ref"), [("kbo", "kbo", None), ("kbo@stable", "kbo", "stable"), ("kbo@", "kbo", None)]
)
def test_a_ref_stands_behind_the_name(text: str, name: str, ref: str | None) -> None:
    assert split_ref(text) == (name, ref)


def test_no_version_is_picked_where_there_is_none() -> None:
    for one, ref in ((skill(versions=[]), None), (skill(), "v3")):
        with pytest.raises(VersionNotFound):
            pick(one, ref)


@pytest.mark.parametrize(("ref", "number"), [(None, 2), ("latest", 2), ("stable", 1), ("v1", 1), ("cdcdcdcd", 2)])
def test_a_ref_picks_as_on_the_server(ref: str | None, number: int) -> None:
    assert pick(skill(), ref).version == number
