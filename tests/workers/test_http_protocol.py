"""What a client may hold of the server without asking for anything, and what it is told when that is too much."""

import asyncio
import json
from collections.abc import AsyncIterator
from functools import partial
from typing import Any, Final

import pytest
from litestar.types import Receive, Scope, Send

from adapters.http.edge import Edge
from tests.adapters.http.serving import listening
from tests.kit.waiting import eventually
from tests.workers.knocking import PATIENCE_SECONDS, SHORT_SECONDS, Hasty, Patient, connected
from workers.http_protocol import HEAD_BYTES_MAX

pytestmark = pytest.mark.anyio

LARGE_BYTES: Final = 16 * 1024 * 1024
PIECES: Final = 8
REQUEST: Final = b"GET / HTTP/1.1\r\nHost: waybill\r\n\r\n"
OPENING: Final = b"GET / HTTP/1.1\r\nHost: waybill\r\n"


async def taken(protocol: Hasty, *, of: int) -> bool:
    """Whether any of so many bytes have been taken."""
    return protocol.untaken_bytes < max(of, 1)


async def answer_at_once(scope: Scope, receive: Receive, send: Send) -> None:
    """Without reading any body."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok", "more_body": False})


async def answer_at_length(scope: Scope, receive: Receive, send: Send) -> None:
    headers = [(b"content-length", str(LARGE_BYTES).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": bytes(LARGE_BYTES), "more_body": False})


async def answer_when_read(scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass
    await answer_at_once(scope, receive, send)


def problem(answer: bytes) -> Any:
    """The body of an error that has all that every error has."""
    head, _, body = answer.partition(b"\r\n\r\n")
    for header in (b"x-request-id: ", b"cache-control: no-store", b"content-type: application/problem+json"):
        assert header in head
    assert b"connection: close" in head
    return json.loads(body)


@pytest.fixture
async def url(anyio_backend: str) -> AsyncIterator[str]:
    """Where everything may take its time."""
    async with listening(Edge(answer_at_once, methods={}), protocol=Patient) as served:
        yield served


@pytest.fixture
async def hasty_url(anyio_backend: str) -> AsyncIterator[str]:
    async with listening(Edge(answer_at_once, methods={}), protocol=Hasty) as served:
        yield served


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"BREW / HTTP/1.1\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: a\0b\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"CONNECT waybill:443 HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=["words", "method", "path", "version", "nul", "length", "smuggled", "connect", "tls"],
)
async def test_what_is_not_http_is_refused_in_the_form_of_every_error(url: str, sent: bytes) -> None:
    async with connected(url) as client:
        await client.send(sent)
        answer = await client.refusal()
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert (problem(answer)["code"], problem(answer)["status"]) == ("bad_request:api", 400)


async def test_a_head_without_end_is_refused_before_it_fills_the_memory(url: str) -> None:
    async with connected(url) as client:
        await client.send(OPENING + b"X: ")
        for _ in range(64):
            await client.send(bytes(b"x" * 16 * 1024))
        answer = await client.refusal()
    assert problem(answer)["detail"] == f"The head of the request is larger than {HEAD_BYTES_MAX} bytes."


async def test_a_body_is_not_taken_for_the_head_after_it(url: str) -> None:
    size = HEAD_BYTES_MAX * 2
    async with connected(url) as client:
        await client.send(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % size + bytes(size) + OPENING)
        assert b"200 OK" in await client.answer()
        await client.reader.readexactly(2)
        await client.send(b"Connection: close\r\n\r\n")
        assert b"200 OK" in await client.rest()


async def test_a_head_that_is_large_and_whole_is_for_the_app_to_refuse(url: str) -> None:
    async with connected(url) as client:
        await client.send(OPENING + b"X: " + b"x" * 40_000 + b"\r\nConnection: close\r\n\r\n")
        answer = await client.refusal()
    assert "bytes of them" in problem(answer)["detail"]


@pytest.mark.parametrize("sent", [b"", b"G", OPENING, REQUEST + OPENING], ids=["nothing", "a-byte", "half", "again"])
async def test_a_head_that_does_not_come_is_not_awaited_for_ever(hasty_url: str, sent: bytes) -> None:
    async with connected(hasty_url) as client:
        await client.send(sent)
        assert (await client.rest()).count(b"200 OK") == sent.count(REQUEST)


async def test_a_head_that_drips_is_not_awaited_either(hasty_url: str) -> None:
    async with connected(hasty_url) as client:
        await client.send(OPENING)
        await client.drip(b"X: x\r\n")


async def test_between_requests_nothing_has_to_come_soon(url: str) -> None:
    async with connected(url) as client:
        for _ in range(3):
            await client.send(REQUEST)
            assert b"200 OK" in await client.answer()
            await client.reader.readexactly(2)
            assert not Hasty.made[-1].awaits


async def test_a_body_that_nobody_wants_may_not_come_for_ever(hasty_url: str) -> None:
    async with connected(hasty_url) as client:
        await client.send(b"POST / HTTP/1.1\r\nHost: waybill\r\nContent-Length: 1000000\r\n\r\n")
        assert b"200 OK" in await client.answer()
        await client.drip(b"x")


async def test_after_a_body_that_nobody_wanted_the_connection_is_used_again(url: str) -> None:
    async with connected(url) as client:
        for _ in range(3):
            await client.send(b"POST / HTTP/1.1\r\nHost: waybill\r\nContent-Length: 3\r\n\r\n")
            assert b"200 OK" in await client.answer()
            assert Hasty.made[-1].awaits
            await client.send(b"abc")
            await eventually(Hasty.made[-1].rests, PATIENCE_SECONDS)
            await client.send(REQUEST)
            assert b"200 OK" in await client.answer()


async def test_after_a_body_that_nobody_wanted_the_connection_still_rests_only_so_long() -> None:
    class Restless(Patient):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            self.timeout_keep_alive = SHORT_SECONDS  # type: ignore[assignment]

    async with listening(Edge(answer_at_once, methods={}), protocol=Restless) as url, connected(url) as client:
        await client.send(b"POST / HTTP/1.1\r\nHost: waybill\r\nContent-Length: 3\r\n\r\n")
        assert b"200 OK" in await client.answer()
        await client.send(b"abc")
        assert await client.rest() == b"ok"


async def test_requests_in_a_row_are_all_answered(url: str) -> None:
    async with connected(url) as client:
        await client.send(REQUEST * 50 + b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert (await client.rest()).count(b"200 OK") == 51


@pytest.mark.parametrize("before", [b"", REQUEST], ids=["first", "after-another"])
async def test_a_body_that_is_read_is_not_unwanted(before: bytes) -> None:
    head = b"POST / HTTP/1.1\r\nHost: waybill\r\nContent-Length: 3\r\n\r\n"
    async with listening(answer_when_read, protocol=Patient) as url, connected(url) as client:
        await client.send(before + head + b"a")
        if before:
            assert b"200 OK" in await client.answer()
        await eventually(Hasty.made[-1].reads, PATIENCE_SECONDS)
        assert not Hasty.made[-1].awaits
        await client.send(b"bc")
        assert b"200 OK" in await client.answer()


async def test_more_connections_than_there_is_room_for_are_refused(url: str) -> None:
    async with connected(url) as first, connected(url) as second, connected(url) as third:
        for client in (first, second, third):
            await client.send(REQUEST)
            assert b"200 OK" in await client.answer()
        async with connected(url) as fourth:
            answer = await fourth.refusal()
        assert answer.startswith(b"HTTP/1.1 429 Too Many Requests\r\n")
        assert b"retry-after: 1\r\n" in answer
        assert problem(answer)["code"] == "rate_limit:api"
        await first.send(REQUEST)
        await first.reader.readexactly(2)
        assert b"200 OK" in await first.answer()


async def test_a_place_is_free_again_when_its_connection_is_closed(url: str) -> None:
    for _ in range(Hasty.connections_max * 3):
        async with connected(url) as client:
            await client.send(REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
            assert b"200 OK" in await client.rest()


async def test_who_takes_nothing_of_an_answer_is_cut_off() -> None:
    Hasty.made.clear()

    async def closed() -> bool:
        return any(made.looks and made.transport.is_closing() for made in Hasty.made)

    async with (
        listening(Edge(answer_at_length, methods={}), protocol=Hasty) as url,
        connected(url, receive_bytes=4096) as client,
    ):
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await client.send(REQUEST)
        await eventually(closed, PATIENCE_SECONDS)
        client.writer.transport.resume_reading()  # type: ignore[attr-defined]
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(client.reader.readexactly(LARGE_BYTES), PATIENCE_SECONDS)


async def test_who_takes_an_answer_slowly_gets_all_of_it() -> None:
    async with (
        listening(Edge(answer_at_length, methods={}), protocol=Patient) as url,
        connected(url, receive_bytes=4096) as client,
    ):
        await client.send(REQUEST)
        await client.answer()
        protocol = Hasty.made[-1]
        for _ in range(PIECES):
            before = protocol.untaken_bytes
            await asyncio.wait_for(client.reader.readexactly(LARGE_BYTES // PIECES), PATIENCE_SECONDS)
            await eventually(partial(taken, protocol, of=before), PATIENCE_SECONDS)
            if protocol.untaken_bytes:
                protocol._look_at_answer()
        assert protocol.looks > 1
