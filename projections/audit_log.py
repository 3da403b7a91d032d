"""The audit log: one entry for every event, in words that stay: who did what to what, and how it went."""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from msgspec import Struct

from domain.access.events import AccessDenied, ApiKeyIssued
from domain.catalog import EVENTS
from domain.errors import Code
from domain.events import Actor, Recorded, UnknownEvent
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
    RunFailed,
    RunPartiallyFailed,
    RunQueued,
    RunRetried,
    RunStarted,
    RunSucceeded,
)
from domain.installation.events import (
    InstallationAwaited,
    InstallationChanged,
    InstallationCheckFailed,
    InstallationDriftFound,
    InstallationEvent,
    InstallationReceiptLate,
    InstallationReleased,
    InstallationRemoved,
    InstallationReserved,
    InstallationSwept,
    InstallationVerified,
    InstallationWithdrawn,
)
from domain.provider.events import (
    ProviderActivated,
    ProviderConnected,
    ProviderCredentialChanged,
    ProviderDeactivated,
    ProviderEvent,
    ProviderPaused,
    ProviderReconfigured,
    ProviderResumed,
    ProviderVerificationFailed,
    ProviderVerified,
)
from domain.skill.events import (
    SkillArchived,
    SkillEvent,
    SkillLabelled,
    SkillRegistered,
    SkillUnarchived,
    SkillVersionPublished,
)
from projections.read_model import ReadModel, UnknownEventError, members_of, noun_of
from projections.rows import Rows

# People search for these and export them, so an action keeps its name whatever becomes of the event's.
ACTIONS: Final[dict[str, str]] = {
    SkillRegistered.TOPIC: "skill.registered",
    SkillVersionPublished.TOPIC: "skill.version_published",
    SkillLabelled.TOPIC: "skill.labelled",
    SkillArchived.TOPIC: "skill.archived",
    SkillUnarchived.TOPIC: "skill.unarchived",
    ProviderConnected.TOPIC: "provider.connected",
    ProviderReconfigured.TOPIC: "provider.reconfigured",
    ProviderCredentialChanged.TOPIC: "provider.credential_changed",
    ProviderVerified.TOPIC: "provider.verified",
    ProviderVerificationFailed.TOPIC: "provider.verification_failed",
    ProviderActivated.TOPIC: "provider.activated",
    ProviderDeactivated.TOPIC: "provider.deactivated",
    ProviderPaused.TOPIC: "provider.paused",
    ProviderResumed.TOPIC: "provider.resumed",
    RunQueued.TOPIC: "install_run.queued",
    RunStarted.TOPIC: "install_run.started",
    ProviderRefused.TOPIC: "install_run.provider_refused",
    ProviderStarted.TOPIC: "install_run.provider_started",
    ProviderSucceeded.TOPIC: "install_run.provider_succeeded",
    ProviderFailed.TOPIC: "install_run.provider_failed",
    ProviderRetryScheduled.TOPIC: "install_run.provider_retry_scheduled",
    ProviderLeaseExpired.TOPIC: "install_run.provider_lease_expired",
    ProviderRescued.TOPIC: "install_run.provider_rescued",
    ProviderGivenUp.TOPIC: "install_run.provider_given_up",
    RunCancelRequested.TOPIC: "install_run.cancel_requested",
    RunRetried.TOPIC: "install_run.retried",
    RollbackRequested.TOPIC: "install_run.rollback_requested",
    ProviderRolledBack.TOPIC: "install_run.provider_rolled_back",
    ProviderRollbackFailed.TOPIC: "install_run.provider_rollback_failed",
    RunSucceeded.TOPIC: "install_run.succeeded",
    RunFailed.TOPIC: "install_run.failed",
    RunPartiallyFailed.TOPIC: "install_run.partially_failed",
    InstallationAwaited.TOPIC: "installation.awaited",
    InstallationWithdrawn.TOPIC: "installation.withdrawn",
    InstallationReserved.TOPIC: "installation.reserved",
    InstallationChanged.TOPIC: "installation.changed",
    InstallationRemoved.TOPIC: "installation.removed",
    InstallationVerified.TOPIC: "installation.verified",
    InstallationDriftFound.TOPIC: "installation.drift_found",
    InstallationCheckFailed.TOPIC: "installation.check_failed",
    InstallationReceiptLate.TOPIC: "installation.receipt_late",
    InstallationSwept.TOPIC: "installation.swept",
    InstallationReleased.TOPIC: "installation.released",
    ApiKeyIssued.TOPIC: "api_key.issued",
    AccessDenied.TOPIC: "access.denied",
}

# These events say only the stream of their skill or connection; its first one told the name.
NAMED_BEFORE: Final = members_of(SkillEvent, ProviderEvent) - {SkillRegistered, ProviderConnected}

SCHEMA: Final = """
    CREATE TABLE {table} (
        position       bigint PRIMARY KEY,
        at             timestamptz NOT NULL,
        actor          jsonb       NOT NULL,
        action         text        NOT NULL,
        target         text        NOT NULL,
        result         text        NOT NULL,
        code           text,
        request_id     text        NOT NULL,
        correlation_id uuid        NOT NULL,
        actor_id       text        NOT NULL,
        subject        uuid
    );
    CREATE INDEX ON {table} (actor_id, position);
    CREATE INDEX ON {table} (action, position);
    CREATE INDEX ON {table} (target, position);
    CREATE INDEX ON {table} (result, position) WHERE result <> 'success';
    CREATE INDEX ON {table} (code, position) WHERE code IS NOT NULL;
    CREATE INDEX ON {table} (subject, position) WHERE subject IS NOT NULL;
    CREATE INDEX ON {table} USING brin (at) WITH (autosummarize = on);
"""

Result = Literal["success", "failure", "denied"]


class AuditEntry(Struct, frozen=True, kw_only=True, rename="camel"):
    """`target` is a noun and a name or id: `skill:kbo-results`, `installation:kbo-results@claude`, `install_run:0198...`."""

    position: int
    at: datetime
    actor: Actor
    action: str
    target: str
    result: Result
    code: Code | None
    request_id: str
    correlation_id: UUID


class AuditRow(AuditEntry, frozen=True, kw_only=True, rename="camel"):
    """`subject` is the stream of a thing with a name, by which the entries of its later events find that name."""

    actor_id: str
    subject: UUID | None


def keys(recorded: Recorded) -> tuple[UUID, ...]:
    if isinstance(recorded.event, InstallationReserved):
        return (recorded.stream, recorded.event.skill_id, recorded.event.provider_id)
    named = type(recorded.event) in NAMED_BEFORE or isinstance(recorded.event, InstallationEvent)
    return (recorded.stream,) if named else ()


def project(recorded: Recorded, rows: Rows[AuditRow]) -> None:
    if isinstance(recorded.event, UnknownEvent):
        raise UnknownEventError(recorded.event)
    target, subject = _target(recorded, rows)
    result, code = _result(recorded)
    rows.put(
        AuditRow(
            position=recorded.position,
            at=recorded.at,
            actor=recorded.actor,
            action=ACTIONS[recorded.topic],
            target=target,
            result=result,
            code=code,
            request_id=recorded.request_id,
            correlation_id=recorded.correlation_id,
            actor_id=recorded.actor.id,
            subject=subject,
        )
    )


def _target(recorded: Recorded, rows: Rows[AuditRow]) -> tuple[str, UUID | None]:
    if type(recorded.event) in NAMED_BEFORE:
        return rows.require(recorded.stream).target, recorded.stream
    match recorded.event:
        case SkillRegistered(name=name):
            return f"skill:{name}", recorded.stream
        case ProviderConnected(name=name):
            return f"provider:{name}", recorded.stream
        case ApiKeyIssued(key_id=key_id):
            return f"api_key:{key_id}", None
        case AccessDenied(method=method, path=path):
            return f"route:{method} {path}", None
        case event if isinstance(event, InstallationEvent):
            return _installation(recorded, rows), recorded.stream
        case _:
            return f"{noun_of(recorded.topic)}:{recorded.stream}", None


def _installation(recorded: Recorded, rows: Rows[AuditRow]) -> str:
    """`installation:kbo-results@claude`; a pair's first event says which skill and connection it is of."""
    if (before := rows.get(recorded.stream)) is not None:
        return before.target
    if isinstance(recorded.event, InstallationReserved):
        skill, provider = rows.get(recorded.event.skill_id), rows.get(recorded.event.provider_id)
        if skill is not None and provider is not None:
            return f"installation:{skill.target.partition(':')[2]}@{provider.target.partition(':')[2]}"
    return f"installation:{recorded.stream}"


def _result(recorded: Recorded) -> tuple[Result, Code | None]:
    """A run that failed for several reasons has no single code; its targets' entries have one each."""
    match recorded.event:
        case AccessDenied(code=code):
            return "denied", code
        case (
            ProviderVerificationFailed(code=code)
            | ProviderFailed(code=code)
            | ProviderRefused(code=code)
            | ProviderGivenUp(code=code)
            | ProviderRollbackFailed(code=code)
            | InstallationCheckFailed(code=code)
        ):
            return "failure", code
        case ProviderLeaseExpired():
            return "failure", Code.RUN_LEASE_EXPIRED
        case InstallationDriftFound():
            return "failure", None
        case RunFailed(failures=failures) | RunPartiallyFailed(failures=failures):
            return "failure", next(iter(failures)) if len(failures) == 1 else None
        case _:
            return "success", None


AUDIT_LOG: Final = ReadModel(
    name="audit_log",
    generation=3,
    schema=SCHEMA,
    events=frozenset((*EVENTS, UnknownEvent)),
    row=AuditRow,
    key="subject",
    keys=keys,
    append_only=True,
    project=project,
)
