"""How the changes of a run look: event by event, what each field was and what it is."""

from typing import Any

from rich.console import Console

from tests.workers.terminal.answered import NOON, in_a_pipe, on_a_terminal
from workers.terminal.answers import understood
from workers.terminal.replay_answers import RunDiff
from workers.terminal.replay_diff import VALUE_CHARS_MAX, diff_page

NAMES = {"0": "openai", "1": "claude"}
PAIR = "installation:a-skill@openai"
UUID_TEXT = "019ab000-0000-7000-8000-000000000001"


def change(
    path: str, before: Any, after: Any, *, of: str = "run", event: str = "Told 45", **more: Any
) -> dict[str, Any]:
    """`event` is a name and a position."""
    name, position = event.split()
    blamed = {"position": int(position), "event": name, "at": NOON}
    return {"path": path, "of": of, "before": before, "after": after, "event": blamed} | more


def diff(*changes: dict[str, Any]) -> RunDiff:
    moments = {"from": {"position": 0, "at": None}, "to": {"position": 47, "at": NOON}}
    event = {"position": 45, "event": "Told", "at": NOON}
    return understood(moments | {"changes": changes, "events": [event, event]}, RunDiff)


def test_each_event_has_its_changes_below_it() -> None:
    shown = in_a_pipe(
        diff_page(
            diff(
                change("/targets/1/status", "running", "success"),
                change("/targets/1/receipt/remoteId", None, "skill_1"),
                change("/targets/1/leaseUntil", "2026-11-22T12:01:30Z", None, of="state"),
                change("/failures/too_large:provider", None, 1, event="RunFailed 46"),
                change("/version", 1, 2, of=PAIR, event="RunFailed 46", times=3),
            ),
            NAMES,
        )
    )
    assert shown.splitlines() == [
        "From position 0 to position 47 (2026-11-22 12:00:00.000 UTC): 2 events, 5 fields changed.",
        "",
        "45  12:00:00.000  Told",
        "  run    claude status                running → success",
        "  run    claude receipt remoteId      + skill_1",
        "  state  claude leaseUntil            - 2026-11-22T12:01:30Z",
        "",
        "46  12:00:00.000  RunFailed",
        "  run    failures too_large:provider  + 1",
        "  live   openai version               1 → 2 (changed 3 times)",
    ]


def test_what_changes_with_every_event_and_what_is_said_twice_is_said_once_or_not() -> None:
    shown = in_a_pipe(
        diff_page(
            diff(
                change("/position", 1, 2),
                change("/status", "queued", "running"),
                change("/status", "queued", "running", of="state"),
                change("/status", "queued", "failed", of="state", event="Other 46"),
            ),
            NAMES,
        )
    )
    assert "2 fields changed" in shown
    assert "position  " not in shown
    assert shown.count("queued → running") == 1


def test_what_begins_is_told_in_one_line() -> None:
    changes = [change(f"/field{number}", None, number, event="RunQueued 3") for number in range(30)]
    changes += [change("/kind", None, "install", of="state", event="RunQueued 3")]
    changes += [change(path, None, 1, of=PAIR, event="InstallationReserved 4") for path in ("/live", "/begunPosition")]
    shown = in_a_pipe(diff_page(diff(*changes), NAMES))
    assert [line.split() for line in shown.splitlines() if "begins" in line] == [
        ["run", "+", "begins", "here,", "with", "30", "fields"],
        ["state", "+", "begins", "here,", "with", "1", "field"],
        ["live", "openai", "+", "begins", "here,", "with", "2", "fields"],
    ]


def test_long_values_are_cut_and_digests_short() -> None:
    shown = in_a_pipe(
        diff_page(diff(change("/usage", "", "x" * 500, of=PAIR), change("/digest", f"sha256:{'ab' * 32}", None)), NAMES)
    )
    assert f"+ {'x' * VALUE_CHARS_MAX} …" in shown
    assert "- abababababab\n" in shown


def test_an_id_fits_beside_its_field_on_a_terminal() -> None:
    shown = on_a_terminal(diff_page(diff(change("/activeRunId", UUID_TEXT, None, of=PAIR)), NAMES))
    assert f"- {UUID_TEXT}\n" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_nothing_changed_is_said() -> None:
    assert in_a_pipe(diff_page(diff(), {})).endswith("2 events, nothing changed.\n")


def test_what_somebody_wrote_is_shown_and_not_obeyed() -> None:
    shown = in_a_pipe(diff_page(diff(change("/targets/0/message\x1b", None, "\x1b[2Jgone")), {}))
    assert "\x1b" not in shown
    assert "target 0 message" in shown


def test_colours_say_it_again() -> None:
    console = Console(force_terminal=True, color_system="standard", width=80, record=True, _environ={})
    with console.capture() as captured:
        console.print(diff_page(diff(change("/status", "queued", "failed")), NAMES))
    assert "\x1b[31mqueued\x1b[0m → \x1b[32mfailed\x1b[0m" in captured.get()
