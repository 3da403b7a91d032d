"""The targets of an install run, as people see them: what was tried at each provider, and what came of it."""

from datetime import datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from domain.errors import Code
from domain.events import Event
from domain.install_run.ending import TAKEN_BACK
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
    Target,
)
from domain.install_run.state import TargetStatus
from domain.installation.events import Receipt

LEASE_EXPIRED: Final = "Nothing was heard of the attempt before its lease expired."


class RunTarget(Struct, frozen=True, kw_only=True, rename="camel"):
    """`code`, `message`, `retryable` and `provider_request_id` are those of its last failure, until the next attempt begins. One
    that succeeded has them too if its work was to be taken back and could not be.

    `rescues`: how often it stood still and was set going again. `next_attempt_at`: it waits until then.
    """

    provider: Target
    status: TargetStatus = TargetStatus.QUEUED
    attempts: int = 0
    rescues: int = 0
    code: Code | None = None
    message: str | None = None
    retryable: bool | None = None
    next_attempt_at: datetime | None = None
    provider_request_id: str | None = None
    receipt: Receipt | None = None


def advance(target: RunTarget, event: Event) -> RunTarget | None:
    """The target after one of its events; None for an event that is not about what its run does there."""
    match event:
        case ProviderStarted(attempt=attempt):
            return replace(_cleared(target), status=TargetStatus.RUNNING, attempts=attempt)
        case ProviderRetryScheduled(due_at=due_at):
            return replace(target, status=TargetStatus.QUEUED, next_attempt_at=due_at)
        case ProviderRescued():
            return replace(target, rescues=target.rescues + 1)
        case ProviderSucceeded(receipt=receipt):
            return replace(_cleared(target), status=TargetStatus.SUCCESS, receipt=receipt)
        case ProviderRolledBack(run_id=None):
            undone = replace(_cleared(target), status=TargetStatus.FAILED, receipt=None)
            return replace(undone, code=Code.RUN_ROLLED_BACK, message=TAKEN_BACK, retryable=False)
        case _:
            return _failed(target, event)


def _failed(target: RunTarget, event: Event) -> RunTarget | None:
    """What the provider said last stays beside a target that was given up after it."""
    match event:
        case ProviderFailed(code=code, message=message):
            return replace(
                target,
                status=TargetStatus.FAILED if event.final else TargetStatus.QUEUED,
                code=code,
                message=message,
                retryable=event.retryable,
                provider_request_id=event.provider_request_id,
            )
        case ProviderLeaseExpired():
            expired = replace(_cleared(target), status=TargetStatus.FAILED if event.final else TargetStatus.QUEUED)
            code = Code.RUN_LEASE_EXPIRED
            return replace(expired, rescues=target.rescues + 1, code=code, message=LEASE_EXPIRED, retryable=True)
        case ProviderRefused(code=code, message=message):
            return replace(target, status=TargetStatus.FAILED, code=code, message=message, retryable=False)
        case ProviderGivenUp(code=code, message=message):
            left = replace(target, status=TargetStatus.FAILED, next_attempt_at=None)
            return replace(left, code=code, message=message)
        case ProviderRollbackFailed(run_id=None, code=code, message=message):
            left = replace(target, status=TargetStatus.SUCCESS, next_attempt_at=None)
            return replace(left, code=code, message=message)
        case _:
            return None


def _cleared(target: RunTarget) -> RunTarget:
    """Of what went wrong before nothing counts any more."""
    return RunTarget(
        provider=target.provider,
        attempts=target.attempts,
        rescues=target.rescues,
        receipt=target.receipt,
    )
