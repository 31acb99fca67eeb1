"""The signer's own memory: per origin the last head it signed, in a file of its own.

Apart from the database and never restored from a backup, so that a database
which lost or changed entries meets a head it cannot extend (log-format section 7).
Not here: the signing, and the consistency proof that must come before `swap`.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# A rollback journal that stays beside the file, its header zeroed and flushed at each commit: a third of the time that
# removing it takes, for then the folder must be flushed as well.
_PRAGMAS: Final = ("PRAGMA busy_timeout = 5000", "PRAGMA journal_mode = PERSIST", "PRAGMA synchronous = EXTRA")
_TABLE: Final = """
CREATE TABLE IF NOT EXISTS held (
  origin TEXT NOT NULL PRIMARY KEY,
  size INTEGER NOT NULL,
  root BLOB NOT NULL CHECK (length(root) = 32),
  note TEXT NOT NULL
) STRICT
"""


class HeldMoved(Exception):
    """The row is not the one that was read, or would go back: read it anew and judge again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The last head signed: size, root and the signed note."""

    size: int
    root: bytes
    note: str


def held(path: Path, origin: str) -> Held | None:
    """The row of this origin; None when the signer has never signed for it. Makes no file."""
    if not path.exists():
        return None
    with _opened(path) as conn:
        return _row(conn, origin)


def swap(path: Path, origin: str, old: Held | None, new: Held) -> None:
    """Replace `old` by `new`, durably; `old` is None for the first head of an origin.

    Raises `HeldMoved`, with nothing changed, when the row is not `old` or `new` is smaller.
    """
    with _opened(path) as conn, _transaction(conn):
        found = _row(conn, origin)
        if found != old:
            raise HeldMoved(f"the signer's row of {origin} has moved on since it was read")
        if old is not None and new.size < old.size:
            raise HeldMoved(f"the signer's row of {origin} cannot go back from {old.size} to {new.size}")
        conn.execute(
            "INSERT INTO held (origin, size, root, note) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (origin) DO UPDATE SET size = excluded.size, root = excluded.root, note = excluded.note",
            (origin, new.size, new.root, new.note),
        )


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        for pragma in _PRAGMAS:
            conn.execute(pragma)
        conn.execute(_TABLE)
        yield conn


@contextmanager
def _transaction(conn: sqlite3.Connection) -> Iterator[None]:
    conn.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        conn.execute("ROLLBACK")
        raise
    conn.execute("COMMIT")


def _row(conn: sqlite3.Connection, origin: str) -> Held | None:
    found = conn.execute("SELECT size, root, note FROM held WHERE origin = ?", (origin,)).fetchone()
    return Held(size=found[0], root=found[1], note=found[2]) if found else None
