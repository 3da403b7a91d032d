"""Whatever bytes come in, the answer is one of ours: never a 500, always the common headers, an error always as a problem."""

import json
from http.client import parse_headers
from io import BytesIO
from typing import Any, Final
from urllib.parse import quote

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.adapters.http.serving import Api, skill_files

pytestmark = pytest.mark.anyio

# What a route cannot do anything about: a git server that is not there.
ANSWERS: Final = frozenset({*range(200, 500), 502})
READ: Final = (
    *(
        "accept",
        "authorization",
        "content-encoding",
        "content-type",
        "idempotency-key",
        "if-none-match",
        "last-event-id",
    ),
    *("origin", "traceparent", "x-forwarded-for", "x-request-id"),
)
BODIES: Final[dict[str, Any]] = {
    "/api/skills": skill_files("fuzzed"),
    "/api/providers": {"kind": "noop", "name": "fuzzed", "credential": "sk-made-up", "concurrencyMax": 4},
    "/api/install-runs": {"skill": "stays", "providers": ["stays"], "policy": {"attemptsMax": 2}, "dryRun": True},
    "/api/installations/verify": {"skill": "stays"},
    "/api/keys": {"name": "fuzzed", "role": "viewer", "expiresInSeconds": 60},
}
LISTS: Final = (
    "/api/skills",
    "/api/providers",
    "/api/install-runs",
    "/api/installations",
    "/api/audit-log",
    "/api/alerts",
    "/api/alert-deliveries",
    "/api/keys",
)

some = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
header_values = st.binary(max_size=60).filter(lambda value: not set(value) & set(b"\r\n\0"))
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
anything = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
segments = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)


@st.composite
def almost_right(draw: st.DrawFn) -> tuple[str, bytes]:
    """A path and a body for it in which one thing is something else."""
    path = draw(st.sampled_from(sorted(BODIES)))
    body = json.loads(json.dumps(BODIES[path]))
    place: Any = body
    key: Any = draw(st.sampled_from(sorted(body)))
    while isinstance(place[key], dict | list) and place[key] and draw(st.booleans()):
        place = place[key]
        key = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
    place[key] = draw(anything)
    return path, json.dumps(body).encode("utf-8", "surrogatepass")


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, bytes]:
    path = draw(st.sampled_from(sorted(BODIES)))
    body = json.dumps(BODIES[path]).encode()
    at, length = draw(st.integers(0, len(body))), draw(st.integers(0, 20))
    return path, body[:at] + draw(st.binary(max_size=40)) + body[at + length :]


@pytest.fixture(scope="module")
async def stage(api: Api) -> Api:
    await api.register("stays")
    await api.connect("stays")
    return api


def expect_ours(answer: httpx2.Response) -> None:
    assert answer.status_code in ANSWERS, answer.text
    assert answer.headers["X-Request-ID"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    if answer.status_code >= 400:
        problem = answer.json()
        assert (problem["status"], problem["requestId"]) == (answer.status_code, answer.headers["X-Request-ID"])
        assert "Traceback" not in answer.text


@some
@given(st.lists(st.tuples(st.sampled_from(READ), header_values), max_size=6))
async def test_any_headers(stage: Api, given_headers: list[tuple[str, bytes]]) -> None:
    """Byte by byte, since no client of ours would send them."""
    lines = [b"GET /api/skills?limit=1 HTTP/1.1", b"Host: waybill", b"Connection: close"]
    lines += [name.encode() + b": " + value for name, value in given_headers]
    answer = await stage.send_raw(b"\r\n".join(lines) + b"\r\n\r\n")
    status_line, _, rest = answer.partition(b"\r\n")
    status = int(status_line.split()[1])
    assert status in ANSWERS
    if b"Invalid HTTP request received" not in rest:  # the server's own word for what is no HTTP at all
        headers = parse_headers(BytesIO(rest.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"))
        assert headers["x-request-id"]
        assert headers["content-type"] in ("application/json", "application/problem+json")


@some
@given(almost_right())
async def test_any_body_that_is_almost_right(stage: Api, sent: tuple[str, bytes]) -> None:
    expect_ours(await send(stage, *sent))


@some
@given(damaged())
async def test_any_bytes_in_place_of_some_of_a_body(stage: Api, sent: tuple[str, bytes]) -> None:
    expect_ours(await send(stage, *sent))


@pytest.mark.parametrize("opening", ["[", '{"files":', '{"files":[', '"'])
async def test_a_body_that_is_nested_without_end(stage: Api, opening: str) -> None:
    expect_ours(await send(stage, "/api/skills", opening.encode() * 100_000))


@some
@given(
    st.sampled_from(LISTS),
    st.dictionaries(
        st.text(max_size=10) | st.sampled_from(("q", "limit", "cursor", "since", "status", "skill", "minPosition")),
        st.text(max_size=30),
        max_size=4,
    ),
)
async def test_any_query(stage: Api, path: str, query: dict[str, str]) -> None:
    encoded = "&".join(
        f"{quote(name, errors='replace')}={quote(value, errors='replace')}" for name, value in query.items()
    )
    expect_ours(await stage.admin.get(f"{path}?{encoded}"))


@some
@given(st.sampled_from(LISTS), segments, st.sampled_from(("", "/history", "/events", "/versions", "/cancel")))
async def test_any_name_in_a_path(stage: Api, path: str, name: str, rest: str) -> None:
    answer = await stage.admin.get(f"{path}/{quote(name, safe='')}{rest}")
    expect_ours(answer)
    # Slashes alone are no name: that is the list.
    assert answer.status_code in (400, 404, 405) or (answer.status_code == 200 and not (name + rest).strip("/"))


async def send(api: Api, path: str, content: bytes) -> httpx2.Response:
    return await api.admin.post(path, content=content, headers={"Content-Type": "application/json"})
