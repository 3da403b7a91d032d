from datetime import timedelta

import pytest

from tests.workers.terminal.answered import NOON
from workers.terminal.wording import age, ago, clock, duration, enumerated, printable, short_digest, size, status_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("장애 보고서", "장애 보고서"),
        ("two\n  lines\t", "two lines"),
        ("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"),
        ("evil\u202egnp.exe", "evil\\u202egnp.exe"),
        ("half\ud800", "half\\ud800"),
    ],
)
def test_a_terminal_shows_what_others_wrote_and_does_not_obey_it(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        ("queued", "○ queued"),
        ("running", "◐ running"),
        ("success", "✔ success"),
        ("failed", "✘ failed"),
        ("partial_failed", "◑ partial_failed"),
        ("of a newer server", "· of a newer server"),
    ],
)
def test_a_status_is_a_symbol_and_a_word(status: str, shown: str) -> None:
    assert status_text(status).plain == shown


@pytest.mark.parametrize(
    ("seconds", "shown"), [(-5, "0s"), (59, "59s"), (60, "1m"), (3_599, "59m"), (7_200, "2h"), (200_000, "2d")]
)
def test_an_age_is_in_its_largest_unit(seconds: int, shown: str) -> None:
    assert age(NOON, now=NOON + timedelta(seconds=seconds)) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.0421, "42 ms"), (1.26, "1.3 s"), (59.94, "59.9 s"), (61, "1m"), (-1, "0 ms")]
)
def test_a_duration(seconds: float, shown: str) -> None:
    assert duration(NOON, NOON + timedelta(seconds=seconds)) == shown


def test_times_are_in_utc_wherever_the_terminal_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Seoul")
    assert clock(NOON) == "12:00:00.000"
    assert ago(NOON, now=NOON + timedelta(hours=3)) == "2026-11-22 12:00:00 UTC (3h ago)"


def test_a_short_digest_is_long_enough_to_be_a_ref() -> None:
    assert short_digest(f"sha256:{'0123456789abcdef' * 4}") == "0123456789ab"


@pytest.mark.parametrize(("number", "shown"), [(1, "1 byte"), (999, "999 bytes"), (2_720, "2.7 kB"), (25e6, "25.0 MB")])
def test_sizes(number: int, shown: str) -> None:
    assert size(number) == shown


@pytest.mark.parametrize(
    ("names", "shown"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_names_are_told_as_people_tell_them(names: list[str], shown: str) -> None:
    assert enumerated(names) == shown
