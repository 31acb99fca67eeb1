"""One lived clinic for each engine, and a copy of its database for each attack."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.services.drill.scene import Scene
from tests.attacks.house import House, live, scene_of
from tests.conftest import ENGINE_KINDS
from tests.postgres import PostgresServer


@pytest.fixture(scope="module", params=ENGINE_KINDS)
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The clinic before any attack, lived once; nothing is connected to its database afterwards."""
    home = tmp_path_factory.mktemp("house")
    if request.param == "sqlite":
        lived = live(f"sqlite:///{home / 'audit.db'}", home)
        lived.clinic.register.engine.dispose()
        yield lived
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.database() as name:
        lived = live(server.url(name), home)
        lived.clinic.register.engine.dispose()
        yield lived


@pytest.fixture
def scene(house: House, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    """The scene of one attack: a copied database on the same engine, gone after the test."""
    if house.url.startswith("sqlite"):
        shutil.copy(house.home / "audit.db", tmp_path / "audit.db")
        set_up = scene_of(house, f"sqlite:///{tmp_path / 'audit.db'}", tmp_path)
        yield set_up
        set_up.engine.dispose()
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.database(template=house.url.rsplit("/", 1)[1].partition("?")[0]) as name:
        set_up = scene_of(house, server.url(name), tmp_path)
        yield set_up
        set_up.engine.dispose()
