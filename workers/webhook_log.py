"""Keeps what became of deliveries until the database takes it: nobody waits for that, least of all an alert that it is away."""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Final

import structlog

from domain.alert.deliveries import Deliveries, Delivery

# Past this many the oldest are forgotten.
KEPT_MAX: Final = 10_000
BATCH_MAX: Final = 200
OFFLINE_SECONDS: Final = 2.0
CLOSE_SECONDS: Final = 2.0

log = structlog.get_logger(__name__)


class DeliveryLog:
    """`note` at any time; `write` beside it, until it is cancelled; `close` at the end."""

    def __init__(self, deliveries: Deliveries) -> None:
        self._deliveries = deliveries
        self._kept: deque[Delivery] = deque()
        self._wake = asyncio.Event()

    def note(self, delivery: Delivery) -> None:
        if len(self._kept) >= KEPT_MAX:
            forgotten = self._kept.popleft()
            log.warning("webhook_delivery_forgotten", webhook=forgotten.webhook, message_id=forgotten.message_id)
        self._kept.append(delivery)
        self._wake.set()

    async def write(self) -> None:
        is_away = False
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._write_all()
                is_away = False
            except Exception as error:  # noqa: BLE001 - whatever is wrong with the database, alerts go out
                if not is_away:
                    log.warning("webhook_deliveries_kept", reason=f"{type(error).__name__}: {error}")
                is_away = True
                await asyncio.sleep(OFFLINE_SECONDS)
                self._wake.set()

    async def close(self) -> None:
        """What the database does not take now is lost: a line of a log, and no alert."""
        with suppress(Exception):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._write_all()

    async def _write_all(self) -> None:
        """What is not written by an error is kept, and noted again under the same ids."""
        while self._kept:
            batch = [self._kept[index] for index in range(min(BATCH_MAX, len(self._kept)))]
            await self._deliveries.note(batch)
            for delivery in batch:
                # The oldest may have been forgotten meanwhile.
                if self._kept and self._kept[0] is delivery:
                    self._kept.popleft()
