"""Whether the tiles in the database are the tree over the hashes that were signed: proofs are made of them."""

from collections.abc import Iterable
from typing import Final

from domain.evidence.checkpoint import parse_checkpoint
from domain.evidence.merkle import HASH_BYTES
from domain.evidence.note import NoteError, parse_note
from domain.evidence.ports import Leaves, Tiles
from domain.evidence.tiles import TILE_HASHES, GrowingTiles
from domain.evidence.verdict import Finding, FindingKind, until

BATCH_HASHES: Final = 16 * TILE_HASHES


async def check_tiles(tiles: Tiles, leaves: Leaves, *, proved: int) -> Finding | None:
    """The first of them that is not. `leaves` are the hashes that the events up to `proved` were found to have. None as well
    if there are no tiles: they are made again. Raises StoreOffline.
    """
    size = min(proved, await _size_in_database(tiles))
    growth = GrowingTiles()
    while growth.size < size:
        hashes = await leaves.read(after=growth.size, limit=min(BATCH_HASHES, size - growth.size))
        if not hashes:
            return None
        growth.append(hashes)
        changed = growth.take_changed()
        full = [tile for tile in changed if len(tile[2]) == TILE_HASHES * HASH_BYTES]
        if (finding := await _differing(tiles, full if growth.size < size else changed)) is not None:
            return finding
    return None


async def _differing(tiles: Tiles, expected: Iterable[tuple[int, int, bytes]]) -> Finding | None:
    """A tile may have more hashes by now than it is expected to have."""
    by_level: dict[int, dict[int, bytes]] = {}
    for level, index, hashes in expected:
        by_level.setdefault(level, {})[index] = hashes
    for level, wanted in by_level.items():
        found = await tiles.read(level, sorted(wanted))
        for index in sorted(wanted):
            if found.get(index, b"")[: len(wanted[index])] != wanted[index]:
                return _finding(level, index)
    return None


async def _size_in_database(tiles: Tiles) -> int:
    """What is wrong with the checkpoint itself is told elsewhere."""
    written = await tiles.latest()
    try:
        return parse_checkpoint(parse_note(written).text).size if written else 0
    except NoteError:
        return 0


def _finding(level: int, index: int) -> Finding:
    events = TILE_HASHES ** (level + 1)
    first = index * events + 1
    return Finding(
        kind=FindingKind.TILES_CHANGED,
        position=first,
        until=until(first, first + events - 1),
        detail=(
            f"Tile {index} of level {level} in the database is not made of the hashes that were signed. The events are not "
            "concerned, but proofs of these cannot be had before the tiles are made again."
        ),
    )
