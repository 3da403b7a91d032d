"""How often somebody may ask: a token bucket for each source, in the memory of this process.

The libraries for this were looked at: `limits` has windows and no bucket that refills, `aiolimiter` is one bucket and made for waiting,
`pyrate-limiter` keeps the time of every request. None of them bounds how many callers it remembers.
"""

import math
import time
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from typing import Final

import structlog

from adapters.http.errors import TooManyRequests

# More sources than this at once share one bucket.
SOURCES_MAX: Final = 10_000
ELSEWHERE: Final = "others"
SWEEP_SECONDS: Final = 1.0
LOG_SECONDS: Final = 60.0
# What a provider gives to one customer is a network of this size, or a larger one.
IPV6_PREFIX_BITS: Final = 64

Clock = Callable[[], float]

log = structlog.get_logger(__name__)


class RateLimit:
    """So many a second, and so many at once. A source whose bucket is full again is forgotten when room is needed."""

    def __init__(self, *, name: str, per_second: int, burst: int, clock: Clock = time.monotonic) -> None:
        """`clock` gives seconds and never goes back."""
        self.name = name
        self.policy = f'"{name}";q={burst};w={math.ceil(burst / per_second)}'
        self._per_second = per_second
        self._burst = burst
        self._clock = clock
        # What was left of each source's bucket, and when.
        self._buckets: dict[str, tuple[float, float]] = {}
        self._sweep_at = 0.0

    def spend(self, source: str) -> int:
        """One request of this source; how many more of it may come at once. Raises TooManyRequests."""
        now = self._clock()
        if source not in self._buckets:
            source = self._admitted(source, now)
        left = self._left(source, now)
        if left < 1:
            wait_seconds = math.ceil((1 - left) / self._per_second)
            raise TooManyRequests(retry_after_seconds=wait_seconds, policy=self.policy)
        self._buckets[source] = (left - 1, now)
        return int(left) - 1

    def give_back(self, source: str) -> None:
        """What was spent on a request that is not to count after all."""
        source = source if source in self._buckets else ELSEWHERE
        if source in self._buckets:
            left, at = self._buckets[source]
            self._buckets[source] = (left + 1, at)

    def _left(self, source: str, now: float) -> float:
        left, at = self._buckets.get(source, (self._burst, now))
        return min(self._burst, left + (now - at) * self._per_second)

    def _admitted(self, source: str, now: float) -> str:
        if len(self._buckets) < SOURCES_MAX:
            return source
        if now >= self._sweep_at:
            self._sweep_at = now + SWEEP_SECONDS
            for known in [known for known in self._buckets if self._left(known, now) >= self._burst]:
                del self._buckets[known]
        return source if len(self._buckets) < SOURCES_MAX else ELSEWHERE


class Refusals:
    """Says in the log who is refused for asking too often: the first time at once, then with their number once a minute."""

    def __init__(self, *, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._counted: dict[str, tuple[float, int]] = {}

    def note(self, source: str) -> None:
        now = self._clock()
        if source not in self._counted and len(self._counted) >= SOURCES_MAX:
            self._counted.clear()
        said_at, count = self._counted.get(source, (-math.inf, 0))
        if now - said_at < LOG_SECONDS:
            self._counted[source] = (said_at, count + 1)
            return
        self._counted[source] = (now, 0)
        log.warning("requests_refused", source=source, count=count + 1)


def network_of(address: str) -> str:
    """Whose requests are counted together: an IPv4 address, an IPv6 network."""
    try:
        found = ip_address(address)
    except ValueError:
        return ELSEWHERE
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    beyond_bits = found.max_prefixlen - IPV6_PREFIX_BITS
    return f"{IPv6Address(int(found) >> beyond_bits << beyond_bits)}/{IPV6_PREFIX_BITS}"
