"""The ports of evidence in memory."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from adapters.memory.roles import MemoryRoles
from domain.evidence.leaf import StoredEvent
from domain.evidence.ports import StoreHead
from domain.ports import Lease


class MemoryTiles:
    """Implements `Tiles`."""

    def __init__(self, roles: MemoryRoles) -> None:
        self._roles = roles
        self._checkpoint: tuple[str, str] | None = None
        self.size = 0
        self.tiles: dict[tuple[int, int], bytes] = {}

    async def read(self, level: int, indexes: Sequence[int]) -> dict[int, bytes]:
        return {index: self.tiles[level, index] for index in indexes if (level, index) in self.tiles}

    async def write(
        self, tiles: Sequence[tuple[int, int, bytes]], *, note: str, public_key: str, size: int, lease: Lease
    ) -> bool:
        if self._roles.held_by(lease) is None:
            return False
        self.tiles |= {(level, index): hashes for level, index, hashes in tiles}
        self._checkpoint, self.size = (note, public_key), size
        return True

    async def latest(self) -> str | None:
        return self._checkpoint[0] if self._checkpoint else None

    async def public_key(self) -> str | None:
        return self._checkpoint[1] if self._checkpoint else None


class MemoryStoredEvents:
    """Implements `StoredEvents` over a list, which may be changed in any way to see what is made of it."""

    def __init__(self, rows: Sequence[StoredEvent] = (), *, store: UUID | None = None) -> None:
        self.rows = list(rows)
        self.store = store or UUID(int=0)

    async def read(self, *, after: int, limit: int) -> tuple[StoredEvent, ...]:
        behind = sorted((row for row in self.rows if row.position > after), key=lambda row: row.position)
        return tuple(behind[:limit])

    async def head(self) -> StoreHead:
        return StoreHead(position=max((row.position for row in self.rows), default=0), store=self.store)

    async def one(self, event: UUID | int) -> StoredEvent | None:
        for row in self.rows:
            if event == (row.position if isinstance(event, int) else _id_of(row)):
                return row
        return None


class _Envelope(msgspec.Struct):
    id: UUID


def _id_of(row: StoredEvent) -> UUID | None:
    try:
        return msgspec.json.decode(row.state, type=_Envelope).id
    except msgspec.MsgspecError:
        return None
