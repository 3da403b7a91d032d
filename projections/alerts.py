"""The alerts: what each is about, since when, how often it was said, and when it was over."""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.alert.events import AlertEvent, AlertRaised, AlertRepeated, AlertResolved, Facts
from domain.alert.rules import RuleName, Severity
from domain.events import Recorded
from projections.read_model import ReadModel, members_of
from projections.rows import ImpossibleHistoryError, Rows

SCHEMA: Final = """
    CREATE TABLE {table} (
        id              uuid PRIMARY KEY,
        rule            text        NOT NULL,
        severity        text        NOT NULL,
        status          text        NOT NULL,
        subject         text        NOT NULL,
        facts           jsonb       NOT NULL,
        raised_at       timestamptz NOT NULL,
        notified_at     timestamptz NOT NULL,
        times           int         NOT NULL,
        resolved_at     timestamptz,
        position        bigint      NOT NULL,
        raised_position bigint      NOT NULL
    );
    CREATE UNIQUE INDEX ON {table} (raised_position DESC);
    CREATE INDEX ON {table} (rule, raised_position DESC);
    CREATE INDEX ON {table} (lower(subject), raised_position DESC);
    CREATE INDEX ON {table} (raised_position DESC) WHERE status = 'open';
"""

AlertStatus = Literal["open", "resolved"]


class AlertFacts(Struct, frozen=True, kw_only=True, rename="camel"):
    """`facts` are those of the last time that it was said, at `notified_at`; `times` is how often it was. `position` is that of
    the newest event in it.
    """

    id: UUID
    rule: RuleName
    severity: Severity
    status: AlertStatus
    subject: str
    facts: Facts
    raised_at: datetime
    notified_at: datetime
    times: int
    resolved_at: datetime | None = None
    position: int


class AlertRow(AlertFacts, frozen=True, kw_only=True, rename="camel"):
    raised_position: int


def keys(recorded: Recorded) -> tuple[UUID, ...]:
    """An alert that is raised again is another one, on the same stream."""
    return (recorded.event.alert_id,) if isinstance(recorded.event, AlertEvent) else ()


def project(recorded: Recorded, rows: Rows[AlertRow]) -> None:
    match recorded.event:
        case AlertRaised() as event:
            rows.put(_raised(recorded, event))
        case AlertRepeated() as event:
            row = rows.require(event.alert_id)
            rows.put(
                replace(
                    row,
                    facts=event.facts,
                    times=event.times,
                    notified_at=recorded.at,
                    position=recorded.position,
                )
            )
        case AlertResolved() as event:
            row = rows.require(event.alert_id)
            rows.put(replace(row, status="resolved", resolved_at=recorded.at, position=recorded.position))
        case unknown:
            raise ImpossibleHistoryError(f"{type(unknown).__name__} is not an event of an alert")


def _raised(recorded: Recorded, event: AlertRaised) -> AlertRow:
    return AlertRow(
        id=event.alert_id,
        rule=event.rule,
        severity=event.severity,
        status="open",
        subject=event.subject,
        facts=event.facts,
        raised_at=recorded.at,
        notified_at=recorded.at,
        times=1,
        position=recorded.position,
        raised_position=recorded.position,
    )


ALERTS: Final = ReadModel(
    name="alerts",
    generation=1,
    schema=SCHEMA,
    events=members_of(AlertEvent),
    row=AlertRow,
    key="id",
    keys=keys,
    project=project,
)
