"""Faults in and around the signer's own store: an entry once acknowledged stays, and the next start signs it."""

from pathlib import Path

import pytest
from sqlalchemy import event

from audit.services.publish import SignerAway, Standing, publish
from audit.services.watch import Watch
from audit.storage import checkpoints, log
from audit.storage.engine import read
from tests.clinic import Clinic


def _size(clinic: Clinic) -> int:
    with read(clinic.register.engine) as conn:
        return log.head(conn, clinic.register.site).size


def _covered(clinic: Clinic) -> int:
    with read(clinic.register.engine) as conn:
        return checkpoints.latest(conn, clinic.register.site).size


def test_a_signer_whose_store_cannot_be_written_signs_nothing_and_loses_nothing(clinic, tmp_path: Path):
    clinic.checkpoint()
    covered = _covered(clinic)
    clinic.register_patient()
    store, aside = clinic.signer.store, tmp_path / "aside.db"
    store.rename(aside)
    store.mkdir()
    with pytest.raises(SignerAway):
        clinic.checkpoint()
    assert _covered(clinic) == covered
    store.rmdir()
    aside.rename(store)
    watch = Watch(clinic.register, clinic.signer)
    assert watch.look() is Standing.AHEAD
    assert _covered(clinic) == _size(clinic)


def test_a_store_that_is_no_database_stops_the_signer_not_the_clinic(clinic):
    clinic.checkpoint()
    clinic.signer.store.write_bytes(b"not a database, and longer than the header of one" * 50)
    with pytest.raises(SignerAway):
        clinic.checkpoint()
    before = _size(clinic)
    clinic.register_patient()
    assert _size(clinic) == before + 1


@pytest.mark.parametrize("name", ["before_cursor_execute", "after_cursor_execute"])
def test_a_crash_between_the_signers_memory_and_the_database_is_made_good_at_the_next_start(clinic, name):
    clinic.checkpoint()
    clinic.register_patient()
    hit = []

    def fail(_conn: object, _cursor: object, statement: str, *_more: object) -> None:
        if "INSERT INTO checkpoint" in statement:
            hit.append(1)
            raise ConnectionAbortedError

    event.listen(clinic.register.engine, name, fail)
    with pytest.raises(ConnectionAbortedError):
        clinic.checkpoint()
    event.remove(clinic.register.engine, name, fail)
    assert hit == [1]
    assert clinic.signer.held(clinic.register.origin).size == _size(clinic)
    assert _covered(clinic) < _size(clinic)
    watch = Watch(clinic.register, clinic.signer)
    assert watch.look() is Standing.EQUAL
    assert _covered(clinic) == _size(clinic)


def test_a_crash_before_the_signer_remembers_is_as_if_it_had_not_been_asked(clinic, monkeypatch):
    clinic.checkpoint()
    clinic.register_patient()
    held = clinic.signer.held(clinic.register.origin)

    def die(*_args: object) -> None:
        raise ConnectionAbortedError

    monkeypatch.setattr("audit.storage.signer_store.swap", die)
    with pytest.raises(SignerAway):
        clinic.checkpoint()
    monkeypatch.undo()
    assert clinic.signer.held(clinic.register.origin) == held
    register = clinic.register
    assert publish(register.engine, register.site, register.origin, clinic.signer).size == _size(clinic)
