"""Cursors are worth something only where they were given out, and every page says where the next one is."""

from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.http.install_runs import HistoryQuery
from adapters.http.installations import InstallationsToVerify
from adapters.http.pages import Cursors, listed
from domain.errors import BadRequest
from domain.install_run.state import RunStatus
from queries.list_audit_log import ListAuditLog
from queries.list_install_runs import ListInstallRuns
from queries.list_skills import ListSkills
from tests.adapters.http.bare import bare_app
from tests.adapters.http.serving import Api, listening, open_client
from tests.adapters.http.test_bad_input import is_problem

OLD, NEW, OTHER = "an old key", "a new key", "a key of somebody else"
RUNS = listed("/api/install-runs", ListInstallRuns())


def refuses(cursors: Cursors, cursor: str, of: bytes = RUNS) -> bool:
    with pytest.raises(BadRequest) as refused:
        cursors.open(cursor, of=of)
    return [problem.pointer for problem in refused.value.problems] == ["?cursor"]


def test_a_cursor_comes_back_as_it_was_signed_and_fits_into_a_url() -> None:
    cursors = Cursors(lambda: [NEW])
    signed = cursors.sign("1234", of=RUNS)
    assert cursors.open(signed, of=RUNS) == "1234"
    assert not set(signed) & set("+/=&?# ")


def test_a_walk_outlasts_a_rotation_of_keys_and_not_the_going_of_its_key() -> None:
    before, during, after = Cursors(lambda: [OLD]), Cursors(lambda: [NEW, OLD]), Cursors(lambda: [NEW])
    begun = before.sign("1", of=RUNS)
    assert during.open(begun, of=RUNS) == "1"
    assert after.open(during.sign("2", of=RUNS), of=RUNS) == "2"
    assert refuses(after, begun)
    assert refuses(before, during.sign("2", of=RUNS))


def test_keys_are_asked_for_each_time() -> None:
    keys = [OLD]
    cursors = Cursors(lambda: keys)
    begun = cursors.sign("1", of=RUNS)
    keys.insert(0, NEW)
    assert cursors.open(begun, of=RUNS) == "1"
    assert cursors.sign("1", of=RUNS) != begun


@given(text=st.text(max_size=60))
def test_what_anybody_makes_up_is_refused(text: str) -> None:
    assert refuses(Cursors(lambda: [NEW, OLD]), text)


@given(data=st.data())
def test_a_cursor_that_was_changed_anywhere_is_refused(data: st.DataObject) -> None:
    cursors = Cursors(lambda: [NEW, OLD])
    signed = cursors.sign(str(data.draw(st.integers(0, 2**63))), of=RUNS)
    place = data.draw(st.integers(0, len(signed)))
    put = data.draw(st.sampled_from([*"ABCXYZabcxyz0189-_=+/ .\n", ""]))
    changed = signed[:place] + put + signed[place + data.draw(st.integers(0, 1)) :]
    if changed != signed:
        assert refuses(cursors, changed)


def test_a_cursor_belongs_to_one_list() -> None:
    cursors = Cursors(lambda: [NEW])
    signed = cursors.sign("1", of=RUNS)
    others = (
        listed("/api/skills", ListSkills()),
        listed("/api/install-runs/0198/history", HistoryQuery()),
        listed("/api/installations/verify", InstallationsToVerify()),
        listed("/api/install-runs", ListInstallRuns(skill=("kbo-results",))),
        listed("/api/install-runs", ListInstallRuns(q="kbo-results")),
    )
    assert all(refuses(cursors, signed, of=other) for other in others)
    assert refuses(Cursors(lambda: [OTHER]), signed)
    assert len({RUNS, *others}) == len(others) + 1


def test_a_list_is_the_same_however_its_filters_are_written_and_whichever_page_is_asked_for() -> None:
    runs = ListInstallRuns(status=(RunStatus.FAILED, RunStatus.QUEUED))
    turned = ListInstallRuns(
        status=(RunStatus.QUEUED, RunStatus.FAILED, RunStatus.QUEUED),
        limit=7,
        cursor="elsewhere",
        min_position=12,
        kind=(),
    )
    assert listed("/api/install-runs", runs) == listed("/api/install-runs", turned)
    assert listed("/api/install-runs", runs) != RUNS
    assert listed("/api/audit-log", ListAuditLog(actor=("a", "b"))) != listed(
        "/api/audit-log", ListAuditLog(actor=("ab",))
    )


@pytest.mark.anyio
async def test_a_cursor_is_looked_at_before_anything_is_read() -> None:
    async with listening(bare_app()) as url, open_client(url, "wb_any") as client:
        for path in ("/api/skills", "/api/audit-log", "/api/install-runs", "/api/installations", "/api/providers"):
            answer = await client.get(path, params={"cursor": "elsewhere"})
            assert [error["pointer"] for error in is_problem(answer, status=400, code="bad_request:api")["errors"]] == [
                "?cursor"
            ]


@pytest.fixture(scope="module")
async def client(api: Api) -> httpx2.AsyncClient:
    """There are three skills, connections, runs and installations."""
    for number in (1, 2, 3):
        await api.register(f"skill-{number}")
        await api.connect(f"connection-{number}")
        run = await api.queue(f"skill-{number}", f"connection-{number}")
        await api.succeed(run)
    return api.admin


LISTS = (
    "/api/skills?q=skill-",
    "/api/skills?archived=false",
    "/api/skills/skill-1/versions",
    "/api/providers?kind=noop&active=true",
    "/api/install-runs?status=success&status=queued&q=skill",
    "/api/installations?drift=none&q=%2Dconn%26%C3%BC",
    "/api/installations?drift=none",
    "/api/audit-log?q=install_run&since=2026-01-01T00:00:00%2B09:00",
    "/api/keys?q=team",
)


def next_of(answer: httpx2.Response) -> str | None:
    following = answer.links.get("next")
    return None if following is None else following["url"]


@pytest.mark.anyio
@pytest.mark.parametrize("path", LISTS)
async def test_the_link_of_a_page_leads_through_the_whole_list(client: httpx2.AsyncClient, path: str) -> None:
    whole = (await client.get(path)).raise_for_status().json()
    assert whole["nextCursor"] is None
    items: list[Any] = []
    following: str | None = f"{path}{'&' if '?' in path else '?'}limit=2"
    for _ in range(len(whole["items"]) + 1):
        assert following is not None
        answer = (await client.get(following)).raise_for_status()
        items += answer.json()["items"]
        following = next_of(answer)
        assert (following is None) == (answer.json()["nextCursor"] is None)
        if following is None:
            break
        assert following.startswith("/api/")
    assert (following, items) == (None, whole["items"])


@pytest.mark.anyio
async def test_the_history_of_a_run_has_pages_of_its_own(api: Api, client: httpx2.AsyncClient) -> None:
    first, second = (await client.get("/api/install-runs?limit=2")).json()["items"]
    page = await client.get(f"/api/install-runs/{first['id']}/history?limit=2")
    assert (await client.get(next_of(page) or "")).status_code == 200
    foreign = await client.get(f"/api/install-runs/{second['id']}/history?cursor={page.json()['nextCursor']}")
    is_problem(foreign, status=400, code="bad_request:api")


@pytest.mark.anyio
async def test_a_head_has_the_link_too(client: httpx2.AsyncClient) -> None:
    answer = await client.head("/api/skills?limit=1")
    assert next_of(answer)


@pytest.mark.anyio
async def test_a_cursor_goes_with_its_filters_only(client: httpx2.AsyncClient) -> None:
    cursor = (await client.get("/api/install-runs?limit=1&status=success&status=queued")).json()["nextCursor"]
    good = await client.get(f"/api/install-runs?limit=2&status=queued&status=success&minPosition=1&cursor={cursor}")
    assert good.status_code == 200
    for path in (
        f"/api/install-runs?cursor={cursor}",
        f"/api/install-runs?status=success&cursor={cursor}",
        f"/api/install-runs?status=success&status=queued&q=skill&cursor={cursor}",
        f"/api/skills?cursor={cursor}",
        f"/api/audit-log?cursor={cursor}",
        f"/api/keys?cursor={cursor}",
    ):
        problem = is_problem(await client.get(path), status=400, code="bad_request:api")
        assert [error["pointer"] for error in problem["errors"]] == ["?cursor"]


@pytest.mark.anyio
async def test_what_is_verified_page_by_page_stays_what_it_was(client: httpx2.AsyncClient) -> None:
    address = "/api/installations/verify?limit=1"
    first = (await client.post(address, json={"q": "connection-"})).raise_for_status().json()
    assert "link" not in (await client.post(address, json={})).headers
    cursor = first["nextCursor"]
    second = (await client.post(f"{address}&cursor={cursor}", json={"q": "connection-"})).raise_for_status().json()
    assert first["items"][0]["id"] != second["items"][0]["id"]
    for body in ({}, {"q": "connection"}, {"q": "connection-", "drift": "none"}):
        is_problem(await client.post(f"{address}&cursor={cursor}", json=body), status=400, code="bad_request:api")
    listed_cursor = (await client.get("/api/installations?limit=1&q=connection-")).json()["nextCursor"]
    answer = await client.post(f"{address}&cursor={listed_cursor}", json={"q": "connection-"})
    is_problem(answer, status=400, code="bad_request:api")
