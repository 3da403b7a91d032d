"""What can happen to an alert: one stream for each rule and each thing that it is about."""

from datetime import datetime
from uuid import UUID

from domain.alert.rules import RuleName, Severity
from domain.events import Event

# Ids, names of things that exist, codes, counts and times in RFC 3339: never a text of somebody.
Facts = dict[str, str | int | float | bool | None]


class AlertRaised(Event, frozen=True, kw_only=True, rename="camel"):
    """`subject` is what it is about, as the audit log calls things: `provider:claude`, `install_run:0198...`, `read_model:skills`,
    or `store` where it is about all. While it lasts it is said again, at `again_at` for the first time.
    """

    TOPIC = "alert.alert_raised"

    alert_id: UUID
    rule: RuleName
    severity: Severity
    subject: str
    facts: Facts
    again_at: datetime


class AlertRepeated(Event, frozen=True, kw_only=True, rename="camel"):
    """It is still so, and is said for the `times`-th time; `facts` are those of now."""

    TOPIC = "alert.alert_repeated"

    alert_id: UUID
    rule: RuleName
    severity: Severity
    subject: str
    facts: Facts
    times: int
    again_at: datetime


class AlertResolved(Event, frozen=True, kw_only=True, rename="camel"):
    """It is over; `facts` are the last ones that were known."""

    TOPIC = "alert.alert_resolved"

    alert_id: UUID
    rule: RuleName
    severity: Severity
    subject: str
    facts: Facts


AlertEvent = AlertRaised | AlertRepeated | AlertResolved
