"""A request that is sent again under its key is carried out once, and answered the same."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from litestar import Response

from adapters.http.idempotency import Answered
from adapters.http.idempotency_key import HEADER, KEY_CHARS_MAX
from adapters.http.openapi import describe
from adapters.http.routes import routes_of
from domain.events import Role
from tests.adapters.http.asking_again import REPLAYED, RUNS, asked, is_replay, keyed, post
from tests.adapters.http.promises import codes_of
from tests.adapters.http.registering import as_form, skill_of
from tests.adapters.http.serving import Api, open_client, serving, skill_files
from tests.adapters.http.test_access import NEEDED, router

pytestmark = pytest.mark.anyio

REUSED = "unprocessable:idempotency"
POSTS = [path for method, path in NEEDED if method == "post"]


@pytest.fixture(scope="module")
async def api(anyio_backend: str, module_database: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    folder: Path = tmp_path_factory.mktemp("credentials")
    async with serving(module_database, folder) as served:
        for name in ("one", "two"):
            await served.connect(name)
        yield served


@pytest.fixture
async def skill(api: Api) -> str:
    """One that no other test installs."""
    name = f"skill-{uuid4().hex[:8]}"
    await api.register(name)
    return name


def test_every_route_that_changes_something_by_post_is_carried_out_once() -> None:
    """What answers otherwise than by `answer_once` could not say that it does."""
    answers = {
        route.path: handler.fn.__annotations__["return"]
        for route in router().routes
        for handler in getattr(route, "route_handlers", ())
        if handler.http_methods == {"POST"}
    }
    # A case is taken along and nothing is changed by it, but that this is on record, each time.
    assert answers.pop("/api/incidents/export") == Response[bytes]
    assert set(answers.values()) == {Answered}
    assert len(answers) + 1 == len(POSTS) == len([route for route in routes_of(router()) if route.method == "post"])


def test_the_openapi_document_has_the_key_of_every_post_and_of_nothing_else() -> None:
    document = json.loads(describe(router(), version="1.2.3"))
    for methods in document["paths"].values():
        for method, operation in methods.items():
            named = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "header"]
            assert (HEADER in named) is (method == "post")
            refused = operation["responses"].get("422")
            assert (refused is not None and REUSED in codes_of(refused)) is (method == "post")


async def test_a_run_that_is_asked_for_again_is_answered_the_same_whatever_became_of_it(api: Api, skill: str) -> None:
    headers = keyed()
    first = await post(api, RUNS, headers=headers, json=asked(skill))
    assert (first.status_code, first.json()["reused"]) == (202, False)
    await api.succeed(first.json())
    before = await api.head()
    for _ in range(2):
        is_replay(await post(api, RUNS, headers=headers, json=asked(skill)), first)
    assert await api.head() == before


async def test_a_dry_run_is_answered_the_same_too(api: Api, skill: str) -> None:
    headers, body = keyed(), asked(skill, dryRun=True)
    first = await post(api, RUNS, headers=headers, json=body)
    await api.queue(skill, "one")
    is_replay(await post(api, RUNS, headers=headers, json=body), first)


@pytest.mark.parametrize("action", ["cancel", "retry", "rollback", "uninstall"])
async def test_what_is_done_about_a_run_is_done_once(api: Api, skill: str, action: str) -> None:
    run = await api.queue(skill, "one")
    path = f"{RUNS}/{run['id']}/{action}"
    if action == "retry":
        await api.fail(run)
    if action in ("rollback", "uninstall"):
        await api.succeed(run)
    if action == "uninstall":
        (one,) = (await api.admin.get(f"/api/installations?skill={skill}")).json()["items"]
        path = f"/api/installations/{one['id']}/uninstall"
    headers = keyed()
    first = await post(api, path, headers=headers)
    assert first.status_code == 202
    before = await api.head()
    is_replay(await post(api, path, headers=headers), first)
    assert await api.head() == before


async def test_skills_and_providers_are_made_once(api: Api) -> None:
    name = f"skill-{uuid4().hex[:8]}"
    provider = {"kind": "noop", "name": name, "credential": "sk-made-up"}
    for path, body in (
        ("/api/skills", skill_files(name)),
        (f"/api/skills/{name}/archive", None),
        ("/api/providers", provider),
        (f"/api/providers/{name}/verify", None),
        ("/api/installations/verify", {"skill": name}),
    ):
        headers = keyed()
        first = await post(api, path, headers=headers, role=Role.ADMIN, json=body)
        assert first.status_code in (200, 201), path
        before = await api.head()
        is_replay(await post(api, path, headers=headers, role=Role.ADMIN, json=body), first)
        assert await api.head() == before
    again = await post(api, "/api/providers", headers=keyed(), role=Role.ADMIN, json=provider)
    assert again.status_code == 409


async def test_an_upload_is_told_by_its_files_and_not_by_its_boundary(api: Api) -> None:
    """A client makes a new boundary each time."""
    name = f"skill-{uuid4().hex[:8]}"
    headers = keyed()

    async def upload(text: str) -> Any:
        form = as_form(skill_of(name, text))
        return await post(api, "/api/skills", headers=headers, role=Role.ADMIN, files=form)

    first = await upload("one")
    assert first.status_code == 201
    again = await upload("one")
    assert again.request.headers["Content-Type"] != first.request.headers["Content-Type"]
    is_replay(again, first)
    other = await upload("two")
    assert (other.status_code, other.json()["code"]) == (422, "unprocessable:idempotency")


async def test_the_same_key_with_another_request_is_refused_and_nothing_is_stored(api: Api, skill: str) -> None:
    headers = keyed()
    first = await post(api, RUNS, headers=headers, json=asked(skill))
    before = await api.head()
    for body in (asked(skill, "two"), asked(skill, ref="1"), asked(skill) | {"ref": "latest"}):
        answer = await post(api, RUNS, headers=headers, json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "unprocessable:idempotency")
        assert answer.json()["retryable"] is False
    assert await api.head() == before
    other = await api.queue(skill, "two")
    cancelled = await post(api, f"{RUNS}/{first.json()['id']}/cancel", headers=headers)
    assert cancelled.status_code == 202
    refused = await post(api, f"{RUNS}/{other['id']}/cancel", headers=headers)
    assert refused.status_code == 422


async def test_a_query_belongs_to_the_request(api: Api, skill: str) -> None:
    headers = keyed()
    path = "/api/installations/verify"
    assert (await post(api, f"{path}?limit=1", headers=headers, json={"skill": skill})).status_code == 200
    assert (await post(api, f"{path}?limit=2", headers=headers, json={"skill": skill})).status_code == 422


async def test_another_caller_with_the_same_key_is_another_request(api: Api, skill: str) -> None:
    headers = keyed()
    first = await post(api, RUNS, headers=headers, json=asked(skill))
    await api.succeed(first.json())
    second = await post(api, RUNS, headers=headers, role=Role.ADMIN, json=asked(skill))
    assert (second.status_code, second.headers.get(REPLAYED)) == (202, None)
    assert second.json()["id"] != first.json()["id"]
    assert (second.json()["requestedBy"]["id"], first.json()["requestedBy"]["id"]) == ("admin", "operator")
    is_replay(await post(api, RUNS, headers=headers, json=asked(skill)), first)
    is_replay(await post(api, RUNS, headers=headers, role=Role.ADMIN, json=asked(skill)), second)


async def test_what_was_refused_may_be_sent_again_as_it_was_or_corrected(api: Api, skill: str) -> None:
    headers = keyed()
    for body, status in (
        (asked("nobody"), 404),
        (asked(skill, providers=[]), 400),
        (asked(skill, nonsense=1), 400),
        (asked(skill, "nobody"), 404),
    ):
        answer = await post(api, RUNS, headers=headers, json=body)
        assert (answer.status_code, answer.headers.get(REPLAYED)) == (status, None)
    first = await post(api, RUNS, headers=headers, json=asked(skill))
    assert (first.status_code, first.headers.get(REPLAYED)) == (202, None)
    refused = await post(api, RUNS, headers=keyed(), json=asked(skill, onDuplicate="reject"))
    assert refused.status_code == 409
    is_replay(await post(api, RUNS, headers=headers, json=asked(skill)), first)


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "values",
    [[b""], [b"x" * (KEY_CHARS_MAX + 1)], [b"\xc3\xbc"], [b"a\tb"], [b"one", b"two"]],
    ids=["empty", "long", "not ASCII", "a tab", "two of them"],
)
async def test_what_is_no_key_is_refused_everywhere(api: Api, path: str, values: list[bytes]) -> None:
    headers = [(HEADER.encode(), value) for value in values]
    answer = await api.admin.post(re.sub(r"{\w+}", "x", path), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request:api")
    assert HEADER in answer.json()["detail"]


@pytest.mark.parametrize("key", ["a", "~" * KEY_CHARS_MAX, '"8e03978e-40d5" and more', "!"])
async def test_anything_that_can_be_read_is_a_key(api: Api, skill: str, key: str) -> None:
    headers = keyed(key)
    first = await post(api, f"/api/skills/{skill}/archive", headers=headers, role=Role.ADMIN)
    assert first.status_code == 200
    client = f"client{uuid4().hex[:8]}"
    async with open_client(api.url, await api.new_key(client, Role.ADMIN)) as other:
        again = await other.post(f"/api/skills/{skill}/archive", headers=headers)
    assert (again.status_code, again.headers.get(REPLAYED)) == (200, None)


async def test_a_get_has_no_use_for_a_key(api: Api) -> None:
    answer = await api.admin.get(RUNS, headers={HEADER: "x" * 1000})
    assert (answer.status_code, answer.headers.get(REPLAYED)) == (200, None)
