"""How the attempts to deliver one message to a webhook follow each other, and when they end."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from msgspec import Struct

# Beyond this many doublings any pause is at its longest.
DOUBLINGS_MAX: Final = 32


class Pace(Struct, frozen=True, kw_only=True):
    """`jitter` gives numbers from 0 to 1."""

    pause_seconds_min: float = 5.0
    pause_seconds_max: float = 3600.0
    give_up_after: timedelta = timedelta(hours=24)
    jitter: Callable[[], float] = random.random

    def pause_seconds(self, attempt: int, *, retry_after_seconds: float | None) -> float:
        """Until the attempt after this one. Up to half of the backoff is taken away, so that not all come at once."""
        grown = self.pause_seconds_min * 2.0 ** min(attempt - 1, DOUBLINGS_MAX)
        backoff = min(grown, self.pause_seconds_max) * (1 - self.jitter() / 2)
        return max(backoff, self.rest_seconds(retry_after_seconds))

    def rest_seconds(self, retry_after_seconds: float | None) -> float:
        """What a receiver asks for, as far as it is granted."""
        return min(retry_after_seconds or 0.0, self.pause_seconds_max)


DEFAULT_PACE: Final = Pace()
