"""What stands between a message and a language model: the connection as it is now, the deadline, and what is noted of a failure."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from adapters.providers import chat_model as module
from adapters.providers.chat_model import QUESTIONS_MAX, ChatModel
from domain.chat.reasons import Reason
from domain.errors import CredentialRefused, StoreOffline
from domain.provider.events import CredentialRef, ProviderKind
from domain.provider.state import Pause, Provider
from tests.adapters.providers.chatting import (
    KEYS,
    KINDS,
    MODEL,
    answer,
    chat_model,
    connection_to,
    model_that,
    model_through,
    questions,
    refused,
    will_say,
)
from tests.kit.canned import CannedServer
from tests.kit.providing import PlainVault, provider_at
from tests.kit.sandboxed import Served

pytestmark = pytest.mark.anyio

MESSAGE = "a-name-that-is-nobodys-business, please"
SHORT = 0.2
# What the sandbox does, and what of the reason tells that it was that.
FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "bad key": ({"kind": "status", "status": 401}, "told to answer 401"),
    "not allowed": ({"kind": "status", "status": 403}, "told to answer 403"),
    "no such model": ({"kind": "status", "status": 404}, "told to answer 404"),
    "too many": ({"kind": "status", "status": 429, "retryAfterSeconds": 1}, "told to answer 429"),
    "broken": ({"kind": "status", "status": 500}, "told to answer 500"),
    "overloaded": ({"kind": "status", "status": 529}, "told to answer 529"),
    "a page": ({"kind": "html", "status": 502}, "web page"),
    "half an answer": ({"kind": "garbage"}, "promises"),
    "cut before": ({"kind": "drop_before"}, "Error"),
    "cut after": ({"kind": "drop_after"}, "Error"),
}

HELP = answer(action="help")
OUTPUT_TEXT = {"type": "output_text", "text": HELP}
ANSWERED = {"finishReason": "STOP", "content": {"parts": [{"text": HELP}]}}
SHAPES: dict[str, list[tuple[Any, str]]] = {
    "openai": [
        ({"id": "x"}, "promises"),
        ({"status": "completed", "output": []}, "one text"),
        ({"status": "completed", "output": [{"type": "message"}]}, "one text"),
        ({"status": "completed", "output": [{"type": "message", "content": [OUTPUT_TEXT] * 2}]}, "one text"),
        ({"status": "completed", "output": [{"type": "message", "content": [OUTPUT_TEXT]}] * 2}, "one text"),
        ({"status": "completed", "output": [{"type": "shell_call", "content": [OUTPUT_TEXT]}]}, "one text"),
        ({"status": "in_progress", "output": [{"type": "message", "content": [OUTPUT_TEXT]}]}, "in_progress"),
    ],
    "claude": [
        ({"id": "x"}, "promises"),
        ({"stop_reason": "end_turn", "content": []}, "one text"),
        ({"stop_reason": "end_turn", "content": [{"type": "text", "text": HELP}] * 2}, "one text"),
        ({"stop_reason": "end_turn", "content": [{"type": "tool_use", "text": HELP}]}, "one text"),
        ({"stop_reason": "pause_turn", "content": [{"type": "text", "text": HELP}]}, "pause_turn"),
    ],
    "gemini": [
        ([], "promises"),
        ({"id": "x"}, "did not come to an end"),
        ({"candidates": [ANSWERED] * 2}, "did not come to an end"),
        ({"candidates": [{**ANSWERED, "finishReason": "MALFORMED_RESPONSE"}]}, "did not come to an end"),
        ({"candidates": [{"finishReason": "STOP", "content": {"parts": [{"functionCall": {}}]}}]}, "with text"),
        ({"candidates": [{"finishReason": "STOP"}]}, "form"),
    ],
}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_failure_is_no_answer_is_not_repeated_and_is_noted(
    sandbox: Served, kind: ProviderKind, subtests: pytest.Subtests
) -> None:
    async with chat_model(sandbox, kind) as model:
        for name, (fault, reason) in FAULTS.items():
            with subtests.test(name):
                before = len(await sandbox.calls())
                await sandbox.fault(**fault, provider=kind, operation="chat")
                with capture_logs() as logs:
                    assert reason in await refused(model, MESSAGE)
                (noted,) = logs
                assert (noted["event"], noted["connection"], noted["model"]) == (
                    "chat_model_unavailable",
                    "by-name",
                    MODEL,
                )
                assert reason in noted["reason"]
                assert noted["code"].endswith(":provider")
                assert fault["kind"] != "status" or noted["provider_request_id"].startswith("req_")
                assert MESSAGE not in str(noted)
                assert len(await sandbox.calls()) == before + 1
        assert (await model.understand(MESSAGE)).obstacle is Reason.NOT_UNDERSTOOD


async def test_nobody_waits_longer_than_the_deadline(sandbox: Served, subtests: pytest.Subtests) -> None:
    for kind in KINDS:
        async with chat_model(sandbox, kind, seconds=SHORT) as model:
            await model._load(kind)
            for fault in ({"kind": "hang", "delaySeconds": 3 * SHORT}, {"kind": "drip"}):
                with subtests.test(f"{kind} {fault['kind']}"):
                    await sandbox.fault(**fault, provider=kind, operation="chat")
                    assert await refused(model, MESSAGE) == "No answer within 0.2 s."


@pytest.mark.parametrize("kind", KINDS)
async def test_a_reply_without_end_is_not_read(
    sandbox: Served, kind: ProviderKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REPLY_BYTES_MAX", 10_000)
    await will_say(sandbox, kind, answer(action="help") + " " * 10_000)
    async with chat_model(sandbox, kind) as model:
        assert "longer than 10000 bytes" in await refused(model, MESSAGE)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_credential_that_comes_back_is_not_noted(sandbox: Served, kind: ProviderKind) -> None:
    await sandbox.fault("status", provider=kind, operation="chat", status=400, code=KEYS[kind])
    with capture_logs() as logs:
        async with chat_model(sandbox, kind) as model:
            reason = await refused(model, MESSAGE)
    assert KEYS[kind] not in f"{reason} {logs}"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_reply_of_another_shape_is_no_answer(
    canned: CannedServer, kind: ProviderKind, subtests: pytest.Subtests
) -> None:
    async with model_through(replace(provider_at(canned.url, kind=kind), active=True)) as model:
        for reply, reason in SHAPES[kind]:
            with subtests.test(str(reply)):
                canned.will_answer(200, reply)
                assert reason in await refused(model, MESSAGE)


@pytest.mark.parametrize("kind", KINDS)
async def test_what_a_provider_repeats_of_the_message_is_not_noted(canned: CannedServer, kind: ProviderKind) -> None:
    message = "the sandbox of 경기결과, mind you"
    told = f"Bad input for the model: {message}"
    canned.will_answer(400, {"type": "error", "error": {"message": told, "type": "x", "code": 400, "param": None}})
    provider = replace(provider_at(canned.url, kind=kind), active=True)
    with capture_logs() as logs:
        async with model_through(provider) as model:
            assert await refused(model, message) == "Bad input for the model: the … of …, … you"
    assert "경기결과" not in str(logs)


async def test_the_deadline_is_ten_seconds() -> None:
    async def find(_: str) -> Provider | None:
        return None

    model = ChatModel(connection="by-name", model=MODEL, find=find, vault=PlainVault(), clock=lambda: datetime.now(UTC))
    assert model._seconds == 10


async def test_a_connection_that_may_not_be_used_is_not_asked(sandbox: Served, subtests: pytest.Subtests) -> None:
    connection = connection_to(sandbox, "openai")
    ended = datetime.now(UTC) - timedelta(seconds=1)
    unusable: dict[str, Provider | None] = {
        "There is no such connection.": None,
        "The connection is not in use.": replace(connection, active=False),
        "The connection is paused.": replace(connection, pause=Pause(until=None, requested=True)),
        "Connections of the kind noop have no language models.": replace(connection, kind="noop"),
        "The credential is empty.": replace(connection, credential=CredentialRef(source="env", name=" ")),
    }
    for reason, provider in unusable.items():
        with subtests.test(reason):
            with capture_logs() as logs:
                async with model_through(provider) as model:
                    assert await refused(model, MESSAGE) == reason
            assert [noted["reason"] for noted in logs] == [reason]
    assert await sandbox.calls() == []
    async with model_through(replace(connection, pause=Pause(until=ended, requested=True))) as model:
        await model.understand(MESSAGE)
    assert len(await sandbox.calls()) == 1


async def test_a_connection_is_looked_up_for_every_question(sandbox: Served) -> None:
    first = connection_to(sandbox, "openai")
    second = connection_to(sandbox, "claude")
    async with model_through(first, replace(first, active=False), second) as model:
        await model.understand(MESSAGE)
        assert await refused(model, MESSAGE) == "The connection is not in use."
        await model.understand(MESSAGE)
    assert [question["provider"] for question in await questions(sandbox)] == ["openai", "claude"]


async def test_a_credential_that_cannot_be_had_is_told() -> None:
    class ClosedVault(PlainVault):
        async def open(self, credential: CredentialRef) -> str:
            raise CredentialRefused(f"There is no {credential.name}.")

    class AwayVault(PlainVault):
        async def open(self, credential: CredentialRef) -> str:
            raise StoreOffline

    for vault, reason in ((ClosedVault(), "There is no sk-canary-o."), (AwayVault(), StoreOffline().detail)):
        async with model_through(connection_to(Served("http://127.0.0.1:9", None), "openai")) as model:  # type: ignore[arg-type]
            model._vault = vault
            assert await refused(model, MESSAGE) == reason


async def test_what_an_sdk_stumbles_over_is_no_answer_and_its_words_are_not_kept(
    sandbox: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stumble(request: Coroutine[Any, Any, Any], **_: object) -> None:
        request.close()
        raise RuntimeError(MESSAGE)

    monkeypatch.setattr("adapters.providers.chat_openai.answer_to", stumble)
    with capture_logs() as logs:
        async with chat_model(sandbox, "openai") as model:
            assert await refused(model, MESSAGE) == "The SDK failed: RuntimeError."
    assert MESSAGE not in str(logs)


async def test_only_so_many_questions_are_under_way_at_once(sandbox: Served) -> None:
    begun: list[str] = []
    all_begun, looked_up = asyncio.Event(), asyncio.Event()

    async def find(name: str) -> Provider | None:
        begun.append(name)
        if len(begun) == QUESTIONS_MAX:
            all_begun.set()
        await looked_up.wait()
        return connection_to(sandbox, "openai")

    async with model_that(find) as model:
        asked = [asyncio.create_task(model.understand(MESSAGE)) for _ in range(QUESTIONS_MAX)]
        await all_begun.wait()
        assert "under way" in await refused(model, MESSAGE)
        asked[-1].cancel()  # whoever gives up makes room
        with pytest.raises(asyncio.CancelledError):
            await asked.pop()
        looked_up.set()
        answers = await asyncio.gather(*asked, model.understand(MESSAGE))
    assert len(answers) == QUESTIONS_MAX


async def test_whoever_gives_up_is_not_told_that_the_model_is_unavailable() -> None:
    async def find(_: str) -> Provider | None:
        raise asyncio.CancelledError

    async with model_that(find) as model:
        with pytest.raises(asyncio.CancelledError):
            await model.understand(MESSAGE)


async def test_sockets_are_given_back(sandbox: Served) -> None:
    async with chat_model(sandbox, "openai") as model:
        for _ in range(2):
            await model.understand(MESSAGE)
        await sandbox.fault("status", operation="chat", status=500)
        await refused(model, MESSAGE)
        (entry,) = model._clients._entries.values()
        assert entry.users == 0
