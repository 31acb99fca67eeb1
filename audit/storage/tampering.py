"""What an administrator of the database can do to a log with SQL: for drills and tests, on copies alone.

Triggers are taken away first and put back afterwards, as somebody would who does not want to be noticed. Whoever calls
this has already judged that the database is a copy. Not here: forged entries (`services.drill`) and any secret.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, text, update

from audit.storage import guards
from audit.storage.checkpoints import StoredCheckpoint
from audit.storage.derived import PostingRow
from audit.storage.engine import read, write
from audit.storage.log import EMPTY_LEAF, StoredEntry
from audit.storage.schema import (
    checkpoint,
    cosignature,
    entry_key,
    log_entry,
    log_head,
    log_node,
    metadata,
    posting,
    sealed,
    sealed_key,
    time_token,
)

_CHUNK = 500
_OF_ENTRIES = (log_entry, posting, entry_key, sealed)
_OF_SIZES = (checkpoint, cosignature, time_token)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retold:
    """A log from `start` on as it is told anew; `moved` says which place each old entry's sealed values go to."""

    start: int
    entries: Sequence[StoredEntry]
    nodes: Sequence[tuple[int, int, bytes]]
    postings: Sequence[PostingRow]
    keys: Sequence[tuple[int, str]]
    moved: Mapping[int, int] = field(default_factory=dict)


def copy_database(source: Engine, target: Engine) -> None:
    """Copy every row of every table into an empty database of the same version, of whichever engine."""
    with read(source) as there, write(target) as here:
        guards.drop(here)
        for table in metadata.sorted_tables:
            rows = there.execute(select(table), execution_options={"yield_per": _CHUNK})
            for part in rows.mappings().partitions(_CHUNK):
                here.execute(insert(table), [dict(row) for row in part])
        guards.create(here)


@contextmanager
def as_administrator(engine: Engine) -> Iterator[Connection]:
    """A transaction without triggers and without the rules that one nonce or one hash stands once, then with triggers.

    The triggers come back before it commits: who looks for missing ones finds none.
    """
    with write(engine) as conn:
        guards.drop(conn)
        _ease(conn)
        yield conn
        guards.create(conn)


def replace_body(conn: Connection, site: str, index: int, body: bytes) -> None:
    """Put other bytes into a row and change nothing else of it."""
    conn.execute(update(log_entry).where(log_entry.c.site == site, log_entry.c.idx == index).values(body=body))


def delete_entries(conn: Connection, site: str, start: int, stop: int | None = None) -> None:
    """Delete the rows of entries from `start` up to before `stop` (to the end when None), from `log_entry` alone."""
    where = [log_entry.c.site == site, log_entry.c.idx >= start]
    conn.execute(delete(log_entry).where(*where, *([log_entry.c.idx < stop] if stop is not None else [])))


def swap_entries(conn: Connection, site: str, one: int, other: int) -> None:
    """Let two rows change their places."""
    for old, new in ((one, -1), (other, one), (-1, other)):
        conn.execute(update(log_entry).where(log_entry.c.site == site, log_entry.c.idx == old).values(idx=new))


def cut(conn: Connection, site: str, size: int) -> None:
    """Take every trace of the entries from `size` on out of every table, as an older backup would have none."""
    for table in _OF_ENTRIES:
        conn.execute(delete(table).where(table.c.site == site, table.c.idx >= size))
    drop_heads(conn, site, above=size)
    for level, index in conn.execute(select(log_node.c.level, log_node.c.idx).where(log_node.c.site == site)).all():
        if (index + 1) << level > size:
            _delete_node(conn, site, level, index)
    _forget_unused_keys(conn, site)
    _set_head(conn, site, size)


def retell(conn: Connection, site: str, retold: Retold) -> None:
    """Replace a log from `retold.start` on, with its tree, its derived tables and its head."""
    start = retold.start
    for table in (log_entry, posting, entry_key):
        conn.execute(delete(table).where(table.c.site == site, table.c.idx >= start))
    conn.execute(delete(log_node).where(log_node.c.site == site))
    _insert(conn, log_entry, [_entry_row(site, entry) for entry in retold.entries])
    nodes = [{"site": site, "level": level, "idx": index, "hash": digest} for level, index, digest in retold.nodes]
    _insert(conn, log_node, nodes)
    _insert(conn, posting, [_posting_row(site, row) for row in retold.postings])
    _insert(conn, entry_key, [{"site": site, "key": key, "idx": index} for index, key in retold.keys])
    _move_seals(conn, site, start, retold.moved)
    size = retold.entries[-1].index + 1 if retold.entries else start
    _set_head(conn, site, size)


def drop_tokens_but(conn: Connection, site: str, named: Collection[int]) -> None:
    """Delete the time tokens over sizes that no entry names."""
    where = (time_token.c.site == site, time_token.c.size.not_in(list(named)))
    conn.execute(delete(time_token).where(*where))


def drop_heads(conn: Connection, site: str, *, above: int) -> list[int]:
    """Delete checkpoints, cosigners' lines and time tokens above a size; return the sizes of those checkpoints."""
    query = select(checkpoint.c.size).where(checkpoint.c.site == site, checkpoint.c.size > above)
    sizes = list(conn.scalars(query.order_by(checkpoint.c.size)))
    for table in _OF_SIZES:
        conn.execute(delete(table).where(table.c.site == site, table.c.size > above))
    return sizes


def put_checkpoints(conn: Connection, site: str, notes: Sequence[StoredCheckpoint]) -> None:
    """Insert checkpoints."""
    _insert(conn, checkpoint, [{"site": site, "size": one.size, "root": one.root, "note": one.note} for one in notes])


def tokens(conn: Connection, site: str) -> list[tuple[int, bytes]]:
    """Every time token by size."""
    query = select(time_token.c.size, time_token.c.reply).where(time_token.c.site == site).order_by(time_token.c.size)
    return [(row.size, row.reply) for row in conn.execute(query)]


def put_tokens(conn: Connection, site: str, kept: Sequence[tuple[int, bytes]]) -> None:
    """Insert time tokens by size."""
    _insert(conn, time_token, [{"site": site, "size": size, "reply": reply} for size, reply in kept])


def drop_cosignatures(conn: Connection, site: str) -> int:
    """Delete every cosigner's line; return how many there were."""
    return conn.execute(delete(cosignature).where(cosignature.c.site == site)).rowcount


def drop_seal(conn: Connection, site: str, index: int, name: str) -> None:
    """Delete one sealed value, and its owner's key where nothing else is sealed under it."""
    conn.execute(delete(sealed).where(sealed.c.site == site, sealed.c.idx == index, sealed.c.field == name))
    _forget_unused_keys(conn, site)


def exchange_seals(conn: Connection, site: str, name: str, between: tuple[int, int]) -> None:
    """Let the stored values of one field change places between two entries; whom they are kept for stays."""
    one, other = between
    query = select(sealed.c.idx, sealed.c.owner, sealed.c.ciphertext).where(
        sealed.c.site == site, sealed.c.field == name, sealed.c.idx.in_([one, other])
    )
    for row in conn.execute(query).all():
        place = other if row.idx == one else one
        where = (sealed.c.site == site, sealed.c.idx == place, sealed.c.field == name)
        conn.execute(update(sealed).where(*where).values(ciphertext=row.ciphertext))


def change_postings(conn: Connection, site: str, index: int, *, more_ug: int) -> None:
    """Let an entry's postings say that so many micrograms more moved, on both sides, so that they still sum to zero."""
    rows = conn.execute(select(posting.c.line, posting.c.mass_ug).where(posting.c.site == site, posting.c.idx == index))
    for row in rows.all():
        mass = row.mass_ug + (more_ug if row.mass_ug > 0 else -more_ug)
        where = (posting.c.site == site, posting.c.idx == index, posting.c.line == row.line)
        conn.execute(update(posting).where(*where).values(mass_ug=mass))


def wipe(conn: Connection) -> None:
    """Empty every table."""
    for table in reversed(metadata.sorted_tables):
        conn.execute(delete(table))


def put_in_place(conn: Connection, other: Connection, site: str) -> None:
    """Fill empty tables with another site's rows, under this site's name."""
    for table in metadata.sorted_tables:
        rows = [dict(row) | {"site": site} for row in other.execute(select(table)).mappings() if "site" in row]
        _insert(conn, table, rows)


def _ease(conn: Connection) -> None:
    if conn.dialect.name == "postgresql":
        for name in ("log_entry_leaf_is_of_body", "log_entry_site_leaf_unique", "log_entry_site_nonce_unique"):
            conn.execute(text(f"ALTER TABLE log_entry DROP CONSTRAINT IF EXISTS {name}"))
        return
    _rebuild_without_unique(conn)


def _rebuild_without_unique(conn: Connection) -> None:
    """SQLite drops no constraint: the table is made anew without it and takes the old one's name and indexes."""
    made = str(conn.scalar(text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'log_entry'")))
    plain = re.sub(r",\s*(CONSTRAINT \"?\w+\"? )?UNIQUE \([^)]*\)", "", made)
    if plain == made:
        return
    indexes = conn.scalars(
        text("SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'log_entry' AND sql IS NOT NULL")
    ).all()
    conn.exec_driver_sql(re.sub(r"\blog_entry\b", "log_entry_new", plain, count=1))
    conn.exec_driver_sql("INSERT INTO log_entry_new SELECT * FROM log_entry")
    conn.exec_driver_sql("DROP TABLE log_entry")
    conn.exec_driver_sql("ALTER TABLE log_entry_new RENAME TO log_entry")
    for index in indexes:
        conn.exec_driver_sql(str(index))


def _set_head(conn: Connection, site: str, size: int) -> None:
    where = (log_entry.c.site == site, log_entry.c.idx == size - 1)
    last = conn.execute(select(log_entry.c.leaf, log_entry.c.recorded_ms).where(*where)).one_or_none()
    leaf, recorded_ms = (last.leaf, last.recorded_ms) if last else (EMPTY_LEAF, 0)
    values = {"size": size, "leaf": leaf, "recorded_ms": recorded_ms}
    conn.execute(update(log_head).where(log_head.c.site == site).values(**values))


def _delete_node(conn: Connection, site: str, level: int, index: int) -> None:
    conn.execute(delete(log_node).where(log_node.c.site == site, log_node.c.level == level, log_node.c.idx == index))


def _move_seals(conn: Connection, site: str, start: int, moved: Mapping[int, int]) -> None:
    places = conn.scalars(select(sealed.c.idx).where(sealed.c.site == site, sealed.c.idx >= start).distinct()).all()
    for old in places:
        where = (sealed.c.site == site, sealed.c.idx == old)
        if old not in moved:
            conn.execute(delete(sealed).where(*where))
        else:  # first out of the way of its neighbours
            conn.execute(update(sealed).where(*where).values(idx=-1 - moved[old]))
    conn.execute(update(sealed).where(sealed.c.site == site, sealed.c.idx < 0).values(idx=-1 - sealed.c.idx))
    _forget_unused_keys(conn, site)


def _forget_unused_keys(conn: Connection, site: str) -> None:
    used = select(sealed.c.owner).where(sealed.c.site == site)
    conn.execute(delete(sealed_key).where(sealed_key.c.site == site, sealed_key.c.owner.not_in(used)))


def _insert(conn: Connection, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:  # noqa: ANN401 -- any table
    for start in range(0, len(rows), _CHUNK):
        conn.execute(insert(table), [dict(row) for row in rows[start : start + _CHUNK]])


def _entry_row(site: str, entry: StoredEntry) -> dict[str, Any]:
    return {
        "site": site,
        "idx": entry.index,
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


def _posting_row(site: str, row: PostingRow) -> dict[str, Any]:
    return {
        "site": site,
        "idx": row.index,
        "line": row.line,
        "account": row.account,
        "container": row.container,
        "session": row.session,
        "strength": row.strength,
        "form": row.form,
        "mass_ug": row.mass_ug,
        "occurred_ms": row.occurred_ms,
    }
