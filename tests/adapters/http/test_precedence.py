"""Of several things that are wrong with a request, the answer is about the first one in the order that the contract gives."""

from collections.abc import Mapping
from typing import Any, Final

import pytest
from msgspec import Struct

from domain.events import Role
from tests.adapters.http.serving import Api

pytestmark = pytest.mark.anyio

JSON: Final = "application/json"


class Wrong(Struct, frozen=True, kw_only=True):
    """A request with several faults; `pointer` is that of the first error, where there is one."""

    id: str
    status: int
    code: str
    role: Role | None = Role.ADMIN
    method: str = "POST"
    path: str = "/api/install-runs"
    content: bytes = b"{"
    content_type: str = JSON
    headers: Mapping[str, str] = {}
    pointer: str | None = None


CASES: Final = (
    Wrong(id="no key, no such address", role=None, path="/api/nowhere", status=401, code="unauthorized:auth"),
    Wrong(id="no key, wrong method", role=None, method="PATCH", status=401, code="unauthorized:auth"),
    Wrong(id="no such address, wrong query", path="/api/nowhere?x=1", status=404, code="not_found:api"),
    Wrong(id="wrong method, wrong role", role=Role.VIEWER, method="PATCH", status=405, code="not_allowed:api"),
    Wrong(
        id="wrong role, wrong query", role=Role.VIEWER, path="/api/install-runs?x=1", status=403, code="forbidden:auth"
    ),
    Wrong(id="wrong role, wrong body", role=Role.VIEWER, status=403, code="forbidden:auth"),
    Wrong(
        id="wrong query, wrong type",
        path="/api/install-runs?x=1",
        content_type="text/plain",
        status=400,
        code="bad_request:api",
        pointer="?x",
    ),
    Wrong(
        id="wrong query, wrong key",
        path="/api/install-runs?x=1",
        headers={"Idempotency-Key": ""},
        status=400,
        code="bad_request:api",
        pointer="?x",
    ),
    Wrong(id="wrong type, wrong body", content_type="text/plain", status=415, code="unsupported:api"),
    Wrong(id="too large, wrong body", content=b"{" * (1024 * 1024 + 1), status=413, code="too_large:api"),
    Wrong(
        id="wrong type, too large",
        content=b"{" * (1024 * 1024 + 1),
        content_type="text/plain",
        status=415,
        code="unsupported:api",
    ),
    Wrong(id="wrong key, wrong body", headers={"Idempotency-Key": ""}, status=400, code="bad_request:api"),
    Wrong(
        id="wrong body, no such skill",
        content=b'{"skill": "nowhere", "providers": [1]}',
        status=400,
        code="bad_request:api",
        pointer="/providers/0",
    ),
    Wrong(
        id="key used before, no such skill",
        content=b'{"skill": "nowhere", "providers": ["nowhere"]}',
        headers={"Idempotency-Key": "used"},
        status=422,
        code="unprocessable:idempotency",
    ),
    Wrong(
        id="no such skill, no such provider",
        content=b'{"skill": "nowhere", "providers": ["nowhere"]}',
        status=404,
        code="not_found:skills",
    ),
)


@pytest.fixture(scope="module")
async def stage(api: Api) -> Api:
    """Somebody has used the key `used`, for something that was done."""
    await api.register("stays")
    await api.connect("stays")
    body: dict[str, Any] = {"skill": "stays", "providers": ["stays"]}
    answer = await api.admin.post("/api/install-runs", json=body, headers={"Idempotency-Key": "used"})
    assert answer.status_code == 202
    return api


@pytest.mark.parametrize("wrong", CASES, ids=lambda wrong: wrong.id)
async def test_the_first_thing_that_is_wrong_is_the_answer(stage: Api, wrong: Wrong) -> None:
    answer = await stage.client(wrong.role).request(
        wrong.method, wrong.path, content=wrong.content, headers={"Content-Type": wrong.content_type, **wrong.headers}
    )
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (wrong.status, wrong.code), answer.text
    assert next((error["pointer"] for error in problem["errors"]), None) == wrong.pointer
