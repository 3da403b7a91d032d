"""`/metrics`: who gets it, in which form, and what requests it hears of."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from msgspec import Struct

from adapters.http.observation import Observation
from adapters.http.tracing import Trace
from adapters.http.watching import Answered
from domain.errors import Unauthorized
from domain.events import Actor, Role
from tests.adapters.http.bare import bare_app
from tests.adapters.http.serving import listening, open_client

pytestmark = pytest.mark.anyio

PARENT = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"


class Said(Struct, frozen=True):
    body: bytes
    content_type: str = "text/plain; version=0.0.4; charset=utf-8"


class Looking:
    """Implements `Watch`: remembers what it is told; says it is a span if there is one to say."""

    def __init__(self, parent: str | None = None) -> None:
        self.parent = parent
        self.traces: list[Trace] = []
        self.answers: list[Answered] = []
        self.inside = 0

    def answering(self, trace: Trace) -> AbstractContextManager[str | None]:
        self.traces.append(trace)
        return self._inside()

    def answered(self, answered: Answered) -> None:
        assert self.inside == 1
        self.answers.append(answered)

    @contextmanager
    def _inside(self) -> Iterator[str | None]:
        self.inside += 1
        yield self.parent
        self.inside -= 1


async def expose(accept: str, /) -> Said:
    return Said(f"asked for {accept}".encode())


async def authenticate(text: str | None) -> Actor:
    if text is None:
        raise Unauthorized
    return Actor(kind="api_key", id="scraper", name="prometheus", role=Role.VIEWER)


@pytest.fixture
def looking() -> Looking:
    return Looking()


@pytest.fixture
async def url(looking: Looking) -> AsyncIterator[str]:
    observation = Observation(expose=expose, watch=looking)
    async with listening(bare_app(authenticate=authenticate, observation=observation)) as url:
        yield url


async def test_a_viewer_gets_them_as_they_are(url: str) -> None:
    async with open_client(url, "any") as client:
        answer = await client.get("/metrics", headers={"Accept": "application/openmetrics-text"})
        headed = await client.head("/metrics")
    assert (answer.status_code, answer.text) == (200, "asked for application/openmetrics-text")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert (headed.status_code, headed.content) == (200, b"")


async def test_nobody_gets_them_without_a_key(url: str) -> None:
    async with open_client(url) as client:
        assert (await client.get("/metrics")).status_code == 401


async def test_unknown_parameters_are_refused(url: str) -> None:
    async with open_client(url, "any") as client:
        assert (await client.get("/metrics?name[]=up")).status_code == 400


async def test_every_answer_is_told_by_its_route_and_nothing_a_client_chose(url: str, looking: Looking) -> None:
    async with open_client(url, "any") as client:
        await client.get("/livez")
        await client.head("/livez")
        await client.get("/api/skills/canary?limit=canary")
        await client.request("PROPFIND", "/livez")
        await client.get("/canary")
    async with open_client(url) as anonymous:
        await anonymous.get("/api/canary")
    assert [(answer.method, answer.route, answer.status) for answer in looking.answers] == [
        ("GET", "/livez", 200),
        ("HEAD", "/livez", 200),
        ("GET", "/api/skills/{skill}", 400),
        ("other", "none", 405),
        ("GET", "none", 404),
        ("GET", "none", 401),
    ]
    assert all(0 < answer.seconds < 5 for answer in looking.answers)
    assert not any(answer.streamed for answer in looking.answers)
    assert len({trace.correlation_id for trace in looking.traces}) == len(looking.answers)


@pytest.mark.parametrize("looking", [Looking(PARENT)], ids=["traced"])
async def test_who_keeps_spans_says_which_one_answered(url: str, looking: Looking) -> None:
    async with open_client(url, "any") as client:
        headers = {"traceparent": f"00-{PARENT[3:35]}-{'b7ad6b7169203331'}-01"}
        answer = await client.get("/livez", headers=headers)
    assert answer.headers["traceparent"] == PARENT
    (trace,) = looking.traces
    assert (trace.correlation_id.hex, trace.caller, trace.flags) == (PARENT[3:35], "b7ad6b7169203331", "01")
