"""An alert is said, said again and taken back; each of them once."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.alert.decisions import Condition, raise_alert, resolve_alert
from domain.alert.events import AlertEvent, AlertRaised, AlertRepeated, AlertResolved, Facts
from domain.alert.findings import Finding
from domain.alert.rules import DEFAULT, Rule, RuleName, Severity
from domain.alert.state import ALERT, Alert, alert_stream
from domain.alert.watch import changes
from tests.kit.facts import NOON, recorded

RULE = Rule(severity=Severity.CRITICAL, renotify_seconds=60)
SUBJECT = "provider:claude"


def condition(facts: Facts | None = None, *, subject: str = SUBJECT) -> Condition:
    return Condition(rule=RuleName.PROVIDER_FAILING, subject=subject, facts=facts or {"code": "timeout:provider"})


def after(*events: AlertEvent) -> Alert | None:
    return ALERT.fold(recorded(event, stream=alert_stream(RuleName.PROVIDER_FAILING, SUBJECT)) for event in events)


def said(
    alert: Alert | None, *, seconds: float = 0, facts: Facts | None = None, alert_id: UUID | None = None
) -> tuple[AlertRaised | AlertRepeated, ...]:
    now = NOON + timedelta(seconds=seconds)
    return raise_alert(alert, condition(facts), rule=RULE, alert_id=alert_id or uuid4(), now=now)


def test_it_is_raised_with_what_was_found() -> None:
    alert_id = uuid4()
    assert said(None, alert_id=alert_id) == (
        AlertRaised(
            alert_id=alert_id,
            rule=RuleName.PROVIDER_FAILING,
            severity=Severity.CRITICAL,
            subject=SUBJECT,
            facts={"code": "timeout:provider"},
            again_at=NOON + timedelta(seconds=60),
        ),
    )


@pytest.mark.parametrize("seconds", [0, 59.9])
def test_while_it_is_open_and_fresh_nothing_is_said(seconds: float) -> None:
    assert said(after(*said(None)), seconds=seconds) == ()


def test_it_is_said_again_with_the_facts_of_now() -> None:
    raised = said(None)
    (repeated,) = said(after(*raised), seconds=60, facts={"code": "internal:provider"})
    assert repeated == AlertRepeated(
        alert_id=raised[0].alert_id,
        rule=RuleName.PROVIDER_FAILING,
        severity=Severity.CRITICAL,
        subject=SUBJECT,
        facts={"code": "internal:provider"},
        times=2,
        again_at=NOON + timedelta(seconds=120),
    )
    assert said(after(*raised, repeated), seconds=119) == ()
    (third,) = said(after(*raised, repeated), seconds=120)
    assert isinstance(third, AlertRepeated)
    assert third.times == 3


def test_it_is_resolved_with_what_was_known_last() -> None:
    raised = said(None)
    repeated = said(after(*raised), seconds=60, facts={"code": "internal:provider"})
    assert resolve_alert(after(*raised, *repeated)) == (
        AlertResolved(
            alert_id=raised[0].alert_id,
            rule=RuleName.PROVIDER_FAILING,
            severity=Severity.CRITICAL,
            subject=SUBJECT,
            facts={"code": "internal:provider"},
        ),
    )


def test_what_is_not_open_is_not_resolved() -> None:
    raised = said(None)
    assert resolve_alert(None) == ()
    assert resolve_alert(after(*raised, *resolve_alert(after(*raised)))) == ()


def test_what_comes_back_is_another_alert() -> None:
    first = said(None)
    over = resolve_alert(after(*first))
    (second,) = said(after(*first, *over), seconds=1)
    assert isinstance(second, AlertRaised)
    assert second.alert_id != first[0].alert_id


@given(st.lists(st.tuples(st.integers(0, 200), st.booleans()), max_size=30))
def test_however_it_goes_raised_and_resolved_take_turns(moments: list[tuple[int, bool]]) -> None:
    """The seconds that pass, and whether it is so then."""
    events: list[AlertEvent] = []
    now = 0
    for seconds, is_so in moments:
        now += seconds
        alert = after(*events)
        events += said(alert, seconds=now) if is_so else resolve_alert(alert)
    turns = [type(event) for event in events if not isinstance(event, AlertRepeated)]
    assert turns == ([AlertRaised, AlertResolved] * len(turns))[: len(turns)]


def test_every_rule_has_its_settings() -> None:
    assert {rule.value.replace("-", "_") for rule in RuleName} == set(DEFAULT.__struct_fields__)
    assert all(isinstance(DEFAULT.of(rule), Rule) for rule in RuleName)


@given(st.sets(st.sampled_from("abcdef")), st.dictionaries(st.sampled_from("abcdef"), st.integers(-10, 10)))
def test_what_is_found_is_said_unless_it_was_and_the_rest_is_over(found: set[str], opened: dict[str, int]) -> None:
    findings = [Finding(condition=condition(subject=subject)) for subject in sorted(found)]
    again: dict[str, datetime] = {name: NOON + timedelta(seconds=seconds) for name, seconds in opened.items()}
    result = changes(findings, again, now=NOON)
    assert {finding.condition.subject for finding in result.said} == {
        name for name in found if name not in opened or opened[name] <= 0
    }
    assert set(result.over) == opened.keys() - found
