"""Pages of other origins may call the API where the settings name them, and nowhere else; errors they may read too."""

from collections.abc import AsyncIterator
from typing import Final

import httpx2
import pytest

from adapters.http.app import build_app
from adapters.http.cors import EXPOSED_HEADERS, METHODS, REQUEST_HEADERS
from adapters.http.denials import Denials
from domain.errors import Unauthorized
from domain.events import Actor, Role
from tests.adapters.http.bare import bare_application, forget
from tests.adapters.http.serving import listening, open_client

pytestmark = pytest.mark.anyio

CONSOLE: Final = "https://console.example"
LOCAL: Final = "http://localhost:5173"
PREFLIGHT: Final = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization"}
ELSEWHERE: Final = (
    "https://evil.example",
    "https://console.example.evil.example",
    "https://console.example:8443",
    "http://console.example",
    "https://CONSOLE.example",
    "null",
    "*",
    "",
)


async def only_admin(text: str | None) -> Actor:
    if text != "admin":
        raise Unauthorized
    return Actor(kind="api_key", id="admin", name="admin", role=Role.VIEWER)


def app(*origins: str) -> object:
    return build_app(
        application=bare_application(),
        authenticate=only_admin,
        denials=Denials(record=forget),
        checks=(),
        version="0.0.0",
        cors_origins=origins,
        requests_per_second=1,
    )


@pytest.fixture(scope="module")
async def client(anyio_backend: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with listening(app(CONSOLE, LOCAL)) as url, open_client(url) as client:
        yield client


@pytest.fixture(scope="module")
async def closed(anyio_backend: str) -> AsyncIterator[httpx2.AsyncClient]:
    """Where no origin is named."""
    async with listening(app()) as url, open_client(url) as client:
        yield client


def said(answer: httpx2.Response) -> dict[str, str]:
    """What an answer says to browsers about other origins."""
    return {
        name: value for name, value in answer.headers.items() if name.startswith("access-control-") or name == "vary"
    }


@pytest.mark.parametrize("origin", [CONSOLE, LOCAL])
@pytest.mark.parametrize("path", ["/api/skills", "/api/nowhere", "/livez"])
async def test_a_named_origin_may_ask_before_it_has_a_key(client: httpx2.AsyncClient, origin: str, path: str) -> None:
    answer = await client.options(path, headers={"Origin": origin} | PREFLIGHT)
    assert (answer.status_code, answer.content) == (204, b"")
    assert said(answer) == {
        "vary": "Origin",
        "access-control-allow-origin": origin,
        "access-control-expose-headers": EXPOSED_HEADERS.decode(),
        "access-control-allow-methods": METHODS.decode(),
        "access-control-allow-headers": REQUEST_HEADERS.decode(),
        "access-control-max-age": "7200",
    }
    assert answer.headers["X-Request-ID"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("asked", "key", "status"),
    [
        (("GET", "/livez"), None, 200),
        (("GET", "/nowhere"), None, 404),
        (("GET", "/api/skills"), None, 401),
        (("GET", f"/{'x' * 9000}"), None, 400),
        (("DELETE", "/livez"), None, 405),
        (("OPTIONS", "/livez"), None, 204),
        (("POST", "/api/providers"), "admin", 403),
    ],
    ids=["200", "404", "401", "400", "405", "options", "403"],
)
async def test_a_named_origin_may_read_every_answer(
    client: httpx2.AsyncClient, asked: tuple[str, str], key: str | None, status: int
) -> None:
    headers = {"Origin": CONSOLE} | ({"Authorization": f"Bearer {key}"} if key else {})
    answer = await client.request(*asked, headers=headers)
    assert answer.status_code == status
    assert said(answer) == {
        "vary": "Origin",
        "access-control-allow-origin": CONSOLE,
        "access-control-expose-headers": EXPOSED_HEADERS.decode(),
    }


async def test_a_named_origin_may_read_that_it_asks_too_often(client: httpx2.AsyncClient) -> None:
    headers = {"Origin": CONSOLE, "Authorization": "Bearer admin"}
    answers = [await client.get("/api/nowhere", headers=headers) for _ in range(7)]
    assert [answer.status_code for answer in answers][-1] == 429
    assert said(answers[-1])["access-control-allow-origin"] == CONSOLE
    assert int(answers[-1].headers["Retry-After"]) >= 1


@pytest.mark.parametrize("origin", ELSEWHERE)
async def test_no_other_origin_is_let_in(client: httpx2.AsyncClient, origin: str) -> None:
    asked = await client.options("/api/skills", headers={"Origin": origin} | PREFLIGHT)
    assert (asked.status_code, said(asked)) == (401, {"vary": "Origin"})
    answer = await client.get("/livez", headers={"Origin": origin})
    assert (answer.status_code, said(answer)) == (200, {"vary": "Origin"})


async def test_who_has_no_origin_learns_that_there_are_some(client: httpx2.AsyncClient) -> None:
    assert said(await client.get("/livez")) == {"vary": "Origin"}


@pytest.mark.parametrize("origin", [CONSOLE, *ELSEWHERE])
async def test_unless_it_is_set_no_origin_is_let_in(closed: httpx2.AsyncClient, origin: str) -> None:
    asked = await closed.options("/api/skills", headers={"Origin": origin} | PREFLIGHT)
    assert (asked.status_code, said(asked)) == (401, {})
    assert said(await closed.get("/livez", headers={"Origin": origin})) == {}
