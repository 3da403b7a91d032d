"""`waybill history` from the answers of a server to what is on the screen."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from domain.install_run.events import RunStarted, RunSucceeded
from tests.workers.terminal.answered import NOON, RUN_ID
from tests.workers.terminal.answering import Answering
from tests.workers.terminal.run_story import failed, queued, reserved, retrying, said, started, succeeded
from workers.terminal.answers import Event
from workers.terminal.history import history

HISTORY, WHY, AUDIT = f"/api/install-runs/{RUN_ID}/history", f"/api/install-runs/{RUN_ID}/why", "/api/audit-log"


def shown(event: Event) -> dict[str, Any]:
    document = msgspec.to_builtins(event)
    assert isinstance(document, dict)
    return document


EVENTS = [
    shown(event)
    for event in (
        said(queued(), 0, position=10, cause="said-in-chat"),
        said(reserved(), 0, position=11, cause="said-in-chat"),
        said(RunStarted(), 9, position=12, cause="11"),
        said(started(issued=5), 9, position=13, cause="11"),
        said(failed(), 50, position=14, cause="13"),
        said(retrying(due=1_050), 50, position=15, cause="13"),
        said(started(attempt=2, issued=2_055), 2_060, position=18, cause="15"),
        said(succeeded(), 2_100, position=19, cause="18"),
        said(RunSucceeded(succeeded=1), 2_100, position=20, cause="18"),
    )
]


def entry(position: int, action: str, milliseconds: int) -> dict[str, Any]:
    actor = {"kind": "api_key", "id": "ops", "name": "Operations"}
    at = f"2026-11-22T12:00:{milliseconds / 1000:06.3f}Z"
    return {
        "position": position,
        "at": at,
        "actor": actor,
        "action": action,
        "target": "provider:openai",
        "result": "success",
    }


PAUSES = [entry(17, "provider.resumed", 2_050), entry(16, "provider.paused", 60)]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Answering]:
    assert NOON.hour == 12
    with Answering() as server, server.standing():
        monkeypatch.setenv("WAYBILL_URL", server.url)
        monkeypatch.setenv("WAYBILL_API_KEY", "wb_key")
        server.has(HISTORY, {"items": EVENTS, "nextCursor": None, "stale": False})
        server.has(AUDIT, {"items": PAUSES, "nextCursor": None, "stale": False})
        yield server


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        history.main([RUN_ID, *arguments], prog_name="waybill history")
    return int(ended.value.code or 0)


def test_the_story_has_the_pauses_the_causes_and_where_the_time_went(
    server: Answering, capsys: pytest.CaptureFixture[str]
) -> None:
    server.has(WHY, {"roots": [{"id": "said-in-chat", "position": 9, "children": [{"id": "10", "position": 10}]}]})
    assert run() == 0
    out, err = capsys.readouterr()
    events, table, sentence = (part.splitlines() for part in out.split("\n\n"))
    assert [line.split()[0] for line in events] == ["POSITION", *map(str, range(10, 21))]
    assert events[1].split()[2] == "9"
    assert events[7].split()[4:] == [
        "ProviderPaused",
        "Operations",
        "openai:",
        "nothing",
        "is",
        "sent",
        "there",
        "for",
        "now",
    ]
    assert table[0].split() == ["TARGET", "PAUSED", "BACKOFF", "TICKET", "NATS", "RUNNING", "IN", "ALL", "ATTEMPTS"]
    assert table[1].split() == ["openai", "1.0", "s", "1.0", "s", "10", "ms", "9", "ms", "81", "ms", "2.1", "s", "2"]
    assert sentence == ["The run was queued for 9 ms, running for 2.1 s: 2.1 s in all."]
    assert f"waybill replay why {RUN_ID}" in err
    assert server.queries_of(AUDIT)[0]["target"] == ["provider:openai"]


def test_a_server_that_cannot_say_why_leaves_it_at_that(server: Answering, capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 0
    assert capsys.readouterr().out.splitlines()[1].split()[2] == "elsewhere"


def test_as_json_it_is_what_the_api_gives_and_nothing_else_is_asked(
    server: Answering, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--json") == 0
    assert json.loads(capsys.readouterr().out) == {
        "items": json.loads(msgspec.json.encode(EVENTS)),
        "nextCursor": None,
        "stale": False,
    }
    assert {asked.path for asked in server.asked} == {HISTORY}


def test_of_a_part_it_is_not_said_where_the_time_went(server: Answering, capsys: pytest.CaptureFixture[str]) -> None:
    server.has(HISTORY, {"items": EVENTS[:3], "nextCursor": "more", "stale": True})
    assert run("--limit", "3") == 0
    out, err = capsys.readouterr()
    assert "ATTEMPTS" not in out
    assert "There are more" in err
    assert "The newest may be missing" in err
    assert server.queries_of(HISTORY)[0]["limit"] == ["3"]


def test_all_of_it_is_asked_for_unless_told_otherwise(server: Answering) -> None:
    assert run() == run("--all") == 0
    assert [query["limit"] for query in server.queries_of(HISTORY)] == [["200"], ["200"]]
