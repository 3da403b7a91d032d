"""Waiting for what another process does: bounded, and never longer than needed."""

import asyncio
import time
from collections.abc import Awaitable, Callable

POLL_SECONDS = 0.01


def wait_until(predicate: Callable[[], object], seconds: float) -> None:
    """Returns as soon as the predicate is true; fails the test if it is not within the seconds."""
    deadline = time.monotonic() + seconds
    while not predicate():
        if time.monotonic() > deadline:
            raise AssertionError(f"not true within {seconds:g} s: {getattr(predicate, '__qualname__', predicate)}")
        time.sleep(POLL_SECONDS)


async def eventually(condition: Callable[[], Awaitable[object]], seconds: float) -> None:
    """`wait_until` for a condition that has to be awaited."""
    deadline = time.monotonic() + seconds
    while not await condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not true within {seconds:g} s: {getattr(condition, '__qualname__', condition)}")
        await asyncio.sleep(POLL_SECONDS)
