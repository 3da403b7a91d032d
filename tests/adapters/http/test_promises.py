"""What holds every answer of these tests to the OpenAPI document is able to find what the document does not say."""

import httpx2
import pytest

from tests.adapters.http.promises import broken_promise, hold_to_promise, operation_of
from tests.adapters.http.serving import open_client

pytestmark = pytest.mark.anyio

ALWAYS = {"X-Request-ID": "a", "traceparent": "b"}
PROBLEM = ALWAYS | {"Content-Type": "application/problem+json"}
JSON = ALWAYS | {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("status", "headers", "code", "broken"),
    [
        (200, JSON, None, None),
        (404, PROBLEM, "not_found:skills", None),
        (418, PROBLEM, "teapot:api", "status 418"),
        (404, PROBLEM, "not_found:providers", "not_found:providers"),
        (200, ALWAYS | {"Content-Type": "text/html"}, None, "text/html under 200"),
        (200, JSON | {"X-Skill": "a"}, None, "x-skill"),
        (200, JSON | {"Retry-After": "1"}, None, "retry-after"),
    ],
)
def test_it_finds_what_is_not_promised(
    status: int, headers: dict[str, str], code: str | None, broken: str | None
) -> None:
    operation = operation_of("GET", "/api/skills/kbo-results")
    assert operation is not None
    found = broken_promise(operation, status=status, headers=httpx2.Headers(headers), code=code)
    assert (found is None) if broken is None else (broken in (found or ""))


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/api/skills", "listSkills"),
        ("HEAD", "/api/skills", "listSkills"),
        ("POST", "/api/installations/verify", "verifyInstallations"),
        ("DELETE", "/api/skills", None),
        ("GET", "/api/nowhere", None),
    ],
)
def test_it_knows_which_operation_a_request_is_for(method: str, path: str, name: str | None) -> None:
    assert (operation_of(method, path) or {}).get("operationId") == name


async def test_a_broken_promise_fails_the_test_that_meets_it() -> None:
    asked = httpx2.Request("GET", "http://127.0.0.1:1/api/skills")
    await hold_to_promise(httpx2.Response(200, headers=JSON, request=asked, json={}))
    with pytest.raises(AssertionError, match="listSkills says nothing of status 418"):
        await hold_to_promise(httpx2.Response(418, headers=JSON, request=asked, json={}))


async def test_every_client_of_these_tests_is_held_to_it() -> None:
    async with open_client("http://127.0.0.1:1") as client:
        assert [hook.__name__ for hook in client.event_hooks["response"]] == ["hold_to_promise"]
