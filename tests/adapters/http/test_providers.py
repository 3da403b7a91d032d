"""Provider connections over HTTP: changed and verified, against the sandbox, as an admin does it."""

from collections.abc import AsyncIterator
from typing import Any, Final

import pytest

from domain.events import Role
from tests.adapters.http.serving import Api, serving
from tests.kit.sandboxed import Served
from tests.kit.sandboxed import serving as serving_sandbox

pytestmark = pytest.mark.anyio

WRONG: Final = "sk-revoked-1"
MEMBERS: Final = (
    "id name kind active shelved paused pausedUntil pausedBy verification baseUrl organization project baseAgent"
    " concurrencyMax position"
)


@pytest.fixture(scope="module")
async def sandbox(anyio_backend: str) -> AsyncIterator[Served]:
    async with serving_sandbox(None) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
async def api(sandbox: Served, module_database: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    folder = tmp_path_factory.mktemp("credentials")
    (folder / "second").write_text("sk-second-account\n")
    urls: Any = {"openai": f"{sandbox.url}/openai/v1", "noop": sandbox.url}
    async with serving(module_database, folder, base_urls=urls) as api:
        yield api


async def connected(api: Api, name: str, **more: object) -> dict[str, Any]:
    return await api.connect(name, kind="openai", **more)


async def change(api: Api, name: str, body: Any, *, status: int = 200) -> dict[str, Any]:
    answer = await api.admin.patch(f"/api/providers/{name}", json=body)
    assert answer.status_code == status, answer.text
    changed: dict[str, Any] = answer.json()
    return changed


async def test_a_change_is_verified_and_answered_with_what_came_of_it(api: Api) -> None:
    before = await connected(api, "changed")
    assert list(before) == MEMBERS.split()
    refused = await change(api, "changed", {"credential": WRONG})
    assert (refused["active"], refused["shelved"], refused["verification"]["status"]) == (False, False, "failed")
    assert refused["verification"]["code"] == "unauthorized:provider"
    assert refused["verification"]["message"]
    accepted = await change(api, before["id"], {"credential": "file:second", "project": "proj_2"})
    assert (accepted["active"], accepted["verification"]["status"], accepted["project"]) == (True, "ok", "proj_2")
    shown = (await api.clients[Role.VIEWER].get("/api/providers/changed")).json()
    assert shown == accepted | {"stale": False}


async def test_null_clears_what_may_be_without_a_value(api: Api) -> None:
    given = {"organization": "org-1", "project": "proj_1", "baseAgent": "agent-1"}
    before = await connected(api, "cleared", **given)
    assert {name: before[name] for name in given} == given
    changed = await change(api, "cleared", {"organization": None, "project": None})
    assert (changed["organization"], changed["project"], changed["baseAgent"]) == (None, None, "agent-1")
    assert (await change(api, "cleared", {"baseAgent": None}))["baseAgent"] is None


async def test_places_change_without_a_call_to_the_provider(api: Api, sandbox: Served) -> None:
    before = await connected(api, "placed")
    calls = len(await sandbox.calls())
    changed = await change(api, "placed", {"concurrencyMax": 9})
    assert changed == before | {"concurrencyMax": 9, "position": changed["position"]}
    assert len(await sandbox.calls()) == calls


async def test_out_of_use_and_back(api: Api, sandbox: Served) -> None:
    await connected(api, "shelf")
    calls = len(await sandbox.calls())
    away = await change(api, "shelf", {"active": False})
    assert (away["active"], away["shelved"], away["verification"]["status"]) == (False, True, "ok")
    assert len(await sandbox.calls()) == calls
    await api.register("unwanted")
    run = await api.admin.post("/api/install-runs", json={"skill": "unwanted", "providers": ["shelf"]})
    assert (run.status_code, run.json()["code"]) == (409, "conflict:providers")
    verified = (await api.admin.post("/api/providers/shelf/verify")).json()
    assert (verified["active"], verified["verification"]["status"]) == (False, "ok")
    back = await change(api, "shelf", {"active": True})
    assert (back["active"], back["shelved"]) == (True, False)


async def test_a_verification_tells_what_the_provider_says_now(api: Api, sandbox: Served) -> None:
    await connected(api, "asked")
    await sandbox.fault("status", operation="list", status=503)
    overloaded = await api.admin.post("/api/providers/asked/verify")
    assert (overloaded.status_code, overloaded.json()["active"]) == (200, True)
    assert overloaded.json()["verification"]["code"] == "overloaded:provider"
    await sandbox.fault("status", operation="list", status=403)
    forbidden = (await api.admin.post("/api/providers/asked/verify")).json()
    assert (forbidden["active"], forbidden["verification"]["code"]) == (False, "forbidden:provider")
    assert forbidden["verification"]["message"]
    answers = (await api.admin.post(f"/api/providers/{forbidden['id']}/verify")).json()
    assert (answers["active"], answers["verification"]["code"]) == (True, None)


async def test_another_address_needs_the_credential_again(api: Api, sandbox: Served) -> None:
    before = await connected(api, "moved")
    elsewhere = f"{sandbox.url.replace('127.0.0.1', 'localhost')}/openai/v1"
    problem = await change(api, "moved", {"baseUrl": elsewhere}, status=400)
    assert [error["pointer"] for error in problem["errors"]] == ["/credential"]
    assert (await api.admin.get("/api/providers/moved")).json() == before | {"stale": False}
    moved = await change(api, "moved", {"baseUrl": f"{elsewhere}/", "credential": "sk-moved"})
    assert (moved["baseUrl"], moved["active"]) == (elsewhere, True)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, None),
        ({"name": "other"}, "/name"),
        ({"active": True, "kind": "claude"}, "/kind"),
        ({"places": 4}, "/places"),
        ({"active": None}, "/active"),
        ({"active": "yes"}, "/active"),
        ({"baseUrl": None}, "/baseUrl"),
        ({"credential": None}, "/credential"),
        ({"concurrencyMax": None}, "/concurrencyMax"),
        ({"concurrencyMax": 65}, "/concurrencyMax"),
        ({"project": "a\r\nX-Evil: 1"}, "/project"),
        ({"project": ""}, "/project"),
        ({"baseAgent": "a b"}, "/baseAgent"),
        ({"baseUrl": "http://169.254.169.254/latest", "credential": "sk-a"}, "/baseUrl"),
        ([], ""),
    ],
)
async def test_what_cannot_be_meant_is_refused_and_changes_nothing(api: Api, body: Any, pointer: str | None) -> None:
    if (await api.admin.get("/api/providers/strict")).status_code == 404:
        await connected(api, "strict")
    head = await api.head()
    problem = await change(api, "strict", body, status=400)
    assert [error["pointer"] for error in problem["errors"]] == ([] if pointer is None else [pointer])
    assert problem["code"] == "bad_request:api"
    assert await api.head() == head


async def test_what_lasts_is_said_to_last(api: Api) -> None:
    problem = await change(api, "strict", {"name": "other"}, status=400)
    assert "connect another one" in problem["detail"]


@pytest.mark.parametrize("credential", ["env:PATH", "file:../x", "with space", ""])
async def test_a_credential_that_can_be_none_is_refused(api: Api, credential: str) -> None:
    problem = await change(api, "strict", {"credential": credential}, status=422)
    assert problem["code"] == "unprocessable:providers"
    assert [error["pointer"] for error in problem["errors"]] == ["/credential"]


async def test_what_is_not_there_can_be_neither_changed_nor_verified(api: Api) -> None:
    problem = await change(api, "nobody", {"active": True}, status=404)
    assert problem["code"] == "not_found:providers"
    answer = await api.admin.post("/api/providers/nobody/verify")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found:providers")


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
async def test_only_an_admin_changes_or_verifies(api: Api, role: Role) -> None:
    for method, path in (("PATCH", "/api/providers/strict"), ("POST", "/api/providers/strict/verify")):
        assert (await api.clients[role].request(method, path, json={"active": False})).status_code == 403


async def test_two_connections_of_one_kind_work_side_by_side(api: Api) -> None:
    """Each with a credential and a project of its own; what happens to one is nothing to the other."""
    await connected(api, "team-a", credential="sk-team-a", project="proj_a")
    await connected(api, "team-b", credential="sk-team-b", project="proj_b")
    await change(api, "team-b", {"credential": WRONG})
    shown = {item["name"]: item for item in (await api.admin.get("/api/providers?limit=200")).json()["items"]}
    assert [(shown[name]["active"], shown[name]["project"]) for name in ("team-a", "team-b")] == [
        (True, "proj_a"),
        (False, "proj_b"),
    ]


async def test_no_answer_holds_a_credential(api: Api) -> None:
    answers = [
        await api.admin.patch("/api/providers/strict", json={"credential": "sk-canary-0123456789"}),
        await api.admin.post("/api/providers/strict/verify"),
        await api.admin.get("/api/providers?limit=200"),
        await api.admin.patch("/api/providers/strict", json={"credential": ["sk-canary-0123456789"]}),
        await api.admin.patch("/api/providers/strict", json={"credential": "sk-canary-0123456789", "name": "a"}),
        await api.admin.get("/api/audit-log?limit=200"),
    ]
    assert not [answer.text for answer in answers if "canary" in answer.text]


async def test_the_audit_log_says_who_changed_what(api: Api) -> None:
    await connected(api, "audited")
    await change(api, "audited", {"active": False})
    entries = (await api.admin.get("/api/audit-log?target=provider:audited")).json()["items"]
    assert (entries[0]["action"], entries[0]["actor"]["id"]) == ("provider.deactivated", "admin")
