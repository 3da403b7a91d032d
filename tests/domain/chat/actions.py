"""What can have happened to a chat action, for those who say given, when, then."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from domain.chat.decisions import CONFIRMATION_LASTS
from domain.chat.events import (
    ChatCommandAccepted,
    ChatCommandConfirmed,
    ChatCommandReceived,
    ChatCommandRejected,
    ChatConfirmationAsked,
    ChatTextErased,
)
from domain.chat.intent import Action, Intent, Language
from domain.chat.plan import CancelStep, Plan, StepRefused
from domain.chat.reasons import Reason
from domain.errors import Code
from tests.kit.facts import NOON

RUN: Final = UUID(int=7)
CALLER: Final = "anna"
TOKEN: Final = "ab" * 32
OTHER_TOKEN: Final = "cd" * 32
A_MOMENT: Final = timedelta(microseconds=1)
UNTIL: Final = NOON + CONFIRMATION_LASTS
PLAN: Final = Plan(steps=(CancelStep(cancelled=RUN, skill="kbo-results", version=3, providers=("openai",)),))

RECEIVED: Final = ChatCommandReceived(
    caller=CALLER,
    language=Language.KOREAN,
    parser="grammar",
    intent=Intent(action=Action.CANCEL, run_id=RUN),
    text_sha256="ef" * 32,
    plan=PLAN,
)
ASKED: Final = ChatConfirmationAsked(token_sha256=TOKEN, expires_at=UNTIL)
CONFIRMED: Final = ChatCommandConfirmed()
ACCEPTED: Final = ChatCommandAccepted(run_ids=(RUN,))
REFUSALS: Final = (StepRefused(step=0, code=Code.CONFLICT_RUN),)
REFUSED: Final = ChatCommandRejected(reason=Reason.REFUSED, code=Code.CONFLICT_RUN, refusals=REFUSALS)
DECLINED: Final = ChatCommandRejected(reason=Reason.DECLINED)
ERASED: Final = ChatTextErased()
