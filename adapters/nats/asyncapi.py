"""The AsyncAPI document: every subject that Waybill publishes on, and what stands in its messages."""

from collections.abc import Sequence
from typing import Any, Final

from nats.js.api import RetentionPolicy, StreamConfig

from adapters.nats.alerts import TEST_RULE, TYPES, AlertData
from adapters.nats.asyncapi_messages import (
    ALERT_NAMES,
    HEADERS,
    alert_message_of,
    checkpoint_message_of,
    event_message_of,
    queued_alert_message_of,
    ticket_message_of,
)
from adapters.nats.asyncapi_schemas import body_schemas
from adapters.nats.messages import CONTENT_TYPE, TICKET_KINDS, Ticket
from adapters.nats.streams import ALERTS, CHECKPOINTS, CHECKPOINTS_SUBJECT, EVENTS, WEBHOOKS, WORK
from domain.alert.rules import RuleName, Severity
from domain.catalog import EVENTS as EVERY_EVENT

Json = dict[str, Any]

ABOUT: Final = """\
Everything that Waybill publishes on NATS. Postgres has the truth: what is here is a copy, and a stream that was lost is filled again.

**Subscribe** as the user `subscriber`, whose password `waybill up` prints; it reads events, alerts and checkpoints, and nothing
else. All of them are in JetStream: make a consumer of your own, and begin where you left off.

**Events** come in the order of their positions, at least once; `Nats-Msg-Id` is the event's id. Take what you do not know for an
event of a newer Waybill, and go on. New members may come; a change of meaning is another version in `ce-type`.

**Order and gaps.** `ce-sequence` is dense for one `waybill-store-epoch`. Another epoch means that the database was set back to an
older copy, and positions begin again from there.

What is marked `x-internal` is for Waybill's own parts and may change at any time.
"""
LICENSE: Final[Json] = {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"}
SERVER: Final[Json] = {
    "host": "127.0.0.1:4222",
    "protocol": "nats",
    "description": "The address is that of `WAYBILL_NATS_URL`; `waybill up` prints it, with the user and the password.",
    "security": [{"$ref": "#/components/securitySchemes/subscriber"}],
}


def describe(*, version: str) -> Json:
    """The document."""
    channels = {**_event_channels(), **_other_channels(), **_internal_channels()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Waybill on NATS",
            "version": version,
            "description": ABOUT,
            "license": LICENSE,
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": {"nats": SERVER},
        "channels": channels,
        "operations": {f"send{name}": _sending(name, channel) for name, channel in channels.items()},
        "components": {
            "securitySchemes": {"subscriber": {"type": "userPassword", "description": "A user of `nats.conf`."}},
            "messages": {
                **{event.__name__: event_message_of(event) for event in EVERY_EVENT},
                **{ALERT_NAMES[kind]: alert_message_of(kind) for kind in TYPES},
                "Checkpoint": checkpoint_message_of(),
                "Ticket": ticket_message_of(),
                "QueuedAlert": queued_alert_message_of(),
            },
            "schemas": {**HEADERS, **body_schemas([*EVERY_EVENT, AlertData, Ticket])},
        },
    }


def _event_channels() -> Json:
    stream = {"description": "The id of the run, skill, connection, installation... that it is about."}
    return {
        event.__name__: _channel(
            f"waybill.events.{event.TOPIC}.{{stream}}", EVENTS, [event.__name__], parameters={"stream": stream}
        )
        for event in EVERY_EVENT
    }


def _other_channels() -> Json:
    alerts = {
        "severity": {"description": "How much it matters.", "enum": [*Severity]},
        "rule": {"description": "The rule that found it.", "enum": [*RuleName, TEST_RULE]},
    }
    return {
        "Alert": _channel(
            "waybill.alerts.{severity}.{rule}", ALERTS, [ALERT_NAMES[kind] for kind in TYPES], parameters=alerts
        ),
        "Checkpoint": _channel(CHECKPOINTS_SUBJECT, CHECKPOINTS, ["Checkpoint"], parameters={}),
    }


def _internal_channels() -> Json:
    work = {
        "kind": {"description": "What is to be looked at.", "enum": sorted(set(TICKET_KINDS.values()))},
        "provider": {"description": "The id of the connection."},
    }
    webhook = {"webhook": {"description": "The name of the webhook."}}
    return {
        name: {**channel, "x-internal": True}
        for name, channel in {
            "Work": _channel("waybill.work.{kind}.{provider}", WORK, ["Ticket"], parameters=work),
            "Webhook": _channel("waybill.webhooks.{webhook}", WEBHOOKS, ["QueuedAlert"], parameters=webhook),
        }.items()
    }


def _channel(address: str, stream: StreamConfig, messages: Sequence[str], *, parameters: Json) -> Json:
    """`x-nats-stream`: where what was published can still be read; the bindings of AsyncAPI have no word for it."""
    channel: Json = {
        "address": address,
        "description": stream.description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "x-nats-stream": {
            "name": stream.name,
            "retention": RetentionPolicy(stream.retention).value,
            "maxBytes": stream.max_bytes,
        },
    }
    if stream.max_age:
        channel["x-nats-stream"]["maxAgeSeconds"] = stream.max_age
    return {**channel, "parameters": parameters} if parameters else channel


def _sending(name: str, channel: Json) -> Json:
    """Everything here is sent by Waybill."""
    operation: Json = {
        "action": "send",
        "channel": {"$ref": f"#/channels/{name}"},
        "messages": [{"$ref": f"#/channels/{name}/messages/{message}"} for message in channel["messages"]],
    }
    return {**operation, "x-internal": True} if channel.get("x-internal") else operation
