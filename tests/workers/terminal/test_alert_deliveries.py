"""Deliveries and alerts on a terminal: what went how, at a glance, and nothing that a terminal would obey."""

from datetime import timedelta
from typing import Any

import pytest

from tests.workers.terminal.answered import NOON, in_a_pipe
from workers.terminal.alert_deliveries import Delivery, deliveries_grid
from workers.terminal.alert_line import alert_line
from workers.terminal.answers import understood

SAID: dict[str, Any] = {
    "kind": "repeated",
    "rule": "stuck",
    "severity": "warning",
    "subject": "install_run:1",
    "at": "2026-11-22T12:00:00Z",
    "facts": {"rescues": 3, "code": None},
    "times": 2,
    "runbook": "docs/runbooks/stuck.md",
}


def delivery(**more: Any) -> Delivery:
    known: dict[str, Any] = {
        "webhook": "pager",
        "messageId": "m-1",
        "event": "raised",
        "rule": "stuck",
        "attempt": 1,
        "at": NOON.isoformat(),
        "status": "delivered",
        "durationSeconds": 0.2514,
        "httpStatus": 204,
    }
    return understood(known | more, Delivery)


def test_each_attempt_is_a_line() -> None:
    again = (NOON + timedelta(seconds=5)).isoformat()
    shown = in_a_pipe(
        deliveries_grid(
            [
                delivery(),
                delivery(status="failed", attempt=2, httpStatus=None, error="no connection", nextAttemptAt=again),
                delivery(status="given_up", httpStatus=410, webhook="other\x1b[31m"),
                delivery(status="unheard of"),
            ]
        )
    )
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert lines[0] == "TIME (UTC) WEBHOOK STATUS ATTEMPT ALERT SAID MESSAGE ANSWER"
    assert lines[1] == "2026-11-22 12:00:00 pager ✔ delivered 1 stuck raised m-1 204 in 0.25 s"
    assert lines[2].endswith("◐ failed 2 stuck raised m-1 no connection in 0.25 s, again at 12:00:05")
    assert r"other\x1b[31m ✘ given up 1" in lines[3]
    assert "· unheard of" in lines[4]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "repeated stuck install_run:1 rescues=3 code=- said 2 times docs/runbooks/stuck.md"),
        ({"kind": "resolved", "times": None}, "resolved stuck install_run:1 rescues=3 code=-"),
        ({"kind": "test", "runbook": None, "facts": {}, "times": 1}, "test stuck install_run:1"),
    ],
    ids=["repeated", "resolved", "test"],
)
def test_an_alert_is_a_line(more: dict[str, Any], said: str) -> None:
    line = " ".join(alert_line(SAID | more, subject="waybill.alerts.warning.stuck").plain.split())
    assert line == f"2026-11-22 12:00:00 warning {said}"


def test_what_is_not_understood_is_shown_as_it_is() -> None:
    line = alert_line({"what": "\x1b[2J"}, subject="waybill.alerts.info.new").plain
    assert line == r"waybill.alerts.info.new {'what': '\x1b[2J'}"
