"""Webhooks that are served, and whoever sends alerts to them: on a real NATS, over real HTTP, at a pace that tests can wait for."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import uuid_utils.compat

from adapters.memory.deliveries import MemoryDeliveries
from adapters.nats.alerts import AlertPublisher
from adapters.nats.streams import WEBHOOKS_STREAM
from adapters.webhooks.posting import Poster
from adapters.webhooks.signing import Signing
from adapters.webhooks.webhook import Webhook
from domain.alert.deliveries import Deliveries, Delivery, DeliverySearch
from tests.kit.alerting import SECRET
from tests.kit.jetstream import NatsUnderTest
from tests.kit.waiting import eventually
from tests.kit.webhook_receiver import WebhookReceiver
from workers.webhook_log import DeliveryLog
from workers.webhook_pace import Pace
from workers.webhooks import Forwarder

SECONDS_MAX = 30.0
QUICK = Pace(pause_seconds_min=0.05, pause_seconds_max=0.2, jitter=lambda: 0.0)
DEADLINE_SECONDS = 0.5


class Running:
    def __init__(self, publisher: AlertPublisher, deliveries: Deliveries) -> None:
        self.publish = publisher.publish
        self._deliveries = deliveries

    async def said(self, count: int, **search: Any) -> Sequence[Delivery]:
        """The log, the oldest first, when so much is in it."""

        async def noted() -> bool:
            return len(await self._deliveries.find(DeliverySearch(**search), limit=100)) >= count

        await eventually(noted, SECONDS_MAX)
        return tuple(reversed(await self._deliveries.find(DeliverySearch(**search), limit=100)))


def webhook(receiver: WebhookReceiver, name: str = "pager", **more: Any) -> Webhook:
    return Webhook(name=name, url=receiver.url, signing=Signing([SECRET]), **more)


@asynccontextmanager
async def forwarding(
    server: NatsUnderTest,
    *webhooks: Webhook,
    pace: Pace = QUICK,
    deliveries: Deliveries | None = None,
) -> AsyncIterator[Running]:
    log = deliveries or MemoryDeliveries()
    poster = Poster(deadline_seconds=DEADLINE_SECONDS)
    stopping = asyncio.Event()
    async with server.connection("alerts") as connection:
        forwarder = Forwarder(
            connection,
            webhooks=webhooks,
            poster=poster,
            deliveries=DeliveryLog(log),
            clock=lambda: datetime.now(UTC),
            new_id=uuid_utils.compat.uuid7,
            pace=pace,
        )
        running = asyncio.create_task(forwarder.run(stopping))
        try:
            yield Running(AlertPublisher(connection), log)
        finally:
            stopping.set()
            await running
            await poster.close()


async def is_empty(server: NatsUnderTest) -> bool:
    return (await server.stream(WEBHOOKS_STREAM)).state.messages == 0


async def settled(server: NatsUnderTest) -> None:
    await eventually(lambda: is_empty(server), SECONDS_MAX)
