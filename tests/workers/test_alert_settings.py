"""The rules as a file has them, and what a mistake in it is told as."""

from pathlib import Path

import pytest

from domain.alert.rules import DEFAULT, LongRunning, RepeatedFailures, Rules, Severity
from workers.alert_settings import FILE_BYTES_MAX, as_toml, read_rules
from workers.settings import SettingsError, read_settings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rules.toml"


def test_without_a_file_the_rules_are_the_usual_ones() -> None:
    assert read_settings({"WAYBILL_ALERT_RULES": ""}).alerts.rules == DEFAULT


def test_what_a_file_leaves_out_is_as_it_is_without_one(file: Path) -> None:
    file.write_text(
        '[repeated-failures]\nwindow-seconds = 60\nseverity = "critical"\n\n[long-running]\nenabled = false\n'
    )
    settings = read_settings({"WAYBILL_ALERT_RULES": str(file)}).alerts
    assert settings.rules_file == file
    assert settings.rules == Rules(
        repeated_failures=RepeatedFailures(window_seconds=60, severity=Severity.CRITICAL),
        long_running=LongRunning(enabled=False),
    )


def test_what_is_printed_is_a_file_that_says_the_same(file: Path) -> None:
    rules = Rules(repeated_failures=RepeatedFailures(per_code=0), long_running=LongRunning(enabled=False))
    file.write_text(as_toml(rules))
    assert read_rules(file) == rules


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("[long-runing]", "there is no rule 'long-runing'; the rules are repeated-failures, long-running,"),
        ("stuck = 3", "stuck must be a table: [stuck], and its settings below."),
        ("[stuck]\nrescue = 3", "[stuck] has no 'rescue'; it has enabled, severity, renotify-seconds, rescues."),
        ("[stuck]\nrescues = 0", "[stuck] rescues = 0: it must be a whole number >= 1."),
        ("[stuck]\nrescues = 2000000", "[stuck] rescues = 2000000: it must be a whole number <= 1000000."),
        ('[stuck]\nrescues = "2"', '[stuck] rescues = "2": it must be a whole number.'),
        ("[stuck]\nrescues = 2026-11-22", '[stuck] rescues = "2026-11-22": it must be a whole number.'),
        ('[stuck]\nseverity = "bad"', '[stuck] severity = "bad": it must be one of info, warning, critical.'),
        ("[stuck]\nenabled = 1", "[stuck] enabled = 1: it must be true or false."),
        ("[stuck", "is not TOML:"),
    ],
    ids=lambda text: text.splitlines()[-1][:24],
)
def test_a_mistake_is_told_by_file_and_key(file: Path, text: str, wrong: str) -> None:
    file.write_text(text)
    with pytest.raises(SettingsError) as refused:
        read_settings({"WAYBILL_ALERT_RULES": str(file)})
    assert str(refused.value).startswith(f"WAYBILL_ALERT_RULES: {file}")
    assert wrong in str(refused.value)


def test_a_file_that_is_not_there_or_none_at_all(file: Path) -> None:
    for content, wrong in ((None, "cannot be read"), (b"\xff", "is not UTF-8"), (b"#" * (FILE_BYTES_MAX + 1), "bytes")):
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(ValueError, match=wrong):
            read_rules(file)
