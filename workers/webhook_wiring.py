"""Webhooks, wired: beside whatever else the alerts part does, and independent of it."""

from contextlib import AsyncExitStack
from datetime import UTC, datetime

import uuid_utils.compat

from adapters.nats.connection import Connection
from adapters.postgres.connection import Pool
from adapters.postgres.webhook_deliveries import PostgresDeliveries
from adapters.webhooks.posting import Poster
from workers.settings import Settings
from workers.webhook_log import DeliveryLog
from workers.webhooks import Forwarder


def open_forwarder(stack: AsyncExitStack, settings: Settings, *, nats: Connection, pool: Pool) -> Forwarder:
    """`nats` is that of the user `alerts`. Neither it nor the pool need be connected."""
    poster = Poster()
    stack.push_async_callback(poster.close)
    return Forwarder(
        nats,
        webhooks=settings.webhooks.all,
        poster=poster,
        deliveries=DeliveryLog(PostgresDeliveries(pool)),
        clock=lambda: datetime.now(UTC),
        new_id=uuid_utils.compat.uuid7,
    )
