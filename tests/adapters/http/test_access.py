"""Who may come in: a key for everything under `/api`, a role for every route, and a record of those turned away."""

import re
from typing import Final
from uuid import uuid4

import pytest
from litestar import Litestar

from adapters.http.app import build_router
from adapters.http.routes import routes_of
from domain.access.events import AccessDenied
from domain.access.key import write_key
from domain.errors import Code
from domain.events import Role
from tests.adapters.http.bare import bare_application
from tests.adapters.http.doors import open_doors
from tests.adapters.http.serving import Api, open_client
from tests.kit.waiting import eventually

pytestmark = pytest.mark.anyio

PUBLIC: Final = {"/livez", "/readyz", "/openapi.json", "/docs", "/docs/{digest}/{name}"}
NEEDED: Final = {
    ("post", "/api/skills"): Role.ADMIN,
    ("get", "/api/skills"): Role.VIEWER,
    ("get", "/api/skills/{skill}"): Role.VIEWER,
    ("get", "/api/skills/{skill}/versions"): Role.VIEWER,
    ("get", "/api/skills/{skill}/versions/{version}/bundle"): Role.VIEWER,
    ("put", "/api/skills/{skill}/labels/{label}"): Role.ADMIN,
    ("post", "/api/skills/{skill}/archive"): Role.ADMIN,
    ("delete", "/api/skills/{skill}/archive"): Role.ADMIN,
    ("post", "/api/providers"): Role.ADMIN,
    ("get", "/api/providers"): Role.VIEWER,
    ("get", "/api/providers/{provider}"): Role.VIEWER,
    ("patch", "/api/providers/{provider}"): Role.ADMIN,
    ("post", "/api/providers/{provider}/verify"): Role.ADMIN,
    ("post", "/api/providers/{provider}/pause"): Role.OPERATOR,
    ("post", "/api/providers/{provider}/resume"): Role.OPERATOR,
    ("post", "/api/install-runs"): Role.OPERATOR,
    ("get", "/api/install-runs"): Role.VIEWER,
    ("get", "/api/install-runs/{run}"): Role.VIEWER,
    ("get", "/api/install-runs/{run}/history"): Role.VIEWER,
    ("get", "/api/install-runs/{run}/state"): Role.VIEWER,
    ("get", "/api/install-runs/{run}/diff"): Role.VIEWER,
    ("get", "/api/install-runs/{run}/why"): Role.VIEWER,
    ("get", "/api/install-runs/{run}/events"): Role.VIEWER,
    ("post", "/api/install-runs/{run}/cancel"): Role.OPERATOR,
    ("post", "/api/install-runs/{run}/retry"): Role.OPERATOR,
    ("post", "/api/install-runs/{run}/rollback"): Role.OPERATOR,
    ("get", "/api/installations"): Role.VIEWER,
    ("get", "/api/installations/{installation}"): Role.VIEWER,
    ("post", "/api/installations/verify"): Role.OPERATOR,
    ("post", "/api/installations/{installation}/uninstall"): Role.OPERATOR,
    ("post", "/api/chat-ops"): Role.OPERATOR,
    ("get", "/api/chat-actions"): Role.VIEWER,
    ("get", "/api/chat-actions/{chat_action}"): Role.VIEWER,
    ("delete", "/api/chat-actions/{chat_action}/text"): Role.OPERATOR,
    ("get", "/api/audit-log"): Role.VIEWER,
    ("get", "/api/audit-log/export"): Role.ADMIN,
    ("get", "/api/alerts"): Role.VIEWER,
    ("get", "/api/alerts/{alert}"): Role.VIEWER,
    ("get", "/api/alert-deliveries"): Role.OPERATOR,
    ("get", "/api/events"): Role.VIEWER,
    ("get", "/api/events/{event}/proof"): Role.VIEWER,
    ("get", "/api/checkpoint"): Role.VIEWER,
    ("get", "/api/checkpoint/consistency"): Role.VIEWER,
    ("post", "/api/incidents/export"): Role.ADMIN,
    ("post", "/api/keys"): Role.ADMIN,
    ("get", "/api/keys"): Role.ADMIN,
    ("get", "/api/keys/{key}"): Role.ADMIN,
    ("delete", "/api/keys/{key}"): Role.ADMIN,
    ("get", "/metrics"): Role.VIEWER,
}


def router() -> Litestar:
    return build_router(application=bare_application(), checks=())


def test_every_route_needs_a_role_or_is_marked_public_here() -> None:
    assert open_doors(router()) == []
    marked = {route.path for route in routes_of(router()) if route.operation.public}
    assert marked == PUBLIC


def test_each_route_needs_the_role_that_the_contract_says() -> None:
    found = {(route.method, route.path): route.role for route in routes_of(router()) if route.role}
    assert found == NEEDED


@pytest.mark.parametrize(("method", "path"), NEEDED)
async def test_nothing_under_api_answers_without_a_key(api: Api, method: str, path: str) -> None:
    answer = await api.anonymous.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized:auth")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="waybill"'


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/",
        "/api/nowhere",
        "//api/skills",
        "/api//skills",
        "/api/skills/",
        "/%61pi/skills",
        "/api/../api/skills",
    ],
)
async def test_no_way_of_writing_a_path_gets_around_the_key(api: Api, path: str) -> None:
    assert (await api.anonymous.get(f"{api.url}{path}")).status_code in (401, 404)
    assert (await api.anonymous.delete(f"{api.url}{path}")).status_code in (401, 404)


@pytest.mark.parametrize("path", ["/api", "/api/nowhere", "/api/skills", "//api/skills", "/%61pi/skills"])
async def test_without_a_key_what_is_under_api_cannot_be_told_from_what_is_not(api: Api, path: str) -> None:
    assert (await api.anonymous.get(f"{api.url}{path}")).status_code == 401


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Basic YWRtaW46YWRtaW4=",
        "Bearer wb_admin_short",
        f"Bearer {write_key(key_id='admin', secret=bytes(32))}",
        f"Bearer {write_key(key_id='nobody', secret=bytes(32))}",
        "Bearer \xff\xfe",
    ],
)
async def test_what_is_not_a_key_of_ours_is_refused(api: Api, header: str) -> None:
    answer = await api.anonymous.get("/api/skills", headers=[(b"Authorization", header.encode("latin-1"))])
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized:auth")


async def test_the_scheme_may_be_written_in_any_case(api: Api) -> None:
    key = api.admin.headers["Authorization"].removeprefix("Bearer ")
    for scheme in ("bearer", "BEARER"):
        headers = {"Authorization": f"{scheme} {key}"}
        assert (await api.anonymous.get("/api/skills", headers=headers)).status_code == 200


@pytest.mark.parametrize(("route", "needed"), NEEDED.items())
@pytest.mark.parametrize("role", Role)
async def test_a_role_opens_what_it_should_and_nothing_else(
    api: Api, route: tuple[str, str], needed: Role, role: Role
) -> None:
    method, path = route
    async with api.clients[role].stream(method, re.sub(r"{\w+}", "x", path)) as answer:
        if role.includes(needed):
            # Not read: it may go on for ever.
            assert answer.status_code not in (401, 403)
            return
        await answer.aread()
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden:auth")
        assert answer.json()["requiredRole"] == needed
        assert f"the role {needed}; the key {role} has the role {role}." in answer.json()["detail"]


async def test_denials_are_recorded_with_who_and_where(api: Api) -> None:
    """The first of a source at once; those that came before in this module count too."""
    source = f"audit{uuid4().hex[:8]}"
    async with open_client(api.url, await api.new_key(source, Role.VIEWER)) as client:
        for _ in range(5):
            answer = await client.post("/api/skills?secret=canary", json={}, headers={"X-Request-ID": source})
            assert answer.status_code == 403

    async def recorded() -> list[AccessDenied]:
        events = await api.events()
        return [
            event.event for event in events if isinstance(event.event, AccessDenied) and event.event.source == source
        ]

    await eventually(recorded, 5)
    denied = AccessDenied(source=source, code=Code.FORBIDDEN, method="POST", path="/api/skills", count=1)
    assert await recorded() == [denied]
    entries = (await api.admin.get("/api/audit-log", params={"actor": source, "result": "denied"})).json()["items"]
    assert [(entry["target"], entry["requestId"]) for entry in entries] == [("route:POST /api/skills", source)]
    anonymous = (await api.admin.get("/api/audit-log", params={"actor": "127.0.0.1"})).json()["items"]
    assert {(entry["actor"]["kind"], entry["code"]) for entry in anonymous} == {("anonymous", "unauthorized:auth")}
