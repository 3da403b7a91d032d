"""The rows that a batch of events touches: read before, changed in memory, written back after; nothing here does I/O."""

from collections.abc import Collection, Iterable
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

    def __init__(self, *, key: str | None, append_only: bool, touched: Collection[UUID], stored: Iterable[Row]) -> None:
        self._key = key
        self._append_only = append_only
        self._touched = touched
        self._before: dict[UUID, Row] = {} if key is None else {getattr(row, key): row for row in stored}
        self._current = dict(self._before)
        self._appended: list[Row] = []

    def get(self, key: UUID) -> Row | None:
        """The row as it is now. Raises LookupError for a key that was neither looked for nor put."""
        row = self._current.get(key)
        if row is None and key not in self._touched:
            raise LookupError(f"{key} is not among the keys that the read model said it touches")
        return row

    def require(self, key: UUID) -> Row:
        row = self.get(key)
        if row is None:
            raise ImpossibleHistoryError(f"nothing came before this event for {key}")
        return row

    def put(self, row: Row) -> None:
        if self._append_only:
            self._appended.append(row)
        if self._key is not None and (key := getattr(row, self._key)) is not None:
            self._current[key] = row

    @property
    def written(self) -> list[Row]:
        """What has to be stored: each row once, in the order in which new ones came."""
        if self._append_only:
            return self._appended
        return [row for key, row in self._current.items() if row is not self._before.get(key)]
