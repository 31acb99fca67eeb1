"""Opening the database, and the two ways to use it: `write` and `read`.

A write is durable when `write` returns: SQLite runs in WAL with full syncs,
PostgreSQL is refused unless it flushes before it answers. Not here: the tables,
and trying again after `is_transient`, which only the caller can do, because only
it can build the whole act anew on the moved head.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from audit.storage.guards import Unguarded, assert_guarded
from audit.storage.prepared import run_words

if TYPE_CHECKING:
    import psycopg  # the driver is an extra: a clinic on SQLite runs without it

__all__ = [
    "Connection",
    "DatabaseFault",
    "Engine",
    "OutcomeUnknown",
    "StorageRefused",
    "Unguarded",
    "assert_guarded",
    "is_transient",
    "open_engine",
    "read",
    "write",
]

DatabaseFault = DBAPIError
"""Any error of the database under an act, for those who may not name SQLAlchemy."""

# SQLite: a snapshot that only reads must not queue behind the one writer. Whatever does not
# say that it reads takes the write lock at once: a lock taken later fails on a stale snapshot.
_READS: Final = "audit_reads"
_NOTICES: Final = "audit_notices"

_SQLITE_PRAGMAS: Final = (
    ("busy_timeout", 5000),
    ("synchronous", "FULL"),
    ("foreign_keys", "ON"),
    # Without it INSERT OR REPLACE deletes a row and never asks the delete trigger.
    ("recursive_triggers", "ON"),
    # Erased keys must not stay readable in free pages.
    ("secure_delete", "ON"),
    ("temp_store", "MEMORY"),
    ("cache_size", -32_000),
)
# PostgreSQL settings under which a commit that returned is on disk (remote_apply says more than on).
_DURABLE: Final = {
    "fsync": ("on",),
    "synchronous_commit": ("on", "remote_apply"),
    "full_page_writes": ("on",),
}
# serialization_failure, deadlock_detected, lock_not_available (PostgreSQL, appendix A).
_TRANSIENT_STATES: Final = ("40001", "40P01", "55P03")
_TRANSIENT_CODES: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_WARNING_STATE: Final = "01000"


class StorageRefused(Exception):
    """The database cannot keep what this service promises; the message says what to change."""


class OutcomeUnknown(Exception):
    """The commit may or may not last: look the nonce up before answering anybody."""


def open_engine(url: str) -> Engine:
    """Open `sqlite:///file` or `postgresql+psycopg://...`; connects on first use.

    Raises `StorageRefused` for another database or one in memory, and, on the
    first connection, for one that would lose acknowledged entries.
    """
    parts = make_url(url)
    if parts.drivername in ("sqlite", "sqlite+pysqlite"):
        if parts.database in (None, "", ":memory:"):
            raise StorageRefused("SQLite needs a file: a log in memory is lost at exit")
        engine = create_engine(parts, pool_size=5, max_overflow=15, hide_parameters=True)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if parts.drivername == "postgresql+psycopg":
        engine = create_engine(
            parts,
            isolation_level="READ COMMITTED",
            pool_size=5,
            max_overflow=15,
            pool_pre_ping=True,
            # What a statement carries must not come out with its error in a line of the logger.
            hide_parameters=True,
        )
        event.listen(engine, "connect", _prepare_postgresql)
        return engine
    raise StorageRefused(f"expected sqlite:///<file> or postgresql+psycopg://..., met {parts.drivername}")


@contextmanager
def write(engine: Engine) -> Iterator[Connection]:
    """One write transaction: committed and durable at the end, rolled back on any exception.

    Raises `OutcomeUnknown` when the commit was sent and its answer did not come
    or was taken back (a cancelled wait for the standby).
    """
    with engine.connect() as conn:
        transaction = conn.begin()
        try:
            yield conn
        except BaseException:
            transaction.rollback()
            raise
        notices: list[str] = conn.connection.info.get(_NOTICES, [])
        notices.clear()
        try:
            transaction.commit()
        except DBAPIError as error:
            if _is_outcome_unknown(error):
                raise OutcomeUnknown(str(error.orig)) from error
            transaction.rollback()
            raise
        if notices:
            raise OutcomeUnknown("; ".join(notices))


@contextmanager
def read(engine: Engine) -> Iterator[Connection]:
    """One consistent snapshot for as long as the block lasts; nothing can be written in it."""
    with engine.connect() as conn:
        if conn.dialect.name == "postgresql":
            conn.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        else:
            conn.execution_options(**{_READS: True})
        with conn.begin() as transaction:
            yield conn
            transaction.rollback()


def is_transient(error: BaseException) -> bool:
    """Whether the same act, built anew, may succeed: locked, deadlock or serialisation failure."""
    if not isinstance(error, DBAPIError):
        return False
    if isinstance(error.orig, sqlite3.Error):
        return _sqlite_code(error) in _TRANSIENT_CODES
    return getattr(error.orig, "sqlstate", None) in _TRANSIENT_STATES


def _prepare_sqlite(connection: sqlite3.Connection, _record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None
    for name, value in _SQLITE_PRAGMAS:
        connection.execute(f"PRAGMA {name} = {value}")
    # WAL stays with the file; asking again would need a lock for nothing.
    (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    if mode != "wal":
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        connection.close()
        raise StorageRefused(f"SQLite keeps journal_mode={mode} here, expected wal")


def _begin_sqlite(conn: Connection) -> None:
    run_words(conn, "BEGIN" if conn.get_execution_options().get(_READS) else "BEGIN IMMEDIATE")


def _prepare_postgresql(connection: "psycopg.Connection[Any]", record: ConnectionPoolEntry) -> None:
    for name, accepted in _DURABLE.items():
        row = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
        met = row[0] if row else "nothing"
        if met not in accepted:
            connection.close()
            raise StorageRefused(
                f"PostgreSQL has {name}={met}, expected {accepted[0]}: a power cut would lose acknowledged entries"
            )
    connection.rollback()
    notices: list[str] = []
    record.info[_NOTICES] = notices

    def keep(diagnostic: "psycopg.errors.Diagnostic") -> None:
        if diagnostic.sqlstate == _WARNING_STATE:
            notices.append(diagnostic.message_primary or "warning without words")

    connection.add_notice_handler(keep)


def _is_outcome_unknown(error: DBAPIError) -> bool:
    """A lost connection, or a failed sync, leaves open what the next start will find."""
    return error.connection_invalidated or _sqlite_code(error) == sqlite3.SQLITE_IOERR


def _sqlite_code(error: DBAPIError) -> int | None:
    if not isinstance(error.orig, sqlite3.Error):
        return None
    # The low byte is the primary code (sqlite.org/rescode.html).
    return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
