"""An answer that is good for a moment: whoever asks meanwhile shares it, so that asking often costs what asking now and then does."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

# A public endpoint has what it says found out five times a second at most.
FRESH_SECONDS: Final = 0.2

Answer = TypeVar("Answer")


class Momentary(Generic[Answer]):
    """`ask` bounds its own time; what it fails with, all get who asked. Who goes away before it has answered leaves the others their answer."""

    def __init__(
        self,
        ask: Callable[[], Awaitable[Answer]],
        *,
        seconds: float = FRESH_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._seconds = seconds
        self._clock = clock
        self._asking: asyncio.Future[Answer] | None = None
        self._fresh_until = float("-inf")

    async def __call__(self) -> Answer:
        asking = self._asking
        if asking is None or (asking.done() and self._clock() >= self._fresh_until):
            asking = self._asking = asyncio.ensure_future(self._find_out())
        return await asyncio.shield(asking)

    async def _find_out(self) -> Answer:
        answer = await self._ask()
        self._fresh_until = self._clock() + self._seconds
        return answer
