"""A sealed value opens where it was sealed and nowhere else, and an erased one is gone."""

import hashlib
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from audit.storage import seals
from audit.storage.engine import read, write
from audit.storage.seals import Opened, Place, SealBroken, Vault

ORIGIN = "audit.example.org/log/broadview"
PATIENT = "pt_7f3a"
NOTE = Place(4, "note")
VALUE = Opened(r=b"\x11" * 32, value="Slept for an hour.\nNo complaint.")


def vault(site: str = "broadview", origin: str = ORIGIN, key: bytes = b"\x42" * 32) -> Vault:
    drawn = count()

    def random(size: int) -> bytes:
        return hashlib.shake_128(f"{site} {next(drawn)}".encode()).digest(size)

    return Vault(site, origin, key, random)


@pytest.fixture
def sealed(opened: Engine) -> Engine:
    with write(opened) as conn:
        safe = vault()
        seals.put(conn, safe, NOTE, owner=PATIENT, opened=VALUE)
        seals.put(conn, safe, Place(5, "note"), owner="pt_other", opened=Opened(b"\x22" * 32, "Another person"))
        seals.put(conn, safe, Place(4, "weight"), owner=PATIENT, opened=Opened(b"\x33" * 32, {"weight_g": 71_500}))
    return opened


def test_a_sealed_value_opens_with_its_r(sealed: Engine) -> None:
    with read(sealed) as conn:
        assert seals.opened(conn, vault(), NOTE) == VALUE
        assert seals.opened(conn, vault(), Place(4, "weight")) == Opened(b"\x33" * 32, {"weight_g": 71_500})
        assert seals.opened(conn, vault(), Place(9, "note")) is None
        assert seals.opened(conn, vault(site="danforth"), NOTE) is None


def test_a_value_is_nowhere_in_the_clear(sealed: Engine) -> None:
    with read(sealed) as conn:
        kept = b"".join(conn.scalars(text("SELECT ciphertext FROM sealed")))
        kept += b"".join(conn.scalars(text("SELECT wrapped FROM sealed_key")))
    assert b"Slept" not in kept
    assert VALUE.r not in kept
    assert "Slept" not in repr(VALUE)
    assert "BBBB" not in repr(vault())


@pytest.mark.parametrize("place", [0, 12, 40, -1])
def test_a_changed_ciphertext_does_not_open(sealed: Engine, place: int) -> None:
    with write(sealed) as conn:
        stored = bytearray(conn.scalar(text("SELECT ciphertext FROM sealed WHERE idx = 4 AND field = 'note'")))
        stored[place] ^= 1
        conn.execute(text("UPDATE sealed SET ciphertext = :c WHERE idx = 4 AND field = 'note'"), {"c": bytes(stored)})
    assert_broken(sealed, vault())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE sealed SET owner = 'pt_other' WHERE idx = 4",
        (
            "UPDATE sealed SET field = 'swap' WHERE idx = 4 AND field = 'note';"
            "UPDATE sealed SET field = 'note' WHERE idx = 4 AND field = 'weight'"
        ),
        "UPDATE sealed SET ciphertext = (SELECT ciphertext FROM sealed WHERE idx = 5) WHERE idx = 4",
        "UPDATE sealed_key SET wrapped = (SELECT wrapped FROM sealed_key WHERE owner = 'pt_other')",
    ],
)
def test_a_ciphertext_or_key_moved_elsewhere_does_not_open(sealed: Engine, statement: str) -> None:
    with write(sealed) as conn:
        for part in statement.split(";"):
            conn.exec_driver_sql(part)
    assert_broken(sealed, vault())


def test_a_ciphertext_cut_short_does_not_open(sealed: Engine) -> None:
    with write(sealed) as conn:
        conn.execute(text("UPDATE sealed SET ciphertext = :c"), {"c": b"short"})
    assert_broken(sealed, vault())


def test_another_wrapping_key_or_log_opens_nothing(sealed: Engine) -> None:
    assert_broken(sealed, vault(key=b"\x43" * 32))
    assert_broken(sealed, vault(origin="audit.example.org/log/danforth"))


def test_erasing_a_patient_leaves_the_others(sealed: Engine) -> None:
    with write(sealed) as conn:
        assert seals.destroy(conn, "broadview", PATIENT) == 2
    with read(sealed) as conn:
        assert seals.opened(conn, vault(), NOTE) is None
        assert seals.opened(conn, vault(), Place(5, "note")) == Opened(b"\x22" * 32, "Another person")


@pytest.mark.parametrize("engine_kind", ["sqlite"], indirect=True)
def test_an_erased_key_is_no_longer_in_the_file(sealed: Engine, database_url: str) -> None:
    with write(sealed) as conn:
        wrapped = conn.scalar(text("SELECT wrapped FROM sealed_key WHERE owner = :o"), {"o": PATIENT})
        seals.destroy(conn, "broadview", PATIENT)
    with sealed.connect() as conn:
        conn.rollback()
        conn.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path = Path(database_url.removeprefix("sqlite:///"))
    files = [found.read_bytes() for found in (path, path.with_name(path.name + "-wal")) if found.exists()]
    assert not [1 for kept in files if wrapped in kept]


def test_an_r_has_32_bytes(opened: Engine) -> None:
    with pytest.raises(ValueError, match="expected an r of 32 bytes, met 31"), write(opened) as conn:
        seals.put(conn, vault(), NOTE, owner=PATIENT, opened=Opened(b"\x11" * 31, "text"))


def assert_broken(engine: Engine, safe: Vault) -> None:
    with read(engine) as conn, pytest.raises(SealBroken):
        seals.opened(conn, safe, NOTE)
