"""Puts together a search in which a row may match in several ways, each found by an index of its own.

As one WHERE with OR between them the ways would be at the mercy of a guess how many rows match: where that is wrong, and few do,
the database reads the whole table from its newest end for a page that it cannot fill. So that is done for the newest rows only,
which have a page of whatever is frequent; what is rare is then looked up way by way.
"""

from collections.abc import Sequence
from typing import Any, Final, TypeVar
from uuid import UUID

from msgspec import Struct

from projections.read_model import ReadModel
from queries.filtering import Filters
from queries.reading import Reader

NEWEST_ROWS: Final = 5000
AMONG_NEWEST: Final = """
    SELECT {columns} FROM (
        SELECT * FROM {table} WHERE {where} ORDER BY {place} DESC LIMIT %(newest_rows)s
    ) AS newest
    WHERE {conditions} ORDER BY {place} DESC LIMIT %(limit)s
"""
AMONG_ALL: Final = """
    SELECT {columns} FROM {table} WHERE {place} = ANY (ARRAY (
        SELECT {place} FROM ({ways}) AS matching ORDER BY {place} DESC LIMIT %(limit)s
    ))
    ORDER BY {place} DESC
"""
WAY: Final = "(SELECT {place} FROM {table} WHERE {condition} AND {where} ORDER BY {place} DESC LIMIT %(limit)s)"
WAY_OF_EACH: Final = """
    (SELECT found.{place} FROM unnest(%({name})s::{kind}[]) AS wanted (value) CROSS JOIN LATERAL {way} AS found)
"""

Found = TypeVar("Found", bound=Struct)


class Matches:
    """The newest rows that match in at least one way and pass all filters; `place` is the column that they are sorted by."""

    def __init__(self, filters: Filters, *, place: str) -> None:
        self._filters = filters
        self._place = place
        self._conditions: list[str] = []
        self._ways: list[str] = []
        self._values: dict[str, object] = {}

    def add(self, condition: str, **values: object) -> None:
        self._conditions.append(condition)
        self._ways.append(WAY.replace("{condition}", condition))
        self._values |= values

    def add_each(self, column: str, values: Sequence[str] | Sequence[UUID]) -> None:
        """One of these values in this column, which an index has first, and the place after it. Nothing for no values."""
        if not values:
            return
        name, kind = f"q_{len(self._ways)}", "uuid" if isinstance(values[0], UUID) else "text"
        self._conditions.append(f"{column} = ANY(%({name})s)")
        way = WAY.replace("{condition}", f"{column} = wanted.value")
        self._ways.append(WAY_OF_EACH.replace("{name}", name).replace("{kind}", kind).replace("{way}", way))
        self._values[name] = list(values)

    def narrow(self) -> None:
        """Have the filters themselves ask for a match. It is for those who read all rows, whose place the caller bounds."""
        self._filters.add(f"({' OR '.join(self._conditions)})", **self._values)

    async def fetch(self, reader: Reader, model: ReadModel[Any], *, limit: int, row: type[Found]) -> Sequence[Found]:
        """As many as `limit`, if there are so many."""
        statement = AMONG_NEWEST.replace("{conditions}", " OR ".join(self._conditions))
        values = self._filters.values(**self._values, newest_rows=NEWEST_ROWS, limit=limit)
        rows = await reader.fetch(model, self._filled(statement), values, row)
        if len(rows) >= limit:
            return rows
        statement = AMONG_ALL.replace("{ways}", " UNION ".join(self._ways))
        return await reader.fetch(
            model, self._filled(statement), self._filters.values(**self._values, limit=limit), row
        )

    def _filled(self, statement: str) -> str:
        return self._filters.into(statement).replace("{place}", self._place)
