"""Saying what is wanted over HTTP: carried out, asked about first, refused, tried out."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from domain.chat.events import ChatCommandReceived
from domain.events import Role
from domain.install_run.events import RunQueued
from tests.adapters.http.asking_again import keyed
from tests.adapters.http.chatting import CHAT, a_skill, action, both, pointers_of, say, send, set_the_stage
from tests.adapters.http.serving import Api

pytestmark = pytest.mark.anyio

MEMBERS = "accepted reason intent runIds reply confirmation chatActionId parser language candidates skipped refusals"


@pytest.fixture(scope="module", autouse=True)
async def stage(api: Api) -> None:
    await set_the_stage(api)


async def runs_since(api: Api, head: int) -> list[str]:
    events = await api.events(after=head)
    return [str(event.stream) for event in events if isinstance(event.event, RunQueued)]


async def test_an_install_is_carried_out_and_answered_in_the_language_of_the_message(api: Api) -> None:
    headers = {"traceparent": f"00-{uuid4().hex}-00f067aa0ba902b7-01"}
    said = await say(api, "  openai에 kbo-results 설치해줘\n", headers=headers)
    assert list(said) == MEMBERS.split()
    assert (said["accepted"], said["reason"], said["confirmation"]) == (True, None, None)
    assert (said["parser"], said["language"]) == ("grammar", "ko")
    assert said["intent"] == {
        "action": "install",
        "skills": ["kbo-results"],
        "ref": None,
        "providers": ["openai"],
        "runId": None,
        "listed": None,
    }
    assert "kbo-results" in said["reply"]
    (run_id,) = said["runIds"]
    run = (await api.admin.get(f"/api/install-runs/{run_id}")).json()
    assert (run["skill"]["name"], run["requestedBy"]["id"]) == ("kbo-results", "operator")
    assert UUID(run["correlationId"]).hex == headers["traceparent"].split("-")[1]
    shown = await action(api, said)
    assert (shown["status"], shown["text"], shown["runIds"]) == (
        "accepted",
        "openai에 kbo-results 설치해줘",
        [run_id],
    )
    assert shown["correlationId"] == run["correlationId"]


async def test_a_look_is_answered_at_once(api: Api) -> None:
    said = await say(api, "list skills")
    assert (said["accepted"], said["runIds"], said["language"], said["confirmation"]) == (True, [], "en", None)
    assert (said["intent"]["action"], said["intent"]["listed"]) == ("list", "skills")
    assert "kbo-results" in said["reply"]


async def test_what_is_not_understood_is_an_answer_too(api: Api) -> None:
    said = await say(api, "install kbo-result on openai")
    assert (said["accepted"], said["reason"], said["candidates"]) == (False, "unknown_skill", ["kbo-results"])
    assert (said["runIds"], said["intent"]["skills"]) == ([], [])
    shown = await action(api, said)
    assert (shown["status"], shown["reason"]) == ("rejected", "unknown_skill")


async def test_what_is_much_is_asked_about_first_and_then_done_once(api: Api) -> None:
    message = await both(api)
    head = await api.head()
    asked = await say(api, message)
    assert (asked["accepted"], asked["reason"], asked["runIds"]) == (False, "confirmation_required", [])
    assert all(name in asked["confirmation"]["plan"] for name in (*asked["intent"]["skills"], "openai", "claude"))
    assert await runs_since(api, head) == []
    waiting = await action(api, asked)
    assert (waiting["status"], waiting["expiresAt"]) == ("waiting", asked["confirmation"]["expiresAt"])
    done = await say(api, confirm=asked["confirmation"]["token"])
    assert (done["accepted"], done["reason"], done["confirmation"]) == (True, None, None)
    assert done["chatActionId"] == asked["chatActionId"]
    assert done["runIds"] == await runs_since(api, head)
    assert done["runIds"]
    stored = await api.head()
    again = await say(api, "yes", confirm=asked["confirmation"]["token"])
    assert (again["accepted"], again["runIds"]) == (True, done["runIds"])
    assert await api.head() == stored


async def test_what_is_left_out_is_said(api: Api) -> None:
    await api.connect("gemini", kind="openai")  # nobody listens there, so it is not in use
    skill = await a_skill(api)
    said = await say(api, f"install {skill} on claude and gemini")
    assert (said["accepted"], len(said["runIds"])) == (True, 1)
    skipped = {"skill": skill, "provider": "gemini", "runId": None, "reason": "provider_inactive"}
    assert said["skipped"] == [skipped | {"code": "conflict:providers"}]
    assert (await action(api, said))["plan"]["skipped"] == said["skipped"]


async def test_what_could_not_be_done_after_all_is_said(api: Api) -> None:
    message = await both(api)
    asked = await say(api, message)
    (skill,) = asked["intent"]["skills"]
    assert (await api.admin.post(f"/api/skills/{skill}/archive")).status_code == 200
    said = await say(api, confirm=asked["confirmation"]["token"])
    assert (said["accepted"], said["runIds"]) == (False, [])
    assert said["refusals"] == [{"step": 0, "code": "conflict:skills"}]
    shown = await action(api, said)
    assert (shown["status"], shown["refusals"]) == ("rejected", said["refusals"])


async def test_a_no_is_a_no(api: Api) -> None:
    message = await both(api)
    head = await api.head()
    asked = await say(api, message)
    token = asked["confirmation"]["token"]
    declined = await say(api, "아니", confirm=token)
    assert (declined["accepted"], declined["reason"]) == (False, "declined")
    late = await say(api, "yes", confirm=token)
    assert (late["accepted"], late["reason"]) == (False, "declined")
    assert await runs_since(api, head) == []


async def test_a_token_is_worth_nothing_to_others(api: Api) -> None:
    """Not even to an admin, and one of somebody else is not told from one that was made up."""
    message = await both(api)
    head = await api.head()
    asked = await say(api, message)
    token: str = asked["confirmation"]["token"]
    made_up = f"{uuid4().hex}.{'A' * 43}"
    strangers = await asyncio.gather(
        say(api, confirm=token, role=Role.ADMIN),
        say(api, confirm=made_up, role=Role.ADMIN),
        say(api, confirm=f"{token[:-1]}{'A' if token[-1] != 'A' else 'B'}"),
        say(api, confirm="not a token"),
    )
    for said in strangers:
        assert (said["accepted"], said["reason"], said["chatActionId"]) == (False, "confirmation_invalid", None)
        assert said["reply"] == strangers[0]["reply"]
    assert await runs_since(api, head) == []
    assert (await action(api, asked))["status"] == "waiting"


async def test_what_the_role_does_not_allow_is_refused_and_on_record(api: Api) -> None:
    head, headers = await api.head(), keyed()
    answers = [await send(api, "verify openai", headers=headers) for _ in range(2)]
    for answer in answers:
        problem = answer.json()
        assert (answer.status_code, problem["code"], problem["requiredRole"]) == (403, "forbidden:auth", "admin")
        assert problem["chatActionId"] == answers[0].json()["chatActionId"]
    shown = await action(api, answers[0].json())
    assert (shown["status"], shown["reason"], shown["code"]) == ("rejected", "forbidden", "forbidden:auth")
    assert shown["text"] == "verify openai"
    received = [event for event in await api.events(after=head) if isinstance(event.event, ChatCommandReceived)]
    assert len(received) == 1
    query = {"target": f"chat_action:{shown['id']}", "result": "denied"}
    (entry,) = (await api.admin.get("/api/audit-log", params=query)).json()["items"]
    assert (entry["action"], entry["actor"]["id"], entry["code"]) == ("chat.rejected", "operator", "forbidden:auth")
    allowed = await say(api, "verify openai", role=Role.ADMIN)
    assert (allowed["accepted"], allowed["intent"]["action"]) == (True, "verify")


async def test_what_the_role_does_not_allow_is_not_tried_out_either(api: Api) -> None:
    head = await api.head()
    answer = await send(api, "verify openai", dryRun=True)
    assert (answer.status_code, answer.json()["requiredRole"]) == (403, "admin")
    assert "chatActionId" not in answer.json()
    received = [event for event in await api.events(after=head) if isinstance(event.event, ChatCommandReceived)]
    assert received == []


@pytest.mark.parametrize(
    ("message", "accepted", "reason"),
    [
        ("install kbo-results on openai", True, "dry_run"),
        ("install kbo-results on openai and claude", True, "dry_run"),
        ("list skills", True, "dry_run"),
        ("install nothing-like-it on openai", False, "unknown_skill"),
        ("don't install kbo-results on openai", False, "negated"),
    ],
)
async def test_a_dry_run_stores_nothing(
    api: Api, module_database: str, *, message: str, accepted: bool, reason: str
) -> None:
    texts = "SELECT count(*) FROM chat_texts"
    with psycopg.connect(module_database, autocommit=True) as connection:
        before = (await api.head(), connection.execute(texts).fetchone())
        said = await say(api, message, dryRun=True)
        assert (await api.head(), connection.execute(texts).fetchone()) == before
    assert (said["accepted"], said["reason"]) == (accepted, reason)
    assert (said["chatActionId"], said["confirmation"], said["runIds"]) == (None, None, [])
    assert said["reply"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/message"),
        ({"message": None}, "/message"),
        ({"message": ""}, "/message"),
        ({"message": " \n\t\u3000"}, "/message"),
        ({"message": "가" * 1001}, "/message"),
        ({"message": "list\0skills"}, "/message"),
        ({"message": 7}, "/message"),
        ({"message": "", "confirm": "token"}, "/message"),
        ({"confirm": ""}, "/confirm"),
        ({"confirm": "t" * 201}, "/confirm"),
        ({"message": "list skills", "dryRun": "yes"}, "/dryRun"),
        ({"message": "yes", "confirm": "token", "dryRun": True}, "/dryRun"),
        ({"message": "list skills", "text": "list skills"}, "/text"),
    ],
    ids=[
        "nothing",
        "null",
        "empty",
        "blank",
        "long",
        "nul",
        "number",
        "empty beside a token",
        "no token",
        "long token",
        "dry run as text",
        "trial of a confirmation",
        "unknown field",
    ],
)
async def test_what_makes_no_sense_is_refused_with_the_place(api: Api, body: dict[str, Any], pointer: str) -> None:
    head = await api.head()
    assert pointers_of(await api.clients[Role.OPERATOR].post(CHAT, json=body)) == [pointer]
    assert await api.head() == head


async def test_half_a_character_is_no_text(api: Api) -> None:
    content = b'{"message": "list \\ud800 skills"}'
    headers = {"Content-Type": "application/json"}
    answer = await api.clients[Role.OPERATOR].post(CHAT, content=content, headers=headers)
    assert pointers_of(answer) == []


@pytest.mark.parametrize("around", ["", "  "], ids=["bare", "with space around it"])
async def test_the_longest_message_is_taken(api: Api, around: str) -> None:
    """Space around it does not count."""
    message = "list skills " + "ㅋ" * 988
    said = await say(api, f"{around}{message}{around}")
    assert (await action(api, said))["text"] == message
