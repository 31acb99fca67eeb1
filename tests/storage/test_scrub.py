"""What was deleted from the sealed tables is in no file of the database, wherever the engine had copied it."""

import random
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from audit.storage import seals
from audit.storage.engine import open_engine, read, write
from audit.storage.scrub import scrub

SITE = "example"
SIZES = (60, 60, 60, 90, 200)
"""Cells of several sizes: SQLite then moves rows between pages, and leaves copies where they were."""


@pytest.fixture
def engine(migrated_url: str):
    opened = open_engine(migrated_url)
    yield opened
    opened.dispose()


def filled(engine: Engine, count: int) -> dict[str, bytes]:
    """Put in keys of many owners, a few taken away in between; return those that are there."""
    source, keys = random.Random(5), {}
    for start in range(0, count, 100):
        with write(engine) as conn:
            new = {f"pt_{source.randbytes(10).hex()}": source.randbytes(source.choice(SIZES)) for _ in range(100)}
            rows = [{"site": SITE, "owner": owner, "wrapped": wrapped} for owner, wrapped in new.items()]
            conn.execute(text("INSERT INTO sealed_key VALUES (:site, :owner, :wrapped)"), rows)
            keys |= new
            for owner in source.sample(sorted(keys), 10 if start else 0):
                seals.destroy(conn, SITE, owner)
                del keys[owner]
    return keys


def file_bytes(engine: Engine) -> bytes:
    """Return all that the database's files hold; of PostgreSQL those of this database."""
    with engine.connect() as conn:
        auto = conn.execution_options(isolation_level="AUTOCOMMIT")
        if engine.dialect.name == "postgresql":
            auto.execute(text("CHECKPOINT"))
            data = auto.scalar(text("SELECT current_setting('data_directory')"))
            base = auto.scalar(text("SELECT oid FROM pg_database WHERE datname = current_database()"))
            return b"".join(path.read_bytes() for path in Path(data, "base", str(base)).iterdir())
    main = Path(engine.url.database)
    return b"".join(path.read_bytes() for path in main.parent.glob(f"{main.name}*"))


def empty_wal(engine: Engine) -> None:
    """Bring SQLite's write-ahead log over into the file and cut it, as its own clean-up after a delete would."""
    pooled = engine.raw_connection()
    busy, _, _ = pooled.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    pooled.close()
    assert not busy


def test_a_key_that_deleting_left_in_the_files_is_gone_after_scrubbing(engine: Engine) -> None:
    keys = filled(engine, 4000)
    if engine.dialect.name == "sqlite":
        empty_wal(engine)
    everything = file_bytes(engine)
    # What stands twice was moved, and where it was it was never cleaned.
    victims = sorted(keys, key=lambda owner: everything.count(keys[owner][:40]))[-50:]
    with write(engine) as conn:
        for owner in victims:
            seals.destroy(conn, SITE, owner)
    if engine.dialect.name == "sqlite":
        empty_wal(engine)
    left = file_bytes(engine)
    assert any(keys[owner][:40] in left for owner in victims), "deleting alone must not have been enough"
    assert scrub(engine)
    clean = file_bytes(engine)
    assert not any(keys[owner][:40] in clean for owner in victims)
    assert all(keys[owner] in clean for owner in set(keys) - set(victims))


def test_scrubbing_says_so_when_somebody_holds_the_tables(engine: Engine) -> None:
    filled(engine, 100)
    with read(engine) as conn:
        conn.execute(text("SELECT count(*) FROM sealed_key"))
        conn.execute(text("SELECT count(*) FROM sealed"))
        assert not scrub(engine)
    assert scrub(engine)


def test_on_postgresql_a_role_that_does_not_own_the_tables_is_told_that_they_are_not_clean(
    postgres_server, migrated_postgres
) -> None:
    with postgres_server.database(template=migrated_postgres) as name:
        role = postgres_server.create_role()
        other = open_engine(postgres_server.url(name, role=role))
        try:
            assert not scrub(other)
        finally:
            other.dispose()
