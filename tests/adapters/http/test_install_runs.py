"""Install runs over HTTP: what each provider would take, what it refuses, and how runs are found again."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from domain.events import Role
from domain.install_run.policy import Policy
from tests.adapters.http.serving import Api, serving, skill_files
from tests.kit.sandboxed import serving as serving_sandbox

pytestmark = pytest.mark.anyio

TOO_LARGE = "too_large:provider"
INVALID = "invalid_skill:provider"


@pytest.fixture(scope="module")
async def api(anyio_backend: str, module_database: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    """With `openai`, which takes one SKILL.md, and `anything`, which takes whatever it is given."""
    folder: Path = tmp_path_factory.mktemp("credentials")
    async with (
        serving_sandbox(None) as sandbox,
        serving(
            module_database,
            folder,
            base_urls={"openai": f"{sandbox.url}/openai/v1", "noop": "http://127.0.0.1:1"},
        ) as served,
    ):
        await served.connect("openai", kind="openai")
        await served.connect("anything")
        await sandbox.fault("status", operation="list", status=401)
        await served.connect("broken", kind="openai")
        yield served


async def register(api: Api, name: str, *, nested: bool = False) -> None:
    body = skill_files(name)
    if nested:
        body["files"].append({"path": "more/SKILL.md", "content": "# Another one\n"})
    answer = await api.admin.post("/api/skills", json=body)
    assert answer.status_code == 201, answer.text


async def ask(api: Api, skill: str, *providers: str, **more: object) -> Any:
    body = {"skill": skill, "providers": providers} | more
    return await api.clients[Role.OPERATOR].post("/api/install-runs", json=body)


async def test_a_dry_run_says_target_by_target_what_would_become_of_it_and_stores_nothing(api: Api) -> None:
    await register(api, "nested", nested=True)
    before = await api.head()
    answer = await ask(api, "nested", "openai", "anything", "broken", dryRun=True)
    assert (answer.status_code, answer.headers.get("Location")) == (200, None)
    preview = answer.json()
    assert preview.keys() == {"dryRun", "skill", "policy", "targets"}
    assert preview["dryRun"] is True
    assert (preview["skill"]["name"], preview["skill"]["version"], preview["skill"]["ref"]) == ("nested", 1, "latest")
    assert preview["policy"] == msgspec.to_builtins(Policy())
    openai, anything, broken = preview["targets"]
    message = "`more/SKILL.md` is a second SKILL.md; this provider takes exactly one."
    assert {**openai, "provider": openai["provider"]["name"]} == {
        "provider": "openai",
        "accepted": False,
        "code": INVALID,
        "message": message,
        "refusals": [{"code": INVALID, "message": message, "path": "more/SKILL.md"}],
        "paused": False,
        "installedVersion": None,
        "activeRunId": None,
    }
    assert (anything["accepted"], anything["code"], anything["message"], anything["refusals"]) == (True, None, None, [])
    assert (broken["accepted"], broken["code"]) == (False, "conflict:providers")
    assert "broken is not active" in broken["message"]
    assert [refusal["code"] for refusal in broken["refusals"]] == ["conflict:providers", INVALID]
    assert await api.head() == before


async def test_a_dry_run_says_what_is_there_and_who_is_at_work(api: Api) -> None:
    await register(api, "busy")
    run = await api.queue("busy", "anything")
    (target,) = (await ask(api, "busy", "anything", dryRun=True)).json()["targets"]
    assert (target["installedVersion"], target["activeRunId"]) == (None, run["id"])
    await api.succeed(run)
    (target,) = (await ask(api, "busy", "anything", dryRun=True)).json()["targets"]
    assert (target["installedVersion"], target["activeRunId"]) == (1, None)


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"skill": "nobody"}, 404, "not_found:skills"),
        ({"ref": "9"}, 404, "not_found:skill_versions"),
        ({"providers": ["nobody"]}, 404, "not_found:providers"),
        ({"providers": []}, 400, "bad_request:api"),
        ({"providers": ["anything"] * 2}, 400, "bad_request:api"),
        ({"providers": ["nobody"] * 21}, 400, "bad_request:api"),
        ({"dryRun": "yes"}, 400, "bad_request:api"),
    ],
)
async def test_a_dry_run_of_what_does_not_exist_is_an_error(
    api: Api, more: dict[str, object], status: int, code: str
) -> None:
    await api.admin.post("/api/skills", json=skill_files("there"))
    body = {"skill": "there", "providers": ["anything"], "dryRun": True} | more
    answer = await api.clients[Role.OPERATOR].post("/api/install-runs", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_dry_run_needs_the_role_that_a_run_needs(api: Api) -> None:
    body = {"skill": "there", "providers": ["anything"], "dryRun": True}
    answer = await api.clients[Role.VIEWER].post("/api/install-runs", json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden:auth")


async def test_a_refused_target_has_failed_in_the_answer_and_the_run_fails_in_part(api: Api) -> None:
    await register(api, "in-part", nested=True)
    answer = await ask(api, "in-part", "openai", "anything")
    run = answer.json()
    assert (answer.status_code, run["status"], run["failures"]) == (202, "queued", {INVALID: 1})
    refused, queued = run["targets"]
    assert (refused["status"], refused["attempts"], refused["code"], refused["retryable"]) == (
        "failed",
        0,
        INVALID,
        False,
    )
    assert refused["message"] == "`more/SKILL.md` is a second SKILL.md; this provider takes exactly one."
    assert queued["status"] == "queued"
    again = await ask(api, "in-part", "anything", "openai")
    assert (again.status_code, again.json()["id"], again.json()["reused"]) == (200, run["id"], True)
    part = await ask(api, "in-part", "anything")
    assert (part.status_code, part.json()["conflictingRuns"]) == (409, [run["id"]])
    await api.succeed(run, target=1)
    ended = (await api.admin.get(f"/api/install-runs/{run['id']}")).json()
    assert (ended["status"], ended["failures"]) == ("partial_failed", {INVALID: 1})
    history = (await api.admin.get(f"/api/install-runs/{run['id']}/history")).json()["items"]
    assert [event["event"] for event in history][:2] == ["RunQueued", "ProviderRefused"]


async def test_a_run_that_nobody_takes_has_failed_when_it_is_answered(api: Api) -> None:
    await register(api, "nowhere", nested=True)
    answer = await ask(api, "nowhere", "openai")
    run = answer.json()
    assert (answer.status_code, run["status"], run["failures"]) == (202, "failed", {INVALID: 1})
    assert run["startedAt"] is None
    assert run["finishedAt"] == run["queuedAt"]
    assert (await api.admin.get(f"/api/install-runs/{run['id']}")).json() == {
        **{name: value for name, value in run.items() if name != "reused"},
        "stale": False,
    }


async def test_runs_are_found_by_what_failed_by_status_and_by_kind(api: Api) -> None:
    await register(api, "to-find", nested=True)
    failed = (await ask(api, "to-find", "openai")).json()["id"]
    partial = (await ask(api, "to-find", "openai", "anything")).json()
    await api.succeed(partial, target=1)

    async def found(**filters: Any) -> list[str]:
        answer = await api.admin.get("/api/install-runs", params={"skill": "to-find", **filters})
        assert answer.status_code == 200, answer.text
        return [run["id"] for run in answer.json()["items"]]

    assert await found(code=INVALID) == [partial["id"], failed]
    assert await found(code=TOO_LARGE) == []
    assert await found(code=[TOO_LARGE, INVALID]) == [partial["id"], failed]
    assert await found(code=INVALID, status="partial_failed") == [partial["id"]]
    assert await found(status=["failed", "success"]) == [failed]
    assert await found(kind="install") == [partial["id"], failed]
    assert await found(kind="uninstall") == []


@pytest.mark.parametrize("query", ["code=too_large", "code=", "kind=remove", "status=done", "kind=install&kind=remove"])
async def test_a_filter_that_no_run_can_have_is_an_error_and_no_empty_list(api: Api, query: str) -> None:
    answer = await api.admin.get(f"/api/install-runs?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request:api")
