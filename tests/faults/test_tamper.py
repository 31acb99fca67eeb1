"""Each stored column changed by SQL, as the database's administrator would: verifying names the entry concerned."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, inspect, text

from audit.services.verify import Verdict
from audit.services.verifying.exempt import EXEMPT
from tests.clinic import Clinic
from tests.faults.lived import as_administrator, check, check_in, live

# The row of each table that is changed, one with something in every column; the entry that it concerns.
_FIRST_NAME = "field = 'name' AND idx = (SELECT min(idx) FROM sealed)"
ROWS = {
    "log_entry": ("idx = (SELECT min(idx) FROM log_entry WHERE kind = 'dose_drawn')", "SELECT idx FROM log_entry"),
    "log_head": ("size > 0", "SELECT size - 1 FROM log_head"),
    "log_node": ("level = 1 AND idx = 3", "SELECT (idx + 1) * 2 - 1 FROM log_node"),
    "checkpoint": ("size = (SELECT min(size) FROM checkpoint)", "SELECT size - 1 FROM checkpoint"),
    "posting": (
        "account = 'custody' AND idx = (SELECT min(idx) FROM posting WHERE session IS NOT NULL)",
        "SELECT idx FROM posting",
    ),
    "entry_key": ("key LIKE 'product:%'", "SELECT idx FROM entry_key"),
    "sealed": (_FIRST_NAME, "SELECT idx FROM sealed"),
    "sealed_key": (
        f"owner = (SELECT owner FROM sealed WHERE {_FIRST_NAME})",
        "SELECT (SELECT min(idx) FROM sealed WHERE sealed.owner = sealed_key.owner) FROM sealed_key",
    ),
    "time_token": (
        "size = (SELECT min(size) FROM time_token)",
        "SELECT (SELECT min(idx) FROM log_entry WHERE kind = 'time_stamped') FROM time_token",
    ),
    "account": ("sign_in = 'b.example'", None),
    "cosignature": ("size > 0", "SELECT size - 1 FROM cosignature"),
}
_OF_B = "SELECT max(idx) FROM log_entry WHERE kind = :kind AND idx IN (SELECT idx FROM entry_key WHERE key = :key)"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def clinic(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    """One life for all tests here: each undoes what it changed."""
    home = tmp_path_factory.mktemp("clinic")
    if request.param == "sqlite":
        yield live(f"sqlite:///{home / 'audit.db'}", home)
        return
    server = request.getfixturevalue("postgres_server")
    with server.database() as name:
        lived = live(server.url(name), home)
        yield lived
        lived.register.engine.dispose()


def said(verdict: Verdict) -> str:
    return "\n".join(f"{f.index}: {f.check}: {f.expected} / {f.found}" for f in verdict.findings)


def columns_of(clinic: Clinic) -> list[tuple[str, str]]:
    with clinic.register.engine.connect() as conn:
        schema = inspect(conn)
        return [
            (table, column["name"])
            for table in sorted(schema.get_table_names())
            for column in schema.get_columns(table)
        ]


def another(old: object) -> object:
    """A value of the same type that is not the old one."""
    match old:
        case int():
            return old + 1_000_000
        case str():
            return old[:-1] + ("y" if old.endswith("x") else "x")
        case bytes() | memoryview():
            return bytes(old)[:-1] + bytes([bytes(old)[-1] ^ 1])
    raise TypeError(old)


def concerned(clinic: Clinic, conn: Connection, table: str, column: str) -> object:
    where, which = ROWS[table]
    if which is not None:
        return conn.scalar(text(f"{which} WHERE {where}"))
    kind = "password_set" if column == "password" else "person_enrolled"
    return conn.scalar(text(_OF_B), {"kind": kind, "key": f"person:{clinic.people['B']}"})


def test_a_clinic_that_nobody_tampered_with_holds(clinic: Clinic) -> None:
    verdict = check(clinic)
    assert said(verdict) == ""
    assert verdict.holds
    assert verdict.sentence == (
        "Consistent, unanchored since entry 0: unaltered since 2026-11-23, not yet anchored outside."
    )
    assert {one.rule.value for one in verdict.checks if one.state != "held"} == {"extends", "reports"}


def test_changing_any_column_of_any_table_is_named_with_the_entry_it_concerns(clinic: Clinic) -> None:
    columns = columns_of(clinic)
    assert len(columns) >= 60
    missed: list[str] = []
    for table, column in columns:
        if f"{table}.{column}" in EXEMPT:
            continue
        with as_administrator(clinic) as conn:
            index = concerned(clinic, conn, table, column)
            where = ROWS[table][0]
            old = conn.execute(text(f"SELECT {column} FROM {table} WHERE {where}")).scalar_one()
            changed = conn.execute(text(f"UPDATE {table} SET {column} = :new WHERE {where}"), {"new": another(old)})
            assert (changed.rowcount, index is None) == (1, False), f"{table}.{column}"
            verdict = check_in(clinic, conn)
        if index not in {finding.index for finding in verdict.findings}:
            missed.append(f"{table}.{column}: expected entry {index}, said:\n{said(verdict)}")
    assert not missed, "\n".join(missed)


def test_each_column_that_may_change_unseen_is_listed_with_its_reason_and_is_there(clinic: Clinic) -> None:
    columns = {f"{table}.{column}" for table, column in columns_of(clinic)}
    assert set(EXEMPT) <= columns
    assert all(reason for reason in EXEMPT.values())
    tables = {name.partition(".")[0] for name in EXEMPT}
    assert tables == {"alembic_version", "attempt", "one_time", "passkey_request", "sign_in"}


@pytest.mark.parametrize("table", sorted(set(ROWS) - {"checkpoint", "cosignature"}))
def test_a_row_deleted_from_a_table_is_named_with_its_entry(clinic: Clinic, table: str) -> None:
    with as_administrator(clinic) as conn:
        index = concerned(clinic, conn, table, "name")
        assert conn.execute(text(f"DELETE FROM {table} WHERE {ROWS[table][0]}")).rowcount == 1
        verdict = check_in(clinic, conn)
    assert index in {finding.index for finding in verdict.findings}, said(verdict)


def test_the_last_checkpoint_deleted_is_named_at_the_first_entry_that_it_alone_covered(clinic: Clinic) -> None:
    with as_administrator(clinic) as conn:
        first, last = conn.execute(text("SELECT min(size), max(size) FROM checkpoint")).one()
        for table in ("checkpoint", "cosignature"):
            conn.execute(text(f"DELETE FROM {table} WHERE size = :last"), {"last": last})
        verdict = check_in(clinic, conn)
    assert [(finding.check, finding.index) for finding in verdict.findings] == [("checkpoint", first)]
