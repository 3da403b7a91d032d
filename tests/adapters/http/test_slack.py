"""Slack: who it is, what is answered at once and what later, the two buttons, and that nobody else gets in by this door."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from adapters.http import slack_conversation
from domain.access.events import ApiKeyRevoked
from domain.access.state import API_KEY, key_stream
from domain.chat.events import ChatCommandReceived
from domain.install_run.events import RunQueued
from tests.adapters.http.bare import bare_app
from tests.adapters.http.serving import ask, listening, open_client
from tests.adapters.http.slack_talk import SECRET, Channel, Json, channel, shown
from tests.commands.world import NAME
from tests.kit.facts import context

pytestmark = pytest.mark.anyio

INSTALL = f"openai에 {NAME} 설치해줘"
INSTALL_TWICE = f"openai랑 claude에 {NAME} 설치해줘"


@pytest.fixture
async def slack(anyio_backend: str) -> AsyncIterator[Channel]:
    async with channel() as found:
        yield found


def buttons(message: Json) -> tuple[Json, Json]:
    yes, no = message["blocks"][1]["elements"]
    return yes, no


async def of_kind(slack: Channel, kind: type) -> list[object]:
    return [event for event in await slack.world.events() if isinstance(event, kind)]


async def test_a_command_is_carried_out_as_the_key_that_the_user_stands_for_and_followed_to_its_end(
    slack: Channel,
) -> None:
    answer = await slack.write(INSTALL)
    assert answer["response_type"] == "in_channel"
    assert NAME in shown(answer)
    (queued,) = [one for one in await slack.world.store.read(after=0, limit=1000) if isinstance(one.event, RunQueued)]
    assert (queued.actor.id, queued.actor.name) == ("mina", "Mina")
    await slack.world.carry_out(queued.stream)
    ended = await slack.hooks.text()
    assert NAME in ended
    assert slack.hooks.posted[0]["response_type"] == "in_channel"


async def test_who_only_looks_is_answered_alone(slack: Channel) -> None:
    answer = await slack.write("스킬 목록 보여줘")
    assert answer["response_type"] == "ephemeral"
    assert NAME in shown(answer)
    assert slack.hooks.posted == []


async def test_no_words_are_a_call_for_help(slack: Channel) -> None:
    assert shown(await slack.write("  ")) == shown(await slack.write("help", trigger="2"))


async def test_a_plan_has_two_buttons_and_the_first_does_it_once(slack: Channel) -> None:
    asked = await slack.write(INSTALL_TWICE)
    assert asked["response_type"] == "ephemeral"
    yes, _ = buttons(asked)
    for _ in range(2):
        assert (await slack.press(yes)).status_code == 200
    first, again = await slack.hooks.text(1), await slack.hooks.text(2)
    assert NAME in first
    assert first == again
    assert len(await of_kind(slack, RunQueued)) == 1


async def test_the_second_button_does_nothing_for_good(slack: Channel) -> None:
    yes, no = buttons(await slack.write(INSTALL_TWICE))
    await slack.press(no)
    await slack.hooks.text(1)
    assert slack.hooks.posted[0]["replace_original"] is True
    await slack.press(yes)
    await slack.hooks.text(2)
    assert await of_kind(slack, RunQueued) == []


async def test_nobody_else_presses_the_button(slack: Channel) -> None:
    yes, _ = buttons(await slack.write(INSTALL_TWICE))
    await slack.press(yes, user="U2")
    await slack.hooks.text(1)
    assert await of_kind(slack, RunQueued) == []
    await slack.press(yes)
    await slack.hooks.text(2)
    assert len(await of_kind(slack, RunQueued)) == 1


async def test_what_is_delivered_twice_acts_once(slack: Channel) -> None:
    first, again = await slack.write(INSTALL, trigger="13.7"), await slack.write(INSTALL, trigger="13.7")
    assert shown(first) == shown(again)
    await slack.write(INSTALL, trigger="13.7", user="U2")
    assert len(await of_kind(slack, ChatCommandReceived)) == 2
    assert len(await of_kind(slack, RunQueued)) == 1


async def test_a_stranger_is_told_and_nothing_is_done(slack: Channel) -> None:
    before = await slack.world.store.head()
    assert "T1/U9" in shown(await slack.write(INSTALL, user="U9"))
    assert await slack.world.store.head() == before


async def test_a_key_that_may_not_or_is_revoked_does_nothing(slack: Channel) -> None:
    before = await slack.world.store.head()
    assert "forbidden:auth" in shown(await slack.write(INSTALL, user="U3"))
    assert await slack.world.store.head() == before

    async def revoke(session: object) -> None:
        await session.load(key_stream("mina"), API_KEY)  # type: ignore[attr-defined]
        session.append(key_stream("mina"), ApiKeyRevoked(key_id="mina"))  # type: ignore[attr-defined]

    await slack.world.handling.handle(revoke, context=context())
    slack.world.pass_time(10)
    assert "T1/U1" in shown(await slack.write(INSTALL))
    assert await of_kind(slack, RunQueued) == []


async def test_what_takes_longer_is_posted_later(slack: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slack_conversation, "ANSWER_SECONDS", 0.05)
    going_on = asyncio.Event()
    preview = slack.chat.preview

    async def slow(**more: object) -> object:
        await going_on.wait()
        return await preview(**more)  # type: ignore[arg-type]

    monkeypatch.setattr(slack.chat, "preview", slow)
    answer = await slack.write(INSTALL)
    assert NAME not in shown(answer)
    assert slack.hooks.posted == []
    going_on.set()
    assert NAME in await slack.hooks.text()
    assert len(await of_kind(slack, RunQueued)) == 1


async def test_an_error_has_its_code_and_a_surprise_its_request(
    slack: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> object:
        raise RuntimeError("a surprise with sk-proj-secrets in it")

    monkeypatch.setattr(slack.chat, "catalogue", broken)
    surprised = shown(await slack.write(INSTALL))
    assert "secrets" not in surprised
    assert await of_kind(slack, RunQueued) == []
    monkeypatch.setattr(slack_conversation, "CONVERSATIONS_MAX", 0)
    busy = shown(await slack.write(INSTALL, trigger="2"))
    assert busy != surprised


@pytest.mark.parametrize("fault", ["other secret", "too old", "other body", "no signature", "no number"])
async def test_what_is_not_signed_by_slack_is_refused(slack: Channel, fault: str) -> None:
    form = {"team_id": "T1", "user_id": "U1", "text": INSTALL, "trigger_id": "1", "response_url": slack.hooks_url}
    headers: dict[str, str] = {}
    match fault:
        case "other body":
            headers = {"X-Slack-Signature": "v0=" + "0" * 64}
        case "no signature":
            headers = {"X-Slack-Signature": ""}
        case "no number":
            headers = {"X-Slack-Request-Timestamp": "now"}
    answer = await slack.send(
        "/slack/commands",
        form,
        secret="another" if fault == "other secret" else SECRET,
        age_seconds=301 if fault == "too old" else 0,
        **headers,
    )
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized:auth")
    assert await of_kind(slack, RunQueued) == []


async def test_an_address_that_is_not_slacks_is_posted_nothing(anyio_backend: str) -> None:
    async with channel(prefix="https://hooks.slack.com/") as slack:
        await slack.write(INSTALL)
        (run,) = [
            one.stream for one in await slack.world.store.read(after=0, limit=1000) if isinstance(one.event, RunQueued)
        ]
        assert isinstance(run, UUID)
        await slack.world.carry_out(run)
        yes, _ = buttons(await slack.write(f"openai랑 claude에서 {NAME} 삭제해줘", trigger="2"))
        assert (await slack.press(yes)).status_code == 200
    assert slack.hooks.posted == []


async def test_a_post_that_is_refused_is_no_more_than_that(slack: Channel) -> None:
    slack.hooks.status = 500
    yes, _ = buttons(await slack.write(INSTALL_TWICE))
    await slack.press(yes)
    await slack.hooks.text(1)
    assert len(await of_kind(slack, RunQueued)) == 1


async def test_whether_anybody_is_there_is_answered_and_what_is_no_button_refused(slack: Channel) -> None:
    assert (await slack.send("/slack/commands", {"ssl_check": "1"})).status_code == 200
    for payload in ("", "{}", '{"type": "view_submission"}'):
        answer = await slack.send("/slack/interactions", {"payload": payload})
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_request:api")
    large = await slack.send("/slack/commands", {"text": "a" * 70_000})
    assert large.status_code == 413


async def test_unless_it_is_set_up_there_is_no_slack() -> None:
    async with listening(bare_app()) as url, open_client(url) as client:
        assert (await client.post("/slack/commands")).status_code == 404
        assert (await ask(f"{url}/livez")).status_code == 200
