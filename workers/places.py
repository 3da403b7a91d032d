"""How many providers an installer calls at once: so many for each connection, and so many for all connections of a kind."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final
from uuid import UUID

from domain.provider.events import ProviderKind
from queries.installer_connections import InstallerConnection

ENDLESS: Final = 1_000_000


class Places:
    """`kinds` are the limits by kind; a kind that is not named has none.

    Connections of one kind ask for tickets each on its own, so that together they may get more than there are places. Whoever
    gets one too many gives it back and stands in line: the next place of the kind is kept for who stands first, or a busy
    connection would be faster every time.
    """

    def __init__(self, kinds: Mapping[ProviderKind, int]) -> None:
        self._kinds = kinds
        self._limits: Mapping[UUID, int] = {}
        self._busy: Counter[UUID] = Counter()
        self._busy_of_kind: Counter[ProviderKind] = Counter()
        self._lines: defaultdict[ProviderKind, list[UUID]] = defaultdict(list)
        self._changed = asyncio.Event()

    def serve(self, connections: Sequence[InstallerConnection]) -> None:
        """These are the ones that may ask, each with as many places as it has now."""
        self._limits = {connection.provider_id: connection.concurrency_max for connection in connections}
        for kind, line in self._lines.items():
            self._lines[kind] = [provider_id for provider_id in line if provider_id in self._limits]
        self._wake()

    def free(self, connection: InstallerConnection) -> int:
        """How many tickets the connection may ask for."""
        limit = self._limits.get(connection.provider_id, 0)
        own = limit - self._busy[connection.provider_id]
        return max(0, min(own, self._free_of_kind(connection)))

    def in_line(self, connection: InstallerConnection) -> bool:
        """Whether a place of its kind is kept for it."""
        return connection.provider_id in self._lines[connection.kind]

    def enter(self, connection: InstallerConnection) -> bool:
        """Take a place for a ticket. False: it came one too many."""
        if self.free(connection) <= 0:
            self.stand_in_line(connection)
            return False
        self.step_back(connection)
        self._busy[connection.provider_id] += 1
        self._busy_of_kind[connection.kind] += 1
        return True

    def stand_in_line(self, connection: InstallerConnection) -> None:
        """It has work, and only its kind has no place for it."""
        if not self.in_line(connection) and self._free_of_kind(connection) <= 0:
            self._lines[connection.kind].append(connection.provider_id)

    def step_back(self, connection: InstallerConnection) -> None:
        """Its turn has come, and it has nothing to do, or has got what it stood in line for."""
        if self.in_line(connection):
            self._lines[connection.kind].remove(connection.provider_id)
            self._wake()

    def leave(self, connection: InstallerConnection) -> None:
        """Give the place back."""
        self._busy[connection.provider_id] -= 1
        self._busy_of_kind[connection.kind] -= 1
        self._wake()

    async def change(self, timeout_seconds: float) -> None:
        """Return as soon as there may be another place, at the latest when the time is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                await self._changed.wait()

    def _free_of_kind(self, connection: InstallerConnection) -> int:
        """But for what is kept for those before it in line."""
        line = self._lines[connection.kind]
        before = line.index(connection.provider_id) if connection.provider_id in line else len(line)
        return self._kinds.get(connection.kind, ENDLESS) - self._busy_of_kind[connection.kind] - before

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
