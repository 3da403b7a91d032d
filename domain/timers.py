"""When something has to be looked at again: timers, which commands set in the transaction of their events."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct


class TimerName(StrEnum):
    """What is to be looked at when its time comes; together with `subject` and `provider_id` it names one timer.

    TARGET: a target that has not ended, of the run `subject`. VERIFY: a connection that refused us; RESUME: one whose pause is
    over; ABANDON: one that went out of use, with targets that wait for it; `subject` is the connection itself. SWEEP: the
    installation `subject`, where something may still arrive.
    """

    TARGET = "target"
    VERIFY = "verify"
    RESUME = "resume"
    ABANDON = "abandon"
    SWEEP = "sweep"


class TimerPhase(StrEnum):
    """What a timer waits for. WAITING: a target's first attempt, due when that is too late. RETRY: its next one. TICKETED: the
    installer that takes the ticket of that, due when somebody should look after it. RUNNING: the outcome of an attempt, due when
    its lease expires. DUE: every other timer.
    """

    WAITING = "waiting"
    RETRY = "retry"
    TICKETED = "ticketed"
    RUNNING = "running"
    DUE = "due"


class Timer(Struct, frozen=True, kw_only=True):
    """Set, in place of what it was set to before; or cleared, if `due_at` is None. Operational: a lost one is found by the
    watchdog, and one too many does no harm, since what is done about it is decided by the events.

    `round` counts for those that come again.
    """

    name: TimerName
    subject: UUID
    provider_id: UUID
    phase: TimerPhase = TimerPhase.DUE
    due_at: datetime | None
    round: int = 0


class SetTimer(Struct, frozen=True, kw_only=True):
    """A timer as it stands: `set_at` is when it was set to this, by the event `event_id` at `position`, whose `request_id` and
    `correlation_id` what is done about it carries on.
    """

    timer: Timer
    set_at: datetime
    event_id: UUID
    position: int
    request_id: str
    correlation_id: UUID
