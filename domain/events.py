"""What every event is: a small frozen struct with a stable topic, recorded with who, when and why."""

from collections.abc import Callable, Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Final, Generic, Literal, TypeVar
from uuid import NAMESPACE_URL, UUID, uuid5

from msgspec import Raw, Struct

from domain.errors import HistoryTooNew

State_co = TypeVar("State_co", covariant=True)

WAYBILL_NAMESPACE: Final = uuid5(NAMESPACE_URL, "urn:waybill:streams")


def stream_named(noun: str, *parts: str) -> UUID:
    """The stream of a thing that must be unique by name: the same name is always the same stream."""
    return uuid5(WAYBILL_NAMESPACE, ":".join((noun, *parts)))


class Event(Struct, frozen=True, kw_only=True, rename="camel"):
    """A fact, in the past tense: ids instead of objects, and no text a person wrote.

    `TOPIC` (`noun.event_snake_case`) is stored with the event and never changes, whatever the class is called later.
    `VERSION` counts the shapes of its data; `UPCASTERS[n]` turns data of version n into version n + 1.
    """

    TOPIC: ClassVar[str]
    VERSION: ClassVar[int] = 1
    UPCASTERS: ClassVar[dict[int, Any]] = {}


class UnknownEvent(Event, frozen=True, kw_only=True):
    """An event of a newer Waybill: carried on as it is, decided on by nobody, and skipped in silence by nobody."""

    TOPIC = ""

    topic: str
    version: int
    data: Raw


def topic_of(event: Event) -> str:
    return event.topic if isinstance(event, UnknownEvent) else event.TOPIC


class Role(StrEnum):
    """What an API key may do; each includes the ones before it."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def includes(self, other: "Role") -> bool:
        order = tuple(Role)
        return order.index(self) >= order.index(other)


class Actor(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Who did it: a person's key, a part of Waybill itself, or somebody without a key, known by address only."""

    kind: Literal["api_key", "system", "anonymous"]
    id: str
    name: str
    role: Role | None = None


class Context(Struct, frozen=True, kw_only=True):
    """Where a command comes from; every event it leads to carries this."""

    actor: Actor
    request_id: str
    correlation_id: UUID
    causation_id: UUID | None = None


class Recorded(Struct, frozen=True, kw_only=True):
    """An event as it stands in the store. `position` is its place in the global order, dense from 1; `version` that in its stream."""

    id: UUID
    position: int
    stream: UUID
    version: int
    at: datetime
    actor: Actor
    request_id: str
    correlation_id: UUID
    causation_id: UUID | None
    event: Event

    @property
    def topic(self) -> str:
        return topic_of(self.event)

    @property
    def name(self) -> str:
        return type(self.event).__name__


class Fold(Struct, Generic[State_co], frozen=True, kw_only=True):
    """How the events of one noun become its state. A stream that begins with another noun's event has no such state."""

    noun: str
    evolve: Callable[[Any, Any], State_co]

    def owns(self, event: Event) -> bool:
        return topic_of(event).partition(".")[0] == self.noun

    def fold(self, history: Iterable[Recorded]) -> State_co | None:
        """The state after these events, None before the first. Raises HistoryTooNew."""
        state = None
        for recorded in history:
            if isinstance(recorded.event, UnknownEvent):
                raise HistoryTooNew(
                    f"This server is too old for what happened here: it does not know {recorded.topic}."
                )
            state = self.evolve(state, recorded.event)
        return state
