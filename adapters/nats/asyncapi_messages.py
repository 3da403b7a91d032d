"""The messages of the AsyncAPI document: what each has for headers, and for a body."""

import re
from typing import Any, Final

import msgspec

from adapters.nats.alerts import TYPES, AlertData, AlertKind
from adapters.nats.asyncapi_schemas import REFERENCE, reference_to
from adapters.nats.checkpoints import CONTENT_TYPE as CHECKPOINT_CONTENT_TYPE
from adapters.nats.checkpoints import SIZE
from adapters.nats.messages import (
    CONTENT_TYPE,
    EVENT_ID,
    MESSAGE_ID,
    POSITION,
    REQUEST_ID,
    SOURCE,
    SPEC_VERSION,
    STORE_EPOCH,
    Ticket,
)
from domain.events import Event

Json = dict[str, Any]

QUOTED: Final = re.compile(r"`(\w+)`")
UUID_TEXT: Final = {"type": "string", "format": "uuid"}
TEXT: Final = {"type": "string"}
DIGITS: Final = {"type": "string", "pattern": "^[0-9]+$"}
SEQUENCE: Final = {"type": "string", "pattern": "^[0-9]{20}$"}
MOMENT: Final = {
    "type": "string",
    "format": "date-time",
    "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z$",
}
TRACE_PARENT: Final = {"type": "string", "pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-01$"}
# Printable ASCII, all else percent-encoded, as the CloudEvents binding for NATS has it.
ENCODED: Final = {"type": "string", "pattern": "^[ -~]*$"}

CLOUD_EVENT: Final[Json] = {
    "ce-specversion": {"type": "string", "const": SPEC_VERSION},
    EVENT_ID: TEXT,
    "ce-source": {"type": "string", "const": SOURCE},
    "ce-type": TEXT,
    "ce-subject": ENCODED,
    "ce-time": MOMENT,
    "ce-datacontenttype": {"type": "string", "const": CONTENT_TYPE},
    "ce-correlationid": UUID_TEXT,
    "content-type": {"type": "string", "const": CONTENT_TYPE},
    "traceparent": TRACE_PARENT,
    MESSAGE_ID: TEXT,
}
EVENT: Final[Json] = {
    **CLOUD_EVENT,
    EVENT_ID: UUID_TEXT,
    "ce-subject": UUID_TEXT,
    "ce-sequence": SEQUENCE,
    POSITION: DIGITS,
    "waybill-stream-version": DIGITS,
    STORE_EPOCH: UUID_TEXT,
    REQUEST_ID: ENCODED,
    "waybill-actor-kind": {"type": "string", "enum": ["api_key", "system", "anonymous"]},
    "waybill-actor-id": ENCODED,
}
TICKET: Final[Json] = {
    MESSAGE_ID: TEXT,
    "content-type": {"type": "string", "const": CONTENT_TYPE},
    "traceparent": TRACE_PARENT,
    REQUEST_ID: ENCODED,
}
QUEUED_ALERT: Final[Json] = {MESSAGE_ID: TEXT, "content-type": {"type": "string", "const": CONTENT_TYPE}}
CHECKPOINT: Final[Json] = {
    "content-type": {"type": "string", "const": CHECKPOINT_CONTENT_TYPE},
    SIZE: DIGITS,
    STORE_EPOCH: UUID_TEXT,
}
HEADERS: Final[dict[str, Json]] = {
    "EventHeaders": {
        "description": (
            "CloudEvents 1.0, binary mode. `ce-sequence` is the position with leading zeros; positions are dense and grow, as long "
            "as the store epoch is the same. `ce-subject` is the stream. A body of more than 900 KiB is left out, and its size "
            "said instead."
        ),
        "type": "object",
        "properties": {**EVENT, "ce-causationid": UUID_TEXT, "waybill-data-omitted": DIGITS},
        "required": [*EVENT],
    },
    "AlertHeaders": {
        "description": "CloudEvents 1.0, binary mode. Without a position: of an alert that could not be put on record.",
        "type": "object",
        "properties": {**CLOUD_EVENT, "ce-sequence": SEQUENCE, POSITION: DIGITS},
        "required": [*CLOUD_EVENT],
    },
    "TicketHeaders": {"type": "object", "properties": TICKET, "required": [*TICKET]},
    "QueuedAlertHeaders": {"type": "object", "properties": QUEUED_ALERT, "required": [*QUEUED_ALERT]},
    "CheckpointHeaders": {"type": "object", "properties": CHECKPOINT, "required": [*CHECKPOINT]},
}
CORRELATION: Final = {"location": "$message.header#/ce-correlationid"}
NOTE: Final = {
    "type": "string",
    "pattern": "^[^\\n]+\\n[0-9]+\\n[A-Za-z0-9+/]{43}=\\nstore [0-9a-f-]{36}\\ntime [^\\n]+Z\\n\\n(— [^\\n]+\\n)+$",
}
ALERT_NAMES: Final[dict[AlertKind, str]] = {
    "raised": "AlertSaid",
    "repeated": "AlertSaidAgain",
    "resolved": "AlertOver",
    "test": "AlertTest",
}
ALERT_TITLES: Final[dict[AlertKind, str]] = {
    "raised": "An alert was raised",
    "repeated": "It is still so, and is said again",
    "resolved": "It is over",
    "test": "Nothing is wrong: somebody wants to see alerts arrive",
}


def event_type(event: type[Event]) -> str:
    return f"io.waybill.{event.TOPIC}.v{event.VERSION}"


def event_message_of(event: type[Event]) -> Json:
    words = {"description": description_of(event)} if event.__doc__ else {}
    return words | {
        "name": event.__name__,
        "title": event.__name__,
        "contentType": CONTENT_TYPE,
        "correlationId": CORRELATION,
        "headers": _headers("EventHeaders", {"ce-type": {"type": "string", "const": event_type(event)}}),
        "payload": reference_to(event),
    }


def description_of(event: type[Event]) -> str:
    """What the code says of it, with the names that its members have on the way."""
    names = {field.name: field.encode_name for field in msgspec.structs.fields(event)}
    return QUOTED.sub(lambda word: f"`{names.get(word[1], word[1])}`", " ".join((event.__doc__ or "").split()))


def alert_message_of(kind: AlertKind) -> Json:
    body = {"allOf": [reference_to(AlertData), {"properties": {"kind": {"const": kind}}}]}
    return {
        "name": ALERT_NAMES[kind],
        "title": ALERT_TITLES[kind],
        "contentType": CONTENT_TYPE,
        "correlationId": CORRELATION,
        "headers": _headers("AlertHeaders", {"ce-type": {"type": "string", "const": TYPES[kind]}}),
        "payload": body,
    }


def ticket_message_of() -> Json:
    return {
        "name": "Ticket",
        "title": "Work may be waiting at a connection",
        "contentType": CONTENT_TYPE,
        "headers": _headers("TicketHeaders", {}),
        "payload": reference_to(Ticket),
        "x-internal": True,
    }


def queued_alert_message_of() -> Json:
    return {
        "name": "QueuedAlert",
        "title": "An alert that one webhook is still to be sent",
        "contentType": CONTENT_TYPE,
        "headers": _headers("QueuedAlertHeaders", {}),
        "payload": reference_to(AlertData),
        "x-internal": True,
    }


def checkpoint_message_of() -> Json:
    return {
        "name": "Checkpoint",
        "title": "A signed checkpoint of the log (C2SP tlog-checkpoint)",
        "contentType": CHECKPOINT_CONTENT_TYPE,
        "headers": _headers("CheckpointHeaders", {}),
        "payload": NOTE,
    }


def _headers(name: str, more: Json) -> Json:
    common = {"$ref": REFERENCE.replace("{name}", name)}
    return {"type": "object", "allOf": [common, {"properties": more}]} if more else common
