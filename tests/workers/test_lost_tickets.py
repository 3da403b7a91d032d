"""When a ticket is lost, and when it only may be: the judgement alone, without anything to judge by but numbers."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from adapters.nats.backlog import Backlog
from domain.install_run.events import Target, Undo
from domain.install_run.policy import Policy
from domain.install_run.state import InstallRun, TargetState
from domain.timers import SetTimer, Timer, TimerName, TimerPhase
from tests.domain.facts import PIN
from tests.kit.facts import NOON
from workers import lost_tickets
from workers.lost_tickets import (
    PATIENCE_SECONDS_MAX,
    Passage,
    Sample,
    is_due,
    is_passed_over,
    seconds_left,
)

LOST = 30.0
PROVIDER = uuid4()


def standing(
    phase: TimerPhase = TimerPhase.WAITING, *, position: int = 7, seconds: float = 100, looks: int = 0
) -> SetTimer:
    """A timer that at NOON has been set like this for so many seconds."""
    timer = Timer(name=TimerName.TARGET, subject=uuid4(), provider_id=PROVIDER, phase=phase, due_at=NOON, round=looks)
    return SetTimer(
        timer=timer,
        set_at=NOON - timedelta(seconds=seconds),
        event_id=uuid4(),
        position=position,
        request_id="r",
        correlation_id=uuid4(),
    )


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def sample(at: float, position: int, *, moment: datetime | None = None, sequence: int | None = None) -> Sample:
    """At so many seconds of ours, at which the store said NOON plus as many; unless said, with a ticket for each event."""
    return Sample(
        at=at, moment=moment or later(at), position=position, sequence=position if sequence is None else sequence
    )


def seen(*samples: Sample) -> Passage:
    passage = Passage()
    for one in samples:
        passage.note(one)
    return passage


def test_a_ticket_is_there_from_the_first_look_at_which_the_relay_had_passed_it() -> None:
    passage = seen(sample(1, 3), sample(2, 6), sample(3, 6), sample(4, 9), sample(5, 12))
    found = [passage.issued(standing(position=position)) for position in (0, 3, 4, 6, 7, 9, 12)]
    assert [one.at if one else None for one in found] == [1, 1, 2, 2, 4, 4, 5]


def test_one_that_the_relay_has_not_passed_is_not_issued() -> None:
    assert seen().issued(standing(position=7)) is None
    assert seen(sample(1, 6)).issued(standing(position=7)) is None


def test_the_ticket_of_a_retry_is_there_from_the_first_look_well_after_its_timer_was_set() -> None:
    passage = seen(sample(1, 9), sample(2, 9), sample(3, 9))
    moments = (0, 0.1, 1.5, 2, 2.1)
    found = [passage.issued(standing(TimerPhase.TICKETED, seconds=-moment)) for moment in moments]
    assert [one.at if one else None for one in found] == [1, 2, 3, 3, None]


def test_a_clock_that_is_set_forward_makes_no_ticket_older() -> None:
    passage = seen(sample(1, 9), sample(2, 9), sample(3, 9, moment=later(3600)))
    retry = passage.issued(standing(TimerPhase.TICKETED, seconds=-1.5))
    assert retry is not None
    assert retry.at == 3


@pytest.mark.parametrize(
    "strange",
    [sample(3, 8), sample(3, 9, moment=later(-60)), sample(3, 9, sequence=8)],
    ids=["restored store", "clock set back", "restored stream"],
)
def test_what_was_seen_of_another_history_does_not_count(strange: Sample) -> None:
    passage = seen(sample(1, 9), sample(2, 9), strange)
    assert passage.issued(standing(position=0)) == strange
    passage.forget()
    assert passage.issued(standing(position=0)) is None


def test_samples_are_bounded_and_the_first_one_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lost_tickets, "SAMPLES_MAX", 10)
    passage = seen(*(sample(number, number) for number in range(1, 101)))
    assert len(passage._samples) == 10
    # Where samples are gone it is taken for younger than it is, never for older.
    found = [passage.issued(standing(position=position)) for position in (1, 50, 100)]
    assert [one.at if one else None for one in found] == [1, 92, 100]


@pytest.mark.parametrize(
    ("seconds", "first_waiting", "passed_over"),
    [
        (LOST - 0.1, None, False),
        (LOST, None, True),
        (LOST, 501, True),
        (LOST, 500, False),
        (LOST, 1, False),
    ],
    ids=["not for long", "nobody has to wait", "only later ones wait", "it may be the one that waits", "others wait"],
)
def test_a_ticket_before_every_one_that_waits_is_not_among_them(
    seconds: float, first_waiting: int | None, *, passed_over: bool
) -> None:
    backlog = Backlog(waiting=1, first_waiting=first_waiting)
    issued = sample(10, 7, sequence=500)
    assert is_passed_over(issued, backlog, at=10 + seconds, lost_seconds=LOST) is passed_over
    assert not is_passed_over(None, backlog, at=10 + seconds, lost_seconds=LOST)


def test_what_was_looked_at_in_vain_is_looked_at_again_less_and_less_often() -> None:
    waits = [30, 60, 120, 240, 480, 960, 960, 960]
    for number, seconds in enumerate(waits):
        assert is_due(standing(seconds=seconds, looks=number), now=NOON, lost_seconds=LOST)
        assert not is_due(standing(seconds=seconds - 1, looks=number), now=NOON, lost_seconds=LOST)


def run_of(target: TargetState, *, takes_back: bool = False) -> InstallRun:
    return InstallRun(
        kind="install",
        skill=PIN,
        policy=Policy(),
        targets=(target,),
        start_by=NOON + timedelta(seconds=60),
        end_by=NOON + timedelta(seconds=600),
        takes_back=takes_back,
    )


TARGET = TargetState(target=Target(id=PROVIDER, name="openai", kind="openai"))


def test_a_target_has_until_its_first_attempt_is_too_late_and_then_until_the_run_is() -> None:
    begun = TargetState(target=TARGET.target, attempts=1)
    assert seconds_left(run_of(TARGET), TARGET, now=NOON) == 60
    assert seconds_left(run_of(begun), begun, now=NOON) == 600
    assert seconds_left(run_of(begun), begun, now=NOON + timedelta(seconds=601)) == 0


def test_what_is_being_undone_has_as_long_as_it_takes() -> None:
    undone = TargetState(target=TARGET.target, attempts=1, undo=Undo(provider_id=PROVIDER))
    late = NOON + timedelta(seconds=601)
    assert seconds_left(run_of(undone, takes_back=True), undone, now=late) == PATIENCE_SECONDS_MAX


def test_so_has_a_run_from_before_there_were_timeouts() -> None:
    run = InstallRun(kind="install", skill=PIN, policy=Policy(), targets=(TARGET,))
    assert seconds_left(run, TARGET, now=NOON) == PATIENCE_SECONDS_MAX
