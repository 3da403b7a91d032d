"""An alert, folded from its events: whether it is open, and when it is to be said again."""

from datetime import datetime
from typing import Final, assert_never
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.alert.events import AlertEvent, AlertRaised, AlertRepeated, AlertResolved, Facts
from domain.alert.rules import RuleName, Severity
from domain.events import Fold, stream_named


def alert_stream(rule: RuleName, subject: str) -> UUID:
    return stream_named("alert", rule, subject)


class Alert(Struct, frozen=True, kw_only=True):
    """The last time that it was raised. `times` is how often it was said since then."""

    alert_id: UUID
    rule: RuleName
    severity: Severity
    subject: str
    facts: Facts
    again_at: datetime
    times: int = 1
    is_open: bool = True


def evolve(alert: Alert | None, event: AlertEvent) -> Alert:
    match event:
        case AlertRaised():
            return Alert(
                alert_id=event.alert_id,
                rule=event.rule,
                severity=event.severity,
                subject=event.subject,
                facts=event.facts,
                again_at=event.again_at,
            )
        case AlertRepeated():
            assert alert is not None  # noqa: S101 - what was never raised is never repeated
            return replace(alert, times=event.times, facts=event.facts, again_at=event.again_at)
        case AlertResolved():
            assert alert is not None  # noqa: S101 - nor is it ever resolved
            return replace(alert, is_open=False)
        case _:
            assert_never(event)


ALERT: Final = Fold(noun="alert", evolve=evolve)
