"""Reads the read models for queries: waits until they have come far enough, and fetches rows as typed structs."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import DictRow
from psycopg_pool import AsyncConnectionPool

from adapters.postgres.connection import offline_errors
from adapters.postgres.listening import Listener
from adapters.postgres.read_models import PROJECTED_CHANNEL
from adapters.postgres.read_models_table import as_list, list_decoder, selected
from projections.read_model import ReadModel
from projections.rows import Row
from projections.tracking import Standing, Tracking

# A notification can be lost with its connection; nobody waits longer than this for the next look.
POLL_SECONDS: Final = 0.05
HOW_FAR: Final = """
    SELECT head.position AS head, coalesce(tracked.position, 0) AS position,
        tracked.parked_event IS NOT NULL AS parked
    FROM head LEFT JOIN read_models AS tracked ON tracked.name = %s AND tracked.generation = %s
"""
STANDING: Final = """
    SELECT head.position AS head, tracked.* FROM head
    LEFT JOIN read_models AS tracked ON (name, generation) IN (SELECT * FROM unnest(%s::text[], %s::int[]))
"""


class PostgresReader:
    """Implements `Reader`."""

    def __init__(
        self,
        pool: AsyncConnectionPool[AsyncConnection[DictRow]],
        *,
        url: str,
        name: str,
        read_models: Iterable[ReadModel[Any]],
    ) -> None:
        self._pool = pool
        self._listener = Listener(url, channel=PROJECTED_CHANNEL, name=f"{name}-projected")
        self._read_models = tuple(read_models)

    async def close(self) -> None:
        await self._listener.close()

    async def wait(self, model: ReadModel[Any], *, position: int | None, timeout_seconds: float) -> bool:
        """One round trip if it has come as far already."""
        clock = asyncio.get_running_loop()
        deadline = clock.time() + timeout_seconds
        while True:
            heard = self._listener.heard
            row = (await self._rows(HOW_FAR, (model.name, model.generation)))[0]
            position = row["head"] if position is None else position
            if row["position"] >= position:
                return True
            remaining = deadline - clock.time()
            if row["parked"] or remaining <= 0:
                return False
            await self._listener.wait(beyond=heard, timeout_seconds=min(POLL_SECONDS, remaining))

    async def fetch(
        self, model: ReadModel[Any], statement: str, values: Mapping[str, object], row: type[Row]
    ) -> Sequence[Row]:
        """No rows as long as no projector has made the table."""
        text = as_list(statement.replace("{columns}", selected(row)).replace("{table}", model.table))
        try:
            found = await self._rows(text, values)
        except psycopg.errors.UndefinedTable:
            return ()
        rows: list[Row] = list_decoder(row).decode(found[0]["rows"])
        return rows

    async def standing(self) -> Standing:
        these = ([model.name for model in self._read_models], [model.generation for model in self._read_models])
        rows = await self._rows(STANDING, these)
        found = {row["name"]: row for row in rows}
        return Standing(head=rows[0]["head"], read_models=tuple(_tracking(model, found) for model in self._read_models))

    async def _rows(self, statement: str, values: Sequence[object] | Mapping[str, object]) -> list[DictRow]:
        with offline_errors():
            async with self._pool.connection() as connection:
                return await (await connection.execute(statement, values)).fetchall()


def _tracking(model: ReadModel[Any], found: Mapping[str, DictRow]) -> Tracking:
    row = found.get(model.name)
    if row is None:
        return Tracking(name=model.name, generation=model.generation)
    return Tracking(**{field: row[field] for field in Tracking.__struct_fields__})
