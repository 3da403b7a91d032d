import msgspec
import pytest

from domain.errors import Code
from domain.install_run.events import ProviderStarted, RunQueued, RunStarted, RunSucceeded
from domain.install_run.state import RunStatus, TargetStatus
from domain.installation.events import Receipt
from projections.install_run_targets import RunTarget
from projections.install_runs import INSTALL_RUNS, InstallRun, InstallRunRow
from projections.rows import ImpossibleHistoryError
from tests.kit.facts import NOON
from tests.kit.projection_spec import ADMIN, History, given
from tests.projections.stories import CLAUDE, OPENAI, SKILL, Story, digest


def only_run(story: Story) -> InstallRunRow:
    (row,) = given(story).rows(INSTALL_RUNS)
    return row


def test_a_queued_run_says_what_was_asked_for_and_by_whom() -> None:
    story = Story()
    run = story.run(1, "openai", "claude")
    row = only_run(story)
    assert (row.id, row.kind, row.status) == (run.id, "install", RunStatus.QUEUED)
    assert (row.skill.name, row.skill.version, row.skill.digest, row.skill.ref) == (
        "kbo-results",
        1,
        digest(1),
        "latest",
    )
    assert [(target.provider.name, target.status, target.attempts) for target in row.targets] == [
        ("openai", TargetStatus.QUEUED, 0),
        ("claude", TargetStatus.QUEUED, 0),
    ]
    assert (row.requested_by, row.queued_at, row.started_at, row.finished_at) == (ADMIN, story.events[0].at, None, None)
    assert row.correlation_id == story.events[0].correlation_id
    assert (row.skill_id, row.provider_ids, row.actor_id) == (SKILL, (OPENAI, CLAUDE), "key-1")


def test_a_run_is_running_as_soon_as_one_target_is() -> None:
    story = Story()
    story.run(1, "openai", "claude").start("openai")
    row = only_run(story)
    started = next(event for event in story if isinstance(event.event, RunStarted))
    assert (row.status, row.started_at) == (RunStatus.RUNNING, started.at)
    assert [(target.status, target.attempts) for target in row.targets] == [
        (TargetStatus.RUNNING, 1),
        (TargetStatus.QUEUED, 0),
    ]


def test_a_run_whose_targets_all_succeed_is_a_success_with_receipts() -> None:
    story = Story()
    story.run(1, "openai").start("openai").succeed("openai")
    row = only_run(story)
    assert (row.status, row.failures) == (RunStatus.SUCCESS, {})
    assert row.targets[0].receipt == Receipt(remote_id="skill_openai", remote_version="1")
    ended = next(event for event in story if isinstance(event.event, RunSucceeded))
    assert (row.finished_at, row.position) == (ended.at, ended.position)


def test_a_run_that_succeeds_in_part_says_which_target_failed_and_why() -> None:
    story = Story()
    run = story.run(1, "openai", "claude", "gemini")
    for provider in ("openai", "claude", "gemini"):
        run.start(provider)
    run.fail("claude", Code.PROVIDER_TOO_LARGE, message="9 MB is too much").succeed("openai")
    underway = only_run(story)
    assert (underway.status, underway.failures) == (RunStatus.RUNNING, {Code.PROVIDER_TOO_LARGE: 1})
    run.fail("gemini", Code.PROVIDER_TOO_LARGE)
    row = only_run(story)
    assert (row.status, row.failures) == (RunStatus.PARTIAL_FAILED, {Code.PROVIDER_TOO_LARGE: 2})
    assert [target.status for target in row.targets] == [
        TargetStatus.SUCCESS,
        TargetStatus.FAILED,
        TargetStatus.FAILED,
    ]
    assert row.targets[1] == RunTarget(
        provider=row.targets[1].provider,
        status=TargetStatus.FAILED,
        attempts=1,
        code=Code.PROVIDER_TOO_LARGE,
        message="9 MB is too much",
        retryable=False,
        provider_request_id="req_1",
    )


def test_a_run_whose_targets_all_fail_has_failed() -> None:
    story = Story()
    run = story.run(1, "openai", "claude").start("openai").start("claude")
    run.fail("openai", Code.PROVIDER_UNAUTHORIZED).fail("claude", Code.PROVIDER_TIMEOUT)
    row = only_run(story)
    assert row.status is RunStatus.FAILED
    assert row.failures == {Code.PROVIDER_UNAUTHORIZED: 1, Code.PROVIDER_TIMEOUT: 1}


def test_a_refused_target_has_failed_without_an_attempt_and_is_in_the_tally_at_once() -> None:
    story = Story()
    run = story.run(1, "openai", "gemini", refused=["gemini"])
    row = only_run(story)
    assert (row.status, row.failures) == (RunStatus.QUEUED, {Code.PROVIDER_TOO_LARGE: 1})
    assert row.targets[1] == RunTarget(
        provider=row.targets[1].provider,
        status=TargetStatus.FAILED,
        attempts=0,
        code=Code.PROVIDER_TOO_LARGE,
        message="The bundle is too large.",
        retryable=False,
    )
    run.start("openai").succeed("openai")
    row = only_run(story)
    assert (row.status, row.failures) == (RunStatus.PARTIAL_FAILED, {Code.PROVIDER_TOO_LARGE: 1})


def test_a_run_that_every_target_would_refuse_has_ended_without_having_started() -> None:
    story = Story()
    story.run(1, "claude", "gemini", refused=["claude", "gemini"])
    row = only_run(story)
    assert (row.status, row.failures) == (RunStatus.FAILED, {Code.PROVIDER_TOO_LARGE: 2})
    assert (row.started_at, row.finished_at) == (None, story.events[-1].at)


def test_a_removal_is_a_run_of_its_own_kind() -> None:
    story = Story()
    story.run(1, "openai").start("openai").succeed("openai")
    story.removal(2, "openai").start("openai").succeed("openai")
    kinds = [(row.kind, row.status) for row in given(story).rows(INSTALL_RUNS)]
    assert kinds == [("install", RunStatus.SUCCESS), ("uninstall", RunStatus.SUCCESS)]


def test_runs_do_not_touch_each_other() -> None:
    story = Story()
    story.run(1, "openai").start("openai").succeed("openai")
    story.run(2, "openai", version=2)
    first, second = given(story).rows(INSTALL_RUNS)
    assert (first.status, second.status) == (RunStatus.SUCCESS, RunStatus.QUEUED)


def test_what_cannot_be_is_not_taken() -> None:
    story = Story()
    run = story.run(1, "openai").start("openai").succeed("openai")
    stranger = ProviderStarted(provider_id=CLAUDE, attempt_id=run.id, attempt=1, since=NOON, lease_until=NOON)
    queued = next(event.event for event in story if isinstance(event.event, RunQueued))
    ended = RunSucceeded(succeeded=1)
    impossible = ((RunStarted(),), (queued, queued), (queued, stranger), (queued, ended, RunStarted()))
    for events in impossible:
        history = History()
        history.add(run.id, *events)
        with pytest.raises(ImpossibleHistoryError):
            given(history).rows(INSTALL_RUNS)


def test_the_resource_has_the_fields_of_the_contract() -> None:
    contract = """id kind status reason skill policy targets failures requestedBy retryOf retriedBy rollbackOf
        rollback queuedAt startedAt finishedAt correlationId position"""
    target = "provider status attempts rescues code message retryable nextAttemptAt providerRequestId receipt"
    assert [field.encode_name for field in msgspec.structs.fields(InstallRun)] == contract.split()
    assert [field.encode_name for field in msgspec.structs.fields(RunTarget)] == target.split()


def test_a_run_is_known_by_every_request_that_a_provider_refused() -> None:
    story = Story()
    run = story.run(1, "openai", "claude")
    assert only_run(story).provider_request_ids == ()
    run.start("openai").fail("openai", Code.PROVIDER_OVERLOADED, retryable=True).start("openai").succeed("openai")
    row = only_run(story)
    assert (row.targets[0].provider_request_id, row.provider_request_ids) == (None, ("req_1",))
    run.start("claude").fail("claude")
    assert only_run(story).provider_request_ids == ("req_1",)
