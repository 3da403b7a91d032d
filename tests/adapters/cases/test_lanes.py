"""What each target did when, told from the events of its run."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings

from adapters.cases.lanes import Lane, Phase, lanes_of
from domain.errors import Code
from domain.events import Recorded
from domain.install_run.policy import Policy
from tests.kit.cases import with_tickets
from tests.projections.any_story import cut_stories
from tests.projections.stories import Story

ALL_OR_NOTHING = Policy(mode="all_or_nothing")


def a_story(*names: str) -> Story:
    story = Story()
    story.publish()
    for name in names:
        story.connect(name)
    return story


def told(lane: Lane) -> list[tuple[str, float, int, str]]:
    return [(spell.phase.value, spell.seconds, spell.attempt, spell.ended) for spell in lane.spells]


def later(events: Sequence[Recorded], seconds: float = 5) -> datetime:
    return events[-1].at + timedelta(seconds=seconds)


def test_a_target_waits_lies_in_nats_runs_and_is_done() -> None:
    story = a_story("openai")
    story.run(1, "openai").start("openai").succeed("openai")
    events = with_tickets(story.events)
    (lane,) = lanes_of(events, until=later(events))
    assert told(lane) == [("waiting", 2.6, 1, ""), ("in NATS", 0.4, 1, ""), ("running", 1.0, 1, "done")]
    assert (lane.ending, lane.code, lane.attempts) == ("done", None, 1)


def test_one_that_is_tried_again_backs_off_first() -> None:
    story = a_story("openai")
    run = story.run(1, "openai", policy=Policy(backoff_seconds=30)).start("openai")
    run.fail("openai", Code.PROVIDER_OVERLOADED, retryable=True)
    due_at = run.target("openai").next_attempt_at
    assert due_at is not None
    failed_at = story.events[-2].at
    run.start("openai").fail("openai")
    (lane,) = lanes_of(story.events, until=later(story.events))
    assert [spell.phase for spell in lane.spells] == [
        Phase.WAITING,
        Phase.RUNNING,
        Phase.BACKING_OFF,
        Phase.WAITING,
        Phase.RUNNING,
    ]
    assert lane.spells[1].ended == "overloaded:provider"
    assert lane.seconds_in(Phase.BACKING_OFF) == (due_at - failed_at).total_seconds() > 10
    assert (lane.ending, lane.code, lane.attempts) == ("failed", "too_large:provider", 2)


def test_what_goes_on_goes_on_until_now() -> None:
    story = a_story("openai", "claude")
    story.run(1, "openai", "claude").start("openai")
    openai, claude = lanes_of(story.events, until=later(story.events))
    assert [(lane.ending, lane.ended_at) for lane in (openai, claude)] == [(None, None)] * 2
    assert openai.spells[-1].phase is Phase.RUNNING
    assert openai.spells[-1].seconds == 5
    assert claude.spells[-1].until == later(story.events)


def test_what_was_refused_or_given_up_never_ran() -> None:
    story = a_story("openai", "claude")
    run = story.run(1, "openai", "claude", refused=("claude",))
    run.expire("openai")
    openai, claude = lanes_of(story.events, until=later(story.events))
    assert (claude.ending, claude.code, claude.attempts) == ("failed", "too_large:provider", 0)
    assert (openai.ending, openai.code, openai.attempts) == ("failed", "start_timeout:run", 0)


def test_a_lease_that_expired_ends_its_attempt() -> None:
    story = a_story("openai")
    story.run(1, "openai").start("openai").expire_lease("openai").start("openai").succeed("openai")
    (lane,) = lanes_of(story.events, until=later(story.events))
    assert [spell.ended for spell in lane.spells if spell.phase is Phase.RUNNING] == ["lease_expired:run", "done"]


def test_what_is_taken_back_is_worked_on_again() -> None:
    story = a_story("openai", "claude")
    run = story.run(1, "openai", "claude", policy=ALL_OR_NOTHING)
    run.start("openai").succeed("openai").start("claude").fail("claude").start("openai").succeed("openai")
    openai, claude = lanes_of(story.events, until=later(story.events))
    assert [spell.ended for spell in openai.spells if spell.phase is Phase.RUNNING] == ["done", "taken back"]
    assert (openai.ending, openai.code) == ("failed", "rolled_back:run")
    assert claude.ending == "failed"


@settings(deadline=None)
@given(cut_stories())
def test_of_any_history_no_time_is_told_twice(cut: tuple[Story, list[list[Recorded]]]) -> None:
    story, _ = cut
    for lane in lanes_of(story.events, until=story.now):
        assert all(spell.since <= spell.until for spell in lane.spells)
        assert all(one.until <= other.since for one, other in pairwise(lane.spells))
        assert (lane.ending is None) == (lane.ended_at is None)
