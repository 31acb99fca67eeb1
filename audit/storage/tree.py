"""Roots and proofs of a site's log, computed from stored subtrees and leaves.

The arithmetic is `audit.tlog.merkle`; here is only where its hashes lie.
Nothing here writes, and no proof is judged.
"""

from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection, bindparam, select

from audit.storage.schema import log_entry, log_node
from audit.tlog import merkle

_NODE: Final = select(log_node.c.hash).where(
    log_node.c.site == bindparam("at_site"),
    log_node.c.level == bindparam("at_level"),
    log_node.c.idx == bindparam("at"),
)
_LEAF: Final = select(log_entry.c.leaf).where(
    log_entry.c.site == bindparam("at_site"), log_entry.c.idx == bindparam("at")
)


class NodeMissing(LookupError):
    """A hash that the tree of this size needs is not stored: rows are gone, or the size is too large."""


def root(conn: Connection, site: str, size: int) -> bytes:
    """Root over the first `size` entries (RFC 6962 section 2.1); of none, SHA-256 of nothing.

    Raises `NodeMissing`.
    """
    return merkle.root_at(size, _reader(conn, site))


def inclusion(conn: Connection, site: str, index: int, size: int) -> tuple[bytes, ...]:
    """Proof that the entry at `index` is under the root at `size` (RFC 9162 section 2.1.3.1).

    Raises `NodeMissing`, and `ValueError` for an index not below the size.
    """
    return merkle.inclusion_proof(index, size, _reader(conn, site))


def consistency(conn: Connection, site: str, old: int, new: int) -> tuple[bytes, ...]:
    """Proof that the log at size `new` extends the one at size `old` (RFC 9162 section 2.1.4.1).

    Raises `NodeMissing`, and `ValueError` for an old size of 0 or above the new one.
    """
    return merkle.consistency_proof(old, new, _reader(conn, site))


def _reader(conn: Connection, site: str) -> Callable[[int, int], bytes]:
    def read(level: int, index: int) -> bytes:
        values = {"at_site": site, "at": index}
        found: bytes | None = conn.scalar(_NODE, values | {"at_level": level}) if level else conn.scalar(_LEAF, values)
        if found is None:
            raise NodeMissing(f"the log of {site} has no hash at level {level}, index {index}")
        return found

    return read
