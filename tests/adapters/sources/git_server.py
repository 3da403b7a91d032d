"""A real git server on loopback: Python's https in front of git's own CGI program, with a certificate made for the test."""

import os
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.adapters.sources.repositories import GIT, TIMEOUT_SECONDS
from tests.kit.certificates import write_certificate

HOST = "git.example"

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class GitServer:
    """Serves the bare repositories in `root` as `https://git.example:<port>/<name>`. `answers`: paths that answer otherwise."""

    root: Path
    ca_file: Path
    port: int = 0
    requests: list[str] = field(default_factory=list)
    credentials: list[str] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)

    def url(self, repository: str, *, host: str = HOST) -> str:
        return f"https://{host}:{self.port}/{repository}"


@contextmanager
def git_server(folder: Path) -> Iterator[GitServer]:
    (folder / "repositories").mkdir()
    tls = write_certificate(folder, name=HOST)
    server = GitServer(root=folder / "repositories", ca_file=tls.certificate)
    listening = _Server(("127.0.0.1", 0), server)
    server.port = listening.server_address[1]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls.certificate, tls.key)
    listening.socket = context.wrap_socket(listening.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.stopping.set()
        listening.shutdown()
        thread.join(TIMEOUT_SECONDS)
        listening.server_close()


class _Server(ThreadingHTTPServer):
    def __init__(self, address: tuple[str, int], state: GitServer) -> None:
        super().__init__(address, _Handler)
        self.state = state

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that go away are what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        state = self.server.state
        state.requests.append(f"{self.command} {self.path}")
        state.credentials += self.headers.get_all("Authorization") or []
        for prefix, answer in state.answers.items():
            if self.path.startswith(f"/{prefix}"):
                answer(self)
                return
        self._git_http_backend(state.root)

    do_POST = do_GET  # noqa: N815 - the name that http.server looks for

    def log_message(self, *arguments: object) -> None:
        pass

    def _git_http_backend(self, root: Path) -> None:
        path, _, query = self.path.partition("?")
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "REMOTE_ADDR": self.client_address[0],
        }
        done = subprocess.run(
            [GIT, "http-backend"],
            input=self._body(),
            env=environment,
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if line)
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        return body
