"""The read models of one database, with the role of projector, so that a test can take events in and read them."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from msgspec import Struct
from psycopg import AsyncConnection
from psycopg.rows import DictRow
from psycopg_pool import AsyncConnectionPool

from adapters.postgres.connection import open_pool
from adapters.postgres.mapper import to_stored
from adapters.postgres.read_models import PostgresReadModels
from adapters.postgres.read_models_reader import PostgresReader
from adapters.postgres.recorder import EVENTS_CHANNEL
from adapters.postgres.roles import PostgresRoles
from domain.events import Recorded
from projections.catalog import READ_MODELS
from projections.read_model import ReadModel
from projections.rows import Row
from projections.tracking import ROLE, Tracking

INSERT = """
    INSERT INTO events (originator_id, originator_version, topic, state, notification_id) VALUES (%s, %s, %s, %s, %s)
"""


class ReadSide(Struct, frozen=True):
    pool: AsyncConnectionPool[AsyncConnection[DictRow]]
    roles: PostgresRoles
    read_models: PostgresReadModels
    reader: PostgresReader
    epoch: int

    async def store(self, events: Iterable[Recorded]) -> None:
        """Put events into the store just as they are, positions and all; the projector has not seen them yet."""
        async with self.pool.connection() as connection, connection.transaction(), connection.cursor() as cursor:
            for event in events:
                stored = to_stored(event)
                values = (event.stream, event.version, stored.topic, stored.state, event.position)
                await cursor.execute(INSERT, values)
                await cursor.execute("UPDATE head SET position = %s", (event.position,))
            await cursor.execute("SELECT pg_notify(%s, '')", (EVENTS_CHANNEL,))

    async def take(self, *names: str, events: Sequence[Recorded]) -> tuple[Tracking, ...]:
        """Apply events, to all read models unless some are named."""
        names = names or tuple(model.name for model in READ_MODELS)
        return await self.read_models.apply(names, events=events, epoch=self.epoch)

    async def tell(self, events: Sequence[Recorded]) -> None:
        """Store and apply."""
        await self.store(events)
        await self.take(events=events)

    async def rows(self, model: ReadModel[Row]) -> list[Row]:
        """All rows, in the order of `in_order`."""
        return in_order(model, await self.reader.fetch(model, "SELECT {columns} FROM {table}", {}, model.row))

    async def execute(self, statement: str, *values: object) -> list[DictRow]:
        async with self.pool.connection() as connection:
            cursor = await connection.execute(statement, values)
            return await cursor.fetchall() if cursor.description else []


def in_order(model: ReadModel[Row], rows: Iterable[Row]) -> list[Row]:
    """By position if rows are only added, else by key."""
    column = "position" if model.append_only else str(model.key)
    return sorted(rows, key=lambda row: getattr(row, column))


@asynccontextmanager
async def open_read_side(
    url: str, *, read_models: Sequence[ReadModel[Any]] = READ_MODELS, holder: str = "test"
) -> AsyncIterator[ReadSide]:
    async with open_pool(url, name="test", size_max=4) as pool:
        roles = PostgresRoles(pool)
        lease = await roles.acquire(role=ROLE, holder=holder, seconds=60)
        assert lease is not None
        side = ReadSide(
            pool,
            roles,
            PostgresReadModels(pool, read_models),
            PostgresReader(pool, url=url, name="test", read_models=read_models),
            lease.epoch,
        )
        await side.read_models.open(lease.epoch)
        try:
            yield side
        finally:
            await side.reader.close()
