"""A rule that fails is told of once, and is in no other's way."""

from collections.abc import Iterator, MutableMapping
from typing import Any
from uuid import uuid4

import pytest
import structlog
from msgspec.structs import replace

from domain.alert.rules import Lag, Lasting, RepeatedFailures, RuleName, Rules
from tests.domain.alert.happening import failure, queued, well
from tests.kit.facts import NOON, recorded
from workers.alert_rules import EVALUATED, QUIET, RulesAtWork

RULES = Rules(relay_lag=Lag(events=1, after_seconds=1), nats_offline=Lasting(after_seconds=1))
RUN_ID = uuid4()
# What no answer of the database is.
SPOILT = replace(well(nats_connected=False), sealed="many")


@pytest.fixture
def log() -> Iterator[list[MutableMapping[str, Any]]]:
    with structlog.testing.capture_logs() as entries:
        yield entries


def test_the_others_go_on(log: list[MutableMapping[str, Any]]) -> None:
    at_work = RulesAtWork(RULES)
    found = {rule: at_work.changes(rule, SPOILT, now=NOON) for rule in EVALUATED}
    later = {rule: at_work.changes(rule, SPOILT, now=NOON.replace(hour=13)) for rule in EVALUATED}
    assert found[RuleName.CHECKPOINT_LAG] is QUIET
    assert [finding.condition.subject for finding in later[RuleName.NATS_OFFLINE].said] == ["store"]
    assert [(entry["event"], entry["rule"]) for entry in log] == [("alert_rule_failed", "checkpoint-lag")]


def test_its_alerts_stay_as_they_are() -> None:
    at_work = RulesAtWork(RULES)
    at_work.open_alerts.note(RuleName.CHECKPOINT_LAG, "part:notary", again_at=NOON)
    assert at_work.changes(RuleName.CHECKPOINT_LAG, SPOILT, now=NOON) is QUIET


def test_an_event_that_one_cannot_take_is_taken_by_the_others(log: list[MutableMapping[str, Any]]) -> None:
    at_work = RulesAtWork(Rules(repeated_failures=RepeatedFailures(per_provider=1)))
    run = recorded(queued("openai"), stream=RUN_ID)
    at_work.take(replace(run, event=replace(run.event, targets=None)))
    at_work.take(run)
    at_work.take(recorded(failure(), stream=RUN_ID, position=2, version=2))
    changes = at_work.changes(RuleName.REPEATED_FAILURES, well(), now=NOON)
    assert [finding.condition.subject for finding in changes.said] == ["provider:openai"]
    assert [(entry["event"], entry["rule"], entry["position"]) for entry in log] == [
        ("alert_rule_failed", "long-running", 1)
    ]
