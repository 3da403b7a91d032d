"""The scheduler: sees to each timer when it is due, by a work ticket or by a decision about what has waited too long."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Final

import structlog
from msgspec import Struct

from adapters.nats.connection import NatsUnavailable
from adapters.nats.issuer import Issuer
from commands.abandon_target import AbandonTarget, AbandonTargetHandler
from commands.concluding import SWEEPS_AFTER_SECONDS
from commands.end_pause import EndPause, EndPauseHandler
from commands.expire_target import ExpireTarget, ExpireTargetHandler
from domain.errors import Busy, StoreOffline
from domain.events import Actor, Context
from domain.ports import Timers
from domain.timers import SetTimer, TimerName, TimerPhase
from workers.awaiting import first_of
from workers.failpoints import Failpoint, reach
from workers.tenure import Tenure
from workers.timer_facts import facts_of

ROLE: Final = "scheduler"
SCHEDULER: Final = Actor(kind="system", id="scheduler", name="scheduler")

TICKETS_MAX: Final = 500
DECISIONS_MAX: Final = 100
ABANDONED_MAX: Final = 50
# As many as share a commit without getting in each other's way.
AT_ONCE_MAX: Final = 8

# A timer that is set to less than this from now may be late by as much.
POLL_SECONDS: Final = 0.25
BACKOFF_SECONDS_MIN: Final = 0.1
BACKOFF_SECONDS_MAX: Final = 2.0
# A ticket that nobody has taken by then is looked after by the watchdog.
TICKETED_SECONDS: Final = 30.0
SOON_SECONDS: Final = 1.0
NATS_AWAY_SECONDS: Final = 2.0
FAILED_SECONDS: Final = 30.0
# Whatever comes to wait at a connection later, while it is still out of use, does not wait much longer than this.
ABANDON_AGAIN_SECONDS: Final = 10.0

RETRIES: Final = frozenset({TimerPhase.RETRY})
OTHERS: Final = frozenset({TimerPhase.WAITING, TimerPhase.DUE})
BY_TICKET: Final = frozenset({TimerName.VERIFY, TimerName.SWEEP})

log = structlog.get_logger(__name__)


class Next(Struct, frozen=True, kw_only=True):
    """What a timer is set to once it was seen to."""

    phase: TimerPhase
    seconds: float
    round: int = 0


class Scheduler:
    """Two lanes, so that what needs NATS, and what waits for the store, holds up nothing else.

    Nothing here is done once and for all: a ticket gives no right to anything, and what a decision comes to depends on the
    events. So whoever did it before and died, or still believes to have the role, does no harm.
    """

    def __init__(
        self,
        *,
        timers: Timers,
        issuer: Issuer,
        expire_target: ExpireTargetHandler,
        end_pause: EndPauseHandler,
        abandon_target: AbandonTargetHandler,
        clock: Callable[[], datetime],
        stopping: asyncio.Event,
    ) -> None:
        self._timers = timers
        self._issuer = issuer
        self._expire_target = expire_target
        self._end_pause = end_pause
        self._abandon_target = abandon_target
        self._clock = clock
        self._stopping = stopping
        self._places = asyncio.Semaphore(AT_ONCE_MAX)
        self._put_off_because = ""

    async def serve(self, tenure: Tenure) -> None:
        """Until stopped or until the role is lost."""
        async with asyncio.TaskGroup() as lanes:
            lanes.create_task(self._lane(tenure, RETRIES, TICKETS_MAX, self._issue_retries))
            lanes.create_task(self._lane(tenure, OTHERS, DECISIONS_MAX, self._see_to_all))

    async def _lane(
        self,
        tenure: Tenure,
        phases: frozenset[TimerPhase],
        limit: int,
        see_to: Callable[[Sequence[SetTimer], Tenure], Awaitable[None]],
    ) -> None:
        """The longest overdue come first. What is still due after it was seen to must not keep us busy."""
        seen: frozenset[SetTimer] = frozenset()
        reason, backoff_seconds = "", BACKOFF_SECONDS_MIN
        while self._active(tenure):
            try:
                seconds = await self._timers.next_due_in(phases=phases)
                if seconds != 0:
                    await self._pause(tenure, min(seconds or POLL_SECONDS, POLL_SECONDS))
                    continue
                due = await self._timers.due(phases=phases, limit=limit)
                if not seen.isdisjoint(due):
                    await self._pause(tenure, POLL_SECONDS)
                await see_to(due, tenure)
                seen, reason, backoff_seconds = frozenset(due), "", BACKOFF_SECONDS_MIN
            except (NatsUnavailable, StoreOffline) as error:
                if str(error) != reason:
                    reason = str(error)
                    log.warning("scheduler_waiting", reason=reason, phases=[phase.value for phase in sorted(phases)])
                await self._pause(tenure, backoff_seconds)
                backoff_seconds = min(backoff_seconds * 2, BACKOFF_SECONDS_MAX)

    def _active(self, tenure: Tenure) -> bool:
        return tenure.held and not self._stopping.is_set()

    async def _pause(self, tenure: Tenure, seconds: float) -> None:
        await first_of(self._stopping.wait(), tenure.lost.wait(), timeout_seconds=seconds)

    async def _issue_retries(self, due: Sequence[SetTimer], tenure: Tenure) -> None:
        """While NATS is away no retry begins, and the time of its run goes on. Raises as `_issue`."""
        try:
            await self._issue(due, tenure)
        except NatsUnavailable:
            await self._together(self._expire_meanwhile(timer, tenure) for timer in due)
            raise

    async def _expire_meanwhile(self, timer: SetTimer, tenure: Tenure) -> None:
        async with self._places:
            if self._active(tenure):
                await self._decide(timer, tenure)

    async def _issue(self, due: Sequence[SetTimer], tenure: Tenure) -> None:
        """Raises NatsUnavailable, StoreOffline: then they are still due, and get one ticket more the next time."""
        if not self._active(tenure):
            return
        await self._issuer.issue(due, at=self._clock())
        reach(Failpoint.TICKET_ISSUED)
        await self._together(self._set(timer, after_ticket(timer), tenure) for timer in due)

    async def _see_to_all(self, due: Sequence[SetTimer], tenure: Tenure) -> None:
        """Targets of one run one after the other, since they share its stream. Raises StoreOffline."""
        tickets = [timer for timer in due if timer.timer.name in BY_TICKET]
        others = sorted((timer for timer in due if timer.timer.name not in BY_TICKET), key=_subject)
        groups = [tuple(group) for _, group in groupby(others, key=_subject)]
        await self._together(
            (self._issue_or_put_off(tickets, tenure), *(self._see_to(group, tenure) for group in groups))
        )

    async def _issue_or_put_off(self, due: Sequence[SetTimer], tenure: Tenure) -> None:
        if not due:
            return
        try:
            await self._issue(due, tenure)
            self._put_off_because = ""
        except NatsUnavailable as error:
            if str(error) != self._put_off_because:
                self._put_off_because = str(error)
                log.warning("tickets_put_off", reason=self._put_off_because, tickets=len(due))
            await self._together(self._set(timer, _again(timer, NATS_AWAY_SECONDS), tenure) for timer in due)

    async def _see_to(self, group: Iterable[SetTimer], tenure: Tenure) -> None:
        for timer in group:
            if not self._active(tenure):
                return
            async with self._places:
                following = await self._decide(timer, tenure)
            await self._set(timer, following, tenure)

    async def _decide(self, timer: SetTimer, tenure: Tenure) -> Next | None:
        """What the timer is set to, None: it is seen to. One that cannot be seen to must not be in the way of others."""
        try:
            match timer.timer.name:
                case TimerName.TARGET:
                    seconds = await self._expire(timer)
                case TimerName.RESUME:
                    seconds = await self._end_pause(EndPause(provider_id=timer.timer.provider_id), _context(timer))
                case _:
                    seconds = await self._abandon(timer, tenure)
        except StoreOffline:
            raise
        except Busy:
            seconds = SOON_SECONDS
        except Exception:
            log.exception("timer_failed", **facts_of(timer))
            seconds = FAILED_SECONDS
        return None if seconds is None else _again(timer, seconds)

    async def _expire(self, timer: SetTimer) -> float | None:
        command = ExpireTarget(run_id=timer.timer.subject, provider_id=timer.timer.provider_id)
        return None if await self._expire_target(command, _context(timer)) else SOON_SECONDS

    async def _abandon(self, timer: SetTimer, tenure: Tenure) -> float | None:
        """For as long as the connection is out of use: a target under way there may come to wait for it yet."""
        provider_id = timer.timer.provider_id
        if not await self._abandon_target.is_lost(provider_id, _context(timer)):
            return None
        waiting = await self._timers.waiting_at(provider_id, limit=ABANDONED_MAX)
        abandoned = 0
        for target in waiting if self._active(tenure) else ():
            command = AbandonTarget(run_id=target.timer.subject, provider_id=provider_id)
            try:
                abandoned += await self._abandon_target(command, _context(target, caused_by=timer))
            except StoreOffline:
                raise
            except Exception:
                log.exception("target_not_abandoned", **facts_of(target))
        if abandoned:
            log.info("targets_abandoned", provider_id=str(provider_id), targets=abandoned)
        return 0 if abandoned and len(waiting) == ABANDONED_MAX else ABANDON_AGAIN_SECONDS

    async def _set(self, timer: SetTimer, following: Next | None, tenure: Tenure) -> None:
        """Nothing happens if the events have set it anew meanwhile, or if the role is somebody else's by now."""
        async with self._places:
            if following is None:
                await self._timers.clear(timer, lease=tenure.lease)
            else:
                await self._timers.reset(
                    timer,
                    lease=tenure.lease,
                    phase=following.phase,
                    seconds=following.seconds,
                    round=following.round,
                )

    async def _together(self, work: Iterable[Awaitable[None]]) -> None:
        """All of it, also if some fails; then raise what the first failed with."""
        for outcome in await asyncio.gather(*work, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome


def after_ticket(timer: SetTimer) -> Next | None:
    """What the timer of an issued ticket is set to."""
    match timer.timer.name:
        case TimerName.TARGET:
            return Next(phase=TimerPhase.TICKETED, seconds=TICKETED_SECONDS)
        case TimerName.SWEEP if (sweep := timer.timer.round + 1) < len(SWEEPS_AFTER_SECONDS):
            seconds = SWEEPS_AFTER_SECONDS[sweep] - SWEEPS_AFTER_SECONDS[sweep - 1]
            return Next(phase=TimerPhase.DUE, seconds=seconds, round=sweep)
        case _:
            return None


def _again(timer: SetTimer, seconds: float) -> Next:
    return Next(phase=timer.timer.phase, seconds=seconds, round=timer.timer.round)


def _subject(timer: SetTimer) -> str:
    return timer.timer.subject.hex


def _context(timer: SetTimer, *, caused_by: SetTimer | None = None) -> Context:
    return Context(
        actor=SCHEDULER,
        request_id=timer.request_id,
        correlation_id=timer.correlation_id,
        causation_id=(caused_by or timer).event_id,
    )
