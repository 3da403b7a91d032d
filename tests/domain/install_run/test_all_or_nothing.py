"""A run that does everything or nothing: what it did is undone as soon as one of its targets has failed, and then it ends."""

from typing import Any

import pytest

from domain.errors import Code
from domain.events import Event
from domain.install_run.decisions import OVERDUE
from domain.install_run.ending import TAKEN_BACK
from domain.install_run.events import (
    ProviderRollbackFailed,
    ProviderRolledBack,
    RollbackRequested,
    RunFailed,
    RunPartiallyFailed,
    RunStarted,
    RunSucceeded,
    Undo,
)
from domain.install_run.policy import Policy
from domain.install_run.state import Aim, InstallRun
from tests.domain.facts import (
    CLAUDE,
    DIGEST,
    GEMINI,
    OPENAI,
    RECEIPT,
    SECOND,
    THIRD,
    after,
    failed,
    given_up,
    lease_expired,
    queued,
    retry_scheduled,
    started,
    succeeded,
)
from tests.domain.install_run.deciding import BACK, GONE, OUT_OF_USE, expire, expire_lease, give_up, settle
from tests.kit.specification import folded, given

CLAUDE_FAILS = failed(CLAUDE, attempt_id=SECOND)
CLAUDE_BACK = Undo(provider_id=CLAUDE.id)
BOTH = {OPENAI.id: BACK, CLAUDE.id: CLAUDE_BACK}
AGAIN = failed(attempt_id=THIRD, code=Code.PROVIDER_TIMEOUT, retryable=True)
NOT_FINAL = failed(attempt_id=THIRD, code=Code.PROVIDER_TIMEOUT, retryable=True, final=False)
ROLLED_BACK = {Code.PROVIDER_TOO_LARGE: 1, Code.RUN_ROLLED_BACK: 1}


def run(*events: Event, targets: tuple[Any, ...] = (OPENAI, CLAUDE), **policy: Any) -> list[Event]:
    queue = queued(*targets, policy=Policy(mode="all_or_nothing", **policy), end_by=after(600))
    return [queue, RunStarted(), *events]


def taking_back(*events: Event, undo: Undo = BACK, **policy: Any) -> list[Event]:
    """OpenAI succeeded with its first attempt, Claude failed, and OpenAI's second one is to undo the first."""
    before = (started(), succeeded(), started(CLAUDE, attempt_id=SECOND), CLAUDE_FAILS)
    return run(*before, RollbackRequested(undoes=(undo,)), *events, **policy)


UNDOING = taking_back(started(attempt_id=THIRD, attempt=2))


def test_if_nothing_fails_nothing_is_taken_back() -> None:
    given(run(started(), succeeded(), started(CLAUDE, attempt_id=SECOND))).when(
        settle, outcome=succeeded(CLAUDE, attempt_id=SECOND), undoes=BOTH
    ).then([succeeded(CLAUDE, attempt_id=SECOND), RunSucceeded(succeeded=2)])


def test_what_was_done_is_undone_and_the_run_waits_for_it() -> None:
    given(run(started(), succeeded(), started(CLAUDE, attempt_id=SECOND))).when(
        settle, outcome=CLAUDE_FAILS, undoes=BOTH
    ).then([CLAUDE_FAILS, RollbackRequested(undoes=(BACK,))])


def test_the_best_effort_leaves_it_as_it_is() -> None:
    history = [queued(OPENAI, CLAUDE), RunStarted(), started(), succeeded(), started(CLAUDE, attempt_id=SECOND)]
    given(history).when(settle, outcome=CLAUDE_FAILS, undoes=BOTH).then(
        [CLAUDE_FAILS, RunPartiallyFailed(succeeded=1, failures={Code.PROVIDER_TOO_LARGE: 1})]
    )


def test_a_failure_that_is_tried_again_takes_nothing_back() -> None:
    again = failed(CLAUDE, attempt_id=SECOND, code=Code.PROVIDER_TIMEOUT, retryable=True)
    not_final = failed(CLAUDE, attempt_id=SECOND, code=Code.PROVIDER_TIMEOUT, retryable=True, final=False)
    given(run(started(), succeeded(), started(CLAUDE, attempt_id=SECOND))).when(
        settle, outcome=again, undoes=BOTH
    ).then([not_final, retry_scheduled(CLAUDE)])


def test_what_waits_is_not_begun() -> None:
    given(run(started())).when(settle, outcome=failed(), undoes={}).then(
        [
            failed(),
            given_up(CLAUDE, code=Code.RUN_ROLLED_BACK, message=TAKEN_BACK),
            RunFailed(failures=ROLLED_BACK, reason=Code.RUN_ROLLED_BACK),
        ]
    )


def test_what_the_run_found_as_it_should_be_is_left_so() -> None:
    """The version was there before: there is nothing to undo, and nobody is asked."""
    given(run(started(), succeeded(), started(CLAUDE, attempt_id=SECOND))).when(
        settle, outcome=CLAUDE_FAILS, undoes={}
    ).then(
        [
            CLAUDE_FAILS,
            ProviderRolledBack(provider_id=OPENAI.id, version=2),
            RunFailed(failures=ROLLED_BACK, reason=Code.RUN_ROLLED_BACK),
        ]
    )


def test_whatever_a_target_fails_of_the_others_are_undone() -> None:
    done, undone = (started(), succeeded()), RollbackRequested(undoes=(BACK,))
    lost = lease_expired(CLAUDE, attempt_id=SECOND, final=True)
    given(run(*done, started(CLAUDE, attempt_id=SECOND), attempts_max=1)).when(
        expire_lease, target=CLAUDE, undoes=BOTH
    ).then([lost, undone])
    late = given_up(CLAUDE, code=Code.RUN_TIMEOUT, message=OVERDUE[Code.RUN_TIMEOUT])
    given(run(*done)).when(expire, target=CLAUDE, now=after(600), undoes=BOTH).then([late, undone])
    out = given_up(CLAUDE, code=Code.PROVIDER_UNAUTHORIZED, message=OUT_OF_USE)
    given(run(*done)).when(give_up, target=CLAUDE, undoes=BOTH).then([out, undone])


def test_a_call_under_way_is_waited_for_and_undone_too() -> None:
    history = run(started(), started(CLAUDE, attempt_id=SECOND))
    given(history).when(settle, outcome=CLAUDE_FAILS, undoes=BOTH).then([CLAUDE_FAILS])
    given([*history, CLAUDE_FAILS]).when(settle, outcome=succeeded(), undoes=BOTH).then(
        [succeeded(), RollbackRequested(undoes=(BACK,))]
    )


def test_a_call_under_way_that_fails_then_is_not_tried_again() -> None:
    history = run(started(attempt_id=THIRD), started(CLAUDE, attempt_id=SECOND), CLAUDE_FAILS)
    tally = {Code.PROVIDER_TIMEOUT: 1, Code.PROVIDER_TOO_LARGE: 1}
    given(history).when(settle, outcome=AGAIN, undoes=BOTH).then([AGAIN, RunFailed(failures=tally)])


def test_each_target_is_taken_back_once() -> None:
    history = run(
        started(),
        succeeded(),
        started(CLAUDE, attempt_id=SECOND),
        started(GEMINI, attempt_id=THIRD),
        CLAUDE_FAILS,
        RollbackRequested(undoes=(BACK,)),
        targets=(OPENAI, CLAUDE, GEMINI),
    )
    gemini = Undo(provider_id=GEMINI.id)
    done = succeeded(GEMINI, attempt_id=THIRD)
    given(history).when(settle, outcome=done, undoes={**BOTH, GEMINI.id: gemini}).then(
        [done, RollbackRequested(undoes=(gemini,))]
    )


@pytest.mark.parametrize(("undo", "version"), [(BACK, 1), (GONE, None)], ids=["to the version before", "to nothing"])
def test_what_is_undone_has_failed_for_that_and_the_run_ends(undo: Undo, version: int | None) -> None:
    history = taking_back(started(attempt_id=THIRD, attempt=2), undo=undo)
    undone = ProviderRolledBack(provider_id=OPENAI.id, attempt_id=THIRD, version=version, receipt=RECEIPT)
    given(history).when(settle, outcome=succeeded(attempt_id=THIRD), undoes=BOTH).then(
        [undone, RunFailed(failures=ROLLED_BACK, reason=Code.RUN_ROLLED_BACK)]
    )


def test_an_undoing_that_fails_is_tried_again_with_attempts_of_its_own_and_beyond_the_time_of_the_run() -> None:
    history = taking_back(started(attempt_id=THIRD, attempt=2), attempts_max=2)
    given(history).when(settle, outcome=AGAIN, now=after(600), undoes=BOTH).then(
        [NOT_FINAL, retry_scheduled(attempt=3, due_at=after(601))]
    )
    given(history).when(expire_lease, now=after(600), undoes=BOTH).then(
        [lease_expired(attempt_id=THIRD), retry_scheduled(attempt=3, due_at=after(601))]
    )


LEFT = RunPartiallyFailed(succeeded=1, failures={Code.PROVIDER_TOO_LARGE: 1})


def test_an_undoing_that_finally_fails_says_so_and_the_target_stays_as_it_was_made() -> None:
    history = taking_back(
        started(attempt_id=THIRD, attempt=2),
        NOT_FINAL,
        retry_scheduled(attempt=3),
        started(attempt_id=THIRD, attempt=3),
        attempts_max=2,
    )
    left = ProviderRollbackFailed(provider_id=OPENAI.id, code=Code.PROVIDER_TIMEOUT, message="The provider said no.")
    given(history).when(settle, outcome=AGAIN, undoes=BOTH).then([NOT_FINAL, left, LEFT])
    lost = ProviderRollbackFailed(
        provider_id=OPENAI.id,
        code=Code.RUN_LEASE_EXPIRED,
        message="Nothing was heard of the attempt before its lease expired.",
    )
    given(history).when(expire_lease, undoes=BOTH).then([lease_expired(attempt_id=THIRD), lost, LEFT])
    given([*history, NOT_FINAL, left, LEFT]).when(settle, outcome=AGAIN, undoes=BOTH).then_nothing()


def test_an_undoing_that_the_provider_refuses_is_not_tried_again() -> None:
    no = failed(attempt_id=THIRD)
    left = ProviderRollbackFailed(provider_id=OPENAI.id, code=no.code, message=no.message)
    given(UNDOING).when(settle, outcome=no, undoes=BOTH).then([failed(attempt_id=THIRD, final=False), left, LEFT])


def test_what_is_to_be_undone_at_a_connection_out_of_use_stays() -> None:
    left = ProviderRollbackFailed(provider_id=OPENAI.id, code=Code.PROVIDER_UNAUTHORIZED, message=OUT_OF_USE)
    given(taking_back()).when(give_up, undoes=BOTH).then([left, LEFT])


def test_what_is_to_be_undone_has_no_time_to_exceed() -> None:
    given(taking_back()).when(expire, now=after(9999), undoes=BOTH).then_nothing()


def test_what_is_undone_is_not_taken_back_again_by_what_fails_later() -> None:
    """A target that could not be undone has succeeded, and so it stays."""
    history = run(
        started(),
        succeeded(),
        started(CLAUDE, attempt_id=SECOND),
        started(GEMINI, attempt_id=SECOND),
        CLAUDE_FAILS,
        RollbackRequested(undoes=(BACK,)),
        started(attempt_id=THIRD, attempt=2),
        failed(attempt_id=THIRD, final=False),
        ProviderRollbackFailed(provider_id=OPENAI.id, code=Code.PROVIDER_TOO_LARGE, message=""),
        targets=(OPENAI, CLAUDE, GEMINI),
    )
    gemini_fails = failed(GEMINI, attempt_id=SECOND)
    given(history).when(settle, outcome=gemini_fails, undoes=BOTH).then(
        [gemini_fails, RunPartiallyFailed(succeeded=1, failures={Code.PROVIDER_TOO_LARGE: 2})]
    )


def test_an_undoing_aims_at_what_was_there_before() -> None:
    forth = Aim(version=2, digest=DIGEST, removes=False)
    for history, expected in (
        (run(started(), succeeded()), forth),
        (taking_back(), Aim(version=1, digest="sha256:one", removes=False)),
        (taking_back(undo=GONE), Aim(version=2, digest=DIGEST, removes=True)),
    ):
        state: InstallRun = folded(history)
        target = state.target(OPENAI.id)
        assert target is not None
        assert state.aim(target) == expected
