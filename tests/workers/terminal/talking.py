"""A server that says what a test has it say to each message, and a person who types."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from typing import Any, NamedTuple

import msgspec

CONFIRMATION = {
    "token": f"{'0a' * 16}.{'x' * 43}",
    "expiresAt": "2026-11-22T12:10:00Z",
    "plan": "- remove a-skill v3 from openai",
}


class Heard(NamedTuple):
    body: dict[str, Any]
    key: str | None


class ChatServer(ThreadingHTTPServer):
    """Each message gets the next of `answers`: a status and a body, or None for a connection that breaks. `runs` by id."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any] | None] = []
        self.heard: list[Heard] = []
        self.runs: dict[str, Any] = {}
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def will_say(self, *answers: dict[str, Any] | None) -> None:
        self.answers += [None if one is None else (200, one) for one in answers]

    @contextmanager
    def standing(self) -> Iterator[None]:
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            self.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: ChatServer

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append(Heard(msgspec.json.decode(content), self.headers["Idempotency-Key"]))
        answer = self.server.answers.pop(0)
        if answer is None:
            self.close_connection = True
            return
        self._answer(*answer)

    def do_GET(self) -> None:
        self._answer(200, self.server.runs[self.path.rpartition("/")[2].partition("?")[0]])

    def _answer(self, status: int, body: Any) -> None:
        content = msgspec.json.encode(body)
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None: ...


class Keyboard(StringIO):
    """A person at a terminal, who has typed this and then goes."""

    def isatty(self) -> bool:
        return True


def said(reply: str = "Done.", **more: Any) -> dict[str, Any]:
    """An answer as the contract has it."""
    answer: dict[str, Any] = {"accepted": True, "reason": None, "intent": {"action": "install"}, "runIds": []}
    answer |= {"reply": reply, "confirmation": None, "chatActionId": "c", "parser": "grammar", "language": "en"}
    return answer | {"candidates": [], "skipped": [], "refusals": []} | more


def asked(language: str = "en") -> dict[str, Any]:
    refused = {"accepted": False, "reason": "confirmation_required", "confirmation": CONFIRMATION}
    return said("Shall I?", language=language, **refused)
