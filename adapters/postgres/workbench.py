"""Where somebody looks after one read model, alone: two connections with the patience that this takes."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import Any, Final, Generic, Literal

import psycopg
from msgspec import Struct
from psycopg import AsyncConnection
from psycopg.rows import DictRow, TupleRow, dict_row

from adapters.postgres.connection import offline_errors, with_limits
from adapters.postgres.read_models import refused_rows
from adapters.postgres.second_tables import SecondTable
from adapters.postgres.stretches import Pace, stretches
from projections.read_model import ReadModel
from projections.rows import Row
from projections.tracking import Tracking

NAME: Final = "waybill-projections"
LOCK_KEY: Final = 0x5741_5950  # "WAYP": held, with a number for the read model, by whoever rebuilds or verifies it
ALONE: Final = "SELECT pg_try_advisory_lock(%s, hashtext(%s)) AS alone"
# A million rows are indexed and compared in their own time; nobody waits for it. What is lost when Postgres ends is done again.
PATIENCE: Final = """
    SET statement_timeout = '1h';
    SET idle_in_transaction_session_timeout = '1min';
    SET synchronous_commit = off;
    SET maintenance_work_mem = '128MB'
"""
HEAD: Final = "SELECT position FROM head"
LIVE: Final = "SELECT * FROM read_models WHERE name = %s AND generation = %s"

Stage = Literal["loading", "indexing", "catching up", "swapping", "comparing"]


class Progress(Struct, frozen=True, kw_only=True):
    """How far somebody has come with a read model: with positions, but for `indexing` with indexes, for `swapping` with attempts."""

    read_model: str
    stage: Stage
    done: int
    total: int


Told = Callable[[Progress], None]


class ReadModelBusyError(Exception):
    """Somebody else rebuilds or verifies it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is being rebuilt or verified by somebody else already; wait until that has ended")


class PostgresRefusesError(Exception):
    """What cannot be done in this database as this role, however often it is asked for."""


class NotBuiltYetError(Exception):
    """There is nothing yet that could be rebuilt or verified."""

    def __init__(self, model: ReadModel[Any]) -> None:
        super().__init__(
            f"{model.name} has no table of generation {model.generation} yet: the projector of this version makes it when it starts"
        )


class Workbench(Generic[Row]):
    """`tables` holds the lock, so that whoever has lost it can write nothing any more; `events` reads meanwhile."""

    def __init__(
        self,
        model: ReadModel[Row],
        *,
        tables: AsyncConnection[DictRow],
        events: AsyncConnection[TupleRow],
        told: Told,
    ) -> None:
        self.model = model
        self.tables = tables
        self._events = events
        self._told = told
        self._pace = Pace()

    async def head(self) -> int:
        position: int = (await self.one(HEAD))["position"]
        return position

    async def live(self) -> Tracking:
        """How far what is served has come. Raises NotBuiltYetError."""
        cursor = await self.tables.execute(LIVE, (self.model.name, self.model.generation))
        row = await cursor.fetchone()
        if row is None:
            raise NotBuiltYetError(self.model)
        return Tracking(**row)

    async def fill(self, table: SecondTable[Row], *, until: int, stage: Stage | None = None) -> None:
        """Take in all events up to this one. Raises RefusedEventError, MissingEventError."""
        reading = stretches(self._events, self.model, after=table.position, until=until, pace=self._pace)
        async with aclosing(reading) as coming:
            async for stretch in coming:
                self._pace.note(stretch, written_bytes=await table.take(stretch))
                if stage is not None:
                    self.tell(stage, done=table.position, total=until)

    def tell(self, stage: Stage, *, done: int, total: int) -> None:
        self._told(Progress(read_model=self.model.name, stage=stage, done=done, total=total))

    async def one(self, statement: str, *values: object) -> DictRow:
        row = await (await self.tables.execute(statement.encode(), values or None)).fetchone()
        assert row is not None  # noqa: S101 - asked only for what has one row by construction
        return row


@asynccontextmanager
async def workbench(url: str, model: ReadModel[Row], *, told: Told) -> AsyncIterator[Workbench[Row]]:
    """For one at a time. Raises StoreOffline, ReadModelBusyError, PostgresRefusesError."""
    limited = with_limits(url, name=NAME)
    with _errors(), refused_rows():
        async with (
            await AsyncConnection.connect(limited, autocommit=True, row_factory=dict_row) as tables,
            await AsyncConnection.connect(limited, autocommit=True) as events,
        ):
            for connection in (tables, events):
                await connection.execute(PATIENCE)
            found = await (await tables.execute(ALONE, (LOCK_KEY, model.name))).fetchone()
            if found is None or not found["alone"]:
                raise ReadModelBusyError(model.name)
            yield Workbench(model, tables=tables, events=events, told=told)


@contextmanager
def _errors() -> Iterator[None]:
    """In our own words."""
    try:
        with offline_errors():
            yield
    except psycopg.Error as error:
        raise PostgresRefusesError(str(error).strip()) from error
