"""A database of each engine, upgraded to the newest schema and open."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from audit.storage.engine import open_engine
from audit.storage.upgrade import upgrade


@pytest.fixture
def opened(database_url: str) -> Iterator[Engine]:
    """An open, empty, upgraded database."""
    upgrade(database_url)
    made = open_engine(database_url)
    yield made
    made.dispose()
