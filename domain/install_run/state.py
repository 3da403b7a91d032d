"""An install run, folded from its events."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final, assert_never
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.errors import Code
from domain.events import Fold
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
    RunEvent,
    RunFailed,
    RunKind,
    RunPartiallyFailed,
    RunQueued,
    RunRetried,
    RunStarted,
    RunSucceeded,
    SkillPin,
    Target,
    Undo,
)
from domain.install_run.policy import Policy
from domain.installation.events import Receipt


class RunStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    PARTIAL_FAILED = "partial_failed"

    @property
    def ended(self) -> bool:
        return self not in (RunStatus.QUEUED, RunStatus.RUNNING)


ENDINGS: Final[Mapping[type[RunEvent], RunStatus]] = {
    RunSucceeded: RunStatus.SUCCESS,
    RunFailed: RunStatus.FAILED,
    RunPartiallyFailed: RunStatus.PARTIAL_FAILED,
}


class TargetStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        return self in (TargetStatus.SUCCESS, TargetStatus.FAILED)


class TargetState(Struct, frozen=True, kw_only=True, rename="camel"):
    """`attempt_id` fences: an outcome counts only if it names the attempt that is folded here.

    `undo` is what the target goes back to, in a rollback and in a run that takes back its own work; `spent` are the attempts
    from before that, which its policy does not count again. From `doubtful_since` on, what was sent may have been applied.
    """

    target: Target
    status: TargetStatus = TargetStatus.QUEUED
    attempts: int = 0
    spent: int = 0
    attempt_id: UUID | None = None
    since: datetime | None = None
    lease_until: datetime | None = None
    next_attempt_at: datetime | None = None
    doubtful_since: datetime | None = None
    rescues: int = 0
    code: Code | None = None
    receipt: Receipt | None = None
    undo: Undo | None = None


class Aim(Struct, frozen=True, kw_only=True):
    """What an attempt at a target is for: to put a version there, or to remove what is there."""

    version: int
    digest: str
    removes: bool


class InstallRun(Struct, frozen=True, kw_only=True, rename="camel"):
    """`takes_back`: it undoes its own work. `retried_by` and `rollback` are the runs that came of it last, and `rolled_back` the
    providers where its work was undone by one of those.
    """

    kind: RunKind
    skill: SkillPin
    policy: Policy
    targets: tuple[TargetState, ...]
    status: RunStatus = RunStatus.QUEUED
    start_by: datetime | None = None
    end_by: datetime | None = None
    retry_of: UUID | None = None
    rollback_of: UUID | None = None
    cancelled: bool = False
    takes_back: bool = False
    retried_by: UUID | None = None
    rollback: UUID | None = None
    rolled_back: frozenset[UUID] = frozenset()

    def target(self, provider_id: UUID) -> TargetState | None:
        return next((target for target in self.targets if target.target.id == provider_id), None)

    @property
    def provider_ids(self) -> frozenset[UUID]:
        return frozenset(target.target.id for target in self.targets)

    def aim(self, target: TargetState) -> Aim:
        pin, undo = self.skill, target.undo
        if undo is not None and undo.version is not None and undo.digest is not None:
            return Aim(version=undo.version, digest=undo.digest, removes=False)
        return Aim(version=pin.version, digest=pin.digest, removes=undo is not None or self.kind == "uninstall")

    @property
    def fails_as_a_whole(self) -> bool:
        """Whether everything it did is to be undone, because it is all or nothing and a target has failed."""
        wanted = self.policy.mode == "all_or_nothing" and self.kind == "install"
        return wanted and any(target.status is TargetStatus.FAILED for target in self.targets)

    def takes_back_at(self, target: TargetState) -> bool:
        """Whether the target is one where the run undoes its own work, or has tried to."""
        return self.takes_back and target.undo is not None


def evolve(state: InstallRun | None, event: RunEvent) -> InstallRun:
    if isinstance(event, RunQueued):
        return _queued(event)
    assert state is not None  # noqa: S101 - everything follows the queueing
    match event:
        case RunStarted():
            return replace(state, status=RunStatus.RUNNING)
        case RunCancelRequested():
            return replace(state, cancelled=True)
        case RunRetried():
            return replace(state, retried_by=event.run_id)
        case RollbackRequested():
            return _taken_back(state, event)
        case RunSucceeded() | RunFailed() | RunPartiallyFailed():
            return replace(state, status=ENDINGS[type(event)])
        case ProviderRolledBack(run_id=run_id) if run_id is not None:
            return replace(state, rolled_back=state.rolled_back | {event.provider_id})
        case ProviderRollbackFailed(run_id=run_id) if run_id is not None:
            return state
        case _:
            targets = tuple(
                _evolve_target(state, target, event) if target.target.id == event.provider_id else target
                for target in state.targets
            )
            return replace(state, targets=targets)


TargetEvent = (
    ProviderRefused
    | ProviderStarted
    | ProviderSucceeded
    | ProviderFailed
    | ProviderRetryScheduled
    | ProviderLeaseExpired
    | ProviderRescued
    | ProviderGivenUp
    | ProviderRolledBack
    | ProviderRollbackFailed
)


def _evolve_target(run: InstallRun, target: TargetState, event: TargetEvent) -> TargetState:
    match event:
        case ProviderStarted():
            return replace(
                target,
                status=TargetStatus.RUNNING,
                attempts=event.attempt,
                attempt_id=event.attempt_id,
                since=event.since,
                lease_until=event.lease_until,
                next_attempt_at=None,
                code=None,
            )
        case ProviderRetryScheduled():
            return replace(target, status=TargetStatus.QUEUED, next_attempt_at=event.due_at)
        case ProviderRescued():
            return replace(target, rescues=target.rescues + 1)
        case ProviderLeaseExpired():
            expired = replace(target, rescues=target.rescues + 1)
            return _failed(run, expired, final=event.final, code=Code.RUN_LEASE_EXPIRED, ambiguous=True)
        case ProviderFailed():
            return _failed(run, target, final=event.final, code=event.code, ambiguous=event.ambiguous)
        case ProviderSucceeded():
            return replace(_left(target, TargetStatus.SUCCESS), receipt=event.receipt, doubtful_since=None)
        case ProviderRefused() | ProviderGivenUp():
            return replace(_left(target, TargetStatus.FAILED), code=event.code)
        case ProviderRolledBack():
            undone = _left(target, TargetStatus.FAILED)
            return replace(undone, code=Code.RUN_ROLLED_BACK, receipt=None, doubtful_since=None)
        case ProviderRollbackFailed():
            return replace(_left(target, TargetStatus.SUCCESS), code=event.code)
        case _:
            assert_never(event)


def _queued(event: RunQueued) -> InstallRun:
    undoes = {undo.provider_id: undo for undo in event.undoes}
    return InstallRun(
        kind=event.kind,
        skill=event.skill,
        policy=event.policy,
        targets=tuple(TargetState(target=target, undo=undoes.get(target.id)) for target in event.targets),
        start_by=event.start_by,
        end_by=event.end_by,
        retry_of=event.retry_of,
        rollback_of=event.rollback_of,
    )


def _taken_back(state: InstallRun, event: RollbackRequested) -> InstallRun:
    if event.run_id is not None:
        return replace(state, rollback=event.run_id)
    undoes = {undo.provider_id: undo for undo in event.undoes}
    targets = tuple(
        replace(target, status=TargetStatus.QUEUED, undo=undoes[target.target.id], spent=target.attempts)
        if target.target.id in undoes
        else target
        for target in state.targets
    )
    return replace(state, takes_back=True, targets=targets)


def _failed(run: InstallRun, target: TargetState, *, final: bool, code: Code, ambiguous: bool) -> TargetState:
    """A removal whose outcome is not known has put nothing there."""
    doubtful_since = target.doubtful_since
    if ambiguous and doubtful_since is None and not run.aim(target).removes:
        doubtful_since = target.since
    left = _left(target, TargetStatus.FAILED if final else TargetStatus.QUEUED)
    return replace(left, code=code, doubtful_since=doubtful_since)


def _left(target: TargetState, status: TargetStatus) -> TargetState:
    """Nobody is at work on it any more, and nobody is going to be unless something else says so."""
    return replace(target, status=status, lease_until=None, next_attempt_at=None)


INSTALL_RUN: Final = Fold(noun="install_run", evolve=evolve)
