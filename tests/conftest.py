"""What every test may ask for: a database of each engine, and a clinic on it.

Not here: how a clinic acts (clinic.py), what the oracle knows (oracle.py), which skips are let (skips.py).
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.storage.upgrade import upgrade
from tests import oracle
from tests.clinic import Clinic, start_clinic
from tests.postgres import PostgresServer

pytest_plugins = ("tests.skips",)

ENGINE_KINDS = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The PostgreSQL server of this test process, started by the first test that asks."""
    server = PostgresServer()
    yield server
    server.stop()


@pytest.fixture(params=ENGINE_KINDS)
def engine_kind(request: pytest.FixtureRequest) -> str:
    """Each engine in turn: `sqlite`, `postgresql`."""
    return request.param


@pytest.fixture
def database_url(engine_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """SQLAlchemy URL of an empty database of that engine, gone after the test. On PostgreSQL, its superuser's."""
    if engine_kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'audit.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.database() as name:
        yield server.url(name)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """File of a database that was brought to the schema of this version once; tests copy it."""
    path = tmp_path_factory.mktemp("migrated") / "audit.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: PostgresServer) -> str:
    """Name of such a database on PostgreSQL."""
    name = postgres_server.create_database()
    upgrade(postgres_server.url(name))
    return name


@pytest.fixture
def migrated_url(engine_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """As `database_url`, with the schema of this version in it: a copy, which is quicker than migrating."""
    if engine_kind == "sqlite":
        yield f"sqlite:///{shutil.copy(request.getfixturevalue('migrated_sqlite'), tmp_path / 'audit.db')}"
        return
    template = request.getfixturevalue("migrated_postgres")
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.database(template=template) as name:
        yield server.url(name)


@pytest.fixture
def clinic(migrated_url: str, tmp_path: Path) -> Iterator[Clinic]:
    """A clinic with its log open, on each engine in turn; after the test the oracle reads the whole log."""
    started = start_clinic(migrated_url, tmp_path)
    yield started
    started.register.engine.dispose()
    oracle.check(migrated_url)
