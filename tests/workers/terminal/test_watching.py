"""What is told of a run while it goes on, and how it is asked for. That a real one is followed is for the acceptance tests."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import msgspec
import pytest
from rich.console import Console

from tests.workers.terminal.answered import RUN_ID, run, target
from workers.terminal.client import Client
from workers.terminal.failures import Failure
from workers.terminal.watching import follow, told


def test_a_change_is_told_once_and_what_stays_is_not() -> None:
    console = Console(record=True, width=80, force_terminal=False, color_system=None)
    report = told(console)
    with console.capture() as capture:
        report(run(target(), target("claude")))
        report(run(target(status="running"), target("claude"), status="running"))
        report(run(target(status="running", attempts=2), target("claude"), status="running"))
        live = target(status="success", receipt={"remoteId": "skill_1", "remoteVersion": None})
        report(run(live, target("claude", status="failed", code="offline:provider"), status="partial_failed"))
    assert [line.split("  ", 1)[1] for line in capture.get().splitlines()] == [
        "run  ○ queued",
        "openai  ○ queued",
        "claude  ○ queued",
        "run  ◐ running",
        "openai  ◐ running",
        "run  ◑ partial_failed",
        "openai  ✔ success  skill_1",
        "claude  ✘ failed  offline:provider",
    ]


class Server(ThreadingHTTPServer):
    """Answers each request with the next status, ETag and body, the last ones over and over; `asked` are queries and ETags."""

    def __init__(self, *answers: tuple[int, str | None, object]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str | None]] = []
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append((urlsplit(self.path).query, self.headers["If-None-Match"]))
        answers = self.server.answers
        status, etag, body = answers.pop(0) if len(answers) > 1 else answers[0]
        content = b"" if body is None else msgspec.json.encode(body)
        self.send_response(status)
        if etag is not None:
            self.send_header("ETag", etag)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None: ...


def followed(server: Server, *, timeout_seconds: float = 30, first: object = None) -> list[str]:
    """The status of the run in each report."""
    reported: list[str] = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        with Client(url=f"http://127.0.0.1:{server.server_port}", api_key="wb_key") as client:
            follow(
                client,
                RUN_ID,
                timeout_seconds=timeout_seconds,
                report=lambda document: reported.append(document["status"]),
                first=first,
            )
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    return reported


QUEUED, RUNNING, ENDED = run(), run(status="running"), run(status="success")
PROBLEM = {"code": "offline:database", "detail": "Not now."}


def test_a_server_that_can_is_asked_to_wait_for_the_next_change() -> None:
    server = Server((200, 'W/"1"', QUEUED), (304, 'W/"1"', None), (200, 'W/"2"', RUNNING), (200, 'W/"3"', ENDED))
    assert followed(server, first=QUEUED) == ["queued", "running", "success"]
    assert server.asked == [("", None), *(("wait=20.000", f'W/"{known}"') for known in (1, 1, 2))]


def test_it_is_not_asked_to_wait_longer_than_there_is_time() -> None:
    server = Server((200, 'W/"1"', RUNNING), (304, 'W/"1"', None))
    with pytest.raises(Failure) as caught:
        followed(server, timeout_seconds=0.2)
    assert caught.value.trouble.code == "timeout:wait"
    assert 0.0 < float(server.asked[1][0].removeprefix("wait=")) <= 0.2


def test_an_older_server_is_asked_again_and_again() -> None:
    server = Server((200, None, QUEUED), (200, None, QUEUED), (200, None, ENDED))
    assert followed(server) == ["queued", "success"]
    assert server.asked == [("", None)] * 3


def test_a_server_that_restarts_or_has_no_place_to_wait_is_asked_again() -> None:
    too_many = {"code": "rate_limit:api", "detail": "Too many."}
    server = Server((200, 'W/"1"', RUNNING), (503, None, PROBLEM), (429, None, too_many), (200, 'W/"2"', ENDED))
    assert followed(server) == ["running", "success"]


def test_a_server_that_is_about_to_stop_is_not_asked_as_fast_as_it_answers() -> None:
    server = Server((200, 'W/"1"', RUNNING), (304, 'W/"1"', None))
    with pytest.raises(Failure):
        followed(server, timeout_seconds=0.5)
    assert len(server.asked) < 8


def test_what_a_run_cannot_come_back_from_ends_it_at_once() -> None:
    server = Server((200, 'W/"1"', RUNNING), (403, None, {"code": "forbidden:auth", "detail": "No."}))
    with pytest.raises(Failure) as caught:
        followed(server)
    assert caught.value.trouble.code == "forbidden:auth"
    server = Server((404, None, {"code": "not_found:install_runs", "detail": "No."}))
    with pytest.raises(Failure):
        followed(server)
