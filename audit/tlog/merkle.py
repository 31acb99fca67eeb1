"""The Merkle tree of RFC 6962 and RFC 9162 section 2.1: hashes, roots, proofs, and the checks of proofs.

Storage is a function: `read(level, index)` answers with the hash of the complete subtree over the leaves
`index * 2**level` up to `(index + 1) * 2**level - 1`. Only complete subtrees are ever kept, so no kept hash changes.
Level 0 is the leaf hash that stands beside the entry already; it is read from there and not kept twice. The incomplete
right edge is computed when asked for. Where the hashes lie, and signatures over roots, are not the matter here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from hashlib import sha256

HASH_BYTES = 32
EMPTY = sha256(b"").digest()  # RFC 6962 section 2.1: the root of a tree without leaves

Read = Callable[[int, int], bytes]


class ProofRefused(ValueError):
    """A proof that does not show what it is said to show."""


@dataclass(frozen=True, slots=True)
class Node:
    """The root hash of one complete subtree of `2**level` leaves; `level` is at least 1."""

    level: int
    index: int
    hash: bytes


def leaf_hash(entry: bytes) -> bytes:
    """Hash the bytes of one entry (RFC 6962 section 2.1): the leaf of the tree and the link of the chain."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two neighbouring subtrees into the one above them (RFC 6962 section 2.1)."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """The tree over leaves pushed one by one; it keeps one hash for each bit of its size."""

    __slots__ = ("_peaks", "size")

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def push(self, leaf: bytes) -> None:
        """Append one leaf hash."""
        peaks, size = self._peaks, self.size
        while size & 1:
            leaf = node_hash(peaks.pop(), leaf)
            size >>= 1
        peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Return the root over the leaves pushed so far."""
        return _fold(self._peaks) if self._peaks else EMPTY


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes (RFC 6962 section 2.1)."""
    tree = Frontier()
    for leaf in leaves:
        tree.push(leaf)
    return tree.root()


def appended_nodes(size: int, leaf: bytes, read: Read) -> list[Node]:
    """Return the subtrees that become complete when a tree of `size` leaves gains `leaf`, lowest first.

    On average one; none when `size` is even. `read` is asked only for nodes of the tree as it was.
    """
    nodes: list[Node] = []
    level, index, subtree = 0, size, leaf
    while index & 1:
        subtree = node_hash(read(level, index - 1), subtree)
        level, index = level + 1, index >> 1
        nodes.append(Node(level, index, subtree))
    return nodes


def root_at(size: int, read: Read) -> bytes:
    """Return the root over the first `size` leaves, reading one hash for each bit of `size`."""
    return _range_root(0, size, read) if size else EMPTY


def inclusion_proof(index: int, size: int, read: Read) -> tuple[bytes, ...]:
    """Return the path from leaf `index` to the root at `size`, from the leaf's sibling up (RFC 9162 section 2.1.3.1).

    Raises ValueError where the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"expected an index below the size {size}, met {index}")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range_root(middle, end, read))
            end = middle
        else:
            path.append(_range_root(start, middle, read))
            start = middle
    return tuple(reversed(path))


def consistency_proof(old: int, new: int, read: Read) -> tuple[bytes, ...]:
    """Return the proof that the tree at size `new` extends the one at size `old` (RFC 9162 section 2.1.4.1).

    Raises ValueError where `old` is 0, which proves nothing, or above `new`.
    """
    if not 0 < old <= new:
        raise ValueError(f"expected an old size from 1 to {new}, met {old}")
    path: list[bytes] = []
    start, end = 0, new
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_range_root(middle, end, read))
            end = middle
        else:
            path.append(_range_root(start, middle, read))
            start = middle
    if start:  # else the old tree is one whole subtree, whose root the verifier has
        path.append(_range_root(start, end, read))
    return tuple(reversed(path))


def verify_inclusion(*, index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Check that `leaf` stands at `index` of the tree of `size` leaves under `root` (RFC 9162 section 2.1.3.2).

    Raises ProofRefused where that is not shown.
    """
    _check_hashes(leaf, root, *proof)
    if not 0 <= index < size:
        raise ProofRefused(f"expected an index below the size {size}, met {index}")
    node, last = index, size - 1
    found = leaf
    for sibling in proof:
        if last == 0:
            raise ProofRefused("the proof has hashes left over")
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise ProofRefused("the proof has too few hashes")
    _check_root(found, root)


def verify_consistency(*, old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree of `new` leaves extends the tree of `old` leaves (RFC 9162 section 2.1.4.2).

    Raises ProofRefused where that is not shown; an old size of 0 shows nothing.
    """
    _check_hashes(old_root, new_root, *proof)
    if not 0 < old <= new:
        raise ProofRefused(f"expected an old size from 1 to {new}, met {old}")
    if old == new:
        if proof:
            raise ProofRefused("the proof has hashes left over")
        _check_root(old_root, new_root)
        return
    path = list(proof)
    if old & (old - 1) == 0:  # a power of two: the old root is a node of the new tree
        path.insert(0, old_root)
    if not path:
        raise ProofRefused("the proof has too few hashes")
    found_old, found_new = _walk_consistency(old - 1, new - 1, path)
    _check_root(found_old, old_root)
    _check_root(found_new, new_root)


def _walk_consistency(node: int, last: int, path: list[bytes]) -> tuple[bytes, bytes]:
    while node & 1:
        node, last = node >> 1, last >> 1
    found_old = found_new = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofRefused("the proof has hashes left over")
        if node & 1 or node == last:
            found_old = node_hash(sibling, found_old)
            found_new = node_hash(sibling, found_new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found_new = node_hash(found_new, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise ProofRefused("the proof has too few hashes")
    return found_old, found_new


def _check_hashes(*hashes: bytes) -> None:
    for item in hashes:
        if len(item) != HASH_BYTES:
            raise ProofRefused(f"expected hashes of {HASH_BYTES} bytes, met {len(item)}")


def _check_root(found: bytes, expected: bytes) -> None:
    if found != expected:
        raise ProofRefused(f"expected root {expected.hex()}, the proof leads to {found.hex()}")


def _split(size: int) -> int:
    """Return the largest power of two below `size` (RFC 9162 section 2.1.1)."""
    return 1 << ((size - 1).bit_length() - 1)


def _range_root(start: int, end: int, read: Read) -> bytes:
    """Return the root over leaves `start` to `end - 1`, a range that the splitting of a tree can yield."""
    peaks: list[bytes] = []
    for level in range((end - start).bit_length() - 1, -1, -1):
        if (end - start) >> level:
            peaks.append(read(level, start >> level))
            start += 1 << level
    return _fold(peaks)


def _fold(peaks: Sequence[bytes]) -> bytes:
    return reduce(lambda right, left: node_hash(left, right), reversed(peaks))
