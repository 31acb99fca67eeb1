"""A database made by the migrations is the one the code describes, with every trigger in place."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

import audit.storage.people  # noqa: F401 -- registers its tables with the metadata
from audit.storage import guards
from audit.storage import upgrade as upgrading
from audit.storage.engine import StorageRefused, Unguarded, open_engine, read, write
from audit.storage.schema import metadata

ROOT = Path(__file__).resolve().parents[1]
UPGRADE = "import sys; from audit.storage.upgrade import upgrade; upgrade(sys.argv[1])"

POSTGRESQL_SHAPE = (
    (
        "SELECT table_name, column_name, data_type, is_nullable, column_default, collation_name"
        " FROM information_schema.columns WHERE table_schema = current_schema()"
    ),
    (
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = current_schema()::regnamespace"
    ),
    "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()",
    "SELECT tgname, tgenabled::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = current_schema()::regnamespace",
)


def shape(engine: Engine) -> list[tuple[object, ...]]:
    """Everything the engine says about the schema, except the migration tool's own table."""
    with read(engine) as conn:
        rows = _rows(conn)
    return sorted((row for row in rows if "alembic_version" not in str(row)), key=str)


def _rows(conn: Connection) -> list[tuple[object, ...]]:
    if conn.dialect.name == "sqlite":
        return [tuple(row) for row in conn.execute(text("SELECT type, name, tbl_name, sql FROM sqlite_master"))]
    return [tuple(row) for question in POSTGRESQL_SHAPE for row in conn.execute(text(question))]


@pytest.fixture
def described_url(engine_kind, request, tmp_path):
    """A second database, made from the metadata."""
    if engine_kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'described.db'}"
        return
    server = request.getfixturevalue("postgres_server")
    with server.database() as name:
        yield server.url(name)


def test_migrating_from_nothing_gives_the_schema_that_the_code_describes(database_url, described_url):
    upgrading.upgrade(database_url)
    migrated, described = open_engine(database_url), open_engine(described_url)
    with write(described) as conn:
        metadata.create_all(conn, checkfirst=False)
        guards.create(conn)
    assert shape(migrated) == shape(described)
    assert len(shape(migrated)) > 40
    migrated.dispose()
    described.dispose()


def test_the_newest_revision_is_the_one_that_a_start_looks_for():
    scripts = ScriptDirectory.from_config(Config(ROOT / "alembic.ini"))
    assert scripts.get_heads() == [upgrading.HEAD]


def test_an_upgrade_ends_at_the_newest_revision_and_a_second_changes_nothing(database_url):
    engine = open_engine(database_url)
    assert upgrading.revision(engine) is None
    upgrading.upgrade(database_url)
    once = shape(engine)
    upgrading.upgrade(database_url)
    assert upgrading.revision(engine) == upgrading.HEAD
    assert shape(engine) == once
    engine.dispose()


def test_several_starts_at_once_make_one_schema(database_url):
    starts = [
        subprocess.Popen([sys.executable, "-c", UPGRADE, database_url], cwd=ROOT, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [start.communicate(timeout=60)[1] for start in starts] == ["", "", ""]
    assert [start.returncode for start in starts] == [0, 0, 0]
    engine = open_engine(database_url)
    assert upgrading.revision(engine) == upgrading.HEAD
    with read(engine) as conn:
        guards.assert_guarded(conn)
    engine.dispose()


def test_a_database_of_a_later_version_is_refused(database_url):
    upgrading.upgrade(database_url)
    engine = open_engine(database_url)
    with write(engine) as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StorageRefused, match="at revision 9999, this version knows"):
        upgrading.upgrade(database_url)
    engine.dispose()


def test_a_start_does_not_quietly_put_back_a_missing_trigger(database_url):
    upgrading.upgrade(database_url)
    engine = open_engine(database_url)
    with write(engine) as conn:
        guards.drop(conn, "log_entry")
    with pytest.raises(Unguarded, match="log_entry_no_update"):
        upgrading.upgrade(database_url)
    engine.dispose()


def test_a_failed_upgrade_leaves_nothing_behind(database_url):
    engine = open_engine(database_url)
    with write(engine) as conn:
        conn.exec_driver_sql("CREATE TABLE sealed_key (mine INTEGER)")
    before = shape(engine)
    with pytest.raises(Exception, match="already exists"):
        upgrading.upgrade(database_url)
    assert shape(engine) == before
    assert upgrading.revision(engine) is None
    engine.dispose()


def test_no_migration_batches_a_table():
    # Batch mode copies the table and loses its triggers without a word.
    for path in (ROOT / "migrations" / "versions").glob("*.py"):
        assert "batch_alter_table" not in path.read_text()
