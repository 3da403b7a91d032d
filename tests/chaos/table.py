"""The table that a person reads: what was tried, what was lost, and how long it took."""

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.chaos.stage import Verdict

WIDTH_MIN: Final = 150
COLOURS: Final = {"pass": "green", "fail": "red", "inconclusive": "yellow"}


def show(verdicts: Sequence[Verdict]) -> None:
    console = Console(highlight=False)
    console.width = max(console.width, WIDTH_MIN)
    table = Table(title="What was tried", title_justify="left")
    table.add_column("scenario")
    for heading in ("seed", "runs", "lost", "duplicated", "rescues", "recovery s", "took s"):
        table.add_column(heading, justify="right")
    table.add_column("verdict")
    table.add_column("notes")
    for one in verdicts:
        recovery = "" if one.recovery_seconds is None else f"{one.recovery_seconds:.1f}"
        counts = (one.seed, one.runs, one.lost, one.duplicated, one.rescues)
        outcome = f"[{COLOURS[one.outcome]}]{one.outcome}[/]"
        table.add_row(one.scenario, *map(str, counts), recovery, f"{one.seconds:.1f}", outcome, "; ".join(one.notes))
    console.print(table)
    recoveries = [one.recovery_seconds for one in verdicts if one.recovery_seconds is not None]
    console.print(
        f"{len(verdicts)} faults, {sum(one.runs for one in verdicts)} runs, {sum(one.lost for one in verdicts)} lost,"
        f" {sum(one.duplicated for one in verdicts)} duplicated,"
        f" worst recovery {max(recoveries, default=0):.1f} s."
    )


def reasons(verdict: Verdict) -> str:
    return "\n".join(f"    {line}" for reason in verdict.reasons for line in reason.splitlines())
