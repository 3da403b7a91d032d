"""Waiting for what another process does: bounded, and never longer than needed."""

import time
from collections.abc import Callable

POLL_SECONDS = 0.01


def wait_until(predicate: Callable[[], object], seconds: float) -> None:
    """Returns as soon as the predicate is true; fails the test if it is not within the seconds."""
    deadline = time.monotonic() + seconds
    while not predicate():
        if time.monotonic() > deadline:
            raise AssertionError(f"not true within {seconds:g} s: {getattr(predicate, '__qualname__', predicate)}")
        time.sleep(POLL_SECONDS)
