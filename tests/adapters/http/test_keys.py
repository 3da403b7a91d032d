"""API keys over HTTP: issued and shown once, listed, revoked; and the secret is nowhere afterwards."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import psycopg
import pytest

from adapters.http.idempotency_key import HEADER
from domain.access.events import ApiKeyIssued, ApiKeyRevoked
from domain.access.key import read_key
from domain.events import Role
from tests.adapters.http.asking_again import REPLAYED, keyed
from tests.adapters.http.serving import Api, open_client
from tests.kit.waiting import eventually

pytestmark = pytest.mark.anyio

KEYS = "/api/keys"
SOON_SECONDS = 5.0
EVERYTHING = "SELECT string_agg(it::text, ' ') FROM (SELECT row_to_json(one) AS it FROM {} AS one) AS rows"


async def issue(api: Api, name: str = "CI", role: Role = Role.VIEWER, **more: Any) -> dict[str, Any]:
    answer = await api.admin.post(KEYS, json={"name": name, "role": role, **more})
    assert answer.status_code == 201, answer.text
    issued: dict[str, Any] = answer.json()
    return issued


async def opens(api: Api, key: str) -> bool:
    async with open_client(api.url, key) as client:
        status = (await client.get("/api/skills")).status_code
    assert status in (200, 401)
    return status == 200


async def test_an_issued_key_is_shown_once_and_opens_what_its_role_may(api: Api) -> None:
    answer = await api.admin.post(KEYS, json={"name": "CI 배포", "role": "operator"})
    issued = answer.json()
    assert (answer.status_code, answer.headers["Location"]) == (201, f"{KEYS}/{issued['id']}")
    assert (issued["name"], issued["role"], issued["status"]) == ("CI 배포", "operator", "active")
    assert (issued["expiresAt"], issued["lastUsedAt"], issued["revokedAt"], issued["revokedBy"]) == (None,) * 4
    assert issued["createdBy"] == {"kind": "api_key", "id": "admin", "name": "team admin", "role": "admin"}
    presented = read_key(issued["key"])
    assert presented is not None
    assert presented.key_id == issued["id"]
    shown = (await api.admin.get(answer.headers["Location"])).json()
    assert shown == {name: value for name, value in issued.items() if name != "key"} | {"stale": False}
    async with open_client(api.url, issued["key"]) as client:
        assert (await client.get("/api/skills")).status_code == 200
        assert (await client.post("/api/install-runs", json={})).status_code == 400
        assert (await client.get(KEYS)).status_code == 403


@pytest.mark.parametrize("seconds", [60, 3600, 315_360_000])
async def test_a_key_says_when_it_expires(api: Api, seconds: int) -> None:
    issued = await issue(api, expiresInSeconds=seconds)
    lifetime = datetime.fromisoformat(issued["expiresAt"]) - datetime.fromisoformat(issued["createdAt"])
    assert (lifetime, issued["status"]) == (timedelta(seconds=seconds), "active")


async def test_a_key_that_expires_at_a_moment_says_it_in_utc(api: Api) -> None:
    moment = datetime.now(timezone(timedelta(hours=9))) + timedelta(hours=1)
    issued = await issue(api, expiresAt=moment.isoformat())
    assert datetime.fromisoformat(issued["expiresAt"]) == moment
    assert issued["expiresAt"].endswith("Z")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"role": "viewer"}, "/name"),
        ({"name": "CI"}, "/role"),
        ({"name": "", "role": "viewer"}, "/name"),
        ({"name": " CI", "role": "viewer"}, "/name"),
        ({"name": "CI\n", "role": "viewer"}, "/name"),
        ({"name": "\u202eIC", "role": "viewer"}, "/name"),
        ({"name": "c" * 65, "role": "viewer"}, "/name"),
        ({"name": "CI", "role": "root"}, "/role"),
        ({"name": "CI", "role": "viewer", "id": "mine"}, "/id"),
        ({"name": "CI", "role": "viewer", "expiresInSeconds": 59}, "/expiresInSeconds"),
        ({"name": "CI", "role": "viewer", "expiresInSeconds": 315_360_001}, "/expiresInSeconds"),
        ({"name": "CI", "role": "viewer", "expiresAt": "2020-01-01T00:00:00Z"}, "/expiresAt"),
        ({"name": "CI", "role": "viewer", "expiresAt": "9999-12-31T23:59:59-23:59"}, "/expiresAt"),
        ({"name": "CI", "role": "viewer", "expiresAt": "2027-01-31T00:00:00"}, "/expiresAt"),
        ({"name": "CI", "role": "viewer", "expiresAt": "2027-01-31"}, "/expiresAt"),
        (
            {"name": "CI", "role": "viewer", "expiresAt": "2027-01-31T00:00:00Z", "expiresInSeconds": 60},
            "/expiresInSeconds",
        ),
    ],
    ids=lambda it: it if isinstance(it, str) else None,
)
async def test_a_key_that_makes_no_sense_is_refused_with_the_place(
    api: Api, body: dict[str, Any], pointer: str
) -> None:
    head = await api.head()
    answer = await api.admin.post(KEYS, json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request:api")
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert await api.head() == head


async def test_the_secret_is_in_no_table_afterwards(api: Api, module_database: str) -> None:
    """Neither where events are, nor where answers are kept for requests that come again."""
    answer = await api.admin.post(KEYS, json={"name": "secret", "role": "viewer"}, headers=keyed("once"))
    presented = read_key(answer.json()["key"])
    assert presented is not None
    async with open_client(api.url, answer.json()["key"]) as client:
        assert (await client.get("/api/skills")).status_code == 200
    with psycopg.connect(module_database) as connection:
        found = connection.execute(
            "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        tables = {row[0] for row in found}
        assert {"public.events", "public.idempotency_keys", "public.key_uses"} <= tables
        for table in tables:
            row = connection.execute(EVERYTHING.format(table)).fetchone()
            # Bytes are shown in hex.
            for text in (presented.secret, presented.secret.encode().hex()):
                assert row is None or text not in (row[0] or ""), table
        kept = connection.execute("SELECT body FROM idempotency_keys WHERE body IS NOT NULL").fetchall()
    assert any(b'"key":null' in bytes(row[0]) for row in kept)


async def test_a_request_that_comes_again_is_answered_the_same_but_for_the_secret(api: Api) -> None:
    body, headers = {"name": "again", "role": "viewer"}, keyed()
    first = await api.admin.post(KEYS, json=body, headers=headers)
    again = await api.admin.post(KEYS, json=body, headers=headers)
    assert (again.status_code, again.headers[REPLAYED]) == (201, "true")
    assert again.headers["Location"] == first.headers["Location"]
    assert first.json()["key"].startswith(f"wb_{first.json()['id']}_")
    assert again.json() == first.json() | {"key": None}


async def test_of_many_at_once_one_is_told_the_key(api: Api) -> None:
    body, headers = {"name": "at once", "role": "viewer"}, keyed()
    answers = await asyncio.gather(*(api.admin.post(KEYS, json=body, headers=headers) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len([answer for answer in answers if answer.json()["key"] is not None]) == 1
    events = [event.event for event in await api.events() if isinstance(event.event, ApiKeyIssued)]
    assert len([event for event in events if event.name == "at once"]) == 1


async def test_a_first_try_that_was_stored_and_not_answered_is_found_without_its_secret(
    api: Api, module_database: str
) -> None:
    """As after a crash between the two: the key is there, its claim is not kept by anybody, and nobody knows the secret."""
    body, headers = {"name": "crashed", "role": "admin", "expiresInSeconds": 60}, keyed()
    first = (await api.admin.post(KEYS, json=body, headers=headers)).json()
    assert (await api.admin.delete(f"{KEYS}/{first['id']}")).status_code == 200
    with psycopg.connect(module_database) as connection:
        connection.execute(
            "UPDATE idempotency_keys SET status = NULL, headers = NULL, body = NULL, claimed_until = now()"
            " WHERE convert_from(body, 'UTF8') LIKE '%crashed%'"
        )
    again = await api.admin.post(KEYS, json=body, headers=headers)
    assert (again.status_code, again.headers["Location"]) == (201, f"{KEYS}/{first['id']}")
    assert (again.json()["id"], again.json()["key"], again.json()["status"]) == (first["id"], None, "revoked")
    replayed = await api.admin.post(KEYS, json=body, headers=headers)
    assert (replayed.json(), replayed.headers[REPLAYED]) == (again.json(), "true")


async def test_a_revoked_key_opens_nothing_soon_and_its_history_stays(api: Api) -> None:
    """How soon is for the tests of the command, which have a clock of their own."""
    issued = await issue(api, "revoked")
    assert await opens(api, issued["key"])
    answer = await api.admin.delete(f"{KEYS}/{issued['id']}")
    revoked = answer.json()
    assert (answer.status_code, revoked["status"], revoked["revokedBy"]["id"]) == (200, "revoked", "admin")
    assert revoked["position"] > issued["position"]

    async def is_shut() -> bool:
        return not await opens(api, issued["key"])

    await eventually(is_shut, SOON_SECONDS)
    shown = (await api.admin.get(f"{KEYS}/{issued['id']}")).json()
    assert (shown["status"], shown["revokedAt"]) == ("revoked", revoked["revokedAt"])
    entries = (await api.admin.get("/api/audit-log", params={"target": f"api_key:{issued['id']}"})).json()["items"]
    assert [(entry["action"], entry["actor"]["id"]) for entry in entries] == [
        ("api_key.revoked", "admin"),
        ("api_key.issued", "admin"),
    ]


async def test_a_second_revocation_answers_the_same_and_writes_nothing(api: Api) -> None:
    issued = await issue(api)
    first = await api.admin.delete(f"{KEYS}/{issued['id']}")
    again = await api.admin.delete(f"{KEYS}/{issued['id']}")
    assert (again.status_code, again.json()) == (200, first.json())
    revoked = [event for event in await api.events() if event.event == ApiKeyRevoked(key_id=issued["id"])]
    assert len(revoked) == 1


async def test_a_key_does_not_revoke_itself(api: Api) -> None:
    answer = await api.admin.delete(f"{KEYS}/admin")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict:keys")
    assert (await api.admin.get(f"{KEYS}/admin")).json()["status"] == "active"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("key", ["nobody", "%00", "a:b", "%EA%B5%AC"], ids=["nobody", "nul", "colon", "korean"])
async def test_a_key_that_is_not_there(api: Api, method: str, key: str) -> None:
    answer = await api.admin.request(method, f"{KEYS}/{key}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found:keys")


async def test_one_key_is_changed_for_another_without_a_gap(api: Api) -> None:
    former, following = await issue(api, "robot"), await issue(api, "robot")
    assert [await opens(api, key["key"]) for key in (former, following)] == [True, True]
    assert (await api.admin.delete(f"{KEYS}/{former['id']}")).status_code == 200

    async def is_changed() -> bool:
        return [await opens(api, key["key"]) for key in (former, following)] == [False, True]

    await eventually(is_changed, SOON_SECONDS)


async def test_the_last_use_is_shown_soon_after_it(api: Api) -> None:
    issued = await issue(api, "used")
    assert issued["lastUsedAt"] is None
    before = datetime.now(UTC)
    assert await opens(api, issued["key"])

    async def is_shown() -> bool:
        used_at = (await api.admin.get(f"{KEYS}/{issued['id']}")).json()["lastUsedAt"]
        return used_at is not None and abs(datetime.fromisoformat(used_at) - before) < timedelta(seconds=30)

    await eventually(is_shown, SOON_SECONDS)
    shown = (await api.admin.get(f"{KEYS}/{issued['id']}")).json()
    assert (await api.admin.delete(f"{KEYS}/{issued['id']}")).json()["lastUsedAt"] == shown["lastUsedAt"]


async def test_keys_are_listed_in_pages_and_by_what_a_person_looks_for(api: Api) -> None:
    ids = [(await issue(api, f"page {number}", Role.OPERATOR))["id"] for number in range(3)]
    await api.admin.delete(f"{KEYS}/{ids[1]}")
    query = {"q": "PAGE ", "limit": "2"}
    first = (await api.admin.get(KEYS, params=query)).json()
    second = (await api.admin.get(KEYS, params=query | {"cursor": first["nextCursor"]})).json()
    assert [[key["id"] for key in page["items"]] for page in (first, second)] == [[ids[2], ids[1]], [ids[0]]]
    assert (second["nextCursor"], second["stale"]) == (None, False)
    active = (await api.admin.get(KEYS, params={"q": "page ", "status": "active", "role": "operator"})).json()
    assert [key["id"] for key in active["items"]] == [ids[2], ids[0]]
    assert not any("key" in key or "secretSha256" in key for key in active["items"])


@pytest.mark.parametrize(
    "query",
    ["status=valid", "role=root", "q=", "name=x", "limit=0", "cursor=bm90aGluZw", "minPosition=-1"],
)
async def test_a_filter_that_makes_no_sense_is_refused(api: Api, query: str) -> None:
    answer = await api.admin.get(f"{KEYS}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request:api")


async def test_an_idempotency_key_is_of_one_request(api: Api) -> None:
    headers = keyed()
    await api.admin.post(KEYS, json={"name": "one", "role": "viewer"}, headers=headers)
    other = await api.admin.post(KEYS, json={"name": "one", "role": "admin"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "unprocessable:idempotency")
    assert other.request.headers[HEADER] == headers[HEADER]
