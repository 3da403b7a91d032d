"""How every peer is measured: in its own process, one job after another when idle, then a heap of jobs in and out again."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol

from msgspec import Struct

from benchmarks.figures import (
    CLIENTS,
    FINISH_POLL_SECONDS,
    FINISH_SECONDS_MAX,
    IDLE_PAUSE_SECONDS,
    IDLE_SAMPLES,
    IDLE_SECONDS_MAX,
    IDLE_WARM_UP,
    SUBMIT_SECONDS,
    Figures,
    Spread,
    hand_in,
    spread,
)

# A peer that misses a notification finds the job by polling; procrastinate looks every 5 s.
START_SECONDS_MAX: Final = 15.0
# Longer than any peer's poll, so that a worker is at rest before it is asked for something.
SETTLE_SECONDS: Final = 1.0


class Started:
    """The job of every peer: it notes the time, and that is all."""

    def __init__(self) -> None:
        self._moment: asyncio.Future[float] | None = None

    def note(self) -> None:
        if self._moment is not None and not self._moment.done():
            moment = time.perf_counter()
            self._moment.get_loop().call_soon_threadsafe(self._set, moment)

    async def after(self, submit: Callable[[], Awaitable[object]]) -> float:
        """Seconds from before the submit until the job begins."""
        self._moment = asyncio.get_running_loop().create_future()
        began = time.perf_counter()
        await submit()
        async with asyncio.timeout(START_SECONDS_MAX):
            return await self._moment - began

    def _set(self, moment: float) -> None:
        if self._moment is not None and not self._moment.done():
            self._moment.set_result(moment)


class Peer(Protocol):
    """`working` runs the worker; `finished` counts the jobs that the database knows as done."""

    async def submit(self) -> object: ...

    def working(self) -> AbstractAsyncContextManager[object]: ...

    async def finished(self) -> int: ...


class Throughput(Struct, frozen=True):
    count: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.count / self.seconds


async def measure(name: str, peer: Peer, started: Started, *, note: str) -> None:
    async with peer.working():
        start = await measure_idle(peer.submit, started)
    submitted = await measure_submits(peer.submit)
    finished = await measure_finishing(peer, submitted.count)
    hand_in(
        Figures(
            contestant=name,
            submits_per_second=submitted.per_second,
            finished_per_second=finished.per_second,
            start=start,
            note=note,
            counts={"submitted": submitted.count, "finished": finished.count},
        )
    )


async def measure_idle(
    submit: Callable[[], Awaitable[object]], started: Started, *, pause_seconds: float = IDLE_PAUSE_SECONDS
) -> Spread:
    """A peer that polls needs a pause as long as its round, or it would always be met at the beginning of one."""
    await asyncio.sleep(SETTLE_SECONDS)
    for _ in range(IDLE_WARM_UP):
        await started.after(submit)
    until = time.perf_counter() + IDLE_SECONDS_MAX
    seconds: list[float] = []
    while len(seconds) < IDLE_SAMPLES and time.perf_counter() < until:
        await asyncio.sleep(pause_seconds * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
        seconds.append(await started.after(submit))
    return spread(seconds)


async def measure_submits(submit: Callable[[], Awaitable[object]]) -> Throughput:
    began = time.perf_counter()

    async def client() -> int:
        count = 0
        while time.perf_counter() < began + SUBMIT_SECONDS:
            await submit()
            count += 1
        return count

    counts = await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return Throughput(sum(counts), time.perf_counter() - began)


async def measure_finishing(peer: Peer, waiting: int) -> Throughput:
    """From the worker's start until all is done, or for as long as there is time."""
    before = await peer.finished()
    began = time.perf_counter()
    count = 0
    async with peer.working():
        while count < waiting and time.perf_counter() < began + FINISH_SECONDS_MAX:
            await asyncio.sleep(FINISH_POLL_SECONDS)
            count = await peer.finished() - before
        seconds = time.perf_counter() - began
    return Throughput(count, seconds)
