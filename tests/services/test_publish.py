"""How database and signer stand to each other: the rollback alarm of log-format section 7, on both engines."""

import dataclasses
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from audit.services import record
from audit.services.opening import ClinicFacts, FirstPerson, find_register, open_log, slug_of
from audit.services.publish import Signer, SignerRefused, Standing, publish, standing
from audit.services.register import Register
from audit.services.signing.keeper import KeptSigner
from audit.services.signing.signer import Known, Shown
from audit.services.watch import Watch
from audit.storage import checkpoints
from audit.storage.engine import read, write
from audit.tlog.checkpoint import Checkpoint, open_note
from audit.tlog.keys import SigningKey
from tests.clinic import Clinic, start_clinic
from tests.domain.paper import refused


def _standing(register: Register, signer: Signer) -> Standing:
    with read(register.engine) as conn:
        return standing(conn, register.site, register.origin, signer)


def _latest(register: Register) -> checkpoints.StoredCheckpoint:
    with read(register.engine) as conn:
        return checkpoints.latest(conn, register.site)


def test_a_checkpoint_is_signed_by_the_logs_key_over_the_whole_log(clinic):
    clinic.checkpoint()
    kept = _latest(clinic.register)
    checkpoint, signatures = open_note(kept.note, [clinic.log_key])
    assert (checkpoint.origin, checkpoint.size, checkpoint.root) == (clinic.register.origin, kept.size, kept.root)
    assert len(signatures) == 1
    assert _standing(clinic.register, clinic.signer) is Standing.EQUAL


def test_asking_twice_for_the_same_head_gives_the_same_checkpoint(clinic):
    clinic.checkpoint()
    first = _latest(clinic.register)
    clinic.checkpoint()
    assert _latest(clinic.register) == first


def test_a_log_with_entries_whose_signer_remembers_nothing_is_read_only(clinic, tmp_path):
    clinic.checkpoint()
    forgetful = KeptSigner(shutil.copytree(clinic.signer.folder, tmp_path / "other"), clinic.source.randbytes)
    forgetful.store.unlink()
    watch = Watch(clinic.register, forgetful)
    assert watch.look() is Standing.NO_ROW
    with refused("read_only"):
        watch.check_writable()
    assert forgetful.held(clinic.register.origin) is None


def test_after_a_crash_between_commit_and_signing_the_next_start_signs(clinic):
    clinic.checkpoint()
    clinic.register_patient()
    watch = Watch(clinic.register, clinic.signer)
    assert watch.look() is Standing.AHEAD
    watch.check_writable()
    assert watch.look() is Standing.EQUAL
    assert watch.state().state == "intact"
    assert _latest(clinic.register).size == watch.state().size


def test_nothing_is_signed_over_an_entry_that_the_service_did_not_write(migrated_url, tmp_path, monkeypatch):
    forged = start_clinic(migrated_url, tmp_path)  # not the fixture: the oracle rightly finds this log wrong
    forged.checkpoint()
    honest, size = forged.register, _latest(forged.register).size
    forged.register = dataclasses.replace(honest, service_key=SigningKey(f"{honest.origin}/service", b"\x07" * 32))
    monkeypatch.setattr(record, "with_key_in_force", lambda register, _named: register)  # a thief asks no entry
    forged.register_patient()
    monkeypatch.undo()
    watch = Watch(honest, forged.signer)
    assert watch.look() is Standing.AHEAD
    with refused("read_only"):
        watch.check_writable()
    assert forged.signer.held(honest.origin).size == _latest(honest).size == size
    honest.engine.dispose()


def test_an_entry_within_a_second_of_a_signature_is_signed_at_the_next_one(clinic):
    clinic.checkpoint()
    watch = Watch(clinic.register, clinic.signer)
    watch.look()
    signed_ms = clinic.clock.now_ms
    clinic.register_patient()
    clinic.clock.now_ms = signed_ms - 500
    watch.after_entry()
    assert watch.state().checkpoint_size < watch.state().size
    watch.sign_waiting()
    assert watch.state().checkpoint_size == watch.state().size


def test_a_restored_older_database_is_read_only_and_nothing_is_signed(clinic, backup):
    clinic.checkpoint()
    restored = backup()
    clinic.register_patient()
    clinic.checkpoint()
    held = clinic.signer.held(clinic.register.origin)
    watch = Watch(restored, clinic.signer)
    assert watch.look() is Standing.BEHIND
    assert watch.state().state == "broken"
    with refused("read_only"):
        watch.check_writable()
    with pytest.raises(SignerRefused, match=rf"signer signed {held.size}"):
        publish(restored.engine, restored.site, restored.origin, clinic.signer)
    assert clinic.signer.held(clinic.register.origin) == held


@pytest.mark.parametrize("more", [1, 3])
def test_a_restored_database_that_went_on_another_way_is_read_only(clinic, backup, more):
    clinic.checkpoint()
    restored = backup()
    clinic.register_patient()
    clinic.checkpoint()
    other = Clinic(restored, clinic.ground, clinic.signer, clinic.clock, clinic.source, b"", clinic.people)
    for _ in range(more):
        other.register_patient("B")
    watch = Watch(restored, clinic.signer)
    assert watch.look() is Standing.FORKED
    with refused("read_only"):
        watch.check_writable()
    with pytest.raises(SignerRefused):
        publish(restored.engine, restored.site, restored.origin, clinic.signer)


def test_a_log_found_again_is_the_one_that_was_opened(clinic):
    found = find_register(clinic.ground)
    assert (found.site, found.origin, found.is_demo) == ("example-clinic", clinic.register.origin, False)
    assert found.service_key.verifier == clinic.register.service_key.verifier


def test_a_second_log_is_not_opened_over_the_first(clinic):
    facts = ClinicFacts(
        clinic="Other Clinic",
        address="2 Sample Street",
        telephone=None,
        registration="EX-2",
        registration_expires=None,
        licence=None,
        responsible="Dr Z. Example",
        pack="us-dea",
        zone="America/New_York",
    )
    first = FirstPerson(
        person="p_00009999",
        name="Dr Z. Example",
        sign_in="z.example",
        profession="physician",
        licence=None,
        roles=("administrator",),
        password_hash="synthetic-hash-Z",
    )
    with refused("log_already_open"):
        open_log(clinic.ground, facts, first, nonce=clinic.nonce(), offset_min=-300)


@pytest.mark.parametrize(
    ("clinic_name", "slug"),
    [("Clinique Éléonore", "clinique-eleonore"), ("  A & B  ", "a-b"), ("診療所", "clinic"), ("x" * 60, "x" * 40)],
)
def test_the_name_of_a_clinic_in_its_origin_is_plain(clinic_name, slug):
    assert slug_of(clinic_name) == slug


def _overtaken(clinic: Clinic, at: str) -> KeptSigner:
    """Return the clinic's signer, before whose first `held` or `sign` another worker writes and signs."""
    waiting = [1]

    def overtake() -> None:
        if waiting:
            waiting.pop()
            clinic.register_patient()
            clinic.checkpoint()

    class Overtaken(KeptSigner):
        def known(self, origin: str) -> Known:
            if at == "known":
                overtake()
            return super().known(origin)

        def sign(self, checkpoint: Checkpoint, consistency: tuple[bytes, ...], shown: tuple[Shown, ...] = ()) -> str:
            if at == "sign":
                overtake()
            return super().sign(checkpoint, consistency, shown)

    return Overtaken(clinic.signer.folder, clinic.source.randbytes)


@pytest.mark.parametrize("at", ["known", "sign"])
def test_another_worker_that_signs_meanwhile_is_no_alarm(clinic, at):
    clinic.checkpoint()
    clinic.register_patient()
    watch = Watch(clinic.register, _overtaken(clinic, at))
    assert watch.look() in {Standing.EQUAL, Standing.AHEAD}
    watch.check_writable()
    assert watch.state().standing is Standing.EQUAL
    assert watch.compared().standing is Standing.EQUAL


def test_a_worker_overtaken_while_signing_leaves_the_later_checkpoint(clinic):
    clinic.checkpoint()
    clinic.register_patient()
    register = clinic.register
    publish(register.engine, register.site, register.origin, _overtaken(clinic, "sign"))
    assert _latest(register).size == clinic.signer.held(register.origin).size
    assert _standing(register, clinic.signer) is Standing.EQUAL


def test_two_workers_keep_the_same_checkpoint_at_one_moment(clinic):
    register = clinic.register
    note, root = "synthetic note", bytes(32)
    with ThreadPoolExecutor(1) as other:
        with write(register.engine) as conn:
            checkpoints.save(conn, "elsewhere", 1, root, note)
            saving = other.submit(_save, register, note)
            with pytest.raises(TimeoutError):
                saving.result(0.2)
        saving.result(10)
    with pytest.raises(checkpoints.CheckpointDiffers):
        _save(register, "another note")


def _save(register: Register, note: str) -> None:
    with write(register.engine) as conn:
        checkpoints.save(conn, "elsewhere", 1, bytes(32), note)
