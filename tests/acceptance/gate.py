"""A provider that keeps its answer until the test lets it go: the only way to look at a run while it is under way, for sure."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SHUT_SECONDS = 60.0
EMPTY_LIST = {"object": "list", "data": [], "has_more": False, "first_id": None, "last_id": None}
REFUSAL = {"error": {"message": "Not today.", "type": "invalid_request_error", "param": None, "code": None}}


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Who had waited may have left."""


class Gate:
    """Its connection can be verified; a create waits until the gate is open, and is then refused."""

    def __init__(self) -> None:
        self._open = threading.Event()
        gate = self

        class Provider(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(200, EMPTY_LIST)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                gate._open.wait(SHUT_SECONDS)
                self._answer(400, REFUSAL)

            def _answer(self, status: int, body: dict[str, Any]) -> None:
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None: ...

        self._server = _Server(("127.0.0.1", 0), Provider)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def open(self) -> None:
        self._open.set()

    @contextmanager
    def standing(self) -> Iterator[None]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            self.open()
            self._server.shutdown()
            thread.join()
            self._server.server_close()
