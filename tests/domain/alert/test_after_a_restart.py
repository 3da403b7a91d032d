"""Who begins to look finds what the one before would have found, from the runs that have not ended and those that failed lately."""

from datetime import timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain.alert.failures import code_of
from domain.alert.rules import LongRunning, RepeatedFailures, RuleName, Rules, Stuck
from domain.alert.watch import Watch
from domain.events import Event
from domain.install_run.events import (
    ProviderRescued,
    ProviderSucceeded,
    RunFailed,
    RunPartiallyFailed,
    RunQueued,
    RunSucceeded,
)
from domain.provider.state import provider_stream
from tests.domain.alert.happening import Happening, failure
from tests.kit.facts import NOON

WINDOW = 100
RULES = Rules(
    repeated_failures=RepeatedFailures(window_seconds=WINDOW, per_provider=2, per_skill=2, per_code=3),
    long_running=LongRunning(after_seconds=WINDOW // 2),
    stuck=Stuck(rescues=2),
)
OPENAI = provider_stream("openai")
ENDS = (RunSucceeded, RunFailed, RunPartiallyFailed)
STEPS: tuple[Event, ...] = (
    failure(),
    failure(final=False),
    ProviderRescued(provider_id=OPENAI, attempts=0, fault="ticket_lost"),
    ProviderSucceeded(provider_id=OPENAI, attempt_id=UUID(int=1)),
    RunFailed(failures={}),
    RunSucceeded(succeeded=1),
)


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from((None, *STEPS)), st.integers(0, 40)), max_size=40))
def test_the_next_one_finds_the_same(moves: list[tuple[int, Event | None, int]]) -> None:
    """Each move: which run, what becomes of it (None: another one is queued in its place), and how long that takes."""
    story = Happening(RULES)
    runs = [story.queued(skill=f"skill-{number % 2}") for number in range(5)]
    for number, event, seconds in moves:
        if event is None:
            runs[number] = story.queued(skill=f"skill-{number % 2}")
        elif not _ended(story, runs[number]):
            story.given(runs[number], event)
        story.passed(seconds)
    now = NOON + timedelta(seconds=story.now)
    lately = {one.stream for one in story.all if code_of(one) and one.at > now - timedelta(seconds=WINDOW)}
    successor = Watch(RULES)
    for one in story.all:
        if one.stream in lately or not _ended(story, one.stream):
            successor.take(one)
    for rule in (RuleName.REPEATED_FAILURES, RuleName.LONG_RUNNING, RuleName.STUCK):
        found = successor.findings(rule, story.situation, now=now, opened=())
        assert list(found) == story.findings(rule)


def _ended(story: Happening, run_id: UUID) -> bool:
    events = [one.event for one in story.all if one.stream == run_id]
    assert isinstance(events[0], RunQueued)
    return isinstance(events[-1], ENDS)
