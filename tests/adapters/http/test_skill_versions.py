"""Versions over HTTP: back as they were registered, under labels, in and out of use."""

import io
import zipfile
from typing import Any

import pytest

from domain.errors import Code
from domain.events import Role
from tests.adapters.http.registering import as_form, digest, register, skill_of
from tests.adapters.http.serving import Api

pytestmark = pytest.mark.anyio


async def test_the_bundle_comes_back_as_it_was_registered(api: Api) -> None:
    skill = await register(api, "bundled", "one", "two")
    answer = await api.clients[Role.VIEWER].get("/api/skills/bundled/versions/1/bundle")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/zip")
    assert answer.headers["ETag"] == f'"{digest(skill_of("bundled", "one"))}"'
    assert answer.headers["Content-Disposition"] == 'attachment; filename="bundled-v1.zip"'
    assert answer.headers["Content-Location"] == f"/api/skills/{skill['id']}/versions/1/bundle"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        found = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    assert found == {f"bundled/{path}": content for path, content in skill_of("bundled", "one").items()}
    again = await api.admin.post("/api/skills", files={"archive": answer.content})
    assert (again.status_code, again.json()["registered"]["version"]) == (200, 1)
    assert (await api.admin.get(answer.headers["Content-Location"])).content == answer.content


async def test_a_bundle_is_picked_by_any_ref(api: Api) -> None:
    skill = await register(api, "picked", "one", "two")
    await api.admin.put("/api/skills/picked/labels/stable", json={"version": 1})
    first = digest(skill_of("picked", "one")).removeprefix("sha256:")
    refs = {"1": 1, "v1": 1, "stable": 1, first[:8]: 1, f"sha256:{first}": 1, "2": 2, "latest": 2}
    for ref, version in refs.items():
        answer = await api.admin.get(f"/api/skills/{skill['id']}/versions/{ref}/bundle")
        assert answer.headers["Content-Location"].endswith(f"/versions/{version}/bundle"), ref


async def test_a_bundle_that_the_client_has_is_not_sent_again(api: Api) -> None:
    await register(api, "cached")
    path = "/api/skills/cached/versions/latest/bundle"
    tag = (await api.admin.get(path)).headers["ETag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = await api.admin.get(path, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", tag)
    assert (await api.admin.get(path, headers={"If-None-Match": '"other"'})).status_code == 200
    await register(api, "cached", "two")
    assert (await api.admin.get(path, headers={"If-None-Match": tag})).status_code == 200


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/api/skills/nobody/versions/1/bundle", "not_found:skills"),
        ("/api/skills/nobody/versions", "not_found:skills"),
        ("/api/skills/there/versions/9/bundle", "not_found:skill_versions"),
        ("/api/skills/there/versions/stable/bundle", "not_found:skill_versions"),
        ("/api/skills/there/versions/%00/bundle", "not_found:skill_versions"),
    ],
)
async def test_a_version_that_is_not_there(api: Api, path: str, code: str) -> None:
    await register(api, "there")
    answer = await api.admin.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, code)


async def test_versions_are_listed_the_newest_first_in_pages(api: Api) -> None:
    await register(api, "listed", "one", "two", "three")
    first = (await api.admin.get("/api/skills/listed/versions", params={"limit": 2})).json()
    rest = (await api.admin.get("/api/skills/listed/versions", params={"cursor": first["nextCursor"]})).json()
    assert [one["version"] for page in (first, rest) for one in page["items"]] == [3, 2, 1]
    assert (rest["nextCursor"], rest["stale"]) == (None, False)
    shown = (await api.admin.get("/api/skills/listed")).json()["versions"]
    assert shown == [*reversed([*first["items"], *rest["items"]])]


@pytest.mark.parametrize(("version", "number"), [(1, 1), ("2", 2), ("v1", 1), ("latest", 2), ("other", 1)])
async def test_a_label_points_where_it_is_put(api: Api, version: int | str, number: int) -> None:
    await register(api, "labelled", "one", "two")
    await api.admin.put("/api/skills/labelled/labels/other", json={"version": 1})
    answer = await api.admin.put("/api/skills/labelled/labels/stable", json={"version": version})
    assert (answer.status_code, answer.json()["labels"]["stable"]) == (200, number)
    assert (await api.admin.get("/api/skills/labelled")).json()["labels"]["stable"] == number
    head = await api.head()
    assert (await api.admin.put("/api/skills/labelled/labels/stable", json={"version": version})).json() == (
        answer.json()
    )
    assert await api.head() == head


@pytest.mark.parametrize(
    ("label", "body", "status", "pointers"),
    [
        ("latest", {"version": 1}, 400, ["/label"]),
        ("v1", {"version": 1}, 400, ["/label"]),
        ("Stable", {"version": 1}, 400, ["/label"]),
        ("stable", {"version": 0}, 400, ["/version"]),
        ("stable", {"version": ""}, 400, ["/version"]),
        ("stable", {"version": None}, 400, ["/version"]),
        ("stable", {"version": 1, "force": True}, 400, ["/force"]),
        ("stable", {}, 400, ["/version"]),
        ("stable", {"version": 9}, 404, []),
        ("stable", {"version": "nothing"}, 404, []),
    ],
)
async def test_a_label_that_cannot_be(
    api: Api, *, label: str, body: dict[str, Any], status: int, pointers: list[str]
) -> None:
    await register(api, "unlabelled")
    answer = await api.admin.put(f"/api/skills/unlabelled/labels/{label}", json=body)
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (status, pointers)
    assert (await api.admin.get("/api/skills/unlabelled")).json()["labels"] == {}


async def test_a_run_takes_the_version_that_a_label_points_to(api: Api) -> None:
    await register(api, "by-label", "one", "two")
    await api.connect("by-label")
    await api.admin.put("/api/skills/by-label/labels/stable", json={"version": 1})
    body = {"skill": "by-label", "ref": "stable", "providers": ["by-label"]}
    run = (await api.admin.post("/api/install-runs", json=body)).json()
    assert (run["skill"]["version"], run["skill"]["ref"]) == (1, "stable")


async def test_an_archived_skill_is_out_of_use_until_it_is_taken_back(api: Api) -> None:
    await register(api, "archived")
    await api.connect("archived")
    archived = await api.admin.post("/api/skills/archived/archive")
    assert (archived.status_code, archived.json()["archived"]) == (200, True)
    head = await api.head()
    assert (await api.admin.post("/api/skills/archived/archive")).json() == archived.json()
    assert await api.head() == head
    assert (await api.admin.get("/api/skills/archived")).json()["archived"] is True
    refused = await api.admin.post("/api/skills", files=as_form(skill_of("archived", "two")))
    assert (refused.status_code, refused.json()["code"]) == (409, Code.CONFLICT_SKILL)
    run = {"skill": "archived", "providers": ["archived"]}
    assert (await api.admin.post("/api/install-runs", json=run)).json()["code"] == Code.CONFLICT_SKILL
    back = await api.admin.delete("/api/skills/archived/archive")
    assert (back.status_code, back.json()["archived"]) == (200, False)
    assert (await api.admin.delete("/api/skills/archived/archive")).json() == back.json()
    assert (await api.admin.post("/api/install-runs", json=run)).status_code == 202


async def test_a_list_shows_what_is_in_use_or_what_is_archived(api: Api) -> None:
    await register(api, "shelf-used")
    await register(api, "shelf-archived")
    await api.admin.post("/api/skills/shelf-archived/archive")

    async def names(**query: str) -> list[str]:
        answer = await api.admin.get("/api/skills", params={"q": "shelf-"} | query)
        return [skill["name"] for skill in answer.json()["items"]]

    assert await names() == ["shelf-used"]
    assert await names(archived="false") == ["shelf-used"]
    assert await names(archived="true") == ["shelf-archived"]


@pytest.mark.parametrize("path", ["/api/skills/nobody/archive", "/api/skills/nobody/labels/stable"])
async def test_what_is_not_there_is_neither_archived_nor_labelled(api: Api, path: str) -> None:
    labelling = "labels" in path
    for method in ("PUT",) if labelling else ("POST", "DELETE"):
        answer = await api.admin.request(method, path, json={"version": 1} if labelling else None)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found:skills")


async def test_the_audit_log_says_who_labelled_and_archived_what(api: Api) -> None:
    await register(api, "audited")
    headers = {"X-Request-ID": "labelling"}
    await api.admin.put("/api/skills/audited/labels/stable", json={"version": 1}, headers=headers)
    await api.admin.post("/api/skills/audited/archive")
    await api.admin.delete("/api/skills/audited/archive")
    entries = (await api.admin.get("/api/audit-log", params={"target": "skill:audited"})).json()["items"]
    actions = ["skill.unarchived", "skill.archived", "skill.labelled", "skill.version_published", "skill.registered"]
    assert [entry["action"] for entry in entries] == actions
    assert {(entry["actor"]["id"], entry["result"]) for entry in entries} == {("admin", "success")}
    assert entries[2]["requestId"] == "labelling"
