"""The time by the database's clock, so that leases and pauses end at one moment for every process that decides about them."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final, Self

import structlog
from msgspec import Struct

from adapters.postgres.connection import Pool, offline_errors
from domain.errors import StoreOffline

ASK: Final = "SELECT clock_timestamp() AS now"
# The best of a few answers: each may have been held up on its way.
ANSWERS_PER_MEASUREMENT: Final = 3
MEASURE_SECONDS: Final = 10.0
MEASURE_AGAIN_SECONDS: Final = 1.0
# Who opens the clock waits no longer than this for the first measurement.
OPENING_SECONDS: Final = 0.5
# An answer that took longer says too little.
ROUND_TRIP_SECONDS_MAX: Final = 1.0
# How much faster or slower than the database's this machine's clock may run: what quartz is sold with, ten times over.
DRIFT: Final = 0.001

log = structlog.get_logger(__name__)


def steady_seconds() -> float:
    """Seconds that nobody sets: they also go on while the machine sleeps, as the database's do, where the system can tell."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Answer(Struct, frozen=True, kw_only=True):
    """What the database said, between `asked` and `answered` by our own seconds."""

    asked: float
    told: datetime
    answered: float

    def at(self, seconds: float) -> datetime:
        """The time at a moment by our own seconds."""
        return self.told + timedelta(seconds=seconds - (self.asked + self.answered) / 2)

    def error_seconds(self, seconds: float) -> float:
        """How wrong that may be by then."""
        return (self.answered - self.asked) / 2 + abs(seconds - self.answered) * DRIFT


class DatabaseClock:
    """Callable, like any clock. Until the database was heard once it says what this machine believes.

    A later answer counts if it is as exact as the earlier one is by then, or if it shows that the database's clock was set.
    The time never goes back, unless the database's does.
    """

    def __init__(
        self,
        pool: Pool,
        *,
        seconds: Callable[[], float] = steady_seconds,
        until_heard: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._pool = pool
        self._seconds = seconds
        self._until_heard = until_heard
        self._answer: Answer | None = None
        self._said: datetime | None = None
        self._task: asyncio.Task[None] | None = None

    def __call__(self) -> datetime:
        if self._answer is None:
            return self._until_heard()
        now = self._answer.at(self._seconds())
        self._said = now if self._said is None else max(now, self._said)
        return self._said

    async def __aenter__(self) -> Self:
        opened = asyncio.Event()
        self._task = asyncio.create_task(self._keep_measuring(opened), name="database-clock")
        with suppress(TimeoutError):
            async with asyncio.timeout(OPENING_SECONDS):
                await opened.wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def measure(self) -> None:
        """Ask the database. Raises StoreOffline."""
        with offline_errors():
            async with self._pool.connection() as connection:
                for _ in range(ANSWERS_PER_MEASUREMENT):
                    asked = self._seconds()
                    row = await (await connection.execute(ASK)).fetchone()
                    assert row is not None  # noqa: S101 - the statement has one row by construction
                    self.learn(Answer(asked=asked, told=row["now"], answered=self._seconds()))

    def learn(self, answer: Answer) -> None:
        if answer.answered - answer.asked > ROUND_TRIP_SECONDS_MAX:
            return
        if self._answer is None:
            self._answer = answer
            return
        now = answer.answered
        off_seconds = abs((answer.at(now) - self._answer.at(now)).total_seconds())
        known, new = self._answer.error_seconds(now), answer.error_seconds(now)
        if off_seconds > known + new:
            log.warning("database_clock_set", by_seconds=round(off_seconds, 3))
            self._answer, self._said = answer, None
        elif new <= known:
            self._answer = answer

    async def _keep_measuring(self, opened: asyncio.Event) -> None:
        while True:
            pause = MEASURE_SECONDS
            try:
                await self.measure()
            except StoreOffline:
                pause = MEASURE_AGAIN_SECONDS
            opened.set()
            await asyncio.sleep(pause)
