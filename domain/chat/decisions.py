"""Receiving what was said, asking whether it is meant, and noting what became of it."""

import hmac
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from domain.chat.events import (
    ChatCommandAccepted,
    ChatCommandConfirmed,
    ChatCommandReceived,
    ChatCommandRejected,
    ChatConfirmationAsked,
    ChatTextErased,
)
from domain.chat.plan import StepRefused
from domain.chat.reasons import Reason
from domain.chat.state import ChatAction, ChatStatus
from domain.errors import ChatActionNotFound, ChatTextForbidden, Code
from domain.events import Actor, Role

CONFIRMATION_LASTS: Final = timedelta(minutes=10)


class ConfirmationRefused(Exception):  # noqa: N818 - an answer, not a failure
    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


def receive(
    state: ChatAction | None, received: ChatCommandReceived, *, ask: str | None, now: datetime
) -> tuple[ChatCommandReceived | ChatConfirmationAsked, ...]:
    """`ask` is the hash of the token to wait for, None if nothing needs to be asked. Quiet if it was received before: then what
    was decided the first time stands.
    """
    if state is not None:
        return ()
    if ask is None:
        return (received,)
    return (received, ChatConfirmationAsked(token_sha256=ask, expires_at=now + CONFIRMATION_LASTS))


def ask_again(state: ChatAction, *, token_sha256: str, now: datetime) -> tuple[ChatConfirmationAsked, ...]:
    """Another token in place of the one that may have been lost on its way, for as long as that one would have been good. Quiet
    if nothing is waited for, or not any more.
    """
    if state.status is not ChatStatus.WAITING or state.expires_at is None or now >= state.expires_at:
        return ()
    return (ChatConfirmationAsked(token_sha256=token_sha256, expires_at=state.expires_at),)


def confirm(
    state: ChatAction | None, *, caller: str, token_sha256: str, now: datetime
) -> tuple[ChatCommandConfirmed, ...]:
    """Quiet if it was confirmed before, however late this comes again. Raises ConfirmationRefused."""
    _check_token(state, caller=caller, token_sha256=token_sha256)
    assert state is not None  # noqa: S101 - a token of nothing was refused
    if state.status in (ChatStatus.CONFIRMED, ChatStatus.ACCEPTED):
        return ()
    if state.status is ChatStatus.REJECTED:
        if state.reason is Reason.DECLINED:
            raise ConfirmationRefused(Reason.DECLINED)
        return ()
    if state.expires_at is None or now >= state.expires_at:
        raise ConfirmationRefused(Reason.CONFIRMATION_EXPIRED)
    return (ChatCommandConfirmed(),)


def decline(state: ChatAction | None, *, caller: str, token_sha256: str) -> tuple[ChatCommandRejected, ...]:
    """Quiet if it was declined before, or is done already: that is not undone by a no. Raises ConfirmationRefused."""
    _check_token(state, caller=caller, token_sha256=token_sha256)
    assert state is not None  # noqa: S101 - a token of nothing was refused
    return (ChatCommandRejected(reason=Reason.DECLINED),) if state.status is ChatStatus.WAITING else ()


def accept(
    state: ChatAction, *, run_ids: tuple[UUID, ...], refusals: tuple[StepRefused, ...]
) -> tuple[ChatCommandAccepted, ...]:
    """Quiet if somebody who carried it out at the same time was faster."""
    return () if state.status.ended else (ChatCommandAccepted(run_ids=run_ids, refusals=refusals),)


def reject(
    state: ChatAction, *, reason: Reason, code: Code | None = None, refusals: tuple[StepRefused, ...] = ()
) -> tuple[ChatCommandRejected, ...]:
    """Quiet as `accept`."""
    return () if state.status.ended else (ChatCommandRejected(reason=reason, code=code, refusals=refusals),)


def erase(state: ChatAction | None, *, by: Actor) -> tuple[ChatTextErased, ...]:
    """Whoever said it may, and an admin. Quiet if it is gone already. Raises ChatActionNotFound, ChatTextForbidden."""
    if state is None:
        raise ChatActionNotFound
    if by.id != state.caller and by.role is not Role.ADMIN:
        raise ChatTextForbidden
    return () if state.erased else (ChatTextErased(),)


def _check_token(state: ChatAction | None, *, caller: str, token_sha256: str) -> None:
    """One that was made up and one of somebody else are not told apart."""
    known = state is not None and state.token_sha256 is not None and state.caller == caller
    if not known or not hmac.compare_digest(state.token_sha256 or "", token_sha256):  # type: ignore[union-attr]
        raise ConfirmationRefused(Reason.CONFIRMATION_INVALID)
