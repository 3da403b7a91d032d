"""What a read model is: a table, the topics it listens to, and a pure function from events to rows."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, get_args
from uuid import UUID

from msgspec import Struct

from domain.errors import HistoryTooNew
from domain.events import Recorded, UnknownEvent
from projections.rows import Row, Rows


def touches_nothing(_recorded: Recorded) -> tuple[UUID, ...]:
    """The keys of a read model that only adds rows and never looks back."""
    return ()


def topics_of(*events: Any) -> frozenset[str]:
    """The topics of unions of events. An event that joins such a union and is not projected parks the read model."""
    return frozenset(event.TOPIC for union in events for event in get_args(union))


class ReadModel(Struct, Generic[Row], frozen=True, kw_only=True):
    """`schema` is SQL with `{table}`, and the fields of `row` are the table's columns; nested values are json.

    `keys` names the rows that an event touches, so that those of a whole batch are read at once; `key` is their column.
    `project` raises for an event it does not know and for a state that cannot be: then this read model is parked.
    Raise `generation` whenever schema, row or logic change: the next generation is built from the first event.
    """

    name: str
    generation: int
    schema: str
    topics: frozenset[str]
    row: type[Row]
    key: str
    project: Callable[[Recorded, Rows[Row]], None]
    keys: Callable[[Recorded], tuple[UUID, ...]] = touches_nothing
    append_only: bool = False

    @property
    def table(self) -> str:
        return f"{self.name}_{self.generation}"

    def touched(self, events: Iterable[Recorded]) -> frozenset[UUID]:
        return frozenset(key for recorded in events if recorded.topic in self.topics for key in self.keys(recorded))

    def fold(self, events: Sequence[Recorded], *, touched: Iterable[UUID], stored: Iterable[Row]) -> list[Row]:
        """The rows to write after these events, given what was stored before for the keys they touch."""
        rows = Rows(key=self.key, append_only=self.append_only, touched=touched, stored=stored)
        for recorded in events:
            if isinstance(recorded.event, UnknownEvent):
                # Whether it matters here is known to the newer program that wrote it, and to nobody else.
                raise HistoryTooNew(f"{recorded.topic} version {recorded.event.version} is newer than this program")
            if recorded.topic in self.topics:
                self.project(recorded, rows)
        return rows.written
