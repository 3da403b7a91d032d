from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.memory.evidence import MemoryTiles
from adapters.memory.roles import MemoryRoles
from domain.evidence.merkle import EMPTY_ROOT, HASH_BYTES, Edge, continues, includes, leaf_hash
from domain.evidence.tiles import (
    TILE_BYTES,
    TILE_HASHES,
    GrowingTiles,
    TilesMissing,
    consistency,
    edge,
    inclusion,
    leaves,
)
from tests.domain.evidence.trees import ENTRIES, ROOTS, leaves_of

pytestmark = pytest.mark.anyio

# Three levels of tiles, which no test builds leaf by leaf in the slow way.
SIZE_MAX = TILE_HASHES * TILE_HASHES + 3 * TILE_HASHES + 5
LEAVES = leaves_of(SIZE_MAX)
AT_THE_EDGES = (
    *(1, 2, TILE_HASHES - 1, TILE_HASHES, TILE_HASHES + 1, 2 * TILE_HASHES, 3 * TILE_HASHES + 7),
    *(TILE_HASHES * TILE_HASHES - 1, TILE_HASHES * TILE_HASHES, TILE_HASHES * TILE_HASHES + 1, SIZE_MAX),
)


def roots_of(leaves: Sequence[bytes], sizes: Sequence[int]) -> dict[int, bytes]:
    """By the tree that is known to be right, in one go."""
    grown, roots = Edge(), {}
    for leaf in leaves:
        grown.append(leaf)
        if grown.size in sizes:
            roots[grown.size] = grown.root()
    return roots


ROOT = roots_of(LEAVES, AT_THE_EDGES)


def grown_to(sizes: Sequence[int]) -> MemoryTiles:
    """As a notary leaves them that wrote at these sizes."""
    stored, growth = MemoryTiles(MemoryRoles()), GrowingTiles()
    for begin, end in pairwise((0, *sizes)):
        growth.append(b"".join(LEAVES[begin:end]))
        stored.tiles |= {(level, index): hashes for level, index, hashes in growth.take_changed()}
    return stored


@pytest.fixture(scope="module")
def tiles() -> MemoryTiles:
    return grown_to(AT_THE_EDGES)


def test_the_roots_are_those_of_the_reference_implementation() -> None:
    growth = GrowingTiles()
    for size, entry in enumerate(ENTRIES, start=1):
        growth.append(leaf_hash(entry))
        assert growth.root() == ROOTS[size]
    assert GrowingTiles().root() == EMPTY_ROOT


@pytest.mark.parametrize("size", AT_THE_EDGES)
async def test_the_tree_is_taken_up_at_any_size_that_it_had(tiles: MemoryTiles, size: int) -> None:
    growth = await GrowingTiles.load(tiles, size)
    assert (growth.size, growth.root()) == (size, ROOT[size])
    assert (await edge(tiles, size)).root() == ROOT[size]
    growth.append(b"".join(LEAVES[size:]))
    assert growth.root() == ROOT[SIZE_MAX]


@pytest.mark.parametrize("former", AT_THE_EDGES)
async def test_each_tree_is_proved_to_have_begun_as_each_before(tiles: MemoryTiles, former: int) -> None:
    for size in AT_THE_EDGES[AT_THE_EDGES.index(former) :]:
        path = await consistency(tiles, former=former, size=size)
        assert continues(ROOT[former], ROOT[size], former=former, size=size, path=path)


@pytest.mark.parametrize("size", AT_THE_EDGES)
async def test_leaves_at_the_edges_are_proved(tiles: MemoryTiles, size: int) -> None:
    for index in {0, size // 2, size - 1, *(end - 1 for end in AT_THE_EDGES if end <= size)}:
        path = await inclusion(tiles, index=index, size=size)
        assert includes(ROOT[size], size=size, index=index, leaf=LEAVES[index], path=path)


@settings(max_examples=30, deadline=None)
@given(sizes=st.lists(st.integers(1, 1200), min_size=1, max_size=8, unique=True).map(sorted))
async def test_however_it_grew_the_tiles_are_the_same(sizes: list[int]) -> None:
    tiles = grown_to(sizes)
    assert tiles.tiles == grown_to(sizes[-1:]).tiles
    assert await leaves(tiles, after=0, limit=sizes[-1]) == b"".join(LEAVES[: sizes[-1]])
    for size in sizes:
        assert (await edge(tiles, size)).root() == roots_of(LEAVES[:size], (size,))[size]


async def test_tiles_are_as_their_specification_has_them(tiles: MemoryTiles) -> None:
    assert {len(hashes) for (level, index), hashes in tiles.tiles.items() if (level, index) < (0, 259)} == {TILE_BYTES}
    assert len(tiles.tiles[0, 259]) == 5 * HASH_BYTES
    assert len(tiles.tiles[1, 1]) == 3 * HASH_BYTES
    assert len(tiles.tiles[2, 0]) == HASH_BYTES
    assert tiles.tiles[0, 0] == b"".join(LEAVES[:TILE_HASHES])
    assert tiles.tiles[1, 0][:HASH_BYTES] == roots_of(LEAVES[:TILE_HASHES], (TILE_HASHES,))[TILE_HASHES]
    assert tiles.tiles[2, 0] == ROOT[TILE_HASHES * TILE_HASHES]


async def test_only_what_has_changed_is_written() -> None:
    growth = GrowingTiles()
    growth.append(b"".join(LEAVES[:600]))
    assert [(level, index) for level, index, _ in growth.take_changed()] == [(0, 0), (0, 1), (0, 2), (1, 0)]
    growth.append(LEAVES[600])
    assert [(level, index, len(hashes)) for level, index, hashes in growth.take_changed()] == [
        (0, 2, 89 * HASH_BYTES),
        (1, 0, 2 * HASH_BYTES),
    ]


async def test_leaves_come_as_many_as_are_asked_for_and_there(tiles: MemoryTiles) -> None:
    assert await leaves(tiles, after=250, limit=300) == b"".join(LEAVES[250:550])
    assert await leaves(tiles, after=SIZE_MAX - 3, limit=300) == b"".join(LEAVES[-3:])
    with pytest.raises(TilesMissing):
        await leaves(tiles, after=SIZE_MAX, limit=1)


async def test_leaves_end_where_a_tile_is_lost() -> None:
    tiles = grown_to((700,))
    del tiles.tiles[0, 1]
    assert await leaves(tiles, after=0, limit=700) == b"".join(LEAVES[:TILE_HASHES])


@pytest.mark.parametrize("lost", [(0, 2), (0, 3), (1, 0)])
async def test_what_is_lost_is_said_and_not_made_up(lost: tuple[int, int]) -> None:
    size = 3 * TILE_HASHES + 7
    tiles = grown_to((size,))
    index = TILE_HASHES * lost[1] + 5
    assert await inclusion(tiles, index=index, size=size)
    tiles.tiles[lost] = tiles.tiles[lost][:HASH_BYTES]
    with pytest.raises(TilesMissing):
        await inclusion(tiles, index=index, size=size)
    del tiles.tiles[lost]
    with pytest.raises(TilesMissing):
        await inclusion(tiles, index=index, size=size)


async def test_a_tree_is_not_taken_up_from_tiles_that_are_too_short() -> None:
    tiles = grown_to((300,))
    with pytest.raises(TilesMissing, match="tile 1 of level 0 has 1408 bytes, not 1440"):
        await GrowingTiles.load(tiles, 301)
    with pytest.raises(ValueError, match="not the last tiles"):
        GrowingTiles(300, (b"", b""))
