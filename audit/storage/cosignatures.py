"""Cosigners' lines on checkpoints, one for each cosigner and size, beside checkpoints whose own rows never change.

No line is parsed or checked here: what is kept was checked before, and verifying checks it again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite

from audit.storage.checkpoints import StoredCheckpoint
from audit.storage.schema import cosignature


@dataclass(frozen=True, slots=True)
class CosignatureRow:
    """One cosigner's signature line, with its newline, on the checkpoint at `size`."""

    size: int
    name: str
    line: str


_ROWS: Final[Select[*tuple[Any, ...]]] = select(cosignature.c.size, cosignature.c.name, cosignature.c.line).where(
    cosignature.c.site == bindparam("at_site")
)
_ALL: Final = _ROWS.order_by(cosignature.c.size, cosignature.c.name)
_AT: Final = _ALL.where(cosignature.c.size == bindparam("at_size"))
_KEEP: Final = {
    "sqlite": sqlite.insert(cosignature).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(cosignature).on_conflict_do_nothing(),
}


def save(conn: Connection, site: str, row: CosignatureRow) -> None:
    """Keep a line; the first one of a cosigner on a checkpoint stays."""
    conn.execute(_KEEP[conn.dialect.name], {"site": site, "size": row.size, "name": row.name, "line": row.line})


def lines_at(conn: Connection, site: str, size: int) -> tuple[CosignatureRow, ...]:
    """The lines on the checkpoint at a size, by name."""
    return tuple(CosignatureRow(*row) for row in conn.execute(_AT, {"at_site": site, "at_size": size}))


def every(conn: Connection, site: str) -> Iterator[CosignatureRow]:
    """All lines, smallest size first."""
    for row in conn.execute(_ALL, {"at_site": site}):
        yield CosignatureRow(*row)


def last_of_each(conn: Connection, site: str) -> dict[str, CosignatureRow]:
    """The line at the largest size of each cosigner, by name."""
    largest = (
        select(cosignature.c.name, func.max(cosignature.c.size).label("size"))
        .where(cosignature.c.site == site)
        .group_by(cosignature.c.name)
        .subquery()
    )
    query = (
        select(cosignature.c.size, cosignature.c.name, cosignature.c.line)
        .join(largest, (cosignature.c.name == largest.c.name) & (cosignature.c.size == largest.c.size))
        .where(cosignature.c.site == site)
    )
    return {row.name: CosignatureRow(*row) for row in conn.execute(query)}


def note_with_lines(conn: Connection, site: str, checkpoint: StoredCheckpoint) -> str:
    """The note of a checkpoint, with the lines of its cosigners after the log's own."""
    return checkpoint.note + "".join(row.line for row in lines_at(conn, site, checkpoint.size))
