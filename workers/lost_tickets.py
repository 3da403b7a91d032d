"""Whether a work ticket is lost: judged by what the watchdog has itself seen to be in order for long enough.

Nobody is asked for the time but by its own clock: what came before what is said by positions in the store and in the stream,
and how long ago something was seen, by this process's own seconds.
"""

from bisect import bisect_left
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from adapters.nats.backlog import Backlog
from domain.install_run.state import InstallRun, TargetState
from domain.timers import SetTimer, TimerPhase

# A ticket that nobody has taken for so long, on a connection where later ones were taken, is lost.
LOST_SECONDS: Final = 30.0
# How far the store's clock, as it is known here, may be ahead of itself.
CLOCK_SECONDS: Final = 1.0
# What could not be rescued is looked at again after twice the time, up to so many doublings.
DOUBLINGS_MAX: Final = 5
SAMPLES_MAX: Final = 3600
# For a target that may wait as long as it takes.
PATIENCE_SECONDS_MAX: Final = 3600.0


class Sample(Struct, frozen=True, kw_only=True):
    """One look, at a time by our own seconds: the moment by the store's clock and how far the relay was, and then the place of
    the newest ticket in the stream.
    """

    at: float
    moment: datetime
    position: int
    sequence: int

    def follows(self, other: "Sample") -> bool:
        """False after a clock was set back, or a database or a stream was restored."""
        return self.moment >= other.moment and self.position >= other.position and self.sequence >= other.sequence


class Passage:
    """When each moment and each position was first seen to have passed; a sample a look, of the last hour."""

    def __init__(self) -> None:
        self._samples: list[Sample] = []

    def note(self, sample: Sample) -> None:
        if self._samples and not sample.follows(self._samples[-1]):
            self.forget()
        self._samples.append(sample)
        if len(self._samples) > SAMPLES_MAX:
            del self._samples[1]  # the first one says since when anything was seen at all, and stays

    def forget(self) -> None:
        """What was seen before does not count any more: the tickets may have been issued again."""
        self._samples.clear()

    def issued(self, timer: SetTimer) -> Sample | None:
        """The first look by which the ticket of a target was in the stream; None: not yet as far as is known."""
        if timer.timer.phase is TimerPhase.TICKETED:
            # The scheduler issues this one, and sets the timer afterwards.
            moment = timer.set_at + timedelta(seconds=CLOCK_SECONDS)
            index = bisect_left(self._samples, moment, key=lambda sample: sample.moment)
        else:
            index = bisect_left(self._samples, timer.position, key=lambda sample: sample.position)
        return None if index == len(self._samples) else self._samples[index]


def is_due(timer: SetTimer, *, now: datetime, lost_seconds: float) -> bool:
    """Whether it stands for long enough to be looked at; the longer, the more often it was in vain."""
    patience = lost_seconds * 2 ** min(timer.timer.round, DOUBLINGS_MAX)
    return now - timer.set_at >= timedelta(seconds=patience)


def is_passed_over(issued: Sample | None, backlog: Backlog, *, at: float, lost_seconds: float) -> bool:
    """Whether the ticket is not among those that nobody has taken: then somebody has it in hand, or it is lost."""
    if issued is None or at - issued.at < lost_seconds:
        return False
    return backlog.first_waiting is None or backlog.first_waiting > issued.sequence


def seconds_left(run: InstallRun, target: TargetState, *, now: datetime) -> float:
    """Until a waiting target is overdue, none if it is so already."""
    if run.takes_back_at(target):
        return PATIENCE_SECONDS_MAX
    moments = [run.end_by, run.start_by if target.attempts == 0 else None]
    seconds = [(moment - now).total_seconds() for moment in moments if moment is not None]
    return max(0.0, min(seconds, default=PATIENCE_SECONDS_MAX))
