"""What looking back costs, and how that grows: read models built again, everything verified, moments, proofs, checkpoints.

`python -m benchmarks.evidence [EVENTS]...`, ten thousand and a million if nothing is said, each on a Postgres of its own, with
every part of Waybill running on it.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct
from rich.console import Console
from rich.table import Table

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.postgres.migrating import migrate
from benchmarks.evidence_measures import Lag, Spread, Waybill, Work, answers, caught_up, command, lag_under_load
from benchmarks.history import Seeded, seed_store
from benchmarks.run import RESULTS
from benchmarks.waybill_running import running

EVENTS: Final = (10_000, 1_000_000)
SAMPLES: Final = 60
REBUILT: Final = ("install_runs", "run_history", "audit_log")
QUIET: Final = {"WAYBILL_LOG_LEVEL": "warning"}

progress = Console(stderr=True, highlight=False)

Figure = Work | Spread | Lag | float


class Measured(Struct, frozen=True, kw_only=True):
    """`missing`: what could not be measured, with the reason."""

    events: int
    figures: dict[str, Any]
    missing: dict[str, str]


def measure(events: int) -> Measured:
    with tempfile.TemporaryDirectory(prefix="waybill-bench-", ignore_cleanup_errors=True) as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres")
        url = server.start()
        try:
            migrate(url)
            progress.print(f"{events:,} events: storing them")
            began = time.monotonic()
            seeded = seed_store(url, events=events, samples=SAMPLES)
            stored = events / (time.monotonic() - began)
            return asyncio.run(_measure_running(url, Path(folder) / "data", seeded, stored=stored))
        finally:
            server.stop()


async def _measure_running(url: str, data: Path, seeded: Seeded, *, stored: float) -> Measured:
    began = time.monotonic()
    async with running(url, data, QUIET) as parts:
        waybill = Waybill(database_url=url, data=data, url=parts.url, key=parts.key)
        # It writes and starts nothing in this loop: everything from here on is one thing after the other.
        return await asyncio.to_thread(_measure_all, waybill, seeded, began=began, stored=stored)


def _measure_all(waybill: Waybill, seeded: Seeded, *, began: float, stored: float) -> Measured:
    figures: dict[str, Any] = {"stored events/s": round(stored)}
    missing: dict[str, str] = {}

    def take(name: str, ask: Callable[[], Figure | dict[str, Spread]]) -> None:
        progress.print(f"{seeded.events:,} events: {name}")
        try:
            found = ask()
        except (RuntimeError, TimeoutError, OSError) as error:
            missing[name] = str(error)
            return
        figures.update(found if isinstance(found, dict) else {name: found})

    events = seeded.events
    url = waybill.database_url
    take("s from the start until all is signed", lambda: caught_up(url, "signed", began=began))
    take("s from the start until all is projected", lambda: caught_up(url, "projected", began=began))
    for work in ("rebuild", "verify"):
        for name in REBUILT:
            take(f"{work} {name}", partial(command, waybill, "projections", work, name, events=events))
    take("audit verify", partial(command, waybill, "audit", "verify", events=events))
    take("answers", lambda: answers(waybill, seeded))
    take("checkpoint lag under load", lambda: lag_under_load(waybill))
    return Measured(events=events, figures=figures, missing=missing)


def show(measured: list[Measured]) -> None:
    table = Table(title="Looking back", title_justify="left")
    table.add_column("")
    for one in measured:
        table.add_column(f"{one.events:,} events", justify="right")
    table.add_column("growth", justify="right")
    names = dict.fromkeys(name for one in measured for name in (*one.figures, *one.missing))
    for name in names:
        cells = [_cell(one.figures[name]) if name in one.figures else one.missing.get(name, "") for one in measured]
        table.add_row(name, *cells, _growth(name, measured))
    console = Console(highlight=False)
    console.width = max(console.width, 110)
    console.print(table)
    console.print(
        f"Load of the machine: {os.getloadavg()[0]:.1f}. Figures of one machine on one day; only ratios count."
    )


def _cell(figure: Any) -> str:
    match figure:
        case Work():
            return f"{figure.events_per_second:,.0f} events/s, {figure.megabytes:.0f} MB"
        case Spread():
            return f"p50 {figure.p50:,.1f}, p99 {figure.p99:,.1f}"
        case Lag():
            return (
                f"p50 {figure.seconds_p50:.2f} s, most {figure.seconds_max:.2f} s, {figure.events.p99:,.0f} events at "
                f"{figure.appended_per_second:,.0f}/s"
            )
        case _:
            return f"{figure:,.0f}"


def _growth(name: str, measured: list[Measured]) -> str:
    """Of the first figure, from the fewest events to the most."""
    found = [one.figures[name] for one in measured if name in one.figures]
    if len(found) < len(measured) or len(found) == 1:
        return ""
    first, last = (_first(figure) for figure in (found[0], found[-1]))
    return f"x {last / first:.2f}" if first else ""


def _first(figure: Any) -> float:
    match figure:
        case Work():
            return figure.events_per_second
        case Spread():
            return figure.p50
        case Lag():
            return figure.seconds_p50
        case _:
            return float(figure)


def main() -> None:
    sizes = [int(argument) for argument in sys.argv[1:]] or list(EVENTS)
    measured = [measure(events) for events in sizes]
    show(measured)
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"evidence-{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(measured)))
    progress.print(str(path))


if __name__ == "__main__":
    main()
