"""Whatever an entry's bytes are made to say, verifying comes to its end, and it never says that they hold."""

from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.services.verify import Source, verify
from audit.services.verifying.source import Row
from audit.storage import log
from audit.storage.engine import read
from tests.faults.lived import live

ODD = (0, -1, 2**53 - 1, "", "x", "p_0000", "service", True, [1], {"a": 1}, {"index": 3, "leaf": "ab" * 32}, None, 1.5)


@pytest.fixture(scope="module")
def bodies(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    home: Path = tmp_path_factory.mktemp("clinic")
    clinic = live(f"sqlite:///{home / 'audit.db'}", home)
    with read(clinic.register.engine) as conn:
        return [stored.body for stored in log.entries(conn, clinic.register.site)]


def garble(draw: st.DrawFn, value: object) -> object:
    """Change, drop or add something somewhere inside a value."""
    if isinstance(value, dict) and value and draw(st.booleans()):
        name = draw(st.sampled_from(sorted(value)))
        kind = draw(st.sampled_from(["inside", "inside", "inside", "drop", "add"]))
        if kind == "drop":
            return {key: one for key, one in value.items() if key != name}
        return value | ({"extra": 1} if kind == "add" else {name: garble(draw, value[name])})
    if isinstance(value, list) and value and draw(st.booleans()):
        place = draw(st.integers(0, len(value) - 1))
        return [*value[:place], garble(draw, value[place]), *value[place + 1 :]]
    return draw(st.sampled_from(ODD))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_entry_however_garbled_stops_a_verification_or_passes_it(bodies: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(bodies) - 1))
    entry = orjson.loads(bodies[index])
    part = data.draw(st.sampled_from(["facts", "act", "signature", "whole"]))
    if part == "facts":
        entry["act"]["facts"] = garble(data.draw, entry["act"]["facts"])
    elif part == "whole":
        entry = garble(data.draw, entry)
    else:
        entry[part] = garble(data.draw, entry[part])
    garbled = orjson.dumps(entry, option=orjson.OPT_SORT_KEYS)
    changed = [*bodies[:index], garbled, *bodies[index + 1 :]]
    verdict = verify(
        Source(
            rows=[Row(place, body) for place, body in enumerate(changed)],
            body_at=lambda place: changed[place] if 0 <= place < len(changed) else None,
            count=len(changed),
            checkpoints=[],
        )
    )
    assert verdict.size == len(bodies)
    assert verdict.holds is (garbled == bodies[index])
