from uuid import UUID

import pytest

from domain.errors import BadRequest, Code
from domain.install_run import decisions
from domain.install_run.decisions import TARGETS_MAX, check_target_count, settle, start
from domain.install_run.events import (
    ProviderRefused,
    RunEvent,
    RunFailed,
    RunPartiallyFailed,
    RunStarted,
    RunSucceeded,
    Target,
)
from domain.install_run.policy import Policy
from domain.install_run.state import InstallRun
from tests.domain.facts import (
    CLAUDE,
    FIRST,
    GEMINI,
    LEASE_UNTIL,
    NOON,
    OPENAI,
    PIN,
    SECOND,
    failed,
    queued,
    refused,
    started,
    succeeded,
)
from tests.kit.specification import given


def queue(_: None, *, targets: tuple[Target, ...], refusals: tuple[ProviderRefused, ...] = ()) -> tuple[RunEvent, ...]:
    return decisions.queue(skill=PIN, targets=targets, policy=Policy(), refused=refusals)


def targets(count: int) -> tuple[Target, ...]:
    return tuple(Target(id=UUID(int=number), name=f"openai-{number}", kind="openai") for number in range(count))


def start_at(run: InstallRun, *, target: Target = OPENAI, attempt_id: UUID = FIRST) -> tuple[RunEvent, ...]:
    return start(run, provider_id=target.id, attempt_id=attempt_id, since=NOON, lease_until=LEASE_UNTIL)


@pytest.mark.parametrize("count", [1, TARGETS_MAX])
def test_a_run_is_queued_for_its_targets(count: int) -> None:
    given([]).when(queue, targets=targets(count)).then([queued(*targets(count))])


@pytest.mark.parametrize("count", [0, TARGETS_MAX + 1])
def test_a_run_for_no_target_or_too_many_is_refused(count: int) -> None:
    refusal = given([]).when(queue, targets=targets(count)).then_refused(BadRequest)
    assert refusal.detail == f"A run takes 1 to {TARGETS_MAX} providers."
    assert [problem.pointer for problem in refusal.problems] == ["/providers"]
    with pytest.raises(BadRequest):
        check_target_count(count)


def test_a_run_that_names_a_target_twice_is_refused() -> None:
    given([]).when(queue, targets=(OPENAI, CLAUDE, OPENAI)).then_refused(BadRequest)


def test_a_target_that_would_be_refused_fails_at_once_and_the_others_wait() -> None:
    given([]).when(queue, targets=(OPENAI, CLAUDE), refusals=(refused(CLAUDE),)).then(
        [queued(OPENAI, CLAUDE), refused(CLAUDE)]
    )


def test_a_run_that_every_target_would_refuse_fails_at_once_with_its_tally() -> None:
    invalid = refused(CLAUDE, code=Code.PROVIDER_INVALID_SKILL)
    refusals = (refused(OPENAI), invalid, refused(GEMINI))
    tally = {Code.PROVIDER_TOO_LARGE: 2, Code.PROVIDER_INVALID_SKILL: 1}
    given([]).when(queue, targets=(OPENAI, CLAUDE, GEMINI), refusals=refusals).then(
        [queued(OPENAI, CLAUDE, GEMINI), *refusals, RunFailed(failures=tally)]
    )


def test_a_removal_is_a_run_of_its_own_kind() -> None:
    events = decisions.queue(skill=PIN, targets=(OPENAI,), policy=Policy(), kind="uninstall")
    assert [getattr(event, "kind", None) for event in events] == ["uninstall"]


def test_a_start_of_a_refused_target_is_quiet() -> None:
    given([queued(OPENAI, CLAUDE), refused(CLAUDE)]).when(start_at, target=CLAUDE).then_nothing()


@pytest.mark.parametrize(
    ("outcome", "end"),
    [
        (succeeded(), RunPartiallyFailed(succeeded=1, failures={Code.PROVIDER_INVALID_SKILL: 1})),
        (failed(), RunFailed(failures={Code.PROVIDER_TOO_LARGE: 1, Code.PROVIDER_INVALID_SKILL: 1})),
    ],
)
def test_a_refused_target_is_in_the_tally_at_the_end(outcome: RunEvent, end: RunEvent) -> None:
    history = [
        queued(OPENAI, CLAUDE),
        refused(CLAUDE, code=Code.PROVIDER_INVALID_SKILL),
        RunStarted(),
        started(),
    ]
    given(history).when(settle, outcome=outcome).then([outcome, end])


def test_the_first_start_of_a_run_starts_the_run() -> None:
    given([queued(OPENAI, CLAUDE)]).when(start_at).then([RunStarted(), started()])


def test_the_next_target_starts_in_a_run_that_runs() -> None:
    given([queued(OPENAI, CLAUDE), RunStarted(), started()]).when(start_at, target=CLAUDE, attempt_id=SECOND).then(
        [started(CLAUDE, attempt_id=SECOND)]
    )


def test_a_second_start_of_a_running_target_is_quiet() -> None:
    given([queued(OPENAI), RunStarted(), started()]).when(start_at, attempt_id=SECOND).then_nothing()


@pytest.mark.parametrize("outcome", [succeeded(), failed()])
def test_a_start_of_a_target_that_has_ended_is_quiet(outcome: RunEvent) -> None:
    given([queued(OPENAI, CLAUDE), RunStarted(), started(), outcome]).when(start_at).then_nothing()


def test_a_start_at_a_provider_that_is_no_target_is_quiet() -> None:
    given([queued(OPENAI)]).when(start_at, target=GEMINI).then_nothing()


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


@pytest.mark.parametrize(("earlier", "last"), [(succeeded, failed), (failed, succeeded)])
def test_some_targets_succeeded_is_partially_failed(earlier: type, last: type) -> None:
    """Whichever of them was the last."""
    history = [
        queued(OPENAI, CLAUDE),
        RunStarted(),
        started(),
        earlier(),
        started(CLAUDE, attempt_id=SECOND),
    ]
    outcome = last(CLAUDE, attempt_id=SECOND)
    ended = RunPartiallyFailed(succeeded=1, failures={Code.PROVIDER_TOO_LARGE: 1})
    given(history).when(settle, outcome=outcome).then([outcome, ended])


def test_a_target_that_failed_and_then_succeeded_counts_as_succeeded() -> None:
    again = started(attempt_id=SECOND, attempt=2)
    given([queued(OPENAI), RunStarted(), started(), failed(), again]).when(
        settle, outcome=succeeded(attempt_id=SECOND)
    ).then([succeeded(attempt_id=SECOND), RunSucceeded(succeeded=1)])


@pytest.mark.parametrize("outcome", [succeeded(), failed()])
def test_the_outcome_of_an_attempt_that_was_overtaken_is_quiet(outcome: RunEvent) -> None:
    """The attempt id is the fence: an installer that was frozen past its lease changes nothing when it wakes up."""
    again = started(attempt_id=SECOND, attempt=2)
    given([queued(OPENAI), RunStarted(), started(), again]).when(settle, outcome=outcome).then_nothing()


@pytest.mark.parametrize("outcome", [succeeded(), failed()])
def test_a_second_outcome_of_one_attempt_is_quiet(outcome: RunEvent) -> None:
    history = [queued(OPENAI), RunStarted(), started(), succeeded(), RunSucceeded(succeeded=1)]
    given(history).when(settle, outcome=outcome).then_nothing()


def test_the_outcome_of_an_attempt_that_never_started_is_quiet() -> None:
    given([queued(OPENAI)]).when(settle, outcome=succeeded()).then_nothing()
    given([queued(OPENAI), RunStarted(), started()]).when(settle, outcome=succeeded(GEMINI)).then_nothing()
