"""Whether what the store says can have happened: a second opinion on the decisions, by the states that they leave behind."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from uuid import UUID

from domain.events import Recorded
from domain.install_run import state as install_run
from domain.install_run.events import (
    ProviderFailed,
    ProviderGivenUp,
    ProviderLeaseExpired,
    ProviderRefused,
    ProviderRescued,
    ProviderRetryScheduled,
    ProviderRollbackFailed,
    ProviderRolledBack,
    ProviderStarted,
    ProviderSucceeded,
    RollbackRequested,
    RunCancelRequested,
    RunQueued,
    RunRetried,
    RunStarted,
)
from domain.install_run.state import ENDINGS, InstallRun, RunStatus, TargetState, TargetStatus
from domain.installation import state as installation
from domain.installation.events import (
    InstallationAwaited,
    InstallationChanged,
    InstallationReleased,
    InstallationRemoved,
    InstallationReserved,
    InstallationWithdrawn,
)
from domain.installation.state import Installation, installation_stream
from tests.chaos.violation import Violation

WAITS: Final = (ProviderRefused, ProviderRescued, ProviderGivenUp, ProviderRetryScheduled)


class Walk:
    """The history, event by event, with the state of everything as it is so far. `about` are the skill and the provider of each
    installation.
    """

    def __init__(self) -> None:
        self.runs: dict[UUID, InstallRun] = {}
        self.pairs: dict[UUID, Installation] = {}
        self.about: dict[UUID, tuple[UUID, UUID]] = {}

    def through(self, history: Iterable[Recorded]) -> Iterator[Violation]:
        for recorded in history:
            stream = recorded.stream
            try:
                if recorded.topic.startswith("install_run."):
                    yield from self._run_step(self.runs.get(stream), recorded)
                    self.runs[stream] = install_run.evolve(self.runs.get(stream), recorded.event)  # type: ignore[arg-type]
                elif recorded.topic.startswith("installation."):
                    yield from _pair_step(self.pairs.get(stream), recorded)
                    if isinstance(recorded.event, InstallationReserved):
                        self.about[stream] = (recorded.event.skill_id, recorded.event.provider_id)
                    self.pairs[stream] = installation.evolve(self.pairs.get(stream), recorded.event)  # type: ignore[arg-type]
            except Exception as error:  # noqa: BLE001 - whatever it is, the events contradict each other
                yield Violation("I4", f"{_named(recorded)} cannot be folded: {error!r}")

    def _run_step(self, run: InstallRun | None, recorded: Recorded) -> Iterator[Violation]:
        event = recorded.event
        if isinstance(event, RunQueued) or run is None:
            if not isinstance(event, RunQueued) or run is not None:
                yield Violation("I4", f"{_named(recorded)} does not come where a run begins")
        elif run.status.ended:
            if not _allowed_after_the_end(recorded):
                yield Violation("I3", f"{_named(recorded)} after the run has ended with {run.status.value}")
        elif type(event) in ENDINGS:
            yield from _end_step(run, recorded)
        elif isinstance(event, RunStarted) and run.status is not RunStatus.QUEUED:
            yield Violation("I4", f"{_named(recorded)} of a run that has started")
        elif isinstance(event, RunCancelRequested) and run.cancelled:
            yield Violation("I4", f"{_named(recorded)} of a run that is cancelled")
        elif (provider_id := getattr(event, "provider_id", None)) is not None:
            target = run.target(provider_id)
            reason = self._target_reason(run, target, recorded) if target else "names no target of the run"
            if reason is not None:
                yield Violation("I4", f"{_named(recorded)} {reason}")

    def _target_reason(self, run: InstallRun, target: TargetState, recorded: Recorded) -> str | None:
        """Why it cannot happen to the target, None if it can."""
        event = recorded.event
        match event:
            case ProviderStarted():
                return self._start_reason(run, target, recorded, event)
            case ProviderSucceeded() | ProviderFailed() | ProviderLeaseExpired():
                if target.status is not TargetStatus.RUNNING or target.attempt_id != event.attempt_id:
                    return f"speaks of attempt {event.attempt_id}, the one under way is {target.attempt_id}"
                if isinstance(event, ProviderLeaseExpired) and recorded.at < event.lease_until:
                    return f"comes at {recorded.at}, before the lease is over at {event.lease_until}"
            case ProviderRolledBack(attempt_id=attempt_id) if attempt_id is not None:
                if target.status is not TargetStatus.RUNNING or target.attempt_id != attempt_id:
                    return f"speaks of attempt {attempt_id}, the one under way is {target.attempt_id}"
                return None if run.takes_back_at(target) else "undoes what is not to be undone"
            case ProviderRolledBack():
                return None if target.status is TargetStatus.SUCCESS else "undoes what was not done"
            case ProviderRollbackFailed():
                return None if run.takes_back_at(target) else "fails at what is not to be undone"
            case _ if isinstance(event, WAITS) and target.status is not TargetStatus.QUEUED:
                return f"happens to a target that is {target.status.value}"
        return None

    def _start_reason(
        self, run: InstallRun, target: TargetState, recorded: Recorded, event: ProviderStarted
    ) -> str | None:
        pair = self.pairs.get(installation_stream(run.skill.id, event.provider_id))
        if target.status is not TargetStatus.QUEUED:
            return f"begins at a target that is {target.status.value}"
        if event.attempt != target.attempts + 1:
            return f"is number {event.attempt} after {target.attempts}"
        if target.attempts - target.spent >= run.policy.attempts_max:
            return f"is one more than the policy's {run.policy.attempts_max}"
        if target.next_attempt_at is not None and target.next_attempt_at > recorded.at:
            return f"begins at {recorded.at}, before it is due at {target.next_attempt_at}"
        if pair is None or pair.holder is None or pair.holder.run_id != recorded.stream:
            return "begins without the slot of its pair"
        if run.cancelled and not run.takes_back_at(target):
            return "begins in a cancelled run"
        return None


def _end_step(run: InstallRun, recorded: Recorded) -> Iterator[Violation]:
    statuses = Counter(target.status for target in run.targets)
    open_targets = statuses[TargetStatus.QUEUED] + statuses[TargetStatus.RUNNING]
    if open_targets:
        yield Violation("I3", f"{_named(recorded)} with {open_targets} targets that have not ended")
    wanted = RunStatus.PARTIAL_FAILED
    if not statuses[TargetStatus.FAILED]:
        wanted = RunStatus.SUCCESS
    elif not statuses[TargetStatus.SUCCESS]:
        wanted = RunStatus.FAILED
    if ENDINGS[type(recorded.event)] is not wanted:  # type: ignore[index]
        yield Violation("I3", f"{_named(recorded)} where the targets say {wanted.value}")


def _allowed_after_the_end(recorded: Recorded) -> bool:
    match recorded.event:
        case RunRetried():
            return True
        case RollbackRequested() | ProviderRolledBack() | ProviderRollbackFailed() as told:
            return told.run_id is not None
        case _:
            return False


def _pair_step(pair: Installation | None, recorded: Recorded) -> Iterator[Violation]:
    """The slot has one holder at a time, and who waits is let in in order."""
    event = recorded.event
    holder = pair.holder if pair else None
    waiting = [claim.run_id for claim in pair.waiting] if pair else []
    match event:
        case InstallationReserved():
            if holder is not None:
                yield Violation("I4", f"{_named(recorded)} of a slot that run {holder.run_id} holds")
            if waiting and waiting[0] != event.run_id:
                yield Violation("I4", f"{_named(recorded)} goes before run {waiting[0]}")
        case InstallationAwaited():
            if holder is None:
                yield Violation("I4", f"{_named(recorded)} of a slot that is free")
        case InstallationWithdrawn():
            if event.run_id not in waiting:
                yield Violation("I4", f"{_named(recorded)} by a run that does not wait")
        case InstallationChanged() | InstallationRemoved() | InstallationReleased():
            if holder is None or holder.run_id != event.run_id:
                yield Violation("I4", f"{_named(recorded)} by run {event.run_id}, which does not hold the slot")


def held_slots(pairs: Mapping[UUID, Installation]) -> Iterator[Violation]:
    for stream, pair in pairs.items():
        for claim in pair.claims:
            yield Violation("I14", f"installation {stream} is still claimed by run {claim.run_id}")


def _named(recorded: Recorded) -> str:
    return f"{recorded.name} at {recorded.position} of {recorded.stream}"
