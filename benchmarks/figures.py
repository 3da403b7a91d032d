"""What is measured of a contestant, the bounds that hold for all of them, and how one hands its figures to the run."""

import statistics
import sys
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

CLIENTS: Final = 32
SUBMIT_SECONDS: Final = 5.0
FINISH_SECONDS_MAX: Final = 15.0
FINISH_POLL_SECONDS: Final = 0.05
# Idle: one job at a time, the next one after a pause in which nothing happens.
IDLE_SAMPLES: Final = 200
IDLE_SECONDS_MAX: Final = 8.0
IDLE_PAUSE_SECONDS: Final = 0.02
IDLE_WARM_UP: Final = 5


class Spread(Struct, frozen=True, kw_only=True):
    """Milliseconds."""

    p50: float
    p99: float
    samples: int


class Figures(Struct, frozen=True, kw_only=True):
    """None: not measured. `note` says what was chosen and how it was measured; what comes after it is for the JSON."""

    contestant: str
    submits_per_second: float | None = None
    finished_per_second: float | None = None
    start: Spread | None = None
    failed: str | None = None
    note: str = ""
    counts: dict[str, int] = {}
    spreads: dict[str, Spread] = {}
    processor_seconds: dict[str, dict[str, float]] = {}


def spread(seconds: Sequence[float]) -> Spread:
    """Needs at least two samples."""
    percentiles = statistics.quantiles(seconds, n=100, method="inclusive")
    return Spread(p50=round(percentiles[49] * 1000, 2), p99=round(percentiles[98] * 1000, 2), samples=len(seconds))


def hand_in(*figures: Figures) -> None:
    """The last line that a contestant writes to standard output."""
    sys.stdout.write(msgspec.json.encode(figures).decode() + "\n")


def received(output: str) -> tuple[Figures, ...]:
    """Raises ValueError on an output that ends otherwise."""
    return msgspec.json.decode(output.splitlines()[-1] if output else "", type=tuple[Figures, ...])
