"""Compares what is served of a read model with a fold from the first event, both at the same position, while it goes on."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from adapters.postgres.second_tables import Kind, SecondTable
from adapters.postgres.workbench import Workbench

# What is taken in within the snapshot in which the tables are compared.
LAST_POSITIONS_MAX: Final = 1000
ROUNDS_MAX: Final = 1000
SNAPSHOT: Final = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"
ROOM: Final = "SET LOCAL work_mem = '64MB'"
KEY: Final = """
    SELECT attname AS name FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey)
    WHERE indrelid = to_regclass(%s) AND indisprimary ORDER BY array_position(indkey, attnum)
"""
JSON_COLUMNS: Final = """
    SELECT attname AS name FROM pg_attribute WHERE attrelid = to_regclass(%s) AND atttypid = 'json'::regtype
"""
BOTH: Final = "{live} AS live FULL JOIN {expected} AS expected USING ({key})"
COUNT: Final = """
    SELECT count(*) FILTER (WHERE expected.{first} IS NOT NULL) AS rows,
           count(*) FILTER (WHERE live.{first} IS NULL) AS missing,
           count(*) FILTER (WHERE expected.{first} IS NULL) AS surplus,
           count(*) FILTER (WHERE live.{first} IS NOT NULL AND expected.{first} IS NOT NULL AND ({differ})) AS changed
    FROM {both}
"""
SHOW: Final = """
    SELECT to_json(live)::text AS live, to_json(expected)::text AS expected FROM {both}
    WHERE live.{first} IS NULL OR expected.{first} IS NULL OR {differ} ORDER BY {key} LIMIT %s
"""


class MovedBackError(Exception):
    """What is served was begun anew meanwhile: the store was restored."""


class Difference(Struct, frozen=True, kw_only=True, rename="camel"):
    """One column of one row. A row that is missing, or that should not be there, is shown as a whole: `column` is None then,
    and one side too.
    """

    key: Mapping[str, Any]
    column: str | None
    live: Any
    expected: Any


class Comparison(Struct, frozen=True, kw_only=True, rename="camel"):
    """`rows` are those that there should be. All rows that differ are counted, and the first of them are shown."""

    name: str
    generation: int
    position: int
    rows: int
    missing: int
    surplus: int
    changed: int
    differences: tuple[Difference, ...]
    parked_event: str | None
    seconds: float
    events_per_second: float

    @property
    def differing(self) -> int:
        return self.missing + self.surplus + self.changed


async def compare(bench: Workbench[Any], *, shown_max: int) -> Comparison:
    """Raises NotBuiltYetError, RefusedEventError, MissingEventError, MovedBackError."""
    started = time.monotonic()
    await bench.live()
    expected = SecondTable(bench.tables, bench.model, Kind.CHECK)
    await expected.drop()
    try:
        await expected.make(unlogged=True)
        await expected.open()
        await _catch_up(bench, expected)
        return await _compare(bench, expected, shown_max=shown_max, started=started)
    finally:
        await expected.drop()


async def _catch_up(bench: Workbench[Any], expected: SecondTable[Any]) -> None:
    for _ in range(ROUNDS_MAX):
        position = (await bench.live()).position
        if position - expected.position <= LAST_POSITIONS_MAX:
            break
        await bench.fill(expected, until=position, stage="loading")
    await expected.analyze()


async def _compare(bench: Workbench[Any], expected: SecondTable[Any], *, shown_max: int, started: float) -> Comparison:
    """In one snapshot: of what is served, of how far it has come, and of what is written here."""
    async with bench.tables.transaction():
        await bench.tables.execute(SNAPSHOT)
        await bench.tables.execute(ROOM)
        live = await bench.live()
        if live.position < expected.position:
            raise MovedBackError(f"{bench.model.name} was begun anew meanwhile; verify it again")
        await bench.fill(expected, until=live.position)
        bench.tell("comparing", done=0, total=1)
        names = await _names(bench, expected)
        counts = await bench.one(COUNT.format(**names))
        differing = counts["missing"] + counts["surplus"] + counts["changed"]
        shown = await _shown(bench, names, shown_max=shown_max) if differing else ()
        bench.tell("comparing", done=1, total=1)
    seconds = time.monotonic() - started
    return Comparison(
        name=bench.model.name,
        generation=bench.model.generation,
        position=live.position,
        **counts,
        differences=shown,
        parked_event=str(live.parked_event) if live.parked else None,
        seconds=round(seconds, 3),
        events_per_second=round(live.position / seconds, 1),
    )


async def _names(bench: Workbench[Any], expected: SecondTable[Any]) -> dict[str, str]:
    """What stands in the statements: the tables, the columns of the key, and when two rows differ."""
    key = [row["name"] for row in await _rows(bench, KEY, expected.name)]
    # Postgres does not compare json, which is kept as it was written.
    texts = {row["name"] for row in await _rows(bench, JSON_COLUMNS, expected.name)}
    columns = [field.name for field in msgspec.structs.fields(bench.model.row) if field.name not in key]
    differ = " OR ".join(
        f'live."{name}"{cast} IS DISTINCT FROM expected."{name}"{cast}'
        for name, cast in ((column, "::text" if column in texts else "") for column in columns)
    )
    quoted = ", ".join(f'"{name}"' for name in key)
    both = BOTH.format(live=bench.model.table, expected=expected.name, key=quoted)
    return {"both": both, "key": quoted, "first": f'"{key[0]}"', "differ": differ or "false"}


async def _shown(bench: Workbench[Any], names: dict[str, str], *, shown_max: int) -> tuple[Difference, ...]:
    key = [name.strip().strip('"') for name in names["key"].split(",")]
    found = await _rows(bench, SHOW.format(**names), shown_max)
    return tuple(difference for row in found for difference in _differences(row, key))


def _differences(row: Mapping[str, str | None], key: Sequence[str]) -> Iterator[Difference]:
    live: dict[str, Any] | None = msgspec.json.decode(row["live"]) if row["live"] else None
    expected: dict[str, Any] | None = msgspec.json.decode(row["expected"]) if row["expected"] else None
    known = live or expected or {}
    named = {name: known[name] for name in key}
    if live is None or expected is None:
        yield Difference(key=named, column=None, live=live, expected=expected)
        return
    for column, value in expected.items():
        if live[column] != value:
            yield Difference(key=named, column=column, live=live[column], expected=value)


async def _rows(bench: Workbench[Any], statement: str, *values: object) -> list[dict[str, Any]]:
    return await (await bench.tables.execute(statement.encode(), values)).fetchall()
