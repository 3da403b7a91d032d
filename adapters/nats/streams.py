"""The streams and the work consumers: what they are called, how they are bounded, and how they come to be."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import structlog
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
    StreamConsumerLimits,
    StreamInfo,
)
from nats.js.errors import NotFoundError

from adapters.nats.connection import Connection, NatsUnavailable

EVENTS_STREAM: Final = "WAYBILL_EVENTS"
EVENTS_SUBJECTS: Final = "waybill.events.>"
EVENTS_AGE_SECONDS_MAX: Final = 30 * 24 * 3600
EVENTS_BYTES_MAX: Final = 1024**3
EVENTS_CONSUMERS_MAX: Final = 512

WORK_STREAM: Final = "WAYBILL_WORK"
WORK_SUBJECTS: Final = "waybill.work.>"
WORK_BYTES_MAX: Final = 256 * 1024**2

ALERTS_STREAM: Final = "WAYBILL_ALERTS"
ALERTS_SUBJECTS: Final = "waybill.alerts.>"
ALERTS_AGE_SECONDS_MAX: Final = 30 * 24 * 3600
ALERTS_BYTES_MAX: Final = 64 * 1024**2
ALERTS_CONSUMERS_MAX: Final = 512

WEBHOOKS_STREAM: Final = "WAYBILL_WEBHOOKS"
WEBHOOKS_SUBJECTS: Final = "waybill.webhooks.*"
# What is for all of them; no webhook has such a name.
WEBHOOKS_INTAKE: Final = "_new"
# Longer than anybody tries to deliver one.
WEBHOOKS_AGE_SECONDS_MAX: Final = 26 * 3600
WEBHOOKS_BYTES_MAX: Final = 256 * 1024**2
WEBHOOKS_WAITING_MAX: Final = 5_000

CHECKPOINTS_STREAM: Final = "WAYBILL_CHECKPOINTS"
CHECKPOINTS_SUBJECT: Final = "waybill.checkpoints"
CHECKPOINTS_AGE_SECONDS_MAX: Final = 400 * 24 * 3600
CHECKPOINTS_BYTES_MAX: Final = 256 * 1024**2

MESSAGE_BYTES_MAX: Final = 1024**2
DUPLICATE_WINDOW_SECONDS: Final = 120

# What a killed installer had in hand comes again after this; who works on it for longer says so meanwhile.
ACK_WAIT_SECONDS: Final = 5
ACK_PENDING_MAX: Final = 1_000
PULLS_WAITING_MAX: Final = 128
DELIVER_FOR_EVER: Final = -1

EVENTS: Final = StreamConfig(
    name=EVENTS_STREAM,
    description="Every event of Waybill, in order, as CloudEvents. A copy: Postgres has the truth.",
    subjects=[EVENTS_SUBJECTS],
    retention=RetentionPolicy.LIMITS,
    storage=StorageType.FILE,
    discard=DiscardPolicy.OLD,
    max_age=EVENTS_AGE_SECONDS_MAX,
    max_bytes=EVENTS_BYTES_MAX,
    # Subscribers make consumers of their own and cannot delete any; one that nobody uses has nothing left to come by then.
    max_consumers=EVENTS_CONSUMERS_MAX,
    consumer_limits=StreamConsumerLimits(inactive_threshold=EVENTS_AGE_SECONDS_MAX),
    max_msg_size=MESSAGE_BYTES_MAX,
    duplicate_window=DUPLICATE_WINDOW_SECONDS,
    allow_direct=True,
    allow_atomic=True,
)
# Full means that publishing is refused and the relay waits: a ticket that made room for another, or that aged out, would
# leave its slot held with nobody called. So the bound is in bytes, not in age.
WORK: Final = StreamConfig(
    name=WORK_STREAM,
    description="One ticket for each piece of work that waits. Whoever takes one asks the store what is left to do.",
    subjects=[WORK_SUBJECTS],
    retention=RetentionPolicy.WORK_QUEUE,
    storage=StorageType.FILE,
    discard=DiscardPolicy.NEW,
    max_bytes=WORK_BYTES_MAX,
    max_msg_size=MESSAGE_BYTES_MAX,
    duplicate_window=DUPLICATE_WINDOW_SECONDS,
    allow_atomic=True,
)
ALERTS: Final = StreamConfig(
    name=ALERTS_STREAM,
    description="Every alert of Waybill, raised, said again and resolved, as CloudEvents.",
    subjects=[ALERTS_SUBJECTS],
    retention=RetentionPolicy.LIMITS,
    storage=StorageType.FILE,
    discard=DiscardPolicy.OLD,
    max_age=ALERTS_AGE_SECONDS_MAX,
    max_bytes=ALERTS_BYTES_MAX,
    max_consumers=ALERTS_CONSUMERS_MAX,
    consumer_limits=StreamConsumerLimits(inactive_threshold=ALERTS_AGE_SECONDS_MAX),
    max_msg_size=MESSAGE_BYTES_MAX,
    duplicate_window=DUPLICATE_WINDOW_SECONDS,
    allow_direct=True,
)
# What a receiver that is away leaves lying here takes no room from the others: past so many of its own it is refused.
WEBHOOKS: Final = StreamConfig(
    name=WEBHOOKS_STREAM,
    description="Alerts that are new, and those that each webhook still has to be sent. No subscriber has a consumer here.",
    subjects=[WEBHOOKS_SUBJECTS],
    retention=RetentionPolicy.WORK_QUEUE,
    storage=StorageType.FILE,
    discard=DiscardPolicy.NEW,
    discard_new_per_subject=True,
    max_msgs_per_subject=WEBHOOKS_WAITING_MAX,
    max_age=WEBHOOKS_AGE_SECONDS_MAX,
    max_bytes=WEBHOOKS_BYTES_MAX,
    max_msg_size=MESSAGE_BYTES_MAX,
    # An alert that is put there again was delivered since, if it is not there any more.
    duplicate_window=WEBHOOKS_AGE_SECONDS_MAX,
)
CHECKPOINTS: Final = StreamConfig(
    name=CHECKPOINTS_STREAM,
    description="Every checkpoint that the notary has signed, as a signed note: a witness outside the database.",
    subjects=[CHECKPOINTS_SUBJECT],
    retention=RetentionPolicy.LIMITS,
    storage=StorageType.FILE,
    discard=DiscardPolicy.OLD,
    max_age=CHECKPOINTS_AGE_SECONDS_MAX,
    max_bytes=CHECKPOINTS_BYTES_MAX,
    max_msg_size=MESSAGE_BYTES_MAX,
    duplicate_window=DUPLICATE_WINDOW_SECONDS,
    allow_direct=True,
)
OURS: Final = (
    "subjects",
    "discard",
    "discard_new_per_subject",
    "max_msgs_per_subject",
    "max_age",
    "max_bytes",
    "max_consumers",
    "consumer_limits",
    "max_msg_size",
    "duplicate_window",
    "allow_direct",
    "allow_atomic",
)

log = structlog.get_logger(__name__)


def work_subject(kind: str, provider_id: UUID) -> str:
    return f"waybill.work.{kind}.{provider_id}"


def webhook_subject(webhook: str) -> str:
    return f"waybill.webhooks.{webhook}"


def consumer_name(provider_id: UUID) -> str:
    return f"install-{provider_id}"


async def ensure_streams(connection: Connection, *, mend: bool = False) -> tuple[StreamInfo, StreamInfo]:
    """The events stream and the work stream as they are now, made where they are missing. `mend`: also made what they should be,
    which is the relay's alone to do. Raises NatsUnavailable.
    """
    async with connection.asking():
        events = await _ensure_stream(connection, EVENTS, mend=mend)
        return events, await _ensure_stream(connection, WORK, mend=mend)


async def ensure_alerts_stream(connection: Connection) -> StreamInfo:
    """The alerts stream as it should be, which is the alerts part's to see to. Raises NatsUnavailable."""
    async with connection.asking():
        return await _ensure_stream(connection, ALERTS, mend=True)


async def ensure_webhooks_stream(connection: Connection) -> StreamInfo:
    """The stream of what is still to be sent to webhooks, as it should be. Raises NatsUnavailable."""
    async with connection.asking():
        return await _ensure_stream(connection, WEBHOOKS, mend=True)


async def ensure_checkpoints_stream(connection: Connection) -> StreamInfo:
    """The checkpoints stream as it should be, which is the notary's to see to. Raises NatsUnavailable."""
    async with connection.asking():
        return await _ensure_stream(connection, CHECKPOINTS, mend=True)


async def ensure_work_consumer(connection: Connection, provider_id: UUID) -> None:
    """The one durable consumer of a provider connection, shared by all installers. Raises NatsUnavailable."""
    config = ConsumerConfig(
        durable_name=consumer_name(provider_id),
        filter_subject=f"waybill.work.*.{provider_id}",
        deliver_policy=DeliverPolicy.ALL,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=ACK_WAIT_SECONDS,
        max_ack_pending=ACK_PENDING_MAX,
        max_waiting=PULLS_WAITING_MAX,
        # Redelivery is not a retry policy: a ticket that comes again has the store asked again, as often as it takes.
        max_deliver=DELIVER_FOR_EVER,
    )
    async with connection.asking():
        await connection.jetstream.add_consumer(WORK_STREAM, config)


async def stamp(connection: Connection, info: StreamInfo, metadata: Mapping[str, str]) -> None:
    """Write into a stream's own metadata what must be forgotten with the stream. Raises NatsUnavailable."""
    async with connection.asking():
        together = {**(info.config.metadata or {}), **metadata}
        await connection.jetstream.update_stream(info.config.evolve(metadata=together))


async def _ensure_stream(connection: Connection, wanted: StreamConfig, *, mend: bool) -> StreamInfo:
    jetstream = connection.jetstream
    try:
        info = await jetstream.stream_info(str(wanted.name))
    except NotFoundError:
        info = await jetstream.add_stream(wanted)
        if info.did_create:
            log.info("stream_created", stream=wanted.name)
    different = differences(info.config, wanted)
    if mend and different:
        info = await jetstream.update_stream(info.config.evolve(**different))
        log.info("stream_updated", stream=wanted.name, fields=sorted(different))
    if mend and wanted.allow_atomic and not info.config.allow_atomic:
        raise NatsUnavailable("this NATS server has no atomic batches: version 2.12 or later is needed")
    return info


def differences(found: StreamConfig, wanted: StreamConfig) -> dict[str, Any]:
    """What is ours to say and the server has otherwise, as we want it."""
    return {name: getattr(wanted, name) for name in OURS if _differs(found, wanted, name)}


def _differs(found: StreamConfig, wanted: StreamConfig, name: str) -> bool:
    """What is unset in the wish comes back from the server as its word for unlimited."""
    unset = (None, 0, -1, StreamConsumerLimits())
    actual, wish = getattr(found, name), getattr(wanted, name)
    return actual != wish and not (actual in unset and wish in unset)
