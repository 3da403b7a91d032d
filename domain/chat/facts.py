"""What chat is told about the world: as much as its answers say, by names, and no text of a skill."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from domain.errors import Code
from domain.install_run.events import RunKind
from domain.install_run.state import RunStatus, TargetStatus
from domain.provider.events import ProviderKind


class SkillFact(Struct, frozen=True, kw_only=True):
    """`version` is the latest one."""

    id: UUID
    name: str
    version: int
    labels: dict[str, int]
    archived: bool


class ProviderFact(Struct, frozen=True, kw_only=True):
    """`code`: why its last verification failed."""

    id: UUID
    name: str
    kind: ProviderKind
    active: bool
    paused: bool
    code: Code | None


class TargetFact(Struct, frozen=True, kw_only=True):
    provider_id: UUID
    provider: str
    status: TargetStatus
    code: Code | None
    attempts: int
    next_attempt_at: datetime | None


class RunFact(Struct, frozen=True, kw_only=True):
    """`by` is the name of who asked for it, `by_id` the id of that key."""

    id: UUID
    kind: RunKind
    status: RunStatus
    reason: Code | None
    skill: str
    version: int
    targets: tuple[TargetFact, ...]
    by: str
    by_id: str
    queued_at: datetime
    finished_at: datetime | None
    retried_by: UUID | None


class InstallationFact(Struct, frozen=True, kw_only=True):
    """`run_id` put it there, at the request of `by`; `active_run_id` is at work on the pair."""

    id: UUID
    skill: str
    provider: str
    version: int
    drift: Literal["none", "missing", "changed", "unknown"]
    run_id: UUID
    at: datetime
    by: str
    active_run_id: UUID | None


class DeedFact(Struct, frozen=True, kw_only=True):
    """An entry of the audit log: `action` as there (`install_run.queued`)."""

    at: datetime
    by: str
    action: str
    target: str
    run_id: UUID | None


class SkillsFound(Struct, frozen=True, kw_only=True):
    """Of all these, `more`: there are others that were left out."""

    items: tuple[SkillFact, ...]
    more: bool = False


class ProvidersFound(Struct, frozen=True, kw_only=True):
    items: tuple[ProviderFact, ...]
    more: bool = False


class RunsFound(Struct, frozen=True, kw_only=True):
    items: tuple[RunFact, ...]
    more: bool = False


class InstallationsFound(Struct, frozen=True, kw_only=True):
    """`absent` are pairs that were asked after, (skill, provider), where nothing is installed."""

    items: tuple[InstallationFact, ...]
    absent: tuple[tuple[str, str], ...] = ()
    more: bool = False


class StatusFound(Struct, frozen=True, kw_only=True):
    """How it stands: what is at work or ended last, and what is live."""

    runs: tuple[RunFact, ...]
    installations: tuple[InstallationFact, ...]
    absent: tuple[tuple[str, str], ...] = ()
    more: bool = False


class DeedsFound(Struct, frozen=True, kw_only=True):
    items: tuple[DeedFact, ...]
    more: bool = False


class HelpFound(Struct, frozen=True, kw_only=True):
    """What can be said, with names that exist; None where there is none yet."""

    skill: str | None = None
    provider: str | None = None


Found = SkillsFound | ProvidersFound | RunsFound | InstallationsFound | StatusFound | DeedsFound | HelpFound
