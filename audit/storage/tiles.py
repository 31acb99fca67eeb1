"""Tiles read from the database: hashes of complete subtrees and the bytes of entries, a whole tile in one query.

Level L of tiles is level 8L of the stored subtrees; level 0 are the leaves beside the entries. Here no tile is judged,
and nothing is written.
"""

from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, select

from audit.storage.schema import log_entry, log_node
from audit.storage.tree import NodeMissing
from audit.tlog.tile import HEIGHT, Tile, format_entries

_LEAVES: Final[Select[*tuple[Any, ...]]] = (
    select(log_entry.c.leaf)
    .where(
        log_entry.c.site == bindparam("at_site"),
        log_entry.c.idx >= bindparam("start"),
        log_entry.c.idx < bindparam("stop"),
    )
    .order_by(log_entry.c.idx)
)
_BODIES: Final = _LEAVES.with_only_columns(log_entry.c.body)
_NODES: Final[Select[*tuple[Any, ...]]] = (
    select(log_node.c.hash)
    .where(
        log_node.c.site == bindparam("at_site"),
        log_node.c.level == bindparam("at_level"),
        log_node.c.idx >= bindparam("start"),
        log_node.c.idx < bindparam("stop"),
    )
    .order_by(log_node.c.idx)
)


def read_tile(conn: Connection, site: str, tile: Tile) -> bytes:
    """Return the bytes of a tile that the log is long enough for.

    Raises `NodeMissing` where rows of it are gone.
    """
    span: dict[str, str | int] = {"at_site": site, "start": tile.start, "stop": tile.start + tile.width}
    if tile.level:
        found = conn.scalars(_NODES, span | {"at_level": HEIGHT * tile.level}).all()
    else:
        found = conn.scalars(_BODIES if tile.level is None else _LEAVES, span).all()
    if len(found) != tile.width:
        raise NodeMissing(f"the log of {site} has {len(found)} of {tile.width} rows of {tile.path}")
    return format_entries(found) if tile.level is None else b"".join(found)
