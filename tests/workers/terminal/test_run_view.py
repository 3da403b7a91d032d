import re
from datetime import timedelta
from typing import Any

import pytest

from tests.workers.terminal.answered import NOON, RUN_ID, in_a_pipe, on_a_terminal, run, target
from workers.terminal.answers import Run, understood
from workers.terminal.run_view import next_steps, run_page, runs_grid, sentence

NOW = NOON + timedelta(minutes=5)
LIVE = target(status="success", receipt={"remoteId": "skill_1", "remoteVersion": "2"})
REFUSED = target(
    "claude",
    status="failed",
    code="quota_exceeded:provider",
    message="Pay \x1b[31mfirst\x1b[0m.",
    retryable=False,
    providerRequestId="req_9",
)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (run(), "a-skill v3 waits for an installer."),
        (run(target(status="running"), status="running"), "a-skill v3 is being installed at openai."),
        (run(LIVE, status="success"), "a-skill v3 is live at openai."),
        (run(REFUSED, status="failed"), "a-skill v3 could not be installed at claude (quota_exceeded:provider)."),
        (
            run(LIVE, REFUSED, status="partial_failed"),
            "a-skill v3 is live at openai, and could not be installed at claude (quota_exceeded:provider).",
        ),
        (
            run(target(status="running"), status="running", kind="uninstall"),
            "a-skill v3 is being removed from openai.",
        ),
        (run(LIVE, status="success", kind="uninstall"), "a-skill v3 is removed from openai."),
        (
            run(REFUSED, status="failed", kind="uninstall"),
            "a-skill v3 could not be removed from claude (quota_exceeded:provider).",
        ),
        (
            run(target(code="overloaded:provider", nextAttemptAt=NOW + timedelta(seconds=12)), status="running"),
            "Waiting 12.0 s to try openai again after overloaded:provider.",
        ),
        (
            run(
                target(code="overloaded:provider", nextAttemptAt=NOW + timedelta(seconds=12)),
                target("claude", status="running"),
                status="running",
            ),
            "a-skill v3 is being installed at claude.",
        ),
        (run(LIVE, status="success", kind="rollback"), "a-skill v3 is taken back at openai."),
        (run(LIVE, status="success", kind="brand-new"), "a-skill v3 is live at openai."),
    ],
)
def test_one_sentence_says_how_it_stands(document: dict[str, Any], said: str) -> None:
    assert sentence(understood(document, Run), now=NOW) == said


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (run(), "○ queued 5m"),
        (run(status="running"), "○ queued 50 ms → ◐ running 4m"),
        (run(LIVE, status="success"), "○ queued 50 ms → ◐ running 1.9 s → ✔ success"),
        (run(REFUSED, status="failed"), "○ queued 50 ms → ◐ running 1.9 s → ✘ failed"),
        (run(LIVE, REFUSED, status="partial_failed"), "○ queued 50 ms → ◐ running 1.9 s → ◑ partial_failed"),
        (
            run(status="failed", startedAt=None, finishedAt=NOON + timedelta(seconds=1)),
            "○ queued 1.0 s → ✘ failed",
        ),
    ],
)
def test_the_page_says_how_it_came_there(document: dict[str, Any], path: str) -> None:
    assert f"status     {path}\n" in in_a_pipe(run_page(understood(document, Run), now=NOW))


def test_the_page_has_a_line_for_each_target_and_what_to_do_about_it() -> None:
    page = in_a_pipe(run_page(understood(run(LIVE, REFUSED, status="partial_failed"), Run), now=NOW))
    assert "openai    ✔ success  1         skill_1 version 2\n" in page
    assert r"claude    ✘ failed   1         quota_exceeded:provider: Pay \x1b[31mfirst\x1b[0m. (request req_9)" in page
    advice = "The account has used up what it may use: raise its limit or pay at the provider, then ask again."
    assert page.endswith(f"claude: {advice}\n")
    alone = in_a_pipe(run_page(understood(run(REFUSED, status="failed"), Run), now=NOW))
    assert alone.endswith(f"\n{advice}\n")


def test_the_page_counts_the_failures_by_code_and_says_what_kind_of_run_it_is() -> None:
    failures = {"too_large:provider": 2, "timeout:provider": 1}
    page = in_a_pipe(run_page(understood(run(REFUSED, status="failed", failures=failures), Run), now=NOW))
    assert "failures   2 x too_large:provider, 1 x timeout:provider\n" in page
    assert "kind       install\n" in page
    fine = in_a_pipe(run_page(understood(run(LIVE, status="success", kind="uninstall"), Run), now=NOW))
    assert "failures" not in fine
    assert "kind       uninstall\n" in fine


def test_those_who_failed_alike_are_told_once_what_to_do() -> None:
    third = target("gemini", status="failed", code="quota_exceeded:provider")
    page = in_a_pipe(run_page(understood(run(LIVE, REFUSED, third, status="partial_failed"), Run), now=NOW))
    assert page.count("raise its limit") == 1
    assert "\nclaude, gemini: The account has used up" in page


def test_a_target_that_waits_for_its_retry_says_until_when() -> None:
    waiting = target(code="rate_limit:provider", nextAttemptAt=NOW + timedelta(seconds=12))
    page = in_a_pipe(run_page(understood(run(waiting, status="running"), Run), now=NOW))
    assert "rate_limit:provider, again in 12.0 s" in page


def test_what_the_watchdog_had_to_do_is_said() -> None:
    rescued = target(status="success", receipt={"remoteId": "skill_1"}, rescues=2)
    assert "skill_1, rescued 2x\n" in in_a_pipe(run_page(understood(run(rescued, status="success"), Run), now=NOW))
    begun = target(status="running", rescues=1)
    assert "  rescued 1x\n" in in_a_pipe(run_page(understood(run(begun, status="running"), Run), now=NOW))


def test_the_page_names_the_runs_that_came_of_it_and_those_it_came_of() -> None:
    undone = [
        {"provider": target()["provider"], "status": "rolled_back", "version": 2},
        {"provider": target("claude")["provider"], "status": "failed", "version": 1, "code": "offline:provider"},
    ]
    whole = run(LIVE, status="success", retryOf="run-1", rollback={"runId": "run-2", "targets": undone})
    page = in_a_pipe(run_page(understood(whole, Run), now=NOW))
    assert re.search(r"^retry of +run-1$", page, re.MULTILINE)
    assert "taken back  by run run-2: openai: rolled back to v2; claude: failed (offline:provider)\n" in page
    itself = run(REFUSED, status="failed", rollback={"runId": None, "targets": undone[:1]})
    assert "taken back  by itself: openai: rolled back to v2\n" in in_a_pipe(run_page(understood(itself, Run), now=NOW))
    again = run(REFUSED, status="failed", retriedBy="run-3", kind="rollback", rollbackOf="run-0")
    page = in_a_pipe(run_page(understood(again, Run), now=NOW))
    assert "retried by  run-3\n" in page
    assert "takes back  run-0\n" in page


@pytest.mark.parametrize(
    ("document", "command"),
    [
        (run(status="running"), f"waybill runs cancel {RUN_ID}"),
        (run(REFUSED, status="failed"), f"waybill runs retry {RUN_ID}"),
        (run(REFUSED, status="failed", retriedBy="run-3"), "waybill runs show run-3"),
        (run(REFUSED, status="failed", kind="rollback", rollbackOf="run-0"), "waybill runs rollback run-0"),
    ],
    ids=["goes on", "failed", "retried", "rollback failed"],
)
def test_the_next_step_is_the_one_that_makes_sense(document: dict[str, Any], command: str) -> None:
    assert [step for step, _ in next_steps(understood(document, Run))] == [f"waybill history {RUN_ID}", command]


def test_a_run_that_succeeded_asks_for_nothing() -> None:
    assert [step for step, _ in next_steps(understood(run(LIVE, status="success"), Run))] == [
        f"waybill history {RUN_ID}"
    ]


def test_the_page_fits_a_terminal() -> None:
    page = on_a_terminal(run_page(understood(run(LIVE, REFUSED, status="partial_failed"), Run), now=NOW))
    assert all(len(line) <= 80 for line in page.splitlines())


def test_the_list_fits_a_terminal_and_keeps_ids_whole() -> None:
    runs = [understood(document, Run) for document in (run(LIVE, REFUSED, status="partial_failed"), run())]
    lines = on_a_terminal(runs_grid(runs, now=NOW)).splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert sum(RUN_ID in line for line in lines) == 2


def test_in_a_pipe_a_run_is_one_line() -> None:
    (_, line) = in_a_pipe(runs_grid([understood(run(REFUSED, status="failed"), Run)], now=NOW)).splitlines()
    assert re.split("  +", line) == [RUN_ID, "5m", "✘ failed", "install a-skill v3 at claude (quota_exceeded:provider)"]


def test_a_newer_server_may_say_more() -> None:
    document = run(target(status="paused", brandNew=1), status="paused", alsoNew={})
    assert "· paused" in in_a_pipe(run_page(understood(document, Run), now=NOW))
