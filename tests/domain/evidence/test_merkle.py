import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.evidence.merkle import (
    EMPTY_ROOT,
    Edge,
    continues,
    includes,
    leaf_hash,
    prove_consistency,
    prove_inclusion,
    root_of,
)
from tests.domain.evidence.trees import (
    ENTRIES,
    ROOTS,
    leaves_of,
    naive_consistency,
    naive_inclusion,
    naive_root,
    subtrees,
)

SIZE_MAX = 70
LEAVES = leaves_of(SIZE_MAX)
REFERENCE = [leaf_hash(entry) for entry in ENTRIES]
sizes = st.integers(1, SIZE_MAX)


@pytest.mark.parametrize("size", range(len(ROOTS)))
def test_the_roots_are_those_of_the_reference_implementation(size: int) -> None:
    edge = Edge()
    for leaf in REFERENCE[:size]:
        edge.append(leaf)
    assert edge.root() == ROOTS[size]
    assert root_of(0, size, subtrees(REFERENCE)) == ROOTS[size]


def test_the_proofs_are_those_of_the_reference_implementation() -> None:
    first = prove_inclusion(0, 8, subtrees(REFERENCE))
    assert [hashed.hex() for hashed in first] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]
    later = prove_consistency(6, 8, subtrees(REFERENCE))
    assert [hashed.hex() for hashed in later] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


@given(size=st.integers(0, SIZE_MAX))
def test_a_tree_that_grew_has_the_root_of_one_that_was_made_at_once(size: int) -> None:
    edge = Edge()
    for leaf in LEAVES[:size]:
        edge.append(leaf)
    assert edge.root() == naive_root(LEAVES[:size])
    assert edge.hashes == Edge.of(size, subtrees(LEAVES)).hashes
    assert (edge.size, naive_root([])) == (size, EMPTY_ROOT)


@given(size=sizes, part=st.floats(0, 1, exclude_max=True))
def test_every_leaf_of_every_tree_is_proved_and_no_other(size: int, part: float) -> None:
    index = int(size * part)
    path = prove_inclusion(index, size, subtrees(LEAVES))
    root = naive_root(LEAVES[:size])
    assert list(path) == naive_inclusion(index, LEAVES[:size])
    assert includes(root, size=size, index=index, leaf=LEAVES[index], path=path)
    for other in range(-2, size + 2):
        as_another = includes(root, size=size, index=other, leaf=LEAVES[index], path=path)
        assert as_another == (other == index)
    assert not includes(root, size=size, index=index, leaf=leaf_hash(b"another"), path=path)
    assert not includes(root, size=size, index=index, leaf=LEAVES[index], path=(*path, root))
    if path:
        assert not includes(root, size=size, index=index, leaf=LEAVES[index], path=path[:-1])
        assert not includes(root, size=size, index=index, leaf=LEAVES[index], path=(root, *path[1:]))


@given(size=sizes, part=st.floats(0, 1, exclude_max=True))
def test_every_tree_is_proved_to_have_begun_as_every_smaller_one_and_as_no_other(size: int, part: float) -> None:
    former = 1 + int(size * part)
    path = prove_consistency(former, size, subtrees(LEAVES))
    then, now = naive_root(LEAVES[:former]), naive_root(LEAVES[:size])
    assert list(path) == naive_consistency(former, LEAVES[:size])
    assert continues(then, now, former=former, size=size, path=path)
    other = naive_root([*LEAVES[: former - 1], leaf_hash(b"another")])
    assert not continues(other, now, former=former, size=size, path=path)
    assert not continues(then, now, former=former, size=2 * size + 2, path=path)
    assert not continues(then, leaf_hash(b"another"), former=former, size=size, path=path)
    assert not continues(then, now, former=former, size=size, path=(*path, now))
    if path:
        assert not continues(then, now, former=former, size=size, path=path[:-1])
        assert not continues(then, now, former=former, size=size, path=(*path[:-1], now))


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_what_is_not_in_the_tree_has_no_proof(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="is not in a tree"):
        prove_inclusion(index, size, subtrees(LEAVES))
    assert not includes(EMPTY_ROOT, size=size, index=index, leaf=LEAVES[0], path=())


@pytest.mark.parametrize(("former", "size"), [(0, 3), (4, 3), (-1, 3)])
def test_no_tree_began_with_none_or_with_more(former: int, size: int) -> None:
    with pytest.raises(ValueError, match="did not begin"):
        prove_consistency(former, size, subtrees(LEAVES))
    assert not continues(LEAVES[0], LEAVES[0], former=former, size=size, path=(LEAVES[0],))


def test_an_edge_has_one_hash_for_each_complete_subtree() -> None:
    with pytest.raises(ValueError, match="made of 2 subtrees, not 1"):
        Edge(5, LEAVES[:1])
