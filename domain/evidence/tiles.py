"""The tree in tiles (C2SP tlog-tiles): proofs from the few tiles that they need, and the tiles of a tree that grows."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Self, TypeVar

from domain.evidence.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    Edge,
    Subtree,
    node_hash,
    prove_consistency,
    prove_inclusion,
)
from domain.evidence.ports import Tiles

TILE_LEVELS: Final = 8
TILE_HASHES: Final = 1 << TILE_LEVELS
TILE_BYTES: Final = TILE_HASHES * HASH_BYTES

Answer = TypeVar("Answer")


class TilesMissing(LookupError):  # noqa: N818 - said of what is not there, as LookupError is
    """Hashes that the tree must have are not in the tiles: they are not written yet, or were lost."""


async def inclusion(tiles: Tiles, *, index: int, size: int) -> tuple[bytes, ...]:
    """As `merkle.prove_inclusion`. Raises ValueError, TilesMissing, StoreOffline."""
    return await _with_subtrees(tiles, lambda subtree: prove_inclusion(index, size, subtree))


async def consistency(tiles: Tiles, *, former: int, size: int) -> tuple[bytes, ...]:
    """As `merkle.prove_consistency`. Raises ValueError, TilesMissing, StoreOffline."""
    return await _with_subtrees(tiles, lambda subtree: prove_consistency(former, size, subtree))


async def edge(tiles: Tiles, size: int) -> Edge:
    """Of the tree as it was at that size. Raises TilesMissing, StoreOffline."""
    return await _with_subtrees(tiles, lambda subtree: Edge.of(size, subtree))


async def leaves(tiles: Tiles, *, after: int, limit: int) -> bytes:
    """The leaf hashes behind a position; fewer, if their tiles have no more. Raises TilesMissing, StoreOffline."""
    first, begin = divmod(after, TILE_HASHES)
    indexes = range(first, (after + limit - 1) // TILE_HASHES + 1)
    found = await tiles.read(0, indexes)
    hashes = bytearray()
    for index in indexes:
        tile = found.get(index, b"")
        hashes += tile
        if len(tile) < TILE_BYTES:
            break
    hashes = hashes[begin * HASH_BYTES : (begin + limit) * HASH_BYTES]
    if not hashes:
        raise TilesMissing(f"tile {first} of level 0 has nothing behind position {after}")
    return bytes(hashes)


class GrowingTiles:
    """The tree at its right edge: of every level the hashes of its last, incomplete tile; and the tiles that have changed."""

    def __init__(self, size: int = 0, incomplete: Sequence[bytes] = ()) -> None:
        """`incomplete`: by level, what the last tile has to have. Raises ValueError if that is another number of hashes."""
        self.size = size
        self._incomplete = [bytearray(hashes) for hashes in incomplete]
        self._complete: list[tuple[int, int, bytes]] = []
        if [len(hashes) for hashes in self._incomplete] != [length for _, _, length in _last_tiles(size)]:
            raise ValueError(f"these are not the last tiles of a tree of {size}")

    @classmethod
    async def load(cls, tiles: Tiles, size: int) -> Self:
        """As they are stored for a tree of this size, or of a larger one. Raises TilesMissing, StoreOffline."""
        incomplete = []
        for level, index, length in _last_tiles(size):
            hashes = (await tiles.read(level, (index,))).get(index, b"") if length else b""
            if len(hashes) < length:
                raise TilesMissing(f"tile {index} of level {level} has {len(hashes)} bytes, not {length}")
            incomplete.append(hashes[:length])
        return cls(size, incomplete)

    def append(self, leaves: bytes) -> None:
        """Leaf hashes, one after the other."""
        begin = 0
        while begin < len(leaves):
            space = TILE_BYTES - (self.size % TILE_HASHES) * HASH_BYTES
            chunk = leaves[begin : begin + space]
            begin += len(chunk)
            self._extend(0, chunk, size=self.size + len(chunk) // HASH_BYTES)
            self.size += len(chunk) // HASH_BYTES

    def root(self) -> bytes:
        return Edge.of(self.size, self._subtree).root() if self.size else EMPTY_ROOT

    def take_changed(self) -> list[tuple[int, int, bytes]]:
        """Level, index and hashes of the tiles that are complete since the last time, and of all that are not."""
        taken, self._complete = self._complete, []
        last = zip(_last_tiles(self.size), self._incomplete, strict=True)
        return taken + [(level, index, bytes(hashes)) for (level, index, _), hashes in last if hashes]

    def _extend(self, level: int, hashes: bytes, *, size: int) -> None:
        if level == len(self._incomplete):
            self._incomplete.append(bytearray())
        tile = self._incomplete[level]
        tile += hashes
        if len(tile) == TILE_BYTES:
            index = (size >> TILE_LEVELS * (level + 1)) - 1
            self._complete.append((level, index, bytes(tile)))
            self._incomplete[level] = bytearray()
            self._extend(level + 1, _root(tile), size=size)

    def _subtree(self, level: int, index: int) -> bytes:
        tile_level, _, begin, end = _place(level, index)
        return _root(memoryview(self._incomplete[tile_level])[begin:end])


def _last_tiles(size: int) -> Iterator[tuple[int, int, int]]:
    """Level, index and bytes of the last, incomplete tile of every level; there may be nothing in it."""
    level = 0
    while size:
        index, hashes = divmod(size, TILE_HASHES)
        yield level, index, hashes * HASH_BYTES
        size, level = index, level + 1


def _place(level: int, index: int) -> tuple[int, int, int, int]:
    """Where the hashes are that a subtree follows from: level and index of the tile, and from which byte to which."""
    tile_level, height = divmod(level, TILE_LEVELS)
    tile_index, begin = divmod(index << height, TILE_HASHES)
    return tile_level, tile_index, begin * HASH_BYTES, (begin + (1 << height)) * HASH_BYTES


def _root(hashes: bytes | bytearray | memoryview) -> bytes:
    """Of a complete tree over these hashes, whose number is a power of two."""
    nodes = [bytes(hashes[begin : begin + HASH_BYTES]) for begin in range(0, len(hashes), HASH_BYTES)]
    while len(nodes) > 1:
        nodes = [node_hash(nodes[left], nodes[left + 1]) for left in range(0, len(nodes), 2)]
    return nodes[0]


async def _with_subtrees(tiles: Tiles, ask: Callable[[Subtree], Answer]) -> Answer:
    """Ask once to learn which tiles are needed, and once more with them at hand: what is asked for never depends on hashes."""
    needed: dict[int, set[int]] = {}

    def note(level: int, index: int) -> bytes:
        tile_level, tile_index, _, _ = _place(level, index)
        needed.setdefault(tile_level, set()).add(tile_index)
        return EMPTY_ROOT

    ask(note)
    found = {level: await tiles.read(level, sorted(indexes)) for level, indexes in needed.items()}

    def subtree(level: int, index: int) -> bytes:
        tile_level, tile_index, begin, end = _place(level, index)
        hashes = found[tile_level].get(tile_index, b"")
        if len(hashes) < end:
            raise TilesMissing(f"tile {tile_index} of level {tile_level} has {len(hashes)} bytes, not {end}")
        return _root(hashes[begin:end])

    return ask(subtree)
