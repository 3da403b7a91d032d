import pytest

from domain.events import Event
from domain.install_run.events import (
    ProviderRolledBack,
    RollbackRequested,
    RunCancelRequested,
    RunEvent,
    RunStarted,
    RunSucceeded,
)
from domain.install_run.policy import Policy
from tests.domain.facts import (
    CLAUDE,
    FIRST,
    GEMINI,
    NOON,
    OPENAI,
    SECOND,
    after,
    failed,
    queued,
    refused,
    retry_scheduled,
    started,
    succeeded,
)
from tests.domain.install_run.deciding import A_MOMENT, BACK, start
from tests.kit.specification import given

TRIED_ONCE: list[Event] = [queued(OPENAI), RunStarted(), started(), failed(final=False), retry_scheduled()]


def test_the_first_start_of_a_run_starts_the_run() -> None:
    given([queued(OPENAI, CLAUDE)]).when(start).then([RunStarted(), started()])


def test_the_next_target_starts_in_a_run_that_runs() -> None:
    given([queued(OPENAI, CLAUDE), RunStarted(), started()]).when(start, target=CLAUDE, attempt_id=SECOND).then(
        [started(CLAUDE, attempt_id=SECOND)]
    )


def test_the_next_attempt_is_counted_and_has_an_id_of_its_own() -> None:
    given(TRIED_ONCE).when(start, attempt_id=SECOND, now=after(1)).then([started(attempt_id=SECOND, attempt=2)])


def test_a_retry_that_is_not_due_is_quiet() -> None:
    given(TRIED_ONCE).when(start, attempt_id=SECOND, now=after(1) - A_MOMENT).then_nothing()


def test_a_second_start_of_a_running_target_is_quiet() -> None:
    given([queued(OPENAI), RunStarted(), started()]).when(start, attempt_id=SECOND).then_nothing()


@pytest.mark.parametrize("outcome", [succeeded(), failed()])
def test_a_start_of_a_target_that_has_ended_is_quiet(outcome: RunEvent) -> None:
    given([queued(OPENAI, CLAUDE), RunStarted(), started(), outcome]).when(start).then_nothing()


def test_a_start_of_a_refused_target_is_quiet() -> None:
    given([queued(OPENAI, CLAUDE), refused(CLAUDE)]).when(start, target=CLAUDE).then_nothing()


def test_a_start_at_a_provider_that_is_no_target_is_quiet() -> None:
    given([queued(OPENAI)]).when(start, target=GEMINI).then_nothing()


def test_a_first_attempt_comes_in_time_or_not_at_all() -> None:
    run = [queued(OPENAI, start_by=after(60), end_by=after(600))]
    given(run).when(start, now=after(60) - A_MOMENT).then([RunStarted(), started()])
    given(run).when(start, now=after(60)).then_nothing()


def test_what_has_begun_has_until_the_end_of_the_run() -> None:
    run = [queued(OPENAI, start_by=after(60), end_by=after(600)), *TRIED_ONCE[1:]]
    given(run).when(start, attempt_id=SECOND, now=after(600) - A_MOMENT).then([started(attempt_id=SECOND, attempt=2)])
    given(run).when(start, attempt_id=SECOND, now=after(600)).then_nothing()


def test_what_is_undone_has_as_long_as_it_takes() -> None:
    policy = Policy(mode="all_or_nothing")
    run = [
        queued(OPENAI, CLAUDE, policy=policy, start_by=after(60), end_by=after(600)),
        RunStarted(),
        started(),
        succeeded(),
        started(CLAUDE),
        failed(CLAUDE),
        RollbackRequested(undoes=(BACK,)),
    ]
    given(run).when(start, attempt_id=SECOND, now=after(9999)).then([started(attempt_id=SECOND, attempt=2)])
    undone = ProviderRolledBack(provider_id=OPENAI.id, attempt_id=SECOND, version=1)
    given([*run, started(attempt_id=SECOND, attempt=2), undone]).when(start, attempt_id=FIRST).then_nothing()


def test_a_cancelled_run_begins_nothing_when_all_that_waited_was_given_up() -> None:
    given([queued(OPENAI), RunStarted(), started(), RunCancelRequested()]).when(start).then_nothing()
    given([queued(OPENAI), RunStarted(), started(), succeeded(), RunSucceeded(succeeded=1)]).when(
        start, now=NOON
    ).then_nothing()
