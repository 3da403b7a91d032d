"""The controls: what the ledger and the call log show, what survives a restart, and which faults are refused."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openai
import pytest

from adapters.sandbox.calls import CALLS_MAX, Calls
from adapters.sandbox.faults import FAULTS_MAX
from tests.kit.sandboxed import Served, serving, skill_parts

pytestmark = pytest.mark.anyio

FAULT: dict[str, Any] = {"provider": "openai", "operation": "list", "kind": "status", "times": 3, "status": 500}


async def test_the_index_says_what_this_is(sandbox: Served) -> None:
    index = (await sandbox.http.get("/_sandbox/")).raise_for_status().json()
    assert index["providers"] == {"openai": "/openai/v1", "claude": "/anthropic", "gemini": "/gemini"}
    assert (await sandbox.http.get("/_sandbox")).json() == index


async def test_the_ledger_shows_what_is_live(sandbox: Served) -> None:
    key = "sk-secret-of-account-a"
    skills = sandbox.client(key).skills
    skill = await skills.create(files=skill_parts())
    await skills.versions.create(skill.id, files=skill_parts(), default=True)
    (entry,) = await sandbox.ledger()
    account = entry.pop("account")
    assert account
    assert key not in account
    assert datetime.now(UTC) - datetime.fromisoformat(entry.pop("createdAt")) < timedelta(minutes=1)
    assert entry == {
        "provider": "openai",
        "id": skill.id,
        "name": "my-skill",
        "versions": ["1", "2"],
        "defaultVersion": "2",
        "marker": None,
    }


async def test_the_ledger_outlives_a_restart(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "sandbox"
    async with serving(folder) as sandbox:
        skills = sandbox.client().skills
        skill = await skills.create(files=skill_parts())
        await skills.versions.create(skill.id, files=skill_parts())
        content = (await skills.content.retrieve(skill.id)).content
        before = await sandbox.ledger()
    async with serving(folder) as sandbox:
        skills = sandbox.client().skills
        assert await sandbox.ledger() == before
        assert (await skills.content.retrieve(skill.id)).content == content
        assert (await skills.versions.create(skill.id, files=skill_parts())).version == "3"


async def test_what_was_answered_is_on_disk_without_a_shutdown(tmp_path: Path) -> None:
    async with serving(tmp_path / "killed") as sandbox:
        await sandbox.client().skills.create(files=skill_parts())
        before = await sandbox.ledger()
        shutil.copytree(tmp_path / "killed", tmp_path / "as-it-was")
    async with serving(tmp_path / "as-it-was") as sandbox:
        assert await sandbox.ledger() == before


async def test_the_log_has_every_call_in_order(sandbox: Served) -> None:
    skills = sandbox.client().skills
    await skills.create(files=skill_parts())
    await skills.list()
    with pytest.raises(openai.NotFoundError):
        await skills.delete("skill_x")
    with pytest.raises(openai.AuthenticationError):
        await sandbox.client("sk-revoked").skills.list()
    calls = await sandbox.calls()
    at = [datetime.fromisoformat(call.pop("at")) for call in calls]
    assert at == sorted(at)
    assert calls == [
        {"provider": "openai", "operation": operation, "status": status, "fault": None, "applied": applied}
        for operation, status, applied in (
            ("create_skill", 200, True),
            ("list", 200, True),
            ("delete_skill", 404, False),
            ("list", 401, False),
        )
    ]


def test_the_log_forgets_its_oldest_calls() -> None:
    calls = Calls()
    numbers = [calls.begin("openai", "list") for _ in range(CALLS_MAX + 2)]
    calls.note(numbers[0], status=200)
    calls.note(numbers[-1], status=201)
    assert len(calls.list()) == CALLS_MAX
    assert [calls.list()[0].status, calls.list()[-1].status] == [None, 201]


async def test_faults_are_listed_and_cleared(sandbox: Served) -> None:
    listed = {**FAULT, "code": None, "retryAfterSeconds": None, "delaySeconds": None}
    assert (await sandbox.http.post("/_sandbox/faults", json=FAULT)).json() == listed
    with pytest.raises(openai.InternalServerError):
        await sandbox.client().skills.list()
    assert (await sandbox.http.get("/_sandbox/faults")).json() == [{**listed, "times": 2}]
    assert (await sandbox.http.delete("/_sandbox/faults")).status_code == 204
    assert (await sandbox.http.get("/_sandbox/faults")).json() == []
    await sandbox.client().skills.list()


BROKEN_FAULTS: list[dict[str, Any]] = [
    {"provider": "nobody"},
    {"operation": "dance"},
    {"kind": "sulk"},
    {"times": 0},
    {"times": "3"},
    {"times": None},
    {"status": 200},
    {"status": None},
    {"delaySeconds": 1},
    {"retryAfterSeconds": -1},
    {"code": ""},
    {"surprise": 1},
    {"kind": "hang", "status": None},
    {"kind": "hang", "status": None, "delaySeconds": 0},
    {"kind": "drip"},
]


async def test_a_fault_that_is_not_valid_is_refused(sandbox: Served, subtests: pytest.Subtests) -> None:
    for change in BROKEN_FAULTS:
        with subtests.test(str(change)):
            answer = await sandbox.http.post("/_sandbox/faults", json=FAULT | change)
            assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
            assert answer.json()["detail"]
    assert (await sandbox.http.get("/_sandbox/faults")).json() == []


async def test_a_body_that_is_no_fault_is_refused(sandbox: Served) -> None:
    for body in (b"", b"{", b"[]", b"\xff"):
        assert (await sandbox.http.post("/_sandbox/faults", content=body)).status_code == 400


async def test_faults_are_bounded(sandbox: Served) -> None:
    for _ in range(FAULTS_MAX):
        await sandbox.http.post("/_sandbox/faults", json=FAULT)
    assert (await sandbox.http.post("/_sandbox/faults", json=FAULT)).status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("GET", "/_sandbox/x", 404), ("PUT", "/_sandbox/faults", 405)],
)
async def test_unknown_addresses_are_problems(sandbox: Served, method: str, path: str, status: int) -> None:
    answer = await sandbox.http.request(method, path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["status"] == status
    assert answer.headers["x-request-id"].startswith("req_")
