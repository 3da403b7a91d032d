"""A provider that says the caller's key back, in every place where a text of a provider may come from, in every wire format."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

# A page of each format: what one does not know of the others it ignores.
EMPTY_LIST: Final = {
    "object": "list",
    "data": [],
    "agents": [],
    "has_more": False,
    "first_id": None,
    "last_id": None,
    "next_page": None,
}
LISTS: Final = ("/skills", "/versions", "/agents")
KEY_HEADERS: Final = ("Authorization", "x-api-key", "x-goog-api-key")
PREFIXES: Final = {"openai": "/v1", "claude": "", "gemini": ""}


class Echo:
    """The first two words of the path say how it speaks and where the key comes back: `json` and `text` bodies, a `header`,
    already at the verification (`verify`), or at the address that a redirection leads to (`redirect`, to `stolen`). `heard`
    are the keys that came, with the place.
    """

    def __init__(self) -> None:
        self._server = _Server(("127.0.0.1", 0), _Speaker)

    @property
    def heard(self) -> set[tuple[str, str, str]]:
        return self._server.heard

    def url(self, kind: str, place: str) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/{kind}/{place}{PREFIXES[kind]}"

    @contextmanager
    def standing(self) -> Iterator[None]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()


class _Server(ThreadingHTTPServer):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.heard: set[tuple[str, str, str]] = set()


class _Speaker(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        if self._place == "verify":
            self._answer(401, self._error(f"Incorrect API key provided: {self._key}. It is not {self._key}."))
        elif self._place == "redirect":
            self._answer(307, "", location=self.path.replace("/redirect", "/stolen"))
        elif self.path.partition("?")[0].endswith(LISTS):
            self._answer(200, json.dumps(EMPTY_LIST))
        else:
            self._answer(404, self._error(f"{self._key} has no such thing."))

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self._place == "json":
            self._answer(400, self._error(f"No skill for {self._key}\n{self._key}"))
        elif self._place == "text":
            self._answer(502, f"upstream refused: Authorization: Bearer {self._key}", kind="text/plain")
        else:
            self._answer(400, self._error("No."), request_id=self._key)

    @property
    def _speech(self) -> str:
        return self.path.split("/")[1]

    @property
    def _place(self) -> str:
        return self.path.split("/")[2]

    @property
    def _key(self) -> str:
        given = [self.headers[name] for name in KEY_HEADERS if name in self.headers]
        return given[0].removeprefix("Bearer ")

    def _error(self, message: str) -> str:
        errors = {
            "openai": {"error": {"message": message, "type": "invalid", "param": None, "code": None}},
            "claude": {"type": "error", "error": {"type": "invalid_request_error", "message": message}},
            "gemini": {"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}},
        }
        return json.dumps(errors[self._speech])

    def _answer(
        self,
        status: int,
        body: str,
        *,
        kind: str = "application/json",
        request_id: str = "req_1",
        location: str | None = None,
    ) -> None:
        self.server.heard.add((self._speech, self._place, self._key))
        content = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Request-ID", request_id)
        self.send_header("Request-ID", request_id)
        if location is not None:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None: ...
