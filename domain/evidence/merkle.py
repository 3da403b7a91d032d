"""The Merkle tree of RFC 6962 over leaf hashes: roots, inclusion and consistency proofs, and their checks (RFC 9162, 2.1)."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
LEAF: Final = b"\x00"
NODE: Final = b"\x01"

# The root of the complete subtree that begins at leaf `index << level` and has `1 << level` leaves.
Subtree = Callable[[int, int], bytes]


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(LEAF + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(NODE + left + right).digest()


class Edge:
    """A tree that only grows, by its right edge alone: the roots of the complete subtrees that it is made of, largest first."""

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        """Raises ValueError: a tree of this size has another number of such subtrees."""
        if len(hashes) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves is made of {size.bit_count()} subtrees, not {len(hashes)}")
        self.size = size
        self.hashes = list(hashes)

    @classmethod
    def of(cls, size: int, subtree: Subtree) -> "Edge":
        """That of a tree whose subtrees are at hand."""
        hashes, begin = [], 0
        for level in reversed(range(size.bit_length())):
            if size >> level & 1:
                hashes.append(subtree(level, begin >> level))
                begin += 1 << level
        return cls(size, hashes)

    def append(self, leaf: bytes) -> None:
        """`leaf` is a leaf hash."""
        hashed, size = leaf, self.size
        while size & 1:
            hashed = node_hash(self.hashes.pop(), hashed)
            size >>= 1
        self.hashes.append(hashed)
        self.size += 1

    def root(self) -> bytes:
        if not self.hashes:
            return EMPTY_ROOT
        root = self.hashes[-1]
        for hashed in reversed(self.hashes[:-1]):
            root = node_hash(hashed, root)
        return root


def root_of(begin: int, end: int, subtree: Subtree) -> bytes:
    """Of the leaves from `begin` up to but without `end`; `begin` must be where a subtree of that size may begin."""
    size = end - begin
    if size == 0:
        return EMPTY_ROOT
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return subtree(level, begin >> level)
    middle = begin + _split(size)
    return node_hash(root_of(begin, middle, subtree), root_of(middle, end, subtree))


def prove_inclusion(index: int, size: int, subtree: Subtree) -> tuple[bytes, ...]:
    """That leaf `index`, from 0, is in the tree of this size: at most 64 hashes. Raises ValueError."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    path, begin, end = [], 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append(root_of(middle, end, subtree))
            end = middle
        else:
            path.append(root_of(begin, middle, subtree))
            begin = middle
    return tuple(reversed(path))


def prove_consistency(former: int, size: int, subtree: Subtree) -> tuple[bytes, ...]:
    """That the tree of `former` leaves is how the tree of `size` leaves began. Raises ValueError."""
    if not 0 < former <= size:
        raise ValueError(f"a tree of {size} did not begin with {former}")
    path, begin, end, whole = [], 0, size, True
    while former != end:
        middle = begin + _split(end - begin)
        if former <= middle:
            path.append(root_of(middle, end, subtree))
            end = middle
        else:
            path.append(root_of(begin, middle, subtree))
            begin, whole = middle, False
    if not whole:
        path.append(root_of(begin, end, subtree))
    return tuple(reversed(path))


def includes(root: bytes, *, size: int, index: int, leaf: bytes, path: Sequence[bytes]) -> bool:
    """Whether the proof shows that the leaf hash stands at `index` in the tree with this root."""
    if not 0 <= index < size:
        return False
    node, last, hashed = index, size - 1, leaf
    for other in path:
        if last == 0:
            return False
        if node & 1 or node == last:
            hashed = node_hash(other, hashed)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            hashed = node_hash(hashed, other)
        node, last = node >> 1, last >> 1
    return last == 0 and hashed == root


def continues(former_root: bytes, root: bytes, *, former: int, size: int, path: Sequence[bytes]) -> bool:
    """Whether the proof shows that the tree with `root` began as the one of `former` leaves with `former_root`."""
    if former == size:
        return not path and former_root == root
    if not 0 < former < size:
        return False
    hashes = list(path) if former & (former - 1) else [former_root, *path]
    if not hashes:
        return False
    node, last = former - 1, size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    first = second = hashes[0]
    for other in hashes[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            first, second = node_hash(other, first), node_hash(other, second)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            second = node_hash(second, other)
        node, last = node >> 1, last >> 1
    return last == 0 and first == former_root and second == root


def _split(size: int) -> int:
    """The largest power of two below the size, which is at least 2."""
    return 1 << (size - 1).bit_length() - 1
