"""What can happen to an install run and to each of its targets."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from domain.errors import Code
from domain.events import Event
from domain.installation.events import Receipt
from domain.provider.events import ProviderKind

RunKind = Literal["install", "uninstall"]

ATTEMPT_TIMEOUT_SECONDS_MAX = 600


class Policy(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """How a run is carried out. `attempt_timeout_seconds` is the total deadline of one call to a provider."""

    mode: Literal["best_effort"] = "best_effort"
    attempt_timeout_seconds: Annotated[int, Meta(ge=1, le=ATTEMPT_TIMEOUT_SECONDS_MAX)] = 60


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


class RunQueued(Event, frozen=True, kw_only=True, rename="camel"):
    TOPIC = "install_run.run_queued"

    kind: RunKind = "install"
    skill: SkillPin
    targets: tuple[Target, ...]
    policy: Policy


class RunStarted(Event, frozen=True, kw_only=True, rename="camel"):
    TOPIC = "install_run.run_started"


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
    """`message` is the provider's own text, redacted and bounded; `ambiguous`: it may have been applied all the same."""

    TOPIC = "install_run.provider_failed"

    provider_id: UUID
    attempt_id: UUID
    code: Code
    message: str
    retryable: bool
    ambiguous: bool
    provider_request_id: str | None = None
    retry_after_seconds: float | None = None


class RunSucceeded(Event, frozen=True, kw_only=True, rename="camel"):
    TOPIC = "install_run.run_succeeded"

    succeeded: int


class RunFailed(Event, frozen=True, kw_only=True, rename="camel"):
    """`failures` counts the failed targets by code."""

    TOPIC = "install_run.run_failed"

    failures: dict[Code, int]


class RunPartiallyFailed(Event, frozen=True, kw_only=True, rename="camel"):
    TOPIC = "install_run.run_partially_failed"

    succeeded: int
    failures: dict[Code, int]


RunEvent = (
    RunQueued
    | RunStarted
    | ProviderStarted
    | ProviderRefused
    | ProviderSucceeded
    | ProviderFailed
    | RunSucceeded
    | RunFailed
    | RunPartiallyFailed
)
