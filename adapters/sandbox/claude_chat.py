"""Anthropic's Messages API at `/anthropic/v1/messages`, as far as a question with a schema for the answer needs it."""

from typing import Any
from uuid import uuid4

from litestar import post
from litestar.di import NamedDependency

from adapters.sandbox.chat_replies import ChatQuestion, ChatReplies, ChatReply, check_closed, read_question
from adapters.sandbox.claude_wire import HttpRequest, key_of
from adapters.sandbox.dialect import ProviderError

REASONS = {"text": "end_turn", "refusal": "refusal", "cut": "max_tokens", "tool": "tool_use"}
# Structured output knows these of JSON Schema and does not take them.
REFUSED = frozenset(
    {"maxItems", "maxLength", "maximum", "minLength", "minimum", "pattern", "multipleOf", "uniqueItems"}
)


@post("/messages", status_code=200, opt={"operation": "chat"})
async def message(request: HttpRequest, chat_replies: NamedDependency[ChatReplies]) -> dict[str, Any]:
    key_of(request)
    question = read_question("claude", await request.body())
    reply = chat_replies.answer(question, _schema_in(question))
    return {
        "id": f"msg_{uuid4().hex}",
        "type": "message",
        "role": "assistant",
        "model": question.model,
        "content": [*_thinking(reply), *_content(reply)],
        "stop_reason": REASONS[reply.says],
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }


def _schema_in(question: ChatQuestion) -> Any:
    body = question.body
    if "temperature" in body:
        raise ProviderError(400, "`temperature` is deprecated for this model.")
    if not isinstance(body.get("max_tokens"), int) or not body.get("messages"):
        raise ProviderError(400, "max_tokens and messages: Field required")
    config = body.get("output_config")
    form = config.get("format") if isinstance(config, dict) else None
    if not isinstance(form, dict):
        return {"type": "string"}
    check_closed(form.get("schema"), refused=REFUSED)
    return form.get("schema")


def _thinking(reply: ChatReply) -> list[dict[str, Any]]:
    return [{"type": "thinking", "thinking": reply.thoughts, "signature": "signed"}] if reply.thoughts else []


def _content(reply: ChatReply) -> list[dict[str, Any]]:
    """A refusal comes with nothing else."""
    if reply.says == "refusal":
        return []
    if reply.says == "tool":
        return [{"type": "tool_use", "id": f"toolu_{uuid4().hex}", "name": "act", "input": {"arguments": reply.text}}]
    return [{"type": "text", "text": reply.text, "citations": None}]
