"""What can happen to an install run and to each of its targets."""

from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

from msgspec import Struct

from domain.errors import Code
from domain.events import Event
from domain.install_run.policy import Policy
from domain.installation.events import Receipt
from domain.provider.events import ProviderKind

RunKind = Literal["install", "uninstall", "rollback"]


class SkillPin(Struct, frozen=True, kw_only=True, rename="camel"):
    """The version that a run is about. `ref` is what the person wrote; the rest is what it meant at that moment."""

    id: UUID
    name: str
    version: int
    digest: str
    ref: str


class Target(Struct, frozen=True, kw_only=True, rename="camel"):
    """One provider that a run is to change something at."""

    id: UUID
    name: str
    kind: ProviderKind


class Undo(Struct, frozen=True, kw_only=True, rename="camel"):
    """What one target goes back to: the version that was there before, or nothing at all if there was none."""

    provider_id: UUID
    version: int | None = None
    digest: str | None = None


def _never_tried_again(data: dict[str, Any]) -> dict[str, Any]:
    """Version 1 is from before there were retries: its runs had one attempt, and no timeouts but that of the attempt."""
    return {**data, "policy": {**data["policy"], "attemptsMax": 1}}


class RunQueued(Event, frozen=True, kw_only=True, rename="camel"):
    """A target that has not begun by `start_by` ends there, and the whole run at `end_by`.

    `retry_of` is the run whose failed targets this one tries again; a rollback says in `rollback_of` whose work it takes back,
    and in `undoes` what each target goes back to.
    """

    TOPIC = "install_run.run_queued"
    VERSION = 2
    UPCASTERS: ClassVar[dict[int, Any]] = {1: _never_tried_again}

    kind: RunKind = "install"
    skill: SkillPin
    targets: tuple[Target, ...]
    policy: Policy
    start_by: datetime | None = None
    end_by: datetime | None = None
    retry_of: UUID | None = None
    rollback_of: UUID | None = None
    undoes: tuple[Undo, ...] = ()


class RunStarted(Event, frozen=True, kw_only=True, rename="camel"):
    TOPIC = "install_run.run_started"


class TicketTaken(Struct, frozen=True, kw_only=True, rename="camel"):
    """The work ticket by which an attempt came about: its place in the work stream, when it was issued there, and how many times
    NATS had delivered it by then.
    """

    sequence: int
    deliveries: int
    issued_at: datetime


class ProviderStarted(Event, frozen=True, kw_only=True, rename="camel"):
    """The intent, written before the provider is called. Only the holder of `attempt_id` may report its outcome.

    What the provider has of ours from before `since` belongs to runs that were settled; what is newer may be an attempt's
    whose outcome nobody knows.
    """

    TOPIC = "install_run.provider_started"

    provider_id: UUID
    attempt_id: UUID
    attempt: int
    since: datetime
    lease_until: datetime
    ticket: TicketTaken | None = None


class ProviderRefused(Event, frozen=True, kw_only=True, rename="camel"):
    """The preflight found that the provider would refuse, so that it was not asked; the target has failed without an
    attempt.
    """

    TOPIC = "install_run.provider_refused"

    provider_id: UUID
    code: Code
    message: str


class ProviderSucceeded(Event, frozen=True, kw_only=True, rename="camel"):
    """`adopted` says that the look-up found it at the provider already, so that nothing was created. Only an uninstall that
    found nothing to remove has no `receipt`.
    """

    TOPIC = "install_run.provider_succeeded"

    provider_id: UUID
    attempt_id: UUID
    receipt: Receipt | None = None
    adopted: bool = False


class ProviderFailed(Event, frozen=True, kw_only=True, rename="camel"):
    """`message` is the provider's own text, redacted and bounded; `ambiguous`: it may have been applied all the same.

    `final`: the target has failed with this. Otherwise the next event about it says what comes instead.
    """

    TOPIC = "install_run.provider_failed"

    provider_id: UUID
    attempt_id: UUID
    code: Code
    message: str
    retryable: bool
    ambiguous: bool
    provider_request_id: str | None = None
    retry_after_seconds: float | None = None
    final: bool = True


class ProviderRetryScheduled(Event, frozen=True, kw_only=True, rename="camel"):
    """The target waits until `due_at` for its attempt number `attempt`."""

    TOPIC = "install_run.provider_retry_scheduled"

    provider_id: UUID
    attempt: int
    due_at: datetime


class ProviderLeaseExpired(Event, frozen=True, kw_only=True, rename="camel"):
    """Whoever made the attempt has not said in time how it ended, so nobody may say it any more, and what it sent may have
    been applied. `final`: the target has failed with that.
    """

    TOPIC = "install_run.provider_lease_expired"

    provider_id: UUID
    attempt_id: UUID
    lease_until: datetime
    final: bool = False


class ProviderRescued(Event, frozen=True, kw_only=True, rename="camel"):
    """The watchdog found the target standing still and had a new work ticket issued for it."""

    TOPIC = "install_run.provider_rescued"

    provider_id: UUID
    attempts: int
    fault: Literal["ticket_lost", "retry_overdue"]


class ProviderGivenUp(Event, frozen=True, kw_only=True, rename="camel"):
    """The target has failed without another attempt: it was cancelled, its time was over, its connection went out of use, or
    the run takes everything back.
    """

    TOPIC = "install_run.provider_given_up"

    provider_id: UUID
    code: Code
    message: str


class RunCancelRequested(Event, frozen=True, kw_only=True, rename="camel"):
    """Nothing more is begun. A call that is under way is waited for."""

    TOPIC = "install_run.run_cancel_requested"


class RunRetried(Event, frozen=True, kw_only=True, rename="camel"):
    """The run `run_id` tries again what failed here."""

    TOPIC = "install_run.run_retried"

    run_id: UUID


class RollbackRequested(Event, frozen=True, kw_only=True, rename="camel"):
    """What this run has done is taken back at these targets: by the run `run_id`, or by this one itself if it is none, as the
    policy `all_or_nothing` has it.
    """

    TOPIC = "install_run.rollback_requested"

    run_id: UUID | None = None
    undoes: tuple[Undo, ...]


class ProviderRolledBack(Event, frozen=True, kw_only=True, rename="camel"):
    """What this run did at the target is undone, by the run `run_id` or by itself if it is none. `version` is there now, None:
    nothing is. `attempt_id` is None if there was nothing to undo.
    """

    TOPIC = "install_run.provider_rolled_back"

    provider_id: UUID
    run_id: UUID | None = None
    attempt_id: UUID | None = None
    version: int | None = None
    receipt: Receipt | None = None


class ProviderRollbackFailed(Event, frozen=True, kw_only=True, rename="camel"):
    """What this run did at the target could not be undone, by the run `run_id` or by itself if it is none, and is still there."""

    TOPIC = "install_run.provider_rollback_failed"

    provider_id: UUID
    run_id: UUID | None = None
    code: Code
    message: str


class RunSucceeded(Event, frozen=True, kw_only=True, rename="camel"):
    """`reason` is the code of what a person should know beside the tally, as in the two others."""

    TOPIC = "install_run.run_succeeded"

    succeeded: int
    reason: Code | None = None


class RunFailed(Event, frozen=True, kw_only=True, rename="camel"):
    """`failures` counts the failed targets by code."""

    TOPIC = "install_run.run_failed"

    failures: dict[Code, int]
    reason: Code | None = None


class RunPartiallyFailed(Event, frozen=True, kw_only=True, rename="camel"):
    TOPIC = "install_run.run_partially_failed"

    succeeded: int
    failures: dict[Code, int]
    reason: Code | None = None


RunEvent = (
    RunQueued
    | RunStarted
    | ProviderStarted
    | ProviderRefused
    | ProviderSucceeded
    | ProviderFailed
    | ProviderRetryScheduled
    | ProviderLeaseExpired
    | ProviderRescued
    | ProviderGivenUp
    | RunCancelRequested
    | RunRetried
    | RollbackRequested
    | ProviderRolledBack
    | ProviderRollbackFailed
    | RunSucceeded
    | RunFailed
    | RunPartiallyFailed
)
