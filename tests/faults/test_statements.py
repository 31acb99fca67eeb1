"""Fail before and after each statement of a write, and around its commit: the whole act is there, or nothing of it."""

import sqlite3
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine, event, inspect, text

from audit.domain import commands, events
from audit.services.acts import Order
from audit.services.record import OutcomeUnknown, record
from audit.storage import ledger, log
from audit.storage.engine import read
from audit.tlog.seal import password_commitment
from tests import oracle
from tests.clinic import Clinic

FEWEST_STATEMENTS = 25
"""An act as rich as this one takes at least so many statements; fewer and the sweep has missed some."""
FEWEST_OF_AN_ERASURE = 12
"""As above: lock, book, entry, keys, birth date, key and values gone, head."""
RETENTION_MIN = 3654 * 24 * 60
"""From 2026-11-23 to the day after 2036-11-23, when Ontario's ten years are over."""


class Unplugged(Exception):
    """The fault that the sweep puts in the way."""


def _rich_act(clinic: Clinic) -> list[Order]:
    """Return an enrolment, and a correction with a note whose replacement opens a case: rows in every table."""
    (vial,) = clinic.receive(count=1, expiry="2026-11-01")
    session = clinic.open_session()
    syringe = clinic.draw("A", session, vial, 900, expired_used=True)
    with read(clinic.register.engine) as conn:
        entries = list(log.entries(conn, clinic.register.site))
    drawn = next(ledger.read_entry(entry) for entry in entries if entry.kind == "dose_drawn")
    enrolled = events.PersonEnrolled(
        person="p_00007777",
        name="RN C. Placeholder",
        sign_in="c.placeholder",
        profession="nurse",
        roles=("clinician",),
        password_sha256=password_commitment("synthetic-hash-C"),
    )
    strike = commands.StrikeEntry(of=drawn.ref, reason="mistyped", replacements=1)
    part = commands.Part(container=vial, volume_ul=1000)
    draw = commands.DrawDose(session=session, syringe=syringe, parts=(part,), expired_used=True)
    return [
        clinic.order("A", enrolled, password_hash="synthetic-hash-C"),
        clinic.order("A", strike, sealed={"note": "Synthetic note"}),
        clinic.order("A", draw, answers_strike=True),
    ]


def _everything(url: str) -> dict[str, list[Any]]:
    """Return every row of every table."""
    engine = create_engine(url)
    try:
        with engine.connect() as conn:
            tables = sorted(inspect(conn).get_table_names())
            return {name: sorted(map(repr, conn.execute(text(f"SELECT * FROM {name}")))) for name in tables}
    finally:
        engine.dispose()


class Faults:
    """Stands in the driver's place: counts the statements sent to a database, and fails one before or after it."""

    def __init__(self, engine: Any, when: str) -> None:
        """Let every connection that the engine opens from here on count and fail; others are closed."""
        self.when, self.number, self.seen = when, -1, 0
        faults = self

        def counted(execute: Callable[..., Any]) -> Callable[..., Any]:
            def run(*args: Any, **more: Any) -> Any:
                return faults.passes(lambda: execute(*args, **more))

            return run

        class SqliteCursor(sqlite3.Cursor):
            execute = counted(sqlite3.Cursor.execute)
            executemany = counted(sqlite3.Cursor.executemany)

        class SqliteConnection(sqlite3.Connection):
            def cursor(self, *_args: Any) -> sqlite3.Cursor:
                return super().cursor(SqliteCursor)

        class PostgresCursor(psycopg.Cursor):
            execute = counted(psycopg.Cursor.execute)
            executemany = counted(psycopg.Cursor.executemany)

        def connect(dialect: Any, _record: Any, _args: Any, options: dict[str, Any]) -> None:
            if dialect.name == "sqlite":
                options["factory"] = SqliteConnection
            else:
                options["cursor_factory"] = PostgresCursor

        event.listen(engine, "do_connect", connect)
        engine.dispose()

    def passes(self, execute: Callable[[], Any]) -> Any:
        """Send a statement, unless this is the one that fails."""
        self.seen += 1
        is_it = self.seen == self.number
        if is_it and self.when == "before":
            raise Unplugged
        done = execute()
        if is_it:
            raise Unplugged
        return done


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_fault_at_any_statement_leaves_nothing_and_the_act_can_be_done_again(clinic, migrated_url, when):
    orders = _rich_act(clinic)
    entries, before = oracle.check(migrated_url), _everything(migrated_url)
    engine = clinic.register.engine
    faults, hit = Faults(engine, when), 0
    while True:
        faults.number, faults.seen = hit + 1, 0
        try:
            record(clinic.register, orders)
        except Unplugged:
            hit += 1
            engine.dispose()
            assert _everything(migrated_url) == before, f"a fault {when} statement {hit} left something behind"
            oracle.check(migrated_url)
            continue
        break
    assert hit == faults.seen >= FEWEST_STATEMENTS
    faults.number = 0
    # Enrolment, strike, replacement, its case, and the signature over A's acts on the way.
    assert oracle.check(migrated_url) == entries + 5
    assert all(one.is_repeat for one in record(clinic.register, orders))
    clinic.register_patient()


def _erasure(clinic: Clinic) -> list[Order]:
    """Return the second person's agreement to an erasure, long enough after the patient's session."""
    (vial,) = clinic.receive(count=1)
    session = clinic.whole_session(vial)
    patient = clinic.book(f"session:{session}").sessions[session].patient
    clinic.clock.pass_minutes(RETENTION_MIN)
    request = clinic.act("A", events.ErasureRequested(patient=patient, ground="retention_ended"))
    return [clinic.order("M", events.PatientErased(of=request.ref, patient=patient))]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_fault_at_any_statement_of_an_erasure_leaves_the_identity_whole(clinic, migrated_url, when):
    orders = _erasure(clinic)
    entries, before = oracle.check(migrated_url), _everything(migrated_url)
    engine = clinic.register.engine
    faults, hit = Faults(engine, when), 0
    while True:
        faults.number, faults.seen = hit + 1, 0
        try:
            record(clinic.register, orders)
        except Unplugged:
            hit += 1
            engine.dispose()
            assert _everything(migrated_url) == before, f"a fault {when} statement {hit} left something behind"
            continue
        break
    assert hit == faults.seen >= FEWEST_OF_AN_ERASURE
    faults.number = 0
    after = _everything(migrated_url)
    assert (len(before["sealed"]), len(before["sealed_key"])) == (4, 1)
    assert (after["sealed"], after["sealed_key"]) == ([], [])
    assert oracle.check(migrated_url) == entries + 1
    assert all(one.is_repeat for one in record(clinic.register, orders))


def test_a_fault_before_the_commit_leaves_nothing(clinic, migrated_url):
    orders = _rich_act(clinic)
    before = _everything(migrated_url)

    def fail(_conn: object) -> None:
        raise Unplugged("commit")

    event.listen(clinic.register.engine, "commit", fail)
    with pytest.raises(Unplugged):
        record(clinic.register, orders)
    event.remove(clinic.register.engine, "commit", fail)
    clinic.register.engine.dispose()
    assert _everything(migrated_url) == before
    assert not any(one.is_repeat for one in record(clinic.register, orders))


def _lost_answer(kind: str) -> Exception:
    """Return what the driver raises where the commit was done and its answer did not come."""
    if kind == "sqlite":
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR
        return error
    return psycopg.OperationalError("server closed the connection unexpectedly")


def test_a_commit_whose_answer_was_lost_is_not_known_and_asking_again_tells(
    clinic, migrated_url, engine_kind, monkeypatch
):
    orders = _rich_act(clinic)
    before = oracle.check(migrated_url)
    dialect = clinic.register.engine.dialect
    commit, failed = dialect.do_commit, []

    def commit_then_fail(connection: Any) -> None:
        commit(connection)
        if not failed:
            failed.append(1)
            if engine_kind == "postgresql":
                connection.dbapi_connection.close()  # so that the pool sees a lost connection, as it would
            raise _lost_answer(engine_kind)

    monkeypatch.setattr(dialect, "do_commit", commit_then_fail)
    with pytest.raises(OutcomeUnknown):
        record(clinic.register, orders)
    assert failed == [1]
    assert oracle.check(migrated_url) == before + 5
    assert all(one.is_repeat for one in record(clinic.register, orders))
    assert oracle.check(migrated_url) == before + 5
