import pytest
from msgspec.structs import replace

from domain.errors import Code
from domain.events import Event
from domain.install_run.events import RunFailed, RunPartiallyFailed, RunStarted, RunSucceeded
from domain.install_run.policy import Policy
from domain.install_run.state import InstallRun, RunStatus, TargetState, TargetStatus
from tests.domain.facts import (
    CLAUDE,
    FIRST,
    LEASE_UNTIL,
    NOON,
    OPENAI,
    PIN,
    RECEIPT,
    SECOND,
    failed,
    queued,
    refused,
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
