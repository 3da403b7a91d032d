"""Sending a skill: whole, with its length said before, and told of piece by piece."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO

import pytest
from rich.console import Console

from workers.terminal.client import PIECE_BYTES, Client, Payload
from workers.terminal.failures import Failure
from workers.terminal.screen import Screen
from workers.terminal.skill_sending import BAR_BYTES_MIN, send
from workers.terminal.skill_sources import Given


class Server(ThreadingHTTPServer):
    def __init__(self) -> None:
        self.status = 201
        self.answer = b'{"name": "a"}'
        self.received: list[tuple[dict[str, str], bytes]] = []
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((dict(self.headers.items()), body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.answer)))
        self.end_headers()
        self.wfile.write(self.server.answer)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with Client(url=f"http://127.0.0.1:{server.server_port}", api_key="wb_key") as client:
        yield client


def given(content: bytes) -> Given:
    payload = Payload(content=content, content_type="multipart/form-data; boundary=b")
    return Given(said="a.zip", doing="Sending a.zip [bold]", payload=payload, places={"/archive": "a.zip"})


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES, 3 * PIECE_BYTES + 1])
def test_every_byte_is_sent_and_told_of(server: Server, client: Client, size: int) -> None:
    told: list[int] = []
    content = bytes(range(256)) * (size // 256 + 1)
    client.upload("skills", payload=Payload(content=content[:size], content_type="any/type"), sent=told.append)
    headers, body = server.received[0]
    assert (body, sum(told)) == (content[:size], size)
    assert all(piece <= PIECE_BYTES for piece in told)
    assert headers["Content-Type"] == "any/type"
    assert "Transfer-Encoding" not in headers


@pytest.mark.parametrize(("status", "created"), [(201, True), (200, False)])
def test_the_answer_says_whether_this_made_a_version(
    server: Server, client: Client, *, status: int, created: bool
) -> None:
    server.status = status
    assert send(client, given(b"content")) == ({"name": "a"}, created)


def test_what_is_refused_is_named_as_the_person_did(server: Server, client: Client) -> None:
    server.status = 422
    server.answer = (
        b'{"code": "unprocessable:skills", "detail": "No.", "errors": [{"pointer": "/archive", "message": "No zip."}]}'
    )
    with pytest.raises(Failure) as caught:
        send(client, given(b"content"))
    assert [(place.pointer, place.path) for place in caught.value.trouble.errors] == [("/archive", "a.zip")]
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(("size", "bar"), [(10, False), (BAR_BYTES_MIN, True)])
def test_a_person_sees_how_far_a_large_one_has_come(client: Client, *, size: int, bar: bool) -> None:
    screen, shown = Screen(), StringIO()
    screen.talk = Console(file=shown, force_terminal=True, width=80, _environ={})
    send(client, given(bytes(size)), screen=screen)
    assert "Sending a.zip [bold]" in shown.getvalue()
    assert ("/1.0 MB" in shown.getvalue()) is bar


def test_nothing_is_drawn_where_nobody_looks(client: Client, capfd: pytest.CaptureFixture[str]) -> None:
    send(client, given(bytes(BAR_BYTES_MIN)), screen=Screen())
    assert capfd.readouterr() == ("", "")
