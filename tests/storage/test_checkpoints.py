"""One checkpoint per size, kept as it was signed."""

import pytest
from sqlalchemy import Engine

from audit.storage import checkpoints
from audit.storage.checkpoints import CheckpointDiffers, StoredCheckpoint
from audit.storage.engine import read, write

FIRST = StoredCheckpoint(3, b"\x03" * 32, "origin\n3\n…\n")
SECOND = StoredCheckpoint(8, b"\x08" * 32, "origin\n8\n…\n")


@pytest.fixture
def kept(opened: Engine) -> Engine:
    with write(opened) as conn:
        for one in (SECOND, FIRST):
            checkpoints.save(conn, "broadview", one.size, one.root, one.note)
        checkpoints.save(conn, "danforth", 99, b"\x99" * 32, "another log")
    return opened


def test_the_latest_checkpoint_is_the_largest(kept: Engine) -> None:
    with read(kept) as conn:
        assert checkpoints.latest(conn, "broadview") == SECOND
        assert list(checkpoints.every(conn, "broadview")) == [FIRST, SECOND]
        assert checkpoints.latest(conn, "nowhere") is None


@pytest.mark.parametrize(("index", "covering"), [(0, FIRST), (2, FIRST), (3, SECOND), (7, SECOND), (8, None)])
def test_an_entry_is_covered_by_the_first_checkpoint_above_it(
    kept: Engine, index: int, covering: StoredCheckpoint | None
) -> None:
    with read(kept) as conn:
        assert checkpoints.covering(conn, "broadview", index) == covering


def test_keeping_the_same_checkpoint_again_changes_nothing(kept: Engine) -> None:
    with write(kept) as conn:
        checkpoints.save(conn, "broadview", FIRST.size, FIRST.root, FIRST.note)
        assert list(checkpoints.every(conn, "broadview")) == [FIRST, SECOND]


@pytest.mark.parametrize(("root", "note"), [(b"\x04" * 32, FIRST.note), (FIRST.root, "another note")])
def test_a_second_history_of_the_same_size_is_refused(kept: Engine, root: bytes, note: str) -> None:
    with pytest.raises(CheckpointDiffers), write(kept) as conn:
        checkpoints.save(conn, "broadview", 3, root, note)
