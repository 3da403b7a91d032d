"""The proofs of many events at once, from one checkpoint, which is waited for a moment."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from domain.evidence.checkpoint import Checkpoint, parse_checkpoint
from domain.evidence.note import NoteError, parse_note
from domain.evidence.ports import Tiles
from domain.evidence.tiles import TilesMissing, inclusion
from domain.ports import Lease

# The notary is at most a second behind when all is well; when it is not, a case is needed all the same.
SEAL_SECONDS: Final = 3.0
LOOK_SECONDS: Final = 0.1
TILES_KEPT_MAX: Final = 128

Path = tuple[bytes, ...]


class Proven(Struct, frozen=True, kw_only=True):
    """`paths` by position; without those that no checkpoint covers."""

    note: str | None
    public_key: str | None
    paths: dict[int, Path]


async def prove_case(tiles: Tiles, positions: Sequence[int], *, seal_seconds: float = SEAL_SECONDS) -> Proven:
    """Raises StoreOffline."""
    checkpoint = await _checkpoint_over(tiles, max(positions, default=0), seconds=seal_seconds)
    if checkpoint is None:
        return Proven(note=await tiles.latest(), public_key=await tiles.public_key(), paths={})
    note, size = checkpoint
    kept = _KeptTiles(tiles)
    paths: dict[int, Path] = {}
    for position in positions:
        if position <= size:
            try:
                paths[position] = await inclusion(kept, index=position - 1, size=size)
            except TilesMissing:
                continue
        # Each takes a moment of computing, and there are others to be served.
        await asyncio.sleep(0)
    return Proven(note=note, public_key=await tiles.public_key(), paths=paths)


async def _checkpoint_over(tiles: Tiles, position: int, *, seconds: float) -> tuple[str, int] | None:
    """The newest checkpoint and its size, as soon as it covers the position or the time is over."""
    clock = asyncio.get_running_loop()
    deadline = clock.time() + seconds
    while True:
        note = await tiles.latest()
        size = 0 if note is None else _size_of(note)
        if (note is not None and size >= position) or clock.time() >= deadline:
            return None if note is None else (note, size)
        await asyncio.sleep(LOOK_SECONDS)


def _size_of(note: str) -> int:
    """0 for what is no checkpoint: somebody has put it there, and it goes along as it is."""
    try:
        checkpoint: Checkpoint = parse_checkpoint(parse_note(note).text)
    except NoteError:
        return 0
    return checkpoint.size


class _KeptTiles:
    """Implements `Tiles` for reading: events that are near each other share tiles, and all share those at the top."""

    def __init__(self, tiles: Tiles) -> None:
        self._tiles = tiles
        self._kept: OrderedDict[tuple[int, int], bytes] = OrderedDict()

    async def read(self, level: int, indexes: Sequence[int]) -> dict[int, bytes]:
        missing = [index for index in indexes if (level, index) not in self._kept]
        found = {index: self._kept[level, index] for index in indexes if (level, index) in self._kept}
        if missing:
            found |= await self._tiles.read(level, missing)
        for index, hashes in found.items():
            self._kept[level, index] = hashes
            self._kept.move_to_end((level, index))
        while len(self._kept) > TILES_KEPT_MAX:
            self._kept.popitem(last=False)
        return found

    async def write(
        self, tiles: Sequence[tuple[int, int, bytes]], *, note: str, public_key: str, size: int, lease: Lease
    ) -> bool:
        return await self._tiles.write(tiles, note=note, public_key=public_key, size=size, lease=lease)

    async def latest(self) -> str | None:
        return await self._tiles.latest()

    async def public_key(self) -> str | None:
        return await self._tiles.public_key()
