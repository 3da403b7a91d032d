"""Runs, targets and outcomes in few words; ids are small numbers, so that a failure is easy to read."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from domain.errors import Code
from domain.install_run.events import (
    ProviderFailed,
    ProviderGivenUp,
    ProviderLeaseExpired,
    ProviderRefused,
    ProviderRetryScheduled,
    ProviderStarted,
    ProviderSucceeded,
    RunQueued,
    SkillPin,
    Target,
)
from domain.install_run.policy import Policy
from domain.installation.events import Receipt

NOON: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
LEASE_UNTIL: Final = NOON + timedelta(seconds=90)

DIGEST: Final = f"sha256:{'ab' * 32}"
SKILL_ID: Final = UUID(int=1)
PIN: Final = SkillPin(id=SKILL_ID, name="release-notes", version=2, digest=DIGEST, ref="latest")
RECEIPT: Final = Receipt(remote_id="skill_1", remote_version="1")

OPENAI: Final = Target(id=UUID(int=11), name="openai", kind="openai")
CLAUDE: Final = Target(id=UUID(int=12), name="claude", kind="claude")
GEMINI: Final = Target(id=UUID(int=13), name="gemini", kind="gemini")

FIRST: Final = UUID(int=101)
SECOND: Final = UUID(int=102)
THIRD: Final = UUID(int=103)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def queued(*targets: Target, policy: Policy | None = None, **more: Any) -> RunQueued:
    """Without deadlines, unless they are said."""
    return RunQueued(skill=PIN, targets=targets, policy=policy or Policy(), **more)


def started(target: Target = OPENAI, *, attempt_id: UUID = FIRST, attempt: int = 1) -> ProviderStarted:
    return ProviderStarted(
        provider_id=target.id, attempt_id=attempt_id, attempt=attempt, since=NOON, lease_until=LEASE_UNTIL
    )


def succeeded(target: Target = OPENAI, *, attempt_id: UUID = FIRST) -> ProviderSucceeded:
    return ProviderSucceeded(provider_id=target.id, attempt_id=attempt_id, receipt=RECEIPT)


def failed(
    target: Target = OPENAI,
    *,
    attempt_id: UUID = FIRST,
    code: Code = Code.PROVIDER_TOO_LARGE,
    retryable: bool = False,
    ambiguous: bool = False,
    retry_after_seconds: float | None = None,
    final: bool = True,
) -> ProviderFailed:
    return ProviderFailed(
        provider_id=target.id,
        attempt_id=attempt_id,
        code=code,
        message="The provider said no.",
        retryable=retryable,
        ambiguous=ambiguous,
        retry_after_seconds=retry_after_seconds,
        final=final,
    )


def retry_scheduled(
    target: Target = OPENAI, *, attempt: int = 2, due_at: datetime = NOON + timedelta(seconds=1)
) -> ProviderRetryScheduled:
    return ProviderRetryScheduled(provider_id=target.id, attempt=attempt, due_at=due_at)


def lease_expired(target: Target = OPENAI, *, attempt_id: UUID = FIRST, final: bool = False) -> ProviderLeaseExpired:
    return ProviderLeaseExpired(provider_id=target.id, attempt_id=attempt_id, lease_until=LEASE_UNTIL, final=final)


def given_up(target: Target = OPENAI, *, code: Code, message: str) -> ProviderGivenUp:
    return ProviderGivenUp(provider_id=target.id, code=code, message=message)


def refused(target: Target, *, code: Code = Code.PROVIDER_TOO_LARGE) -> ProviderRefused:
    return ProviderRefused(provider_id=target.id, code=code, message="The provider would say no.")
