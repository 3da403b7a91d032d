"""What travels: an event as a CloudEvents 1.0 binary mode message, and the work ticket of a slot that is held or a timer that is
due.
"""

import string
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, Literal
from urllib.parse import quote
from uuid import UUID, uuid4

import msgspec
from msgspec import Struct

from adapters.nats.streams import work_subject
from domain.events import Recorded, UnknownEvent
from domain.installation.events import InstallationReserved
from domain.timers import SetTimer, TimerName

SOURCE: Final = "urn:waybill"
SPEC_VERSION: Final = "1.0"
CONTENT_TYPE: Final = "application/json"
MESSAGE_ID: Final = "Nats-Msg-Id"
EVENT_ID: Final = "ce-id"
POSITION: Final = "waybill-position"
STORE_EPOCH: Final = "waybill-store-epoch"
REQUEST_ID: Final = "waybill-request-id"
# With its headers a message stays under the stream's limit. An event beyond it must not hold up all that come after.
BODY_BYTES_MAX: Final = 900 * 1024

# The CloudEvents binding for NATS: printable ASCII stands as it is, but for the double quote and the percent sign.
_PLAIN: Final = "".join(set(string.digits + string.ascii_letters + string.punctuation) - set('"%'))
_ENCODER: Final = msgspec.json.Encoder()


class Message(Struct, frozen=True):
    subject: str
    headers: dict[str, str]
    body: bytes


TicketKind = Literal["install", "verify", "sweep"]


class Ticket(Struct, frozen=True, kw_only=True, rename="camel"):
    """Work may be waiting at a connection. It gives no right to anything; the store does.

    `install`: look at the target of this run. `verify`: ask whether the connection still works. `sweep`: look for what earlier
    attempts may have put at this installation, for the time number `round`, from 0. `event_id` and `position` are those of the
    event because of which the work is waiting, `request_id` and `correlation_id` are its own.
    """

    kind: TicketKind = "install"
    provider_id: UUID
    run_id: UUID | None = None
    installation_id: UUID | None = None
    round: int = 0
    event_id: UUID
    position: int
    request_id: str
    correlation_id: UUID
    issued_at: datetime


def event_message(recorded: Recorded, *, store_epoch: str, again: str = "") -> Message:
    """`again` makes the message id another one, for a server that remembers ids of messages it no longer has."""
    noun, _, name = recorded.topic.partition(".")
    if isinstance(recorded.event, UnknownEvent):
        body, version = bytes(recorded.event.data), recorded.event.version
    else:
        body, version = _ENCODER.encode(recorded.event), recorded.event.VERSION
    headers = {
        MESSAGE_ID: f"{recorded.id}{again}",
        "ce-specversion": SPEC_VERSION,
        EVENT_ID: str(recorded.id),
        "ce-source": SOURCE,
        "ce-type": f"io.waybill.{noun}.{name}.v{version}",
        "ce-subject": str(recorded.stream),
        "ce-time": timestamp(recorded.at),
        "ce-datacontenttype": CONTENT_TYPE,
        "ce-sequence": f"{recorded.position:020d}",
        "ce-correlationid": str(recorded.correlation_id),
        "content-type": CONTENT_TYPE,
        "traceparent": traceparent(recorded.correlation_id, recorded.id),
        POSITION: str(recorded.position),
        "waybill-stream-version": str(recorded.version),
        STORE_EPOCH: store_epoch,
        REQUEST_ID: percent_encoded(recorded.request_id),
        "waybill-actor-kind": recorded.actor.kind,
        "waybill-actor-id": percent_encoded(recorded.actor.id),
    }
    if recorded.causation_id is not None:
        headers["ce-causationid"] = str(recorded.causation_id)
    if len(body) > BODY_BYTES_MAX:
        headers["waybill-data-omitted"] = str(len(body))
        body = b""
    return Message(f"waybill.events.{noun}.{name}.{recorded.stream}", headers, body)


def ticket_message(recorded: Recorded, *, issued_at: datetime, again: str = "") -> Message:
    """The ticket for an InstallationReserved; `recorded` must be one."""
    event = recorded.event
    if not isinstance(event, InstallationReserved):
        raise TypeError(f"{recorded.name} reserves no slot")
    ticket = Ticket(
        run_id=event.run_id,
        provider_id=event.provider_id,
        installation_id=recorded.stream,
        event_id=recorded.id,
        position=recorded.position,
        request_id=recorded.request_id,
        correlation_id=recorded.correlation_id,
        issued_at=issued_at,
    )
    # Not the event's own id, and another one when issued again: a server swallows an id that it saw within its window,
    # and a ticket that is swallowed after the first one was taken and lost would be missed for ever.
    return _ticket_message(ticket, message_id=f"{recorded.id}:ticket{again}")


TICKET_KINDS: Final[Mapping[TimerName, TicketKind]] = {
    TimerName.TARGET: "install",
    TimerName.VERIFY: "verify",
    TimerName.SWEEP: "sweep",
}


def timer_ticket_message(due: SetTimer, *, issued_at: datetime) -> Message:
    """The ticket for a timer that somebody at the connection has to see to; no two have the same message id."""
    timer, kind = due.timer, TICKET_KINDS[due.timer.name]
    ticket = Ticket(
        kind=kind,
        run_id=timer.subject if kind == "install" else None,
        provider_id=timer.provider_id,
        installation_id=timer.subject if kind == "sweep" else None,
        round=timer.round,
        event_id=due.event_id,
        position=due.position,
        request_id=due.request_id,
        correlation_id=due.correlation_id,
        issued_at=issued_at,
    )
    return _ticket_message(ticket, message_id=f"{due.event_id}:{uuid4().hex[:16]}")


def _ticket_message(ticket: Ticket, *, message_id: str) -> Message:
    headers = {
        MESSAGE_ID: message_id,
        "content-type": CONTENT_TYPE,
        "traceparent": traceparent(ticket.correlation_id, ticket.event_id),
        REQUEST_ID: percent_encoded(ticket.request_id),
    }
    return Message(work_subject(ticket.kind, ticket.provider_id), headers, _ENCODER.encode(ticket))


def traceparent(correlation_id: UUID, event_id: UUID) -> str:
    """W3C trace context: all that follows from one request is one trace, each event a span of it."""
    return f"00-{correlation_id.hex}-{event_id.hex[16:]}-01"


def timestamp(at: datetime) -> str:
    """RFC 3339 in UTC, with microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def percent_encoded(value: str) -> str:
    return quote(value, safe=_PLAIN)
