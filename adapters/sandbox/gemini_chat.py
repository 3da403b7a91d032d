"""Gemini's `generateContent` under `/gemini`, as far as a question with a schema for the answer needs it."""

from typing import Any
from uuid import uuid4

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath

from adapters.sandbox.chat_replies import ChatQuestion, ChatReplies, ChatReply, check_closed, read_question
from adapters.sandbox.dialect import ProviderError
from adapters.sandbox.gemini_wire import HttpRequest
from adapters.sandbox.shelf import Shelf

MODEL = ["/v1beta/models/{model_and_method:str}", "/v1/models/{model_and_method:str}"]
METHOD = ":generateContent"


@post(MODEL, status_code=200, opt={"operation": "chat"})
async def generate_content(
    request: HttpRequest,
    model_and_method: FromPath[str],
    shelf: NamedDependency[Shelf],  # noqa: ARG001 - opening the shelf checks the key
    chat_replies: NamedDependency[ChatReplies],
) -> dict[str, Any]:
    if not model_and_method.endswith(METHOD):
        raise ProviderError(404, f"There is no method {model_and_method.rpartition(':')[2]}.")
    question = read_question("gemini", await request.body(), model=model_and_method.removesuffix(METHOD))
    reply = chat_replies.answer(question, _schema_in(question))
    about = {"modelVersion": question.model, "responseId": uuid4().hex, "usageMetadata": {"promptTokenCount": 1}}
    if reply.says == "refusal":
        return {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, **about}
    reason = "MAX_TOKENS" if reply.says == "cut" else "STOP"
    thoughts = [{"text": reply.thoughts, "thought": True}] if reply.thoughts else []
    content = {"role": "model", "parts": [*thoughts, _part(reply)]}
    return {"candidates": [{"content": content, "finishReason": reason, "index": 0}], **about}


def _schema_in(question: ChatQuestion) -> Any:
    config = question.body.get("generationConfig")
    if not isinstance(config, dict) or "responseJsonSchema" not in config:
        return {"type": "string"}
    if config.get("responseMimeType") != "application/json":
        raise ProviderError(400, "response_json_schema needs the response_mime_type application/json.")
    check_closed(config["responseJsonSchema"])
    return config["responseJsonSchema"]


def _part(reply: ChatReply) -> dict[str, Any]:
    if reply.says == "tool":
        return {"functionCall": {"name": "act", "args": {"arguments": reply.text}}}
    return {"text": reply.text}
