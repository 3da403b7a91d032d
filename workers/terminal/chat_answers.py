"""What the chat's routes answer, as much of it as is shown."""

from datetime import datetime
from typing import Any

from workers.terminal.answers import Answered, Named


class Confirmation(Answered, frozen=True, kw_only=True):
    token: str
    expires_at: datetime
    plan: str


class ChatAnswer(Answered, frozen=True, kw_only=True):
    accepted: bool
    reply: str
    reason: str | None = None
    run_ids: tuple[str, ...] = ()
    confirmation: Confirmation | None = None
    language: str = "en"
    refusals: tuple[Any, ...] = ()


class ChatIntent(Answered, frozen=True, kw_only=True):
    action: str
    skills: tuple[str, ...] = ()
    ref: str | None = None
    providers: tuple[str, ...] = ()
    run_id: str | None = None
    listed: str | None = None


class ChatAction(Answered, frozen=True, kw_only=True):
    """`text` is None for whoever may not read it, and once it was erased. `plan` is as the server gives it."""

    id: str
    at: datetime
    actor: Named
    language: str
    parser: str
    status: str
    intent: ChatIntent
    plan: dict[str, Any]
    text: str | None = None
    text_erased: bool = False
    reason: str | None = None
    code: str | None = None
    run_ids: tuple[str, ...] = ()
    refusals: tuple[Any, ...] = ()
    expires_at: datetime | None = None
