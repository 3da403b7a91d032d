"""What Gemini refuses, and how it says so in either of its forms: ids, sources, sizes, keys, queries, faults."""

import base64
from typing import Any

import pytest
from google.genai import _interactions as interactions

from adapters.sandbox import gemini as routes
from adapters.sandbox.gemini_wire import FILE_BYTES_MAX, SOURCES_BYTES_MAX
from tests.adapters.sandbox.gemini_sdk import BASE_AGENT, KEY, agent, gemini, inline
from tests.kit.sandboxed import Served

pytestmark = pytest.mark.anyio

CLASSIC, INTERACTIONS = "/gemini", "/gemini-interactions"
ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"
RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"


def encoded(size: int) -> str:
    return base64.b64encode(bytes(size)).decode()


BROKEN_IDS = ["", "a" * 64, "1a", "-a", "a-", "My-agent", "my_agent", "my agent", "에이전트"]
RESERVED_IDS = ["google-skills", "gemini-", "kaggle-a", "Google-skills", "ANTIGRAVITY-preview"]
BROKEN = {
    "no such base agent": agent(base_agent="antigravity-preview-05-2026"),
    "no base agent": {"id": "my-agent"},
    "no id": {"base_agent": BASE_AGENT},
    "unknown field": agent(base_agnet="x"),
    "camel case": {"id": "my-agent", "baseAgent": BASE_AGENT},
    "environment of another type": agent() | {"base_environment": {"type": "local"}},
    "source of another type": agent({"type": "ftp", "target": "a", "content": "x"}),
    "no target": agent({"type": "inline", "content": "x"}),
    "the root as target": agent(inline("/", "x")),
    "an empty target": agent(inline("", "x")),
    "a target above the root": agent(inline("a/../../b", "x")),
    "no content": agent({"type": "inline", "target": "a"}),
    "another encoding": agent(inline("a", "x", "rot13")),
    "broken base64": agent(inline("a", "eA=", "base64")),
    "base64 over lines": agent(inline("a", "eA==\n", "base64")),
    "a file too large": agent(inline("a", "x" * (FILE_BYTES_MAX + 1))),
    "a file too large in bytes": agent(inline("a", "가" * (FILE_BYTES_MAX // 3 + 1))),
    "an encoded file too large": agent(inline("a", encoded(FILE_BYTES_MAX + 1), "base64")),
    "files too large together": agent(*(inline(name, encoded(SOURCES_BYTES_MAX // 3 + 1), "base64") for name in "abc")),
}


async def posted(sandbox: Served, given: Any, path: str = CLASSIC) -> tuple[int, dict[str, Any]]:
    body: dict[str, Any] = {"content": given} if isinstance(given, bytes) else {"json": given}
    answer = await sandbox.http.post(f"{path}/v1beta/agents", headers={"x-goog-api-key": KEY}, **body)
    return answer.status_code, answer.json()


async def test_an_agent_that_breaks_a_rule_is_refused(sandbox: Served, subtests: pytest.Subtests) -> None:
    for case, given in BROKEN.items():
        with subtests.test(case):
            status, body = await posted(sandbox, given)
            assert (status, body["error"]["code"], body["error"]["status"]) == (400, 400, "INVALID_ARGUMENT")
            status, body = await posted(sandbox, given, INTERACTIONS)
            assert (status, body["error"]["code"]) == (400, "invalid_request")
            assert await sandbox.ledger() == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"null"])
async def test_a_body_that_is_no_agent_is_refused(sandbox: Served, body: bytes) -> None:
    status, answer = await posted(sandbox, body)
    assert (status, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize(("names", "reason"), [(BROKEN_IDS, "1-63 lowercase"), (RESERVED_IDS, "reserved")])
async def test_an_id_follows_the_rules(sandbox: Served, names: list[str], reason: str) -> None:
    for name in names:
        with pytest.raises(interactions.BadRequestError, match=reason):
            await gemini(sandbox).create(**agent(id=name))
    assert await sandbox.ledger() == []


@pytest.mark.parametrize("name", ["a", "a1", "a--b", "a" * 63, "googles-skills", "my-google-skills"])
async def test_an_id_may_be(sandbox: Served, name: str) -> None:
    assert (await gemini(sandbox).create(**agent(id=name))).id == name


async def test_files_of_the_largest_size_are_taken(sandbox: Served) -> None:
    files = [inline("a", "x" * FILE_BYTES_MAX), inline("b", encoded(FILE_BYTES_MAX), "base64")]
    await gemini(sandbox).create(**agent(*files, {"type": "repository", "source": "https://x/y", "target": "c"}))
    assert len(await sandbox.ledger()) == 1


async def test_an_id_is_used_once(sandbox: Served) -> None:
    agents = gemini(sandbox)
    await agents.create(**agent(description="First."))
    with pytest.raises(interactions.ConflictError) as caught:
        await agents.create(**agent(description="Second."))
    assert caught.value.response.json()["error"]["status"] == "ALREADY_EXISTS"
    assert (await agents.get("my-agent")).description == "First."
    await agents.delete("my-agent")
    await agents.create(**agent(description="Second."))


async def test_an_account_has_so_many_agents(sandbox: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    assert routes.AGENTS_MAX == 1000
    monkeypatch.setattr(routes, "AGENTS_MAX", 2)
    for name in ("a", "b"):
        await gemini(sandbox).create(**agent(id=name))
    with pytest.raises(interactions.RateLimitError, match="at most 2 agents"):
        await gemini(sandbox).create(**agent(id="c"))
    await gemini(sandbox, "AIza-account-b").create(**agent(id="c"))


@pytest.mark.parametrize(
    ("key", "status", "name", "reason"),
    [
        ("AIza-revoked", 400, "INVALID_ARGUMENT", "API_KEY_INVALID"),
        ("AIza-noscope", 403, "PERMISSION_DENIED", "API_KEY_SERVICE_BLOCKED"),
        ("", 403, "PERMISSION_DENIED", None),
    ],
)
async def test_a_key_that_may_not_is_refused(
    sandbox: Served, *, key: str, status: int, name: str, reason: str | None
) -> None:
    for method, url in (("GET", "agents"), ("POST", "agents"), ("GET", "agents/a"), ("DELETE", "agents/a")):
        answer = await sandbox.http.request(method, f"/gemini/v1beta/{url}", headers={"x-goog-api-key": key})
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["status"]) == (status, status, name)
        assert [detail["reason"] for detail in error.get("details", [])] == ([reason] if reason else [])
        assert not key or key not in answer.text


@pytest.mark.parametrize(
    ("key", "status", "code"),
    [("AIza-revoked", 401, "authentication"), ("AIza-noscope", 403, "permission_denied"), ("", 401, "authentication")],
)
async def test_a_key_that_may_not_is_refused_in_the_other_form(
    sandbox: Served, key: str, status: int, code: str
) -> None:
    answer = await sandbox.http.get(f"{INTERACTIONS}/v1beta/agents", headers={"x-goog-api-key": key})
    assert answer.status_code == status
    assert answer.json()["error"].keys() == {"code", "message"}
    assert answer.json()["error"]["code"] == code


async def test_a_key_goes_into_its_own_header(sandbox: Served) -> None:
    answer = await sandbox.http.get("/gemini/v1beta/agents", headers={"authorization": f"Bearer {KEY}"})
    assert answer.status_code == 403


@pytest.mark.parametrize("query", ["page_size=-1", "page_size=x", "page_token=nobody"])
async def test_a_query_that_is_not_valid_is_refused(sandbox: Served, query: str) -> None:
    answer = await sandbox.http.get(f"/gemini/v1beta/agents?{query}", headers={"x-goog-api-key": KEY})
    assert (answer.status_code, answer.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize(
    ("method", "url", "status", "name"),
    [
        ("GET", "nothing", 404, "NOT_FOUND"),
        ("PATCH", "agents/a", 405, "UNKNOWN"),
        ("DELETE", "agents/", 405, "UNKNOWN"),
    ],
)
async def test_unknown_addresses_are_refused_in_googles_form(
    sandbox: Served, *, method: str, url: str, status: int, name: str
) -> None:
    answer = await sandbox.http.request(method, f"/gemini/v1beta/{url}", headers={"x-goog-api-key": KEY})
    assert (answer.status_code, answer.json()["error"]["status"]) == (status, name)


FAULTS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (CLASSIC, {"status": 404}, {"code": 404, "status": "NOT_FOUND"}),
    (CLASSIC, {"status": 400, "code": "FAILED_PRECONDITION"}, {"code": 400, "status": "FAILED_PRECONDITION"}),
    (CLASSIC, {"status": 418}, {"code": 418, "status": "UNKNOWN"}),
    (INTERACTIONS, {"status": 404}, {"code": "not_found"}),
    (INTERACTIONS, {"status": 429, "code": "quota_exceeded"}, {"code": "quota_exceeded"}),
    (INTERACTIONS, {"status": 418}, {"code": "unknown"}),
]


@pytest.mark.parametrize(("path", "fault", "error"), FAULTS)
async def test_a_fault_is_told_in_googles_form(
    sandbox: Served, path: str, fault: dict[str, Any], error: dict[str, Any]
) -> None:
    await sandbox.fault("status", provider="gemini", **fault)
    status, body = await posted(sandbox, agent(), path)
    assert status == fault["status"]
    assert body == {"error": error | {"message": f"The sandbox was told to answer {status}."}}


async def test_a_reason_stands_in_the_details(sandbox: Served) -> None:
    await sandbox.fault("status", provider="gemini", status=403, code="SERVICE_DISABLED")
    _, body = await posted(sandbox, agent())
    assert body["error"]["status"] == "PERMISSION_DENIED"
    (detail,) = body["error"]["details"]
    assert (detail["@type"], detail["reason"], detail["domain"]) == (ERROR_INFO, "SERVICE_DISABLED", "googleapis.com")


@pytest.mark.parametrize("path", [CLASSIC, INTERACTIONS])
async def test_when_to_come_back_stands_in_the_header_and_where_there_are_details_there(
    sandbox: Served, path: str
) -> None:
    await sandbox.fault("status", provider="gemini", status=429, retryAfterSeconds=41)
    with pytest.raises(interactions.RateLimitError) as caught:
        await gemini(sandbox, path=path).create(**agent())
    assert caught.value.response.headers["retry-after"] == "41"
    expected = [{"@type": RETRY_INFO, "retryDelay": "41s"}] if path == CLASSIC else None
    assert caught.value.response.json()["error"].get("details") == expected
