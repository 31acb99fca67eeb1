"""What tests of services share: a backup of the clinic's database, and the register of it as after restoring it."""

import dataclasses
import shutil
from collections.abc import Callable

import pytest
from sqlalchemy import make_url

from audit.services.opening import find_register
from audit.services.register import Register
from audit.storage.engine import open_engine


@pytest.fixture
def backup(clinic, migrated_url, engine_kind, request, tmp_path) -> Callable[[], Register]:
    """Copies the database as it is now; the register of the copy, as after restoring it."""
    opened = []

    def copy() -> Register:
        clinic.register.engine.dispose()
        if engine_kind == "sqlite":
            url = f"sqlite:///{shutil.copy(make_url(migrated_url).database, tmp_path / f'copy{len(opened)}.db')}"
        else:
            server = request.getfixturevalue("postgres_server")
            url = server.url(server.create_database(template=make_url(migrated_url).database))
        opened.append(open_engine(url))
        register = find_register(dataclasses.replace(clinic.ground, engine=opened[-1]))
        opened[-1].dispose()
        return register

    yield copy
    for engine in opened:
        engine.dispose()
