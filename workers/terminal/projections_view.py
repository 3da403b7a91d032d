"""How the read models look on a terminal: where they stand, how they differ, and what was done with them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from rich.text import Text

from adapters.postgres.comparing import Comparison, Difference
from adapters.postgres.rebuilding import Rebuilt
from adapters.postgres.table_vitals import SecondTableVitals, TableVitals
from workers.terminal.grid import Cell, Grid
from workers.terminal.wording import age, counted, printable

STANDING_HEADERS: Final = ("READ MODEL", "GENERATION", "POSITION", "BEHIND", "ROWS", "SIZE", "BESIDE IT")
DIFFERENCE_HEADERS: Final = ("READ MODEL", "ROW", "COLUMN", "SERVED", "EXPECTED")
VALUE_CHARS_MAX: Final = 120
UNITS: Final = (("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10))


def standing_grid(vitals: Sequence[TableVitals]) -> Grid:
    return Grid(STANDING_HEADERS, [_standing(one) for one in vitals])


def difference_grid(comparisons: Sequence[Comparison]) -> Grid:
    rows: list[Sequence[Cell]] = [
        (one.name, *_difference(difference)) for one in comparisons for difference in one.differences
    ]
    return Grid(DIFFERENCE_HEADERS, rows, tail=2)


def compared(one: Comparison) -> Text:
    """What came of one comparison, in a line."""
    name = Text(one.name, style="bold")
    parked = f"; it is parked before the event {one.parked_event}" if one.parked_event else ""
    speed = f"{one.events_per_second:,.0f} events/s"
    if not one.differing:
        said = f" agrees with the events up to position {one.position}: {counted(one.rows, 'row')}, {speed}{parked}"
        return Text.assemble(("✔ ", "green"), name, said)
    parts = ((one.changed, "changed"), (one.missing, "missing"), (one.surplus, "too many"))
    which = ", ".join(f"{number:,} {word}" for number, word in parts if number)
    said = f" differs from the events up to position {one.position} in {counted(one.differing, 'row')} of {one.rows:,}: {which}"
    return Text.assemble(("✘ ", "red"), name, f"{said}{parked}")


def rebuilt(one: Rebuilt, *, back: bool) -> Text:
    name = Text(one.name, style="bold")
    if back:
        said = f" is served from the table of before, as of position {one.position}; the other one is kept"
        return Text.assemble(("✔ ", "green"), name, said)
    resumed = f", gone on from position {one.resumed_at}" if one.resumed_at else ""
    said = f" is rebuilt as of position {one.position} in {one.seconds:,.1f} s, {one.events_per_second:,.0f} events/s{resumed}"
    return Text.assemble(("✔ ", "green"), name, said)


def size(number: int) -> str:
    for unit, least in UNITS:
        if number >= least:
            return f"{number / least:.1f} {unit}"
    return f"{number} B"


def _standing(one: TableVitals) -> list[Cell]:
    parked = one.parked_event is not None
    behind: Cell = f"{one.lag:,}"
    if parked:
        behind = Text(f"{one.lag:,}, parked", style="red")
    elif one.position is None:
        behind = Text("not made yet", style="yellow")
    beside = ", ".join(_beside(second) for second in one.beside)
    what = f"{printable(one.parked_error)} " if one.parked_error else ""
    position = "-" if one.position is None else str(one.position)
    return [
        one.name,
        str(one.generation),
        position,
        behind,
        f"~{one.rows:,}",
        size(one.bytes),
        f"{what}{beside}".strip(),
    ]


def _beside(second: SecondTableVitals) -> str:
    return f"{second.kind} at {second.position}, {size(second.bytes)}, {age(second.since, now=datetime.now(UTC))} old"


def _difference(difference: Difference) -> tuple[Cell, ...]:
    row = " ".join(_value(value) for value in difference.key.values())
    if difference.column is not None:
        return row, difference.column, _value(difference.live), _value(difference.expected)
    if difference.live is None:
        return row, "", Text("missing", style="red"), _value(difference.expected)
    return row, "", _value(difference.live), Text("no such row", style="red")


def _value(value: Any) -> str:
    """A text as it is, anything else as JSON."""
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    shown = printable(text)
    return shown if len(shown) <= VALUE_CHARS_MAX else f"{shown[:VALUE_CHARS_MAX]}…"
