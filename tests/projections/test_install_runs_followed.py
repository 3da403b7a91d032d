"""What a run shows of its waits, its rescues, its end by other means than the provider's, and of the runs that come of it."""

import pytest

from domain.errors import Code
from domain.install_run.ending import TAKEN_BACK
from domain.install_run.events import (
    ProviderRescued,
    ProviderRolledBack,
    RollbackRequested,
    RunCancelRequested,
    RunEvent,
)
from domain.install_run.policy import Policy
from domain.install_run.state import RunStatus, TargetStatus
from domain.installation.events import Receipt
from projections.install_run_rollback import Rollback, RolledBackTarget
from projections.install_run_targets import RunTarget
from projections.install_runs import INSTALL_RUNS, InstallRunRow
from projections.rows import ImpossibleHistoryError
from tests.kit.projection_spec import given
from tests.projections.stories import OPENAI, Story, digest, targets_at
from tests.projections.story_runs import Run

ALL_OR_NOTHING = Policy(mode="all_or_nothing")


def row_of(story: Story, run: Run) -> InstallRunRow:
    (row,) = (row for row in given(story).rows(INSTALL_RUNS) if row.id == run.id)
    return row


def test_a_target_that_waits_for_its_retry_is_queued_and_says_until_when_while_its_run_is_running() -> None:
    story = Story()
    run = story.run(1, "openai").start("openai").fail("openai", Code.PROVIDER_OVERLOADED, retryable=True)
    (failed,) = given(story.events[:-1]).rows(INSTALL_RUNS)
    assert (failed.targets[0].status, failed.failures) == (TargetStatus.QUEUED, {})
    row = row_of(story, run)
    assert (row.status, row.failures) == (RunStatus.RUNNING, {})
    (target,) = row.targets
    assert target == RunTarget(
        provider=target.provider,
        status=TargetStatus.QUEUED,
        attempts=1,
        code=Code.PROVIDER_OVERLOADED,
        message="too large",
        retryable=True,
        next_attempt_at=run.target("openai").next_attempt_at,
        provider_request_id="req_1",
    )
    assert target.next_attempt_at is not None
    run.start("openai")
    (target,) = row_of(story, run).targets
    assert target == RunTarget(provider=target.provider, status=TargetStatus.RUNNING, attempts=2)
    run.succeed("openai")
    row = row_of(story, run)
    assert (row.status, row.reason, row.targets[0].code) == (RunStatus.SUCCESS, None, None)


def test_an_expired_lease_and_a_lost_ticket_are_rescues() -> None:
    story = Story()
    run = story.run(1, "openai").rescue("openai").start("openai").expire_lease("openai")
    (target,) = row_of(story, run).targets
    assert target == RunTarget(
        provider=target.provider,
        status=TargetStatus.QUEUED,
        attempts=1,
        rescues=2,
        code=Code.RUN_LEASE_EXPIRED,
        message="Nothing was heard of the attempt before its lease expired.",
        retryable=True,
        next_attempt_at=run.target("openai").next_attempt_at,
    )
    run.start("openai").succeed("openai")
    assert row_of(story, run).targets[0].rescues == 2


def test_a_lease_that_expires_on_the_last_attempt_has_failed_the_target() -> None:
    story = Story()
    run = story.run(1, "openai", policy=Policy(attempts_max=1)).start("openai").expire_lease("openai")
    row = row_of(story, run)
    assert (row.status, row.reason) == (RunStatus.FAILED, Code.RUN_LEASE_EXPIRED)
    assert row.failures == {Code.RUN_LEASE_EXPIRED: 1}
    assert (row.targets[0].status, row.targets[0].next_attempt_at) == (TargetStatus.FAILED, None)


def test_a_target_that_waited_too_long_says_which_time_was_over() -> None:
    story = Story()
    never_started = story.run(1, "openai").expire("openai")
    row = row_of(story, never_started)
    assert (row.status, row.reason, row.started_at) == (RunStatus.FAILED, Code.RUN_START_TIMEOUT, None)
    assert (row.targets[0].code, row.targets[0].attempts) == (Code.RUN_START_TIMEOUT, 0)
    assert row.targets[0].message == "The target waited longer for its first attempt than the policy allows."
    tried = story.run(2, "claude").start("claude").fail("claude", Code.PROVIDER_OVERLOADED, retryable=True)
    tried.expire("claude")
    row = row_of(story, tried)
    assert (row.status, row.reason, row.failures) == (RunStatus.FAILED, Code.RUN_TIMEOUT, {Code.RUN_TIMEOUT: 1})
    assert (row.targets[0].provider_request_id, row.targets[0].next_attempt_at) == ("req_1", None)


def test_a_cancelled_run_says_so_before_and_after_its_end() -> None:
    story = Story()
    run = story.run(1, "openai", "claude").start("openai").cancel()
    row = row_of(story, run)
    assert (row.status, row.reason, row.failures) == (RunStatus.RUNNING, Code.RUN_CANCELLED, {Code.RUN_CANCELLED: 1})
    run.succeed("openai")
    row = row_of(story, run)
    assert (row.status, row.reason) == (RunStatus.PARTIAL_FAILED, Code.RUN_CANCELLED)
    assert [(target.status, target.code) for target in row.targets] == [
        (TargetStatus.SUCCESS, None),
        (TargetStatus.FAILED, Code.RUN_CANCELLED),
    ]


def test_a_run_whose_last_call_succeeded_was_cancelled_in_vain() -> None:
    story = Story()
    run = story.run(1, "openai").start("openai").cancel().succeed("openai")
    row = row_of(story, run)
    assert (row.status, row.reason, row.failures) == (RunStatus.SUCCESS, None, {})


def test_an_all_or_nothing_run_shows_what_it_takes_back_and_ends_as_failed() -> None:
    story = Story()
    before = story.run(1, "openai").start("openai").succeed("openai")
    run = story.run(2, "openai", "claude", "gemini", version=2, policy=ALL_OR_NOTHING)
    run.start("openai").succeed("openai").start("claude").fail("claude")
    row = row_of(story, run)
    openai, claude, gemini = row.targets
    assert row.status is RunStatus.RUNNING
    assert (openai.status, openai.attempts, openai.code) == (TargetStatus.QUEUED, 1, None)
    assert (claude.code, gemini.code) == (Code.PROVIDER_TOO_LARGE, Code.RUN_ROLLED_BACK)
    assert row.rollback == Rollback(run_id=None, targets=(RolledBackTarget(provider=openai.provider, version=1),))
    run.start("openai").succeed("openai")
    row = row_of(story, run)
    assert (row.status, row.reason) == (RunStatus.FAILED, Code.RUN_ROLLED_BACK)
    assert row.failures == {Code.RUN_ROLLED_BACK: 2, Code.PROVIDER_TOO_LARGE: 1}
    assert row.targets[0] == RunTarget(
        provider=openai.provider,
        status=TargetStatus.FAILED,
        attempts=2,
        code=Code.RUN_ROLLED_BACK,
        message=TAKEN_BACK,
        retryable=False,
    )
    undone = RolledBackTarget(provider=openai.provider, status="rolled_back", version=1)
    assert row.rollback == Rollback(run_id=None, targets=(undone,))
    assert row_of(story, before).rollback is None


def test_a_target_that_changed_nothing_is_taken_back_without_an_attempt() -> None:
    story = Story()
    story.run(1, "openai").start("openai").succeed("openai")
    again = story.run(2, "openai", "claude", policy=ALL_OR_NOTHING).start("openai").succeed("openai")
    again.start("claude").fail("claude")
    row = row_of(story, again)
    assert (row.status, row.targets[0].attempts, row.targets[0].code) == (RunStatus.FAILED, 1, Code.RUN_ROLLED_BACK)
    assert row.rollback is not None
    assert [(one.status, one.version) for one in row.rollback.targets] == [("rolled_back", 1)]


def test_what_could_not_be_taken_back_is_said_and_still_counts_as_there() -> None:
    story = Story()
    story.run(1, "openai").start("openai").succeed("openai")
    run = story.run(2, "openai", "claude", version=2, policy=ALL_OR_NOTHING).start("openai").succeed("openai")
    run.start("claude").fail("claude").start("openai").fail("openai", Code.PROVIDER_FORBIDDEN, message="no")
    row = row_of(story, run)
    assert (row.status, row.reason) == (RunStatus.PARTIAL_FAILED, None)
    openai = row.targets[0]
    assert (openai.status, openai.code, openai.message) == (TargetStatus.SUCCESS, Code.PROVIDER_FORBIDDEN, "no")
    assert openai.receipt == Receipt(remote_id="skill_openai", remote_version="2")
    failed = RolledBackTarget(
        provider=openai.provider, status="failed", version=1, code=Code.PROVIDER_FORBIDDEN, message="no"
    )
    assert row.rollback == Rollback(run_id=None, targets=(failed,))


def test_what_waits_to_be_taken_back_and_is_given_up_waits_no_more() -> None:
    story = Story()
    run = story.run(1, "openai", "claude", policy=ALL_OR_NOTHING).start("openai").succeed("openai")
    run.start("claude").fail("claude").start("openai").fail("openai", Code.PROVIDER_OVERLOADED, retryable=True)
    assert row_of(story, run).targets[0].next_attempt_at is not None
    openai = row_of(story, run.give_up("openai")).targets[0]
    assert (openai.status, openai.code, openai.next_attempt_at) == (
        TargetStatus.SUCCESS,
        Code.PROVIDER_UNAUTHORIZED,
        None,
    )


def test_a_retry_and_what_it_tries_again_name_each_other() -> None:
    story = Story()
    failed = story.run(1, "openai", "claude").start("openai").start("claude").succeed("openai").fail("claude")
    before = row_of(story, failed)
    retry = story.retry(2, failed)
    after = row_of(story, failed)
    assert (after.retried_by, after.retry_of, after.status) == (retry.id, None, before.status)
    assert after.position > before.position
    row = row_of(story, retry)
    assert (row.retry_of, row.retried_by, row.kind) == (failed.id, None, "install")
    assert [target.provider.name for target in row.targets] == ["claude"]


def test_a_rollback_stands_beside_the_run_and_never_changes_how_it_went() -> None:
    story = Story()
    story.run(1, "openai").start("openai").succeed("openai")
    done = story.run(2, "openai", "claude", version=2).start("openai").succeed("openai").start("claude")
    done.succeed("claude")
    before = row_of(story, done)
    undoing = story.roll_back(3, done)
    row = row_of(story, undoing)
    assert (row.kind, row.rollback_of, row.rollback, row.skill.digest) == ("rollback", done.id, None, digest(2))
    openai, claude = targets_at(["openai", "claude"])
    requested = (RolledBackTarget(provider=openai, version=1), RolledBackTarget(provider=claude))
    assert row_of(story, done).rollback == Rollback(run_id=undoing.id, targets=requested)
    undoing.start("openai").succeed("openai").start("claude").fail("claude", Code.PROVIDER_FORBIDDEN)
    after = row_of(story, done)
    failed = RolledBackTarget(
        provider=claude,
        status="failed",
        code=Code.PROVIDER_FORBIDDEN,
        message=f"Run {undoing.id} has the details.",
    )
    undone = RolledBackTarget(provider=openai, status="rolled_back", version=1)
    assert after.rollback == Rollback(run_id=undoing.id, targets=(undone, failed))
    assert (after.status, after.targets, after.failures, after.reason, after.finished_at) == (
        before.status,
        before.targets,
        before.failures,
        before.reason,
        before.finished_at,
    )


def test_a_rollback_that_is_tried_again_keeps_what_was_taken_back_before() -> None:
    story = Story()
    done = story.run(1, "openai", "claude").start("openai").succeed("openai").start("claude").succeed("claude")
    first = story.roll_back(2, done).start("openai").succeed("openai").start("claude").fail("claude")
    second = story.roll_back(3, done)
    assert second.id != first.id
    rollback = row_of(story, done).rollback
    assert rollback is not None
    assert (rollback.run_id, [one.status for one in rollback.targets]) == (second.id, ["rolled_back", "requested"])
    second.start("claude").succeed("claude")
    rollback = row_of(story, done).rollback
    assert rollback is not None
    assert [(one.status, one.code) for one in rollback.targets] == [("rolled_back", None)] * 2


AFTER_THE_END: list[RunEvent] = [
    RunCancelRequested(),
    RollbackRequested(undoes=()),
    ProviderRolledBack(provider_id=OPENAI),
    ProviderRescued(provider_id=OPENAI, attempts=1, fault="ticket_lost"),
]


@pytest.mark.parametrize("event", AFTER_THE_END, ids=lambda event: type(event).__name__)
def test_a_run_that_has_ended_does_nothing_more_itself(event: RunEvent) -> None:
    story = Story()
    run = story.run(1, "openai").start("openai").succeed("openai")
    story.add(run.id, event)
    with pytest.raises(ImpossibleHistoryError):
        row_of(story, run)


def test_another_run_takes_nothing_back_before_the_end() -> None:
    story = Story()
    run = story.run(1, "openai").start("openai")
    story.add(run.id, ProviderRolledBack(provider_id=OPENAI, run_id=run.id))
    with pytest.raises(ImpossibleHistoryError):
        row_of(story, run)
