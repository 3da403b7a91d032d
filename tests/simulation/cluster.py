"""Waybill without a network, a disk or a clock of its own: beside its installers a relay, a scheduler and a watchdog."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from adapters.nats.messages import Ticket
from commands.abandon_target import AbandonTarget
from commands.end_pause import EndPause
from commands.expire_lease import ExpireLease
from commands.expire_target import ExpireTarget
from commands.rescue_target import RescueTarget
from domain.install_run.decisions import overdue
from domain.install_run.state import INSTALL_RUN, InstallRun, TargetState, TargetStatus
from domain.installation.events import InstallationReserved
from domain.timers import SetTimer, TimerName, TimerPhase
from tests.simulation.installers import Installers
from tests.simulation.stepping import run
from workers.lost_tickets import LOST_SECONDS, seconds_left
from workers.scheduler import ABANDON_AGAIN_SECONDS, after_ticket

TIMERS_MAX: Final = 1_000
AGAIN_SECONDS: Final = 1.0


class Cluster(Installers):
    """They do what the real ones do with the same timers, by the same commands."""

    def relay(self) -> None:
        """A ticket for each slot that somebody holds since."""
        for recorded in run(self.store.read(after=self.relayed, limit=TIMERS_MAX)):
            self.relayed = recorded.position
            if isinstance(recorded.event, InstallationReserved):
                self._issue(
                    Ticket(
                        run_id=recorded.event.run_id,
                        provider_id=recorded.event.provider_id,
                        installation_id=recorded.stream,
                        event_id=recorded.id,
                        position=recorded.position,
                        request_id=recorded.request_id,
                        correlation_id=recorded.correlation_id,
                        issued_at=self.now,
                    )
                )

    def schedule(self, *, dies: bool = False) -> None:
        """What is due. One that `dies` has issued its tickets, and has not written it down."""
        for timer in run(self.timers.due(phases=frozenset({TimerPhase.RETRY}), limit=TIMERS_MAX)):
            self._issue(_ticket(timer, self.now))
            self._set(timer, dies=dies)
        others = frozenset({TimerPhase.WAITING, TimerPhase.DUE})
        for timer in run(self.timers.due(phases=others, limit=TIMERS_MAX)):
            self._see_to(timer, dies=dies)

    def _see_to(self, timer: SetTimer, *, dies: bool) -> None:
        part, provider_id = self.scheduler, timer.timer.provider_id
        match timer.timer.name:
            case TimerName.VERIFY | TimerName.SWEEP:
                self._issue(_ticket(timer, self.now))
                self._set(timer, dies=dies)
            case TimerName.TARGET:
                command = ExpireTarget(run_id=timer.timer.subject, provider_id=provider_id)
                seen_to = run(part.expire_target(command, self.context()))
                self._again(timer, None if seen_to else AGAIN_SECONDS)
            case TimerName.RESUME:
                self._again(timer, run(part.end_pause(EndPause(provider_id=provider_id), self.context())))
            case TimerName.ABANDON:
                self._again(timer, self._abandon(provider_id))

    def _abandon(self, provider_id: UUID) -> float | None:
        part = self.scheduler
        if not run(part.abandon_target.is_lost(provider_id, self.context())):
            return None
        for waiting in run(self.timers.waiting_at(provider_id, limit=TIMERS_MAX)):
            command = AbandonTarget(run_id=waiting.timer.subject, provider_id=provider_id)
            run(part.abandon_target(command, self.context()))
        return ABANDON_AGAIN_SECONDS

    def watch(self) -> None:
        """Targets whose ticket is not in the bus any more although it is their turn, and expired leases."""
        tickets = frozenset({TimerPhase.WAITING, TimerPhase.TICKETED})
        standing = self.timers.standing(phases=tickets, seconds=LOST_SECONDS, after=None, limit=TIMERS_MAX)
        for timer in run(standing):
            if not self._has_ticket(timer):
                self._rescue(timer)
        due = frozenset({TimerPhase.RUNNING, TimerPhase.TICKETED})
        for timer in run(self.timers.due(phases=due, limit=TIMERS_MAX)):
            self._end(timer)

    def _end(self, timer: SetTimer) -> None:
        state, target = self._look(timer)
        command = {"run_id": timer.timer.subject, "provider_id": timer.timer.provider_id}
        if target.status is TargetStatus.RUNNING:
            self._again(timer, AGAIN_SECONDS)
            run(self.watchdog.expire_lease(ExpireLease(**command), self.context()))
            return
        self._again(timer, seconds_left(state, target, now=self.now) or AGAIN_SECONDS)
        if overdue(state, target, self.now):
            run(self.watchdog.expire_target(ExpireTarget(**command), self.context()))

    def _look(self, timer: SetTimer) -> tuple[InstallRun, TargetState]:
        state = INSTALL_RUN.fold(run(self.store.load(timer.timer.subject)))
        target = state.target(timer.timer.provider_id) if state else None
        assert state is not None
        assert target is not None
        return state, target

    def _has_ticket(self, timer: SetTimer) -> bool:
        who = (timer.timer.subject, timer.timer.provider_id)
        return timer.position > self.relayed or any((one.run_id, one.provider_id) == who for one in self.bus)

    def _rescue(self, timer: SetTimer) -> None:
        state, target = self._look(timer)
        seconds = seconds_left(state, target, now=self.now)
        if target.status is not TargetStatus.QUEUED or seconds == 0:
            return
        self._again(timer, seconds)
        command = RescueTarget(
            run_id=timer.timer.subject,
            provider_id=timer.timer.provider_id,
            attempts=target.attempts,
            rescues=target.rescues,
            fault="retry_overdue" if target.attempts else "ticket_lost",
        )
        run(self.watchdog.rescue_target(command, self.context()))

    def _issue(self, ticket: Ticket) -> None:
        self.bus.append(ticket)

    def _set(self, timer: SetTimer, *, dies: bool) -> None:
        """As a scheduler does whose ticket is out."""
        following = after_ticket(timer)
        if dies:
            return
        if following is None:
            run(self.timers.clear(timer, lease=self._lease))
            return
        run(
            self.timers.reset(
                timer, lease=self._lease, phase=following.phase, seconds=following.seconds, round=following.round
            )
        )

    def _again(self, timer: SetTimer, seconds: float | None) -> None:
        if seconds is None:
            run(self.timers.clear(timer, lease=self._lease))
            return
        run(
            self.timers.reset(
                timer, lease=self._lease, phase=timer.timer.phase, seconds=seconds, round=timer.timer.round
            )
        )

    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def next_due_in(self) -> float | None:
        return run(self.timers.next_due_in(phases=frozenset(TimerPhase)))


def _ticket(timer: SetTimer, now: datetime) -> Ticket:
    kinds: dict[TimerName, Any] = {TimerName.VERIFY: "verify", TimerName.SWEEP: "sweep"}
    kind = kinds.get(timer.timer.name, "install")
    return Ticket(
        kind=kind,
        provider_id=timer.timer.provider_id,
        run_id=timer.timer.subject if kind == "install" else None,
        installation_id=timer.timer.subject if kind == "sweep" else None,
        round=timer.timer.round,
        event_id=timer.event_id,
        position=timer.position,
        request_id=timer.request_id,
        correlation_id=timer.correlation_id,
        issued_at=now,
    )
