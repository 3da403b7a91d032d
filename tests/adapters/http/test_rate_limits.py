"""How often somebody may ask, what is said when it was too often, and that remembering callers costs little."""

from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
import structlog
from structlog.testing import LogCapture

from adapters.http import rate_limits
from adapters.http.errors import TooManyRequests
from adapters.http.rate_limits import ELSEWHERE, LOG_SECONDS, SOURCES_MAX, RateLimit, Refusals, network_of


class Clock:
    """Stands still unless it is moved."""

    def __init__(self) -> None:
        self.now = 86_400.1

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    capture = LogCapture()
    before = structlog.get_config()
    structlog.configure(processors=[capture], cache_logger_on_first_use=False)
    yield capture.entries
    structlog.configure(**before)


def spent(limit: RateLimit, source: str, *, tries: int) -> int:
    """How many of so many tries at one moment are allowed."""
    allowed = 0
    for _ in range(tries):
        try:
            limit.spend(source)
        except TooManyRequests:
            continue
        allowed += 1
    return allowed


@pytest.mark.parametrize(("per_second", "burst"), [(1, 1), (3, 7), (10, 100), (999, 4995), (1000, 5000)])
def test_a_burst_is_allowed_exactly_and_then_the_rate(clock: Clock, per_second: int, burst: int) -> None:
    limit = RateLimit(name="key", per_second=per_second, burst=burst, clock=clock)
    assert spent(limit, "a", tries=burst + 50) == burst
    clock.now += 0.5 / per_second
    assert spent(limit, "a", tries=2) == 0
    clock.now += 0.6 / per_second
    assert spent(limit, "a", tries=2) == 1
    clock.now += burst / per_second + 1
    assert spent(limit, "a", tries=burst + 50) == burst


def test_what_is_left_is_counted_down(clock: Clock) -> None:
    limit = RateLimit(name="key", per_second=2, burst=4, clock=clock)
    assert [limit.spend("a") for _ in range(4)] == [3, 2, 1, 0]
    clock.now += 1
    assert [limit.spend("a") for _ in range(2)] == [1, 0]


def test_each_source_has_a_bucket_of_its_own(clock: Clock) -> None:
    limit = RateLimit(name="key", per_second=1, burst=2, clock=clock)
    assert spent(limit, "a", tries=5) == 2
    assert spent(limit, "b", tries=5) == 2


@pytest.mark.parametrize(("per_second", "seconds"), [(1, 1), (100, 1)])
def test_a_refusal_says_when_to_come_again(clock: Clock, per_second: int, seconds: int) -> None:
    limit = RateLimit(name="key", per_second=per_second, burst=5, clock=clock)
    spent(limit, "a", tries=5)
    with pytest.raises(TooManyRequests) as refused:
        limit.spend("a")
    assert refused.value.headers == {
        "Retry-After": str(seconds),
        "RateLimit-Policy": f'"key";q=5;w={5 if per_second == 1 else 1}',
        "RateLimit": f'"key";r=0;t={seconds}',
    }
    clock.now += seconds
    limit.spend("a")


def test_what_is_given_back_was_not_spent(clock: Clock) -> None:
    limit = RateLimit(name="key", per_second=1, burst=2, clock=clock)
    for _ in range(10):
        limit.spend("a")
        limit.give_back("a")
    limit.give_back("nobody")
    assert spent(limit, "a", tries=5) == 2


def test_sources_are_forgotten_when_their_bucket_is_full(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limits, "SOURCES_MAX", 3)
    limit = RateLimit(name="key", per_second=1, burst=2, clock=clock)
    for source in "abc":
        assert spent(limit, source, tries=3) == 2
    clock.now += 10
    assert limit.spend("d") == 1
    assert set(limit._buckets) == {"d"}


def test_beyond_the_bound_sources_share_one_bucket(clock: Clock) -> None:
    limit = RateLimit(name="key", per_second=1, burst=2, clock=clock)
    for number in range(SOURCES_MAX):
        limit.spend(f"{number}")
    assert spent(limit, "x", tries=1) + spent(limit, "y", tries=5) == 2
    assert len(limit._buckets) == SOURCES_MAX + 1
    assert spent(limit, "7", tries=5) == 1, "who is known keeps their own"


def test_refusals_are_logged_at_once_and_then_counted(clock: Clock, logged: list[MutableMapping[str, Any]]) -> None:
    refusals = Refusals(clock=clock)
    for _ in range(1000):
        refusals.note("a")
    refusals.note("b")
    clock.now += LOG_SECONDS
    refusals.note("a")
    assert [(line["event"], line["source"], line["count"]) for line in logged] == [
        ("requests_refused", "a", 1),
        ("requests_refused", "b", 1),
        ("requests_refused", "a", 1000),
    ]


def test_the_log_remembers_a_bounded_number_of_sources(
    clock: Clock, logged: list[MutableMapping[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limits, "SOURCES_MAX", 10)
    refusals = Refusals(clock=clock)
    for number in range(100):
        refusals.note(f"{number}")
    assert len(refusals._counted) <= 10
    assert len(logged) == 100


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", ELSEWHERE),
        ("", ELSEWHERE),
    ],
)
def test_addresses_are_counted_by_network(address: str, network: str) -> None:
    assert network_of(address) == network
