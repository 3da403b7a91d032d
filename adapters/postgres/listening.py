"""Hears NOTIFY on one channel, for as long as anybody cares: the connection comes back by itself after a restart."""

import asyncio
from contextlib import suppress
from typing import Final

import psycopg
import structlog
from psycopg import AsyncConnection, sql

from adapters.postgres.connection import with_limits

RECONNECT_SECONDS: Final = 0.5

log = structlog.get_logger(__name__)


class Listener:
    """`heard` counts up with every notification, and with every reconnect, since one may have been missed meanwhile."""

    def __init__(self, url: str, *, channel: str, name: str) -> None:
        self._url = with_limits(url, name=name)
        self._channel = channel
        self._changed = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None
        self.heard = 0

    async def wait(self, *, beyond: int, timeout_seconds: float) -> int:
        """Return the count as soon as it is beyond the given one, or when the time is over."""
        if self._task is None:
            self._task = asyncio.create_task(self._listen())
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds), self._changed:
                await self._changed.wait_for(lambda: self.heard > beyond)
        return self.heard

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _listen(self) -> None:
        while True:
            try:
                connection = await AsyncConnection.connect(self._url, autocommit=True)
                async with connection:
                    await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self._channel)))
                    await self._tell()
                    async for _ in connection.notifies():
                        await self._tell()
            except psycopg.Error as error:
                log.warning("listening_interrupted", channel=self._channel, error=type(error).__name__)
                await asyncio.sleep(RECONNECT_SECONDS)

    async def _tell(self) -> None:
        async with self._changed:
            self.heard += 1
            self._changed.notify_all()
