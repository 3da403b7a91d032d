from datetime import datetime
from uuid import UUID

import pytest
from msgspec.structs import replace

from domain.errors import BadRequest, Code
from domain.install_run import decisions
from domain.install_run.decisions import TARGETS_MAX, check_target_count
from domain.install_run.ending import TAKEN_BACK
from domain.install_run.events import ProviderRefused, RunEvent, RunFailed, RunQueued, Target
from domain.install_run.policy import Policy
from tests.domain.facts import CLAUDE, GEMINI, NOON, OPENAI, after, given_up, queued, refused
from tests.kit.specification import given

POLICY = Policy(start_timeout_seconds=60, run_timeout_seconds=600)


def queue(
    _: None, *, run: RunQueued, refusals: tuple[ProviderRefused, ...] = (), now: datetime = NOON
) -> tuple[RunEvent, ...]:
    return decisions.queue(run, now=now, refused=refusals)


def wanted(*targets: Target, policy: Policy = POLICY, **more: object) -> RunQueued:
    return queued(*targets, policy=policy, **more)


def stored(*targets: Target, policy: Policy = POLICY, **more: object) -> RunQueued:
    """The same with its deadlines."""
    return replace(wanted(*targets, policy=policy, **more), start_by=after(60), end_by=after(600))


def targets(count: int) -> tuple[Target, ...]:
    return tuple(Target(id=UUID(int=number), name=f"openai-{number}", kind="openai") for number in range(count))


@pytest.mark.parametrize("count", [1, TARGETS_MAX])
def test_a_run_is_queued_for_its_targets_with_the_deadlines_of_its_policy(count: int) -> None:
    given([]).when(queue, run=wanted(*targets(count))).then([stored(*targets(count))])


@pytest.mark.parametrize("count", [0, TARGETS_MAX + 1])
def test_a_run_for_no_target_or_too_many_is_refused(count: int) -> None:
    refusal = given([]).when(queue, run=wanted(*targets(count))).then_refused(BadRequest)
    assert refusal.detail == f"A run takes 1 to {TARGETS_MAX} providers."
    assert [problem.pointer for problem in refusal.problems] == ["/providers"]
    with pytest.raises(BadRequest):
        check_target_count(count)


def test_a_run_that_names_a_target_twice_is_refused() -> None:
    refusal = given([]).when(queue, run=wanted(OPENAI, CLAUDE, OPENAI)).then_refused(BadRequest)
    assert [problem.pointer for problem in refusal.problems] == ["/providers"]


def test_a_target_that_would_be_refused_fails_at_once_and_the_others_wait() -> None:
    given([]).when(queue, run=wanted(OPENAI, CLAUDE), refusals=(refused(CLAUDE),)).then(
        [stored(OPENAI, CLAUDE), refused(CLAUDE)]
    )


def test_a_run_that_every_target_would_refuse_fails_at_once_with_its_tally() -> None:
    invalid = refused(CLAUDE, code=Code.PROVIDER_INVALID_SKILL)
    refusals = (refused(OPENAI), invalid, refused(GEMINI))
    tally = {Code.PROVIDER_TOO_LARGE: 2, Code.PROVIDER_INVALID_SKILL: 1}
    given([]).when(queue, run=wanted(OPENAI, CLAUDE, GEMINI), refusals=refusals).then(
        [stored(OPENAI, CLAUDE, GEMINI), *refusals, RunFailed(failures=tally)]
    )


def test_all_or_nothing_begins_nothing_if_one_target_would_be_refused() -> None:
    policy = replace(POLICY, mode="all_or_nothing")
    tally = {Code.PROVIDER_TOO_LARGE: 1, Code.RUN_ROLLED_BACK: 2}
    given([]).when(queue, run=wanted(OPENAI, CLAUDE, GEMINI, policy=policy), refusals=(refused(CLAUDE),)).then(
        [
            stored(OPENAI, CLAUDE, GEMINI, policy=policy),
            refused(CLAUDE),
            given_up(OPENAI, code=Code.RUN_ROLLED_BACK, message=TAKEN_BACK),
            given_up(GEMINI, code=Code.RUN_ROLLED_BACK, message=TAKEN_BACK),
            RunFailed(failures=tally, reason=Code.RUN_ROLLED_BACK),
        ]
    )


def test_a_removal_is_a_run_of_its_own_kind_and_takes_nothing_back() -> None:
    policy = replace(POLICY, mode="all_or_nothing")
    removal = stored(OPENAI, CLAUDE, policy=policy, kind="uninstall")
    given([]).when(
        queue, run=wanted(OPENAI, CLAUDE, policy=policy, kind="uninstall"), refusals=(refused(CLAUDE),)
    ).then([removal, refused(CLAUDE)])
