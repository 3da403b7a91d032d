"""The audit log: one entry for every event, in words that stay: who did what to what, and how it went."""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from msgspec import Struct

from domain.access.events import AccessDenied, ApiKeyIssued, ApiKeyRevoked
from domain.alert.events import AlertEvent
from domain.catalog import EVENTS
from domain.chat.events import ChatCommandRejected, ChatEvent
from domain.chat.reasons import Reason
from domain.errors import Code
from domain.events import Actor, Recorded, UnknownEvent
from domain.evidence.events import EvidenceExported
from domain.install_run.events import (
    ProviderFailed,
    ProviderGivenUp,
    ProviderLeaseExpired,
    ProviderRefused,
    ProviderRollbackFailed,
    RunEvent,
    RunFailed,
    RunPartiallyFailed,
)
from domain.installation.events import (
    InstallationCheckFailed,
    InstallationDriftFound,
    InstallationEvent,
    InstallationReserved,
)
from domain.provider.events import ProviderConnected, ProviderEvent, ProviderVerificationFailed
from domain.skill.events import SkillEvent, SkillRegistered
from domain.store.events import StoreChecked
from projections.audit_actions import ACTIONS
from projections.read_model import ReadModel, UnknownEventError, members_of, noun_of
from projections.rows import Rows

# These events say only the stream of their skill or connection; its first one told the name.
NAMED_BEFORE: Final = members_of(SkillEvent, ProviderEvent) - {SkillRegistered, ProviderConnected}
# Most events are of runs, and all pass here: to look a class up is a fifth of asking for one of many after the other.
OF_RUNS: Final = members_of(RunEvent)
OF_INSTALLATIONS: Final = members_of(InstallationEvent)

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
    CREATE INDEX ON {table} (lower(target), position);
    CREATE INDEX ON {table} (result, position) WHERE result <> 'success';
    CREATE INDEX ON {table} (code, position) WHERE code IS NOT NULL;
    CREATE INDEX ON {table} (subject, position) WHERE subject IS NOT NULL;
    CREATE INDEX ON {table} (request_id);
    CREATE INDEX ON {table} (correlation_id);
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
    kind = type(recorded.event)
    return (recorded.stream,) if kind in NAMED_BEFORE or kind in OF_INSTALLATIONS else ()


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
    kind = type(recorded.event)
    if kind in OF_RUNS:
        return f"install_run:{recorded.stream}", None
    if kind in NAMED_BEFORE:
        return rows.require(recorded.stream).target, recorded.stream
    if kind in OF_INSTALLATIONS:
        return _installation(recorded, rows), recorded.stream
    return _told(recorded)


def _told(recorded: Recorded) -> tuple[str, UUID | None]:
    """Of an event that says itself what it is about."""
    match recorded.event:
        case SkillRegistered(name=name):
            return f"skill:{name}", recorded.stream
        case ProviderConnected(name=name):
            return f"provider:{name}", recorded.stream
        case ApiKeyIssued(key_id=key_id) | ApiKeyRevoked(key_id=key_id):
            return f"api_key:{key_id}", None
        case AccessDenied(method=method, path=path):
            return f"route:{method} {path}", None
        case EvidenceExported(kind=kind):
            return f"export:{kind}", None
        case event if isinstance(event, AlertEvent):
            return f"alert:{event.rule}@{event.subject}", None
        case event if isinstance(event, ChatEvent):
            return f"chat_action:{recorded.stream}", None
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
    """A run that failed for several reasons has the code of the one that tells most, if it says which; its targets' entries
    have one each.
    """
    match recorded.event:
        case AccessDenied(code=code):
            return "denied", code
        case ChatCommandRejected(reason=reason, code=code):
            return ("denied" if reason is Reason.FORBIDDEN else "failure"), code
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
        case StoreChecked(drifted=drifted, unknown=unknown) if drifted or unknown:
            return "failure", None
        case RunFailed(failures=failures, reason=reason) | RunPartiallyFailed(failures=failures, reason=reason):
            return "failure", next(iter(failures)) if len(failures) == 1 else reason
        case _:
            return "success", None


AUDIT_LOG: Final = ReadModel(
    name="audit_log",
    generation=7,
    schema=SCHEMA,
    events=frozenset((*EVENTS, UnknownEvent)),
    row=AuditRow,
    key="subject",
    keys=keys,
    append_only=True,
    project=project,
)
