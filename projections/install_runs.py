"""The install runs: one row a run, with its targets, exactly as the contract shows them."""

from collections import Counter
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.errors import Code
from domain.events import Actor, Recorded
from domain.install_run.events import (
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
from domain.install_run.policy import Policy
from domain.install_run.state import RunStatus, TargetStatus
from domain.installation.events import Receipt
from projections.read_model import ReadModel, members_of
from projections.rows import ImpossibleHistoryError, Rows

# Space is left in the pages because most rows change a few times, soon after they came.
SCHEMA: Final = """
    CREATE TABLE {table} (
        id              uuid PRIMARY KEY,
        kind            text        NOT NULL,
        status          text        NOT NULL,
        reason          text,
        skill           jsonb       NOT NULL,
        policy          jsonb       NOT NULL,
        targets         jsonb       NOT NULL,
        failures        jsonb       NOT NULL,
        requested_by    jsonb       NOT NULL,
        retry_of        uuid,
        rollback        jsonb,
        queued_at       timestamptz NOT NULL,
        started_at      timestamptz,
        finished_at     timestamptz,
        correlation_id  uuid        NOT NULL,
        position        bigint      NOT NULL,
        skill_id        uuid        NOT NULL,
        provider_ids    uuid[]      NOT NULL,
        actor_id        text        NOT NULL,
        queued_position bigint      NOT NULL
    ) WITH (fillfactor = 70);
    CREATE UNIQUE INDEX ON {table} (queued_position DESC);
    CREATE INDEX ON {table} (status, queued_position DESC);
    CREATE INDEX ON {table} (skill_id, queued_position DESC);
    CREATE INDEX ON {table} (kind, queued_position DESC) WHERE kind <> 'install';
    CREATE INDEX ON {table} USING gin (provider_ids);
    CREATE INDEX ON {table} USING gin (failures) WHERE failures <> '{}';
    CREATE INDEX ON {table} USING brin (queued_at) WITH (autosummarize = on);
"""


class RunTarget(Struct, frozen=True, kw_only=True, rename="camel"):
    """`code`, `message`, `retryable` and `provider_request_id` are those of its last failure."""

    provider: Target
    status: TargetStatus = TargetStatus.QUEUED
    attempts: int = 0
    code: Code | None = None
    message: str | None = None
    retryable: bool | None = None
    next_attempt_at: datetime | None = None
    provider_request_id: str | None = None
    receipt: Receipt | None = None


class InstallRun(Struct, frozen=True, kw_only=True, rename="camel"):
    """A run as people see it. `failures` counts failed targets by code; `position` is that of the newest event in it."""

    id: UUID
    kind: RunKind
    status: RunStatus
    reason: str | None = None
    skill: SkillPin
    policy: Policy
    targets: tuple[RunTarget, ...]
    failures: dict[Code, int]
    requested_by: Actor
    retry_of: UUID | None = None
    rollback: None = None
    queued_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    correlation_id: UUID
    position: int


class InstallRunRow(InstallRun, frozen=True, kw_only=True, rename="camel"):
    """What the lists filter and sort by comes on top."""

    skill_id: UUID
    provider_ids: tuple[UUID, ...]
    actor_id: str
    queued_position: int


def keys(recorded: Recorded) -> tuple[UUID, ...]:
    return (recorded.stream,)


def project(recorded: Recorded, rows: Rows[InstallRunRow]) -> None:
    event = recorded.event
    if isinstance(event, RunQueued):
        if rows.get(recorded.stream) is not None:
            raise ImpossibleHistoryError(f"run {recorded.stream} is queued twice")
        rows.put(_queued(recorded, event))
        return
    row = replace(rows.require(recorded.stream), position=recorded.position)
    if row.status.ended:
        raise ImpossibleHistoryError(f"{recorded.name} after run {row.id} has ended")
    match event:
        case RunStarted():
            rows.put(replace(row, status=RunStatus.RUNNING, started_at=recorded.at))
        case ProviderStarted():
            rows.put(_with(row, event.provider_id, status=TargetStatus.RUNNING, attempts=event.attempt))
        case ProviderSucceeded():
            rows.put(_with(row, event.provider_id, status=TargetStatus.SUCCESS, receipt=event.receipt))
        case ProviderFailed():
            rows.put(_failed(row, event))
        case ProviderRefused():
            rows.put(_refused(row, event))
        case RunSucceeded() | RunFailed() | RunPartiallyFailed():
            rows.put(replace(_ended(row, event), finished_at=recorded.at))
        case _:
            raise ImpossibleHistoryError(f"{recorded.name} is not an event of an install run")


def _queued(recorded: Recorded, event: RunQueued) -> InstallRunRow:
    return InstallRunRow(
        id=recorded.stream,
        kind=event.kind,
        status=RunStatus.QUEUED,
        skill=event.skill,
        policy=event.policy,
        targets=tuple(RunTarget(provider=target) for target in event.targets),
        failures={},
        requested_by=recorded.actor,
        queued_at=recorded.at,
        correlation_id=recorded.correlation_id,
        position=recorded.position,
        skill_id=event.skill.id,
        provider_ids=tuple(target.id for target in event.targets),
        actor_id=recorded.actor.id,
        queued_position=recorded.position,
    )


def _failed(row: InstallRunRow, event: ProviderFailed) -> InstallRunRow:
    failed = _with(
        row,
        event.provider_id,
        status=TargetStatus.FAILED,
        code=event.code,
        message=event.message,
        retryable=event.retryable,
        provider_request_id=event.provider_request_id,
    )
    return _tallied(failed)


def _ended(row: InstallRunRow, event: RunSucceeded | RunFailed | RunPartiallyFailed) -> InstallRunRow:
    match event:
        case RunSucceeded():
            return replace(row, status=RunStatus.SUCCESS)
        case RunFailed():
            return replace(row, status=RunStatus.FAILED, failures=event.failures)
        case RunPartiallyFailed():
            return replace(row, status=RunStatus.PARTIAL_FAILED, failures=event.failures)


def _refused(row: InstallRunRow, event: ProviderRefused) -> InstallRunRow:
    failed = TargetStatus.FAILED
    return _tallied(
        _with(row, event.provider_id, status=failed, code=event.code, message=event.message, retryable=False)
    )


def _tallied(row: InstallRunRow) -> InstallRunRow:
    codes = (target.code for target in row.targets if target.status is TargetStatus.FAILED)
    return replace(row, failures=dict(Counter(code for code in codes if code is not None)))


def _with(row: InstallRunRow, provider_id: UUID, **changes: Any) -> InstallRunRow:
    if provider_id not in row.provider_ids:
        raise ImpossibleHistoryError(f"provider {provider_id} is not a target of run {row.id}")
    targets = tuple(
        replace(target, **changes) if target.provider.id == provider_id else target for target in row.targets
    )
    return replace(row, targets=targets)


INSTALL_RUNS: Final = ReadModel(
    name="install_runs",
    generation=2,
    schema=SCHEMA,
    events=members_of(RunEvent),
    row=InstallRunRow,
    key="id",
    keys=keys,
    project=project,
)
