"""The command line where something went wrong: a run that waits, is cancelled, tried again, taken back, or held up by a pause."""

from pathlib import Path

import pytest

from adapters.sources.folder import read_folder
from tests.acceptance.conftest import CommandLine, Sandbox
from tests.acceptance.gate import Gate
from tests.kit.waiting import wait_until
from workers.terminal.client import Client
from workers.terminal.skills import send_skill

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

RUNNING_SECONDS = 20


def test_a_provider_that_fails_once_is_asked_again(cli: CommandLine, registered: str, sandbox: Sandbox) -> None:
    sandbox.fault("status", status=503)
    run = cli("install", registered, "--on", "openai", "--wait", "--json", "--backoff-seconds", "0.2")
    assert run.code == 0, run
    (target,) = run.json["targets"]
    assert (target["status"], target["attempts"], target["code"]) == ("success", 2, None)
    assert run.json["policy"]["backoffSeconds"] == 0.2
    history = cli("history", run.json["id"]).out
    assert "openai: overloaded:provider" in history
    assert "openai: attempt 2 in " in history
    assert len(sandbox.live(registered)) == 1


def test_an_answer_that_got_lost_is_looked_up_and_nothing_is_there_twice(
    cli: CommandLine, registered: str, sandbox: Sandbox
) -> None:
    sandbox.fault("drop_after", provider="claude")
    run = cli("install", registered, "--on", "claude", "--wait", "--json", "--backoff-seconds", "0.2")
    assert run.code == 0, run
    assert ", may have been applied" in cli("history", run.json["id"]).out
    assert ", found there already" in cli("history", run.json["id"]).out
    assert len(sandbox.live(registered)) == 1


def test_what_failed_is_tried_again_as_a_run_of_its_own(cli: CommandLine, registered: str, sandbox: Sandbox) -> None:
    sandbox.fault("status", provider="claude", status=402)
    partial = cli("install", registered, "--on", "openai,claude", "--wait", "--json")
    assert partial.code == 6, partial
    first = partial.json["id"]
    assert f"waybill runs retry {first}" in cli("runs", "show", first).err
    again = cli("runs", "retry", first, "--wait", "--json")
    assert (again.code, again.json["retryOf"]) == (0, first), again
    assert [target["provider"]["name"] for target in again.json["targets"]] == ["claude"]
    twice = cli("runs", "retry", first)
    assert (twice.code, "It was retried already" in twice.err, again.json["id"] in twice.out) == (0, True, True)
    nothing = cli("runs", "retry", again.json["id"], "--json")
    assert (nothing.code, nothing.json["code"]) == (2, "conflict:install_runs")
    assert cli("runs", "show", first, "--json").json["status"] == "partial_failed"
    assert {entry["provider"] for entry in sandbox.live(registered)} == {"openai", "claude"}


def test_an_upgrade_is_taken_back_to_the_version_before_and_the_first_install_to_nothing(
    cli: CommandLine, client: Client, skill: Path, sandbox: Sandbox
) -> None:
    send_skill(client, read_folder(skill))
    name = skill.name
    first = cli("install", name, "--on", "openai,gemini", "--wait", "--json").json["id"]
    with (skill / "SKILL.md").open("a") as manifest:
        manifest.write("\nMore.\n")
    send_skill(client, read_folder(skill))
    second = cli("install", name, "--on", "openai,gemini", "--wait", "--json").json["id"]
    early = cli("runs", "rollback", first, "--json")
    assert (early.code, early.json["code"]) == (2, "conflict:install_runs"), early
    back = cli("runs", "rollback", second, "--wait", "--json")
    assert (back.code, back.json["kind"], back.json["rollbackOf"]) == (0, "rollback", second), back
    listed = cli("installations", "list", "--skill", name, "--json").json["items"]
    assert [one["version"] for one in listed] == [1, 1]
    assert {one["drift"] for one in cli("installations", "verify", "--skill", name, "--json").json["items"]} == {"none"}
    shown = cli("runs", "show", second)
    assert f"by run {back.json['id']}: " in shown.out
    assert "openai: rolled back to v1" in shown.out
    assert cli("runs", "show", second, "--json").json["status"] == "success"
    again = cli("runs", "rollback", second)
    assert (again.code, "It was asked for already" in again.err) == (0, True), again


def test_a_first_install_is_taken_back_to_nothing_also_by_itself(
    cli: CommandLine, registered: str, sandbox: Sandbox
) -> None:
    run = cli("install", registered, "--on", "openai,claude", "--wait", "--json").json["id"]
    back = cli("runs", "rollback", run, "--on", "claude", "--wait", "--json")
    assert back.code == 0, back
    assert [entry["provider"] for entry in sandbox.live(registered)] == ["openai"]
    sandbox.fault("status", provider="claude", status=402)
    whole = cli("install", registered, "--on", "claude,gemini", "--wait", "--json", "--all-or-nothing")
    assert (whole.code, whole.json["reason"]) == (5, "rolled_back:run"), whole
    codes = {target["provider"]["name"]: target["code"] for target in whole.json["targets"]}
    assert codes == {"claude": "quota_exceeded:provider", "gemini": "rolled_back:run"}
    assert [entry["provider"] for entry in sandbox.live(registered)] == ["openai"]


def test_a_run_that_waits_is_cancelled_at_once_and_one_under_way_when_its_call_has_ended(
    cli: CommandLine, client: Client, registered: str, gate: tuple[str, Gate]
) -> None:
    name, held = gate
    run = cli("install", registered, "--on", name, "--json").json["id"]
    wait_until(lambda: client.get("install-runs", run)["status"] == "running", RUNNING_SECONDS)
    asked = cli("runs", "cancel", run)
    assert (asked.code, f"waybill runs watch {run}" in asked.err) == (0, True), asked
    assert cli("runs", "show", run, "--json").json["status"] == "running"
    held.open()
    assert cli("runs", "watch", run).code == 5
    ended = cli("runs", "show", run, "--json").json
    assert (ended["status"], ended["reason"], ended["failures"]) == ("failed", "cancelled:run", {"cancelled:run": 1})
    late = cli("runs", "cancel", run)
    assert (late.code, "It was cancelled already." in late.err) == (0, True), late


def test_a_paused_connection_holds_everything_back_until_it_is_resumed(
    cli: CommandLine, registered: str, sandbox: Sandbox
) -> None:
    paused = cli("providers", "pause", "gemini", "--for", "1h")
    try:
        assert (paused.code, "paused until" in paused.out) == (0, True), paused
        run = cli("install", registered, "--on", "openai,gemini", "--json").json["id"]
        watched = cli("runs", "watch", run, "--timeout", "3", "--json")
        assert watched.code == 7, watched
        last = cli("runs", "show", run, "--json").json
        assert {one["provider"]["name"]: one["status"] for one in last["targets"]} == {
            "openai": "success",
            "gemini": "queued",
        }
        cancelled = cli("runs", "cancel", run, "--wait", "--json")
        assert (cancelled.json["status"], cancelled.json["reason"]) == ("partial_failed", "cancelled:run"), cancelled
    finally:
        resumed = cli("providers", "resume", "gemini")
    assert (resumed.code, "paused" in resumed.out) == (0, False), resumed
    retried = cli("runs", "retry", run, "--wait", "--json")
    assert (retried.code, retried.json["status"]) == (0, "success"), retried


def test_a_command_that_is_sent_again_with_its_key_does_nothing_twice(cli: CommandLine, registered: str) -> None:
    runs = [
        cli("install", registered, "--on", "openai", "--wait", "--json", "--idempotency-key", registered).json["id"]
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
    other = cli("install", registered, "--on", "claude", "--json", "--idempotency-key", registered)
    assert (other.code, other.json["code"]) == (2, "unprocessable:idempotency"), other
