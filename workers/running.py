"""What every process has in common: logs, the event loop, and an orderly stop on SIGINT, SIGTERM or its supervisor's end."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
import uvloop

from workers.failpoints import arm
from workers.logs import configure_logs
from workers.settings import Settings

# Events are many small objects that live briefly; with the defaults almost half of reading them is collecting garbage.
GC_THRESHOLDS: Final = (10_000, 20, 50)

Main = Callable[[Settings, asyncio.Event], Awaitable[None]]

log = structlog.get_logger(__name__)


def run(part: str, main: Main, settings: Settings, *, supervised: bool = False) -> None:
    """Run a part until it is told to stop. `supervised`: the end of standard input is such a word, since the other end of
    that pipe is held by the supervisor alone.
    """
    arm(settings.failpoint)
    gc.set_threshold(*GC_THRESHOLDS)
    configure_logs(part=part, level=settings.log_level, log_format=settings.log_format)

    async def until_told() -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopping.set)
        if supervised:
            await loop.connect_read_pipe(lambda: _EndOfPipe(stopping), os.fdopen(os.dup(sys.stdin.fileno()), "rb"))
        log.info("part_started", pid=os.getpid())
        await main(settings, stopping)
        # What is left is tidying up, and a second Ctrl-C must not cut it short: closing the loop would undo its handlers.
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN)
        log.info("part_stopped")

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(until_told())


def holder(part: str) -> str:
    """The name under which this process holds a role: unique, and of use to a person who reads it."""
    return f"{part}-{os.uname().nodename}-{os.getpid()}-{os.urandom(4).hex()}"


class _EndOfPipe(asyncio.Protocol):
    def __init__(self, stopping: asyncio.Event) -> None:
        self._stopping = stopping

    def connection_lost(self, _: Exception | None) -> None:
        self._stopping.set()
