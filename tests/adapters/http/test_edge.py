"""What every answer has, whatever became of the request, and what the log says of it."""

from collections.abc import Iterator, MutableMapping
from typing import Any
from uuid import UUID

import pytest
import structlog
from structlog.testing import LogCapture

from adapters.http.edge import SECURITY_HEADERS, Edge
from adapters.http.tracing import read_trace
from tests.adapters.http.serving import Api, ask, listening

pytestmark = pytest.mark.anyio

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
# What differs from answer to answer, or is the server's.
ITS_OWN = {"traceparent", "content-type", "content-length", "allow", "www-authenticate", "date", "location"}
PROBLEM = {"type", "title", "status", "detail", "instance", "code", "requestId", "retryable", "errors"}


@pytest.fixture
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    capture = LogCapture()
    before = structlog.get_config()
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, capture], cache_logger_on_first_use=False)
    yield capture.entries
    structlog.configure(**before)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/livez", 200),
        ("HEAD", "/livez", 200),
        ("OPTIONS", "/livez", 204),
        ("DELETE", "/livez", 405),
        ("GET", "/nowhere", 404),
        ("DELETE", "/nowhere", 404),
        ("OPTIONS", "/nowhere", 404),
        ("HEAD", "/nowhere", 404),
        ("GET", "/api/nowhere", 404),
        ("OPTIONS", "/api/nowhere", 404),
        ("TRACE", "/api/nowhere", 404),
        ("DELETE", "/api/skills", 405),
        ("TRACE", "/api/skills", 405),
        ("PROPFIND", "/api/skills", 405),
        ("GET", "/api/skills?limit=0", 400),
        ("OPTIONS", "/api/skills", 204),
        ("POST", "/api/skills", 400),
    ],
)
@pytest.mark.parametrize("has_key", [True, False], ids=["with-a-key", "without"])
async def test_every_answer_has_the_same_headers_and_form(
    api: Api, method: str, path: str, status: int, *, has_key: bool
) -> None:
    client = api.admin if has_key else api.anonymous
    answer = await client.request(method, path, headers={"X-Request-ID": "mine.1_2-3"})
    if path.startswith("/api") and not has_key:
        status = 401
    assert answer.status_code == status
    assert {name: value for name, value in answer.headers.items() if name not in ITS_OWN} == {
        "x-request-id": "mine.1_2-3",
        "cache-control": "no-store",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }
    version, trace, span, flags = answer.headers["traceparent"].split("-")
    assert (version, len(trace), len(span), flags) == ("00", 32, 16, "00")
    assert ("allow" in answer.headers) is (status in (204, 405))
    if status >= 400:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert int(answer.headers["Content-Length"]) > 100
    if status >= 400 and method != "HEAD":
        problem = answer.json()
        assert (problem["status"], problem["requestId"]) == (status, "mine.1_2-3")
        assert set(problem) == PROBLEM


@pytest.mark.parametrize("own", [{}, {b"content-security-policy": b"script-src 'self'", b"cache-control": b"no-cache"}])
async def test_an_answer_may_have_a_policy_of_its_own_and_never_two(own: dict[bytes, bytes]) -> None:
    async def page(scope: Any, receive: Any, send: Any) -> None:
        headers = [*own.items(), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async with listening(Edge(page, methods={})) as url:
        answer = await ask(url)
    for name, value in (dict(SECURITY_HEADERS) | own).items():
        assert answer.headers.get_list(name.decode()) == [value.decode()]


@pytest.mark.parametrize("sent", ["", "a" * 129, "with space", "line\tbreak", 'quo"te', "ümlaut"])
async def test_a_request_id_that_could_do_harm_is_replaced(api: Api, sent: str) -> None:
    answer = await api.anonymous.get("/livez", headers=[(b"X-Request-ID", sent.encode())])
    assert UUID(answer.headers["X-Request-ID"]).version == 4


@pytest.mark.parametrize(
    ("sent", "taken"),
    [
        (f"00-{TRACE}-{PARENT}-01", True),
        (f"cc-{TRACE}-{PARENT}-00-what-the-future-brings", True),
        (f"00-{TRACE}-{PARENT}-01-more", False),
        (f"ff-{TRACE}-{PARENT}-01", False),
        (f"00-{'0' * 32}-{PARENT}-01", False),
        (f"00-{TRACE}-{'0' * 16}-01", False),
        (f"00-{TRACE.upper()}-{PARENT}-01", False),
        (f"00-{TRACE[:-1]}-{PARENT}-01", False),
        ("", False),
    ],
)
async def test_a_trace_is_continued_if_it_is_well_formed(api: Api, sent: str, *, taken: bool) -> None:
    answered = (await api.anonymous.get("/livez", headers={"traceparent": sent})).headers["traceparent"]
    assert (answered.split("-")[1] == TRACE) is taken
    assert PARENT not in answered


def test_the_flags_of_a_trace_are_passed_on() -> None:
    trace = read_trace([(b"traceparent", f"00-{TRACE}-{PARENT}-01".encode())])
    assert (trace.correlation_id.hex, trace.flags, trace.parent[-3:]) == (TRACE, "01", "-01")


async def test_head_is_get_without_a_body(api: Api) -> None:
    got, headed = await api.admin.get("/api/skills"), await api.admin.head("/api/skills")
    assert (headed.status_code, headed.content) == (200, b"")
    assert headed.headers["Content-Length"] == got.headers["Content-Length"]
    raw = await api.send_raw(b"HEAD /livez HTTP/1.1\r\nHost: waybill\r\nConnection: close\r\n\r\n")
    assert raw.endswith(b"\r\n\r\n")
    missing = await api.admin.head("/api/skills/nobody")
    assert (missing.status_code, missing.content) == (404, b"")


@pytest.mark.parametrize("method", ["OPTIONS", "DELETE"])
@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/api/skills", "GET, HEAD, OPTIONS, POST"),
        ("/api/skills/x", "GET, HEAD, OPTIONS"),
        ("/livez", "GET, HEAD, OPTIONS"),
    ],
)
async def test_allow_lists_what_a_path_takes(api: Api, method: str, path: str, allowed: str) -> None:
    assert (await api.admin.request(method, path)).headers["Allow"] == allowed


async def test_one_line_is_logged_of_each_request_and_nothing_of_its_content(
    api: Api, logged: list[MutableMapping[str, Any]]
) -> None:
    headers = {"X-Request-ID": "logged-1", "traceparent": f"00-{TRACE}-{PARENT}-01", "X-Canary": "canary"}
    await api.admin.get("/api/skills/canary?minPosition=0&canary=canary", headers=headers)
    await api.anonymous.post("/api/skills", content=b"canary")
    await api.anonymous.get("/canary%00/x")
    lines = [line for line in logged if line["event"] == "request_answered"]
    assert [line["status"] for line in lines] == [400, 401, 404]
    assert (
        lines[0].items()
        >= {
            "method": "GET",
            "route": "/api/skills/{skill}",
            "key_id": "admin",
            "request_id": "logged-1",
            "correlation_id": str(UUID(TRACE)),
            "log_level": "info",
        }.items()
    )
    assert lines[0]["milliseconds"] > 0
    assert "canary" not in str(lines[:2])
    assert (lines[1]["key_id"], lines[2]["route"]) == (None, "/canary%00/x")


async def test_an_unknown_failure_says_nothing_to_the_client_and_everything_to_the_log(
    logged: list[MutableMapping[str, Any]],
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("canary: the password is hunter2")

    async with listening(Edge(broken, methods={})) as url:
        answer = await ask(url)
    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.json()["code"], answer.json()["retryable"]) == ("internal:api", False)
    assert "canary" not in answer.text
    failed, answered = logged
    assert (failed["event"], str(failed["exc_info"])) == ("request_failed", "canary: the password is hunter2")
    assert failed["request_id"] == answer.headers["X-Request-ID"] == answer.json()["requestId"]
    assert (answered["event"], answered["status"]) == ("request_answered", 500)
