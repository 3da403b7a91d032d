"""What the environment may say of how runs are carried out, and what it may not."""

import pytest

from domain.install_run.policy import Policy
from workers.policy_settings import CONCURRENCY, CONCURRENCY_MAX, POLICY
from workers.settings import SettingsError, read_settings

VALUES = {
    "WAYBILL_ATTEMPTS_MAX": "7",
    "WAYBILL_BACKOFF_SECONDS": "0.5",
    "WAYBILL_BACKOFF_MAX_SECONDS": "120",
    "WAYBILL_ATTEMPT_TIMEOUT_SECONDS": "30",
    "WAYBILL_START_TIMEOUT_SECONDS": "600",
    "WAYBILL_RUN_TIMEOUT_SECONDS": "1800",
}


def test_nothing_said_is_the_usual_policy_and_no_limit_by_kind() -> None:
    settings = read_settings(dict.fromkeys([*POLICY, *CONCURRENCY], ""))
    assert (settings.policy, settings.concurrency) == (Policy(), {})


def test_every_number_of_the_policy_can_be_set() -> None:
    assert VALUES.keys() == POLICY.keys()
    assert read_settings(VALUES).policy == Policy(
        attempts_max=7,
        backoff_seconds=0.5,
        backoff_max_seconds=120,
        attempt_timeout_seconds=30,
        start_timeout_seconds=600,
        run_timeout_seconds=1800,
    )


def test_kinds_are_limited_one_by_one() -> None:
    environment = {"WAYBILL_CONCURRENCY_CLAUDE": "2", "WAYBILL_CONCURRENCY_NOOP": "200"}
    assert read_settings(environment).concurrency == {"claude": 2, "noop": 200}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("WAYBILL_ATTEMPTS_MAX", "0", "WAYBILL_ATTEMPTS_MAX must be a whole number >= 1."),
        ("WAYBILL_ATTEMPTS_MAX", "21", "WAYBILL_ATTEMPTS_MAX must be a whole number <= 20."),
        ("WAYBILL_ATTEMPTS_MAX", "many", "WAYBILL_ATTEMPTS_MAX must be a whole number."),
        ("WAYBILL_BACKOFF_SECONDS", "soon", "WAYBILL_BACKOFF_SECONDS must be a number."),
        ("WAYBILL_BACKOFF_SECONDS", "-0.5", "WAYBILL_BACKOFF_SECONDS must be a number >= 0.0."),
        ("WAYBILL_RUN_TIMEOUT_SECONDS", "1.5", "WAYBILL_RUN_TIMEOUT_SECONDS must be a whole number."),
        ("WAYBILL_CONCURRENCY_OPENAI", "0", "WAYBILL_CONCURRENCY_OPENAI must be a whole number >= 1."),
        (
            "WAYBILL_CONCURRENCY_GEMINI",
            f"{CONCURRENCY_MAX + 1}",
            f"WAYBILL_CONCURRENCY_GEMINI must be a whole number <= {CONCURRENCY_MAX}.",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_by_its_name(name: str, text: str, message: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings({name: text})
    assert str(refused.value) == message
