"""The event log port on Postgres: the store in its global order, read by position."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Final
from uuid import UUID

from adapters.postgres.connection import Datastore
from adapters.postgres.listening import Listener
from adapters.postgres.looking_back import LookingBack
from adapters.postgres.mapper import to_recorded
from adapters.postgres.recorder import EVENTS_CHANNEL, Recorder
from domain.errors import StoreOffline
from domain.events import Recorded

# A notification can be lost with its connection; nobody waits longer than this for the next look.
POLL_SECONDS: Final = 0.25


class PostgresEventLog:
    """Implements `EventLog`."""

    def __init__(self, url: str, *, name: str) -> None:
        self._datastore = Datastore(url, name=name)
        self._recorder = Recorder(self._datastore)
        self._looking_back = LookingBack(self._datastore)
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="log")
        self._listener = Listener(url, channel=EVENTS_CHANNEL, name=f"{name}-listen")

    async def head(self) -> int:
        return await asyncio.get_running_loop().run_in_executor(self._reader, self._head)

    async def read(self, *, after: int, limit: int) -> tuple[Recorded, ...]:
        return await asyncio.get_running_loop().run_in_executor(self._reader, self._read, after, limit)

    async def wait(self, *, after: int, timeout_seconds: float) -> None:
        deadline = asyncio.get_running_loop().time() + timeout_seconds
        while (remaining := deadline - asyncio.get_running_loop().time()) > 0:
            heard = self._listener.heard
            try:
                if await self.head() > after:
                    return
            except StoreOffline:
                pass
            if await self._listener.wait(beyond=heard, timeout_seconds=min(POLL_SECONDS, remaining)) > heard:
                return

    async def read_at(self, positions: Sequence[int]) -> tuple[Recorded, ...]:
        return await asyncio.get_running_loop().run_in_executor(self._reader, self._looking_back.read_at, positions)

    async def position_at(self, moment: datetime) -> int:
        return await asyncio.get_running_loop().run_in_executor(self._reader, self._looking_back.position_at, moment)

    async def find(self, event_id: UUID) -> Recorded | None:
        return await asyncio.get_running_loop().run_in_executor(self._reader, self._looking_back.find, event_id)

    async def epoch(self) -> str:
        """What tells this store from a restored or another one. Raises StoreOffline."""
        return await asyncio.get_running_loop().run_in_executor(self._reader, self._recorder.epoch)

    async def at_home(self) -> bool:
        """False: the store is a restored copy, and nobody has said so yet. Raises StoreOffline."""
        return await asyncio.get_running_loop().run_in_executor(self._reader, self._recorder.at_home)

    async def read_stream(self, stream: UUID) -> tuple[Recorded, ...]:
        """Raises StoreOffline."""
        found = await asyncio.get_running_loop().run_in_executor(self._reader, self._recorder.select_streams, (stream,))
        return tuple(to_recorded(notification) for notification in found[stream])

    async def streams_of(self, noun: str) -> tuple[UUID, ...]:
        """All there are, in no order; this reads the whole store. Raises StoreOffline."""
        return await asyncio.get_running_loop().run_in_executor(self._reader, self._recorder.streams_of, noun)

    async def close(self) -> None:
        await self._listener.close()
        self._reader.shutdown()
        self._datastore.close()

    def _head(self) -> int:
        return self._recorder.max_notification_id() or 0

    def _read(self, after: int, limit: int) -> tuple[Recorded, ...]:
        notifications = self._recorder.select_notifications(after, limit, inclusive_of_start=False)
        return tuple(to_recorded(notification) for notification in notifications)
