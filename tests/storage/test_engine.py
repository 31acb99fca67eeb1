"""A write is durable or undone; a read sees one moment; an unsafe database is refused."""

import sqlite3
import threading
import time

import pytest
from psycopg import sql
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import DBAPIError

from audit.storage import log
from audit.storage.engine import OutcomeUnknown, StorageRefused, is_transient, open_engine, read, write
from audit.storage.upgrade import upgrade
from tests.postgres import PostgresServer
from tests.storage.entries import SITE, assert_unbroken, chain, fill

DURABLE = {
    "journal_mode": "wal",
    "synchronous": 2,
    "foreign_keys": 1,
    "busy_timeout": 5000,
    "recursive_triggers": 1,
    "secure_delete": 1,
}


@pytest.mark.parametrize("engine_kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("name", "value"), list(DURABLE.items()))
def test_each_sqlite_connection_is_durable_and_guarded(opened: Engine, name: str, value: object) -> None:
    with read(opened) as conn:
        assert conn.scalar(text(f"PRAGMA {name}")) == value


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://host/db", "postgresql://host/db"])
def test_a_database_that_cannot_keep_a_log_is_refused(url: str) -> None:
    with pytest.raises(StorageRefused):
        open_engine(url)


@pytest.mark.parametrize("engine_kind", ["postgresql"], indirect=True)
@pytest.mark.parametrize("weak", ["off", "local", "remote_write"])
def test_a_postgresql_that_answers_before_it_flushes_is_refused(database_url: str, weak: str) -> None:
    url = make_url(database_url).update_query_dict({"options": f"-csynchronous_commit={weak}"})
    engine = open_engine(url.render_as_string(hide_password=False))
    with pytest.raises(StorageRefused, match=f"synchronous_commit={weak}, expected on"), read(engine):
        pass
    engine.dispose()


def test_nothing_is_written_in_a_read(opened: Engine) -> None:
    if opened.dialect.name == "postgresql":
        with pytest.raises(DBAPIError, match="read-only"), read(opened) as conn:
            conn.exec_driver_sql("INSERT INTO entry_key VALUES ('s', 'k', 0)")
    else:
        with read(opened) as conn:
            conn.exec_driver_sql("INSERT INTO entry_key VALUES ('s', 'k', 0)")
    with read(opened) as conn:
        assert conn.scalar(text("SELECT count(*) FROM entry_key")) == 0


def test_a_read_sees_one_moment_while_others_write(opened: Engine) -> None:
    fill(opened, 3)
    with read(opened) as conn:
        assert log.head(conn, SITE).size == 3
        fill(opened, 2)
        assert log.head(conn, SITE).size == 3
        assert len(list(log.entries(conn, SITE, 0, 99))) == 3
    with read(opened) as conn:
        assert log.head(conn, SITE).size == 5


def test_a_read_does_not_stay_behind_in_the_pool(opened: Engine) -> None:
    with read(opened):
        pass
    assert fill(opened, 1).size == 1


@pytest.mark.parametrize("engine_kind", ["sqlite"], indirect=True)
def test_a_locked_database_is_worth_trying_again(opened: Engine, database_url: str) -> None:
    other = sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with opened.connect() as conn:
        conn.connection.cursor().execute("PRAGMA busy_timeout = 1")
    with pytest.raises(DBAPIError) as caught, write(opened):
        pass
    other.close()
    assert is_transient(caught.value)


@pytest.mark.parametrize("engine_kind", ["postgresql"], indirect=True)
def test_a_serialisation_failure_is_worth_trying_again(opened: Engine) -> None:
    fill(opened, 1)

    def overtaken() -> None:
        with opened.execution_options(isolation_level="SERIALIZABLE").begin() as conn:
            log.head(conn, SITE)
            fill(opened, 1)
            log.lock_head(conn, SITE)

    with pytest.raises(DBAPIError) as caught:
        overtaken()
    assert is_transient(caught.value)


def test_a_wrong_statement_is_not_worth_trying_again(opened: Engine) -> None:
    with pytest.raises(DBAPIError) as caught, write(opened) as conn:
        conn.exec_driver_sql("SELECT nothing FROM nowhere")
    assert not is_transient(caught.value)
    assert not is_transient(KeyError())


def test_a_commit_whose_wait_for_the_standby_is_cancelled_has_an_unknown_outcome() -> None:
    server = PostgresServer()
    url = server.url(server.create_database())
    upgrade(url)
    engine = open_engine(url)
    fill(engine, 1)
    server._administer(sql.SQL("ALTER SYSTEM SET synchronous_standby_names = 'never_there'"))
    server._administer(sql.SQL("SELECT pg_reload_conf()"))
    wait_until(engine, "SELECT current_setting('synchronous_standby_names') = 'never_there'")
    met: list[BaseException] = []

    def append() -> None:
        try:
            fill(engine, 1)
        except OutcomeUnknown as unknown:
            met.append(unknown)

    thread = threading.Thread(target=append)
    thread.start()
    wait_until(engine, "SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
    with read(engine) as conn:
        conn.execute(text("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"))
    thread.join(timeout=20)
    assert [str(unknown) for unknown in met] == ["canceling wait for synchronous replication due to user request"]
    with read(engine) as conn:
        # Here it lasts; a standby that took over would not have it.
        assert_unbroken(conn, SITE, 2)
    engine.dispose()
    server.stop()


@pytest.mark.parametrize("engine_kind", ["postgresql"], indirect=True)
def test_a_connection_lost_before_the_commit_leaves_nothing(opened: Engine) -> None:
    fill(opened, 1)

    def cut_off() -> None:
        with write(opened) as conn:
            head = log.lock_head(conn, SITE)
            log.append(conn, SITE, head, chain(head, 1, 1))
            pid = conn.scalar(text("SELECT pg_backend_pid()"))
            with read(opened) as other:
                other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})

    with pytest.raises(OutcomeUnknown):
        cut_off()
    with read(opened) as conn:
        assert_unbroken(conn, SITE, 1)


def wait_until(engine: Engine, question: str) -> None:
    for _ in range(200):
        with read(engine) as conn:
            if conn.scalar(text(question)):
                return
        time.sleep(0.05)
    raise AssertionError(question)
