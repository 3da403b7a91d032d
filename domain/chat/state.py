"""A chat action, folded from its events."""

from datetime import datetime
from enum import StrEnum
from typing import Final, assert_never
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.chat.events import (
    ChatCommandAccepted,
    ChatCommandConfirmed,
    ChatCommandReceived,
    ChatCommandRejected,
    ChatConfirmationAsked,
    ChatEvent,
    ChatTextErased,
)
from domain.chat.intent import Intent, Language, Parser
from domain.chat.plan import Plan, StepRefused
from domain.chat.reasons import Reason
from domain.errors import Code
from domain.events import Fold


class ChatStatus(StrEnum):
    """`received`: being carried out, or cut off while it was; `waiting`: for a yes; `confirmed`: said, and being carried out."""

    RECEIVED = "received"
    WAITING = "waiting"
    CONFIRMED = "confirmed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"

    @property
    def ended(self) -> bool:
        return self in (ChatStatus.ACCEPTED, ChatStatus.REJECTED)


class ChatAction(Struct, frozen=True, kw_only=True):
    caller: str
    language: Language
    parser: Parser
    intent: Intent
    plan: Plan
    status: ChatStatus = ChatStatus.RECEIVED
    token_sha256: str | None = None
    expires_at: datetime | None = None
    run_ids: tuple[UUID, ...] = ()
    refusals: tuple[StepRefused, ...] = ()
    reason: Reason | None = None
    code: Code | None = None
    erased: bool = False


def evolve(state: ChatAction | None, event: ChatEvent) -> ChatAction:
    if isinstance(event, ChatCommandReceived):
        return ChatAction(
            caller=event.caller,
            language=event.language,
            parser=event.parser,
            intent=event.intent,
            plan=event.plan,
        )
    assert state is not None  # noqa: S101 - everything follows the receipt
    match event:
        case ChatConfirmationAsked():
            waiting = replace(state, status=ChatStatus.WAITING, token_sha256=event.token_sha256)
            return replace(waiting, expires_at=event.expires_at)
        case ChatCommandConfirmed():
            return replace(state, status=ChatStatus.CONFIRMED)
        case ChatCommandAccepted():
            accepted = replace(state, status=ChatStatus.ACCEPTED, run_ids=event.run_ids)
            return replace(accepted, refusals=event.refusals)
        case ChatCommandRejected():
            rejected = replace(state, status=ChatStatus.REJECTED, reason=event.reason, code=event.code)
            return replace(rejected, refusals=event.refusals)
        case ChatTextErased():
            return replace(state, erased=True)
        case _:
            assert_never(event)


CHAT_ACTION: Final = Fold(noun="chat", evolve=evolve)
