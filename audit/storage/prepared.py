"""Statements of the write path, compiled once for each engine and then handed straight to the driver.

SQLAlchemy spells the SQL; building its result objects for ten small statements would take longer than the
database needs to run them. Errors come out as SQLAlchemy's own. Where anybody listens to statements (a fault
test, a tracer), they run the ordinary way, so that nothing is missed.
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
        if _is_watched(conn):
            return [tuple(row) for row in conn.execute(self._statement, dict(values))]
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
        if _is_watched(conn):
            return conn.execute(self._statement, dict(values)).rowcount
        cursor = self._execute(conn, values)
        concerned: int = cursor.rowcount
        cursor.close()
        return concerned

    def run_each(self, conn: Connection, rows: Sequence[Values]) -> None:
        """Run an insert for each row, of which there may be none."""
        if rows and _is_watched(conn):
            conn.execute(self._statement, [dict(row) for row in rows])
            return
        if len(rows) == 1:
            self._execute(conn, rows[0]).close()
        elif rows:
            self._execute_each(conn, rows)

    def _execute(self, conn: Connection, values: Values) -> Any:  # noqa: ANN401 (a driver's cursor)
        text = self._texts.get(conn.dialect.name) or self._compile(conn)
        cursor = conn.connection.cursor()
        try:
            cursor.execute(text.sql, text.parameters(values))
        except conn.dialect.loaded_dbapi.Error as error:
            raise _as_sqlalchemys(conn, text.sql, error) from error
        return cursor

    def _execute_each(self, conn: Connection, rows: Sequence[Values]) -> None:
        text = self._texts.get(conn.dialect.name) or self._compile(conn)
        cursor = conn.connection.cursor()
        try:
            cursor.executemany(text.sql, [text.parameters(row) for row in rows])
        except conn.dialect.loaded_dbapi.Error as error:
            raise _as_sqlalchemys(conn, text.sql, error) from error
        finally:
            cursor.close()

    def _compile(self, conn: Connection) -> _Text:
        compiled: Any = self._statement.compile(dialect=conn.dialect, column_keys=self._columns)
        order = tuple(compiled.positiontup) if compiled.positional else None
        fixed = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
        made = self._texts[conn.dialect.name] = _Text(str(compiled), order, fixed)
        return made


def run_words(conn: Connection, words: str) -> None:
    """Run a few words of SQL without parameters, such as the beginning of a transaction."""
    if _is_watched(conn):
        conn.exec_driver_sql(words)
        return
    cursor = conn.connection.cursor()
    try:
        cursor.execute(words)
    except conn.dialect.loaded_dbapi.Error as error:
        raise _as_sqlalchemys(conn, words, error) from error
    finally:
        cursor.close()


def _is_watched(conn: Connection) -> bool:
    return bool(conn.dispatch.before_cursor_execute or conn.engine.dispatch.before_cursor_execute)


def _as_sqlalchemys(conn: Connection, sql: str, error: Exception) -> BaseException:
    """Return a driver's error as SQLAlchemy would raise it; a connection that is lost is given up."""
    is_lost = conn.dialect.is_disconnect(error, conn.connection, None)  # type: ignore[arg-type]
    if is_lost:
        conn.invalidate(error)
    driver_error = conn.dialect.loaded_dbapi.Error
    return DBAPIError.instance(sql, None, error, driver_error, connection_invalidated=is_lost, dialect=conn.dialect)
