"""A server that answers each path as the test says, and remembers what it was asked."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import msgspec

NOT_FOUND = {"title": "Not found", "detail": "There is no such thing.", "code": "not_found:api", "status": 404}


class Asked(NamedTuple):
    path: str
    query: dict[str, list[str]]
    headers: Mapping[str, str]


class Reply(NamedTuple):
    """The `pieces` go out one by one; without a length among the `headers` the answer ends with its connection."""

    pieces: Iterable[bytes]
    status: int = 200
    headers: Mapping[str, str] = {}


class Answering(ThreadingHTTPServer):
    """`replies` by path; each is called for every request of it."""

    def __init__(self) -> None:
        self.replies: dict[str, Callable[[Asked], Reply]] = {}
        self.asked: list[Asked] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def has(self, path: str, document: Any, *, status: int = 200) -> None:
        content = msgspec.json.encode(document)
        reply = Reply([content], status, {"Content-Type": "application/json", "Content-Length": str(len(content))})
        self.replies[path] = lambda _: reply

    def queries_of(self, path: str) -> list[dict[str, list[str]]]:
        return [asked.query for asked in self.asked if asked.path == path]

    @contextmanager
    def standing(self) -> Iterator[None]:
        self.has("", NOT_FOUND, status=404)
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            self.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: Answering

    def do_GET(self) -> None:
        split = urlsplit(self.path)
        asked = Asked(split.path, parse_qs(split.query), dict(self.headers))
        self.server.asked.append(asked)
        reply = self.server.replies.get(split.path, self.server.replies[""])(asked)
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        for piece in reply.pieces:
            self.wfile.write(piece)
            self.wfile.flush()

    def log_message(self, *_: object) -> None: ...
