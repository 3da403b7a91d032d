"""The rules by which alerts are raised: what each is called, how much it matters, and what can be set about it."""

from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

Seconds = Annotated[int, Meta(ge=1, le=30 * 86_400)]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class RuleName(StrEnum):
    """Part of the subject on NATS and of the runbook's name, so a name never changes."""

    REPEATED_FAILURES = "repeated-failures"
    LONG_RUNNING = "long-running"
    STUCK = "stuck"
    PROVIDER_FAILING = "provider-failing"
    PROJECTION_LAG = "projection-lag"
    RELAY_LAG = "relay-lag"
    CHECKPOINT_LAG = "checkpoint-lag"
    PART_MISSING = "part-missing"
    AUDIT_VERIFICATION_FAILED = "audit-verification-failed"
    CREDENTIAL_EXPIRING = "credential-expiring"
    DATABASE_OFFLINE = "database-offline"
    NATS_OFFLINE = "nats-offline"


class Rule(Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """What every rule has. `renotify_seconds`: an alert that is still open is said again this often."""

    enabled: bool = True
    severity: Severity = Severity.WARNING
    renotify_seconds: Seconds = 4 * 3600


class RepeatedFailures(Rule, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """So many targets failed for good in the window: of one provider, of one skill, or with one code. 0 looks at none of them."""

    window_seconds: Seconds = 900
    per_provider: Annotated[int, Meta(ge=0)] = 5
    per_skill: Annotated[int, Meta(ge=0)] = 5
    per_code: Annotated[int, Meta(ge=0)] = 10


class LongRunning(Rule, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """A run has not ended so long after it was queued."""

    after_seconds: Seconds = 1800


class Stuck(Rule, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """The watchdog had to have the same target go on so often: its lease expired, or its ticket was lost."""

    rescues: Count = 2


class Lasting(Rule, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """It has been so for this long."""

    after_seconds: Seconds = 30


class Lag(Lasting, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """So many events behind, for this long; or, of a read model, parked."""

    events: Count = 5000


class Expiring(Rule, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """An API key that was used in that time before will expire in less than this."""

    before_seconds: Seconds = 14 * 86_400


class Rules(Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """All rules, under their names. What a file leaves out is as it is here."""

    repeated_failures: RepeatedFailures = RepeatedFailures()
    long_running: LongRunning = LongRunning()
    stuck: Stuck = Stuck()
    provider_failing: Rule = Rule(severity=Severity.CRITICAL)
    projection_lag: Lag = Lag()
    relay_lag: Lag = Lag()
    checkpoint_lag: Lag = Lag()
    part_missing: Lasting = Lasting(severity=Severity.CRITICAL)
    audit_verification_failed: Rule = Rule(severity=Severity.CRITICAL)
    credential_expiring: Expiring = Expiring(renotify_seconds=86_400)
    database_offline: Lasting = Lasting(severity=Severity.CRITICAL, after_seconds=5)
    nats_offline: Lasting = Lasting(severity=Severity.CRITICAL)

    def of(self, name: RuleName) -> Rule:
        rule: Rule = getattr(self, name.value.replace("-", "_"))
        return rule


DEFAULT: Final = Rules()
