"""What whoever looks back, the notary and whoever checks it ask of the world. Each port is awaitable and has one conformance suite in `tests/kit/`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from domain.events import Recorded
from domain.evidence.leaf import StoredEvent
from domain.ports import EventLog, Lease


class StoreHead(Struct, frozen=True, kw_only=True):
    """What the store says of itself: the position of its newest event, and its epoch, which a restored copy is given anew."""

    position: int
    store: UUID


class EventArchive(EventLog, Protocol):
    """The event log, for those who look back."""

    async def read_at(self, positions: Sequence[int]) -> tuple[Recorded, ...]:
        """The events at these positions, in the order of the log; none for a position where there is none. Raises StoreOffline."""
        ...

    async def position_at(self, moment: datetime) -> int:
        """That of the last event before the first one that is later than the moment; 0: there is none. Raises StoreOffline."""
        ...

    async def find(self, event_id: UUID) -> Recorded | None:
        """The event with this id, found by the time in it; None if it was stored at quite another one. Raises StoreOffline."""
        ...


class StoredEvents(Protocol):
    """The event table itself, undecoded: also what was put there by somebody who had no right to. All raise StoreOffline."""

    async def read(self, *, after: int, limit: int) -> tuple[StoredEvent, ...]:
        """The rows behind a position, in the order of their positions; a hole among them is no end. Where rows are large they
        are fewer than `limit`; only none at all is the end.
        """
        ...

    async def head(self) -> StoreHead: ...

    async def one(self, event: UUID | int) -> StoredEvent | None:
        """By id or by position."""
        ...


class Tiles(Protocol):
    """The hashes of the tree, 256 to a tile, as C2SP tlog-tiles has them: tile `index` of level n + 1 has the roots of the
    full tiles `index * 256` and on of level n. They can be computed again from the events. All raise StoreOffline.
    """

    async def read(self, level: int, indexes: Sequence[int]) -> dict[int, bytes]:
        """32 bytes for each hash that is there; a tile that is not there is left out."""
        ...

    async def write(
        self, tiles: Sequence[tuple[int, int, bytes]], *, note: str, public_key: str, size: int, lease: Lease
    ) -> bool:
        """Level, index and hashes of each tile that has changed, and the newest signed checkpoint with its size and the key to
        check it with, all at once. False, and nothing written: the lease is gone.
        """
        ...

    async def latest(self) -> str | None:
        """The signed note of the newest checkpoint. None before the first."""
        ...

    async def public_key(self) -> str | None:
        """The key that the newest checkpoint is said to be signed with. None before the first."""
        ...


class Leaves(Protocol):
    """A copy of the leaf hashes, which somebody may have changed: it is worth what the checkpoints say of it."""

    async def read(self, *, after: int, limit: int) -> bytes:
        """32 bytes for each event behind a position, at most for `limit`; none is the end of the copy. Raises StoreOffline."""
        ...
