"""What is to be sent to webhooks: each alert once for each of them, in a stream of its own, until it was delivered."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
import structlog
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from adapters.nats.alerts import AlertData
from adapters.nats.connection import Connection
from adapters.nats.messages import CONTENT_TYPE, MESSAGE_ID, Message
from adapters.nats.pulling import Place, Pull, Taken
from adapters.nats.sending import refuse_errors, send
from adapters.nats.streams import (
    WEBHOOKS_AGE_SECONDS_MAX,
    WEBHOOKS_INTAKE,
    WEBHOOKS_STREAM,
    ensure_webhooks_stream,
    webhook_subject,
)

INTAKE_ACK_SECONDS: Final = 10.0
# Longer than an attempt may take; what a killed process had in hand comes again after it.
ATTEMPT_ACK_SECONDS: Final = 20.0
# Those that wait for their next attempt are among them.
ACK_PENDING_MAX: Final = 1_000
DELIVER_FOR_EVER: Final = -1

log = structlog.get_logger(__name__)


class AlertInHand:
    """An alert, and what to do with the message that it came in."""

    def __init__(self, taken: Taken, alert: AlertData) -> None:
        self._taken = taken
        self.alert = alert

    @property
    def deliveries(self) -> int:
        """How often it was handed out, this time included."""
        return self._taken.deliveries

    @property
    def since(self) -> datetime:
        return self._taken.since

    async def done(self) -> None:
        """It is seen to for good. Raises NatsUnavailable: it may come again."""
        await self._taken.done()

    async def later(self, seconds: float) -> None:
        await self._taken.later(seconds)


class AlertSource:
    """Alerts one by one. All processes that use the same source share it."""

    def __init__(self, pull: Pull) -> None:
        self._pull = pull

    async def take(self) -> AlertInHand | None:
        """None if there is none for a while. Raises NatsUnavailable."""
        taken = await self._pull.take()
        if taken is None:
            return None
        try:
            return AlertInHand(taken, _DECODER.decode(taken.body))
        except msgspec.DecodeError as error:
            log.warning("alert_unreadable", subject=taken.subject, reason=str(error))
            await taken.done()
            return None

    async def close(self) -> None:
        await self._pull.leave()


def published_alerts(connection: Connection) -> AlertSource:
    """Every alert that is published, to be put before the webhooks that want it."""
    config = ConsumerConfig(
        durable_name=WEBHOOKS_INTAKE,
        filter_subject=webhook_subject(WEBHOOKS_INTAKE),
        deliver_policy=DeliverPolicy.ALL,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=INTAKE_ACK_SECONDS,
        max_deliver=DELIVER_FOR_EVER,
    )
    return _source(connection, config)


def waiting_alerts(connection: Connection, webhook: str) -> AlertSource:
    """Those that one webhook still has to be sent. A webhook that is no more has its consumer go with its messages."""
    config = ConsumerConfig(
        durable_name=webhook,
        filter_subject=webhook_subject(webhook),
        deliver_policy=DeliverPolicy.ALL,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=ATTEMPT_ACK_SECONDS,
        max_ack_pending=ACK_PENDING_MAX,
        max_deliver=DELIVER_FOR_EVER,
        inactive_threshold=WEBHOOKS_AGE_SECONDS_MAX,
    )
    return _source(connection, config)


def _source(connection: Connection, config: ConsumerConfig) -> AlertSource:
    place = Place(stream=WEBHOOKS_STREAM, consumer=str(config.durable_name))

    async def prepare() -> Place:
        await ensure_webhooks_stream(connection)
        async with connection.asking():
            await connection.jetstream.add_consumer(place.stream, config)
        return place

    return AlertSource(Pull(connection, prepare))


async def put(connection: Connection, alert: AlertData, webhooks: Sequence[str]) -> tuple[str, ...]:
    """Have these webhooks be sent this alert; those among them that have too many waiting already and are not sent it.

    To put it a second time changes nothing. Raises NatsUnavailable: some may have it.
    """
    if not webhooks:
        return ()
    body = _ENCODER.encode(alert)
    answers = await send(connection, [_message(alert, webhook, body) for webhook in webhooks])
    full = []
    for webhook, answer in zip(webhooks, answers, strict=True):
        if answer.is_full:
            full.append(webhook)
        else:
            refuse_errors((answer,))
    return tuple(full)


def _message(alert: AlertData, webhook: str, body: bytes) -> Message:
    headers = {MESSAGE_ID: f"{alert.id}:{webhook}", "content-type": CONTENT_TYPE}
    return Message(webhook_subject(webhook), headers, body)


_DECODER: Final = msgspec.json.Decoder(AlertData)
_ENCODER: Final = msgspec.json.Encoder()
