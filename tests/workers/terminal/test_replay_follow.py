"""`waybill replay follow` against a server whose every connection the test decides."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import pytest

from domain.errors import Code
from domain.events import Event as DomainEvent
from domain.install_run.events import RunStarted
from domain.provider.events import ProviderPaused
from tests.workers.terminal.answered import RUN_ID
from tests.workers.terminal.answering import Answering, Asked, Reply
from tests.workers.terminal.run_story import OPENAI, RUN, failed, queued, reserved, said
from workers.terminal import event_tail
from workers.terminal.replay_follow import follow

EVENTS, RUN_EVENTS, PROVIDERS = "/api/events", f"/api/install-runs/{RUN_ID}/events", "/api/providers"
SSE = {"Content-Type": "text/event-stream"}
SECONDS_MAX = 20
GREETING = b"id: 40\r\nretry: 2000\r\n\r\n"
RECONNECT = b'id: 42\r\nevent: reconnect\r\ndata: {"reason":"expired"}\r\n\r\n'
END = b'id: 44\r\nevent: end\r\ndata: {"reason":"run_ended"}\r\n\r\n'


def message(event: DomainEvent, position: int, /, **more: Any) -> bytes:
    told = said(event, position * 10, position=position)
    data = msgspec.json.encode(msgspec.structs.replace(told, **more)).decode()
    return f"id: {position}\r\nevent: {told.event}\r\ndata: {data}\r\n\r\n".encode()


class Streams:
    """What each connection gets, one after the other; when there is no more, nobody is there any more."""

    def __init__(self, server: Answering, path: str) -> None:
        self._server = server
        self._connections: list[Iterable[bytes] | Reply] = []
        self.resumed: list[str | None] = []
        server.replies[path] = self._answer

    def give(self, *connections: Iterable[bytes] | Reply) -> None:
        self._connections += connections

    def _answer(self, asked: Asked) -> Reply:
        self.resumed.append(asked.headers.get("Last-Event-ID"))
        given = self._connections.pop(0) if self._connections else problem(401, "unauthorized:auth")
        return given if isinstance(given, Reply) else Reply(given, 200, SSE)


def problem(status: int, code: str) -> Reply:
    content = msgspec.json.encode({"title": "No", "detail": "It is over.", "code": code, "status": status})
    return Reply([content], status, {"Content-Type": "application/problem+json", "Content-Length": str(len(content))})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Answering]:
    monkeypatch.setattr(event_tail, "PAUSE_SECONDS_MIN", 0.01)
    with Answering() as server, server.standing():
        monkeypatch.setenv("WAYBILL_URL", server.url)
        monkeypatch.setenv("WAYBILL_API_KEY", "wb_key")
        server.has(PROVIDERS, {"items": [provider("openai", str(OPENAI))], "nextCursor": None, "stale": False})
        yield server


@pytest.fixture
def streams(server: Answering) -> Streams:
    return Streams(server, EVENTS)


def provider(name: str, provider_id: str) -> dict[str, Any]:
    facts = {"id": provider_id, "name": name, "kind": "openai", "active": True, "verification": {"status": "ok"}}
    return {**facts, "baseUrl": "https://x", "concurrencyMax": 4}


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        follow.main([*arguments], prog_name="waybill replay follow")
    return int(ended.value.code or 0)


def positions(out: str) -> list[int]:
    return [json.loads(line)["position"] for line in out.splitlines()]


def test_it_goes_on_behind_what_was_seen_whatever_ends_the_connection(
    streams: Streams, capsys: pytest.CaptureFixture[str]
) -> None:
    """It came to its age, broke in the middle of an event, or nobody was there for a while."""
    streams.give(
        [GREETING, message(RunStarted(), 41), b": ping\r\nid: 42\r\n\r\n", RECONNECT],
        [message(RunStarted(), 43), message(RunStarted(), 44)[:-20]],
        problem(503, "offline:database"),
        problem(429, "rate_limit:api"),
        [message(RunStarted(), 44), END],
    )
    assert run("--json") == 0
    out, err = capsys.readouterr()
    assert positions(out) == [41, 43, 44]
    assert streams.resumed == [None, "42", "43", "43", "43"]
    assert err.splitlines() == ["The connection is lost; trying again, behind position 43.", "Connected again."]


def test_what_stays_so_ends_it(streams: Streams, capsys: pytest.CaptureFixture[str]) -> None:
    streams.give([GREETING, message(RunStarted(), 41)], problem(401, "unauthorized:auth"))
    assert run("--json") == 3
    assert len(streams.resumed) == 2


def test_nobody_is_waited_for_who_was_never_there(streams: Streams) -> None:
    streams.give(problem(503, "offline:database"))
    assert run() == 8
    assert len(streams.resumed) == 1


def test_a_server_that_stays_away_is_not_waited_for_for_ever(streams: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_tail, "AWAY_SECONDS_MAX", 0.1)
    monkeypatch.setattr(event_tail, "PAUSE_SECONDS_MAX", 0.05)
    streams.give([GREETING], *[problem(503, "offline:database")] * 100)
    assert run() == 8
    assert 2 < len(streams.resumed) < 100


def test_a_store_that_was_set_back_is_told_of(streams: Streams, capsys: pytest.CaptureFixture[str]) -> None:
    reset = b'id: 7\r\nevent: reset\r\ndata: {"head":7}\r\n\r\n'
    streams.give([GREETING, RECONNECT], [reset, message(RunStarted(), 8), END])
    assert run("--json") == 0
    out, err = capsys.readouterr()
    assert positions(out) == [8]
    assert "The store was set back: it goes on behind position 7." in err


def test_an_event_is_a_line_that_a_person_reads(streams: Streams, capsys: pytest.CaptureFixture[str]) -> None:
    streams.give(
        [
            GREETING,
            message(queued(), 41),
            message(reserved(), 42),
            message(failed(code=Code.PROVIDER_OVERLOADED), 43),
            message(ProviderPaused(code=Code.PROVIDER_RATE_LIMIT), 44, stream=str(OPENAI)),
            message(
                RunStarted(), 45, event="RunPondered\x1b[31m", data={"why": "it is new", "runId": RUN_ID, "more": [1]}
            ),
            END,
        ]
    )
    assert run() == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["41", "42", "43", "44", "45"]
    assert lines[0].split()[2:7] == ["RunQueued", "a-skill", "v3", "for", "openai"]
    assert "openai: for version 3" in lines[1]
    assert str(RUN) in lines[1]
    assert "openai: overloaded:provider" in lines[2]
    assert "openai: nothing is sent there for now" in lines[3]
    assert "RunPondered\\x1b[31m" in lines[4]
    assert "why it is new" in lines[4]
    assert "\x1b" not in lines[4]


@pytest.mark.parametrize(
    ("arguments", "path", "query"),
    [
        ((), EVENTS, {}),
        (("--after", "7", "--stream", RUN_ID), EVENTS, {"after": ["7"], "stream": [RUN_ID]}),
        (("--event", "RunStarted", "--event", "RunQueued"), EVENTS, {"event": ["RunStarted", "RunQueued"]}),
        (("--run", RUN_ID, "--event", "RunStarted"), RUN_EVENTS, {}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_filters_are_the_servers_where_it_has_them(
    server: Answering, arguments: tuple[str, ...], path: str, query: dict[str, list[str]]
) -> None:
    Streams(server, path).give([GREETING, END])
    assert run("--json", *arguments) == 0
    assert server.queries_of(path) == [query]


def test_what_the_server_has_no_filter_for_is_left_out_here(
    server: Answering, capsys: pytest.CaptureFixture[str]
) -> None:
    somebody = msgspec.structs.replace(said(RunStarted()).actor, id="ops")
    story = [
        message(RunStarted(), 41),
        message(RunStarted(), 42, actor=somebody),
        message(queued(), 43, actor=somebody),
    ]
    Streams(server, RUN_EVENTS).give([GREETING, *story, END])
    assert run("--json", "--run", RUN_ID, "--event", "RunStarted", "--actor", "ops", "--actor", "dev") == 0
    assert positions(capsys.readouterr().out) == [42]


def test_a_run_or_a_stream_but_not_both(server: Answering) -> None:
    assert run("--run", RUN_ID, "--stream", RUN_ID) == 2
    assert server.asked == []


@pytest.fixture
def following(server: Answering) -> Iterator["subprocess.Popen[bytes]"]:
    """A process of its own, on a stream that does not end, which has said one event."""
    over = threading.Event()

    def stream() -> Iterator[bytes]:
        yield GREETING + message(RunStarted(), 41)
        over.wait(SECONDS_MAX)

    Streams(server, EVENTS).give(stream())
    command = [sys.executable, "-P", "-m", "workers.cli", "replay", "follow", "--event", "RunStarted"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"41 ")
        yield process
        over.set()
        process.kill()


@pytest.mark.long
def test_ctrl_c_ends_it_and_says_how_to_go_on(following: "subprocess.Popen[bytes]") -> None:
    following.send_signal(signal.SIGINT)
    _, err = following.communicate(timeout=SECONDS_MAX)
    assert following.returncode == 130
    assert err.decode().splitlines() == ["Go on from there: waybill replay follow --event RunStarted --after 41"]


def test_when_nobody_reads_any_more_it_ends_at_once_and_well(following: "subprocess.Popen[bytes]") -> None:
    """Also while nothing happens that it could try to write."""
    assert following.stdout is not None
    assert following.stderr is not None
    following.stdout.close()
    assert following.wait(timeout=SECONDS_MAX / 2) == 0
    assert following.stderr.read() == b""
