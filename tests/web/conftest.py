"""What tests of pages may ask for: a clinic behind its real pages."""

from collections.abc import Iterator

import pytest
from jinja2 import FileSystemBytecodeCache

from tests.web.house import House, open_house


@pytest.fixture(scope="session")
def compiled(tmp_path_factory) -> FileSystemBytecodeCache:
    """Templates compiled once a run: each test makes an app of its own, which would compile them all again."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def house(tmp_path, monkeypatch: pytest.MonkeyPatch, compiled: FileSystemBytecodeCache) -> Iterator[House]:
    """A new clinic with five people and one product, on SQLite."""
    opened = open_house(tmp_path, monkeypatch)
    opened.service.app.jinja_env.bytecode_cache = compiled
    yield opened
    opened.clinic.register.engine.dispose()


@pytest.fixture
def stocked(house: House) -> House:
    """A clinic with one opened and two sealed vials, whose book figures nobody could guess."""
    vials = house.clinic.receive(count=3)
    house.clinic.whole_session(vials[0], drawn_ul=1234, left_ul=34)
    house.vial = vials[0]
    return house
