"""Where the time of a run went, on a terminal: a table, and a bar for each target."""

from datetime import timedelta
from itertools import groupby
from typing import Final

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from workers.terminal.grid import Grid
from workers.terminal.run_times import NOTHING, RunTimes, Stay, TargetTimes
from workers.terminal.wording import counted, lasting, printable

# How each looks in a bar; the shape says it also without the colour.
LOOKS: Final = {
    Stay.SLOT: ("·", "dim"),
    Stay.PAUSED: ("=", "magenta"),
    Stay.BACKOFF: ("░", "yellow"),
    Stay.TICKET: ("-", "blue"),
    Stay.NATS: ("~", "blue"),
    Stay.RUNNING: ("█", "green"),
}
BAR_CELLS_MAX: Final = 60
BAR_CELLS_MIN: Final = 20
NAME_CELLS_MAX: Final = 30


def times_grid(times: RunTimes) -> Grid:
    """A column for everything that any of the targets has spent time with."""
    stays = [stay for stay in Stay if any(target.spent(stay) for target in times.targets)]
    rows = [
        (
            printable(target.name),
            *(lasting(target.spent(stay)) if target.spent(stay) else "" for stay in stays),
            lasting(target.total),
            _attempts(target),
        )
        for target in times.targets
    ]
    return Grid(("TARGET", *(stay.upper() for stay in stays), "IN ALL", "ATTEMPTS"), rows)


def times_sentence(times: RunTimes) -> str:
    """The run itself, as its status has it."""
    until = times.ended_at or times.until
    in_all = f"{lasting(until - times.queued_at)} {'in all' if times.ended_at else 'so far'}"
    if times.started_at is None:
        return f"The run was queued for {in_all}."
    queued, running = times.started_at - times.queued_at, until - times.started_at
    return f"The run was queued for {lasting(queued)}, running for {lasting(running)}: {in_all}."


class Bars:
    """The targets below each other, on one scale, from when the run was queued until it ended."""

    def __init__(self, times: RunTimes) -> None:
        self._times = times

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        names = [printable(target.name)[:NAME_CELLS_MAX] for target in self._times.targets]
        label_cells = max(map(cell_len, names), default=0) + 2
        cells = min(BAR_CELLS_MAX, options.max_width - label_cells)
        span = self._times.until - self._times.queued_at
        if cells < BAR_CELLS_MIN or span <= NOTHING:
            return
        for name, target in zip(names, self._times.targets, strict=True):
            yield Text(name + " " * (label_cells - cell_len(name))).append_text(self._bar(target, cells, span))
        yield Text(" " * label_cells).append_text(self._legend())

    def _bar(self, target: TargetTimes, cells: int, span: timedelta) -> Text:
        stays = [self._stay(target, span * cell / cells, span * (cell + 1) / cells) for cell in range(cells)]
        bar = Text()
        for stay, run in groupby(stays):
            symbol, style = LOOKS[stay] if stay else (" ", "")
            bar.append(symbol * len([*run]), style)
        bar.rstrip()
        return bar

    def _stay(self, target: TargetTimes, begins: timedelta, ends: timedelta) -> Stay | None:
        """What took most of this piece of time; but that it was worked on is shown however short it was."""
        spent = dict.fromkeys(Stay, NOTHING)
        for stretch in target.stretches:
            since, until = stretch.since - self._times.queued_at, stretch.until - self._times.queued_at
            spent[stretch.stay] += max(min(until, ends) - max(since, begins), NOTHING)
        if spent[Stay.RUNNING]:
            return Stay.RUNNING
        longest = max(Stay, key=spent.__getitem__)
        return longest if spent[longest] else None

    def _legend(self) -> Text:
        seen = {stretch.stay for target in self._times.targets for stretch in target.stretches}
        return Text("  ").join(_named(stay) for stay in Stay if stay in seen)


def _named(stay: Stay) -> Text:
    symbol, style = LOOKS[stay]
    return Text.assemble((symbol, style), (f" {stay}", "dim"))


def _attempts(target: TargetTimes) -> str:
    if target.deliveries is None or target.deliveries == target.attempts:
        return str(target.attempts)
    return f"{target.attempts}, delivered {counted(target.deliveries, 'time')}"
