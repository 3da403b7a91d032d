"""Whatever is wrong with a request, its answer says so in one form, and nothing has happened."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from adapters.http.requests import BODY_BYTES_MAX
from adapters.http.skills import BODY_BYTES_MAX as SKILL_BODY_BYTES_MAX
from domain.access.events import AccessDenied
from tests.adapters.http.bad_input import CASES, JSON, RUN, Case
from tests.adapters.http.serving import Api, skill_files
from tests.adapters.http.test_access import NEEDED, PUBLIC

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def stage(api: Api) -> Api:
    """A skill, a connection that works, one that does not, and a run that is under way."""
    await api.register("stays")
    await api.connect("stays")
    await api.connect("inactive", kind="openai")
    await api.queue("stays", "stays")
    return api


def is_problem(answer: httpx2.Response, *, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    problem: dict[str, Any] = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert problem["type"] == f"urn:waybill:error:{code}"
    assert problem["status"] == status
    assert problem["requestId"] == answer.headers["X-Request-ID"]
    assert problem["instance"] == answer.request.url.raw_path.decode().partition("?")[0]
    assert problem["title"]
    assert problem["detail"]
    return problem


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name[:60])
async def test_it_is_refused_and_nothing_happens(stage: Api, case: Case) -> None:
    head = await stage.head()
    content = json.dumps(case.body).encode() if case.content is None and case.method == "POST" else case.content
    answer = await stage.admin.request(
        case.method, case.path, content=content, headers=JSON if case.headers is None else case.headers
    )
    problem = is_problem(answer, status=case.status, code=case.code)
    assert tuple(error["pointer"] for error in problem["errors"]) == case.pointers
    assert all(error["message"] for error in problem["errors"])
    assert [event.event for event in await stage.events(after=head) if not isinstance(event.event, AccessDenied)] == []


@pytest.mark.parametrize(
    ("path", "bytes_max"), [("/api/install-runs", BODY_BYTES_MAX), ("/api/skills", SKILL_BODY_BYTES_MAX)]
)
async def test_a_body_that_does_not_say_its_size_is_bounded_all_the_same(stage: Api, path: str, bytes_max: int) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(2 * bytes_max // 65536):
            sent += 65536
            yield b" " * 65536

    answer = await stage.admin.post(path, content=endless(), headers=JSON)
    problem = is_problem(answer, status=413, code="too_large:api")
    assert str(bytes_max) in problem["detail"]


async def test_a_body_that_says_it_is_too_large_is_not_read(stage: Api) -> None:
    """Nothing but the headers is sent, so an answer shows that nobody waits for the rest."""
    announced = JSON | {"Content-Length": str(SKILL_BODY_BYTES_MAX + 1)}
    request = f"POST /api/skills HTTP/1.1\r\nHost: waybill\r\nAuthorization: {stage.admin.headers['Authorization']}\r\n"
    request += "".join(f"{name}: {value}\r\n" for name, value in announced.items())
    assert b"413" in await stage.send_raw(request.encode() + b"\r\n")


async def test_a_client_that_goes_away_in_the_middle_leaves_nothing_behind(stage: Api) -> None:
    head = await stage.head()
    request = f"POST /api/skills HTTP/1.1\r\nHost: waybill\r\nAuthorization: {stage.admin.headers['Authorization']}\r\n"
    request += "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
    await stage.send_raw(request.encode(), and_leave=True)
    assert (await stage.admin.get("/api/skills")).status_code == 200
    assert await stage.head() == head


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"']
)
async def test_json_may_be_announced_as_people_do(stage: Api, content_type: str) -> None:
    answer = await stage.admin.post(
        "/api/skills", content=json.dumps(skill_files("stays")), headers={"Content-Type": content_type}
    )
    assert answer.status_code == 200


async def test_no_route_takes_a_parameter_that_it_does_not_know(stage: Api) -> None:
    document = (await stage.anonymous.get("/openapi.json")).json()
    asked = {(method, path) for path, methods in document["paths"].items() for method in methods}
    assert len(asked) == len(NEEDED) + len(PUBLIC)
    for method, path in asked:
        answer = await stage.admin.request(method, re.sub(r"{\w+}", "stays", path) + "?nonsense=1")
        problem = is_problem(answer, status=400, code="bad_request:api")
        assert [error["pointer"] for error in problem["errors"]] == ["?nonsense"]


async def test_the_runs_in_the_way_are_named(stage: Api) -> None:
    run = (await stage.admin.get("/api/install-runs")).json()["items"][0]
    answer = await stage.admin.post("/api/install-runs", json=RUN | {"onDuplicate": "reject"})
    problem = is_problem(answer, status=409, code="conflict:install_runs")
    assert (problem["conflictingRuns"], problem["retryable"]) == ([run["id"]], True)
