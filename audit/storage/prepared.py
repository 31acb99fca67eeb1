"""Statements of the write path, compiled once for each engine and then handed straight to the driver.

SQLAlchemy spells the SQL; building its result objects for ten small statements would take longer than the
database needs to run them. Errors come out as SQLAlchemy's own, and whoever listens to statements (a fault test,
a tracer) hears of these as of any other.
Not here: which statements there are. Values and columns need no conversion: text, integers and bytes only.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Insert, Select, Update
from sqlalchemy.exc import DBAPIError

Values = Mapping[str, Any]
Statement = Select[*tuple[Any, ...]] | Insert | Update


class _Text(NamedTuple):
    """A statement as one driver takes it: names in order where it numbers its parameters, and fixed values."""

    sql: str
    order: tuple[str, ...] | None
    fixed: dict[str, Any]

    def parameters(self, values: Values) -> Any:  # noqa: ANN401 (a list or a mapping, as the driver takes them)
        """Return the values as the driver takes them."""
        known: Values = {**values, **self.fixed} if self.fixed else values
        return known if self.order is None else [known[name] for name in self.order]


class Prepared:
    """One statement, ready to run on either engine."""

    __slots__ = ("_columns", "_statement", "_texts")

    def __init__(self, statement: Statement, columns: Sequence[str] | None = None) -> None:
        """Keep a statement; an insert names its `columns`, for which every row has a value."""
        self._statement: Final = statement
        self._columns: Final = list(columns) if columns else None
        self._texts: Final[dict[str, _Text]] = {}

    def rows(self, conn: Connection, values: Values) -> Sequence[tuple[Any, ...]]:
        """Return all rows that the statement answers."""
        cursor = self._execute(conn, values)
        try:
            found: Sequence[tuple[Any, ...]] = cursor.fetchall()
        finally:
            cursor.close()
        return found

    def row(self, conn: Connection, values: Values) -> tuple[Any, ...] | None:
        """Return the one row that the statement answers, if any."""
        found = self.rows(conn, values)
        return found[0] if found else None

    def run(self, conn: Connection, values: Values) -> int:
        """Run a statement that answers no rows; return how many it concerned."""
        cursor = self._execute(conn, values)
        concerned: int = cursor.rowcount
        cursor.close()
        return concerned

    def run_each(self, conn: Connection, rows: Sequence[Values]) -> None:
        """Run an insert for each row, of which there may be none."""
        if rows:
            text = self._text(conn)
            _run(conn, text.sql, [text.parameters(row) for row in rows], many=True).close()

    def _execute(self, conn: Connection, values: Values) -> Any:  # noqa: ANN401 (a driver's cursor)
        text = self._text(conn)
        return _run(conn, text.sql, text.parameters(values))

    def _text(self, conn: Connection) -> _Text:
        return self._texts.get(conn.dialect.name) or self._compile(conn)

    def _compile(self, conn: Connection) -> _Text:
        compiled: Any = self._statement.compile(dialect=conn.dialect, column_keys=self._columns)
        order = tuple(compiled.positiontup) if compiled.positional else None
        fixed = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
        made = self._texts[conn.dialect.name] = _Text(str(compiled), order, fixed)
        return made


def run_words(conn: Connection, words: str) -> None:
    """Run a few words of SQL without parameters, such as the beginning of a transaction."""
    _run(conn, words, ()).close()


def _run(conn: Connection, sql: str, parameters: Any, *, many: bool = False) -> Any:  # noqa: ANN401 (the driver's own)
    """Run one statement on a new cursor, telling whoever listens before and after."""
    cursor = conn.connection.cursor()
    conn.dispatch.before_cursor_execute(conn, cursor, sql, parameters, None, many)
    try:
        (cursor.executemany if many else cursor.execute)(sql, parameters)
    except conn.dialect.loaded_dbapi.Error as error:
        cursor.close()
        raise _as_sqlalchemys(conn, sql, error) from error
    conn.dispatch.after_cursor_execute(conn, cursor, sql, parameters, None, many)
    return cursor


def _as_sqlalchemys(conn: Connection, sql: str, error: Exception) -> BaseException:
    """Return a driver's error as SQLAlchemy would raise it; a connection that is lost is given up."""
    is_lost = conn.dialect.is_disconnect(error, conn.connection, None)  # type: ignore[arg-type]
    if is_lost:
        conn.invalidate(error)
    driver_error = conn.dialect.loaded_dbapi.Error
    return DBAPIError.instance(sql, None, error, driver_error, connection_invalidated=is_lost, dialect=conn.dialect)
