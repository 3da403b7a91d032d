"""Which denials become events: the first of a source at once, then one counted event for each source and minute."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import structlog
from msgspec import Struct
from msgspec.structs import replace

from commands.record_denial import RecordDenial
from domain.events import Actor, Context

WINDOW_SECONDS: Final = 60.0
CLOSE_SECONDS: Final = 2.0
# Noise from more sources than this in one window is counted together.
SOURCES_MAX: Final = 256
ELSEWHERE: Final = Actor(kind="anonymous", id="others", name="unknown callers")

log = structlog.get_logger(__name__)


class Waiting(Struct, frozen=True):
    """What is to be written about one source at `due`, by the loop's clock; `denial.count` may be 0."""

    denial: RecordDenial
    context: Context
    due: float


class Denials:
    """`note` returns at once and never fails; a task of its own writes, and what it cannot write now it tries again later.

    `close` writes what still waits, as far as that is possible in a moment.
    """

    def __init__(
        self,
        *,
        record: Callable[[RecordDenial, Context], Awaitable[None]],
        window_seconds: float = WINDOW_SECONDS,
    ) -> None:
        self._record = record
        self._window_seconds = window_seconds
        self._waiting: dict[str, Waiting] = {}
        self._noted = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    def note(self, denial: RecordDenial, context: Context) -> None:
        known = self._waiting.get(denial.source)
        if known is None and len(self._waiting) >= SOURCES_MAX:
            denial = replace(denial, source=ELSEWHERE.id)
            context = replace(context, actor=ELSEWHERE)
            known = self._waiting.get(denial.source)
        if known is not None:
            counted = replace(denial, count=known.denial.count + denial.count)
            self._waiting[denial.source] = Waiting(counted, context, known.due)
            return
        self._waiting[denial.source] = Waiting(denial, context, asyncio.get_running_loop().time())
        self._noted.set()
        if self._task is None:
            self._task = asyncio.create_task(self._work())

    async def close(self) -> None:
        self._closing = True
        self._noted.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                if self._task is not None:
                    await self._task
                await self._write(due_by=math.inf)

    async def _work(self) -> None:
        """Until nothing waits any more."""
        while self._waiting and not self._closing:
            self._noted.clear()
            await self._write(due_by=asyncio.get_running_loop().time())
            next_due = min((waiting.due for waiting in self._waiting.values()), default=0.0)
            with suppress(TimeoutError):
                async with asyncio.timeout_at(next_due):
                    await self._noted.wait()
        self._task = None

    async def _write(self, *, due_by: float) -> None:
        for source, waiting in tuple(self._waiting.items()):
            if waiting.due > due_by:
                continue
            if waiting.denial.count == 0:
                del self._waiting[source]
                continue
            due = asyncio.get_running_loop().time() + self._window_seconds
            self._waiting[source] = Waiting(replace(waiting.denial, count=0), waiting.context, due)
            try:
                await self._record(waiting.denial, waiting.context)
            except Exception as error:  # noqa: BLE001 - no denial is worth more than the next one
                log.warning(
                    "denial_not_recorded", source=source, count=waiting.denial.count, error=type(error).__name__
                )
                self._put_back(source, waiting.denial.count)

    def _put_back(self, source: str, count: int) -> None:
        waiting = self._waiting[source]
        denial = replace(waiting.denial, count=waiting.denial.count + count)
        self._waiting[source] = replace(waiting, denial=denial)
