"""The table that a person reads, and under it how each row came about."""

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from benchmarks.figures import CLIENTS, Figures

WIDTH_MIN: Final = 110
NOTHING: Final = ""


def show(figures: Sequence[Figures], *, load: tuple[float, float]) -> None:
    console = Console(highlight=False)
    console.width = max(console.width, WIDTH_MIN)
    table = Table(title="Doing nothing, durably", title_justify="left", caption_justify="left")
    table.add_column("")
    table.add_column(f"submits/s\n{CLIENTS} clients", justify="right")
    table.add_column("finished/s\n", justify="right")
    table.add_column("idle, submit to start\np50 ms", justify="right")
    table.add_column("\np99 ms", justify="right")
    for one in figures:
        if one.failed:
            table.add_row(one.contestant, f"failed: {one.failed}")
            continue
        start = one.start
        table.add_row(
            one.contestant,
            _rate(one.submits_per_second),
            _rate(one.finished_per_second),
            NOTHING if start is None else f"{start.p50:.1f}",
            NOTHING if start is None else f"{start.p99:.1f}",
        )
    console.print(table)
    for one in figures:
        if one.note:
            console.print(f"[bold]{one.contestant}[/bold]: {one.note}.", soft_wrap=True)
    console.print(f"Load of the machine before and after: {load[0]:.1f}, {load[1]:.1f}.")


def _rate(per_second: float | None) -> str:
    return NOTHING if per_second is None else f"{per_second:,.0f}"
