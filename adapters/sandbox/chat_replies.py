"""What the emulated language models shall say next, and what they were asked."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from adapters.sandbox.dialect import ProviderError
from adapters.sandbox.faults import TIMES_MAX, Provider

REPLIES_MAX = 100
QUESTIONS_MAX = 100
REPLY_CHARS_MAX = 10_000_000


class ChatReply(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """`says` is what becomes of the `text`: it is the answer; or it is why the model refuses; or the answer is cut off behind it;
    or it is the arguments of a call of a tool, which nobody has offered. The `thoughts` come before it, marked as such. `times` is
    how many more questions it answers.
    """

    provider: Provider
    says: Literal["text", "refusal", "cut", "tool"] = "text"
    text: Annotated[str, Meta(max_length=REPLY_CHARS_MAX)] = ""
    thoughts: Annotated[str, Meta(max_length=REPLY_CHARS_MAX)] = ""
    times: Annotated[int, Meta(ge=1, le=TIMES_MAX)] = 1


class ChatQuestion(Struct, frozen=True, kw_only=True):
    """`body` is the request as it came."""

    provider: str
    model: str
    body: dict[str, Any]


class TooManyReplies(Exception):  # noqa: N818 - house style: it reads as a fact
    """REPLIES_MAX replies are waiting already."""


class ChatReplies:
    def __init__(self) -> None:
        self._waiting: list[ChatReply] = []
        self._questions: list[ChatQuestion] = []

    def add(self, reply: ChatReply) -> None:
        if len(self._waiting) >= REPLIES_MAX:
            raise TooManyReplies(f"{REPLIES_MAX} replies are waiting already; delete them first")
        self._waiting.append(reply)

    def answer(self, question: ChatQuestion, schema: Any) -> ChatReply:
        """The first that waits for this provider; without one, what says the least in the form that was asked for."""
        self._questions = [*self._questions[1 - QUESTIONS_MAX :], question]
        for index, reply in enumerate(self._waiting):
            if reply.provider == question.provider:
                if reply.times > 1:
                    self._waiting[index] = replace(reply, times=reply.times - 1)
                else:
                    del self._waiting[index]
                return reply
        provider = msgspec.convert(question.provider, Provider)
        return ChatReply(provider=provider, text=msgspec.json.encode(least_of(schema)).decode())

    def waiting(self) -> list[ChatReply]:
        return list(self._waiting)

    def questions(self) -> list[ChatQuestion]:
        return list(self._questions)

    def clear(self) -> None:
        """What waits, and what was asked."""
        self._waiting.clear()
        self._questions.clear()


def read_question(provider: str, body: bytes, *, model: str | None = None) -> ChatQuestion:
    try:
        asked = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeError) as error:
        raise ProviderError(400, f"The request's body is not valid: {error}.") from error
    model = asked.get("model") if model is None else model
    if not isinstance(model, str) or not model:
        raise ProviderError(400, "A model is required.", param="model")
    return ChatQuestion(provider=provider, model=model, body=asked)


def check_closed(schema: Any, *, refused: frozenset[str] = frozenset(), all_required: bool = False) -> None:
    """What is asked of a schema that output shall keep to: every object closed, and no keyword in it that is `refused`."""
    if isinstance(schema, list):
        for part in schema:
            check_closed(part, refused=refused, all_required=all_required)
    if not isinstance(schema, dict):
        return
    properties = schema.get("properties")
    if isinstance(properties, dict):
        if schema.get("additionalProperties") is not False:
            raise ProviderError(
                400, "Invalid schema: 'additionalProperties' is required to be supplied and to be false."
            )
        if all_required and sorted(schema.get("required", ())) != sorted(properties):
            raise ProviderError(400, "Invalid schema: 'required' must name every key in properties.")
        check_closed(list(properties.values()), refused=refused, all_required=all_required)
    if unknown := refused & schema.keys():
        raise ProviderError(400, f"Invalid schema: '{min(unknown)}' is not permitted.")
    for keyword in ("items", "anyOf", "$defs"):
        check_closed(schema.get(keyword), refused=refused, all_required=all_required)


def least_of(schema: Any) -> Any:
    """The instance of a schema that says the least: no, nothing, none."""
    if not isinstance(schema, dict):
        return None
    if options := schema.get("anyOf"):
        return None if {"type": "null"} in options else least_of(options[0])
    if words := schema.get("enum"):
        return "none" if "none" in words else words[0]
    match schema.get("type"):
        case "object":
            return {name: least_of(part) for name, part in schema.get("properties", {}).items()}
        case "array":
            return []
        case "boolean":
            return False
        case "integer" | "number":
            return 0
        case "string":
            return ""
        case _:
            return None
