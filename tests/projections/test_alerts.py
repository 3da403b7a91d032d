"""An alert as the list shows it, from its first word to its last."""

from datetime import timedelta
from uuid import uuid4

import pytest

from domain.alert.events import AlertEvent, AlertRaised, AlertRepeated, AlertResolved
from domain.alert.rules import RuleName, Severity
from domain.alert.state import alert_stream
from projections.alerts import ALERTS, AlertRow
from projections.rows import ImpossibleHistoryError
from tests.kit.facts import NOON
from tests.kit.projection_spec import History, given

FIRST, SECOND = uuid4(), uuid4()
SUBJECT = "provider:claude"
STREAM = alert_stream(RuleName.PROVIDER_FAILING, SUBJECT)
RAISED = AlertRaised(
    alert_id=FIRST,
    rule=RuleName.PROVIDER_FAILING,
    severity=Severity.CRITICAL,
    subject=SUBJECT,
    facts={"code": "timeout:provider"},
    again_at=NOON + timedelta(hours=4),
)
REPEATED = AlertRepeated(
    alert_id=FIRST,
    rule=RuleName.PROVIDER_FAILING,
    severity=Severity.CRITICAL,
    subject=SUBJECT,
    facts={"code": "internal:provider"},
    times=2,
    again_at=NOON + timedelta(hours=8),
)
RESOLVED = AlertResolved(
    alert_id=FIRST,
    rule=RuleName.PROVIDER_FAILING,
    severity=Severity.CRITICAL,
    subject=SUBJECT,
    facts={"code": "internal:provider"},
)
AGAIN = AlertRaised(
    alert_id=SECOND,
    rule=RuleName.PROVIDER_FAILING,
    severity=Severity.WARNING,
    subject=SUBJECT,
    facts={},
    again_at=NOON + timedelta(hours=12),
)


def rows(*events: AlertEvent) -> list[AlertRow]:
    history = History()
    history.add(STREAM, *events)
    return given(history).rows(ALERTS)


def test_one_that_was_raised_is_open() -> None:
    at = NOON + timedelta(seconds=1)
    assert rows(RAISED) == [
        AlertRow(
            id=FIRST,
            rule=RuleName.PROVIDER_FAILING,
            severity=Severity.CRITICAL,
            status="open",
            subject=SUBJECT,
            facts={"code": "timeout:provider"},
            raised_at=at,
            notified_at=at,
            times=1,
            resolved_at=None,
            position=1,
            raised_position=1,
        )
    ]


def test_one_that_was_said_again_has_the_facts_of_then() -> None:
    (row,) = rows(RAISED, REPEATED)
    assert (row.times, row.facts, row.status) == (2, {"code": "internal:provider"}, "open")
    assert (row.raised_at, row.notified_at) == (NOON + timedelta(seconds=1), NOON + timedelta(seconds=2))
    assert (row.position, row.raised_position) == (2, 1)


def test_one_that_is_over_says_since_when() -> None:
    (row,) = rows(RAISED, REPEATED, RESOLVED)
    assert (row.status, row.resolved_at) == ("resolved", NOON + timedelta(seconds=3))
    assert (row.notified_at, row.times, row.position) == (NOON + timedelta(seconds=2), 2, 3)


def test_what_comes_back_is_another_one() -> None:
    first, second = rows(RAISED, RESOLVED, AGAIN)
    assert (first.id, first.status) == (FIRST, "resolved")
    assert (second.id, second.status, second.raised_position) == (SECOND, "open", 3)


@pytest.mark.parametrize("events", [[REPEATED], [RESOLVED]], ids=["repeated", "resolved"])
def test_what_was_never_raised_cannot_be(events: list[AlertEvent]) -> None:
    with pytest.raises(ImpossibleHistoryError):
        rows(*events)
