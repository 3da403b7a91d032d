"""Raising an alert, saying it again, and taking it back."""

from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct

from domain.alert.events import AlertRaised, AlertRepeated, AlertResolved, Facts
from domain.alert.rules import Rule, RuleName
from domain.alert.state import Alert


class Condition(Struct, frozen=True, kw_only=True):
    """What a rule finds to be so now."""

    rule: RuleName
    subject: str
    facts: Facts


def raise_alert(
    alert: Alert | None, condition: Condition, *, rule: Rule, alert_id: UUID, now: datetime
) -> tuple[AlertRaised | AlertRepeated, ...]:
    """Quiet while it is open and not yet to be said again."""
    again_at = now + timedelta(seconds=rule.renotify_seconds)
    if alert is None or not alert.is_open:
        return (
            AlertRaised(
                alert_id=alert_id,
                rule=condition.rule,
                severity=rule.severity,
                subject=condition.subject,
                facts=condition.facts,
                again_at=again_at,
            ),
        )
    if now < alert.again_at:
        return ()
    return (
        AlertRepeated(
            alert_id=alert.alert_id,
            rule=alert.rule,
            severity=alert.severity,
            subject=alert.subject,
            facts=condition.facts,
            times=alert.times + 1,
            again_at=again_at,
        ),
    )


def resolve_alert(alert: Alert | None) -> tuple[AlertResolved, ...]:
    """Quiet if it is not open."""
    if alert is None or not alert.is_open:
        return ()
    return (
        AlertResolved(
            alert_id=alert.alert_id,
            rule=alert.rule,
            severity=alert.severity,
            subject=alert.subject,
            facts=alert.facts,
        ),
    )
