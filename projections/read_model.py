"""What a read model is: a table, the events that it takes, and a pure function from events to rows."""

from collections.abc import Callable, Collection, Iterable
from typing import Any, Final, Generic, get_args
from uuid import UUID

from msgspec import Struct

from domain.events import Event, Recorded, UnknownEvent
from projections.rows import Row, Rows

# These tables come and go with the program, so they have a place of their own: who makes them need not be able to touch others.
TABLES_IN: Final = "projected"


class UnknownEventError(Exception):
    """A newer Waybill wrote an event that a read model would have to take, and this one does not know it."""

    def __init__(self, event: UnknownEvent) -> None:
        super().__init__(f"{event.topic} version {event.version}")


def touches_nothing(_recorded: Recorded) -> tuple[UUID, ...]:
    """The keys of a read model that only adds rows and never looks back."""
    return ()


def members_of(*unions: Any) -> frozenset[type[Event]]:
    """The events of these unions. One that joins such a union and is not projected parks the read model."""
    return frozenset(event for union in unions for event in get_args(union))


class ReadModel(Struct, Generic[Row], frozen=True, kw_only=True):
    """`schema` is SQL with `{table}`, and the fields of `row` are the table's columns; nested values are json.

    `keys` names the rows that an event touches, so that those of a whole batch are read at once; `key` is their column.
    `project` raises for an event it does not know and for a state that cannot be: then this read model is parked.
    Raise `generation` whenever schema, row or logic change: the next generation is built from the first event.
    """

    name: str
    generation: int
    schema: str
    events: frozenset[type[Event]]
    row: type[Row]
    project: Callable[[Recorded, Rows[Row]], None]
    key: str | None = None
    keys: Callable[[Recorded], tuple[UUID, ...]] = touches_nothing
    append_only: bool = False

    @property
    def table(self) -> str:
        """With the schema that it is in."""
        return f"{TABLES_IN}.{self.name}_{self.generation}"

    def beside(self, kind: str) -> str:
        """The name of another table of this read model, which nobody is served from."""
        return f"{self.table}_{kind}"

    def statements(self, table: str) -> tuple[str, ...]:
        """What makes a table of this name: itself first, then one statement for each index."""
        return tuple(part.strip().replace("{table}", table) for part in self.schema.split(";") if part.strip())

    @property
    def topics(self) -> frozenset[str]:
        return frozenset(event.TOPIC for event in self.events)

    def touched(self, events: Iterable[Recorded]) -> frozenset[UUID]:
        """The keys of all rows that these events touch. Raises UnknownEventError."""
        return frozenset(key for recorded in self._taken(events) for key in self.keys(recorded))

    def fold(self, events: Iterable[Recorded], *, touched: Collection[UUID], stored: Iterable[Row]) -> list[Row]:
        """The rows to write after these events, given what was stored before for the keys they touch."""
        rows = Rows(key=self.key, append_only=self.append_only, touched=touched, stored=stored)
        for recorded in self._taken(events):
            self.project(recorded, rows)
        return rows.written

    def _taken(self, events: Iterable[Recorded]) -> list[Recorded]:
        taken = []
        for recorded in events:
            if type(recorded.event) in self.events:
                taken.append(recorded)
            elif isinstance(recorded.event, UnknownEvent) and self._concerns(recorded.event):
                raise UnknownEventError(recorded.event)
        return taken

    def _concerns(self, unknown: UnknownEvent) -> bool:
        """Whatever is new about a noun may change what is said of it."""
        return noun_of(unknown.topic) in {noun_of(topic) for topic in self.topics}


def noun_of(topic: str) -> str:
    return topic.partition(".")[0]
