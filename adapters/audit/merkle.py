"""The Merkle tree of RFC 9162 (section 2.1) over leaf hashes, and its proofs. Hashes are the 32 bytes of SHA-256."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256

EMPTY = sha256(b"").digest()
"""The root of a log without entries."""
HASH_BYTES = 32

Hashes = Callable[[int, int], bytes]
"""The hash of a complete subtree: (level, number) covers the leaves number × 2^level up to the next multiple."""


class ProofError(Exception):
    """A proof that does not prove what it should; the message says what does not fit."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry of the log."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees side by side."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """The complete subtrees along the right edge of a growing tree: all that its root follows from."""

    __slots__ = ("_edge", "size")

    def __init__(self, size: int = 0, edge: Sequence[bytes] = ()) -> None:
        """An empty tree, or one of which that edge is known, the largest subtree first (`ProofError`)."""
        if len(edge) != size.bit_count():
            raise ProofError(f"the edge of a tree of {size} has {size.bit_count()} hashes")
        _require_hashes(*edge)
        self.size = size
        self._edge = list(edge)

    def add(self, leaf: bytes) -> None:
        """Append a leaf hash."""
        carried = self.size
        while carried & 1:
            leaf = node_hash(self._edge.pop(), leaf)
            carried >>= 1
        self._edge.append(leaf)
        self.size += 1

    @property
    def edge(self) -> tuple[bytes, ...]:
        """Its complete subtrees, the largest first."""
        return tuple(self._edge)

    def root(self) -> bytes:
        """The root hash of the tree as it is."""
        return _joined(self._edge)


def root_of(size: int, hashes: Hashes) -> bytes:
    """The root of the first `size` leaves."""
    return _range_hash(0, size, hashes) if size else EMPTY


def edge_of(size: int, hashes: Hashes) -> list[bytes]:
    """The complete subtrees along the right edge of the tree of the first `size` leaves, the largest first."""
    return _subtrees(0, size, hashes)


def inclusion_proof(index: int, size: int, hashes: Hashes) -> list[bytes]:
    """PATH(index, D[size]): that the leaf with this index, counted from 0, is in the tree of that size."""
    if not 0 <= index < size:
        raise ProofError(f"no leaf {index} in a tree of {size}")
    path, start, end = [], 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range_hash(middle, end, hashes))
            end = middle
        else:
            path.append(_range_hash(start, middle, hashes))
            start = middle
    return path[::-1]


def consistency_proof(first: int, second: int, hashes: Hashes) -> list[bytes]:
    """PROOF(first, D[second]): that the tree of `first` leaves is the beginning of the tree of `second`."""
    if not 0 < first <= second:
        raise ProofError(f"no proof from {first} to {second}")
    path, start, end, whole = [], 0, second, True
    while first != end:
        middle = start + _split(end - start)
        if first <= middle:
            path.append(_range_hash(middle, end, hashes))
            end = middle
        else:
            path.append(_range_hash(start, middle, hashes))
            start, whole = middle, False
    if not whole:
        path.append(_range_hash(start, end, hashes))
    return path[::-1]


def check_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Refuse a proof that the leaf is not at this index of the tree with that size and root (section 2.1.3.2)."""
    if not 0 <= index < size:
        raise ProofError(f"no leaf {index} in a tree of {size}")
    _require_hashes(leaf, root, *proof)
    found = leaf
    for sibling, left in _climbed(index, size - 1, proof):
        found = node_hash(sibling, found) if left else node_hash(found, sibling)
    _require_root(found, root)


def check_consistency(first: int, second: int, root1: bytes, root2: bytes, proof: Sequence[bytes]) -> None:
    """Refuse a proof that one tree is not the beginning of the other (section 2.1.4.2)."""
    if not 0 < first <= second:
        raise ProofError(f"a log of {first} entries proves nothing about one of {second}")
    if first == second:
        if proof:
            raise ProofError("the proof is too long")
        _require_root(root1, root2)
        return
    _require_hashes(root1, root2, *proof)
    path = list(proof) if first & (first - 1) else [root1, *proof]
    if not path:
        raise ProofError("the proof is too short")
    node, last = first - 1, second - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    found1 = found2 = path[0]
    for sibling, left in _climbed(node, last, path[1:]):
        if left:
            found1, found2 = node_hash(sibling, found1), node_hash(sibling, found2)
        else:
            found2 = node_hash(found2, sibling)
    _require_root(found1, root1)
    _require_root(found2, root2)


def _climbed(node: int, last: int, proof: Sequence[bytes]) -> Iterator[tuple[bytes, bool]]:
    """The siblings on the way from a node to the root, and whether each stands on the left of it."""
    for sibling in proof:
        if not last:
            raise ProofError("the proof is too long")
        left = bool(node & 1) or node == last
        while left and node and not node & 1:
            node, last = node >> 1, last >> 1
        yield sibling, left
        node, last = node >> 1, last >> 1
    if last:
        raise ProofError("the proof is too short")


def _range_hash(start: int, end: int, hashes: Hashes) -> bytes:
    """The hash over the leaves from `start` on, up to `end`; `start` is a multiple of the size of its subtree."""
    return _joined(_subtrees(start, end, hashes))


def _subtrees(start: int, end: int, hashes: Hashes) -> list[bytes]:
    found = []
    while start < end:
        level = (end - start).bit_length() - 1
        found.append(hashes(level, start >> level))
        start += 1 << level
    return found


def _joined(edge: Sequence[bytes]) -> bytes:
    """The root over complete subtrees that stand side by side, the largest first."""
    if not edge:
        return EMPTY
    root = edge[-1]
    for left in reversed(edge[:-1]):
        root = node_hash(left, root)
    return root


def _split(count: int) -> int:
    """The largest power of two below a count of at least two."""
    return 1 << ((count - 1).bit_length() - 1)


def _require_hashes(*hashes: bytes) -> None:
    if any(len(one) != HASH_BYTES for one in hashes):
        raise ProofError("a hash has 32 bytes")


def _require_root(found: bytes, root: bytes) -> None:
    if found != root:
        raise ProofError("the proof leads to another root")
