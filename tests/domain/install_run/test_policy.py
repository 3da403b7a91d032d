"""What is tried again, and when."""

import pytest

from domain.errors import Code
from domain.install_run.policy import RETRY_AFTER_SECONDS_MAX, Policy, next_attempt_at
from tests.domain.facts import NOON, after


def seconds(policy: Policy, *, attempts: int = 1, retry_after_seconds: float | None = None, jitter: float = 0) -> float:
    due_at = next_attempt_at(
        policy, attempts=attempts, now=NOON, retry_after_seconds=retry_after_seconds, jitter=jitter
    )
    return (due_at - NOON).total_seconds()


def test_the_backoff_doubles_up_to_its_cap() -> None:
    policy = Policy(backoff_seconds=3, backoff_max_seconds=20)
    assert [seconds(policy, attempts=attempts) for attempts in (1, 2, 3, 4, 19)] == [3, 6, 12, 20, 20]


def test_no_backoff_is_no_wait() -> None:
    assert seconds(Policy(backoff_seconds=0), attempts=7) == 0


@pytest.mark.parametrize(("jitter", "expected"), [(0, 8), (0.5, 6), (1, 4)])
def test_jitter_takes_up_to_half_away(jitter: float, expected: float) -> None:
    assert seconds(Policy(backoff_seconds=8), jitter=jitter) == expected
    assert seconds(Policy(backoff_seconds=80, backoff_max_seconds=8), jitter=jitter) == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (None, 8),
        (7.5, 8),
        (9.5, 9.5),
        (RETRY_AFTER_SECONDS_MAX, RETRY_AFTER_SECONDS_MAX),
        (RETRY_AFTER_SECONDS_MAX + 1, RETRY_AFTER_SECONDS_MAX),
        (float("inf"), RETRY_AFTER_SECONDS_MAX),
    ],
    ids=str,
)
def test_the_word_of_a_provider_is_not_undercut_and_not_taken_without_a_limit(
    asked: float | None, expected: float
) -> None:
    assert seconds(Policy(backoff_seconds=8), retry_after_seconds=asked) == expected


def test_jitter_does_not_undercut_the_word_of_a_provider() -> None:
    assert seconds(Policy(backoff_seconds=8), retry_after_seconds=7, jitter=1) == 7


@pytest.mark.parametrize("retryable", [True, False])
def test_the_error_says_what_is_tried_again(*, retryable: bool) -> None:
    assert Policy().retries(Code.PROVIDER_TIMEOUT, retryable=retryable) is retryable


def test_retry_codes_narrow_it_and_widen_nothing() -> None:
    policy = Policy(retry_codes=(Code.PROVIDER_TIMEOUT,))
    assert policy.retries(Code.PROVIDER_TIMEOUT, retryable=True)
    assert not policy.retries(Code.PROVIDER_TIMEOUT, retryable=False)
    assert not policy.retries(Code.PROVIDER_OVERLOADED, retryable=True)
    assert not Policy(retry_codes=()).retries(Code.PROVIDER_TIMEOUT, retryable=True)


def test_times_are_kept_in_fractions_too() -> None:
    assert next_attempt_at(
        Policy(backoff_seconds=0.25), attempts=2, now=NOON, retry_after_seconds=None, jitter=0
    ) == after(0.5)
