"""The entries of one site's log: append them, swap the head, read them back.

`append` is the only writer of `log_entry`, `log_node` and `log_head`. Here no
entry is judged, encoded or signed, and nothing is derived from one
(`ledger.py`); roots and proofs are in `tree.py`.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Select,
    and_,
    bindparam,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from audit.storage.prepared import Prepared
from audit.storage.schema import log_entry, log_head, log_node
from audit.tlog import merkle

# `prev` of entry 0 (log-format section 2): SHA-256 of nothing.
EMPTY_LEAF: Final = hashlib.sha256(b"").digest()
# Rows per round trip when streaming: about a megabyte of bodies.
_CHUNK: Final = 1000


class HeadMoved(Exception):
    """Somebody else appended since the head was read: build the act anew on the new head."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where a log ends: how many entries, the last one's leaf hash and its `recorded_ms`."""

    size: int
    leaf: bytes
    recorded_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """An entry about to be appended: its bytes, and the columns projected from them."""

    leaf: bytes
    body: bytes
    kind: str
    actor: str
    method: str
    nonce: str
    session: str | None
    occurred_ms: int
    recorded_ms: int


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry as it is stored; the bytes decide, every other field is a projection of them."""

    index: int
    leaf: bytes
    body: bytes
    kind: str
    actor: str
    method: str
    nonce: str
    session: str | None
    occurred_ms: int
    recorded_ms: int


_PLACE: Final = ("level", "index")
EMPTY_HEAD: Final = Head(size=0, leaf=EMPTY_LEAF, recorded_ms=0)

_HEAD: Final = select(log_head.c.size, log_head.c.leaf, log_head.c.recorded_ms).where(
    log_head.c.site == bindparam("at_site")
)
# SQLite ignores FOR UPDATE; there the write transaction already holds the one lock.
_HEAD_LOCKED: Final = Prepared(_HEAD.with_for_update())
_OPEN_HEAD: Final = {
    "sqlite": sqlite.insert(log_head).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(log_head).on_conflict_do_nothing(),
}
_SWAP_HEAD: Final = Prepared(
    update(log_head)
    .where(
        log_head.c.site == bindparam("at_site"),
        log_head.c.size == bindparam("old_size"),
        log_head.c.leaf == bindparam("old_leaf"),
    )
    .values(size=bindparam("new_size"), leaf=bindparam("new_leaf"), recorded_ms=bindparam("new_recorded_ms"))
)
_INSERT_ENTRY: Final = Prepared(insert(log_entry), log_entry.c.keys())
_INSERT_NODE: Final = Prepared(insert(log_node), log_node.c.keys())
_ENTRIES: Final[Select[*tuple[Any, ...]]] = select(
    log_entry.c.idx,
    log_entry.c.leaf,
    log_entry.c.body,
    log_entry.c.kind,
    log_entry.c.actor,
    log_entry.c.method,
    log_entry.c.nonce,
    log_entry.c.session,
    log_entry.c.occurred_ms,
    log_entry.c.recorded_ms,
).where(log_entry.c.site == bindparam("at_site"))
_ENTRY_AT: Final = Prepared(_ENTRIES.where(log_entry.c.idx == bindparam("at")))
_ENTRY_OF_NONCE: Final = Prepared(_ENTRIES.where(log_entry.c.nonce == bindparam("of_nonce")))
_ENTRIES_BETWEEN: Final[Select[*tuple[Any, ...]]] = _ENTRIES.where(
    log_entry.c.idx >= bindparam("start"), log_entry.c.idx < bindparam("stop")
).order_by(log_entry.c.idx)
_ENTRIES_AMONG: Final[Select[*tuple[Any, ...]]] = _ENTRIES.where(
    log_entry.c.idx.in_(bindparam("indexes", expanding=True))
).order_by(log_entry.c.idx)
# The literal, not a parameter, is what lets both engines use the partial index.
_LAST_SIGNING: Final = (
    select(func.coalesce(func.max(log_entry.c.idx), -1))
    .where(
        log_entry.c.site == bindparam("at_site"),
        log_entry.c.actor == bindparam("of_actor"),
        log_entry.c.kind == literal_column("'acts_signed'"),
    )
    .scalar_subquery()
)
_UNSIGNED: Final = Prepared(
    select(log_entry.c.idx)
    .where(
        log_entry.c.site == bindparam("at_site"),
        log_entry.c.actor == bindparam("of_actor"),
        log_entry.c.method == "signed_in",
        log_entry.c.idx > _LAST_SIGNING,
    )
    .order_by(log_entry.c.idx)
)


def head(conn: Connection, site: str) -> Head:
    """Where the site's log ends, without locking; `EMPTY_HEAD` before its first entry."""
    row = conn.execute(_HEAD, {"at_site": site}).one_or_none()
    return Head(size=row.size, leaf=row.leaf, recorded_ms=row.recorded_ms) if row else EMPTY_HEAD


def lock_head(conn: Connection, site: str) -> Head:
    """Lock the site's head until the end of this write transaction, and read it.

    The lock is a statement of its own and everything else is read after it, so
    that at READ COMMITTED nothing older than the head is seen.
    """
    row = _HEAD_LOCKED.row(conn, {"at_site": site})
    if row is None:
        # Two first writers may both come here; one row wins and both then wait for it.
        conn.execute(
            _OPEN_HEAD[conn.dialect.name],
            {"site": site, "size": 0, "leaf": EMPTY_LEAF, "recorded_ms": 0},
        )
        row = _HEAD_LOCKED.rows(conn, {"at_site": site})[0]
    size, leaf, recorded_ms = row
    return Head(size=size, leaf=leaf, recorded_ms=recorded_ms)


def append(conn: Connection, site: str, head: Head, entries: Sequence[NewEntry]) -> Head:
    """Append entries right after `head`, with the subtrees they complete; return the new head.

    Raises `HeadMoved`, with nothing written, when the log no longer ends at `head`.
    """
    if not entries:
        return head
    last = entries[-1]
    after = Head(size=head.size + len(entries), leaf=last.leaf, recorded_ms=last.recorded_ms)
    nodes = _completed_nodes(conn, site, head, [entry.leaf for entry in entries])
    # The head first: it takes the lock, and the insert trigger refuses entries beyond it.
    _swap_head(conn, site, head, after)
    rows = [_row(site, head.size + place, entry) for place, entry in enumerate(entries)]
    _INSERT_ENTRY.run_each(conn, rows)
    _INSERT_NODE.run_each(conn, nodes)
    return after


def entry(conn: Connection, site: str, index: int) -> StoredEntry | None:
    """The entry at a zero-based place."""
    return _one(conn, _ENTRY_AT, {"at_site": site, "at": index})


def by_nonce(conn: Connection, site: str, nonce: str) -> StoredEntry | None:
    """The entry whose act carries this nonce: the answer to a form sent twice."""
    return _one(conn, _ENTRY_OF_NONCE, {"at_site": site, "of_nonce": nonce})


def entries(conn: Connection, site: str, start: int = 0, stop: int | None = None) -> Iterator[StoredEntry]:
    """Entries `start` to `stop` (excluded; all when None) in order, holding one chunk at a time.

    Gaps are not hidden: a missing index is simply not among the entries yielded.
    """
    end = head(conn, site).size if stop is None else stop
    for first in range(start, end, _CHUNK):
        span = {"at_site": site, "start": first, "stop": min(first + _CHUNK, end)}
        for row in conn.execute(_ENTRIES_BETWEEN, span):
            yield StoredEntry(*row)


def entries_at(conn: Connection, site: str, indexes: Sequence[int]) -> list[StoredEntry]:
    """The entries at these places, in order of index; fetched in as few round trips as possible."""
    found: list[StoredEntry] = []
    places = sorted(set(indexes))
    for first in range(0, len(places), _CHUNK):
        rows = conn.execute(_ENTRIES_AMONG, {"at_site": site, "indexes": places[first : first + _CHUNK]})
        found.extend(StoredEntry(*row) for row in rows)
    return found


def unsigned_since(conn: Connection, site: str, actor: str) -> list[int]:
    """Indexes of the actor's `signed_in` entries after the actor's last `acts_signed`."""
    return [index for (index,) in _UNSIGNED.rows(conn, {"at_site": site, "of_actor": actor})]


def _swap_head(conn: Connection, site: str, old: Head, new: Head) -> None:
    swapped = _SWAP_HEAD.run(
        conn,
        {
            "at_site": site,
            "old_size": old.size,
            "old_leaf": old.leaf,
            "new_size": new.size,
            "new_leaf": new.leaf,
            "new_recorded_ms": new.recorded_ms,
        },
    )
    if swapped != 1:
        raise HeadMoved(f"the log of {site} no longer ends at size {old.size}")


def _completed_nodes(conn: Connection, site: str, head: Head, leaves: Sequence[bytes]) -> list[dict[str, Any]]:
    """Rows of `log_node` for the subtrees that these leaves complete, read siblings in one query."""
    known = _frontier(conn, site, head, head.size + len(leaves))
    rows: list[dict[str, Any]] = []
    for size, leaf in enumerate(leaves, head.size):
        known[0, size] = leaf
        for node in merkle.appended_nodes(size, leaf, lambda level, index: known[level, index]):
            known[node.level, node.index] = node.hash
            rows.append({"site": site, "level": node.level, "idx": node.index, "hash": node.hash})
    return rows


def _frontier(conn: Connection, site: str, head: Head, size_after: int) -> dict[tuple[int, int], bytes]:
    """The left siblings that growing to `size_after` will ask for; the last leaf is in the head."""
    # The carry of the addition stops at the highest bit that changes: no merge reaches above it.
    carry = (head.size ^ size_after).bit_length() - 1
    known = {(0, head.size - 1): head.leaf}
    wanted = [(level, (head.size >> level) - 1) for level in range(1, carry) if head.size >> level & 1]
    if wanted:
        places = {
            f"{name}_{number}": value
            for number, at in enumerate(wanted)
            for name, value in zip(_PLACE, at, strict=True)
        }
        rows = _nodes_at(len(wanted)).rows(conn, places | {"at_site": site})
        known.update(((level, index), digest) for level, index, digest in rows)
    return known


@cache
def _nodes_at(count: int) -> Prepared:
    """Ask for so many nodes at once; there is one such statement for each number of levels."""
    # The site in every branch: SQLite would otherwise walk through all nodes of the site.
    return Prepared(
        select(log_node.c.level, log_node.c.idx, log_node.c.hash).where(
            or_(
                *(
                    and_(
                        log_node.c.site == bindparam("at_site"),
                        log_node.c.level == bindparam(f"level_{number}"),
                        log_node.c.idx == bindparam(f"index_{number}"),
                    )
                    for number in range(count)
                )
            )
        )
    )


def _row(site: str, index: int, entry: NewEntry) -> dict[str, Any]:
    return {
        "site": site,
        "idx": index,
        "leaf": entry.leaf,
        "body": entry.body,
        "kind": entry.kind,
        "actor": entry.actor,
        "method": entry.method,
        "nonce": entry.nonce,
        "session": entry.session,
        "occurred_ms": entry.occurred_ms,
        "recorded_ms": entry.recorded_ms,
    }


def _one(conn: Connection, statement: Prepared, values: dict[str, Any]) -> StoredEntry | None:
    row = statement.row(conn, values)
    return StoredEntry(*row) if row else None
