"""How every table of the read models stands: how far, how large, and what is beside the one that is served."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import Struct

from adapters.postgres.connection import Pool, offline_errors
from adapters.postgres.second_tables import Kind
from projections.read_model import ReadModel

# Rows are estimated, as the planner does it; -1 before anybody has counted.
STANDING: Final = """
    SELECT (SELECT position FROM head) AS head, tracked.position, tracked.parked_event, tracked.parked_error,
        pg_class.reltuples::bigint AS rows, pg_total_relation_size(pg_class.oid) AS bytes
    FROM (SELECT %(table)s AS named) AS wanted
    LEFT JOIN read_models AS tracked ON tracked.name = %(name)s AND tracked.generation = %(generation)s
    LEFT JOIN pg_class ON pg_class.oid = to_regclass(wanted.named)
"""
BESIDE: Final = """
    SELECT rebuilds.kind, rebuilds.position, rebuilds.since, pg_total_relation_size(pg_class.oid) AS bytes
    FROM rebuilds JOIN pg_class ON pg_class.oid = to_regclass(%(table)s || '_' || kind)
    WHERE name = %(name)s AND generation = %(generation)s ORDER BY kind DESC
"""


class SecondTableVitals(Struct, frozen=True, kw_only=True, rename="camel"):
    """`next` is being built, or was until somebody ended that; `former` was served until `since`."""

    kind: Kind
    position: int
    since: datetime
    bytes: int


class TableVitals(Struct, frozen=True, kw_only=True, rename="camel"):
    """`position` is None before a projector of this version has made the table. `lag` is counted in events of any topic."""

    name: str
    generation: int
    position: int | None
    lag: int
    rows: int
    bytes: int
    parked_event: UUID | None
    parked_error: str | None
    beside: tuple[SecondTableVitals, ...]


async def table_vitals(pool: Pool, models: Iterable[ReadModel[Any]]) -> tuple[TableVitals, ...]:
    """Raises StoreOffline."""
    return tuple([await _vitals(pool, model) for model in models])


async def _vitals(pool: Pool, model: ReadModel[Any]) -> TableVitals:
    values = {"name": model.name, "generation": model.generation, "table": model.table}
    with offline_errors():
        async with pool.connection() as connection:
            found = await (await connection.execute(STANDING, values)).fetchone()
            beside = await (await connection.execute(BESIDE, values)).fetchall()
    assert found is not None  # noqa: S101 - the statement has one row by construction
    return TableVitals(
        name=model.name,
        generation=model.generation,
        position=found["position"],
        lag=found["head"] - (found["position"] or 0),
        rows=max(0, found["rows"] or 0),
        bytes=found["bytes"] or 0,
        parked_event=found["parked_event"],
        parked_error=found["parked_error"],
        beside=tuple(SecondTableVitals(**{**row, "kind": Kind(row["kind"])}) for row in beside),
    )
