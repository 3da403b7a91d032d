"""The read models port on Postgres: rows and positions in one transaction, which holds only for the projector of now."""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

import psycopg
from msgspec.structs import replace
from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import DictRow
from psycopg_pool import AsyncConnectionPool

from adapters.postgres.connection import offline_errors
from adapters.postgres.read_models_table import Table, load_table
from adapters.postgres.second_tables import Kind
from domain.errors import StoreOffline
from domain.events import Recorded
from projections.read_model import ReadModel
from projections.tracking import ROLE, RoleLostError, Tracking

PROJECTED_CHANNEL: Final = "waybill_projected"
PARKED_ERROR_CHARACTERS_MAX: Final = 500

# Read models can be built again, so their commits need not wait for the disk.
WITHOUT_WAITING_FOR_DISK: Final = "SET LOCAL synchronous_commit = off"
HOLD_ROLE: Final = "SELECT epoch FROM roles WHERE role = %s AND epoch = %s FOR SHARE"
FIND: Final = "SELECT generation FROM read_models WHERE name = %s ORDER BY generation DESC"
BEGIN: Final = "INSERT INTO read_models (name, generation) VALUES (%s, %s)"
FORGET: Final = "DELETE FROM read_models WHERE name = %s AND generation = %s"
FORGET_REBUILDS: Final = "DELETE FROM rebuilds WHERE name = %s AND generation = %s"
PARK: Final = """
    UPDATE read_models SET parked_event = %s, parked_error = %s WHERE name = %s AND generation = %s RETURNING *
"""
REWIND: Final = """
    UPDATE read_models SET position = 0, event = NULL, parked_event = NULL, parked_error = NULL
    WHERE name = %s AND generation = %s RETURNING *
"""
HOLD_POSITIONS: Final = """
    SELECT position FROM read_models
    WHERE (name, generation) IN (SELECT * FROM unnest(%s::text[], %s::int[])) FOR UPDATE
"""
MOVE: Final = """
    UPDATE read_models SET position = %s, event = %s
    WHERE (name, generation) IN (SELECT * FROM unnest(%s::text[], %s::int[]))
"""
TELL: Final = f"NOTIFY {PROJECTED_CHANNEL}"

Connection = AsyncConnection[DictRow]


class RowRefusedError(Exception):
    """Postgres cannot keep such a row, however often it is asked."""


@contextmanager
def refused_rows() -> Iterator[None]:
    """Tell a limit of Postgres (a value too long for an index) from the outages that psycopg counts among its kind."""
    try:
        yield
    except psycopg.errors.ProgramLimitExceeded as error:
        raise RowRefusedError(str(error)) from error


class PostgresReadModels:
    """Implements `ReadModels`."""

    def __init__(self, pool: AsyncConnectionPool[Connection], read_models: Iterable[ReadModel[Any]]) -> None:
        self._pool = pool
        self._read_models = {model.name: model for model in read_models}
        self._tables: dict[str, Table[Any]] = {}

    async def open(self, epoch: int) -> tuple[Tracking, ...]:
        return tuple([await self._open(model, epoch) for model in self._read_models.values()])

    async def _open(self, model: ReadModel[Any], epoch: int) -> Tracking:
        async with self._as_projector(epoch) as connection:
            cursor = await connection.execute(FIND, (model.name,))
            generations = [row["generation"] for row in await cursor.fetchall()]
            if model.generation not in generations:
                await connection.execute(model.schema.replace("{table}", model.table))
                await connection.execute(BEGIN, (model.name, model.generation))
            # The generation before stays for processes that still run the former program.
            for outdated in [one for one in generations if one < model.generation][1:]:
                former = replace(model, generation=outdated)
                for table in (former.table, *map(former.beside, Kind)):
                    # With whatever shows it under a former name.
                    await connection.execute(f"DROP TABLE IF EXISTS {table} CASCADE")
                await connection.execute(FORGET, (model.name, outdated))
                await connection.execute(FORGET_REBUILDS, (model.name, outdated))
            self._tables[model.name] = await load_table(connection, model)
            return await _tracking(await connection.execute(PARK, (None, None, model.name, model.generation)))

    async def apply(self, names: Sequence[str], *, events: Sequence[Recorded], epoch: int) -> tuple[Tracking, ...]:
        try:
            with offline_errors(), refused_rows():
                return await self._apply([self._tables[name] for name in names], events=events, epoch=epoch)
        except (StoreOffline, RoleLostError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it parks the read model that it comes from
            return await self._isolate(names, events=events, epoch=epoch, error=error)

    async def _apply(
        self, tables: Sequence[Table[Any]], *, events: Sequence[Recorded], epoch: int
    ) -> tuple[Tracking, ...]:
        """Two round trips: what has to be known, then what has to be written."""
        models = [table.model for table in tables]
        these = ([model.name for model in models], [model.generation for model in models])
        touched = [model.touched(events) for model in models]
        last = events[-1]
        async with self._pool.connection() as connection, connection.pipeline(), connection.transaction():
            await connection.execute(WITHOUT_WAITING_FOR_DISK)
            role = await connection.execute(HOLD_ROLE, (ROLE, epoch))
            held = await connection.execute(HOLD_POSITIONS, these)
            stored = [
                await connection.execute(table.stored, (list(keys),)) if keys else None
                for table, keys in zip(tables, touched, strict=True)
            ]
            positions = [row["position"] for row in await held.fetchall()]
            if await role.fetchone() is None or positions != [events[0].position - 1] * len(models):
                raise RoleLostError(f"{', '.join(these[0])} stand at {positions}, or epoch {epoch} is over")
            for table, keys, cursor in zip(tables, touched, stored, strict=True):
                before = table.decode(await cursor.fetchone()) if cursor else []
                if rows := table.model.fold(events, touched=keys, stored=before):
                    await connection.execute(table.write, (table.encode(rows),))
            await connection.execute(MOVE, (last.position, last.id, *these))
            await connection.execute(TELL)
        return tuple(
            Tracking(name=model.name, generation=model.generation, position=last.position, event=last.id)
            for model in models
        )

    async def _isolate(
        self, names: Sequence[str], *, events: Sequence[Recorded], epoch: int, error: Exception
    ) -> tuple[Tracking, ...]:
        """Halve until one read model and one event are left, and park it there; all others are applied on the way."""
        if len(names) > 1:
            alone = [await self.apply((name,), events=events, epoch=epoch) for name in names]
            return tuple(tracking for one in alone for tracking in one)
        if len(events) > 1:
            middle = len(events) // 2
            first = await self.apply(names, events=events[:middle], epoch=epoch)
            if any(tracking.parked for tracking in first):
                return first
            return await self.apply(names, events=events[middle:], epoch=epoch)
        text = f"{type(error).__name__}: {error}".replace("\0", "")[:PARKED_ERROR_CHARACTERS_MAX]
        model = self._read_models[names[0]]
        async with self._as_projector(epoch) as connection:
            cursor = await connection.execute(PARK, (events[0].id, text, model.name, model.generation))
            await connection.execute(TELL)
            return (await _tracking(cursor),)

    async def rewind(self, name: str, *, epoch: int) -> Tracking:
        model = self._read_models[name]
        async with self._as_projector(epoch) as connection:
            await connection.execute(f"TRUNCATE {model.table}")
            return await _tracking(await connection.execute(REWIND, (model.name, model.generation)))

    @asynccontextmanager
    async def _as_projector(self, epoch: int) -> AsyncIterator[Connection]:
        with offline_errors():
            async with self._pool.connection() as connection, connection.transaction():
                cursor = await connection.execute(HOLD_ROLE, (ROLE, epoch))
                if await cursor.fetchone() is None:
                    raise RoleLostError(f"epoch {epoch} of the {ROLE} is over")
                yield connection


async def _tracking(cursor: AsyncCursor[DictRow]) -> Tracking:
    row = await cursor.fetchone()
    if row is None:
        raise RoleLostError("the read model was forgotten meanwhile")
    return Tracking(**row)
