"""What is told of a run while it goes on. That it is followed to its end, is for the acceptance tests."""

from rich.console import Console

from tests.workers.terminal.answered import run, target
from workers.terminal.watching import told


def test_a_change_is_told_once_and_what_stays_is_not() -> None:
    console = Console(record=True, width=80, force_terminal=False, color_system=None)
    report = told(console)
    with console.capture() as capture:
        report(run(target(), target("claude")))
        report(run(target(status="running"), target("claude"), status="running"))
        report(run(target(status="running", attempts=2), target("claude"), status="running"))
        live = target(status="success", receipt={"remoteId": "skill_1", "remoteVersion": None})
        report(run(live, target("claude", status="failed", code="offline:provider"), status="partial_failed"))
    assert [line.split("  ", 1)[1] for line in capture.get().splitlines()] == [
        "run  ○ queued",
        "openai  ○ queued",
        "claude  ○ queued",
        "run  ◐ running",
        "openai  ◐ running",
        "run  ◑ partial_failed",
        "openai  ✔ success  skill_1",
        "claude  ✘ failed  offline:provider",
    ]
