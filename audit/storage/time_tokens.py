"""What a time authority answered for a checkpoint, kept as it came: one reply for each size.

Nothing is parsed or judged here (`audit.services.time_token`), and no entry is written.
"""

from typing import Final

from sqlalchemy import Connection, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite

from audit.storage.schema import time_token

MOST_REPLY_BYTES: Final = 65_536
"""A reply with its certificates is a few kilobytes; more is never read whole."""

_AT: Final = select(func.substr(time_token.c.reply, 1, MOST_REPLY_BYTES + 1)).where(
    time_token.c.site == bindparam("at_site"), time_token.c.size == bindparam("at_size")
)
_SIZES: Final = select(time_token.c.size).where(time_token.c.site == bindparam("at_site")).order_by(time_token.c.size)
_KEEP: Final = {
    "sqlite": sqlite.insert(time_token).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(time_token).on_conflict_do_nothing(),
}


def save(conn: Connection, site: str, size: int, reply: bytes) -> bytes:
    """Keep a reply for the checkpoint at `size` and return the one kept: the first stays."""
    conn.execute(_KEEP[conn.dialect.name], {"site": site, "size": size, "reply": reply})
    return at(conn, site, size) or reply


def at(conn: Connection, site: str, size: int) -> bytes | None:
    """The reply kept for the checkpoint at `size`; of one that is too long, the beginning and one byte too many."""
    found: bytes | None = conn.scalar(_AT.limit(1), {"at_site": site, "at_size": size})
    return None if found is None else bytes(found)


def sizes(conn: Connection, site: str) -> tuple[int, ...]:
    """The sizes with a reply, smallest first."""
    return tuple(conn.scalars(_SIZES, {"at_site": site}))
