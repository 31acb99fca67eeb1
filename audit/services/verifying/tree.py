"""The tree over the leaves read, in little memory: whole blocks by their hashes, and what is below from the bytes anew.

A block is 256 entries; above blocks every hash is kept, 64 bytes a block. Roots at sizes wanted beforehand, such as
those of checkpoints, are taken as they pass; any other is computed from the leaves of one block, read again.
"""

from collections.abc import Callable, Iterable

from audit.tlog.merkle import HASH_BYTES, Node, appended_nodes, leaf_hash, node_hash, root_at

BLOCK_LEVEL = 8
BLOCK = 1 << BLOCK_LEVEL


class Tree:
    """A tree that only grows; it ends at the first missing entry."""

    def __init__(self, body_at: Callable[[int], bytes | None], wanted: Iterable[int] = ()) -> None:
        """Read leaves again through `body_at`; `wanted` are sizes whose roots will be asked for."""
        self._body_at = body_at
        self._wanted = frozenset(wanted)
        self._roots: dict[int, bytes] = {}
        self._above: list[bytearray] = [bytearray()]
        self._open: list[bytes] = []
        self._edge: list[bytes] = []
        self._again: tuple[int, list[bytes]] = (-1, [])
        self.size = 0

    def push(self, index: int, leaf: bytes) -> list[Node]:
        """Append the leaf of entry `index` and return the subtrees it completes; after a gap nothing more is known."""
        if index != self.size:
            return []
        completed = self._complete(leaf)
        self._open.append(leaf)
        self.size += 1
        if len(self._open) == BLOCK:
            self._close_block(completed[BLOCK_LEVEL - 1].hash)
        if self.size in self._wanted:
            self._roots[self.size] = root_at(self.size, self._read)
        return completed

    def root(self, size: int) -> bytes | None:
        """Return the root over the first `size` entries; None where they are not all there."""
        if not 0 <= size <= self.size:
            return None
        known = self._roots.get(size)
        return known if known is not None else root_at(size, self._read)

    def _complete(self, leaf: bytes) -> list[Node]:
        """Carry a leaf into the right edge, as in counting: each place that is taken completes a subtree."""
        completed: list[Node] = []
        level, index, subtree = 0, self.size, leaf
        while index & 1:
            subtree = node_hash(self._edge.pop(), subtree)
            level, index = level + 1, index >> 1
            completed.append(Node(level, index, subtree))
        self._edge.append(subtree)
        return completed

    def _close_block(self, block: bytes) -> None:
        number = (self.size >> BLOCK_LEVEL) - 1
        for node in appended_nodes(number, block, self._read_above):
            if node.level == len(self._above):
                self._above.append(bytearray())
            self._above[node.level] += node.hash
        self._above[0] += block
        self._open = []

    def _read_above(self, level: int, index: int) -> bytes:
        start = index * HASH_BYTES
        return bytes(self._above[level][start : start + HASH_BYTES])

    def _read(self, level: int, index: int) -> bytes:
        """Return one hash of a complete subtree."""
        if level >= BLOCK_LEVEL:
            return self._read_above(level - BLOCK_LEVEL, index)
        first = index << level
        leaves, start = self._leaves(first >> BLOCK_LEVEL), first % BLOCK
        hashes = leaves[start : start + (1 << level)]
        while len(hashes) > 1:
            hashes = [node_hash(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=True)]
        return hashes[0]

    def _leaves(self, block: int) -> list[bytes]:
        """Return the leaves of a block: the open one is at hand, of the others the one asked for last."""
        if block == self.size >> BLOCK_LEVEL:
            return self._open
        if self._again[0] != block:
            bodies = (self._body_at(index) for index in range(block * BLOCK, (block + 1) * BLOCK))
            # An entry that is gone meanwhile leaves a root that nothing signed.
            self._again = (block, [leaf_hash(body or b"") for body in bodies])
        return self._again[1]
