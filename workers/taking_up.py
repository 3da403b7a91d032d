"""The tree taken up where it was left: from the tiles, if they are what was signed."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

import structlog

from domain.evidence.checkpoint import Checkpoint
from domain.evidence.merkle import HASH_BYTES, continues
from domain.evidence.ports import Tiles
from domain.evidence.tiles import TILE_HASHES, GrowingTiles, TilesMissing, consistency, edge, leaves
from workers.witnesses import DATABASE, Witness

LEAVES_MAX: Final = 64 * TILE_HASHES

log = structlog.get_logger(__name__)


async def take_up(tiles: Tiles, witnesses: Sequence[Witness], *, kept: int) -> GrowingTiles:
    """The tree of the newest checkpoint in the database, if all that is older is in it; an empty one, to be made again from the
    events, if the tiles are not what was signed. The hashes of the events behind `kept` are looked at too. Raises StoreOffline.
    """
    in_database = next((found.checkpoint for found in witnesses if found.where == DATABASE), None)
    if in_database is None:
        return GrowingTiles()
    former = [found.checkpoint for found in witnesses if found.checkpoint.size <= in_database.size]
    try:
        return await _from_tiles(tiles, in_database, former, kept=kept)
    except TilesMissing as error:
        log.warning("evidence_tiles_rebuilt", reason=str(error))
        return GrowingTiles()


async def _from_tiles(tiles: Tiles, checkpoint: Checkpoint, former: Sequence[Checkpoint], *, kept: int) -> GrowingTiles:
    growth = await GrowingTiles.load(tiles, checkpoint.size)
    if growth.root() != checkpoint.root:
        raise TilesMissing("the tiles are not those that the newest checkpoint was signed over")
    for other in former:
        path = await consistency(tiles, former=other.size, size=growth.size)
        if not continues(other.root, checkpoint.root, former=other.size, size=growth.size, path=path):
            raise TilesMissing(f"the tiles do not have the tree of {other.size} events that was signed")
    await _check_leaves(tiles, growth, kept=kept)
    return growth


async def batches_of_leaves(tiles: Tiles, *, after: int, size: int) -> AsyncIterator[bytes]:
    """The hashes of the events behind a position, up to `size`. Raises TilesMissing, StoreOffline."""
    while after < size:
        hashes = await leaves(tiles, after=after, limit=min(LEAVES_MAX, size - after))
        yield hashes
        after += len(hashes) // HASH_BYTES


async def _check_leaves(tiles: Tiles, growth: GrowingTiles, *, kept: int) -> None:
    if kept >= growth.size:
        return
    grown = await edge(tiles, kept)
    async for hashes in batches_of_leaves(tiles, after=kept, size=growth.size):
        for begin in range(0, len(hashes), HASH_BYTES):
            grown.append(hashes[begin : begin + HASH_BYTES])
    if grown.root() != growth.root():
        raise TilesMissing("the hashes of the events in the tiles are not those that were signed")
