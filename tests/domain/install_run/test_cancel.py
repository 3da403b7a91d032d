import pytest

from domain.errors import Code, RunUnfit
from domain.events import Event
from domain.install_run.decisions import CANCELLED
from domain.install_run.events import (
    RollbackRequested,
    RunCancelRequested,
    RunFailed,
    RunPartiallyFailed,
    RunStarted,
    RunSucceeded,
)
from domain.install_run.policy import Policy
from tests.domain.facts import (
    CLAUDE,
    GEMINI,
    OPENAI,
    SECOND,
    failed,
    given_up,
    lease_expired,
    queued,
    refused,
    retry_scheduled,
    started,
    succeeded,
)
from tests.domain.install_run.deciding import BACK, cancel, expire_lease, settle
from tests.kit.specification import given

TALLY = {Code.RUN_CANCELLED: 1}
RUNNING: list[Event] = [queued(OPENAI, CLAUDE), RunStarted(), started()]
CLAUDE_GIVEN_UP = given_up(CLAUDE, code=Code.RUN_CANCELLED, message=CANCELLED)
CANCELLING: list[Event] = [*RUNNING, RunCancelRequested(), CLAUDE_GIVEN_UP]
AGAIN = failed(code=Code.PROVIDER_TIMEOUT, retryable=True, ambiguous=True)
NOT_FINAL = failed(code=Code.PROVIDER_TIMEOUT, retryable=True, ambiguous=True, final=False)


def test_a_queued_run_is_cancelled_at_once() -> None:
    given([queued(OPENAI, CLAUDE)]).when(cancel).then(
        [
            RunCancelRequested(),
            given_up(OPENAI, code=Code.RUN_CANCELLED, message=CANCELLED),
            CLAUDE_GIVEN_UP,
            RunFailed(failures={Code.RUN_CANCELLED: 2}, reason=Code.RUN_CANCELLED),
        ]
    )


def test_a_target_that_waits_for_its_next_attempt_is_cancelled_at_once() -> None:
    waits = [queued(OPENAI), RunStarted(), started(), NOT_FINAL, retry_scheduled()]
    given(waits).when(cancel).then(
        [
            RunCancelRequested(),
            given_up(OPENAI, code=Code.RUN_CANCELLED, message=CANCELLED),
            RunFailed(failures=TALLY, reason=Code.RUN_CANCELLED),
        ]
    )


def test_a_call_that_is_under_way_is_waited_for() -> None:
    given(RUNNING).when(cancel).then([RunCancelRequested(), CLAUDE_GIVEN_UP])


def test_what_succeeds_after_a_cancel_has_succeeded() -> None:
    end = RunPartiallyFailed(succeeded=1, failures=TALLY, reason=Code.RUN_CANCELLED)
    given(CANCELLING).when(settle, outcome=succeeded()).then([succeeded(), end])
    alone = [queued(OPENAI), RunStarted(), started(), RunCancelRequested()]
    given(alone).when(settle, outcome=succeeded()).then([succeeded(), RunSucceeded(succeeded=1)])


@pytest.mark.parametrize(
    ("outcome", "stored"), [(AGAIN, NOT_FINAL), (failed(), failed(final=False))], ids=["may pass", "will not pass"]
)
def test_what_fails_after_a_cancel_is_not_tried_again_and_was_cancelled(outcome: Event, stored: Event) -> None:
    end = RunFailed(failures={Code.RUN_CANCELLED: 2}, reason=Code.RUN_CANCELLED)
    left = given_up(code=Code.RUN_CANCELLED, message=f"{CANCELLED} The provider said no.")
    given(CANCELLING).when(settle, outcome=outcome).then([stored, left, end])


def test_an_attempt_of_which_nothing_is_heard_after_a_cancel_is_not_followed_by_another() -> None:
    message = f"{CANCELLED} Nothing was heard of the attempt before its lease expired."
    end = RunFailed(failures={Code.RUN_CANCELLED: 2}, reason=Code.RUN_CANCELLED)
    given(CANCELLING).when(expire_lease).then(
        [lease_expired(), given_up(code=Code.RUN_CANCELLED, message=message), end]
    )


def test_what_failed_before_a_cancel_keeps_its_code() -> None:
    history = [queued(OPENAI, CLAUDE), refused(OPENAI)]
    failures = {Code.PROVIDER_TOO_LARGE: 1, Code.RUN_CANCELLED: 1}
    given(history).when(cancel).then(
        [RunCancelRequested(), CLAUDE_GIVEN_UP, RunFailed(failures=failures, reason=Code.RUN_CANCELLED)]
    )


@pytest.mark.parametrize(
    "history",
    [
        CANCELLING,
        [*CANCELLING, succeeded(), RunPartiallyFailed(succeeded=1, failures=TALLY, reason=Code.RUN_CANCELLED)],
    ],
    ids=["a call under way", "ended"],
)
def test_a_second_cancel_is_quiet(history: list[Event]) -> None:
    given(history).when(cancel).then_nothing()


@pytest.mark.parametrize(
    ("end", "status"),
    [
        ([succeeded(), RunSucceeded(succeeded=1)], "success"),
        ([failed(), RunFailed(failures={Code.PROVIDER_TOO_LARGE: 1})], "failed"),
    ],
)
def test_a_run_that_has_ended_cannot_be_cancelled(end: list[Event], status: str) -> None:
    refusal = given([queued(OPENAI), RunStarted(), started(), *end]).when(cancel).then_refused(RunUnfit)
    assert refusal.detail == f"The run has ended already, with {status}."


def all_or_nothing(*events: Event) -> list[Event]:
    return [queued(OPENAI, CLAUDE, policy=Policy(mode="all_or_nothing")), RunStarted(), started(), *events]


def test_all_or_nothing_takes_back_what_was_done_before_a_cancel() -> None:
    given(all_or_nothing(succeeded())).when(cancel, undoes={OPENAI.id: BACK}).then(
        [RunCancelRequested(), CLAUDE_GIVEN_UP, RollbackRequested(undoes=(BACK,))]
    )


def test_what_is_being_taken_back_is_not_cut_short() -> None:
    taking_back = all_or_nothing(
        succeeded(),
        started(CLAUDE, attempt_id=SECOND),
        failed(CLAUDE, attempt_id=SECOND),
        RollbackRequested(undoes=(BACK,)),
    )
    for history in (taking_back, [*taking_back, started(attempt_id=SECOND, attempt=2)]):
        refusal = given(history).when(cancel).then_refused(RunUnfit)
        assert "taking back" in refusal.detail


def test_a_call_under_way_beside_what_is_taken_back_may_still_be_cancelled() -> None:
    """The undoing goes on, and neither is given up nor waits."""
    policy = Policy(mode="all_or_nothing")
    third = queued(OPENAI, CLAUDE, GEMINI, policy=policy)
    history = [
        third,
        RunStarted(),
        started(),
        succeeded(),
        started(GEMINI, attempt_id=SECOND),
        started(CLAUDE),
        failed(CLAUDE),
        RollbackRequested(undoes=(BACK,)),
    ]
    given(history).when(cancel).then([RunCancelRequested()])


def test_what_was_cancelled_while_it_took_back_is_undone_all_the_same() -> None:
    cancelled = all_or_nothing(
        succeeded(), RunCancelRequested(), CLAUDE_GIVEN_UP, RollbackRequested(undoes=(BACK,)), started(attempt=2)
    )
    given(cancelled).when(settle, outcome=AGAIN).then([NOT_FINAL, retry_scheduled(attempt=3)])
