"""How far the work on a read model has come, as it is shown while it goes on: how many events a second, and how long still."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.text import Text

from adapters.postgres.workbench import Progress, Stage, Told
from workers.terminal.on_database import Speed
from workers.terminal.screen import Screen, may_redraw

EVENTS: Final[frozenset[Stage]] = frozenset({"loading", "catching up"})


@contextmanager
def shown(screen: Screen) -> Iterator[Told]:
    """Bars where a person looks on, else a line for each stage; on stderr."""
    if not may_redraw(screen.talk):
        yield Lines(screen)
        return
    columns = (
        TextColumn("{task.fields[read_model]}", style="bold"),
        TextColumn("{task.description}", style="dim"),
        BarColumn(),
        MofNCompleteColumn(),
        Speed(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=screen.talk, transient=True, redirect_stdout=False) as bars:
        yield Drawn(bars)


class Drawn:
    """One bar, for the stage that is under way."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._now: tuple[str, str] | None = None

    def __call__(self, progress: Progress) -> None:
        if self._now != (progress.read_model, progress.stage):
            self._now = (progress.read_model, progress.stage)
            for task in self._bars.task_ids:
                self._bars.remove_task(task)
            self._bars.add_task(
                progress.stage,
                read_model=progress.read_model,
                counts_events=progress.stage in EVENTS,
                completed=0 if progress.stage == "loading" else progress.done,
            )
        self._bars.update(self._bars.task_ids[-1], completed=progress.done, total=progress.total)


class Lines:
    """When a stage begins, and every few seconds of it."""

    SECONDS: Final = 5.0

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._now: tuple[str, str] | None = None
        self._said_at = 0.0

    def __call__(self, progress: Progress) -> None:
        begins = self._now != (progress.read_model, progress.stage)
        if not begins and time.monotonic() - self._said_at < self.SECONDS:
            return
        self._now = (progress.read_model, progress.stage)
        self._said_at = time.monotonic()
        share = f" {progress.done:,} of {progress.total:,}" if progress.stage in EVENTS else ""
        self._screen.say(Text(f"{progress.read_model}: {progress.stage}{share}", style="dim"))
