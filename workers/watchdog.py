"""The watchdog: finds what stands still although somebody should be at work on it, and has it go on."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final

import structlog
from msgspec import Struct

from adapters.nats.connection import NatsUnavailable
from commands.expire_lease import ExpireLease, ExpireLeaseHandler
from commands.expire_target import ExpireTarget, ExpireTargetHandler
from commands.rescue_target import RescueTarget, RescueTargetHandler
from domain.errors import Busy, StoreOffline
from domain.events import Actor, Context
from domain.install_run.decisions import overdue
from domain.install_run.state import INSTALL_RUN, InstallRun, TargetState, TargetStatus
from domain.ports import EventStore, Timers
from domain.timers import SetTimer, TimerPhase
from workers.awaiting import first_of
from workers.lost_tickets import seconds_left
from workers.oversight import Oversight
from workers.tenure import Tenure
from workers.ticket_search import TicketSearch
from workers.timer_facts import facts_of

ROLE: Final = "watchdog"
WATCHDOG: Final = Actor(kind="system", id="watchdog", name="watchdog")

WATCH_SECONDS: Final = 1.0
# What stands is looked through page by page, one in a round, so that a round costs the same however much stands.
PAGE_MAX: Final = 1000
# What has to be repaired is seen to bit by bit as well: leases do not wait until ten thousand tickets are issued again.
SEEN_TO_MAX: Final = 200
# As many as share a commit without getting in each other's way.
AT_ONCE_MAX: Final = 8
AGAIN_SECONDS: Final = 1.0
FAILED_SECONDS: Final = 30.0

TICKETED: Final = frozenset({TimerPhase.WAITING, TimerPhase.TICKETED})
DUE: Final = frozenset({TimerPhase.RUNNING, TimerPhase.TICKETED})

log = structlog.get_logger(__name__)


class Repairs(Struct, frozen=True, kw_only=True):
    """What a watchdog may do about what it finds."""

    expire_lease: ExpireLeaseHandler
    expire_target: ExpireTargetHandler
    rescue_target: RescueTargetHandler


class Watchdog:
    """Before it does anything about a target it sets the target's timer to look at it again: whoever finds the timer changed,
    or the role taken, does nothing.
    """

    def __init__(
        self,
        *,
        timers: Timers,
        store: EventStore,
        repairs: Repairs,
        search: TicketSearch,
        oversight: Oversight,
        clock: Callable[[], datetime],
        stopping: asyncio.Event,
        watch_seconds: float = WATCH_SECONDS,
    ) -> None:
        self._timers = timers
        self._store = store
        self._repairs = repairs
        self._search = search
        self._oversight = oversight
        self._clock = clock
        self._stopping = stopping
        self._watch_seconds = watch_seconds
        self._page_after: SetTimer | None = None
        self._reason = ""
        self.rounds = 0

    async def serve(self, tenure: Tenure) -> None:
        """Until stopped or until the role is lost."""
        while self._active(tenure):
            await self._round(tenure)
            self.rounds += 1
            await first_of(self._stopping.wait(), tenure.lost.wait(), timeout_seconds=self._watch_seconds)

    async def _round(self, tenure: Tenure) -> None:
        """Whatever is away is waited for; what the store has to say about leases does not wait for NATS."""
        reason = ""
        for look in (self._rescue_what_is_lost, self._end_what_is_due):
            try:
                await look(tenure)
            except (NatsUnavailable, StoreOffline) as error:
                reason = reason or str(error)
        await self._oversight.look()
        if reason and reason != self._reason:
            log.warning("watchdog_waiting", reason=reason)
        self._reason = reason

    def _active(self, tenure: Tenure) -> bool:
        return tenure.held and not self._stopping.is_set()

    async def _end_what_is_due(self, tenure: Tenure) -> None:
        """Attempts whose lease has expired, and targets whose ticket comes too late for them."""
        due = await self._timers.due(phases=DUE, limit=SEEN_TO_MAX)
        await self._see_to(due, self._end, tenure)

    async def _rescue_what_is_lost(self, tenure: Tenure) -> None:
        if not await self._search.is_settled():
            return
        seconds = self._search.lost_seconds
        page = await self._timers.standing(phases=TICKETED, seconds=seconds, after=self._page_after, limit=PAGE_MAX)
        lost = await self._search.lost(page)
        if len(lost) <= SEEN_TO_MAX:
            self._page_after = page[-1] if len(page) == PAGE_MAX else None
        await self._see_to(lost[:SEEN_TO_MAX], self._rescue, tenure)

    async def _see_to(
        self, timers: Sequence[SetTimer], see_to: Callable[[SetTimer, Tenure], Awaitable[None]], tenure: Tenure
    ) -> None:
        """A few at once. One that cannot be seen to must not be in the way of others. Raises StoreOffline."""
        for start in range(0, len(timers), AT_ONCE_MAX):
            if not self._active(tenure):
                return
            together = timers[start : start + AT_ONCE_MAX]
            outcomes = await asyncio.gather(*(see_to(timer, tenure) for timer in together), return_exceptions=True)
            for timer, outcome in zip(together, outcomes, strict=True):
                if isinstance(outcome, StoreOffline) or not isinstance(outcome, Exception | None):
                    raise outcome
                if outcome is not None and not isinstance(outcome, Busy):
                    log.error("watchdog_failed", exc_info=outcome, **facts_of(timer))
                    await self._put_off(timer, tenure)

    async def _end(self, timer: SetTimer, tenure: Tenure) -> None:
        run, target = await self._look(timer, tenure)
        if run is None or target is None:
            return
        running = target.status is TargetStatus.RUNNING
        seconds = AGAIN_SECONDS if running else seconds_left(run, target, now=self._clock()) or AGAIN_SECONDS
        if not await self._look_again(timer, seconds, tenure, round=timer.timer.round):
            return
        ids = {"run_id": timer.timer.subject, "provider_id": timer.timer.provider_id}
        if running and await self._repairs.expire_lease(ExpireLease(**ids), _context(timer)):
            log.warning("lease_expired", attempt_id=str(target.attempt_id), **facts_of(timer))
        elif not running and overdue(run, target, self._clock()):
            await self._repairs.expire_target(ExpireTarget(**ids), _context(timer))

    async def _rescue(self, timer: SetTimer, tenure: Tenure) -> None:
        run, target = await self._look(timer, tenure)
        if run is None or target is None or target.status is not TargetStatus.QUEUED:
            return
        seconds = seconds_left(run, target, now=self._clock())
        # One that is overdue is ended when its timer is due, which is now.
        if seconds == 0 or not await self._look_again(timer, seconds, tenure, round=timer.timer.round + 1):
            return
        command = RescueTarget(
            run_id=timer.timer.subject,
            provider_id=timer.timer.provider_id,
            attempts=target.attempts,
            rescues=target.rescues,
            fault="retry_overdue" if target.attempts else "ticket_lost",
        )
        if await self._repairs.rescue_target(command, _context(timer)):
            log.warning("target_rescued", fault=command.fault, rescues=target.rescues + 1, **facts_of(timer))

    async def _look(self, timer: SetTimer, tenure: Tenure) -> tuple[InstallRun | None, TargetState | None]:
        """The run and the target as they are now; a timer of one that has ended has nobody to wait for."""
        run = INSTALL_RUN.fold(await self._store.load(timer.timer.subject))
        target = run.target(timer.timer.provider_id) if run else None
        if target is None or target.status.ended:
            await self._timers.clear(timer, lease=tenure.lease)
            return None, None
        return run, target

    async def _put_off(self, timer: SetTimer, tenure: Tenure) -> None:
        """What cannot be seen to is not due before its time, and not tried every second."""
        due_at = timer.timer.due_at
        seconds = (due_at - self._clock()).total_seconds() if due_at else 0.0
        await self._look_again(timer, max(seconds, FAILED_SECONDS), tenure, round=timer.timer.round + 1)

    async def _look_again(self, timer: SetTimer, seconds: float, tenure: Tenure, *, round: int) -> bool:  # noqa: A002
        """Set the timer to be due in so many seconds. False: it is not as it was, or the role is somebody else's by now."""
        return await self._timers.reset(
            timer, lease=tenure.lease, phase=timer.timer.phase, seconds=seconds, round=round
        )


def _context(timer: SetTimer) -> Context:
    return Context(
        actor=WATCHDOG,
        request_id=timer.request_id,
        correlation_id=timer.correlation_id,
        causation_id=timer.event_id,
    )
