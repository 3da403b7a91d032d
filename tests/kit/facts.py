"""Short ways to say an event, a context, an append."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID, uuid4

from domain.events import Actor, Context, Event, Recorded
from domain.install_run.events import RunStarted
from domain.ports import Append, NewEvent

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SOMEBODY = Actor(kind="system", id="test", name="test")


def context() -> Context:
    return Context(actor=SOMEBODY, request_id="test-request", correlation_id=uuid4())


def append(*streams: UUID, expected: Mapping[UUID, int] | None = None, event: Event | None = None) -> Append:
    """One event for each stream; unless told otherwise the streams are new."""
    return Append(
        expected=dict.fromkeys(streams, 0) if expected is None else expected,
        events=tuple(NewEvent(id=uuid4(), stream=stream, event=event or RunStarted()) for stream in streams),
        context=context(),
        at=NOON,
    )


def recorded(event: Event, *, stream: UUID, position: int = 1, version: int = 1) -> Recorded:
    return Recorded(
        id=uuid4(),
        position=position,
        stream=stream,
        version=version,
        at=NOON,
        actor=SOMEBODY,
        request_id="test-request",
        correlation_id=uuid4(),
        causation_id=None,
        event=event,
    )
