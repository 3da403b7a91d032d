"""What a client sees of the limits: how much is left, when it was too much, and that nobody else is told or harmed."""

from collections.abc import AsyncIterator, Iterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest
import structlog
from structlog.testing import LogCapture

from adapters.http.app import build_app
from adapters.http.denials import Denials
from adapters.http.key_checks import WRONG_KEYS_BURST
from commands.record_denial import RecordDenial
from domain.access.key import write_key
from domain.errors import Unauthorized
from domain.events import Actor, Context, Role
from tests.adapters.http.bare import bare_application
from tests.adapters.http.serving import listening, open_client

pytestmark = pytest.mark.anyio

# While it guesses, its budget fills up again.
GUESSES_MAX: Final = 2000
KEYS: Final = {name: write_key(key_id=name, secret=name.encode().rjust(32)) for name in ("first", "second")}


class Server:
    """With two keys. `denied` is how many requests were written down as denied, `asked` how often a key was looked up."""

    def __init__(self) -> None:
        self.denied = 0
        self.asked = 0

    async def authenticate(self, text: str | None) -> Actor:
        self.asked += 1
        for name, key in KEYS.items():
            if text == key:
                return Actor(kind="api_key", id=name, name=name, role=Role.VIEWER)
        raise Unauthorized

    async def record(self, denial: RecordDenial, _: Context) -> None:
        self.denied += denial.count

    @asynccontextmanager
    async def serving(self, *, requests_per_second: int) -> AsyncIterator[str]:
        denials = Denials(record=self.record)
        app = build_app(
            application=bare_application(),
            authenticate=self.authenticate,
            denials=denials,
            checks=(),
            version="0.0.0",
            requests_per_second=requests_per_second,
        )
        async with listening(app) as url:
            yield url
        await denials.close()


@pytest.fixture
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    capture = LogCapture()
    before = structlog.get_config()
    structlog.configure(processors=[capture], cache_logger_on_first_use=False)
    yield capture.entries
    structlog.configure(**before)


async def test_a_key_that_asks_too_often_is_told_when_to_come_again(
    logged: list[MutableMapping[str, Any]],
) -> None:
    server = Server()
    async with server.serving(requests_per_second=1) as url, open_client(url, KEYS["first"]) as client:
        answers = [await client.get("/api/nowhere") for _ in range(12)]
        refused = answers[-1]
        async with open_client(url, KEYS["second"]) as neighbour:
            assert (await neighbour.get("/api/nowhere")).status_code == 404
        assert (await client.get("/livez")).status_code == 200
    assert [answer.status_code for answer in answers[:5]] == [404] * 5
    assert answers[0].headers["RateLimit"] == '"key";r=4'
    assert refused.status_code == 429
    assert {name: refused.headers[name] for name in ("Retry-After", "RateLimit", "RateLimit-Policy")} == {
        "Retry-After": "1",
        "RateLimit": '"key";r=0;t=1',
        "RateLimit-Policy": '"key";q=5;w=5',
    }
    problem = refused.json()
    assert (problem["code"], problem["retryable"]) == ("rate_limit:api", True)
    assert refused.headers["X-Content-Type-Options"] == "nosniff"
    assert server.denied == 0, "asking too often is no attempt to get in"
    said = [line for line in logged if line["event"] == "requests_refused"]
    assert [(line["source"], line["count"]) for line in said] == [("first", 1)]


async def test_without_a_limit_nothing_is_said_of_one() -> None:
    async with Server().serving(requests_per_second=0) as url, open_client(url, KEYS["first"]) as client:
        answers = [await client.get("/api/nowhere") for _ in range(50)]
    assert {answer.status_code for answer in answers} == {404}
    assert "RateLimit" not in answers[0].headers


async def test_an_address_that_guesses_keys_is_soon_not_even_heard() -> None:
    server = Server()
    async with server.serving(requests_per_second=0) as url, open_client(url) as client:

        async def ask(key: str) -> Any:
            return await client.get("/api/nowhere", headers={"Authorization": f"Bearer {key}"})

        assert (await ask(KEYS["first"])).status_code == 404
        statuses = []
        for number in range(GUESSES_MAX):
            refused = await ask(write_key(key_id=f"guess{number}", secret=bytes(32)))
            statuses.append(refused.status_code)
            if refused.status_code == 429:
                break
        asked = server.asked
        assert (await ask("wb_no_key_at_all")).status_code == 401
        assert (await client.get("/api/nowhere")).status_code == 401
        assert (await ask(KEYS["first"])).status_code == 404
    assert statuses[:WRONG_KEYS_BURST] == [401] * WRONG_KEYS_BURST
    assert statuses[-1] == 429
    assert refused.headers["RateLimit-Policy"] == '"wrong-keys";q=100;w=10'
    assert asked == 1 + statuses.count(401)
    assert server.denied == statuses.count(401) + 2
