"""Alerts on their way out: each a CloudEvent in the alerts stream, stored once however often it is published."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec
import structlog
from msgspec import Struct
from nats.js.errors import NotFoundError

from adapters.nats.connection import Connection, NatsUnavailable
from adapters.nats.messages import (
    CONTENT_TYPE,
    EVENT_ID,
    MESSAGE_ID,
    POSITION,
    SOURCE,
    SPEC_VERSION,
    Message,
    percent_encoded,
    timestamp,
    traceparent,
)
from adapters.nats.sending import refuse_errors, send
from adapters.nats.streams import (
    ALERTS_STREAM,
    WEBHOOKS_INTAKE,
    ensure_alerts_stream,
    ensure_webhooks_stream,
    webhook_subject,
)
from domain.alert.events import AlertRaised, AlertRepeated, AlertResolved, Facts
from domain.alert.rules import RuleName, Severity
from domain.events import Recorded

AlertKind = Literal["raised", "repeated", "resolved", "test"]

TYPES: Final[Mapping[AlertKind, str]] = {
    "raised": "io.waybill.alert.alert_raised.v1",
    "repeated": "io.waybill.alert.alert_repeated.v1",
    "resolved": "io.waybill.alert.alert_resolved.v1",
    # Of no event: nothing is wrong, and somebody wants to see alerts arrive.
    "test": "io.waybill.alert.alert_tested.v1",
}
# In the place of a rule's name.
TEST_RULE: Final = "test"

log = structlog.get_logger(__name__)

_ENCODER: Final = msgspec.json.Encoder()


class AlertMessage(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is said of an alert. `id` is that of its event; where it has none, a text of letters, digits, `-` and `_` that is the
    same whenever this is published again. `times`: how often the alert was said, this time included; None when it is over.
    """

    id: str
    kind: AlertKind
    alert_id: UUID
    rule: str
    severity: Severity
    subject: str
    facts: Facts
    times: int | None
    at: datetime
    position: int | None
    correlation_id: UUID


class AlertData(AlertMessage, frozen=True, kw_only=True, rename="camel"):
    """The body of the message. `runbook` is the page that says what to do."""

    runbook: str | None


class AlertPublisher:
    """As the alerts part's user of `nats.conf`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._generation = 0

    async def publish(self, message: AlertMessage) -> None:
        """It is stored on return; one that is there already is not stored again. Raises NatsUnavailable: it may be there.

        First where webhooks have it from: who is told that it was not published asks the alerts whether it was.
        """
        if self._generation != self._connection.generation:
            generation = self._connection.generation
            await ensure_webhooks_stream(self._connection)
            await ensure_alerts_stream(self._connection)
            self._generation = generation
        try:
            (answer,) = await send(self._connection, (_for_webhooks(message),))
            if answer.is_full:
                # Nobody sends any on, and those who subscribe are not to wait for that.
                log.error("alert_kept_from_webhooks", alert_id=str(message.alert_id), rule=message.rule)
            else:
                refuse_errors((answer,))
            refuse_errors(await send(self._connection, (alert_message(message),)))
        except NatsUnavailable:
            # The streams may be gone although the connection is not.
            self._generation = 0
            raise

    async def last(self, rule: RuleName) -> AlertMessage | None:
        """What was said of a rule last, None: nothing that is still there. Raises NatsUnavailable."""
        await ensure_alerts_stream(self._connection)
        async with self._connection.asking():
            try:
                message = await self._connection.jetstream.get_last_msg(ALERTS_STREAM, f"waybill.alerts.*.{rule.value}")
            except NotFoundError:
                return None
        try:
            return msgspec.json.decode(message.data or b"", type=AlertMessage)
        except msgspec.DecodeError:
            # Whoever may publish there may publish anything.
            return None


def alert_message_of(recorded: Recorded) -> AlertMessage | None:
    """None for an event that is no alert's."""
    kind: AlertKind
    times: int | None
    match recorded.event:
        case AlertRaised() as event:
            kind, times = "raised", 1
        case AlertRepeated() as event:
            kind, times = "repeated", event.times
        case AlertResolved() as event:
            kind, times = "resolved", None
        case _:
            return None
    return AlertMessage(
        id=str(recorded.id),
        kind=kind,
        alert_id=event.alert_id,
        rule=event.rule,
        severity=event.severity,
        subject=event.subject,
        facts=event.facts,
        times=times,
        at=recorded.at,
        position=recorded.position,
        correlation_id=recorded.correlation_id,
    )


def alert_message(alert: AlertMessage) -> Message:
    headers = {
        MESSAGE_ID: alert.id,
        "ce-specversion": SPEC_VERSION,
        EVENT_ID: alert.id,
        "ce-source": SOURCE,
        "ce-type": TYPES[alert.kind],
        "ce-subject": percent_encoded(alert.subject),
        "ce-time": timestamp(alert.at),
        "ce-datacontenttype": CONTENT_TYPE,
        "ce-correlationid": str(alert.correlation_id),
        "content-type": CONTENT_TYPE,
        "traceparent": traceparent(alert.correlation_id, alert.alert_id),
    }
    if alert.position is not None:
        headers |= {"ce-sequence": f"{alert.position:020d}", POSITION: str(alert.position)}
    return Message(f"waybill.alerts.{alert.severity}.{alert.rule}", headers, _ENCODER.encode(alert_data(alert)))


def _for_webhooks(alert: AlertMessage) -> Message:
    headers = {MESSAGE_ID: alert.id, "content-type": CONTENT_TYPE}
    return Message(webhook_subject(WEBHOOKS_INTAKE), headers, _ENCODER.encode(alert_data(alert)))


def alert_data(alert: AlertMessage) -> AlertData:
    runbook = None if alert.kind == "test" else f"docs/runbooks/{alert.rule}.md"
    return AlertData(**msgspec.structs.asdict(alert), runbook=runbook)
