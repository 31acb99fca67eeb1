"""Keys change by an administrator's entry; what they sign is verified by the key in force: rotation, loss, theft."""

import dataclasses
import shutil
from pathlib import Path

import pytest

from audit.domain import events
from audit.services import record
from audit.services.acts import with_factors
from audit.services.administering import Administrator
from audit.services.evidence import verify_files
from audit.services.key_changes import recover_log_key, rotate_log_key, rotate_service_key
from audit.services.publish import RecoveryWanted, SignerRefused, Standing
from audit.services.signing.keeper import KeptSigner
from audit.services.signing.signer import Shown
from audit.services.verify import Anchor, Installation, Verdict, verify_site
from audit.services.watch import Watch
from audit.storage import checkpoints
from audit.storage.engine import read
from audit.tlog.checkpoint import Checkpoint, open_note, sign
from audit.tlog.keys import SigningKey, VerifierKey
from audit.tlog.note import NoteRefused, sign_text
from tests.clinic import OFFSET_MIN, Clinic, start_clinic
from tests.domain.paper import refused
from tests.services.issued import files_of, live_one_session, report_of


def administrator(clinic: Clinic, who: str = "A") -> Administrator:
    """Return a person acting with their password."""
    return Administrator(
        person=clinic.people[who], standing=with_factors("password"), nonce=clinic.nonce(), offset_min=OFFSET_MIN
    )


def latest(clinic: Clinic) -> checkpoints.StoredCheckpoint:
    """Return the last checkpoint beside the log."""
    with read(clinic.register.engine) as conn:
        return checkpoints.latest(conn, clinic.register.site)


def check(clinic: Clinic, **anchor: object) -> Verdict:
    """Verify the log with all that the installation has."""
    around = Installation(keyring=clinic.ground.keyring, signer=clinic.signer)
    register = clinic.register
    now_ms = clinic.clock.now_ms
    return verify_site(register.engine, register.site, around, now_ms=now_ms, anchor=Anchor(**anchor))


def is_signed_by(note: str, *keys: VerifierKey) -> bool:
    """Say whether each of these keys has signed a note."""
    try:
        return all(open_note(note, [key]) for key in keys)
    except NoteRefused:
        return False


def lose_signer(clinic: Clinic) -> KeptSigner:
    """Lose the signer's folder; return the new one over an empty folder."""
    shutil.rmtree(clinic.signer.folder)
    return clinic.signer


def test_a_new_key_is_signed_over_to_by_the_old_one_and_then_alone(clinic: Clinic) -> None:
    clinic.checkpoint()
    old, before = clinic.log_key, latest(clinic)
    new = rotate_log_key(clinic.register, clinic.signer, administrator(clinic))
    both = latest(clinic)
    assert new != old
    assert clinic.log_key == new
    assert is_signed_by(both.note, old, new)
    clinic.register_patient()
    clinic.checkpoint()
    assert is_signed_by(latest(clinic).note, new)
    assert not is_signed_by(latest(clinic).note, old)
    assert not is_signed_by(before.note, new)
    verdict = check(clinic)
    assert verdict.findings == ()


def test_whoever_holds_the_old_key_learns_the_new_one_from_the_checkpoint_of_both(clinic: Clinic) -> None:
    clinic.checkpoint()
    old = clinic.log_key
    new = rotate_log_key(clinic.register, clinic.signer, administrator(clinic))
    size = check(clinic).size
    assert check(clinic, log_key=old).anchored_size == check(clinic, log_key=new).anchored_size == size
    stranger = SigningKey(clinic.register.origin, b"k" * 32).verifier
    assert [one.check for one in check(clinic, log_key=stranger).findings] == ["extends"]


@pytest.mark.parametrize("at", ["prepare", "state", "swap", "save"])
def test_a_rotation_stopped_anywhere_is_finished_by_asking_again(clinic: Clinic, monkeypatch, at: str) -> None:
    clinic.checkpoint()
    old, by = clinic.log_key, administrator(clinic)
    place = {
        "prepare": "audit.services.administering.record",
        "state": "audit.services.key_changes.publish",
        "swap": "audit.services.signing.keyfiles.KeyFiles.follow",
        "save": "audit.storage.checkpoints.save",
    }[at]

    def die(*_args: object, **_more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(place, die)
    with pytest.raises(KeyboardInterrupt):
        rotate_log_key(clinic.register, clinic.signer, by)
    monkeypatch.undo()
    clinic.register_patient()  # life goes on before anybody asks again
    rotate_log_key(clinic.register, clinic.signer, administrator(clinic))
    clinic.checkpoint()
    assert clinic.log_key != old
    verdict = check(clinic)
    assert verdict.findings == ()
    assert check(clinic, log_key=old).anchored_size == verdict.size


def test_only_an_administrator_changes_a_key(clinic: Clinic) -> None:
    clinic.checkpoint()
    with refused("not_your_role"):
        rotate_log_key(clinic.register, clinic.signer, administrator(clinic, "M"))


def test_a_checkpoint_over_a_new_key_that_the_old_one_has_not_signed_is_a_finding(clinic: Clinic, monkeypatch) -> None:
    clinic.checkpoint()
    monkeypatch.setattr("audit.services.signing.keeper.sign_text", lambda text, keys: sign_text(text, keys[:1]))
    rotate_log_key(clinic.register, clinic.signer, administrator(clinic))
    assert [one.check for one in check(clinic).findings] == ["checkpoint"]


def test_the_signer_changes_its_key_for_no_entry_that_the_head_does_not_cover(clinic: Clinic) -> None:
    clinic.checkpoint()
    old = clinic.log_key
    clinic.signer.prepare(clinic.register.origin)
    clinic.register_patient()
    clinic.checkpoint()
    assert clinic.log_key == old
    assert is_signed_by(latest(clinic).note, old)
    held = clinic.signer.held(clinic.register.origin)
    head = Checkpoint(clinic.register.origin, held.size + 1, bytes(32))
    with pytest.raises(SignerRefused, match="entry 3 is not shown"):
        clinic.signer.sign(head, (), (Shown(index=3, body=b"{}", proof=()),))


def test_a_lost_key_is_replaced_by_the_recovery_key_on_paper(clinic: Clinic) -> None:
    clinic.checkpoint()
    old, before = clinic.log_key, latest(clinic)
    signer = lose_signer(clinic)
    watch = Watch(clinic.register, signer)
    assert watch.look() is Standing.NO_ROW
    with refused("log_key_missing"):
        rotate_log_key(clinic.register, signer, administrator(clinic))
    with refused("not_recovery_key"):
        recover_log_key(clinic.register, signer, administrator(clinic), b"another seed of 32 bytes, not it")
    assert signer.known(clinic.register.origin).keys == ()
    new = recover_log_key(clinic.register, signer, administrator(clinic), clinic.recovery_seed)
    recovery = SigningKey(clinic.register.origin, clinic.recovery_seed).verifier
    assert is_signed_by(latest(clinic).note, new, recovery)
    assert watch.look() is Standing.EQUAL
    watch.check_writable()
    clinic.register_patient()
    clinic.checkpoint()
    verdict = check(clinic, note=before.note)
    assert verdict.findings == ()
    assert verdict.anchored_size == before.size
    assert old != new


def test_a_lost_key_recovered_half_way_waits_for_the_recovery_key_and_is_only_late(clinic: Clinic, monkeypatch) -> None:
    clinic.checkpoint()
    signer = lose_signer(clinic)

    def die(*_args: object, **_more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("audit.services.key_changes.publish", die)
    with pytest.raises(KeyboardInterrupt):
        recover_log_key(clinic.register, signer, administrator(clinic), clinic.recovery_seed)
    monkeypatch.undo()
    with pytest.raises(RecoveryWanted):
        clinic.checkpoint()
    watch = Watch(clinic.register, signer)
    watch.look()
    watch.check_writable()
    clinic.clock.pass_minutes(2)
    assert watch.state().state == "late"
    recover_log_key(clinic.register, signer, administrator(clinic), clinic.recovery_seed)
    assert check(clinic).findings == ()


def test_a_stolen_key_counts_for_nothing_above_the_cut_off(clinic: Clinic) -> None:
    clinic.checkpoint()
    cut_off = latest(clinic)
    thief = clinic.signer.signing_key(clinic.register.origin)
    clinic.register_patient()
    clinic.checkpoint()
    by_thief = latest(clinic)
    new = recover_log_key(
        clinic.register,
        clinic.signer,
        administrator(clinic),
        clinic.recovery_seed,
        cut_off=events.SeenHead(size=cut_off.size, root=cut_off.root.hex()),
    )
    verdict = check(clinic)
    assert verdict.findings == ()
    assert clinic.log_key == new != thief.verifier
    assert check(clinic, note=cut_off.note).anchored_size == cut_off.size
    later = check(clinic, note=by_thief.note)
    assert [(one.check, one.found) for one in later.findings] == [("extends", "one by a key that was stolen by then")]
    forged = sign(Checkpoint(clinic.register.origin, verdict.size, b"\x07" * 32), thief)
    assert [one.check for one in check(clinic, note=forged).findings] == ["extends"]


def test_a_cut_off_that_is_no_head_of_this_log_is_refused(clinic: Clinic) -> None:
    clinic.checkpoint()
    for size, root in ((latest(clinic).size, "07" * 32), (999, "07" * 32)):
        with refused("cut_off_unknown"):
            recover_log_key(
                clinic.register,
                clinic.signer,
                administrator(clinic),
                clinic.recovery_seed,
                cut_off=events.SeenHead(size=size, root=root),
            )


def test_a_service_that_runs_attests_with_the_new_service_key_from_the_next_entry_on(clinic: Clinic) -> None:
    clinic.checkpoint()
    old = clinic.register.service_key.verifier
    new = rotate_service_key(clinic.register, clinic.ground.keyring, administrator(clinic), "rotation")
    clinic.register_patient()
    clinic.checkpoint()
    assert new != old
    assert clinic.ground.keyring.service_seeds() == (clinic.ground.keyring.service_seeds()[0],)
    assert check(clinic).findings == ()


def test_the_old_service_key_attests_nothing_any_more(migrated_url: str, tmp_path: Path, monkeypatch) -> None:
    clinic = start_clinic(migrated_url, tmp_path)  # not the fixture: the oracle rightly finds this log wrong
    clinic.checkpoint()
    rotate_service_key(clinic.register, clinic.ground.keyring, administrator(clinic), "stolen")
    clinic.checkpoint()
    monkeypatch.setattr(record, "with_key_in_force", lambda register, _named: register)
    clinic.register_patient()
    monkeypatch.undo()
    with pytest.raises(SignerRefused, match="was not written by the service"):
        clinic.checkpoint()
    assert {one.check for one in check(clinic).findings} == {"signatures"}
    clinic.register.engine.dispose()


def test_a_service_key_that_is_not_here_writes_nothing(clinic: Clinic) -> None:
    clinic.checkpoint()
    rotate_service_key(clinic.register, clinic.ground.keyring, administrator(clinic), "lost")
    clinic.register = dataclasses.replace(clinic.register, service_keys=tuple)
    with refused("service_key_lost"):
        clinic.register_patient()


def test_a_report_after_a_rotation_names_the_keys_in_force_and_its_evidence_holds(clinic: Clinic) -> None:
    live_one_session(clinic)
    old = clinic.log_key
    new = rotate_log_key(clinic.register, clinic.signer, administrator(clinic))
    rotate_service_key(clinic.register, clinic.ground.keyring, administrator(clinic), "rotation")
    clinic.checkpoint()
    made = report_of(clinic)
    assert made.report.verification.verifier_keys[0] == new.to_string() != old.to_string()
    files = files_of(clinic, made)
    assert files["vkey"].decode().splitlines()[0] == new.to_string()
    verdict, findings = verify_files(files)
    assert verdict is not None
    assert (verdict.holds, findings) == (True, ())
    _, found = verify_files(files | {"vkey": f"{old.to_string()}\n".encode()})
    assert [one.expected for one in found] == [
        "the log's verifier key in force by the entries, in the first line of vkey"
    ]
