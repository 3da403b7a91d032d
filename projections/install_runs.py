"""The install runs: one row a run, with its targets, exactly as the contract shows them."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.errors import Code
from domain.events import Actor, Recorded
from domain.install_run.events import (
    ProviderRollbackFailed,
    ProviderRolledBack,
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
)
from domain.install_run.policy import Policy
from domain.install_run.state import ENDINGS, RunStatus, TargetStatus
from projections.install_run_rollback import Rollback, RollbackEvent, taken_further
from projections.install_run_targets import RunTarget, advance
from projections.read_model import ReadModel, members_of
from projections.rows import ImpossibleHistoryError, Rows

# Space is left in the pages because most rows change a few times, soon after they came.
SCHEMA: Final = """
    CREATE TABLE {table} (
        id                   uuid PRIMARY KEY,
        kind                 text        NOT NULL,
        status               text        NOT NULL,
        reason               text,
        skill                jsonb       NOT NULL,
        policy               jsonb       NOT NULL,
        targets              jsonb       NOT NULL,
        failures             jsonb       NOT NULL,
        requested_by         jsonb       NOT NULL,
        retry_of             uuid,
        retried_by           uuid,
        rollback_of          uuid,
        rollback             jsonb,
        queued_at            timestamptz NOT NULL,
        started_at           timestamptz,
        finished_at          timestamptz,
        correlation_id       uuid        NOT NULL,
        position             bigint      NOT NULL,
        skill_id             uuid        NOT NULL,
        provider_ids         uuid[]      NOT NULL,
        provider_request_ids text[]      NOT NULL,
        actor_id             text        NOT NULL,
        queued_position      bigint      NOT NULL
    ) WITH (fillfactor = 70);
    CREATE UNIQUE INDEX ON {table} (queued_position DESC);
    CREATE INDEX ON {table} (status, queued_position DESC);
    CREATE INDEX ON {table} (skill_id, queued_position DESC);
    CREATE INDEX ON {table} (kind, queued_position DESC) WHERE kind <> 'install';
    CREATE INDEX ON {table} (actor_id, queued_position DESC);
    CREATE INDEX ON {table} (correlation_id);
    CREATE INDEX ON {table} USING gin (provider_ids);
    CREATE INDEX ON {table} USING gin (provider_request_ids) WHERE provider_request_ids <> '{}';
    CREATE INDEX ON {table} USING gin (failures) WHERE failures <> '{}';
    CREATE INDEX ON {table} USING brin (queued_at) WITH (autosummarize = on);
"""


class InstallRun(Struct, frozen=True, kw_only=True, rename="camel"):
    """A run as people see it. `failures` counts failed targets by code; `position` is that of the newest event in it.

    `reason` is the code of what a person should know beside the tally; that it is to be cancelled it says before it has ended.
    `retried_by` is the last run that tries again what failed here, `rollback_of` the one whose work this one takes back.
    """

    id: UUID
    kind: RunKind
    status: RunStatus
    reason: Code | None = None
    skill: SkillPin
    policy: Policy
    targets: tuple[RunTarget, ...]
    failures: dict[Code, int]
    requested_by: Actor
    retry_of: UUID | None = None
    retried_by: UUID | None = None
    rollback_of: UUID | None = None
    rollback: Rollback | None = None
    queued_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    correlation_id: UUID
    position: int


class InstallRunRow(InstallRun, frozen=True, kw_only=True, rename="camel"):
    """What the lists filter and sort by comes on top. `provider_request_ids` are those of all failed attempts."""

    skill_id: UUID
    provider_ids: tuple[UUID, ...]
    provider_request_ids: tuple[str, ...] = ()
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
        rows.put(_followed(row, recorded))
        return
    match event:
        case RunStarted():
            rows.put(replace(row, status=RunStatus.RUNNING, started_at=recorded.at))
        case RunCancelRequested():
            rows.put(replace(row, reason=Code.RUN_CANCELLED))
        case RollbackRequested(run_id=None):
            rows.put(_taken_back(row, event))
        case RunSucceeded() | RunFailed() | RunPartiallyFailed():
            failures = {} if isinstance(event, RunSucceeded) else event.failures
            ended = replace(row, status=ENDINGS[type(event)], reason=event.reason, failures=failures)
            rows.put(replace(ended, finished_at=recorded.at))
        case _:
            rows.put(_advanced(row, recorded))


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
        retry_of=event.retry_of,
        rollback_of=event.rollback_of,
        queued_at=recorded.at,
        correlation_id=recorded.correlation_id,
        position=recorded.position,
        skill_id=event.skill.id,
        provider_ids=tuple(target.id for target in event.targets),
        actor_id=recorded.actor.id,
        queued_position=recorded.position,
    )


def _followed(row: InstallRunRow, recorded: Recorded) -> InstallRunRow:
    """After the end: what other runs have come of it, and how they went. It never changes how the run itself went."""
    match recorded.event:
        case RunRetried(run_id=run_id):
            return replace(row, retried_by=run_id)
        case RollbackRequested() | ProviderRolledBack() | ProviderRollbackFailed() as event if event.run_id is not None:
            return _with_rollback(row, event)
        case _:
            raise ImpossibleHistoryError(f"{recorded.name} after run {row.id} has ended")


def _taken_back(row: InstallRunRow, event: RollbackRequested) -> InstallRunRow:
    """These targets are to be worked on once more."""
    undone = {undo.provider_id for undo in event.undoes}
    targets = tuple(
        replace(target, status=TargetStatus.QUEUED) if target.provider.id in undone else target
        for target in row.targets
    )
    return replace(_with_rollback(row, event), targets=targets)


def _advanced(row: InstallRunRow, recorded: Recorded) -> InstallRunRow:
    """One of its targets has come further."""
    event = recorded.event
    provider_id = getattr(event, "provider_id", None)
    before = next((target for target in row.targets if target.provider.id == provider_id), None)
    after = advance(before, event) if before else None
    if after is None:
        raise ImpossibleHistoryError(f"{recorded.name} about provider {provider_id} in run {row.id}")
    targets = tuple(after if target is before else target for target in row.targets)
    if isinstance(event, ProviderRolledBack | ProviderRollbackFailed):
        row = _with_rollback(row, event)
    known = row.provider_request_ids
    if after.provider_request_id is not None and after.provider_request_id not in known:
        known = (*known, after.provider_request_id)
    return replace(row, targets=targets, failures=_tally(targets), provider_request_ids=known)


def _with_rollback(row: InstallRunRow, event: RollbackEvent) -> InstallRunRow:
    targets = [target.provider for target in row.targets]
    return replace(row, rollback=taken_further(row.rollback, event, targets=targets))


def _tally(targets: Iterable[RunTarget]) -> dict[Code, int]:
    codes = [target.code for target in targets if target.status is TargetStatus.FAILED and target.code is not None]
    return dict(Counter(codes)) if codes else {}


INSTALL_RUNS: Final = ReadModel(
    name="install_runs",
    generation=4,
    schema=SCHEMA,
    events=members_of(RunEvent),
    row=InstallRunRow,
    key="id",
    keys=keys,
    project=project,
)
