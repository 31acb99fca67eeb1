"""The signer remembers the last head it signed, and only ever moves forward from it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from audit.storage.signer_store import Held, HeldMoved, held, swap

ORIGIN = "audit.example.org/log/broadview"
FIRST = Held(size=3, root=b"\x03" * 32, note="three")
SECOND = Held(size=8, root=b"\x08" * 32, note="eight")


def test_a_signer_that_never_signed_holds_nothing_and_makes_no_file(tmp_path: Path) -> None:
    assert held(tmp_path / "signer.db", ORIGIN) is None
    assert not (tmp_path / "signer.db").exists()


def test_the_head_signed_last_is_held_per_origin(tmp_path: Path) -> None:
    path = tmp_path / "signer.db"
    swap(path, ORIGIN, None, FIRST)
    swap(path, ORIGIN, FIRST, SECOND)
    swap(path, ORIGIN + "/2", None, FIRST)
    assert held(path, ORIGIN) == SECOND
    assert held(path, ORIGIN + "/2") == FIRST
    assert held(path, "elsewhere") is None


@pytest.mark.parametrize("old", [None, SECOND, Held(size=3, root=b"\x04" * 32, note="three")])
def test_a_swap_against_another_row_is_refused(tmp_path: Path, old: Held | None) -> None:
    path = tmp_path / "signer.db"
    swap(path, ORIGIN, None, FIRST)
    with pytest.raises(HeldMoved):
        swap(path, ORIGIN, old, SECOND)
    assert held(path, ORIGIN) == FIRST


def test_the_signer_never_goes_back(tmp_path: Path) -> None:
    path = tmp_path / "signer.db"
    swap(path, ORIGIN, None, SECOND)
    with pytest.raises(HeldMoved, match="cannot go back from 8 to 3"):
        swap(path, ORIGIN, SECOND, FIRST)
    assert held(path, ORIGIN) == SECOND


def test_of_several_signers_at_once_one_wins(tmp_path: Path) -> None:
    path = tmp_path / "signer.db"
    swap(path, ORIGIN, None, FIRST)

    def tries(size: int) -> bool:
        try:
            swap(path, ORIGIN, FIRST, Held(size=size, root=bytes([size]) * 32, note=str(size)))
        except HeldMoved:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(tries, (4, 5, 6, 7))) == [False, False, False, True]


def test_the_row_is_in_the_one_file_and_the_journal_beside_it_is_spent(tmp_path: Path) -> None:
    path = tmp_path / "signer.db"
    swap(path, ORIGIN, None, FIRST)
    journal = tmp_path / "signer.db-journal"
    assert journal.read_bytes()[:8] == bytes(8)  # a live one begins with D9D505F920A163D7
    journal.unlink()
    assert held(path, ORIGIN) == FIRST
