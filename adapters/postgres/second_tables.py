"""A table of a read model beside the one that is served: filled in long stretches, and given its indexes when it is full."""

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from functools import partial
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from msgspec import Struct
from psycopg import AsyncConnection
from psycopg.rows import DictRow

from adapters.postgres.read_models_table import Table, load_table
from adapters.postgres.stretches import Stretch
from domain.events import Recorded
from projections.read_model import ReadModel
from projections.rows import Row

ROWS_PER_PART_MAX: Final = 1000
EXISTS: Final = "SELECT to_regclass(%s) IS NOT NULL AS found"
# Whoever runs this, the table goes to whom the one that is served belongs to: the projector will write to it.
FOREIGN_OWNER: Final = """
    SELECT quote_ident(pg_get_userbyid(relowner)) AS name FROM pg_class
    WHERE oid = to_regclass(%s) AND relowner <> (SELECT oid FROM pg_roles WHERE rolname = current_user)
"""
INDEXES: Final = "SELECT count(*) AS made FROM pg_index WHERE indrelid = to_regclass(%s)"
# A table that is only there to be compared has no record, and nothing is written down.
MARK: Final = "UPDATE rebuilds SET position = %s, event = %s WHERE (name, generation, kind) = (%s, %s, %s)"

Connection = AsyncConnection[DictRow]
Result = TypeVar("Result")


class Kind(StrEnum):
    """What a second table is for; its name ends with it."""

    NEXT = "next"  # being built, to be served
    FORMER = "former"  # was served before, for a way back
    CHECK = "check"  # being built, to be compared with what is served


class RefusedEventError(Exception):
    """The read model cannot take this event, and would be parked before it."""

    def __init__(self, model: ReadModel[Any], recorded: Recorded, error: Exception) -> None:
        self.recorded = recorded
        super().__init__(
            f"{model.name} cannot take the event {recorded.id} at position {recorded.position}: "
            f"{type(error).__name__}: {error}"
        )


class Standing(Struct, frozen=True, kw_only=True):
    """The last event in the rows: 0 and None before the first."""

    position: int = 0
    event: UUID | None = None


class SecondTable(Generic[Row]):
    """`standing` is set by whoever opens one that was filled before."""

    def __init__(self, connection: Connection, model: ReadModel[Row], kind: Kind) -> None:
        self._connection = connection
        self._model = model
        self._table: Table[Row] | None = None
        self.kind = kind
        self.name = model.beside(kind)
        self.standing = Standing()

    @property
    def position(self) -> int:
        return self.standing.position

    @property
    def event(self) -> UUID | None:
        return self.standing.event

    async def exists(self) -> bool:
        return bool((await self._one(EXISTS, self.name))["found"])

    async def make(self, *, unlogged: bool = False) -> None:
        """Without the indexes that only readers use. `unlogged`: for a table that nobody will be served from."""
        table, *indexes = self._model.statements(self.name)
        if unlogged:
            table = table.replace("CREATE TABLE", "CREATE UNLOGGED TABLE", 1)
        for statement in (table, *filter(self._finds, indexes)):
            await self._connection.execute(statement.encode())
        cursor = await self._connection.execute(FOREIGN_OWNER, (self._model.table,))
        if owner := await cursor.fetchone():
            await self._connection.execute(f"ALTER TABLE {self.name} OWNER TO {owner['name']}".encode())

    async def open(self) -> None:
        """Raises TableMismatchError."""
        self._table = await load_table(self._connection, self._model, name=self.name)

    async def drop(self) -> None:
        # With whatever shows it under another name.
        await self._connection.execute(f"DROP TABLE IF EXISTS {self.name} CASCADE".encode())

    async def take(self, stretch: Stretch) -> int:
        """The bytes of the rows that were written, in one transaction with how far it has come. Raises RefusedEventError."""
        keys = self._tried(self._model.touched, stretch.events)
        stored = await self._stored(keys)
        fold = partial(self._model.fold, touched=keys, stored=stored)
        new, changed = self._parted(self._tried(fold, stretch.events), stored)
        async with self._connection.transaction():
            written = await self._add(new) + await self._change(changed)
            these = (self._model.name, self._model.generation, self.kind)
            await self._connection.execute(MARK, (stretch.position, stretch.event, *these))
        self.standing = Standing(position=stretch.position, event=stretch.event)
        return written

    async def index(self, told: Callable[[int, int], None]) -> None:
        """Make the indexes that are missing, in their order, and count what is in the table. `told`: how many of how many."""
        indexes = self._model.statements(self.name)[1:]
        missing = [statement for statement in indexes if not self._finds(statement)]
        # The primary key came with the table.
        begun_with = 1 + len(indexes) - len(missing)
        made = (await self._one(INDEXES, self.name))["made"] - begun_with
        for number, statement in enumerate(missing[made:], start=made):
            told(number, len(missing))
            await self._connection.execute(statement.encode())
        if missing[made:]:
            await self.analyze()
        told(len(missing), len(missing))

    async def analyze(self) -> None:
        """So that statements are planned for what is in the table, from the first one on."""
        await self._connection.execute(f"ANALYZE {self.name}".encode())

    def _finds(self, index: str) -> bool:
        """Whether rows are found by it while the table is filled; other ones have their primary key for that."""
        return self._model.append_only and self._model.key is not None and f"({self._model.key}, " in index

    async def _stored(self, keys: frozenset[UUID]) -> list[Row]:
        if not keys:
            return []
        cursor = await self._connection.execute(self._opened.stored.encode(), (list(keys),), prepare=False)
        return self._opened.decode(await cursor.fetchone())

    def _tried(self, function: Callable[[Sequence[Recorded]], Result], events: Sequence[Recorded]) -> Result:
        """What comes of these events. Raises RefusedEventError with the first of them that cannot be taken."""
        try:
            return function(events)
        except Exception as error:
            # It ends the shortest beginning that cannot be taken.
            taken, refused, last = 0, len(events), error
            while refused - taken > 1:
                middle = (taken + refused) // 2
                try:
                    function(events[:middle])
                    taken = middle
                except Exception as earlier:  # noqa: BLE001 - whatever it is, it would park the read model
                    refused, last = middle, earlier
            raise RefusedEventError(self._model, events[refused - 1], last) from error

    def _parted(self, rows: list[Row], stored: list[Row]) -> tuple[list[Row], list[Row]]:
        """Those that are new, and those that were there."""
        key = self._model.key
        if self._model.append_only or key is None or not stored:
            return rows, []
        known = {getattr(row, key) for row in stored}
        return (
            [row for row in rows if getattr(row, key) not in known],
            [row for row in rows if getattr(row, key) in known],
        )

    async def _add(self, rows: list[Row]) -> int:
        """The server takes in one part while the next is put into words here."""
        written = 0
        if rows:
            async with self._connection.cursor() as cursor, cursor.copy(self._opened.copy.encode()) as copy:
                for part in parts_of(rows):
                    text = self._opened.copied(part)
                    written += len(text)
                    await copy.write(text)
        return written

    async def _change(self, rows: list[Row]) -> int:
        written = 0
        for part in parts_of(rows):
            text = self._opened.encode(part)
            written += len(text)
            # Planned anew each time: the table has grown.
            await self._connection.execute(self._opened.write.encode(), (text,), prepare=False)
        return written

    @property
    def _opened(self) -> Table[Row]:
        if self._table is None:
            raise RuntimeError(f"{self.name} is not opened")
        return self._table

    async def _one(self, statement: str, *values: object) -> DictRow:
        row = await (await self._connection.execute(statement, values)).fetchone()
        assert row is not None  # noqa: S101 - the statement has one row by construction
        return row


def parts_of(rows: list[Row]) -> Iterator[list[Row]]:
    for first in range(0, len(rows), ROWS_PER_PART_MAX):
        yield rows[first : first + ROWS_PER_PART_MAX]
