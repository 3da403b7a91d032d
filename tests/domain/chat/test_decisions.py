"""Receiving, asking, confirming, declining, ending, erasing: each does, refuses, and stays quiet."""

from typing import Any

import pytest

from domain.chat.decisions import (
    CONFIRMATION_LASTS,
    ConfirmationRefused,
    accept,
    ask_again,
    confirm,
    decline,
    erase,
    receive,
    reject,
)
from domain.chat.events import ChatCommandRejected, ChatConfirmationAsked
from domain.chat.reasons import Reason
from domain.errors import ChatActionNotFound, ChatTextForbidden, Code
from domain.events import Actor, Event, Role
from tests.domain.chat.actions import (
    A_MOMENT,
    ACCEPTED,
    ASKED,
    CALLER,
    CONFIRMED,
    DECLINED,
    ERASED,
    OTHER_TOKEN,
    RECEIVED,
    REFUSALS,
    REFUSED,
    RUN,
    TOKEN,
    UNTIL,
)
from tests.kit.facts import NOON
from tests.kit.specification import folded, given

WAITING = [RECEIVED, ASKED]
ENDINGS = pytest.mark.parametrize("ending", [ACCEPTED, REFUSED, DECLINED], ids=["accepted", "refused", "declined"])


def yes(**other: Any) -> dict[str, Any]:
    return {"caller": CALLER, "token_sha256": TOKEN, "now": NOON} | other


def no(**other: Any) -> dict[str, Any]:
    return {"caller": CALLER, "token_sha256": TOKEN} | other


def refusal(events: list[Event], decision: Any, **facts: Any) -> Reason:
    with pytest.raises(ConfirmationRefused) as refused:
        decision(folded(events), **facts)
    return refused.value.reason


def test_what_needs_no_question_is_received() -> None:
    given([]).when(receive, received=RECEIVED, ask=None, now=NOON).then([RECEIVED])


def test_what_needs_one_is_received_and_asked_about_for_ten_minutes() -> None:
    given([]).when(receive, received=RECEIVED, ask=TOKEN, now=NOON).then([RECEIVED, ASKED])
    assert CONFIRMATION_LASTS.total_seconds() == 600


@pytest.mark.parametrize("ask", [None, OTHER_TOKEN])
def test_what_was_received_is_not_received_again(ask: str | None) -> None:
    given([RECEIVED]).when(receive, received=RECEIVED, ask=ask, now=NOON).then_nothing()
    given(WAITING).when(receive, received=RECEIVED, ask=ask, now=NOON).then_nothing()


def test_what_waits_is_asked_about_again_until_the_same_moment() -> None:
    again = ChatConfirmationAsked(token_sha256=OTHER_TOKEN, expires_at=UNTIL)
    given(WAITING).when(ask_again, token_sha256=OTHER_TOKEN, now=UNTIL - A_MOMENT).then([again])


def test_only_the_last_token_is_good() -> None:
    asked_again = [*WAITING, ChatConfirmationAsked(token_sha256=OTHER_TOKEN, expires_at=UNTIL)]
    assert refusal(asked_again, confirm, **yes()) is Reason.CONFIRMATION_INVALID
    given(asked_again).when(confirm, **yes(token_sha256=OTHER_TOKEN)).then([CONFIRMED])


@pytest.mark.parametrize(
    "events",
    [[RECEIVED], [*WAITING, CONFIRMED], [*WAITING, DECLINED], [RECEIVED, ACCEPTED]],
    ids=["received", "confirmed", "declined", "accepted"],
)
def test_what_does_not_wait_is_not_asked_about_again(events: list[Event]) -> None:
    given(events).when(ask_again, token_sha256=OTHER_TOKEN, now=NOON).then_nothing()


def test_what_has_waited_too_long_is_not_asked_about_again() -> None:
    given(WAITING).when(ask_again, token_sha256=OTHER_TOKEN, now=UNTIL).then_nothing()


def test_it_is_confirmed_until_the_last_moment() -> None:
    given(WAITING).when(confirm, **yes(now=UNTIL - A_MOMENT)).then([CONFIRMED])


def test_a_late_yes_is_refused() -> None:
    assert refusal(WAITING, confirm, **yes(now=UNTIL)) is Reason.CONFIRMATION_EXPIRED


@pytest.mark.parametrize(
    "after", [[CONFIRMED], [CONFIRMED, ACCEPTED], [CONFIRMED, REFUSED]], ids=["confirmed", "accepted", "refused"]
)
def test_a_second_yes_is_quiet_however_late(after: list[Event]) -> None:
    given([*WAITING, *after]).when(confirm, **yes(now=UNTIL)).then_nothing()


def test_a_yes_after_a_no_is_refused() -> None:
    assert refusal([*WAITING, DECLINED], confirm, **yes()) is Reason.DECLINED


@pytest.mark.parametrize(
    ("events", "wrong"),
    [
        ([], {}),
        ([RECEIVED], {}),
        (WAITING, {"caller": "bert"}),
        (WAITING, {"token_sha256": OTHER_TOKEN}),
        (WAITING, {"token_sha256": ""}),
        ([*WAITING, CONFIRMED, ACCEPTED], {"caller": "bert"}),
    ],
    ids=["of_nothing", "never_asked", "of_somebody_else", "made_up", "empty", "of_somebody_else_and_done"],
)
def test_a_token_that_does_not_fit_says_neither_yes_nor_no(events: list[Event], wrong: dict[str, str]) -> None:
    assert refusal(events, confirm, **yes(**wrong)) is Reason.CONFIRMATION_INVALID
    assert refusal(events, decline, **no(**wrong)) is Reason.CONFIRMATION_INVALID


def test_what_waits_is_declined() -> None:
    given(WAITING).when(decline, **no()).then([DECLINED])


@pytest.mark.parametrize(
    "after",
    [[DECLINED], [CONFIRMED], [CONFIRMED, ACCEPTED], [CONFIRMED, REFUSED]],
    ids=["declined", "confirmed", "accepted", "refused"],
)
def test_what_does_not_wait_any_more_is_not_declined(after: list[Event]) -> None:
    given([*WAITING, *after]).when(decline, **no()).then_nothing()


@pytest.mark.parametrize("events", [[RECEIVED], [*WAITING, CONFIRMED]], ids=["received", "confirmed"])
def test_it_ends_with_what_came_of_it(events: list[Event]) -> None:
    given(events).when(accept, run_ids=(RUN,), refusals=()).then([ACCEPTED])
    given(events).when(reject, reason=Reason.REFUSED, code=Code.CONFLICT_RUN, refusals=REFUSALS).then([REFUSED])


def test_what_is_not_done_has_a_reason() -> None:
    given([RECEIVED]).when(reject, reason=Reason.UNKNOWN_SKILL).then([ChatCommandRejected(reason=Reason.UNKNOWN_SKILL)])


@ENDINGS
def test_it_ends_once(ending: Event) -> None:
    given([RECEIVED, ending]).when(accept, run_ids=(), refusals=()).then_nothing()
    given([RECEIVED, ending]).when(reject, reason=Reason.REFUSED).then_nothing()


@pytest.mark.parametrize(
    "by",
    [
        Actor(kind="api_key", id=CALLER, name="Anna", role=Role.OPERATOR),
        Actor(kind="api_key", id="bert", name="Bert", role=Role.ADMIN),
    ],
    ids=["who_said_it", "an_admin"],
)
def test_the_text_is_erased_once(by: Actor) -> None:
    given([RECEIVED]).when(erase, by=by).then([ERASED])
    given([RECEIVED, ERASED, ACCEPTED]).when(erase, by=by).then_nothing()


@pytest.mark.parametrize("role", [None, Role.VIEWER, Role.OPERATOR])
@pytest.mark.parametrize("events", [[RECEIVED], [RECEIVED, ERASED]], ids=["there", "gone"])
def test_the_text_of_somebody_else_is_not_erased(events: list[Event], role: Role | None) -> None:
    bert = Actor(kind="api_key", id="bert", name="Bert", role=role)
    given(events).when(erase, by=bert).then_refused(ChatTextForbidden)


def test_no_text_of_nothing_is_erased() -> None:
    admin = Actor(kind="api_key", id="bert", name="Bert", role=Role.ADMIN)
    given([]).when(erase, by=admin).then_refused(ChatActionNotFound)
