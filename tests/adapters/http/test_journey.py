"""The main job over HTTP: every write answers with what a read gives a moment later."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from domain.events import Role
from tests.adapters.http.serving import CLOSED, Api, serving, skill_files

pytestmark = pytest.mark.anyio


def without(answer: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name not in names}


async def test_a_registered_skill_is_there_by_id_by_name_and_in_the_list(api: Api) -> None:
    created = await api.admin.post("/api/skills", json=skill_files("release-notes"))
    assert created.status_code == 201
    skill = without(created.json(), "registered")
    assert created.headers["Location"] == f"/api/skills/{skill['id']}"
    listed = (await api.admin.get("/api/skills")).json()
    assert skill in listed["items"]
    by_id = (await api.admin.get(created.headers["Location"])).json()
    assert without(by_id, "versions", "stale") == skill
    assert (await api.admin.get("/api/skills/release-notes")).json() == by_id
    assert [version["version"] for version in by_id["versions"]] == [1]


async def test_the_same_bytes_are_the_same_version_and_others_the_next(api: Api) -> None:
    first = (await api.admin.post("/api/skills", json=skill_files("versions"))).json()
    same = await api.admin.post("/api/skills", json=skill_files("versions"))
    assert (same.status_code, same.json()) == (200, first)
    other = await api.admin.post("/api/skills", json=skill_files("versions", "Does something else."))
    assert (other.status_code, other.json()["version"]) == (201, 2)
    assert other.json()["createdAt"] == first["createdAt"]
    shown = (await api.admin.get("/api/skills/versions")).json()
    assert without(shown, "versions", "stale") == without(other.json(), "registered")
    assert shown["versions"] == [first["registered"], other.json()["registered"]]


async def test_base64_and_text_are_the_same_bytes(api: Api) -> None:
    text = await api.register("encodings")
    encoded = skill_files("encodings")
    encoded["files"][0] |= {
        "encoding": "base64",
        "content": "LS0tCm5hbWU6IGVuY29kaW5ncwpkZXNjcmlwdGlvbjogVGVsbHMgaG93IGEgS0JPIGdhbWUgZW5kZWQuCi0tLQoKIyBlbmNvZGluZ3MK",
    }
    again = await api.admin.post("/api/skills", json=encoded)
    assert (again.status_code, again.json()["digest"]) == (200, text["digest"])


async def test_a_connected_provider_is_there(api: Api) -> None:
    answer = await api.admin.post(
        "/api/providers",
        json={
            "kind": "noop",
            "name": "connected",
            "credential": "sk-made-up",
            "project": "proj_1",
            "concurrencyMax": 7,
        },
    )
    provider = answer.json()
    assert answer.status_code == 201
    assert provider["verification"]["status"] == "ok"
    assert (provider["active"], provider["project"], provider["concurrencyMax"]) == (True, "proj_1", 7)
    assert "sk-made-up" not in answer.text
    read = (await api.clients[Role.VIEWER].get("/api/providers/connected")).json()
    assert without(read, "stale") == provider
    assert (await api.admin.get(answer.headers["Location"])).json() == read
    assert provider in (await api.admin.get("/api/providers")).json()["items"]


async def test_a_provider_that_cannot_be_verified_is_kept_and_says_why(api: Api) -> None:
    provider = await api.connect("unreachable", kind="openai")
    assert (provider["active"], provider["baseUrl"]) == (False, CLOSED)
    assert (provider["verification"]["status"], provider["verification"]["code"]) == ("failed", "offline:provider")


async def test_a_run_is_queued_and_ends(api: Api) -> None:
    skill, provider = await api.register("a-run"), await api.connect("a-run")
    answer = await api.clients[Role.OPERATOR].post(
        "/api/install-runs",
        json={"skill": "a-run", "providers": [provider["id"]], "policy": {"attemptTimeoutSeconds": 5}},
    )
    run = answer.json()
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/api/install-runs/{run['id']}"
    assert run["skill"] == {
        "id": skill["id"],
        "name": "a-run",
        "version": 1,
        "digest": skill["digest"],
        "ref": "latest",
    }
    assert (run["status"], run["reused"], run["requestedBy"]["id"]) == ("queued", False, "operator")
    assert without((await api.admin.get(answer.headers["Location"])).json(), "stale") == without(run, "reused")
    await api.succeed(run)
    ended = (await api.admin.get(answer.headers["Location"])).json()
    assert (ended["status"], ended["targets"][0]["receipt"]["remoteVersion"]) == ("success", "1")
    history = (await api.admin.get(f"{answer.headers['Location']}/history")).json()
    assert [event["event"] for event in history["items"]][:3] == ["RunQueued", "InstallationReserved", "RunStarted"]
    assert history["items"][-1]["position"] >= ended["position"]


async def test_a_run_that_is_at_it_already_is_answered_as_it_is_now(api: Api) -> None:
    await api.register("reused")
    await api.connect("reused")
    run = await api.queue("reused", "reused")
    await api.begin(run)
    head = await api.head()
    again = await api.admin.post("/api/install-runs", json={"skill": "reused", "providers": ["reused"]})
    assert (again.status_code, again.json()["id"], again.json()["reused"]) == (200, run["id"], True)
    assert (again.json()["status"], again.json()["targets"][0]["attempts"]) == ("running", 1)
    assert await api.head() == head


async def test_lists_are_filtered_and_paged(api: Api) -> None:
    await api.register("paged")
    for name in ("paged-1", "paged-2", "paged-3"):
        await api.connect(name)
        await api.queue("paged", name)
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query: dict[str, Any] = {"skill": "paged", "status": ["queued", "running"], "limit": 2} | (
            {"cursor": cursor} if cursor else {}
        )
        page = (await api.admin.get("/api/install-runs", params=query)).json()
        seen += [run["targets"][0]["provider"]["name"] for run in page["items"]]
        cursor = page["nextCursor"]
    assert seen == ["paged-3", "paged-2", "paged-1"]
    assert (await api.admin.get("/api/install-runs", params={"provider": "paged-2"})).json()["items"][0]["skill"][
        "name"
    ] == "paged"
    assert (await api.admin.get("/api/install-runs", params={"skill": "paged", "status": "failed"})).json()[
        "items"
    ] == []
    assert [skill["name"] for skill in (await api.admin.get("/api/skills", params={"q": "PAGE"})).json()["items"]] == [
        "paged"
    ]


async def test_what_was_done_is_in_the_audit_log_under_the_ids_of_the_request(api: Api) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = {"X-Request-ID": "audit-1", "traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    answer = await api.admin.post("/api/skills", json=skill_files("audited"), headers=headers)
    assert answer.headers["X-Request-ID"] == "audit-1"
    entries = (await api.admin.get("/api/audit-log", params={"target": "skill:audited"})).json()["items"]
    assert [entry["action"] for entry in entries] == ["skill.version_published", "skill.registered"]
    assert {entry["requestId"] for entry in entries} == {"audit-1"}
    assert {UUID(entry["correlationId"]).hex for entry in entries} == {trace}
    assert {(entry["actor"]["id"], entry["result"]) for entry in entries} == {("admin", "success")}


async def test_a_write_answers_in_full_although_nothing_projects(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path, projecting=False) as api:
        await api.register("behind")
        assert (await api.connect("behind"))["verification"]["status"] == "ok"
        run = await api.queue("behind", "behind")
        again = await api.admin.post("/api/install-runs", json={"skill": "behind", "providers": ["behind"]})
        assert (again.status_code, without(again.json(), "reused")) == (200, without(run, "reused"))
        listed = (await api.admin.get("/api/install-runs")).json()
        assert listed == {"items": [], "nextCursor": None, "stale": True}
        unknown_yet = await api.admin.get(f"/api/install-runs/{run['id']}")
        assert (unknown_yet.status_code, unknown_yet.headers["Retry-After"]) == (503, "1")
