"""`waybill alerts`: what is listed and shown, and the rules that are in effect."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from domain.alert.rules import DEFAULT
from tests.workers.terminal.answered import NOON
from tests.workers.terminal.answering import Answering
from workers.alert_settings import read_rules
from workers.terminal.alerts import alerts

ID = "01a204aa-7158-7157-87ea-ac132fb05c03"
ALERT = {
    "id": ID,
    "rule": "repeated-failures",
    "severity": "critical",
    "status": "resolved",
    "subject": "provider:claude\x1b[31m",
    "facts": {"failures": 3, "code": "timeout:provider", "active": False, "lastHolder": None},
    "raisedAt": NOON.isoformat(),
    "notifiedAt": (NOON + timedelta(hours=4)).isoformat(),
    "times": 2,
    "resolvedAt": (NOON + timedelta(hours=5)).isoformat(),
    "position": 48,
    "runbook": "docs/runbooks/repeated-failures.md",
}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Answering]:
    with Answering() as server, server.standing():
        monkeypatch.setenv("WAYBILL_URL", server.url)
        monkeypatch.setenv("WAYBILL_API_KEY", "wb_test_key")
        yield server


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(alerts, arguments, env=environment, catch_exceptions=False)


def listing(*items: Any) -> dict[str, Any]:
    return {"items": items, "nextCursor": None, "stale": False}


def test_the_list_says_what_is_so_and_about_what(server: Answering) -> None:
    server.has("/api/alerts", listing(ALERT, ALERT | {"status": "open", "severity": "warning"}))
    result = run("list")
    assert result.exit_code == 0
    _, first, second = result.stdout.splitlines()
    assert first.split() == [
        ID,
        "2026-11-22",
        "12:00:00",
        "✔",
        "resolved",
        "critical",
        "repeated-failures",
        r"provider:claude\x1b[31m",
    ]
    assert second.split()[3:6] == ["●", "open", "warning"]


def test_filters_are_the_servers_to_apply(server: Answering) -> None:
    server.has("/api/alerts", listing())
    result = run(
        "list", "--status", "open", "--rule", "stuck", "--rule", "relay-lag", "--severity", "info", "--subject", "store"
    )
    assert (result.exit_code, result.stdout) == (0, "")
    assert "There is no such alert." in result.stderr
    (query,) = server.queries_of("/api/alerts")
    assert query == {
        "status": ["open"],
        "rule": ["stuck", "relay-lag"],
        "severity": ["info"],
        "subject": ["store"],
        "limit": ["50"],
    }


def test_an_unknown_rule_is_a_mistake_of_the_command() -> None:
    assert run("list", "--rule", "stuk").exit_code == 2


def test_one_says_what_was_found_and_what_to_read(server: Answering) -> None:
    server.has(f"/api/alerts/{ID}", ALERT)
    result = run("show", ID)
    assert result.exit_code == 0
    shown = {line.split("  ")[0]: " ".join(line.split()) for line in result.stdout.splitlines()}
    assert shown["failures"] == "failures 3"
    assert shown["active"] == "active no"
    assert shown["lastHolder"] == "lastHolder -"
    assert shown["said"].startswith("said 2 times, the last one 2026-11-22 16:00:00 UTC")
    assert shown["resolved"].endswith(", after 5h")
    assert shown["runbook"] == "runbook docs/runbooks/repeated-failures.md"
    assert "\x1b[31m" not in result.stdout


def test_json_has_it_as_the_server_gave_it(server: Answering) -> None:
    server.has(f"/api/alerts/{ID}", ALERT)
    assert json.loads(run("show", ID, "--json").stdout) == ALERT


def test_the_rules_are_printed_as_a_file_that_makes_them(tmp_path: Path) -> None:
    result = run("rules", WAYBILL_ALERT_RULES="")
    assert result.exit_code == 0
    assert "WAYBILL_ALERT_RULES" in result.stderr
    file = tmp_path / "rules.toml"
    file.write_text(result.stdout)
    assert read_rules(file) == DEFAULT


def test_those_of_the_environment_are_printed(tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text("[stuck]\nrescues = 7\n")
    result = run("rules", "--json", WAYBILL_ALERT_RULES=str(file))
    assert json.loads(result.stdout)["stuck"]["rescues"] == 7
    assert result.stderr == ""


def test_a_file_is_checked(tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text("[stuck]\nrescue = 7\n")
    result = run("rules", str(file))
    assert result.exit_code == 2
    assert "[stuck] has no 'rescue'" in " ".join(result.stderr.split())
    assert run("rules", WAYBILL_ALERT_RULES=str(file)).exit_code == 2
