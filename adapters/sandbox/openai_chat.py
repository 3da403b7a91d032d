"""OpenAI's Responses API at `/openai/v1/responses`, as far as a question with a schema for the answer needs it."""

import re
import time
from typing import Any
from uuid import uuid4

from litestar import post
from litestar.di import NamedDependency

from adapters.sandbox.chat_replies import ChatQuestion, ChatReplies, ChatReply, check_closed, read_question
from adapters.sandbox.dialect import ProviderError
from adapters.sandbox.openai_wire import HttpRequest, account_of

REASONING = re.compile(r"gpt-[5-9]|o[0-9]")


@post("/responses", status_code=200, opt={"operation": "chat"})
async def respond(request: HttpRequest, chat_replies: NamedDependency[ChatReplies]) -> dict[str, Any]:
    account_of(request.headers.get("authorization", ""), reading=False)
    question = read_question("openai", await request.body())
    reply = chat_replies.answer(question, _schema_in(question))
    cut = reply.says == "cut"
    return {
        "id": f"resp_{uuid4().hex}",
        "object": "response",
        "created_at": int(time.time()),
        "status": "incomplete" if cut else "completed",
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "model": question.model,
        "output": [*_reasoning(reply), _output(reply)],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": None,
    }


def _schema_in(question: ChatQuestion) -> Any:
    if "temperature" in question.body and REASONING.match(question.model):
        raise ProviderError(
            400, "Unsupported parameter: 'temperature' is not supported with this model.", param="temperature"
        )
    text = question.body.get("text")
    form = text.get("format") if isinstance(text, dict) else None
    if not isinstance(form, dict) or form.get("type") != "json_schema":
        return {"type": "string"}
    schema = form.get("schema")
    if not isinstance(schema, dict) or schema.get("type") != "object":
        raise ProviderError(
            400, "Invalid schema for response_format: schema must be of type 'object'.", param="text.format"
        )
    if form.get("strict"):
        check_closed(schema, all_required=True)
    return schema


def _reasoning(reply: ChatReply) -> list[dict[str, Any]]:
    if not reply.thoughts:
        return []
    content = [{"type": "reasoning_text", "text": reply.thoughts}]
    return [{"type": "reasoning", "id": f"rs_{uuid4().hex}", "summary": [], "content": content}]


def _output(reply: ChatReply) -> dict[str, Any]:
    if reply.says == "tool":
        call = {"call_id": f"call_{uuid4().hex}", "name": "act", "arguments": reply.text}
        return {"type": "function_call", "id": f"fc_{uuid4().hex}", "status": "completed", **call}
    part = {"type": "output_text", "text": reply.text, "annotations": []}
    if reply.says == "refusal":
        part = {"type": "refusal", "refusal": reply.text}
    status = "incomplete" if reply.says == "cut" else "completed"
    return {"type": "message", "id": f"msg_{uuid4().hex}", "status": status, "role": "assistant", "content": [part]}
