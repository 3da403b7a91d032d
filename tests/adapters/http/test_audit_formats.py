"""CSV that says what was said, and that no spreadsheet takes for a formula, whoever chose the names."""

import csv
import io
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.http.audit_formats import COLUMNS, FORMATS, csv_lines, inert, json_lines
from domain.errors import Code
from domain.events import Actor, Role
from projections.audit_log import AuditEntry
from tests.kit.facts import NOON

DANGEROUS = "=+-@＝＋－＠"  # noqa: RUF001 - these are meant


def entry(name: str = "CI", *, target: str = "skill:a", request_id: str = "r") -> AuditEntry:
    return AuditEntry(
        position=7,
        at=NOON.replace(microsecond=120),
        actor=Actor(kind="api_key", id="ci", name=name, role=Role.OPERATOR),
        action="skill.registered",
        target=target,
        result="failure",
        code=Code.FORBIDDEN,
        request_id=request_id,
        correlation_id=UUID(int=1),
    )


def read(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))


def test_a_line_has_the_columns_of_the_header() -> None:
    (header,) = read(FORMATS["csv"].header)
    (row,) = read(csv_lines([entry()]))
    assert dict(zip(header, row, strict=True)) == {
        "position": "7",
        "at": "2026-11-22T12:00:00.000120Z",
        "actor_kind": "api_key",
        "actor_id": "ci",
        "actor_name": "CI",
        "actor_role": "operator",
        "action": "skill.registered",
        "target": "skill:a",
        "result": "failure",
        "code": "forbidden:auth",
        "request_id": "r",
        "correlation_id": str(UUID(int=1)),
    }
    assert tuple(header) == COLUMNS


def test_lines_end_as_the_rfc_says_and_quotes_are_doubled() -> None:
    content = csv_lines([entry('of "all", one\nand\r\nanother'), entry("한국")])
    assert content.endswith(b"\r\n")
    assert b'"of ""all"", one\nand\r\nanother"' in content
    assert [row[4] for row in read(content)] == ['of "all", one\nand\r\nanother', "한국"]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+82 10", "'+82 10"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1", "  '=1"),
        ("\t=1", "\t'=1"),
        ("＝1", "'＝1"),  # noqa: RUF001
        ('x",=1', "x\",'=1"),
        ("x;=1", "x;'=1"),
        ("x\r\n-1", "x\r\n'-1"),
        ("x|@y", "x|'@y"),
        ("release-notes", "release-notes"),
        ("a=b", "a=b"),
        ("kbo@claude", "kbo@claude"),
        ("2026-11-22", "2026-11-22"),
        ("", ""),
    ],
)
def test_what_looks_like_a_formula_is_made_inert_and_nothing_else_is_changed(text: str, written: str) -> None:
    assert inert(text) == written
    (row,) = read(csv_lines([entry(text, target=text, request_id=text)]))
    assert [row[COLUMNS.index(name)] for name in ("actor_name", "target", "request_id")] == [written] * 3


@given(st.text(alphabet=st.sampled_from(f"{DANGEROUS} \t\r\n,;|\"'ab"), max_size=12))
def test_no_cell_begins_like_a_formula_whatever_a_program_takes_for_a_separator(name: str) -> None:
    content = csv_lines([entry(name)])
    (row,) = read(content)
    assert row[4].replace("'", "") == name.replace("'", "")
    for separator in ",;|\t":
        cells = [cell for line in content.decode().splitlines() for cell in line.split(separator)]
        assert not [cell for cell in cells if cell.strip(' \t"')[:1] in tuple(DANGEROUS)]


def test_json_lines_are_one_entry_each() -> None:
    content = json_lines([entry("a\nb"), entry("=1")])
    assert content.count(b"\n") == 2
    assert b'"name":"=1"' in content
    assert json_lines([]) == csv_lines([]) == b""
