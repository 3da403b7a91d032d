"""How large a request may be and how long it may take, and that what is refused is refused in the API's own words."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from adapters.http.edge import Edge
from adapters.http.errors import send_error
from adapters.http.limits import (
    BODY_BYTES_PER_SECOND_MIN,
    HEADERS_BYTES_MAX,
    HEADERS_MAX,
    TARGET_BYTES_MAX,
    PatientReceive,
)
from domain.errors import BadRequest
from tests.adapters.http.serving import Api, ask, listening, send_raw

pytestmark = pytest.mark.anyio

SECONDS = 0.1


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        (f"/api/skills?q={'x' * TARGET_BYTES_MAX}", "longer than 8192 bytes"),
        (f"/{'x' * TARGET_BYTES_MAX}", "longer than 8192 bytes"),
        (f"/livez?{'x' * 20_000}", "longer than 8192 bytes"),
        (f"/api/skills?{'&'.join(['q=x'] * 51)}", "more than 50 parameters"),
    ],
    ids=["query", "path", "public", "parameters"],
)
async def test_a_long_address_is_a_bad_request(api: Api, path: str, detail: str) -> None:
    answer = await api.admin.get(path)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request:api")
    assert detail in answer.json()["detail"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_an_address_of_the_length_that_http_asks_for_is_read(api: Api) -> None:
    answer = await api.admin.get(f"/api/{'x' * 8000}")
    assert answer.status_code == 404
    assert len(answer.json()["instance"]) == 200


@pytest.mark.parametrize(
    "headers",
    [{"X-Large": "x" * HEADERS_BYTES_MAX}, {f"X-{number}": "x" for number in range(HEADERS_MAX)}],
    ids=["large", "many"],
)
async def test_large_headers_are_a_bad_request(api: Api, headers: dict[str, str]) -> None:
    answer = await api.anonymous.get("/livez", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request:api")
    assert f"more than {HEADERS_MAX} headers, or than {HEADERS_BYTES_MAX} bytes" in answer.json()["detail"]


async def passing(seconds: float) -> None:
    """Time itself is what is looked at here."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.Event().wait()


def receiving(*messages: dict[str, Any], after_seconds: float = 0.0) -> Callable[[], Any]:
    """A body that comes in these pieces, and then nothing more, for ever."""
    left = list(messages)

    async def receive() -> dict[str, Any]:
        if not left:
            await asyncio.Event().wait()
        await passing(after_seconds)
        return left.pop(0)

    return receive


def piece(body: bytes, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_body_that_drips_is_given_up() -> None:
    drops = [piece(b"x") for _ in range(1000)]
    receive = PatientReceive(receiving(*drops, after_seconds=SECONDS / 10), seconds=SECONDS)

    async def read() -> None:
        for _ in range(20):
            await receive()

    with pytest.raises(BadRequest, match="did not come in time"):
        await read()


async def test_a_body_that_stops_is_given_up() -> None:
    receive = PatientReceive(receiving(piece(b"x")), seconds=SECONDS)
    await receive()
    with pytest.raises(BadRequest):
        await receive()


async def test_a_body_that_comes_fast_enough_may_take_longer() -> None:
    pieces = [piece(bytes(int(BODY_BYTES_PER_SECOND_MIN * SECONDS))) for _ in range(5)]
    receive = PatientReceive(receiving(*pieces, after_seconds=SECONDS / 2), seconds=SECONDS)
    for _ in pieces:
        await receive()


async def test_this_servers_own_slowness_is_not_held_against_a_body() -> None:
    receive = PatientReceive(receiving(piece(b"x"), piece(b"y", more=False)), seconds=SECONDS)
    await receive()
    await passing(SECONDS * 2)
    assert (await receive())["body"] == b"y"


async def test_after_the_body_nothing_is_waited_for_in_haste() -> None:
    """So a stream learns that its client went away, however late that is."""
    gone = {"type": "http.disconnect"}
    receive = PatientReceive(
        receiving(piece(b"", more=False), gone, after_seconds=SECONDS / 2), seconds=SECONDS / 2 + 0.05
    )
    await receive()
    receive._receive = receiving(gone, after_seconds=SECONDS * 2)
    assert await receive() == gone


async def test_a_dripping_body_gets_an_answer() -> None:
    async def read(scope: Any, receive: Any, send: Any) -> None:
        patient = PatientReceive(receive, seconds=SECONDS)
        try:
            while (await patient()).get("more_body"):
                pass
        except BadRequest as error:
            await send_error(error, scope, send)

    async with listening(Edge(read, methods={})) as url:
        answer = await send_raw(url, b"POST / HTTP/1.1\r\nHost: waybill\r\nContent-Length: 9\r\n\r\nx")
    assert answer.startswith(b"HTTP/1.1 400 Bad Request")
    assert b"The body did not come in time." in answer


async def test_every_body_is_received_patiently_and_no_longer() -> None:
    given: list[object] = []

    async def read(scope: Any, receive: Any, send: Any) -> None:
        given.append(receive)
        await send_error(BadRequest(), scope, send)

    async with listening(Edge(read, methods={})) as url:
        await ask(url)
    assert [type(receive) for receive in given] == [PatientReceive]


async def test_a_request_without_a_body_is_not_timed() -> None:
    async def quiet(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["more_body"] is False
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async with listening(Edge(quiet, methods={})) as url:
        assert (await ask(url)).status_code == 204
