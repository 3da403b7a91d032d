"""The past of a run over HTTP: its state at a moment, what changed between two, and why it went so."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from msgspec import Struct

from domain.events import Role
from tests.adapters.http.serving import Api, serving

pytestmark = pytest.mark.anyio

RUNS = "/api/install-runs"
TRACE = "0af7651916cd43dd8448eb211c80319c"


class Told(Struct, frozen=True):
    """A run that failed at one provider and succeeded at the other, and the positions of its events."""

    api: Api
    run: dict[str, Any]
    history: list[dict[str, Any]]

    @property
    def path(self) -> str:
        return f"{RUNS}/{self.run['id']}"

    async def get(self, what: str, **query: str | int) -> dict[str, Any]:
        answer = await self.api.clients[Role.VIEWER].get(f"{self.path}/{what}", params=query)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def refused(self, what: str, status: int, **query: str | int) -> dict[str, Any]:
        answer = await self.api.clients[Role.VIEWER].get(f"{self.path}/{what}", params=query)
        assert answer.status_code == status, answer.text
        problem: dict[str, Any] = answer.json()
        return problem

    def position(self, event: str) -> int:
        return int(next(one["position"] for one in self.history if one["event"] == event))


@pytest.fixture(scope="module")
async def told(
    anyio_backend: str, module_database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Told]:
    folder: Path = tmp_path_factory.mktemp("credentials")
    async with serving(module_database, folder) as api:
        for name in ("one", "two"):
            await api.connect(name)
        await api.register("replayed")
        body = {"skill": "replayed", "providers": ["one", "two"]}
        headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
        denied = await api.clients[Role.VIEWER].post(RUNS, json=body, headers=headers)
        assert denied.status_code == 403
        run = (await api.admin.post(RUNS, json=body, headers=headers)).json()
        await api.fail(run, target=0)
        await api.succeed(run, target=1)
        history = (await api.admin.get(f"{RUNS}/{run['id']}/history")).json()["items"]
        yield Told(api, run, history)


async def test_the_state_now_is_the_run_as_it_is_shown(told: Told) -> None:
    shown = (await told.api.admin.get(told.path)).json()
    del shown["stale"]
    state = await told.get("state")
    assert state["run"] == shown
    assert state["events"] == len(told.history)
    assert (state["state"]["status"], state["broken"]) == ("partial_failed", [])
    assert [(one["name"], one["live"]) for one in state["installations"]] == [
        ("replayed@one", False),
        ("replayed@two", True),
    ]


async def test_the_state_at_a_position_is_what_a_write_answered_with(told: Told) -> None:
    asked = {name: value for name, value in told.run.items() if name != "reused"}
    assert (await told.get("state", at=told.position("RunQueued")))["run"] == asked


async def test_a_time_is_a_moment_too(told: Told) -> None:
    failed = next(event for event in told.history if event["event"] == "ProviderFailed")
    before = datetime.fromisoformat(failed["at"]) - timedelta(microseconds=1)
    then = await told.get("state", at=before.isoformat())
    assert then["position"] < failed["position"]
    assert then["run"]["targets"][0]["status"] == "running"
    assert (await told.get("state", at=failed["at"]))["run"]["targets"][0]["status"] == "failed"


async def test_a_diff_blames_the_event(told: Told) -> None:
    diff = await told.get("diff", **{"from": told.position("RunStarted"), "to": told.position("ProviderFailed")})
    found = {(change["of"], change["path"]): change for change in diff["changes"]}
    change = found["run", "/targets/0/code"]
    assert (change["before"], change["after"], change["times"]) == (None, "invalid_skill:provider", 1)
    assert (change["event"]["event"], change["event"]["position"]) == (
        "ProviderFailed",
        told.position("ProviderFailed"),
    )
    assert diff["from"]["position"] == told.position("RunStarted")


async def test_a_diff_without_moments_is_about_the_whole_run(told: Told) -> None:
    diff = await told.get("diff")
    assert diff["from"]["position"] == told.position("RunQueued")
    found = {(change["of"], change["path"]): change["event"]["event"] for change in diff["changes"]}
    assert found["run", "/status"] == "RunPartiallyFailed"
    assert found["installation:replayed@two", "/live"] == "InstallationChanged"


async def test_why_has_the_history_and_who_was_refused_under_the_same_trace(told: Told) -> None:
    why = await told.get("why")
    assert (why["run"]["status"], why["omitted"]) == ("partial_failed", 0)
    nodes, waiting = [], list(why["roots"])
    while waiting:
        node = waiting.pop()
        nodes.append(node)
        waiting += node["children"]
    named = {node["event"]: node for node in nodes}
    assert {event["position"] for event in told.history} <= {node["position"] for node in nodes}
    assert (named["AccessDenied"]["say"]["code"], named["AccessDenied"]["runId"]) == ("forbidden:auth", None)
    assert named["ProviderFailed"]["provider"] == "one"


@pytest.mark.parametrize(
    ("what", "name", "value"),
    [
        ("state", "at", "-1"),
        ("state", "at", "1.5"),
        ("state", "at", "now"),
        ("state", "at", ""),
        ("state", "at", "2026-11-22"),
        ("state", "at", "2026-11-22T12:00:00"),
        ("state", "at", "9" * 30),
        ("state", "at", "2199-01-01T00:00:00Z"),
        ("diff", "from", "yesterday"),
        ("diff", "to", "12e3"),
        ("diff", "to", "\u0663"),
    ],
)
async def test_what_is_no_moment_of_the_past_is_refused_with_its_place(
    told: Told, what: str, name: str, value: str
) -> None:
    problem = await told.refused(what, 400, **{name: value})
    assert (problem["code"], [error["pointer"] for error in problem["errors"]]) == ("bad_request:api", [f"?{name}"])


async def test_before_the_run_there_is_nothing(told: Told) -> None:
    problem = await told.refused("state", 404, at=1)
    assert (problem["code"], [error["pointer"] for error in problem["errors"]]) == ("not_found:install_runs", ["?at"])
    problem = await told.refused("diff", 404, to="2000-01-01T00:00:00Z")
    assert [error["pointer"] for error in problem["errors"]] == ["?to"]


async def test_moments_in_the_wrong_order_are_refused(told: Told) -> None:
    end = told.position("RunPartiallyFailed")
    problem = await told.refused("diff", 400, **{"from": end, "to": end - 1})
    assert [error["pointer"] for error in problem["errors"]] == ["?to"]


@pytest.mark.parametrize("what", ["state", "diff", "why"])
@pytest.mark.parametrize("run", [str(uuid4()), "no-id"], ids=["unknown", "no id"])
async def test_a_run_that_is_not_there_has_no_past(told: Told, what: str, run: str) -> None:
    answer = await told.api.admin.get(f"{RUNS}/{run}/{what}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found:install_runs")


async def test_why_takes_no_parameters(told: Told) -> None:
    assert (await told.refused("why", 400, at=1))["errors"][0]["pointer"] == "?at"
