import pytest
from msgspec.structs import replace

from domain.errors import Code
from domain.events import Event
from domain.install_run.events import (
    ProviderGivenUp,
    ProviderRescued,
    ProviderRollbackFailed,
    ProviderRolledBack,
    RollbackRequested,
    RunCancelRequested,
    RunFailed,
    RunPartiallyFailed,
    RunQueued,
    RunRetried,
    RunStarted,
    RunSucceeded,
    Undo,
)
from domain.install_run.policy import Policy
from domain.install_run.state import Aim, InstallRun, RunStatus, TargetState, TargetStatus
from tests.domain.facts import (
    CLAUDE,
    DIGEST,
    FIRST,
    LEASE_UNTIL,
    NOON,
    OPENAI,
    PIN,
    RECEIPT,
    SECOND,
    THIRD,
    after,
    failed,
    lease_expired,
    queued,
    refused,
    retry_scheduled,
    started,
    succeeded,
)
from tests.kit.specification import folded

QUEUED = InstallRun(
    kind="install",
    skill=PIN,
    policy=Policy(),
    targets=(TargetState(target=OPENAI), TargetState(target=CLAUDE)),
)
RUNNING_TARGET = TargetState(
    target=OPENAI,
    status=TargetStatus.RUNNING,
    attempts=1,
    attempt_id=FIRST,
    since=NOON,
    lease_until=LEASE_UNTIL,
)


def run_after(*events: Event) -> InstallRun:
    run = folded([queued(OPENAI, CLAUDE), *events])
    assert isinstance(run, InstallRun)
    return run


def openai_after(*events: Event) -> TargetState | None:
    """The target that the events are about; the other one is as it was."""
    run = run_after(*events)
    assert run.target(CLAUDE.id) == TargetState(target=CLAUDE)
    return run.target(OPENAI.id)


def test_a_queued_run_has_all_its_targets_queued() -> None:
    assert run_after() == QUEUED
    assert QUEUED.provider_ids == {OPENAI.id, CLAUDE.id}


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (RunStarted(), RunStatus.RUNNING),
        (RunSucceeded(succeeded=2), RunStatus.SUCCESS),
        (RunFailed(failures={Code.PROVIDER_TIMEOUT: 2}), RunStatus.FAILED),
        (RunPartiallyFailed(succeeded=1, failures={Code.PROVIDER_TIMEOUT: 1}), RunStatus.PARTIAL_FAILED),
    ],
)
def test_an_event_of_the_run_changes_its_status_alone(event: Event, status: RunStatus) -> None:
    assert run_after(event) == replace(QUEUED, status=status)


def test_a_started_target_remembers_the_attempt_that_fences_it() -> None:
    assert openai_after(started()) == RUNNING_TARGET


def test_a_target_that_succeeded_keeps_its_receipt_and_no_lease() -> None:
    done = replace(RUNNING_TARGET, status=TargetStatus.SUCCESS, receipt=RECEIPT, lease_until=None)
    assert openai_after(started(), succeeded()) == done


def test_a_target_that_failed_keeps_its_code_and_no_lease() -> None:
    done = replace(RUNNING_TARGET, status=TargetStatus.FAILED, code=Code.PROVIDER_TOO_LARGE, lease_until=None)
    assert openai_after(started(), failed()) == done


def test_a_target_that_was_refused_has_failed_without_an_attempt() -> None:
    done = TargetState(target=OPENAI, status=TargetStatus.FAILED, code=Code.PROVIDER_TOO_LARGE)
    assert openai_after(refused(OPENAI)) == done


def test_a_target_that_starts_again_has_a_new_fence_and_no_code() -> None:
    again = replace(RUNNING_TARGET, attempts=2, attempt_id=SECOND)
    assert openai_after(started(), failed(), started(attempt_id=SECOND, attempt=2)) == again


def test_a_provider_that_is_no_target_has_no_state() -> None:
    assert run_after().target(PIN.id) is None


def test_three_run_statuses_and_two_target_statuses_are_an_end() -> None:
    assert {status.value for status in RunStatus if status.ended} == {"success", "failed", "partial_failed"}
    assert {status.value for status in TargetStatus if status.ended} == {"success", "failed"}


LEFT = replace(RUNNING_TARGET, status=TargetStatus.QUEUED, lease_until=None)
TIMED_OUT = failed(code=Code.PROVIDER_TIMEOUT, ambiguous=True, final=False)
IN_DOUBT = replace(LEFT, code=Code.PROVIDER_TIMEOUT, doubtful_since=NOON)


def test_a_failure_that_is_not_final_leaves_the_target_waiting() -> None:
    assert openai_after(started(), failed(final=False)) == replace(LEFT, code=Code.PROVIDER_TOO_LARGE)
    assert openai_after(started(), TIMED_OUT, retry_scheduled()) == replace(IN_DOUBT, next_attempt_at=after(1))


def test_doubt_lasts_from_the_first_attempt_until_one_succeeds() -> None:
    again = replace(started(attempt_id=SECOND, attempt=2), since=after(9))
    for outcome in (failed(attempt_id=SECOND, final=False), failed(attempt_id=SECOND, ambiguous=True, final=False)):
        told = openai_after(started(), TIMED_OUT, again, outcome)
        assert told is not None
        assert told.doubtful_since == NOON
    done = openai_after(started(), TIMED_OUT, again, succeeded(attempt_id=SECOND))
    assert done is not None
    assert (done.doubtful_since, done.status) == (None, TargetStatus.SUCCESS)


def test_an_expired_lease_is_a_doubt_and_a_rescue() -> None:
    expired = replace(LEFT, code=Code.RUN_LEASE_EXPIRED, doubtful_since=NOON, rescues=1)
    assert openai_after(started(), lease_expired()) == expired
    assert openai_after(started(), lease_expired(final=True)) == replace(expired, status=TargetStatus.FAILED)


def test_a_removal_that_may_have_been_applied_has_put_nothing_there() -> None:
    removal = [queued(OPENAI, kind="uninstall"), RunStarted(), started()]
    for event in (TIMED_OUT, lease_expired()):
        target = folded([*removal, event]).target(OPENAI.id)
        assert target.doubtful_since is None


def test_a_rescue_is_counted() -> None:
    rescued = ProviderRescued(provider_id=OPENAI.id, attempts=0, fault="ticket_lost")
    assert openai_after(rescued, rescued) == TargetState(target=OPENAI, rescues=2)


def test_what_was_given_up_waits_for_nothing() -> None:
    given_up = ProviderGivenUp(provider_id=OPENAI.id, code=Code.RUN_TIMEOUT, message="")
    over = replace(IN_DOUBT, status=TargetStatus.FAILED, code=Code.RUN_TIMEOUT)
    assert openai_after(started(), TIMED_OUT, retry_scheduled(), given_up) == over


BACK = Undo(provider_id=OPENAI.id, version=1, digest="sha256:one")
UNDOING = [started(), succeeded(), RollbackRequested(undoes=(BACK,))]


def test_what_is_taken_back_waits_again_and_its_attempts_do_not_count_again() -> None:
    waits = replace(LEFT, receipt=RECEIPT, undo=BACK, spent=1)
    assert openai_after(*UNDOING) == waits
    assert run_after(*UNDOING).takes_back
    undone = ProviderRolledBack(provider_id=OPENAI.id, attempt_id=SECOND, version=1, receipt=RECEIPT)
    over = replace(waits, status=TargetStatus.FAILED, code=Code.RUN_ROLLED_BACK, receipt=None)
    assert openai_after(*UNDOING, undone) == over
    left = ProviderRollbackFailed(provider_id=OPENAI.id, code=Code.PROVIDER_OFFLINE, message="")
    still = replace(waits, status=TargetStatus.SUCCESS, code=Code.PROVIDER_OFFLINE)
    assert openai_after(*UNDOING, left) == still


def test_undoing_a_first_install_puts_nothing_in_doubt_and_going_back_does() -> None:
    again = started(attempt_id=SECOND, attempt=2)
    late = failed(attempt_id=SECOND, code=Code.PROVIDER_TIMEOUT, ambiguous=True, final=False)
    to_nothing = openai_after(
        started(), succeeded(), RollbackRequested(undoes=(Undo(provider_id=OPENAI.id),)), again, late
    )
    to_a_version = openai_after(*UNDOING, again, late)
    assert to_nothing is not None
    assert to_a_version is not None
    assert (to_nothing.doubtful_since, to_a_version.doubtful_since) == (None, NOON)


def test_a_rollback_by_another_run_stands_beside_what_the_run_did() -> None:
    request = RollbackRequested(run_id=THIRD, undoes=(BACK,))
    failed_there = ProviderRollbackFailed(provider_id=CLAUDE.id, run_id=THIRD, code=Code.PROVIDER_OFFLINE, message="")
    undone = ProviderRolledBack(provider_id=OPENAI.id, run_id=THIRD, attempt_id=SECOND)
    done = (started(), succeeded(), started(CLAUDE), succeeded(CLAUDE), RunSucceeded(succeeded=2))
    before = run_after(*done)
    assert run_after(*done, request) == replace(before, rollback=THIRD)
    assert run_after(*done, request, failed_there, undone) == replace(
        before, rollback=THIRD, rolled_back=frozenset({OPENAI.id})
    )


def test_a_run_remembers_who_retries_it_and_that_it_was_cancelled() -> None:
    assert run_after(RunRetried(run_id=THIRD)) == replace(QUEUED, retried_by=THIRD)
    assert run_after(RunCancelRequested()) == replace(QUEUED, cancelled=True)


def test_a_run_of_another_kind_says_what_it_came_from_and_aims_at() -> None:
    back, gone = BACK, Undo(provider_id=CLAUDE.id)
    run: InstallRun = folded([queued(OPENAI, CLAUDE, kind="rollback", rollback_of=THIRD, undoes=(back, gone))])
    assert (run.kind, run.rollback_of, run.retry_of) == ("rollback", THIRD, None)
    assert [run.aim(target) for target in run.targets] == [
        Aim(version=1, digest="sha256:one", removes=False),
        Aim(version=PIN.version, digest=DIGEST, removes=True),
    ]
    assert not any(run.takes_back_at(target) for target in run.targets)
    removal: InstallRun = folded([queued(OPENAI, kind="uninstall", retry_of=THIRD)])
    assert removal.retry_of == THIRD
    assert [removal.aim(target).removes for target in removal.targets] == [True]
    assert [QUEUED.aim(target).removes for target in QUEUED.targets] == [False, False]


def test_a_run_from_before_there_were_retries_has_one_attempt() -> None:
    policy = {"mode": "best_effort", "attemptsMax": 4, "attemptTimeoutSeconds": 7}
    upcast = RunQueued.UPCASTERS[1]({"policy": policy, "ref": "latest"})
    assert upcast == {"policy": {**policy, "attemptsMax": 1}, "ref": "latest"}
    assert policy["attemptsMax"] == 4
