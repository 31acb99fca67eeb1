"""What tests of pages may ask for: a clinic behind its real pages."""

from collections.abc import Iterator

import pytest

from tests.web.house import House, open_house


@pytest.fixture
def house(tmp_path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A new clinic with five people and one product, on SQLite."""
    opened = open_house(tmp_path, monkeypatch)
    yield opened
    opened.clinic.register.engine.dispose()
