"""Reading every stored row as it is, for verification: in order, as a stream, hiding nothing and judging nothing.

Unlike `log`, `ledger` and `people`, which read what a use case needs, these readers take no head for an end and no
key for unique: a row beyond the head, or there twice, comes out like any other. Nothing here writes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Engine, Integer, Table, case, cast, func, make_url, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.expression import Select

from audit.storage import engine as engines
from audit.storage.engine import StorageRefused
from audit.storage.guards import Unguarded, assert_guarded
from audit.storage.log import Head, StoredEntry
from audit.storage.people import account
from audit.storage.schema import (
    checkpoint,
    cosignature,
    entry_key,
    log_entry,
    log_head,
    log_node,
    posting,
    sealed,
    sealed_key,
    time_token,
)
from audit.storage.upgrade import HEAD, revision

# Rows per round trip: about a megabyte of entries.
_CHUNK: Final = 1000
# Negative, as SQLite wants it for KiB rather than pages.
_CACHE_KIB: Final = -4_000
# What the place of a subtree can be so that its last entry is still a number both engines hold.
_HIGHEST_LEVEL: Final = 30
_MOST_SUBTREES: Final = 2**31
_TABLES: Final = (
    log_head,
    log_entry,
    log_node,
    checkpoint,
    posting,
    entry_key,
    sealed,
    sealed_key,
    account,
    cosignature,
    time_token,
)


@dataclass(frozen=True, slots=True)
class PostingRow:
    """One row of `posting`, without its site."""

    index: int
    line: int
    account: str
    container: str | None
    session: str | None
    strength: int
    form: str
    mass_ug: int
    occurred_ms: int


@dataclass(frozen=True, slots=True)
class Stray:
    """Rows of a table that belong to no log: their site, and the first entry they speak of, where they do."""

    table: str
    site: str
    index: int | None


@dataclass(frozen=True, slots=True)
class NodeRow:
    """One row of `log_node`, without its site."""

    level: int
    index: int
    hash: bytes

    @property
    def completed_at(self) -> int:
        """Return the entry that completes this subtree; -1 for a place that no log reaches."""
        is_possible = 1 <= self.level <= _HIGHEST_LEVEL and 0 <= self.index <= _MOST_SUBTREES
        return ((self.index + 1) << self.level) - 1 if is_possible else -1


@dataclass(frozen=True, slots=True)
class SealedRow:
    """One row of `sealed`, without its site."""

    index: int
    field: str
    owner: str
    ciphertext: bytes


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One row of `account`, without its site, its columns as they are stored."""

    person: str
    name: str
    sign_in: str
    profession: str
    licence: str
    roles: str
    password: str | None
    active: int


def open_database(url: str) -> Engine:
    """Open a database that is there; unlike `open_engine`, never makes an empty one by looking.

    Raises `StorageRefused`.
    """
    parts = make_url(url)
    if parts.drivername.startswith("sqlite") and not Path(parts.database or "").is_file():
        raise StorageRefused(f"there is no database at {parts.database}")
    return engines.open_engine(url)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent snapshot of a database of this version.

    Raises `StorageRefused` where there is none, it is of another version, or it cannot be read to the end.
    """
    try:
        found = revision(engine)
        if found != HEAD:
            raise StorageRefused(f"the database is at revision {found or 'none'}, this version reads {HEAD}")
        with engines.read(engine) as conn, _little_cache(conn):
            yield conn
    except DBAPIError as error:
        raise StorageRefused(f"the database cannot be read: {error.orig}") from error


@contextmanager
def _little_cache(conn: Connection) -> Iterator[None]:
    """Every row is read once and in order: a large cache of SQLite would only take memory."""
    if conn.dialect.name != "sqlite":
        yield
        return
    before = conn.exec_driver_sql("PRAGMA cache_size").scalar_one()
    conn.exec_driver_sql(f"PRAGMA cache_size = {_CACHE_KIB}")
    try:
        yield
    finally:
        conn.exec_driver_sql(f"PRAGMA cache_size = {int(before)}")


def sites(conn: Connection) -> tuple[str, ...]:
    """Every site that has a head or an entry, by name."""
    found = set(conn.scalars(select(log_head.c.site))) | set(conn.scalars(select(log_entry.c.site).distinct()))
    return tuple(sorted(found))


def strays(conn: Connection) -> tuple[Stray, ...]:
    """Rows of a site that has neither head nor entry, the first of each table and site."""
    known = set(sites(conn))
    found = []
    for table in _TABLES:
        place = _entry_of(table)
        for site in sorted(set(conn.scalars(select(table.c.site).distinct())) - known):
            index = conn.scalar(select(func.min(place)).where(table.c.site == site)) if place is not None else None
            found.append(Stray(table.name, site, index))
    return tuple(found)


def heads(conn: Connection, site: str) -> tuple[Head, ...]:
    """The rows of `log_head` of a site: one, unless somebody made it otherwise."""
    rows = conn.execute(select(log_head.c.size, log_head.c.leaf, log_head.c.recorded_ms).where(log_head.c.site == site))
    return tuple(Head(size=row.size, leaf=row.leaf, recorded_ms=row.recorded_ms) for row in rows)


def count(conn: Connection, site: str) -> int:
    """How many rows `log_entry` has for a site."""
    found: int = conn.scalar(select(func.count()).select_from(log_entry).where(log_entry.c.site == site)) or 0
    return found


def entries(conn: Connection, site: str) -> Iterator[StoredEntry]:
    """Every row of `log_entry`, by index."""
    columns = [column for column in log_entry.c if column.name != "site"]
    for row in _stream(conn, select(*columns).where(log_entry.c.site == site).order_by(log_entry.c.idx)):
        yield StoredEntry(*row)


def body_at(conn: Connection, site: str, index: int) -> bytes | None:
    """The bytes stored at an index; None where there are none."""
    body: bytes | None = conn.scalar(
        select(log_entry.c.body).where(log_entry.c.site == site, log_entry.c.idx == index).limit(1)
    )
    return body


def postings(conn: Connection, site: str) -> Iterator[PostingRow]:
    """Every row of `posting`, by index and line."""
    columns = [column for column in posting.c if column.name != "site"]
    query = select(*columns).where(posting.c.site == site).order_by(posting.c.idx, posting.c.line)
    for row in _stream(conn, query):
        yield PostingRow(*row)


def keys(conn: Connection, site: str) -> Iterator[tuple[int, str]]:
    """Every row of `entry_key` as (index, key), by index."""
    query = select(entry_key.c.idx, entry_key.c.key).where(entry_key.c.site == site)
    for row in _stream(conn, query.order_by(entry_key.c.idx, entry_key.c.key)):
        yield row.idx, row.key


def nodes(conn: Connection, site: str) -> Iterator[NodeRow]:
    """Every row of `log_node`, in the order in which entries complete subtrees; places beyond any log come first."""
    level, index = log_node.c.level, log_node.c.idx
    is_possible = level.between(1, _HIGHEST_LEVEL) & index.between(0, _MOST_SUBTREES)
    completed = case((is_possible, (index + 1).op("<<")(cast(level, Integer))), else_=0)
    query = select(level, index, log_node.c.hash).where(log_node.c.site == site)
    for row in _stream(conn, query.order_by(completed, level, index)):
        yield NodeRow(row.level, row.idx, row.hash)


def sealed_rows(conn: Connection, site: str) -> Iterator[SealedRow]:
    """Every row of `sealed`, by index and field."""
    columns = (sealed.c.idx, sealed.c.field, sealed.c.owner, sealed.c.ciphertext)
    for row in _stream(conn, select(*columns).where(sealed.c.site == site).order_by(sealed.c.idx, sealed.c.field)):
        yield SealedRow(*row)


def sealed_keys(conn: Connection, site: str) -> list[tuple[str, bytes]]:
    """Every row of `sealed_key` as (owner, wrapped key): one for each patient and each entry with a seal."""
    query = select(sealed_key.c.owner, sealed_key.c.wrapped).where(sealed_key.c.site == site)
    return [(row.owner, row.wrapped) for row in conn.execute(query.order_by(sealed_key.c.owner))]


def accounts(conn: Connection, site: str) -> tuple[AccountRow, ...]:
    """Every row of `account`, by person."""
    columns = [column for column in account.c if column.name != "site"]
    query = select(*columns).where(account.c.site == site).order_by(account.c.person)
    return tuple(AccountRow(*row) for row in conn.execute(query))


def missing_guards(conn: Connection) -> tuple[str, ...]:
    """Names of the append-only triggers that are not there or are not ours."""
    try:
        assert_guarded(conn)
    except Unguarded as unguarded:
        return unguarded.names
    return ()


def _entry_of(table: Table) -> ColumnElement[int] | None:
    """Which entry a row speaks of, as SQL; None where it speaks of a person, an owner or a subtree."""
    if table in (log_head, checkpoint, cosignature, time_token):
        return table.c.size - 1
    return table.c.idx if "idx" in table.c and table is not log_node else None


def _stream(conn: Connection, query: Select[Any]) -> Iterator[Any]:
    yield from conn.execute(query, execution_options={"yield_per": _CHUNK})
