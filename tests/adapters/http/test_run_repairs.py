"""Cancelling, retrying and rolling back over HTTP: what is answered, and what is refused with which reason."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from domain.events import Role
from tests.adapters.http.serving import Api, serving

pytestmark = pytest.mark.anyio

CALLERS = 20
RUNS = "/api/install-runs"
ACTIONS = ("cancel", "retry", "rollback")


@pytest.fixture(scope="module")
async def api(anyio_backend: str, module_database: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    folder: Path = tmp_path_factory.mktemp("credentials")
    async with serving(module_database, folder) as served:
        for name in ("one", "two"):
            await served.connect(name)
        yield served


async def queue(api: Api, skill: str, *providers: str) -> dict[str, Any]:
    await api.admin.post("/api/skills", json=files(skill))
    return await api.queue(skill, *providers)


def files(skill: str, text: str = "one") -> dict[str, Any]:
    content = f"---\nname: {skill}\ndescription: Does a thing.\n---\n\n{text}\n"
    return {"files": [{"path": "SKILL.md", "content": content}]}


async def ask(api: Api, run: dict[str, Any], action: str, body: Any = None) -> httpx2.Response:
    return await api.clients[Role.OPERATOR].post(f"{RUNS}/{run['id']}/{action}", json=body)


def is_refused(answer: httpx2.Response, status: int, code: str) -> str:
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["retryable"]) == (status, code, False)
    detail: str = problem["detail"]
    return detail


async def shown(api: Api, run_id: str) -> dict[str, Any]:
    run: dict[str, Any] = (await api.admin.get(f"{RUNS}/{run_id}")).json()
    return run


async def test_a_queued_run_is_cancelled_at_once_and_a_second_time_it_was_already(api: Api) -> None:
    run = await queue(api, "cancelled", "one", "two")
    answer = await ask(api, run, "cancel")
    cancelled = answer.json()
    assert (answer.status_code, cancelled["status"], cancelled["reason"]) == (202, "failed", "cancelled:run")
    assert cancelled["failures"] == {"cancelled:run": 2}
    again = await ask(api, run, "cancel")
    assert (again.status_code, again.json()) == (200, cancelled)
    assert await shown(api, run["id"]) == cancelled | {"stale": False}


async def test_a_call_under_way_is_waited_for(api: Api) -> None:
    run = await queue(api, "under-way", "one", "two")
    attempt_id = await api.begin(run)
    answer = await ask(api, run, "cancel")
    assert (answer.status_code, answer.json()["status"]) == (202, "running")
    assert [target["status"] for target in answer.json()["targets"]] == ["running", "failed"]
    again = await ask(api, run, "cancel")
    assert (again.status_code, again.json()["status"]) == (200, "running")
    await api.succeed(run, attempt_id=attempt_id)
    ended = await shown(api, run["id"])
    assert (ended["status"], ended["reason"]) == ("partial_failed", "cancelled:run")
    after = await ask(api, run, "cancel")
    assert (after.status_code, after.json()["status"]) == (200, "partial_failed")


async def test_what_has_ended_is_not_cancelled(api: Api) -> None:
    run = await queue(api, "ended", "one")
    await api.succeed(run)
    assert "ended already" in is_refused(await ask(api, run, "cancel"), 409, "conflict:install_runs")


async def test_a_retry_is_a_new_run_of_what_failed_and_the_chain_is_visible(api: Api) -> None:
    run = await queue(api, "retried", "one", "two")
    await api.succeed(run)
    await api.fail(run, target=1)
    answer = await ask(api, run, "retry")
    retry = answer.json()
    assert (answer.status_code, retry["status"], retry["kind"], retry["reused"]) == (202, "queued", "install", False)
    assert answer.headers["Location"] == f"{RUNS}/{retry['id']}"
    assert (retry["retryOf"], retry["skill"], retry["policy"]) == (run["id"], run["skill"], run["policy"])
    assert [target["provider"]["name"] for target in retry["targets"]] == ["two"]
    again = await ask(api, run, "retry")
    assert (again.status_code, again.json()) == (200, retry | {"reused": True})
    assert (await shown(api, run["id"]))["retriedBy"] == retry["id"]
    await api.fail(retry)
    detail = is_refused(await ask(api, run, "retry"), 409, "conflict:install_runs")
    assert f"Run {retry['id']} has tried this again and failed as well" in detail
    third = (await ask(api, retry, "retry")).json()
    assert third["retryOf"] == retry["id"]
    await api.succeed(third)
    assert "Nothing failed" in is_refused(await ask(api, third, "retry"), 409, "conflict:install_runs")


async def test_a_retry_needs_what_a_run_needs(api: Api) -> None:
    await api.connect("shelved")
    run = await queue(api, "needing", "shelved")
    assert "not ended yet" in is_refused(await ask(api, run, "retry"), 409, "conflict:install_runs")
    await api.fail(run)
    await api.admin.patch("/api/providers/shelved", json={"active": False})
    assert "taken out of use" in is_refused(await ask(api, run, "retry"), 409, "conflict:providers")
    await api.admin.patch("/api/providers/shelved", json={"active": True})
    await api.admin.post("/api/skills/needing/archive")
    assert "is archived" in is_refused(await ask(api, run, "retry"), 409, "conflict:skills")


async def test_a_retry_in_whose_way_another_run_is_names_it(api: Api) -> None:
    run = await queue(api, "in-the-way", "one")
    await api.fail(run)
    other = await api.queue("in-the-way", "one")
    refused = await ask(api, run, "retry")
    assert (refused.status_code, refused.json()["conflictingRuns"]) == (409, [other["id"]])
    assert refused.json()["retryable"] is True


async def test_a_rollback_is_a_run_and_how_it_went_stands_beside_the_run_it_takes_back(api: Api) -> None:
    first = await queue(api, "rolled-back", "one")
    await api.succeed(first)
    await api.admin.post("/api/skills", json=files("rolled-back", "two"))
    run = await api.queue("rolled-back", "one", "two")
    for target in range(2):
        await api.succeed(run, target=target)
    answer = await ask(api, run, "rollback")
    rollback = answer.json()
    assert (answer.status_code, rollback["kind"], rollback["reused"]) == (202, "rollback", False)
    assert answer.headers["Location"] == f"{RUNS}/{rollback['id']}"
    assert rollback["rollbackOf"] == run["id"]
    again = await ask(api, run, "rollback", {"providers": ["two"]})
    assert (again.status_code, again.json()) == (200, rollback | {"reused": True})
    await api.succeed(rollback)
    await api.fail(rollback, target=1)
    beside = await shown(api, run["id"])
    assert (beside["status"], beside["rollback"]["runId"]) == ("success", rollback["id"])
    assert [target["status"] for target in beside["rollback"]["targets"]] == ["rolled_back", "failed"]
    second = await ask(api, run, "rollback")
    assert (second.status_code, [target["provider"]["name"] for target in second.json()["targets"]]) == (202, ["two"])
    live = (await api.admin.get("/api/installations?skill=rolled-back&provider=one")).json()["items"]
    assert [(one["version"], one["runId"]) for one in live] == [(1, rollback["id"])]


@pytest.mark.parametrize(
    ("providers", "status", "code"),
    [
        (["nobody"], 404, "not_found:providers"),
        (["two"], 409, "conflict:install_runs"),
        ([], 400, "bad_request:api"),
        (["one"] * 21, 400, "bad_request:api"),
        ("one", 400, "bad_request:api"),
    ],
    ids=str,
)
async def test_a_rollback_where_the_run_did_nothing_is_refused(
    api: Api, providers: Any, status: int, code: str
) -> None:
    await api.admin.post("/api/skills", json=files("here-only"))
    answer = await api.clients[Role.OPERATOR].post(RUNS, json={"skill": "here-only", "providers": ["one"]})
    run = answer.json()
    await api.succeed(run)
    before = await api.head()
    is_refused(await ask(api, run, "rollback", {"providers": providers}), status, code)
    assert await api.head() == before


@pytest.mark.parametrize("action", ACTIONS)
async def test_what_is_no_run_is_not_found(api: Api, action: str) -> None:
    for run_id in (str(uuid4()), "nobody", "%00"):
        is_refused(await ask(api, {"id": run_id}, action), 404, "not_found:install_runs")


@pytest.mark.parametrize("action", ACTIONS)
async def test_it_is_in_the_audit_log_who_asked(api: Api, action: str) -> None:
    skill = f"audited-{action}"
    run = await queue(api, skill, "one")
    if action == "retry":
        await api.fail(run)
    if action == "rollback":
        await api.succeed(run)
    await api.clients[Role.OPERATOR].post(f"{RUNS}/{run['id']}/{action}", headers={"X-Request-ID": skill})
    entries = (await api.admin.get("/api/audit-log", params={"target": f"install_run:{run['id']}"})).json()["items"]
    asked = [entry for entry in entries if entry["requestId"] == skill]
    assert asked
    assert {(entry["actor"]["id"], entry["actor"]["role"]) for entry in asked} == {("operator", "operator")}


@pytest.mark.parametrize("action", ACTIONS)
async def test_of_many_who_ask_at_once_one_is_the_first(api: Api, action: str) -> None:
    run = await queue(api, f"at-once-{action}", "one")
    if action == "retry":
        await api.fail(run)
    if action == "rollback":
        await api.succeed(run)
    answers = await asyncio.gather(*(ask(api, run, action) for _ in range(CALLERS)))
    assert sorted(answer.status_code for answer in answers) == [200] * (CALLERS - 1) + [202]
    assert len({answer.json()["id"] for answer in answers}) == 1


@pytest.mark.parametrize("number", range(5))
async def test_cancelling_races_success_and_the_run_ends_once(api: Api, number: int) -> None:
    run = await queue(api, f"race-{number}", "one")
    attempt_id = await api.begin(run)
    answer, _ = await asyncio.gather(ask(api, run, "cancel"), api.succeed(run, attempt_id=attempt_id))
    names = [event.name for event in await api.events() if str(event.stream) == run["id"]]
    assert answer.status_code == (202 if "RunCancelRequested" in names else 409)
    assert (await shown(api, run["id"]))["status"] == "success"
    assert [name for name in names if name in ("RunSucceeded", "RunFailed", "RunPartiallyFailed")] == ["RunSucceeded"]
    assert names[-1] == "RunSucceeded"
