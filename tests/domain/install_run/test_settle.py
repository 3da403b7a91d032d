from uuid import UUID

import pytest

from domain.errors import Code
from domain.events import Event
from domain.install_run.events import RunEvent, RunFailed, RunPartiallyFailed, RunStarted, RunSucceeded
from domain.install_run.policy import Policy
from tests.domain.facts import (
    CLAUDE,
    FIRST,
    GEMINI,
    OPENAI,
    SECOND,
    THIRD,
    after,
    failed,
    given_up,
    queued,
    refused,
    retry_scheduled,
    started,
    succeeded,
)
from tests.domain.install_run.deciding import A_MOMENT, settle
from tests.kit.specification import given

AGAIN = failed(code=Code.PROVIDER_TIMEOUT, retryable=True, ambiguous=True)
NOT_FINAL = failed(code=Code.PROVIDER_TIMEOUT, retryable=True, ambiguous=True, final=False)


def tried(times: int, *, policy: Policy | None = None, **more: object) -> list[Event]:
    """The last one of so many attempts is under way."""
    before: list[Event] = [queued(OPENAI, policy=policy, **more), RunStarted()]
    for attempt in range(1, times):
        before += [started(attempt=attempt), NOT_FINAL, retry_scheduled(attempt=attempt + 1)]
    return [*before, started(attempt=times)]


@pytest.mark.parametrize("outcome", [succeeded(), failed()])
def test_an_outcome_with_targets_left_does_not_end_the_run(outcome: RunEvent) -> None:
    given([queued(OPENAI, CLAUDE), RunStarted(), started()]).when(settle, outcome=outcome).then([outcome])


def test_all_targets_succeeded_is_success() -> None:
    history = [
        queued(OPENAI, CLAUDE),
        RunStarted(),
        started(),
        started(CLAUDE, attempt_id=SECOND),
        succeeded(CLAUDE, attempt_id=SECOND),
    ]
    given(history).when(settle, outcome=succeeded()).then([succeeded(), RunSucceeded(succeeded=2)])


def test_no_target_succeeded_is_failed_with_the_tally_by_code() -> None:
    late, too_large, last = (
        failed(OPENAI, code=Code.PROVIDER_TIMEOUT),
        failed(CLAUDE, attempt_id=SECOND),
        failed(GEMINI, code=Code.PROVIDER_TIMEOUT),
    )
    history = [
        queued(OPENAI, CLAUDE, GEMINI),
        RunStarted(),
        started(),
        late,
        started(CLAUDE, attempt_id=SECOND),
        too_large,
        started(GEMINI),
    ]
    tally = {Code.PROVIDER_TIMEOUT: 2, Code.PROVIDER_TOO_LARGE: 1}
    given(history).when(settle, outcome=last).then([last, RunFailed(failures=tally)])


@pytest.mark.parametrize(("first", "last"), [(succeeded, failed), (failed, succeeded)], ids=["then fails", "then not"])
def test_some_targets_succeeded_is_partially_failed(first: type, last: type) -> None:
    history = [
        queued(OPENAI, CLAUDE),
        RunStarted(),
        started(),
        first(),
        started(CLAUDE, attempt_id=SECOND),
    ]
    outcome = last(CLAUDE, attempt_id=SECOND)
    ended = RunPartiallyFailed(succeeded=1, failures={Code.PROVIDER_TOO_LARGE: 1})
    given(history).when(settle, outcome=outcome).then([outcome, ended])


@pytest.mark.parametrize(
    ("outcome", "end"),
    [
        (succeeded(), RunPartiallyFailed(succeeded=1, failures={Code.PROVIDER_INVALID_SKILL: 1})),
        (failed(), RunFailed(failures={Code.PROVIDER_TOO_LARGE: 1, Code.PROVIDER_INVALID_SKILL: 1})),
    ],
)
def test_a_refused_target_is_in_the_tally_at_the_end(outcome: RunEvent, end: RunEvent) -> None:
    history = [queued(OPENAI, CLAUDE), refused(CLAUDE, code=Code.PROVIDER_INVALID_SKILL), RunStarted(), started()]
    given(history).when(settle, outcome=outcome).then([outcome, end])


def test_a_failure_that_may_pass_is_tried_again_later_and_ends_nothing() -> None:
    given(tried(1)).when(settle, outcome=AGAIN).then([NOT_FINAL, retry_scheduled(due_at=after(1))])


def test_a_failure_that_will_not_pass_is_final_whatever_attempts_are_left() -> None:
    given(tried(1)).when(settle, outcome=failed(final=False)).then(
        [failed(), RunFailed(failures={Code.PROVIDER_TOO_LARGE: 1})]
    )


def test_each_further_attempt_waits_longer_until_they_are_used_up() -> None:
    policy = Policy(attempts_max=3, backoff_seconds=2, backoff_max_seconds=3)
    for attempt, seconds in ((1, 2), (2, 3)):
        given(tried(attempt, policy=policy)).when(settle, outcome=AGAIN).then(
            [NOT_FINAL, retry_scheduled(attempt=attempt + 1, due_at=after(seconds))]
        )
    given(tried(3, policy=policy)).when(settle, outcome=AGAIN).then(
        [AGAIN, RunFailed(failures={Code.PROVIDER_TIMEOUT: 1})]
    )


def test_one_attempt_means_one() -> None:
    given(tried(1, policy=Policy(attempts_max=1))).when(settle, outcome=AGAIN).then(
        [AGAIN, RunFailed(failures={Code.PROVIDER_TIMEOUT: 1})]
    )


def test_what_the_policy_does_not_name_is_not_tried_again() -> None:
    policy = Policy(retry_codes=(Code.PROVIDER_OVERLOADED,))
    given(tried(1, policy=policy)).when(settle, outcome=AGAIN).then(
        [AGAIN, RunFailed(failures={Code.PROVIDER_TIMEOUT: 1})]
    )


@pytest.mark.parametrize(("asked", "seconds"), [(0.5, 1), (7, 7), (86_400, 600)])
def test_the_provider_says_when_to_come_again(asked: float, seconds: float) -> None:
    outcome = failed(code=Code.PROVIDER_RATE_LIMIT, retryable=True, retry_after_seconds=asked)
    scheduled = failed(code=Code.PROVIDER_RATE_LIMIT, retryable=True, retry_after_seconds=asked, final=False)
    given(tried(1)).when(settle, outcome=outcome).then([scheduled, retry_scheduled(due_at=after(seconds))])


@pytest.mark.parametrize(
    ("random_bits", "seconds"), [(0, 8), (2**31, 6), (2**32 - 1, 4), (2**32, 8)], ids=["none", "half", "all", "others"]
)
def test_the_wait_is_cut_by_the_random_bits_of_the_attempt(random_bits: int, seconds: float) -> None:
    attempt_id = UUID(int=random_bits)
    run = [queued(OPENAI, policy=Policy(backoff_seconds=8)), RunStarted(), started(attempt_id=attempt_id)]
    outcome = failed(attempt_id=attempt_id, code=Code.PROVIDER_TIMEOUT, retryable=True)
    scheduled = failed(attempt_id=attempt_id, code=Code.PROVIDER_TIMEOUT, retryable=True, final=False)
    given(run).when(settle, outcome=outcome).then([scheduled, retry_scheduled(due_at=after(seconds))])


def test_no_attempt_is_scheduled_for_when_the_run_is_over() -> None:
    over = tried(1, end_by=after(1))
    message = "The next attempt would come after the time of the run is over. The provider said no."
    late = given_up(code=Code.RUN_TIMEOUT, message=message)
    tally = {Code.RUN_TIMEOUT: 1}
    given(over).when(settle, outcome=AGAIN).then([NOT_FINAL, late, RunFailed(failures=tally, reason=Code.RUN_TIMEOUT)])
    given(tried(1, end_by=after(1) + A_MOMENT)).when(settle, outcome=AGAIN).then(
        [NOT_FINAL, retry_scheduled(due_at=after(1))]
    )


def test_an_attempt_that_succeeds_after_the_time_of_the_run_has_succeeded() -> None:
    given(tried(1, end_by=after(1))).when(settle, outcome=succeeded(), now=after(9)).then(
        [succeeded(), RunSucceeded(succeeded=1)]
    )


def test_a_target_that_failed_and_then_succeeded_counts_as_succeeded() -> None:
    history = [
        queued(OPENAI),
        RunStarted(),
        started(),
        NOT_FINAL,
        retry_scheduled(),
        started(attempt_id=SECOND, attempt=2),
    ]
    outcome = succeeded(attempt_id=SECOND)
    given(history).when(settle, outcome=outcome).then([outcome, RunSucceeded(succeeded=1)])


@pytest.mark.parametrize("attempt_id", [FIRST, THIRD])
@pytest.mark.parametrize("outcome", [succeeded, failed])
def test_the_outcome_of_an_attempt_that_is_not_the_current_one_is_quiet(outcome: type, attempt_id: UUID) -> None:
    """The attempt id is the fence: an installer that was frozen past its lease changes nothing when it wakes up."""
    current = [started(), NOT_FINAL, retry_scheduled(), started(attempt_id=SECOND, attempt=2)]
    given([queued(OPENAI), RunStarted(), *current]).when(settle, outcome=outcome(attempt_id=attempt_id)).then_nothing()


@pytest.mark.parametrize("outcome", [succeeded(), failed(), AGAIN], ids=["success", "failure", "failure that may pass"])
def test_an_outcome_is_quiet_while_the_target_waits(outcome: RunEvent) -> None:
    given([queued(OPENAI), RunStarted(), started(), NOT_FINAL, retry_scheduled()]).when(
        settle, outcome=outcome
    ).then_nothing()


@pytest.mark.parametrize("outcome", [succeeded(), failed()])
def test_a_second_outcome_of_one_attempt_is_quiet(outcome: RunEvent) -> None:
    history = [queued(OPENAI), RunStarted(), started(), succeeded(), RunSucceeded(succeeded=1)]
    given(history).when(settle, outcome=outcome).then_nothing()


def test_the_outcome_of_an_attempt_that_never_started_is_quiet() -> None:
    given([queued(OPENAI)]).when(settle, outcome=succeeded()).then_nothing()
    given([queued(OPENAI), RunStarted(), started()]).when(settle, outcome=succeeded(GEMINI)).then_nothing()
