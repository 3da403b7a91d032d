"""Stores in memory that are as slow as some days are, or whose database goes away."""

import random
from typing import Final
from uuid import UUID

import anyio.lowlevel

from adapters.memory.event_store import MemoryEventStore
from domain.errors import StoreOffline
from domain.events import Recorded
from domain.ports import Append

TURNS_MAX: Final = 30


class Uneven(MemoryEventStore):
    """Each call takes as long as it takes, so that those who began together do not go on in step."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._random = random.Random(seed)  # noqa: S311 - for variety, not for secrecy

    async def load(self, stream: UUID) -> tuple[Recorded, ...]:
        await self._dawdle()
        return await super().load(stream)

    async def append(self, append: Append) -> tuple[Recorded, ...]:
        await self._dawdle()
        return await super().append(append)

    async def _dawdle(self) -> None:
        for _ in range(self._random.randrange(TURNS_MAX)):
            await anyio.lowlevel.checkpoint()


class Unplugged(MemoryEventStore):
    """While it is `away` nothing gets through; `tried` counts the calls that met that."""

    def __init__(self) -> None:
        super().__init__()
        self.away = False
        self.tried = 0

    async def load(self, stream: UUID) -> tuple[Recorded, ...]:
        self._try()
        return await super().load(stream)

    async def append(self, append: Append) -> tuple[Recorded, ...]:
        self._try()
        return await super().append(append)

    def _try(self) -> None:
        if self.away:
            self.tried += 1
            raise StoreOffline
