"""What is live where, as the API shows it, asks about it and has it removed."""

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.events import Role
from domain.installation.events import InstallationVerified
from tests.adapters.http.serving import Api, serving
from tests.kit.sandboxed import serving as serving_sandbox

pytestmark = pytest.mark.anyio

NOBODY = "0198f3c2-7a4e-7d11-8a6b-2f5f4c0e9d10"
PATH = "/api/installations"


async def installed(api: Api, *providers: str, skill: str) -> dict[str, Any]:
    """A run that has succeeded at these connections, which are made for it."""
    await api.register(skill)
    for name in providers:
        await api.connect(name)
    run = await api.queue(skill, *providers)
    for target in range(len(providers)):
        await api.succeed(run, target=target)
    return run


async def listed(api: Api, **query: Any) -> list[dict[str, Any]]:
    answer = await api.clients[Role.VIEWER].get(PATH, params=query)
    assert answer.status_code == 200, answer.text
    assert not answer.json()["stale"]
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def verify(api: Api, body: Any = None, **query: Any) -> Any:
    answer = await api.clients[Role.OPERATOR].post(f"{PATH}/verify", json=body, params=query)
    assert answer.status_code == 200, answer.text
    assert "Location" not in answer.headers
    return answer.json()


async def test_what_was_just_installed_is_shown(api: Api) -> None:
    run = await installed(api, "here", "there", skill="shown")
    there, here = await listed(api, skill="shown")
    assert (here["provider"]["name"], there["provider"]["name"]) == ("here", "there")
    assert here == {
        "id": here["id"],
        "skill": {"id": run["skill"]["id"], "name": "shown"},
        "provider": {"id": here["provider"]["id"], "name": "here", "kind": "noop"},
        "version": 1,
        "digest": run["skill"]["digest"],
        "remote": {"id": "skill_68f0c0ffee", "version": "1"},
        "runId": run["id"],
        "at": here["at"],
        "drift": "none",
        "verifiedAt": None,
        "code": None,
        "message": None,
        "usage": "",
        "activeRunId": None,
        "position": here["position"],
    }
    alone = await api.clients[Role.VIEWER].get(f"{PATH}/{here['id']}")
    assert alone.json() == here | {"stale": False}


async def test_all_are_asked_about_page_by_page_and_shown_as_they_are_then(api: Api) -> None:
    await installed(api, "paged-1", "paged-2", "paged-3", skill="paged")
    before = await api.head()
    first = await verify(api, {"skill": "paged"}, limit=2)
    second = await verify(api, {"skill": "paged"}, limit=2, cursor=first["nextCursor"])
    assert second["nextCursor"] is None
    shown = [*first["items"], *second["items"]]
    assert [one["provider"]["name"] for one in shown] == ["paged-3", "paged-2", "paged-1"]
    assert all(one["verifiedAt"] and one["drift"] == "none" for one in shown)
    events = await api.events(after=before)
    assert [type(event.event) for event in events] == [InstallationVerified] * 3
    assert {(event.actor.kind, event.actor.id) for event in events} == {("api_key", "operator")}


async def test_those_that_are_named_are_asked_about_once_and_in_this_order(api: Api) -> None:
    await installed(api, "named-1", "named-2", "named-3", skill="named")
    third, second, first = [one["id"] for one in await listed(api, skill="named")]
    before = await api.head()
    page = await verify(api, {"installations": [second, third, second]})
    assert [one["id"] for one in page["items"]] == [second, third]
    assert {event.stream for event in await api.events(after=before)} == {UUID(second), UUID(third)}
    assert first not in [one["id"] for one in page["items"]]


async def test_without_a_body_everything_is_asked_about(api: Api) -> None:
    await installed(api, "every-1", skill="every")
    page = await verify(api, limit=1)
    assert [one["skill"]["name"] for one in page["items"]] == ["every"]
    assert page["nextCursor"] is not None


async def test_a_provider_that_cannot_be_asked_is_no_error_and_can_be_looked_for(api: Api) -> None:
    """Nobody listens where this connection leads, so its verification failed, and it is not active."""
    await installed(api, "gone", skill="unasked")
    (one,) = await listed(api, skill="unasked")
    changed = await api.admin.patch("/api/providers/gone", json={"active": False})
    assert changed.status_code == 200, changed.text
    (shown,) = (await verify(api, {"skill": "unasked"}))["items"]
    assert (shown["drift"], shown["code"], shown["verifiedAt"]) == ("unknown", "conflict:providers", None)
    assert "gone is not active" in shown["message"]
    assert [found["id"] for found in await listed(api, drift="unknown")] == [one["id"]]


async def test_what_has_drifted_is_found_by_it_and_asked_about_again(api: Api) -> None:
    """This provider has nothing of what the run says it installed."""
    async with serving_sandbox(None) as sandbox:
        await api.connect("drifting", kind="openai", baseUrl=f"{sandbox.url}/openai/v1")
        await api.register("drifting")
        await api.succeed(await api.queue("drifting", "drifting"))
        (one,) = (await verify(api, {"provider": "drifting"}))["items"]
        assert (one["drift"], one["verifiedAt"] is None) == ("missing", False)
        assert [found["id"] for found in await listed(api, drift="missing")] == [one["id"]]
        assert await listed(api, drift="changed") == []
        (again,) = (await verify(api, {"drift": "missing"}))["items"]
        assert again["verifiedAt"] > one["verifiedAt"]


async def test_an_uninstall_is_a_run_and_then_the_installation_is_gone(api: Api) -> None:
    await installed(api, "leaving", skill="leaving")
    (one,) = await listed(api, skill="leaving")
    operator, path = api.clients[Role.OPERATOR], f"{PATH}/{one['id']}/uninstall"
    answer = await operator.post(path)
    run = answer.json()
    assert (answer.status_code, run["kind"], run["status"], run["reused"]) == (202, "uninstall", "queued", False)
    assert answer.headers["Location"] == f"/api/install-runs/{run['id']}"
    again = await operator.post(path)
    assert (again.status_code, again.json()) == (200, run | {"reused": True})
    assert [found["activeRunId"] for found in await listed(api, skill="leaving")] == [run["id"]]
    await api.succeed(run)
    assert await listed(api, skill="leaving") == []
    for method, gone in (("GET", f"{PATH}/{one['id']}"), ("POST", path)):
        refused = await operator.request(method, gone)
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found:installations")


async def test_nothing_is_removed_through_a_connection_out_of_use(api: Api) -> None:
    await installed(api, "unused", skill="unused")
    await api.admin.patch("/api/providers/unused", json={"active": False})
    (one,) = await listed(api, skill="unused")
    refused = await api.clients[Role.OPERATOR].post(f"{PATH}/{one['id']}/uninstall")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict:providers")


@pytest.mark.parametrize(
    ("body", "query", "pointers"),
    [
        ({"installations": []}, "", ["/installations"]),
        ({"installations": ["x"]}, "", ["/installations/0"]),
        ({"installations": [NOBODY] * 51}, "", ["/installations"]),
        ({"installations": [NOBODY], "skill": "x"}, "", ["/installations"]),
        ({"drift": "much"}, "", ["/drift"]),
        ({"limit": 5}, "", ["/limit"]),
        ({}, "?limit=51", ["?limit"]),
        ({}, "?cursor=elsewhere", ["?cursor"]),
        ({}, "?skill=x", ["?skill"]),
    ],
    ids=str,
)
async def test_a_request_that_does_not_fit_is_refused_with_its_place(
    api: Api, body: Any, query: str, pointers: list[str]
) -> None:
    before = await api.head()
    answer = await api.clients[Role.OPERATOR].post(f"{PATH}/verify{query}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request:api")
    assert [problem["pointer"] for problem in answer.json()["errors"]] == pointers
    assert await api.head() == before


async def test_what_nobody_knows_is_not_found(api: Api) -> None:
    for path in (str(uuid4()), "%00", "x"):
        answer = await api.clients[Role.VIEWER].get(f"{PATH}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found:installations")
    answer = await api.clients[Role.OPERATOR].post(f"{PATH}/verify", json={"installations": [NOBODY]})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found:installations")


async def test_what_may_be_there_is_not_said_to_be_missing(database: str, tmp_path: Path) -> None:
    """The read side has not come as far as the events, so nobody knows."""
    async with serving(database, tmp_path, projecting=False) as behind:
        operator = behind.clients[Role.OPERATOR]
        for answer in (
            await operator.post(f"{PATH}/verify", json={"installations": [NOBODY]}),
            await operator.get(f"{PATH}/{uuid4()}"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (503, "offline:database")
        listed = await operator.post(f"{PATH}/verify")
        assert (listed.status_code, listed.json()) == (200, {"items": [], "nextCursor": None, "stale": True})
