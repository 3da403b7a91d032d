"""How a tree of causes looks: what follows from one thing stands below it, and branches only where several things follow."""

from datetime import timedelta
from typing import Any

import pytest

from tests.workers.terminal.answered import NOON, RUN_ID, in_a_pipe, on_a_terminal, run, target
from workers.terminal.answers import understood
from workers.terminal.cause_wording import spell
from workers.terminal.replay_answers import RunCauses
from workers.terminal.replay_why import LEGEND, why_page

OTHER = "019ab000-0000-7000-8000-000000000002"
PERSON = {"id": "ci", "name": "release bot", "kind": "api_key"}
INSTALLER = {"id": "installer", "name": "installer", "kind": "system"}
WATCHDOG = {"id": "watchdog", "name": "watchdog", "kind": "system"}


def node(event: str, position: int, seconds: float, *children: dict[str, Any], **more: Any) -> dict[str, Any]:
    """`seconds` after noon."""
    return {
        "position": position,
        "event": event,
        "at": NOON + timedelta(seconds=seconds),
        "actor": INSTALLER,
        "because": "cause",
        "children": children,
    } | more


def causes(*roots: dict[str, Any], status: str = "failed", **more: Any) -> RunCauses:
    failed = target("openai", status="failed", code="timeout:provider")
    return understood({"run": run(failed, status=status), "roots": roots} | more, RunCauses)


END = node(
    "RunFailed", 8, 33, critical=True, because="together", afterSeconds=0.0, say={"failures": {"timeout:provider": 1}}
)
RELEASED = node("InstallationReleased", 7, 33, because="together", afterSeconds=0.0, provider="openai")
FAILED = node(
    "ProviderFailed",
    6,
    33,
    RELEASED,
    END,
    critical=True,
    afterSeconds=2.0,
    spent="provider",
    provider="openai",
    say={"code": "timeout:provider", "ambiguous": True},
)
STARTED = node(
    "ProviderStarted",
    5,
    31,
    FAILED,
    critical=True,
    slow=True,
    afterSeconds=30.0,
    spent="backoff",
    provider="openai",
    say={"attempt": 2},
)
EXPIRED = node(
    "ProviderLeaseExpired",
    4,
    1,
    STARTED,
    critical=True,
    afterSeconds=0.5,
    spent="silence",
    provider="openai",
    actor=WATCHDOG,
)
QUEUED = node(
    "RunQueued",
    3,
    0,
    EXPIRED,
    node(
        "InstallationAwaited",
        9,
        0,
        provider="claude",
        because="together",
        afterSeconds=0.0,
        actor=PERSON,
        say={"version": 3},
    ),
    critical=True,
    because="begin",
    actor=PERSON,
    say={"skill": {"name": "a-skill", "version": 3}, "targets": [{"name": "openai"}]},
    also=[
        {
            "because": "retry",
            "id": "e",
            "runId": OTHER,
            "position": 2,
            "event": "RunFailed",
            "at": NOON - timedelta(minutes=3),
            "say": {"failures": {"overloaded:provider": 2}},
        }
    ],
)
DENIED = node(
    "AccessDenied",
    1,
    -1,
    because="begin",
    actor={"id": "others", "name": "unknown callers", "kind": "anonymous"},
    say={"method": "POST", "path": "/api/install-runs", "code": "forbidden:auth", "count": 4},
)


def test_the_tree_says_what_followed_from_what_and_how_long_it_took() -> None:
    shown = in_a_pipe(why_page(causes(DENIED, QUEUED), now=NOON))
    assert shown.splitlines() == [
        "✘ failed  a-skill v3 could not be installed at openai (timeout:provider).",
        "It took 33.0 s: 30.0 s waiting to try again, 2.0 s at the provider.",
        "",
        "1  11:59:59.000           ○ AccessDenied POST /api/install-runs: forbidden:auth (4 times) by unknown callers",
        "",
        "3  12:00:00.000           ● RunQueued a-skill v3 for openai by release bot",
        f"                          │ ↳ tries again what failed in run {OTHER} (RunFailed at 2, 3m before: 2 x overloaded:provider)",
        "4  12:00:01.000  +500 ms  ├─ ● ProviderLeaseExpired openai: nothing was heard of the attempt in time by watchdog",
        "5  12:00:31.000  +30.0 s  │  ● ProviderStarted openai: attempt 2 ◂ 30.0 s waiting to try again",
        "6  12:00:33.000   +2.0 s  │  ● ProviderFailed openai: timeout:provider, may have been applied",
        "7  12:00:33.000           │  ├─ ○ InstallationReleased openai",
        "8  12:00:33.000           │  └─ ● RunFailed 1 x timeout:provider",
        "9  12:00:00.000           └─ ○ InstallationAwaited openai: for version 3".replace("openai", "claude"),
        "",
        LEGEND,
    ]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_on_a_terminal_no_line_is_wider_and_the_guides_go_on(width: int) -> None:
    lines = on_a_terminal(why_page(causes(DENIED, QUEUED), now=NOON), width=width).splitlines()
    assert max(map(len, lines)) <= width
    first = next(number for number, line in enumerate(lines) if "ProviderLeaseExpired" in line)
    last = next(number for number, line in enumerate(lines) if "InstallationAwaited" in line)
    assert all("│" in line for line in lines[first + 1 : last])


def test_a_run_that_is_under_way_says_since_when_nothing_has_happened() -> None:
    waiting = node("ProviderStarted", 4, 10, critical=True, afterSeconds=10.0, spent="queue")
    queued = node("RunQueued", 3, 0, waiting, critical=True, because="begin")
    shown = in_a_pipe(why_page(causes(queued, status="running"), now=NOON + timedelta(seconds=250)))
    assert "So far it has taken 10.0 s: 10.0 s waiting for an installer." in shown
    assert "Nothing has happened for 4 m 0 s, since ProviderStarted." in shown


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ({"because": "lost", "id": "01"}, "its cause is not in the store: event 01"),
        ({"because": "rollback", "runId": OTHER}, f"takes back what was done by run {OTHER}, which has not ended"),
        (
            {"because": "turn", "runId": OTHER, "position": 4, "event": "InstallationReleased", "at": NOON},
            f"its turn came after run {OTHER} (InstallationReleased at 4)",
        ),
        (
            {"because": "cancel", "runId": RUN_ID, "position": 4, "event": "RunCancelRequested", "at": NOON},
            "because of RunCancelRequested at 4",
        ),
        ({"because": "cause", "position": 4, "event": "New", "at": NOON}, "was caused in another stream (New at 4)"),
        (
            {"because": "newer", "runId": OTHER, "position": 4, "event": "New", "at": NOON},
            f"rests on run {OTHER} (New at 4)",
        ),
    ],
    ids=lambda value: value.get("because") if isinstance(value, dict) else "",
)
def test_what_lies_elsewhere_has_a_line_of_its_own(link: dict[str, Any], words: str) -> None:
    shown = in_a_pipe(why_page(causes(node("RunQueued", 3, 0, also=[link])), now=NOON))
    assert f"↳ {words}\n" in shown


@pytest.mark.parametrize(
    ("event", "say", "words"),
    [
        (
            "ChatCommandReceived",
            {"intent": {"action": "install", "skills": ["a"], "providers": ["x", "y"]}},
            "install a at x and y",
        ),
        ("ChatCommandReceived", {"intent": 1}, ""),
        ("ChatCommandRejected", {"reason": "forbidden"}, "forbidden"),
        ("ProviderPaused", {"code": "rate_limit:provider", "until": "12:00"}, "rate_limit:provider until 12:00"),
        ("ProviderVerificationFailed", {"code": "unauthorized:provider"}, "unauthorized:provider"),
        ("InstallationDriftFound", {"drift": "missing"}, "missing"),
        ("InstallationCheckFailed", {"code": "timeout:provider"}, "timeout:provider"),
        ("AlertRaised", {"severity": "warning", "rule": "stuck", "subject": "run:1"}, "warning stuck: run:1"),
        ("AccessDenied", {}, ""),
        ("SomethingNew", {"a": 1}, ""),
    ],
)
def test_events_of_other_things_are_said_in_short(event: str, say: dict[str, Any], words: str) -> None:
    shown = in_a_pipe(why_page(causes(node(event, 3, 0, say=say)), now=NOON))
    assert f"○ {event}{' ' if words else ''}{words}\n" in shown


def test_what_happened_to_a_connection_is_said_with_its_name() -> None:
    refused = node("ProviderVerificationFailed", 3, 0, provider="openai", say={"code": "unauthorized:provider"})
    assert "○ ProviderVerificationFailed openai: unauthorized:provider\n" in in_a_pipe(
        why_page(causes(refused), now=NOON)
    )


def test_what_somebody_wrote_is_shown_and_not_obeyed() -> None:
    shown = on_a_terminal(why_page(causes(node("AccessDenied\x1b[2J", 3, 0, say={"path": "\x07"})), now=NOON))
    assert "\x1b[2J" not in shown
    assert "\x07" not in shown


def test_without_the_run_there_is_still_the_tree() -> None:
    assert "RunQueued" in in_a_pipe(why_page(understood({"run": None, "roots": [QUEUED]}, RunCauses), now=NOON))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.0, "0 ms"), (0.25, "250 ms"), (1.0, "1.0 s"), (99.94, "99.9 s"), (135, "2 m 15 s"), (7260, "2 h 1 m")],
)
def test_lengths_of_time_are_told_in_units_that_fit(seconds: float, words: str) -> None:
    assert spell(seconds) == words
