"""Whatever blows up, and wherever: the log says what and of which request, and nobody else learns anything of it."""

import traceback
from collections.abc import AsyncIterator, Iterator, MutableMapping
from typing import Any, Final

import httpx2
import pytest
import structlog
from litestar import Litestar, get
from litestar.response import Stream

from adapters.http.edge import Edge
from adapters.http.errors import handle_error
from domain.errors import HistoryTooNew
from tests.adapters.http.serving import listening, open_client

pytestmark = pytest.mark.anyio

SECRET: Final = "the password is hunter2"
SENT: Final = {"X-Request-ID": "blown-up-1"}


@get("/handler")
async def fail_in_the_handler() -> None:
    raise RuntimeError(SECRET)


@get("/group")
async def fail_in_a_group_of_tasks() -> None:
    raise ExceptionGroup(SECRET, [ValueError(SECRET)])


@get("/newer")
async def fail_as_the_domain_says() -> None:
    raise HistoryTooNew


@get("/body")
async def fail_when_the_body_is_encoded() -> dict[str, object]:
    return {SECRET: object()}


@get("/stream")
async def fail_in_the_middle_of_a_stream() -> Stream:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"a first piece"
        raise RuntimeError(SECRET)

    return Stream(pieces())


@pytest.fixture
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        yield lines


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    routes = [
        fail_in_the_handler,
        fail_in_a_group_of_tasks,
        fail_when_the_body_is_encoded,
        fail_as_the_domain_says,
        fail_in_the_middle_of_a_stream,
    ]
    app = Litestar(routes, exception_handlers={Exception: handle_error}, openapi_config=None, logging_config=None)
    async with listening(Edge(app, methods={})) as url, open_client(url) as opened:
        yield opened


@pytest.mark.parametrize("path", ["/handler", "/group", "/body", "/newer"])
async def test_a_failure_is_a_problem_with_the_request_id_of_the_log(
    client: httpx2.AsyncClient, logged: list[MutableMapping[str, Any]], path: str
) -> None:
    answer = await client.get(path, headers=SENT)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal:api")
    assert answer.json()["requestId"] == answer.headers["X-Request-ID"] == SENT["X-Request-ID"]
    shown_to_nobody(answer.text + str(answer.headers))
    failed = next(line for line in logged if line["event"] == "request_failed")
    assert (failed["log_level"], failed["request_id"]) == ("error", SENT["X-Request-ID"])
    assert failed["exc_info"]


async def test_a_stream_that_fails_is_cut_off_and_the_log_says_why(
    client: httpx2.AsyncClient, logged: list[MutableMapping[str, Any]]
) -> None:
    received = bytearray()
    with pytest.raises(httpx2.RemoteProtocolError):
        await read_all(client, received)
    assert received == b"a first piece"
    failed = next(line for line in logged if line["event"] == "answer_broken_off")
    assert (failed["log_level"], failed["request_id"]) == ("error", SENT["X-Request-ID"])
    assert SECRET in "".join(traceback.format_exception(failed["exc_info"]))


async def read_all(client: httpx2.AsyncClient, received: bytearray) -> None:
    async with client.stream("GET", "/stream", headers=SENT) as answer:
        async for piece in answer.aiter_bytes():
            received.extend(piece)


def shown_to_nobody(text: str) -> None:
    for word in (SECRET, "Traceback", "RuntimeError", "ExceptionGroup", ".py"):
        assert word not in text
