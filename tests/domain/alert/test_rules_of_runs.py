"""What is said of runs: that too much fails, that one takes too long, that one has to be helped on again and again."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.alert.rules import LongRunning, RepeatedFailures, RuleName, Rules, Stuck
from domain.alert.watch import OPEN_MAX
from domain.errors import Code
from domain.events import Event
from domain.install_run.events import (
    ProviderGivenUp,
    ProviderLeaseExpired,
    ProviderRefused,
    ProviderRescued,
    ProviderRollbackFailed,
    ProviderRolledBack,
    ProviderSucceeded,
    RunFailed,
    RunPartiallyFailed,
    RunSucceeded,
)
from domain.provider.state import provider_stream
from tests.domain.alert.happening import Happening, failure
from tests.kit.facts import NOON

FAILURES = RuleName.REPEATED_FAILURES
LONG = RuleName.LONG_RUNNING
STUCK = RuleName.STUCK
OPENAI = provider_stream("openai")
WINDOW = 100


def failing(*, per_provider: int = 0, per_skill: int = 0, per_code: int = 0) -> Happening:
    rule = RepeatedFailures(window_seconds=WINDOW, per_provider=per_provider, per_skill=per_skill, per_code=per_code)
    return Happening(Rules(repeated_failures=rule))


@pytest.mark.parametrize(
    ("limits", "subject"),
    [
        ({"per_provider": 3}, "provider:openai"),
        ({"per_skill": 3}, "skill:kbo-results"),
        ({"per_code": 3}, "code:timeout:provider"),
    ],
    ids=["provider", "skill", "code"],
)
def test_so_many_failures_of_one_in_the_window_are_found(limits: dict[str, int], subject: str) -> None:
    story = failing(**limits)
    story.failed()
    story.failed()
    assert story.subjects(FAILURES) == []
    last = story.passed(WINDOW - 1).failed()
    (finding,) = story.findings(FAILURES)
    assert finding.condition.subject == subject
    assert finding.condition.facts == {
        "failures": 3,
        "windowSeconds": WINDOW,
        "code": "timeout:provider",
        "runs": 3,
        "providers": 1,
        "skills": 1,
        "lastRunId": str(last),
        "lastFailedAt": "2026-11-22T12:01:39Z",
    }
    assert finding.cause is not None
    assert finding.cause.event_id == story.ids[-2]


def test_each_is_counted_by_itself() -> None:
    story = failing(per_provider=2, per_skill=2, per_code=2)
    story.failed("openai", skill="one", code=Code.PROVIDER_TIMEOUT)
    story.failed("claude", skill="two", code=Code.PROVIDER_INTERNAL)
    assert story.subjects(FAILURES) == []
    story.failed("openai", skill="three", code=Code.PROVIDER_OFFLINE)
    assert story.subjects(FAILURES) == ["provider:openai"]


def test_what_is_open_stays_so_until_the_window_is_quiet() -> None:
    story = failing(per_provider=2)
    story.failed()
    story.passed(60).failed()
    assert story.look(FAILURES) == ["provider:openai"]
    assert story.passed(60).look(FAILURES) == ["provider:openai"]
    assert story.passed(39).look(FAILURES) == ["provider:openai"]
    assert story.passed(1).look(FAILURES) == []
    story.failed()
    assert story.look(FAILURES) == []


@given(st.lists(st.integers(0, 60), max_size=40), st.integers(1, 6))
def test_the_window_slides(gaps: list[int], limit: int) -> None:
    """Against counting all of them anew."""
    story = failing(per_provider=limit)
    times: list[float] = []
    for gap in gaps:
        story.passed(gap).failed()
        times.append(story.now)
        recent = [at for at in times if at > story.now - WINDOW]
        assert story.subjects(FAILURES) == (["provider:openai"] if len(recent) >= limit else [])


@pytest.mark.parametrize(
    "event",
    [
        failure(),
        ProviderRefused(provider_id=OPENAI, code=Code.PROVIDER_INVALID_SKILL, message="No."),
        ProviderGivenUp(provider_id=OPENAI, code=Code.RUN_START_TIMEOUT, message="Too late."),
        ProviderLeaseExpired(provider_id=OPENAI, attempt_id=uuid4(), lease_until=NOON, final=True),
    ],
    ids=lambda event: type(event).__name__,
)
def test_whatever_ends_a_target_badly_counts(event: Event) -> None:
    story = failing(per_provider=1)
    story.given(story.queued(), event)
    assert story.subjects(FAILURES) == ["provider:openai"]


@pytest.mark.parametrize(
    "event",
    [
        failure(final=False),
        ProviderGivenUp(provider_id=OPENAI, code=Code.RUN_CANCELLED, message="Cancelled."),
        ProviderGivenUp(provider_id=OPENAI, code=Code.RUN_ROLLED_BACK, message="Taken back."),
        ProviderLeaseExpired(provider_id=OPENAI, attempt_id=uuid4(), lease_until=NOON),
    ],
    ids=["tried again", "cancelled", "taken back", "lease expired"],
)
def test_what_is_tried_again_or_was_wanted_does_not(event: Event) -> None:
    story = failing(per_provider=1)
    story.given(story.queued(), event)
    assert story.subjects(FAILURES) == []


def test_zero_looks_at_none_of_them() -> None:
    story = failing()
    story.failed()
    assert story.subjects(FAILURES) == []


def test_a_rule_that_is_out_finds_nothing() -> None:
    story = Happening(Rules(repeated_failures=RepeatedFailures(enabled=False, per_provider=1)))
    story.failed()
    assert story.subjects(FAILURES) == []


def test_of_very_many_those_that_are_open_stay_and_the_worst_come_next() -> None:
    story = failing(per_skill=1)
    for number in range(OPEN_MAX):
        story.failed(skill=f"skill-{number}")
    before = story.look(FAILURES)
    assert len(before) == OPEN_MAX
    for _ in range(3):
        story.failed(skill="worst")
    assert set(story.look(FAILURES)) == set(before)
    story.opened.remove("skill:skill-7")
    assert "skill:worst" in story.look(FAILURES)
    assert len(story.opened) == OPEN_MAX


def lasting(seconds: int = 60) -> Happening:
    return Happening(Rules(long_running=LongRunning(after_seconds=seconds)))


def test_a_run_that_takes_too_long_is_found_until_it_ends() -> None:
    story = lasting()
    run_id = story.queued("openai", "claude")
    assert story.passed(59).subjects(LONG) == []
    (finding,) = story.passed(1).findings(LONG)
    assert finding.condition.subject == f"install_run:{run_id}"
    assert finding.condition.facts == {
        "skill": "kbo-results",
        "version": 2,
        "providers": "claude, openai",
        "queuedAt": "2026-11-22T12:00:00Z",
        "seconds": 60,
    }
    assert finding.cause is not None
    assert finding.cause.event_id == story.ids[0]
    story.given(run_id, RunFailed(failures={}))
    assert story.subjects(LONG) == []


@pytest.mark.parametrize(
    "end",
    [RunSucceeded(succeeded=1), RunFailed(failures={}), RunPartiallyFailed(succeeded=1, failures={})],
    ids=lambda event: type(event).__name__,
)
def test_one_that_ended_in_time_is_not(end: Event) -> None:
    story = lasting()
    story.given(story.queued(), end)
    assert story.passed(1000).subjects(LONG) == []


def test_however_many_there_are_the_oldest_are_said() -> None:
    story = lasting()
    runs = [story.queued() for _ in range(OPEN_MAX + 10)]
    found = story.passed(60).look(LONG)
    assert found == [f"install_run:{run_id}" for run_id in runs[:OPEN_MAX]]
    story.given(runs[3], RunSucceeded(succeeded=1))
    assert set(story.look(LONG)) == {f"install_run:{run_id}" for run_id in runs[: OPEN_MAX + 1] if run_id != runs[3]}


def rescued() -> ProviderRescued:
    return ProviderRescued(provider_id=OPENAI, attempts=0, fault="ticket_lost")


def expired(*, provider: UUID = OPENAI, until: datetime = NOON + timedelta(seconds=60)) -> ProviderLeaseExpired:
    return ProviderLeaseExpired(provider_id=provider, attempt_id=uuid4(), lease_until=until)


def helping() -> Happening:
    return Happening(Rules(stuck=Stuck(rescues=2)))


def test_a_target_that_is_helped_on_again_is_found() -> None:
    story = helping()
    run_id = story.queued()
    story.given(run_id, rescued())
    assert story.subjects(STUCK) == []
    story.given(run_id, expired())
    (finding,) = story.findings(STUCK)
    assert finding.condition.subject == f"install_run:{run_id}"
    assert finding.condition.facts == {
        "skill": "kbo-results",
        "version": 2,
        "provider": "openai",
        "rescues": 2,
        "targets": 1,
        "queuedAt": "2026-11-22T12:00:00Z",
    }
    assert finding.cause is not None
    assert finding.cause.event_id == story.ids[-1]


def test_two_targets_of_a_run_do_not_add_up() -> None:
    story = helping()
    run_id = story.queued("openai", "claude")
    story.given(run_id, expired(), expired(provider=provider_stream("claude")))
    assert story.subjects(STUCK) == []
    story.given(run_id, expired(provider=provider_stream("claude")))
    (finding,) = story.findings(STUCK)
    assert (finding.condition.facts["provider"], finding.condition.facts["targets"]) == ("claude", 1)


@pytest.mark.parametrize(
    "end",
    [
        ProviderSucceeded(provider_id=OPENAI, attempt_id=uuid4()),
        failure(),
        ProviderRefused(provider_id=OPENAI, code=Code.PROVIDER_INVALID_SKILL, message="No."),
        ProviderGivenUp(provider_id=OPENAI, code=Code.RUN_CANCELLED, message="Cancelled."),
        ProviderRolledBack(provider_id=OPENAI),
        ProviderRollbackFailed(provider_id=OPENAI, code=Code.PROVIDER_TIMEOUT, message="No."),
        ProviderLeaseExpired(provider_id=OPENAI, attempt_id=uuid4(), lease_until=NOON, final=True),
        RunFailed(failures={}),
    ],
    ids=lambda event: type(event).__name__,
)
def test_until_it_has_ended(end: Event) -> None:
    story = helping()
    run_id = story.queued("openai", "claude")
    story.given(run_id, rescued(), rescued())
    assert story.look(STUCK) == [f"install_run:{run_id}"]
    story.given(run_id, end)
    assert story.look(STUCK) == []


def test_an_attempt_that_is_made_again_is_not_its_end() -> None:
    story = helping()
    run_id = story.queued()
    story.given(run_id, rescued(), rescued(), failure(final=False))
    assert story.subjects(STUCK) == [f"install_run:{run_id}"]
