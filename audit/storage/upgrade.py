"""Bringing a database to the schema of this version, and saying which one it has.

A database that is up to date is recognised by one query, without loading the
migration tool, so that a start stays quick. Missing triggers are never put back
here: that they are missing is something to be told (`guards.assert_guarded`).
"""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from audit.storage.engine import StorageRefused, open_engine, read, write
from audit.storage.guards import assert_guarded

HEAD: Final = "0003"
_ROOT: Final = Path(__file__).resolve().parents[2]
# Two starts at once: the second waits and then finds nothing to do. Any number will do that no
# other program on this database uses. Nothing in the log itself depends on such a lock.
_LOCK: Final = 0x6B61_7564


def upgrade(url: str) -> None:
    """Bring the database to `HEAD`, all of it or nothing, and see that the log is guarded.

    Raises `StorageRefused` for a database of a later version or one that does not answer, and `Unguarded`.
    """
    engine = open_engine(url)
    try:
        if revision(engine) != HEAD:
            with write(engine) as conn:
                _migrate(conn)
        with read(engine) as conn:
            assert_guarded(conn)
    except DBAPIError as error:
        raise StorageRefused(f"the database cannot be used: {error.orig}") from error
    finally:
        engine.dispose()


def revision(engine: Engine) -> str | None:
    """The revision the database is at; None when nothing was ever made in it."""
    with read(engine) as conn:
        return _revision(conn)


def _revision(conn: Connection) -> str | None:
    if not inspect(conn).has_table("alembic_version"):
        return None
    found: str | None = conn.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _migrate(conn: Connection) -> None:
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    # Only here: the tool takes longer to load than a start may take twice.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    if not (_ROOT / "alembic.ini").exists():
        raise StorageRefused(f"expected alembic.ini and migrations in {_ROOT}")
    config = Config(_ROOT / "alembic.ini", attributes={"connection": conn})
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise StorageRefused(f"the database is at revision {_revision(conn)}, this version knows {HEAD}") from error
