"""No statement, however phrased, changes what was written."""

import sqlite3

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from audit.storage import checkpoints, guards
from audit.storage.engine import Unguarded, assert_guarded, read, write
from tests.storage.entries import SITE, assert_unbroken, fill

TABLES = ("log_entry", "log_node", "checkpoint", "posting", "entry_key")


@pytest.fixture
def filled(opened: Engine) -> Engine:
    fill(opened, 4)
    with write(opened) as conn:
        checkpoints.save(conn, SITE, 4, b"\x01" * 32, "note")
        conn.execute(
            text(
                "INSERT INTO posting (site, idx, line, account, strength, form, mass_ug, occurred_ms)"
                " VALUES (:s, 0, 0, 'stock', 50000, 'vial', 500000, 0)"
            ),
            {"s": SITE},
        )
        conn.execute(text("INSERT INTO entry_key (site, key, idx) VALUES (:s, 'container:c_1', 0)"), {"s": SITE})
    return opened


def refused(engine: Engine, statement: str, *before: str) -> str:
    with pytest.raises(DBAPIError) as caught:
        run(engine, *before, statement)
    return str(caught.value.orig)


def run(engine: Engine, *statements: str) -> None:
    with write(engine) as conn:
        for statement in statements:
            conn.exec_driver_sql(statement)


@pytest.mark.parametrize("table", TABLES)
def test_a_written_row_is_never_updated(filled: Engine, table: str) -> None:
    assert f"{table} is append-only" in refused(
        filled, f"UPDATE {table} SET idx = idx" if table != "checkpoint" else "UPDATE checkpoint SET size = size"
    )


@pytest.mark.parametrize("table", TABLES)
def test_a_written_row_is_never_deleted(filled: Engine, table: str) -> None:
    assert f"{table} is append-only" in refused(filled, f"DELETE FROM {table}")


@pytest.mark.parametrize("engine_kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("recursive", ["ON", "OFF"])
def test_a_replacing_insert_is_refused_whatever_the_connection_says(
    filled: Engine, database_url: str, table: str, recursive: str
) -> None:
    foreign = sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)
    foreign.execute(f"PRAGMA recursive_triggers = {recursive}")
    before = foreign.execute(f"SELECT * FROM {table}").fetchall()
    with pytest.raises(sqlite3.IntegrityError, match=r"exists already|append-only"):
        foreign.execute(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} WHERE site = '{SITE}' LIMIT 1")
    assert foreign.execute(f"SELECT * FROM {table}").fetchall() == before
    foreign.close()


@pytest.mark.parametrize("engine_kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize("column", ["leaf", "nonce"])
def test_a_new_entry_cannot_push_out_an_old_one_by_its_hash_or_nonce(
    filled: Engine, database_url: str, column: str
) -> None:
    columns = ["leaf", "body", "kind", "actor", "method", "nonce", "session", "occurred_ms", "recorded_ms"]
    values = [
        name if name in (column, "body") else {"leaf": "zeroblob(32)", "nonce": "'new'"}.get(name, name)
        for name in columns
    ]
    foreign = sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)
    foreign.execute("UPDATE log_head SET size = 5")
    with pytest.raises(sqlite3.IntegrityError, match="exists already"):
        foreign.execute(
            f"INSERT OR REPLACE INTO log_entry (site, idx, {', '.join(columns)})"
            f" SELECT site, 4, {', '.join(values)} FROM log_entry WHERE idx = 1"
        )
    assert foreign.execute("SELECT count(*) FROM log_entry").fetchone() == (4,)
    foreign.close()


@pytest.mark.parametrize("engine_kind", ["postgresql"], indirect=True)
@pytest.mark.parametrize("table", [*TABLES, "log_head"])
def test_a_table_of_the_log_is_never_truncated(filled: Engine, table: str) -> None:
    assert f"{table} is append-only" in refused(filled, f"TRUNCATE {table} CASCADE")


@pytest.mark.parametrize("engine_kind", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    "statement", ["UPDATE log_entry SET actor = 'p_other'", "DELETE FROM log_entry", "TRUNCATE log_entry"]
)
def test_calling_itself_a_replica_gets_no_session_past_the_triggers(filled: Engine, statement: str) -> None:
    assert "log_entry is append-only" in refused(filled, statement, "SET LOCAL session_replication_role = replica")


@pytest.mark.parametrize("engine_kind", ["postgresql"], indirect=True)
def test_an_upsert_changes_no_written_entry(filled: Engine) -> None:
    copied = "INSERT INTO log_entry SELECT * FROM log_entry WHERE idx = 3 ON CONFLICT DO NOTHING"
    assert "right after the last one" in refused(filled, copied)


@pytest.mark.parametrize("engine_kind", ["postgresql"], indirect=True)
def test_the_server_refuses_a_leaf_that_is_not_the_hash_of_the_body(filled: Engine) -> None:
    forged = (
        "INSERT INTO log_entry SELECT site, 4, sha256('x'), body, kind, actor, method, 'new', session, occurred_ms,"
        " recorded_ms FROM log_entry WHERE idx = 3"
    )
    assert "log_entry_leaf_is_of_body" in refused(filled, forged, "UPDATE log_head SET size = 5")


@pytest.mark.parametrize(("idx", "size", "said"), [(5, 6, "right after the last one"), (4, 4, "beyond the head")])
def test_an_entry_leaves_no_gap_and_lies_below_the_head(filled: Engine, idx: int, size: int, said: str) -> None:
    before = [f"UPDATE log_head SET size = {size}"] if size != 4 else []
    copied = (
        f"INSERT INTO log_entry SELECT site, {idx}, leaf, body, kind, actor, method, 'new', session, occurred_ms,"
        " recorded_ms FROM log_entry WHERE idx = 3"
    )
    # Another leaf, so that only the place is wrong.
    copied = copied.replace(" leaf,", " zeroblob(32)," if filled.dialect.name == "sqlite" else " sha256('x'),")
    assert said in refused(filled, copied, *before)


@pytest.mark.parametrize(
    "statement", ["UPDATE log_head SET size = 3", "UPDATE log_head SET recorded_ms = 0", "DELETE FROM log_head"]
)
def test_the_head_only_grows(filled: Engine, statement: str) -> None:
    assert "log_head" in refused(filled, statement)


def test_a_missing_trigger_is_noticed_by_name(filled: Engine) -> None:
    with read(filled) as conn:
        assert_guarded(conn)
    with write(filled) as conn:
        guards.drop(conn, "log_node")
    with pytest.raises(Unguarded) as caught, read(filled) as conn:
        assert_guarded(conn)
    assert {"log_node_no_update", "log_node_no_delete"} <= set(caught.value.names)
    assert not [name for name in caught.value.names if not name.startswith("log_node")]


def test_a_trigger_emptied_of_its_rule_is_noticed(filled: Engine) -> None:
    with write(filled) as conn:
        if filled.dialect.name == "sqlite":
            conn.exec_driver_sql("DROP TRIGGER log_entry_no_update")
            conn.exec_driver_sql("CREATE TRIGGER log_entry_no_update BEFORE UPDATE ON log_entry BEGIN SELECT 1; END")
        else:
            conn.exec_driver_sql(
                "CREATE OR REPLACE FUNCTION log_entry_no_update() RETURNS trigger LANGUAGE plpgsql"
                " AS 'BEGIN RETURN NEW; END'"
            )
    with pytest.raises(Unguarded, match="log_entry_no_update"), read(filled) as conn:
        assert_guarded(conn)


@pytest.mark.parametrize("engine_kind", ["postgresql"], indirect=True)
@pytest.mark.parametrize("state", ["DISABLE TRIGGER", "ENABLE TRIGGER", "ENABLE REPLICA TRIGGER"])
def test_a_trigger_switched_off_is_noticed(filled: Engine, state: str) -> None:
    with write(filled) as conn:
        conn.exec_driver_sql(f"ALTER TABLE checkpoint {state} checkpoint_no_delete")
    with pytest.raises(Unguarded, match="checkpoint_no_delete"), read(filled) as conn:
        assert_guarded(conn)


def test_derived_tables_are_rebuilt_in_one_transaction_and_guarded_again(filled: Engine) -> None:
    with write(filled) as conn, guards.rebuilding(conn, "posting", "entry_key"):
        conn.exec_driver_sql("DELETE FROM posting")
        conn.exec_driver_sql("DELETE FROM entry_key")
    with read(filled) as conn:
        assert_guarded(conn)
        assert conn.scalar(text("SELECT count(*) FROM posting")) == 0


def test_a_rebuild_that_fails_changes_nothing(filled: Engine) -> None:
    def emptied_and_then_stopped() -> None:
        with write(filled) as conn, guards.rebuilding(conn, "posting"):
            conn.exec_driver_sql("DELETE FROM posting")
            raise KeyError

    with pytest.raises(KeyError):
        emptied_and_then_stopped()
    with read(filled) as conn:
        assert_guarded(conn)
        assert conn.scalar(text("SELECT count(*) FROM posting")) == 1


@pytest.mark.parametrize("tables", [(), ("log_entry",), ("posting", "checkpoint")])
def test_what_is_not_derived_is_never_rebuilt(filled: Engine, tables: tuple[str, ...]) -> None:
    with (
        pytest.raises(ValueError, match="only posting, entry_key"),
        write(filled) as conn,
        guards.rebuilding(conn, *tables),
    ):
        pass


def test_refused_statements_leave_the_chain_unbroken(filled: Engine) -> None:
    refused(filled, "DELETE FROM log_entry WHERE idx = 3")
    fill(filled, 3)
    with read(filled) as conn:
        assert_unbroken(conn, SITE, 7)
