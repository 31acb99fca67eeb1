"""Makes sure that what was deleted from the sealed tables is in no file of the database any more.

Deleting a row frees its place; its bytes may stay in the file, in copies that the engine left when it moved rows
between pages, and in the write-ahead log. Here the tables are written anew. Not here: what is deleted and why
(`seals.destroy`), copies made for backup, and PostgreSQL's own write-ahead log, which no client can clean.
"""

import sqlite3
from typing import Any, Final

from sqlalchemy.engine import Engine

from audit.storage.schema import sealed, sealed_key

TABLES: Final = (sealed_key.name, sealed.name)
_WAIT: Final = "5s"


def scrub(engine: Engine) -> bool:
    """Rewrite what held sealed values; say whether it is done, or others used the database meanwhile.

    SQLite: `VACUUM` writes every live row into new pages and a truncating checkpoint brings them over the old ones
    (sqlite.org/lang_vacuum.html, pragma wal_checkpoint). PostgreSQL: `VACUUM (FULL)` writes the two tables into new
    files and removes the old ones; needs the tables' owner.
    """
    pooled = engine.raw_connection()
    conn: Any = pooled.driver_connection
    pooled.detach()
    try:
        return _scrub_sqlite(conn) if engine.dialect.name == "sqlite" else _scrub_postgresql(conn)
    finally:
        conn.close()


def _scrub_sqlite(conn: sqlite3.Connection) -> bool:
    try:
        conn.execute("VACUUM")
        busy, _, _ = conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.OperationalError:  # locked, or no room for the copy: the caller tries again
        return False
    return not busy


def _scrub_postgresql(conn: Any) -> bool:  # noqa: ANN401 (the driver is an extra)
    conn.autocommit = True
    before = _files(conn)
    try:
        conn.execute(f"SET lock_timeout = '{_WAIT}'")
        for table in TABLES:
            conn.execute(f"VACUUM (FULL) {table}")
    except conn.OperationalError:  # somebody holds the tables: the caller tries again
        return False
    # Whoever may not rewrite a table is only warned; then it still stands in its old file.
    return before.isdisjoint(_files(conn))


def _files(conn: Any) -> set[object]:  # noqa: ANN401 (as above)
    return {conn.execute("SELECT pg_relation_filenode(%s)", (table,)).fetchone()[0] for table in TABLES}
