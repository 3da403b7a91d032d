import pytest
from msgspec.structs import replace

from domain.chat.intent import Action, Intent, Language
from domain.chat.reasons import Reason
from domain.chat.state import ChatAction, ChatStatus
from domain.errors import Code
from domain.events import Event
from tests.domain.chat.actions import (
    ACCEPTED,
    ASKED,
    CALLER,
    CONFIRMED,
    DECLINED,
    ERASED,
    PLAN,
    RECEIVED,
    REFUSALS,
    REFUSED,
    RUN,
    TOKEN,
    UNTIL,
)
from tests.kit.specification import folded

HEARD = ChatAction(
    caller=CALLER,
    language=Language.KOREAN,
    parser="grammar",
    intent=Intent(action=Action.CANCEL, run_id=RUN),
    plan=PLAN,
)
WAITING = replace(HEARD, status=ChatStatus.WAITING, token_sha256=TOKEN, expires_at=UNTIL)


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([RECEIVED], HEARD),
        ([RECEIVED, ASKED], WAITING),
        ([RECEIVED, ASKED, CONFIRMED], replace(WAITING, status=ChatStatus.CONFIRMED)),
        (
            [RECEIVED, ASKED, CONFIRMED, ACCEPTED],
            replace(WAITING, status=ChatStatus.ACCEPTED, run_ids=(RUN,)),
        ),
        ([RECEIVED, ASKED, DECLINED], replace(WAITING, status=ChatStatus.REJECTED, reason=Reason.DECLINED)),
        (
            [RECEIVED, REFUSED],
            replace(
                HEARD,
                status=ChatStatus.REJECTED,
                reason=Reason.REFUSED,
                code=Code.CONFLICT_RUN,
                refusals=REFUSALS,
            ),
        ),
        ([RECEIVED, ERASED], replace(HEARD, erased=True)),
    ],
    ids=["received", "asked", "confirmed", "accepted", "declined", "refused", "erased"],
)
def test_it_is_what_happened_to_it(events: list[Event], state: ChatAction) -> None:
    assert folded(events) == state


def test_it_has_ended_when_it_was_accepted_or_rejected() -> None:
    assert [status for status in ChatStatus if status.ended] == [ChatStatus.ACCEPTED, ChatStatus.REJECTED]
