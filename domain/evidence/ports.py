"""What the notary and whoever checks it ask of the world. Each port is awaitable and has one conformance suite in `tests/kit/`."""

from collections.abc import Sequence
from typing import Protocol

from domain.evidence.leaf import StoredEvent
from domain.ports import Lease


class StoredEvents(Protocol):
    """The event table itself, undecoded: also what was put there by somebody who had no right to."""

    async def read(self, *, after: int, limit: int) -> tuple[StoredEvent, ...]:
        """The rows behind a position, in the order of their positions; a hole among them is no end. Raises StoreOffline."""
        ...


class Tiles(Protocol):
    """The hashes of the tree, 256 to a tile, as C2SP tlog-tiles has them: tile `index` of level n + 1 has the roots of the
    full tiles `index * 256` and on of level n. They can be computed again from the events. All raise StoreOffline.
    """

    async def read(self, level: int, indexes: Sequence[int]) -> dict[int, bytes]:
        """32 bytes for each hash that is there; a tile that is not there is left out."""
        ...

    async def write(self, tiles: Sequence[tuple[int, int, bytes]], *, note: str, size: int, lease: Lease) -> bool:
        """Level, index and hashes of each tile that has changed, and the signed checkpoint over them, all at once. False, and
        nothing written: the lease is gone.
        """
        ...

    async def latest(self) -> str | None:
        """The signed note of the newest checkpoint. None before the first."""
        ...

    async def forget(self, *, lease: Lease) -> bool:
        """Empty all of it, to be built again from the events. False: the lease is gone."""
        ...
