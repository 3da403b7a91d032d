"""What was said, as it can be looked at, and who sees the words; and that these are nowhere once they are erased."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx2
import psycopg
import pytest

from domain.chat.events import ChatTextErased
from domain.events import Role
from tests.adapters.http.asking_again import keyed
from tests.adapters.http.chatting import ACTIONS, CANARY, action, say, set_the_stage
from tests.adapters.http.live_streams import listen
from tests.adapters.http.serving import Api, open_client

pytestmark = pytest.mark.anyio

EVERYTHING = "SELECT string_agg(it::text, ' ') FROM (SELECT row_to_json(one) AS it FROM {} AS one) AS rows"
TABLES = """
    SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
"""


@pytest.fixture(scope="module", autouse=True)
async def stage(api: Api) -> None:
    await set_the_stage(api)


@pytest.fixture
async def other(api: Api) -> AsyncIterator[httpx2.AsyncClient]:
    """Another operator."""
    key = await api.new_key(f"o{uuid4().hex[:10]}", Role.OPERATOR)
    async with open_client(api.url, key) as client:
        yield client


def holding(database: str, word: str) -> set[str]:
    """The tables in which it stands."""
    with psycopg.connect(database) as connection:
        tables = {row[0] for row in connection.execute(TABLES).fetchall()}
        assert {"public.events", "public.chat_texts", "public.idempotency_keys"} <= tables
        texts = {table: connection.execute(EVERYTHING.format(table)).fetchone() for table in tables}
    # Bytes are shown in hex.
    forms = (word, word.encode().hex())
    return {table for table, row in texts.items() if row and any(form in (row[0] or "") for form in forms)}


async def shown_to(client: httpx2.AsyncClient, said: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = (await client.get(f"{ACTIONS}/{said['chatActionId']}")).json()
    return shown


async def test_the_words_are_for_whoever_said_them_and_for_admins(api: Api, other: httpx2.AsyncClient) -> None:
    said = await say(api, f"list {CANARY} skills")
    everything = await action(api, said)
    assert (everything["text"], everything["textErased"], everything["stale"]) == (
        f"list {CANARY} skills",
        False,
        False,
    )
    assert everything["actor"] == {"kind": "api_key", "id": "operator", "name": "team operator", "role": "operator"}
    assert await shown_to(api.admin, said) == everything
    for client in (other, api.clients[Role.VIEWER]):
        assert await shown_to(client, said) == everything | {"text": None}
        listed = (await client.get(ACTIONS)).json()
        assert CANARY not in str(listed)
        assert said["chatActionId"] in str(listed)
    assert CANARY in str((await api.admin.get(ACTIONS)).json())


async def test_what_was_said_is_in_its_own_place_and_nowhere_else(
    api: Api, module_database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not in an event, a read model, a live stream, the audit log or the process's log; and nowhere at all once it is erased, also
    not in the answer that is kept for a request that comes again.
    """
    word = f"{CANARY}-{uuid4().hex[:6]}"
    said = await say(api, f"install {word} on openai", headers=keyed())
    assert (said["reason"], said["chatActionId"] is None) == ("unknown_skill", False)
    assert word in said["reply"]
    assert holding(module_database, word) == {"public.chat_texts", "public.idempotency_keys"}
    async with listen(api.admin, after=0) as stream:
        told = await stream.take(await api.head())
    assert "ChatCommandRejected" in {sent.name for sent in told}
    assert word not in str([sent.data for sent in told])
    assert word not in (await api.admin.get("/api/audit-log", params={"limit": "200"})).text
    captured = capsys.readouterr()
    assert word not in captured.out + captured.err
    assert (await api.admin.delete(f"{ACTIONS}/{said['chatActionId']}/text")).status_code == 200
    assert holding(module_database, word) == set()


async def test_what_looks_like_a_secret_is_not_even_kept(api: Api) -> None:
    secret = "sk-proj-T3BlbkFJ" + "aB1cD2eF3gH4iJ5kL6" * 2
    said = await say(api, f"connect openai with {secret}")
    for client in (api.clients[Role.OPERATOR], api.admin):
        text = (await shown_to(client, said))["text"]
        assert secret not in text
        assert text.startswith("connect openai with ")
    assert secret not in said["reply"]


async def test_words_are_erased_for_good_and_what_was_done_stays(api: Api, module_database: str) -> None:
    said = await say(api, f"install {CANARY} on openai")
    before = await action(api, said)
    path = f"{ACTIONS}/{said['chatActionId']}/text"
    answer = await api.clients[Role.OPERATOR].delete(path)
    erased = answer.json()
    assert (answer.status_code, erased["text"], erased["textErased"]) == (200, None, True)
    changed = {"text", "textErased", "position"}
    assert {name: value for name, value in erased.items() if name not in changed} == {
        name: value for name, value in before.items() if name not in {*changed, "stale"}
    }
    assert await action(api, said, Role.ADMIN) == erased | {"stale": False}
    with psycopg.connect(module_database) as connection:
        left = "SELECT count(*) FROM chat_texts WHERE action_id = %s"
        assert connection.execute(left, (said["chatActionId"],)).fetchone() == (0,)
    head = await api.head()
    again = await api.clients[Role.OPERATOR].delete(path)
    assert (again.status_code, again.json()) == (200, erased)
    assert await api.head() == head
    query = {"target": f"chat_action:{said['chatActionId']}"}
    entries = (await api.admin.get("/api/audit-log", params=query)).json()["items"]
    assert [entry["action"] for entry in entries] == ["chat.text_erased", "chat.rejected", "chat.received"]


async def test_only_whoever_said_it_and_admins_erase_it(api: Api, other: httpx2.AsyncClient) -> None:
    said = await say(api, "list skills")
    path = f"{ACTIONS}/{said['chatActionId']}/text"
    for client in (other, api.clients[Role.VIEWER]):
        refused = await client.delete(path)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden:auth")
    assert (await action(api, said))["text"] == "list skills"
    assert (await api.admin.delete(path)).json()["textErased"] is True
    erased = [event for event in await api.events() if str(event.stream) == said["chatActionId"]][-1]
    assert (erased.event, erased.actor.id) == (ChatTextErased(), "admin")


@pytest.mark.parametrize("way", ["GET", "DELETE"])
@pytest.mark.parametrize("wanted", ["nothing", "no id", "a run"])
async def test_what_is_not_there(api: Api, way: str, wanted: str) -> None:
    run = await say(api, "install kbo-results on openai")
    ids = {"nothing": str(uuid4()), "no id": "latest", "a run": run["runIds"][0]}
    path = f"{ACTIONS}/{ids[wanted]}"
    answer = await api.admin.request(way, path if way == "GET" else f"{path}/text")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found:chat_actions")


async def test_they_are_listed_in_pages_by_who_what_and_how_it_went(api: Api, other: httpx2.AsyncClient) -> None:
    """The newest first, under filters of which any value will do."""
    answers = [
        (await other.post("/api/chat-ops", json={"message": message})).json()
        for message in ("list skills", "install kbo-results on nowhere-known", "who installed kbo-results?")
    ]
    ids = [answer["chatActionId"] for answer in reversed(answers)]
    actor = (await shown_to(api.admin, answers[0]))["actor"]["id"]
    query: dict[str, Any] = {"actor": actor, "limit": "2"}
    first = (await api.admin.get(ACTIONS, params=query)).json()
    second = (await api.admin.get(ACTIONS, params=query | {"cursor": first["nextCursor"]})).json()
    assert [[one["id"] for one in page["items"]] for page in (first, second)] == [ids[:2], ids[2:]]
    assert (second["nextCursor"], second["stale"]) == (None, False)
    for more, expected in (
        ({"action": "install"}, ids[1:2]),
        ({"action": ["list", "who"]}, [ids[0], ids[2]]),
        ({"status": "rejected"}, ids[1:2]),
        ({"status": "waiting"}, []),
        ({"until": first["items"][1]["at"]}, ids[2:]),
        ({"since": first["items"][0]["at"]}, ids[:1]),
    ):
        listed = (await api.admin.get(ACTIONS, params={"actor": actor, **more})).json()
        assert [one["id"] for one in listed["items"]] == expected, more


@pytest.mark.parametrize(
    "query",
    ["status=done", "action=explode", "actor=", "q=install", "limit=0", "cursor=bm90aGluZw", "since=2026-11-22"],
)
async def test_a_filter_that_makes_no_sense_is_refused(api: Api, query: str) -> None:
    answer = await api.admin.get(f"{ACTIONS}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request:api")
