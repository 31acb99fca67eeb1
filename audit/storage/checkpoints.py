"""Signed checkpoints as the database keeps them, one per size.

The signer's own memory is `signer_store.py`, in another file on purpose: these
rows go away with the database they vouch for. No note is parsed or checked here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from audit.storage.schema import checkpoint


class CheckpointDiffers(Exception):
    """Another root or note is kept for this size already: two histories, or a changed row."""


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """A signed note over the first `size` entries, whose root is `root`."""

    size: int
    root: bytes
    note: str


_CHECKPOINTS: Final[Select[*tuple[Any, ...]]] = select(checkpoint.c.size, checkpoint.c.root, checkpoint.c.note).where(
    checkpoint.c.site == bindparam("at_site")
)
_AT: Final = _CHECKPOINTS.where(checkpoint.c.size == bindparam("at_size"))
_LATEST: Final = _CHECKPOINTS.order_by(checkpoint.c.size.desc()).limit(1)
_COVERING: Final = _CHECKPOINTS.where(checkpoint.c.size > bindparam("of_index")).order_by(checkpoint.c.size).limit(1)
_KEEP: Final = {
    "sqlite": sqlite.insert(checkpoint).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(checkpoint).on_conflict_do_nothing(),
}
_ALL: Final = _CHECKPOINTS.order_by(checkpoint.c.size)


def save(conn: Connection, site: str, size: int, root: bytes, note: str) -> None:
    """Keep a checkpoint; keeping the very same one again changes nothing.

    Raises `CheckpointDiffers` when another one is kept for this size.
    """
    at: dict[str, str | int] = {"at_site": site, "at_size": size}
    kept = _one(conn, _AT, at)
    if kept is None:
        # Two workers may keep the same one at one moment: the second waits for the first, then finds it there.
        conn.execute(_KEEP[conn.dialect.name], {"site": site, "size": size, "root": root, "note": note})
        kept = _one(conn, _AT, at)
    if kept != StoredCheckpoint(size, root, note):
        raise CheckpointDiffers(f"the log of {site} has another checkpoint at size {size}")


def latest(conn: Connection, site: str) -> StoredCheckpoint | None:
    """The checkpoint of the largest size."""
    return _one(conn, _LATEST, {"at_site": site})


def covering(conn: Connection, site: str, index: int) -> StoredCheckpoint | None:
    """The smallest checkpoint that covers the entry at `index`."""
    return _one(conn, _COVERING, {"at_site": site, "of_index": index})


def note_at(conn: Connection, site: str, size: int) -> str | None:
    """The note kept for a size, whatever its columns say; None where none is kept."""
    note: str | None = conn.scalar(
        select(checkpoint.c.note).where(checkpoint.c.site == site, checkpoint.c.size == size).limit(1)
    )
    return note


def every(conn: Connection, site: str) -> Iterator[StoredCheckpoint]:
    """All checkpoints, smallest first."""
    for row in conn.execute(_ALL, {"at_site": site}):
        yield StoredCheckpoint(*row)


def _one(
    conn: Connection, statement: Select[*tuple[Any, ...]], values: dict[str, str | int]
) -> StoredCheckpoint | None:
    row = conn.execute(statement, values).one_or_none()
    return StoredCheckpoint(*row) if row else None
