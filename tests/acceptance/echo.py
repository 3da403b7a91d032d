"""A provider that says the caller's key back, in every place where a text of a provider may come from."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

EMPTY_LIST = {"object": "list", "data": [], "has_more": False, "first_id": None, "last_id": None}


class Echo:
    """The first word of the path says where the key comes back: `json` and `text` bodies, a `header`, or already at the
    verification (`verify`). `heard` are the keys that came.
    """

    def __init__(self) -> None:
        self.heard: set[str] = set()
        echo = self

        class Provider(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self._place == "verify":
                    self._answer(401, error(f"Incorrect API key provided: {self._key}. It is not {self._key}."))
                else:
                    self._answer(200, json.dumps(EMPTY_LIST))

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                if self._place == "json":
                    self._answer(400, error(f"No skill for {self._key}\n{self._key}"))
                elif self._place == "text":
                    self._answer(502, f"upstream refused: Authorization: Bearer {self._key}", kind="text/plain")
                else:
                    self._answer(400, error("No."), request_id=self._key)

            @property
            def _place(self) -> str:
                return self.path.split("/")[1]

            @property
            def _key(self) -> str:
                return self.headers["Authorization"].removeprefix("Bearer ")

            def _answer(
                self, status: int, body: str, *, kind: str = "application/json", request_id: str = "req_1"
            ) -> None:
                echo.heard.add(self._key)
                content = body.encode()
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.send_header("X-Request-ID", request_id)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)

    def url(self, place: str) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/{place}/v1"

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


def error(message: str) -> str:
    return json.dumps({"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}})
