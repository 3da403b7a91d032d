"""A connection that a person pauses: what it shows, who may do it, and what waits for it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from domain.events import Role
from tests.adapters.http.serving import Api, serving

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def api(anyio_backend: str, module_database: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    async with serving(module_database, tmp_path_factory.mktemp("credentials")) as api:
        yield api


async def say(api: Api, path: str, **more: Any) -> dict[str, Any]:
    answer = await api.clients[Role.OPERATOR].post(f"/api/providers/{path}", **more)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


def pause_of(provider: dict[str, Any]) -> tuple[bool, bool, str | None]:
    return provider["paused"], provider["pausedUntil"] is not None, provider["pausedBy"]


async def test_an_operator_pauses_and_resumes_a_connection(api: Api) -> None:
    before = await api.connect("breath")
    assert pause_of(before) == (False, False, None)
    paused = await say(api, "breath/pause", json={"seconds": 600})
    assert pause_of(paused) == (True, True, "person")
    assert paused["active"]
    shown = (await api.clients[Role.VIEWER].get("/api/providers/breath")).json()
    assert shown == paused | {"stale": False}
    resumed = await say(api, f"{before['id']}/resume")
    assert resumed == before | {"position": resumed["position"]}


@pytest.mark.parametrize("body", [{}, {"json": {}}, {"json": {"seconds": None}}], ids=["nothing", "empty", "null"])
async def test_without_a_time_it_lasts_until_it_is_resumed(api: Api, body: dict[str, Any]) -> None:
    await api.connect(f"held-{len(str(body))}")
    assert pause_of(await say(api, f"held-{len(str(body))}/pause", **body)) == (True, False, "person")


async def test_what_is_installed_through_a_paused_connection_is_accepted_and_waits(api: Api) -> None:
    await api.register("patience")
    await api.connect("slow")
    await say(api, "slow/pause")
    run = await api.queue("patience", "slow")
    assert (run["status"], run["targets"][0]["status"]) == ("queued", "queued")


async def test_a_dry_run_says_that_the_connection_is_paused(api: Api) -> None:
    await api.register("preview")
    await api.connect("dry")
    await api.connect("wet")
    await say(api, "dry/pause", json={"seconds": 60})
    body = {"skill": "preview", "providers": ["dry", "wet"], "dryRun": True}
    targets = (await api.admin.post("/api/install-runs", json=body)).json()["targets"]
    assert [(target["accepted"], target["paused"]) for target in targets] == [(True, True), (True, False)]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"seconds": 0}, "/seconds"),
        ({"seconds": 30 * 24 * 3600 + 1}, "/seconds"),
        ({"seconds": 1.5}, "/seconds"),
        ({"until": "2026-11-22T12:00:00Z"}, "/until"),
    ],
    ids=["none", "too many", "a part of one", "another word"],
)
async def test_a_time_that_cannot_be_is_refused(api: Api, body: dict[str, Any], pointer: str) -> None:
    answer = await api.admin.post("/api/providers/anything/pause", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, pointer)


@pytest.mark.parametrize("what", ["pause", "resume"])
async def test_a_connection_that_is_not_there_is_not_found(api: Api, what: str) -> None:
    answer = await api.admin.post(f"/api/providers/nobody/{what}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found:providers")
