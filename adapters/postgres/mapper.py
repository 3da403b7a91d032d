"""Between our events and the library's stored events: stable topics, versions with upcasters, one JSON envelope."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from eventsourcing.persistence import Notification, StoredEvent
from msgspec import Raw, Struct

from domain.catalog import BY_TOPIC
from domain.events import Actor, Event, Recorded, UnknownEvent


class Envelope(Struct, frozen=True, kw_only=True):
    """What `state` holds: the event's data and everything that is said about the event."""

    id: UUID
    v: int
    at: datetime
    actor: Actor
    request_id: str
    correlation_id: UUID
    causation_id: UUID | None
    data: Raw


_ENCODER: Final = msgspec.json.Encoder()
_ENVELOPES: Final = msgspec.json.Decoder(Envelope)
_DATA: Final[dict[str, msgspec.json.Decoder[Any]]] = {
    topic: msgspec.json.Decoder(event) for topic, event in BY_TOPIC.items()
}


def to_stored(recorded: Recorded) -> StoredEvent:
    envelope = Envelope(
        id=recorded.id,
        v=type(recorded.event).VERSION,
        at=recorded.at,
        actor=recorded.actor,
        request_id=recorded.request_id,
        correlation_id=recorded.correlation_id,
        causation_id=recorded.causation_id,
        data=Raw(_ENCODER.encode(recorded.event)),
    )
    return StoredEvent(
        originator_id=recorded.stream,
        originator_version=recorded.version,
        topic=recorded.topic,
        state=_ENCODER.encode(envelope),
    )


def event_id(state: bytes) -> UUID:
    return _ENVELOPES.decode(state).id


def recorded_in(row: Mapping[str, Any]) -> Recorded:
    """The event of a row that was selected with the columns of the table."""
    return read_row(
        position=row["notification_id"],
        stream=row["originator_id"],
        version=row["originator_version"],
        topic=row["topic"],
        state=row["state"],
    )


def to_recorded(notification: Notification) -> Recorded:
    assert isinstance(notification.originator_id, UUID)  # noqa: S101 - the column is a uuid
    return read_row(
        position=notification.id,
        stream=notification.originator_id,
        version=notification.originator_version,
        topic=notification.topic,
        state=notification.state,
    )


def read_row(*, position: int, stream: UUID, version: int, topic: str, state: bytes) -> Recorded:
    """The event of one row of the store."""
    envelope = _ENVELOPES.decode(state)
    return Recorded(
        id=envelope.id,
        position=position,
        stream=stream,
        version=version,
        at=envelope.at,
        actor=envelope.actor,
        request_id=envelope.request_id,
        correlation_id=envelope.correlation_id,
        causation_id=envelope.causation_id,
        event=decode_event(topic, envelope.v, envelope.data),
    )


def decode_event(topic: str, version: int, data: bytes | Raw) -> Event:
    """The newest shape of an event, whatever version its data was written in; UnknownEvent if that is newer than this program."""
    kind = BY_TOPIC.get(topic)
    if kind is None or version > kind.VERSION:
        return UnknownEvent(topic=topic, version=version, data=Raw(data))
    if version == kind.VERSION:
        event: Event = _DATA[topic].decode(data)
        return event
    fields = msgspec.json.decode(data)
    for step in range(version, kind.VERSION):
        fields = kind.UPCASTERS[step](fields)
    return msgspec.convert(fields, type=kind)
