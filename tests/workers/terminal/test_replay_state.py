"""How a run as it was looks."""

from datetime import timedelta
from typing import Any

import rich_click as click
from click.testing import CliRunner

from tests.workers.terminal.answered import NOON, RUN_ID, in_a_pipe, on_a_terminal, run, target
from workers.terminal.answers import understood
from workers.terminal.replay_answers import RunState
from workers.terminal.replay_moments import PastMoment, warnings
from workers.terminal.replay_state import state_page

OTHER = "019ab000-0000-7000-8000-000000000002"
PAIR = {
    "name": "a-skill@openai",
    "live": True,
    "version": 2,
    "drift": "missing",
    "activeRunId": RUN_ID,
    "waiting": [OTHER],
    "doubtfulSince": NOON,
    "doubtfulVersions": [2, 3],
}
STATE = {
    "startBy": "2026-11-22T12:15:00Z",
    "endBy": "2026-11-22T13:00:00Z",
    "cancelled": True,
    "takesBack": False,
    "targets": [
        {
            "target": {"id": "id-openai"},
            "attemptId": "019ab000-0000-7000-8000-00000000000a",
            "leaseUntil": "2026-11-22T12:01:30Z",
            "doubtfulSince": None,
        },
        {"target": {"id": "id-claude"}, "attemptId": "earlier", "leaseUntil": None, "doubtfulSince": None},
    ],
}


def state(**more: Any) -> RunState:
    then = {
        "position": 48,
        "at": NOON + timedelta(milliseconds=1234),
        "run": run(target("openai", status="running"), target("claude"), status="running"),
        "events": 6,
        "state": STATE,
        "installations": [PAIR, {"name": "a-skill@claude", "live": False, "version": 0}],
    }
    return understood(then | more, RunState)


def test_it_says_when_what_was_shown_and_what_was_decided_by() -> None:
    assert in_a_pipe(state_page(state())).splitlines() == [
        "moment       position 48, 2026-11-22 12:00:01.234 UTC, after 6 events of the run",
        f"run          {RUN_ID}",
        "kind         install",
        "status       ◐ running",
        "skill        a-skill v3 (abababababab)",
        "requested    2026-11-22 12:00:00.000 UTC by first admin key",
        "to start by  2026-11-22 12:15:00.000 UTC",
        "to end by    2026-11-22 13:00:00.000 UTC",
        "besides      cancelled",
        "",
        "PROVIDER  STATUS     ATTEMPTS  OUTCOME",
        "openai    ◐ running  1",
        "claude    ○ queued   1",
        "",
        "a-skill v3 is being installed at openai.",
        "",
        "PROVIDER  ATTEMPT                               LEASE UNTIL   IN DOUBT SINCE",
        "openai    019ab000-0000-7000-8000-00000000000a  12:01:30.000  -",
        "",
        "INSTALLATION    LIVE          AT WORK",
        f"a-skill@openai  v2 (missing)  this run; then run {OTHER}; v2, v3 may have been put there since 12:00:00.000",
        "a-skill@claude  nothing       nobody",
    ]


def test_on_a_narrow_terminal_nothing_is_lost() -> None:
    shown = on_a_terminal(state_page(state()), width=60)
    assert OTHER in shown
    assert "019ab000-0000-7000-8000-00000000000a" in shown


def test_a_run_that_its_read_model_cannot_take_is_shown_by_its_state() -> None:
    broken = [{"of": "run", "model": "install_runs", "position": 47, "message": "run\x1b[2J is queued twice"}]
    then = state(run=None, broken=broken)
    shown = in_a_pipe(state_page(then))
    assert "to end by" in shown
    assert "?         019ab000-0000-7000-8000-00000000000a" in shown
    (line,) = warnings(then.broken)
    assert line.plain.startswith(
        "The read model install_runs cannot take the event at 47: run\\x1b[2J is queued twice."
    )


def test_a_moment_whose_event_was_removed_says_so() -> None:
    assert "position 48, whose event is not in the store, after 6 events" in in_a_pipe(state_page(state(at=None)))


def test_members_of_another_version_are_left_out() -> None:
    shown = in_a_pipe(state_page(state(state={"targets": [{"new": 1}], "startBy": 12}, installations=[])))
    assert "to start by" not in shown
    assert "LEASE" not in shown


def converted(text: str) -> str:
    @click.command()
    @click.argument("moment", type=PastMoment())
    def command(moment: str) -> None:
        click.echo(moment)

    ran = CliRunner().invoke(command, [text])
    return ran.output.strip() if ran.exit_code == 0 else "refused"


def test_a_moment_is_a_position_a_time_or_an_age() -> None:
    assert converted("42") == "42"
    assert converted("0") == "0"
    assert converted("2026-11-22T12:00:00.5Z") == "2026-11-22T12:00:00.500000Z"
    assert converted("2026-11-22T12:00:00+09:00") == "2026-11-22T03:00:00Z"
    assert converted("15m").endswith("Z")
    assert [converted(text) for text in ("soon", "-3", "4.2", "\u0663")] == ["refused"] * 4
