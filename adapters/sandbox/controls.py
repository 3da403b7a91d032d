"""The sandbox's own controls under `/_sandbox`: what is live, what was called, what shall fail, what its models shall say. No key:
it is a loopback tool.
"""

from typing import Any

import msgspec
from litestar import Request, Router, delete, get, post
from litestar.di import NamedDependency

from adapters.sandbox.calls import Call, Calls
from adapters.sandbox.chat_replies import ChatQuestion, ChatReplies, ChatReply, TooManyReplies
from adapters.sandbox.dialect import Dialect
from adapters.sandbox.faults import Fault, Faults, TooManyFaults
from adapters.sandbox.ledger import Entry, Ledger


class BadControl(Exception):  # noqa: N818 - house style: it reads as a fact
    """A control was asked for something it does not do."""


def controls_router() -> Router:
    return Router(
        path="/_sandbox",
        route_handlers=[
            index,
            show_ledger,
            show_calls,
            show_faults,
            add_fault,
            clear_faults,
            show_chat_replies,
            add_chat_reply,
            clear_chat_replies,
            show_chat_questions,
        ],
    )


@get("/")
async def index(dialects: NamedDependency[tuple[Dialect, ...]]) -> dict[str, Any]:
    return {
        "what": "Waybill's sandbox: emulated providers for the demo, development and tests. Nothing here is a real provider.",
        "providers": {dialect.name: dialect.prefix for dialect in dialects if not dialect.variant},
        "variants": {dialect.prefix: dialect.variant for dialect in dialects if dialect.variant},
        "controls": [
            "/_sandbox/ledger",
            "/_sandbox/calls",
            "/_sandbox/faults",
            "/_sandbox/chat-replies",
            "/_sandbox/chat-questions",
        ],
    }


@get("/ledger")
async def show_ledger(ledger: NamedDependency[Ledger]) -> list[Entry]:
    return ledger.live()


@get("/calls")
async def show_calls(calls: NamedDependency[Calls]) -> list[Call]:
    return calls.list()


@get("/faults")
async def show_faults(faults: NamedDependency[Faults]) -> list[Fault]:
    return faults.list()


@post("/faults")
async def add_fault(request: Request[Any, Any, Any], faults: NamedDependency[Faults]) -> Fault:
    try:
        fault = msgspec.json.decode(await request.body(), type=Fault)
        faults.add(fault)
    except (msgspec.DecodeError, TooManyFaults) as error:
        raise BadControl(str(error)) from error
    return fault


@delete("/faults")
async def clear_faults(faults: NamedDependency[Faults]) -> None:
    faults.clear()


@get("/chat-replies")
async def show_chat_replies(chat_replies: NamedDependency[ChatReplies]) -> list[ChatReply]:
    return chat_replies.waiting()


@post("/chat-replies")
async def add_chat_reply(request: Request[Any, Any, Any], chat_replies: NamedDependency[ChatReplies]) -> ChatReply:
    try:
        reply = msgspec.json.decode(await request.body(), type=ChatReply)
        chat_replies.add(reply)
    except (msgspec.DecodeError, TooManyReplies) as error:
        raise BadControl(str(error)) from error
    return reply


@delete("/chat-replies")
async def clear_chat_replies(chat_replies: NamedDependency[ChatReplies]) -> None:
    """With what was asked."""
    chat_replies.clear()


@get("/chat-questions")
async def show_chat_questions(chat_replies: NamedDependency[ChatReplies]) -> list[ChatQuestion]:
    return chat_replies.questions()
