"""Triggers that make the log append-only: a seat belt, not a proof.

They stop a slip, a careless script and an `INSERT OR REPLACE`. Whoever may drop
a trigger may still change a row; then `audit verify` names it. Not here: the
tables (`schema.py`) and the order in which a migration calls `create`.

Rules, the same on both engines:
1. no row of an append-only table is updated, deleted or truncated;
2. an entry comes right after the last one, and never beyond the head;
3. no insert replaces a row (SQLite deletes the old one without asking the
   delete trigger unless `recursive_triggers` is on for that connection);
4. the head only grows.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, text

# The unique keys of each append-only table: an insert that meets one of them is refused.
APPEND_ONLY: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "log_entry": (("site", "leaf"), ("site", "nonce")),
    "log_node": (("site", "level", "idx"),),
    "checkpoint": (("site", "size"),),
    "posting": (("site", "idx", "line"),),
    "entry_key": (("site", "key", "idx"),),
}
GUARDED: Final = ("log_head", *APPEND_ONLY)
# Tables that are computed from the log alone, and so may be computed again.
DERIVED: Final = ("posting", "entry_key")

_ORDER: Final = "NEW.idx <> (SELECT coalesce(max(idx) + 1, 0) FROM log_entry WHERE site = NEW.site)"
_WITHIN: Final = "NEW.idx >= coalesce((SELECT size FROM log_head WHERE site = NEW.site), 0)"


class Unguarded(Exception):
    """Triggers of the log are missing or are not ours: nothing may be written."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__("append-only triggers missing or altered: " + ", ".join(names))
        self.names = tuple(names)


def create(conn: Connection, *tables: str) -> None:
    """Put the triggers of these tables (all guarded ones when none is named) in place."""
    for statement in _statements(conn, tables or GUARDED).values():
        for part in statement:
            conn.exec_driver_sql(part)


def drop(conn: Connection, *tables: str) -> None:
    """Take the triggers of these tables away; a migration or a rebuild puts them back."""
    for name, table in _names(conn, tables or GUARDED):
        on_table = f" ON {table}" if _is_postgresql(conn) else ""
        conn.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}{on_table}")


@contextmanager
def rebuilding(conn: Connection, *tables: str) -> Iterator[None]:
    """Let derived tables be emptied and filled again within the caller's transaction.

    The triggers go and come back in that transaction, so no other connection
    ever sees the table unguarded, and a failure brings everything back.

    Raises `ValueError` for a table that is not derived.
    """
    if not tables or not set(tables) <= set(DERIVED):
        raise ValueError(f"only {', '.join(DERIVED)} can be rebuilt, not {', '.join(tables)}")
    drop(conn, *tables)
    yield
    create(conn, *tables)


def assert_guarded(conn: Connection) -> None:
    """Raise `Unguarded` unless every trigger is there, is ours word for word, and is on."""
    expected = {name: parts[0] for name, parts in _statements(conn, GUARDED).items()}
    found = _found_postgresql(conn) if _is_postgresql(conn) else _found_sqlite(conn)
    wrong = [name for name, body in expected.items() if found.get(name) != _essence(body)]
    if wrong:
        raise Unguarded(wrong)


def _is_postgresql(conn: Connection) -> bool:
    return conn.dialect.name == "postgresql"


def _names(conn: Connection, tables: Sequence[str]) -> Iterator[tuple[str, str]]:
    for table in tables:
        for name in _statements(conn, (table,)):
            yield name, table


def _statements(conn: Connection, tables: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Trigger name to the statements that create it; the first one carries its rule."""
    make = _postgresql if _is_postgresql(conn) else _sqlite
    return {name: parts for table in tables for name, parts in make(table).items()}


def _conditions(table: str) -> dict[str, str]:
    """What refuses an insert into this table, as message to condition."""
    if table == "log_head":
        return {}
    taken = [" AND ".join(f"{column} = NEW.{column}" for column in key) for key in APPEND_ONLY[table]]
    conditions = {
        f"{table}: this row exists already": " OR ".join(
            f"EXISTS (SELECT 1 FROM {table} WHERE {where})"  # noqa: S608 -- our own names, from APPEND_ONLY
            for where in taken
        )
    }
    if table == "log_entry":
        conditions["log_entry: an entry comes right after the last one"] = _ORDER
        conditions["log_entry: no entry lies beyond the head"] = _WITHIN
    return conditions


def _sqlite(table: str) -> dict[str, tuple[str, ...]]:
    def trigger(name: str, event: str, body: str) -> tuple[str, ...]:
        return (f"CREATE TRIGGER {name} BEFORE {event} ON {table} BEGIN {body} END",)

    refuse = f"SELECT RAISE(ABORT, '{table} is append-only');"
    made = {f"{table}_no_delete": trigger(f"{table}_no_delete", "DELETE", refuse)}
    if table == "log_head":
        rule = "SELECT RAISE(ABORT, 'log_head only grows') WHERE NEW.size <= OLD.size OR NEW.site <> OLD.site;"
        return made | {"log_head_only_grows": trigger("log_head_only_grows", "UPDATE", rule)}
    checks = " ".join(
        f"SELECT RAISE(ABORT, '{message}') WHERE {condition};" for message, condition in _conditions(table).items()
    )
    return made | {
        f"{table}_no_update": trigger(f"{table}_no_update", "UPDATE", refuse),
        f"{table}_in_place": trigger(f"{table}_in_place", "INSERT", checks),
    }


def _postgresql(table: str) -> dict[str, tuple[str, ...]]:
    refuse = f"BEGIN RAISE EXCEPTION '{table} is append-only'; END"
    made = {
        f"{table}_no_truncate": _function(f"{table}_no_truncate", table, "TRUNCATE", refuse, each="STATEMENT"),
        f"{table}_no_delete": _function(f"{table}_no_delete", table, "DELETE", refuse),
    }
    if table == "log_head":
        rule = (
            "BEGIN IF NEW.size <= OLD.size OR NEW.site <> OLD.site THEN"
            " RAISE EXCEPTION 'log_head only grows'; END IF; RETURN NEW; END"
        )
        return made | {"log_head_only_grows": _function("log_head_only_grows", table, "UPDATE", rule)}
    made[f"{table}_no_update"] = _function(f"{table}_no_update", table, "UPDATE", refuse)
    if table == "log_entry":
        # The other tables need no such check here: PostgreSQL never replaces a row on insert.
        rule = (
            f"BEGIN IF {_ORDER} THEN RAISE EXCEPTION 'log_entry: an entry comes right"
            f" after the last one'; END IF; IF {_WITHIN} THEN RAISE EXCEPTION 'log_entry:"
            " no entry lies beyond the head'; END IF; RETURN NEW; END"
        )
        made["log_entry_in_place"] = _function("log_entry_in_place", table, "INSERT", rule)
    return made


def _function(name: str, table: str, event: str, body: str, *, each: str = "ROW") -> tuple[str, ...]:
    return (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $${body}$$",
        f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH {each} EXECUTE FUNCTION {name}()",
        # ALWAYS: a session that calls itself a replica does not get past it.
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}",
    )


def _essence(statement: str) -> str:
    """The part of a creating statement that the server keeps and shows again."""
    return statement.split("$$")[1] if "$$" in statement else statement


def _found_sqlite(conn: Connection) -> dict[str, str]:
    rows = conn.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
    return {row.name: row.sql for row in rows}


def _found_postgresql(conn: Connection) -> dict[str, str]:
    rows = conn.execute(
        text(
            "SELECT t.tgname, p.prosrc FROM pg_trigger t"
            " JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_class c ON c.oid = t.tgrelid"
            " WHERE t.tgenabled = 'A' AND t.tgqual IS NULL AND c.relnamespace = current_schema()::regnamespace"
            " AND t.tgname = p.proname AND starts_with(t.tgname, c.relname)"
        )
    )
    return {row.tgname: row.prosrc for row in rows}
