"""The emulated language models: they speak as their SDKs expect, say what they are told to, and refuse forms as the real ones do."""

import warnings
from typing import Any

import anthropic
import openai
import pytest
from anthropic import AsyncAnthropic
from google import genai
from google.genai import errors
from google.genai.types import GenerateContentConfig, HttpOptions, HttpRetryOptions

from adapters.sandbox.chat_replies import QUESTIONS_MAX, REPLIES_MAX, ChatQuestion, ChatReplies, least_of
from tests.adapters.sandbox.claude_sdk import claude
from tests.adapters.sandbox.gemini_sdk import KEY as GEMINI_KEY
from tests.kit.sandboxed import Served

pytestmark = pytest.mark.anyio

MODEL = "model-1"
CLOSED: dict[str, Any] = {
    "type": "object",
    "properties": {"answer": {"type": "string"}, "sure": {"type": "boolean"}},
    "required": ["answer", "sure"],
    "additionalProperties": False,
}
LEAST = '{"answer":"","sure":false}'
OPEN = {**CLOSED, "additionalProperties": True}


async def ask_openai(sandbox: Served, schema: Any = CLOSED, *, key: str = "sk-a", **more: Any) -> Any:
    form = {"format": {"type": "json_schema", "name": "form", "strict": True, "schema": schema}}
    return await sandbox.client(key).responses.create(model=MODEL, input="Hello.", text=form, **more)  # type: ignore[call-overload]


async def ask_claude(sandbox: Served, schema: Any = CLOSED, *, key: str = "sk-ant-a", **more: Any) -> Any:
    client: AsyncAnthropic = claude(sandbox, key)
    return await client.messages.create(
        model=MODEL,
        max_tokens=100,
        messages=[{"role": "user", "content": "Hello."}],
        output_config={"format": {"type": "json_schema", "schema": schema}},
        **more,
    )


async def ask_gemini(sandbox: Served, schema: Any = CLOSED, *, key: str = GEMINI_KEY) -> Any:
    options = HttpOptions(
        base_url=f"{sandbox.url}/gemini",
        api_version="v1beta",
        retry_options=HttpRetryOptions(attempts=1),
        httpx_async_client=sandbox.http,
    )
    with warnings.catch_warnings(action="ignore", category=UserWarning):
        models = genai.Client(api_key=key, vertexai=False, http_options=options).aio.models
    config = GenerateContentConfig(response_mime_type="application/json", response_json_schema=schema)
    return await models.generate_content(model=MODEL, contents="Hello.", config=config)


async def will_say(sandbox: Served, provider: str, text: str, **more: Any) -> None:
    posted = await sandbox.http.post("/_sandbox/chat-replies", json={"provider": provider, "text": text, **more})
    assert posted.status_code == 201, posted.text


async def test_without_a_script_they_say_the_least_that_the_form_allows(sandbox: Served) -> None:
    assert (await ask_openai(sandbox)).output_text == LEAST
    assert [block.text for block in (await ask_claude(sandbox)).content] == [LEAST]
    assert (await ask_gemini(sandbox)).text == LEAST
    calls = [(call["provider"], call["operation"], call["status"]) for call in await sandbox.calls()]
    assert calls == [(provider, "chat", 200) for provider in ("openai", "claude", "gemini")]


async def test_they_say_what_they_are_told_to_in_turn_and_each_provider_its_own(sandbox: Served) -> None:
    await will_say(sandbox, "claude", "one", times=2)
    await will_say(sandbox, "openai", "two")
    await will_say(sandbox, "gemini", "three")
    assert (await ask_openai(sandbox)).output_text == "two"
    assert [(await ask_claude(sandbox)).content[0].text for _ in range(3)] == ["one", "one", LEAST]
    assert (await ask_gemini(sandbox)).text == "three"


async def test_a_refusal_is_one_in_each_way_of_saying_so(sandbox: Served) -> None:
    for provider in ("openai", "claude", "gemini"):
        await will_say(sandbox, provider, "I will not.", says="refusal")
    (part,) = (await ask_openai(sandbox)).output[0].content
    assert (part.type, part.refusal) == ("refusal", "I will not.")
    message = await ask_claude(sandbox)
    assert (message.stop_reason, message.content) == ("refusal", [])
    generated = await ask_gemini(sandbox)
    assert (generated.candidates, generated.prompt_feedback.block_reason) == (None, "PROHIBITED_CONTENT")


async def test_what_is_cut_off_says_so(sandbox: Served) -> None:
    for provider in ("openai", "claude", "gemini"):
        await will_say(sandbox, provider, '{"ans', says="cut")
    response = await ask_openai(sandbox)
    assert (response.status, response.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    assert (await ask_claude(sandbox)).stop_reason == "max_tokens"
    assert (await ask_gemini(sandbox)).candidates[0].finish_reason == "MAX_TOKENS"


async def test_a_tool_may_be_called_that_was_never_offered(sandbox: Served) -> None:
    for provider in ("openai", "claude", "gemini"):
        await will_say(sandbox, provider, "{}", says="tool")
    assert (await ask_openai(sandbox)).output[0].type == "function_call"
    assert (await ask_claude(sandbox)).stop_reason == "tool_use"
    assert (await ask_gemini(sandbox)).function_calls[0].name == "act"


async def test_thoughts_come_before_the_answer_and_are_none(sandbox: Served) -> None:
    for provider in ("openai", "claude", "gemini"):
        await will_say(sandbox, provider, "yes", thoughts="hm")
    response = await ask_openai(sandbox)
    assert ([item.type for item in response.output], response.output_text) == (["reasoning", "message"], "yes")
    assert [block.type for block in (await ask_claude(sandbox)).content] == ["thinking", "text"]
    generated = await ask_gemini(sandbox)
    assert [part.thought for part in generated.candidates[0].content.parts] == [True, None]
    assert generated.text == "yes"


async def test_a_form_that_is_not_closed_is_refused(sandbox: Served) -> None:
    nested = {**CLOSED, "properties": {"list": {"type": "array", "items": OPEN}}, "required": ["list"]}
    for schema in (OPEN, nested):
        with pytest.raises(openai.BadRequestError, match="additionalProperties"):
            await ask_openai(sandbox, schema)
        with pytest.raises(anthropic.BadRequestError, match="additionalProperties"):
            await ask_claude(sandbox, schema)
        with pytest.raises(errors.ClientError, match="additionalProperties"):
            await ask_gemini(sandbox, schema)
    with pytest.raises(openai.BadRequestError, match="required"):
        await ask_openai(sandbox, {**CLOSED, "required": ["answer"]})
    with pytest.raises(openai.BadRequestError, match="type 'object'"):
        await ask_openai(sandbox, {"type": "string"})
    bounded = {**CLOSED, "properties": {"answer": {"type": "string", "maxLength": 9}}, "required": ["answer"]}
    with pytest.raises(anthropic.BadRequestError, match="maxLength"):
        await ask_claude(sandbox, bounded)


async def test_a_temperature_is_refused_where_it_is_at_the_providers(sandbox: Served) -> None:
    with pytest.raises(openai.BadRequestError, match="temperature"):
        await sandbox.client().responses.create(model="gpt-5-mini", input="Hello.", temperature=0)
    await sandbox.client().responses.create(model="gpt-4.1", input="Hello.", temperature=0)
    with pytest.raises(anthropic.BadRequestError, match="temperature"):
        await ask_claude(sandbox, extra_body={"temperature": 0})


async def test_a_bad_key_is_refused(sandbox: Served) -> None:
    with pytest.raises(openai.AuthenticationError):
        await ask_openai(sandbox, key="sk-revoked")
    with pytest.raises(anthropic.AuthenticationError):
        await ask_claude(sandbox, key="sk-ant-revoked")
    with pytest.raises(errors.ClientError, match="API_KEY_INVALID"):
        await ask_gemini(sandbox, key="AIza-revoked")
    assert (await sandbox.http.get("/_sandbox/chat-questions")).json() == []


async def test_a_question_is_kept_as_it_came(sandbox: Served) -> None:
    await ask_claude(sandbox)
    (question,) = (await sandbox.http.get("/_sandbox/chat-questions")).json()
    assert (question["provider"], question["model"]) == ("claude", MODEL)
    assert question["body"]["messages"] == [{"role": "user", "content": "Hello."}]
    assert (await sandbox.http.delete("/_sandbox/chat-replies")).status_code == 204
    assert (await sandbox.http.get("/_sandbox/chat-questions")).json() == []


@pytest.mark.parametrize("path", ["/openai/v1/responses", "/anthropic/v1/messages"])
async def test_a_question_without_a_model_is_refused(sandbox: Served, path: str) -> None:
    for body in (b"{", b"[]", b"{}", b'{"model": ""}', b"\xff"):
        answer = await sandbox.http.post(path, content=body, headers={"authorization": "Bearer sk-a"})
        assert answer.status_code == 400, body


async def test_only_one_method_of_a_model_is_there(sandbox: Served) -> None:
    answer = await sandbox.http.post(
        "/gemini/v1beta/models/model-1:countTokens", json={}, headers={"x-goog-api-key": GEMINI_KEY}
    )
    assert (answer.status_code, answer.json()["error"]["status"]) == (404, "NOT_FOUND")


async def test_a_reply_that_is_not_valid_is_refused(sandbox: Served, subtests: pytest.Subtests) -> None:
    broken: list[dict[str, Any]] = [
        {},
        {"provider": "nobody"},
        {"says": "maybe"},
        {"times": 0},
        {"text": 1},
        {"more": 1},
    ]
    for change in broken:
        with subtests.test(str(change)):
            reply = {"provider": "openai", **change} if change else {}
            answer = await sandbox.http.post("/_sandbox/chat-replies", json=reply)
            assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert (await sandbox.http.get("/_sandbox/chat-replies")).json() == []


async def test_replies_are_listed_bounded_and_cleared(sandbox: Served) -> None:
    await will_say(sandbox, "openai", "one", times=2)
    listed = {"provider": "openai", "says": "text", "text": "one", "thoughts": "", "times": 2}
    assert (await sandbox.http.get("/_sandbox/chat-replies")).json() == [listed]
    for _ in range(REPLIES_MAX - 1):
        await will_say(sandbox, "openai", "one")
    assert (await sandbox.http.post("/_sandbox/chat-replies", json=listed)).status_code == 400
    assert (await sandbox.http.delete("/_sandbox/chat-replies")).status_code == 204
    assert (await sandbox.http.get("/_sandbox/chat-replies")).json() == []


async def test_the_oldest_questions_are_forgotten() -> None:
    replies = ChatReplies()
    for number in range(QUESTIONS_MAX + 1):
        replies.answer(ChatQuestion(provider="openai", model=str(number), body={}), None)
    assert [question.model for question in replies.questions()] == [str(one) for one in range(1, QUESTIONS_MAX + 1)]


async def test_the_least_of_a_form() -> None:
    least = {
        "a": {"type": "array", "items": {"type": "string"}},
        "b": {"type": "string", "enum": ["act", "none"]},
        "c": {"type": "string", "enum": ["first", "second"]},
        "d": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "e": {"anyOf": [{"type": "integer"}]},
        "f": {"type": "unheard-of"},
    }
    assert least_of({"type": "object", "properties": least}) == {
        "a": [],
        "b": "none",
        "c": "first",
        "d": None,
        "e": 0,
        "f": None,
    }
