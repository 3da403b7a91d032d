"""The client against a server that behaves as badly as servers and what stands before them do."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from workers.terminal.client import PAGE_ITEMS_MAX, Client
from workers.terminal.failures import Failure

Reply = Callable[[str], tuple[int, bytes]]
ITEMS = [{"number": number} for number in range(450)]


class Server(ThreadingHTTPServer):
    """Says what `reply` makes of a path."""

    def __init__(self) -> None:
        self.reply: Reply = lambda _: (200, b"{}")
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        status, content = self.server.reply(self.path)
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", "http://192.0.2.1/elsewhere")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

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
    with Client(url=f"http://127.0.0.1:{server.server_port}/", api_key="wb_key") as client:
        yield client


def paged(path: str) -> tuple[int, bytes]:
    query = parse_qs(urlsplit(path).query)
    begin, limit = int(query.get("cursor", ["0"])[0]), int(query["limit"][0])
    end = begin + limit
    cursor = str(end) if end < len(ITEMS) else None
    return 200, json.dumps({"items": ITEMS[begin:end], "nextCursor": cursor, "stale": begin > 0}).encode()


@pytest.mark.parametrize(
    ("limit", "items", "pages", "more"),
    [(1, 1, 1, True), (200, 200, 1, True), (201, 201, 2, True), (450, 450, 3, False), (10_000, 450, 3, False)],
)
def test_as_many_pages_as_the_limit_needs(
    server: Server, client: Client, *, limit: int, items: int, pages: int, more: bool
) -> None:
    server.reply = paged
    page = client.pages("things", query={"q": "a b", "none": None}, limit=limit)
    assert page["items"] == ITEMS[:items]
    assert (page["nextCursor"] is not None, page["stale"]) == (more, pages > 1)
    assert len(server.asked) == pages
    asked = [parse_qs(urlsplit(path).query) for path in server.asked]
    assert {query["q"][0] for query in asked} == {"a b"}
    assert not any("none" in query for query in asked)
    assert all(int(query["limit"][0]) <= PAGE_ITEMS_MAX for query in asked)


def test_a_name_cannot_leave_its_place_in_the_path(server: Server, client: Client) -> None:
    client.get("skills", "../keys?x=1#y")
    assert server.asked == ["/api/skills/..%2Fkeys%3Fx%3D1%23y"]


@pytest.mark.parametrize(
    ("status", "content", "code", "exit_code"),
    [
        (502, b"<html>Bad gateway</html>", "bad_response:api", 1),
        (200, b'{"items": [', "bad_response:api", 1),
        (200, b"\xff\xfe", "bad_response:api", 1),
        (302, b"", "bad_response:api", 1),
        (503, b'{"code": "offline:database", "detail": "Away."}', "offline:database", 8),
    ],
)
def test_every_answer_that_is_none_is_a_failure(
    server: Server, client: Client, *, status: int, content: bytes, code: str, exit_code: int
) -> None:
    server.reply = lambda _: (status, content)
    with pytest.raises(Failure) as caught:
        client.get("skills")
    assert (caught.value.trouble.code, caught.value.exit_code) == (code, exit_code)
    assert len(server.asked) == 1


def test_a_list_of_another_form_is_a_failure(server: Server, client: Client) -> None:
    server.reply = lambda _: (200, b'{"results": []}')
    with pytest.raises(Failure, match="not what this version of the command reads"):
        client.pages("skills", query={}, limit=1)


@pytest.mark.parametrize("url", ["", "localhost:8470", "ftp://host", "http://", "http://[::1", "http://u:p@host"])
def test_an_address_that_is_none_is_wrong_usage(url: str) -> None:
    with pytest.raises(Failure) as caught:
        Client(url=url, api_key="wb_key")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("key", [None, "wb_\nX-Evil: 1", "wb_열쇠"])
def test_a_key_that_is_none_is_no_access(key: str | None) -> None:
    with pytest.raises(Failure) as caught:
        Client(url="http://127.0.0.1:1", api_key=key)
    assert caught.value.exit_code == 3
