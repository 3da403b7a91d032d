"""The server's answers, as much of them as is shown: words stay text, so that a newer server's new ones do not break an older command."""

from datetime import datetime
from typing import Any, Final, TypeVar

from msgspec import Struct, ValidationError, convert

from workers.terminal.failures import failure

ENDED: Final = frozenset({"success", "failed", "partial_failed"})

Shape = TypeVar("Shape")


class Answered(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is not named here is left out."""


class Page(Answered, frozen=True, kw_only=True):
    items: list[Any]
    next_cursor: str | None = None
    stale: bool = False


class Named(Answered, frozen=True, kw_only=True):
    """Who did it, or where: an actor or a provider in short."""

    id: str
    name: str
    kind: str


class SkillFile(Answered, frozen=True, kw_only=True):
    path: str
    size: int
    sha256: str = ""


class Finding(Answered, frozen=True, kw_only=True):
    code: str
    severity: str
    path: str
    message: str


class Origin(Answered, frozen=True, kw_only=True):
    source: str
    url: str | None = None
    ref: str | None = None
    commit: str | None = None
    path: str | None = None


class SkillVersion(Answered, frozen=True, kw_only=True):
    version: int
    digest: str
    at: datetime
    description: str = ""
    origin: Origin | None = None
    findings: tuple[Finding, ...] = ()
    files: tuple[SkillFile, ...] = ()


class Skill(Answered, frozen=True, kw_only=True):
    """`versions` are there when it is shown alone, `registered` when it was just sent."""

    id: str
    name: str
    description: str
    version: int
    digest: str
    created_at: datetime
    labels: dict[str, int] = {}
    findings: tuple[Finding, ...] = ()
    archived: bool = False
    versions: tuple[SkillVersion, ...] = ()
    registered: SkillVersion | None = None


class Verification(Answered, frozen=True, kw_only=True):
    status: str
    code: str | None = None
    message: str | None = None
    at: datetime | None = None


class Provider(Answered, frozen=True, kw_only=True):
    id: str
    name: str
    kind: str
    active: bool
    verification: Verification
    base_url: str
    concurrency_max: int
    shelved: bool = False
    organization: str | None = None
    project: str | None = None
    base_agent: str | None = None
    paused: bool = False
    paused_until: datetime | None = None
    paused_by: str | None = None


class ApiKey(Answered, frozen=True, kw_only=True):
    """`key` is there when it was just issued."""

    id: str
    name: str
    role: str
    status: str
    created_at: datetime
    created_by: Named
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    revoked_by: Named | None = None
    key: str | None = None


class PinnedSkill(Answered, frozen=True, kw_only=True):
    name: str
    version: int
    digest: str
    ref: str


class Receipt(Answered, frozen=True, kw_only=True):
    remote_id: str
    remote_version: str | None = None


class Target(Answered, frozen=True, kw_only=True):
    provider: Named
    status: str
    attempts: int = 0
    code: str | None = None
    message: str | None = None
    retryable: bool | None = None
    next_attempt_at: datetime | None = None
    provider_request_id: str | None = None
    receipt: Receipt | None = None
    rescues: int = 0


class UndoneTarget(Answered, frozen=True, kw_only=True):
    """One provider where the work of a run is taken back; `version` is what is there instead, if anything is."""

    provider: Named
    status: str
    version: int | None = None
    code: str | None = None


class Rollback(Answered, frozen=True, kw_only=True):
    """`run_id` is the run that takes it back, None if the run itself does."""

    run_id: str | None = None
    targets: tuple[UndoneTarget, ...] = ()


class Run(Answered, frozen=True, kw_only=True):
    """`reused` is said in the answer to a request only: a run that did exactly this was there already."""

    id: str
    kind: str = "install"
    status: str
    skill: PinnedSkill
    targets: tuple[Target, ...]
    failures: dict[str, int] = {}
    requested_by: Named
    queued_at: datetime
    reason: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    retry_of: str | None = None
    retried_by: str | None = None
    rollback_of: str | None = None
    rollback: Rollback | None = None
    reused: bool = False

    @property
    def ended(self) -> bool:
        return self.status in ENDED


class InstalledSkill(Answered, frozen=True, kw_only=True):
    id: str
    name: str


class Remote(Answered, frozen=True, kw_only=True):
    id: str
    version: str | None = None


class Installation(Answered, frozen=True, kw_only=True):
    id: str
    skill: InstalledSkill
    provider: Named
    version: int
    digest: str
    remote: Remote
    run_id: str
    at: datetime
    drift: str
    verified_at: datetime | None = None
    code: str | None = None
    message: str | None = None
    usage: str = ""
    active_run_id: str | None = None


class Refusal(Answered, frozen=True, kw_only=True):
    code: str
    message: str
    path: str | None = None


class PreviewedTarget(Answered, frozen=True, kw_only=True):
    provider: Named
    accepted: bool
    refusals: tuple[Refusal, ...] = ()
    paused: bool = False
    installed_version: int | None = None
    active_run_id: str | None = None


class PreviewedRun(Answered, frozen=True, kw_only=True):
    """What a dry run is answered with."""

    skill: PinnedSkill
    targets: tuple[PreviewedTarget, ...]


class Event(Answered, frozen=True, kw_only=True):
    position: int
    event: str
    at: datetime
    actor: Named
    id: str = ""
    stream: str = ""
    causation_id: str | None = None
    data: dict[str, Any] = {}


class AuditEntry(Answered, frozen=True, kw_only=True):
    position: int
    at: datetime
    actor: Named
    action: str
    target: str
    result: str
    code: str | None = None


class Alert(Answered, frozen=True, kw_only=True):
    id: str
    rule: str
    severity: str
    status: str
    subject: str
    raised_at: datetime
    notified_at: datetime
    times: int
    facts: dict[str, Any] = {}
    resolved_at: datetime | None = None
    runbook: str = ""


def understood(body: object, shape: type[Shape]) -> Shape:
    """Raises Failure for an answer that is not what this version of the command reads."""
    try:
        return convert(body, shape)
    except ValidationError as error:
        detail = f"The server's answer is not what this version of the command reads: {error}."
        raise failure("bad_response:api", detail, title="Unknown answer") from error
