"""An install run, folded from its events."""

from datetime import datetime
from enum import StrEnum
from typing import Final, assert_never
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.errors import Code
from domain.events import Fold
from domain.install_run.events import (
    Policy,
    ProviderFailed,
    ProviderRefused,
    ProviderStarted,
    ProviderSucceeded,
    RunEvent,
    RunFailed,
    RunKind,
    RunPartiallyFailed,
    RunQueued,
    RunStarted,
    RunSucceeded,
    SkillPin,
    Target,
)
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


class TargetStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        return self in (TargetStatus.SUCCESS, TargetStatus.FAILED)


class TargetState(Struct, frozen=True, kw_only=True):
    """`attempt_id` fences: an outcome counts only if it names the attempt that is folded here."""

    target: Target
    status: TargetStatus = TargetStatus.QUEUED
    attempts: int = 0
    attempt_id: UUID | None = None
    since: datetime | None = None
    lease_until: datetime | None = None
    code: Code | None = None
    receipt: Receipt | None = None


class InstallRun(Struct, frozen=True, kw_only=True):
    kind: RunKind
    skill: SkillPin
    policy: Policy
    targets: tuple[TargetState, ...]
    status: RunStatus = RunStatus.QUEUED

    def target(self, provider_id: UUID) -> TargetState | None:
        return next((target for target in self.targets if target.target.id == provider_id), None)

    @property
    def provider_ids(self) -> frozenset[UUID]:
        return frozenset(target.target.id for target in self.targets)


def evolve(state: InstallRun | None, event: RunEvent) -> InstallRun:
    if isinstance(event, RunQueued):
        targets = tuple(TargetState(target=target) for target in event.targets)
        return InstallRun(kind=event.kind, skill=event.skill, policy=event.policy, targets=targets)
    assert state is not None  # noqa: S101 - everything follows the queueing
    match event:
        case RunStarted():
            return replace(state, status=RunStatus.RUNNING)
        case ProviderStarted():
            return _with(
                state,
                event.provider_id,
                status=TargetStatus.RUNNING,
                attempts=event.attempt,
                attempt_id=event.attempt_id,
                since=event.since,
                lease_until=event.lease_until,
                code=None,
            )
        case ProviderSucceeded():
            return _with(state, event.provider_id, status=TargetStatus.SUCCESS, receipt=event.receipt, lease_until=None)
        case ProviderFailed() | ProviderRefused():
            return _with(state, event.provider_id, status=TargetStatus.FAILED, code=event.code, lease_until=None)
        case RunSucceeded():
            return replace(state, status=RunStatus.SUCCESS)
        case RunFailed():
            return replace(state, status=RunStatus.FAILED)
        case RunPartiallyFailed():
            return replace(state, status=RunStatus.PARTIAL_FAILED)
        case _:
            assert_never(event)


def _with(state: InstallRun, provider_id: UUID, **changes: object) -> InstallRun:
    targets = tuple(
        replace(target, **changes) if target.target.id == provider_id else target for target in state.targets
    )
    return replace(state, targets=targets)


INSTALL_RUN: Final = Fold(noun="install_run", evolve=evolve)
