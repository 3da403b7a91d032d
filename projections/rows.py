"""The rows that a batch of events touches: read before, changed in memory, written back after; nothing here does I/O."""

from collections.abc import Iterable
from typing import Generic, TypeVar
from uuid import UUID

from msgspec import Struct

Row = TypeVar("Row", bound=Struct)


class ImpossibleHistoryError(Exception):
    """The events tell what cannot have happened: the store or the projection is wrong."""


class Rows(Generic[Row]):
    """An identity map: what was put is what is got next.

    `touched` are the keys that were looked for, and `stored` the rows that were found. An append-only read model keeps
    every row that is put; another keeps the last one of each key.
    """

    def __init__(self, *, key: str, append_only: bool, touched: Iterable[UUID], stored: Iterable[Row]) -> None:
        self._key = key
        self._append_only = append_only
        self._current: dict[UUID, Row | None] = dict.fromkeys(touched)
        self._current |= {getattr(row, key): row for row in stored}
        self._changed: dict[UUID, Row] = {}
        self._appended: list[Row] = []

    def get(self, key: UUID) -> Row | None:
        """The row as it is now. Raises LookupError for a key that was neither looked for nor put."""
        if key not in self._current:
            raise LookupError(f"{key} is not among the keys that the read model said it touches")
        return self._current[key]

    def require(self, key: UUID) -> Row:
        row = self.get(key)
        if row is None:
            raise ImpossibleHistoryError(f"nothing came before this event for {key}")
        return row

    def put(self, row: Row) -> None:
        key: UUID | None = getattr(row, self._key)
        if self._append_only:
            self._appended.append(row)
        if key is None:
            return
        self._current[key] = row
        self._changed[key] = row

    @property
    def written(self) -> list[Row]:
        """What has to be stored, each row once."""
        return self._appended if self._append_only else list(self._changed.values())
