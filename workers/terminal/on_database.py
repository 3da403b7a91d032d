"""What the commands that work on the database itself have in common: how they read many events, and how they end without it."""

import asyncio
import gc
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

import uvloop
from rich.progress import ProgressColumn, Task
from rich.text import Text

from domain.errors import StoreOffline
from workers.terminal.failures import Failure, failure

# Events are read by the thousand, and nothing in them refers to itself: there is next to no garbage to look for.
GC_THRESHOLDS: Final = (100_000, 50, 100)

Answer = TypeVar("Answer")


def run_over_events(work: Coroutine[Any, Any, Answer]) -> Answer:
    """For a process that does this and ends."""
    gc.set_threshold(*GC_THRESHOLDS)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def unreachable(error: StoreOffline, *, in_time: bool = False) -> Failure:
    """`in_time`: it may have answered, and only not in time for so much."""
    reason = str(error.__cause__ or error).strip()
    answers = "does not answer, or not in time" if in_time else "does not answer"
    detail = f"Postgres {answers}; is WAYBILL_POSTGRES_URL right? {reason}"
    return failure("offline:database", detail, title="Database unreachable")


class Speed(ProgressColumn):
    """Events a second; nothing for a task whose `counts_events` says that it counts something else."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        if speed is None or not task.fields.get("counts_events", True):
            return Text("")
        return Text(f"{speed:,.0f} events/s", style="cyan")
