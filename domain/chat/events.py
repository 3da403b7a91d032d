"""What can happen to a chat action. The words themselves are kept elsewhere, so that they can be erased."""

from datetime import datetime
from uuid import UUID

from domain.chat.intent import Intent, Language, Parser
from domain.chat.plan import Plan, StepRefused
from domain.chat.reasons import Reason
from domain.errors import Code
from domain.events import Event


class ChatCommandReceived(Event, frozen=True, kw_only=True, rename="camel"):
    """`caller` is the id of the key that said it. `text_sha256` is over a salt, which is kept and erased with the text, and the text.
    `plan` is what is going to be done, written before any of it is begun.
    """

    TOPIC = "chat.chat_command_received"

    caller: str
    language: Language
    parser: Parser
    intent: Intent
    text_sha256: str
    plan: Plan = Plan()


class ChatConfirmationAsked(Event, frozen=True, kw_only=True, rename="camel"):
    """Nothing is done until whoever said it sends the token, whose hash this is."""

    TOPIC = "chat.chat_confirmation_asked"

    token_sha256: str
    expires_at: datetime


class ChatCommandConfirmed(Event, frozen=True, kw_only=True, rename="camel"):
    """It is meant: the plan is carried out as it was written."""

    TOPIC = "chat.chat_command_confirmed"


class ChatCommandAccepted(Event, frozen=True, kw_only=True, rename="camel"):
    """Answered or done; `run_ids` are the runs that came of it, and `refusals` the steps that could not be done."""

    TOPIC = "chat.chat_command_accepted"

    run_ids: tuple[UUID, ...] = ()
    refusals: tuple[StepRefused, ...] = ()


class ChatCommandRejected(Event, frozen=True, kw_only=True, rename="camel"):
    """Nothing was done; `code` is that of the error behind it, if there is one, and `refusals` are the steps that were tried in vain."""

    TOPIC = "chat.chat_command_rejected"

    reason: Reason
    code: Code | None = None
    refusals: tuple[StepRefused, ...] = ()


class ChatTextErased(Event, frozen=True, kw_only=True, rename="camel"):
    """What was said is not kept any more, nor the salt of its hash."""

    TOPIC = "chat.chat_text_erased"


ChatEvent = (
    ChatCommandReceived
    | ChatConfirmationAsked
    | ChatCommandConfirmed
    | ChatCommandAccepted
    | ChatCommandRejected
    | ChatTextErased
)
