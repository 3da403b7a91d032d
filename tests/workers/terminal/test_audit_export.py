"""`waybill audit export`: a whole file, or none."""

import hashlib
import json
import stat
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workers.terminal.answering import Answering, Asked, Reply
from workers.terminal.audit_export import LineCount, export

PATH = "/api/audit-log/export"
LINES = b'{"position":1}\n{"position":2}\n{"position":4}\n'
CSV = b'position,actor_name\r\n1,"of ""all"",\r\nand one"\r\n2,b\r\n'


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Answering]:
    with Answering() as server, server.standing():
        monkeypatch.setenv("WAYBILL_URL", server.url)
        monkeypatch.setenv("WAYBILL_API_KEY", "wb_key")
        monkeypatch.chdir(tmp_path)
        gives(server, LINES, entries=3)
        yield server


def gives(server: Answering, *pieces: bytes, entries: int, behind: int = 0, length: int | None = None) -> None:
    """`length`: what is said of it, if that is not so."""
    headers = {"Waybill-Entries": str(entries), "Waybill-Up-To-Position": "4", "Waybill-Behind": str(behind)}
    size = len(b"".join(pieces)) if length is None else length
    server.replies[PATH] = lambda _: Reply(pieces, 200, headers | {"Content-Length": str(size)})


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        export.main([*arguments], prog_name="waybill audit export")
    return int(ended.value.code or 0)


def left() -> list[str]:
    return sorted(path.name for path in Path().iterdir())


def test_a_file_is_written_and_said_what_it_is(server: Answering, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("-o", "log.jsonl", "--json") == 0
    assert Path("log.jsonl").read_bytes() == LINES
    assert stat.S_IMODE(Path("log.jsonl").stat().st_mode) == 0o600
    out, err = capsys.readouterr()
    digest = hashlib.sha256(LINES).hexdigest()
    assert json.loads(out) == {
        "path": "log.jsonl",
        "format": "jsonl",
        "entries": 3,
        "size": len(LINES),
        "sha256": digest,
        "upToPosition": 4,
        "behind": 0,
    }
    assert f"3 entries up to position 4 in log.jsonl, sha256 {digest}" in err
    assert left() == ["log.jsonl"]


@pytest.mark.parametrize(
    ("arguments", "form"),
    [
        (("-o", "a.csv"), "csv"),
        (("-o", "a.txt"), "jsonl"),
        (("-o", "a.csv", "--format", "jsonl"), "jsonl"),
        (("-o", "a.jsonl", "--format", "csv"), "csv"),
    ],
    ids=" ".join,
)
def test_the_format_is_as_the_file_ends_unless_it_is_said(
    server: Answering, arguments: tuple[str, ...], form: str
) -> None:
    gives(server, *((CSV,) if form == "csv" else (LINES,)), entries=2 if form == "csv" else 3)
    assert run(*arguments) == 0
    assert server.queries_of(PATH) == [{"format": [form]}]


def test_filters_are_those_of_the_list(server: Answering) -> None:
    arguments = "--actor a --actor b --action skill.registered --target skill:x --result denied --code c:d --search kbo"
    assert run("-o", "log.jsonl", *arguments.split(), "--since", "2026-11-22T12:00:00Z") == 0
    assert server.queries_of(PATH) == [
        {
            "format": ["jsonl"],
            "actor": ["a", "b"],
            "action": ["skill.registered"],
            "target": ["skill:x"],
            "result": ["denied"],
            "code": ["c:d"],
            "q": ["kbo"],
            "since": ["2026-11-22T12:00:00Z"],
        }
    ]


def test_what_was_cut_off_is_not_left_behind(server: Answering, capsys: pytest.CaptureFixture[str]) -> None:
    """Whether the connection says so or, behind a proxy that closes it well, only the count."""
    gives(server, LINES, entries=3, length=len(LINES) + 10)
    assert run("-o", "log.jsonl") == 8
    gives(server, LINES, entries=4)
    assert run("-o", "log.jsonl") == 1
    assert "3 entries arrived of the 4 that there are" in capsys.readouterr().err
    gives(server, CSV, entries=3)
    assert run("-o", "log.csv") == 1
    assert left() == []


def test_what_is_there_is_not_written_over_and_nothing_is_asked_for_it(server: Answering) -> None:
    Path("log.jsonl").write_text("mine")
    assert run("-o", "log.jsonl") == 2
    assert run("-o", "nowhere/log.jsonl") == 2
    assert (Path("log.jsonl").read_text(), server.asked, left()) == ("mine", [], ["log.jsonl"])


def test_a_refusal_is_said_and_leaves_nothing(server: Answering, capsys: pytest.CaptureFixture[str]) -> None:
    server.has(PATH, {"title": "No", "detail": "This needs the role admin.", "code": "forbidden:auth"}, status=403)
    assert run("-o", "log.jsonl") == 3
    assert "This needs the role admin." in capsys.readouterr().err
    assert left() == []


def test_stdout_gets_the_file_and_nothing_else(server: Answering, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run("-o", "-") == 0
    out, err = capfdbinary.readouterr()
    assert (out, left()) == (LINES, [])
    assert err.startswith(b"3 entries up to position 4, sha256 ")
    assert run("-o", "-", "--json") == 2


def test_what_is_missing_because_the_read_side_is_behind_is_said(
    server: Answering, capsys: pytest.CaptureFixture[str]
) -> None:
    gives(server, LINES[: LINES.index(b"\n") + 1], entries=1, behind=12)
    assert run("-o", "log.jsonl") == 0
    err = capsys.readouterr().err
    assert "1 entry up to position 4" in err
    assert "The newest 12 events are missing" in err


@given(st.lists(st.integers(1, len(CSV) - 1), max_size=8))
def test_entries_are_counted_wherever_the_pieces_are_cut(cuts: list[int]) -> None:
    ends = [0, *sorted(set(cuts)), len(CSV)]
    count = LineCount(is_csv=True)
    counted = [count.add(CSV[begin:end]) for begin, end in pairwise(ends)]
    assert counted[-1] == 2
    assert counted == sorted(counted)


def test_the_server_says_nothing_of_it_to_an_older_command(server: Answering) -> None:
    """One that does not say how many there are is not taken at its word."""

    def unsaid(_: Asked) -> Reply:
        return Reply((LINES,), 200, {"Content-Length": str(len(LINES))})

    server.replies[PATH] = unsaid
    assert run("-o", "log.jsonl") == 1
    assert left() == []
