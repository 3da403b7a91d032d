"""What answers look like, for the OpenAPI document: the structs themselves, so that an example cannot say what no answer says."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final, get_args, get_origin
from uuid import UUID

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from adapters.http.health import CheckReport, Liveness, Readiness
from adapters.http.openapi_alert_examples import DELIVERY
from adapters.http.openapi_chat_examples import CHAT, CHAT_ACTION
from adapters.http.openapi_evidence_examples import CONSISTENCY
from adapters.http.openapi_example_facts import (
    AT,
    CORRELATION_ID,
    CURSOR,
    DIGEST,
    EVENT_ID,
    OPENAI_ID,
    OPERATOR,
    REQUEST_ID,
    RUN_ID,
    SKILL_ID,
    SKILL_NAME,
)
from adapters.http.openapi_replay_examples import CAUSES, DIFF, STATE
from adapters.http.resources import (
    AlertAnswer,
    ApiKeyAnswer,
    ChatActionAnswer,
    InstallationAnswer,
    InstallRunAnswer,
    InstallRunPreview,
    IssuedApiKey,
    ProviderAnswer,
    RegisteredSkill,
    RequestedInstallRun,
    SkillAnswer,
    TargetPreview,
    shown_as,
)
from domain.alert.rules import RuleName, Severity
from domain.errors import Code
from domain.events import Actor, Role
from domain.install_run.events import SkillPin, Target
from domain.install_run.policy import Policy
from domain.install_run.preflight import Refusal
from domain.install_run.state import RunStatus, TargetStatus
from domain.installation.events import Receipt
from domain.skill.events import ManifestEntry, Origin
from projections.audit_log import AuditEntry
from projections.install_run_targets import RunTarget
from projections.install_runs import InstallRun
from projections.providers import Provider, Verification
from projections.run_history import HistoryEvent
from projections.skills import Skill, SkillVersion, SkillWithVersions
from queries.alert_view import Alert, runbook_of
from queries.api_key_view import ApiKey, KeyStatus
from queries.installation_view import Installation, ProviderName, Remote, SkillName
from queries.paging import Page

VERSION: Final = SkillVersion(
    version=2,
    digest=DIGEST,
    description="Tells how KBO games ended, with the line score.",
    at=AT,
    origin=Origin(
        source="git",
        url="https://git.example/team/skills",
        ref="main",
        commit="b3f1c6f6a2f8d0d1c7a55e4a6e9e6b3d5f0f6a7b",
        path="skills/kbo-results",
    ),
    findings=(),
    files=(
        ManifestEntry(
            path="SKILL.md", sha256="a142a989942a7348ea547e29abcce5874b0cf2af36792d44b8f25731604502e6", size=102
        ),
    ),
)
SKILL: Final = SkillWithVersions(
    id=SKILL_ID,
    name=SKILL_NAME,
    description=VERSION.description,
    version=VERSION.version,
    digest=DIGEST,
    labels={"stable": 2},
    findings=(),
    archived=False,
    created_at=AT - timedelta(days=7),
    position=40,
    versions=(VERSION,),
)
PIN: Final = SkillPin(id=SKILL_ID, name=SKILL.name, version=2, digest=DIGEST, ref="stable")
OPENAI: Final = Target(id=OPENAI_ID, name="openai", kind="openai")
PROVIDER: Final = Provider(
    id=OPENAI_ID,
    name=OPENAI.name,
    kind=OPENAI.kind,
    active=True,
    shelved=False,
    verification=Verification(status="ok", at=AT),
    base_url="https://api.openai.com/v1",
    organization=None,
    project=None,
    base_agent=None,
    concurrency_max=4,
    position=12,
)
QUEUED_RUN: Final = InstallRun(
    id=RUN_ID,
    kind="install",
    status=RunStatus.QUEUED,
    skill=PIN,
    policy=Policy(),
    targets=(RunTarget(provider=OPENAI),),
    failures={},
    requested_by=OPERATOR,
    queued_at=AT,
    correlation_id=CORRELATION_ID,
    position=41,
)
INSTALLED: Final = RunTarget(
    provider=OPENAI,
    status=TargetStatus.SUCCESS,
    attempts=1,
    receipt=Receipt(remote_id="skill_68f0c0ffee", remote_version="1"),
)
RUN: Final = replace(
    QUEUED_RUN,
    status=RunStatus.SUCCESS,
    targets=(INSTALLED,),
    started_at=AT + timedelta(seconds=1),
    finished_at=AT + timedelta(seconds=3),
    position=47,
)
INSTALLATION: Final = Installation(
    id=UUID("1cd90fb3-190c-5840-8c02-28cb6f7d07cb"),
    skill=SkillName(id=SKILL_ID, name=SKILL.name),
    provider=ProviderName(id=OPENAI_ID, name=OPENAI.name, kind=OPENAI.kind),
    version=2,
    digest=DIGEST,
    remote=Remote(id="skill_68f0c0ffee", version="1"),
    run_id=RUN_ID,
    at=AT + timedelta(seconds=3),
    drift="none",
    verified_at=None,
    code=None,
    message=None,
    usage='{"type": "skill_reference", "skill_id": "skill_68f0c0ffee"}',
    active_run_id=None,
    position=47,
)
REFUSAL: Final = Refusal(
    code=Code.PROVIDER_INVALID_SKILL, message="OpenAI takes one SKILL.md.", path="examples/SKILL.md"
)
PREVIEW: Final = InstallRunPreview(
    skill=PIN,
    policy=Policy(),
    targets=(
        TargetPreview(
            provider=OPENAI,
            accepted=False,
            code=REFUSAL.code,
            message=REFUSAL.message,
            refusals=(REFUSAL,),
            paused=False,
            installed_version=1,
            active_run_id=None,
        ),
    ),
)
EVENT: Final = HistoryEvent(
    id=EVENT_ID,
    position=42,
    event="RunStarted",
    stream=RUN_ID,
    version=2,
    at=AT + timedelta(seconds=1),
    actor=Actor(kind="system", id="installer", name="installer"),
    request_id=REQUEST_ID,
    correlation_id=CORRELATION_ID,
    causation_id=UUID("019d33dd-8e40-7070-8c02-28cb6f7d07cb"),
    data=msgspec.Raw(b"{}"),
)
ENTRY: Final = AuditEntry(
    position=41,
    at=AT,
    actor=OPERATOR,
    action="install_run.queued",
    target=f"install_run:{RUN_ID}",
    result="success",
    code=None,
    request_id=REQUEST_ID,
    correlation_id=CORRELATION_ID,
)
KEY: Final = ApiKey(
    id=OPERATOR.id,
    name=OPERATOR.name,
    role=Role.OPERATOR,
    created_at=AT - timedelta(days=7),
    created_by=Actor(kind="api_key", id="admin", name="First admin", role=Role.ADMIN),
    expires_at=AT + timedelta(days=83),
    last_used_at=AT,
    revoked_at=None,
    revoked_by=None,
    status=KeyStatus.ACTIVE,
    position=8,
)
ALERT: Final = Alert(
    id=UUID("019d33dd-9a10-7b5e-9d2c-5f1e0c4b7a31"),
    rule=RuleName.REPEATED_FAILURES,
    severity=Severity.WARNING,
    status="open",
    subject="provider:openai",
    facts={"failures": 5, "windowSeconds": 900, "code": "overloaded:provider", "lastRunId": str(RUN_ID)},
    raised_at=AT,
    notified_at=AT,
    times=1,
    position=48,
    runbook=runbook_of(RuleName.REPEATED_FAILURES),
)
REPORTS: Final = tuple(
    CheckReport(name=name, status="ok", detail=None, lag_events=0, parked=()) for name in ("database", "projector")
)

ANSWERS: Final[tuple[Struct, ...]] = (
    shown_as(Skill, SKILL),
    shown_as(SkillAnswer, SKILL, stale=False),
    shown_as(RegisteredSkill, SKILL, registered=VERSION),
    VERSION,
    PROVIDER,
    shown_as(ProviderAnswer, PROVIDER, stale=False),
    RUN,
    shown_as(InstallRunAnswer, RUN, stale=False),
    shown_as(RequestedInstallRun, QUEUED_RUN, reused=False),
    PREVIEW,
    INSTALLATION,
    shown_as(InstallationAnswer, INSTALLATION, stale=False),
    EVENT,
    STATE,
    DIFF,
    CAUSES,
    CONSISTENCY,
    ENTRY,
    ALERT,
    shown_as(AlertAnswer, ALERT, stale=False),
    DELIVERY,
    KEY,
    shown_as(ApiKeyAnswer, KEY, stale=False),
    shown_as(IssuedApiKey, KEY, key="wb_...", last_used_at=None),
    CHAT,
    CHAT_ACTION,
    shown_as(ChatActionAnswer, CHAT_ACTION, stale=False),
    Liveness(),
    Readiness(status="ready", checks=REPORTS),
)
BY_KIND: Final[Mapping[type[Struct], Struct]] = {type(answer): answer for answer in ANSWERS}
# What the same struct says under another status.
BY_STATUS: Final[Mapping[tuple[type[Struct], int], Struct]] = {
    (RequestedInstallRun, 200): shown_as(RequestedInstallRun, QUEUED_RUN, reused=True),
    (Readiness, 503): Readiness(
        status="unavailable",
        checks=tuple(replace(report, status="failed", detail="The database does not answer.") for report in REPORTS),
    ),
}


def examples_of(kinds: Iterable[Any], *, status: int) -> dict[str, Any]:
    """By the name of the struct, as JSON; nothing for a type that has none."""
    found = {_name(kind): _example(kind, status) for kind in kinds}
    return {name: {"value": msgspec.json.decode(msgspec.json.encode(value))} for name, value in found.items() if value}


def _example(kind: Any, status: int) -> Struct | None:
    if get_origin(kind) is Page:
        item = BY_KIND.get(get_args(kind)[0])
        return Page(items=(item,), next_cursor=CURSOR, stale=False) if item else None
    return BY_STATUS.get((kind, status)) or BY_KIND.get(kind)


def _name(kind: Any) -> str:
    return f"{get_args(kind)[0].__name__}Page" if get_origin(kind) is Page else str(getattr(kind, "__name__", kind))
