"""An older installation kept the log's key among the service's: it moves to the signer's folder, once and whole."""

from pathlib import Path
from random import Random

import pytest

from audit.services.keyring import write_secret
from audit.services.signing.keeper import KeptSigner
from audit.services.signing.moving import move_log_seed
from audit.tlog.keys import SigningKey
from tests.clinic import Clinic
from tests.services.signing_rig import ORIGIN, head, kept, proof

SEED = b"the log's seed of an old version"


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    folder.mkdir()
    write_secret(folder / "log_seed", SEED)
    return folder


def test_the_old_key_signs_on_from_the_signers_folder(keys: Path, tmp_path: Path) -> None:
    signer = kept(tmp_path / "signer")
    assert move_log_seed(keys, signer, ORIGIN)
    assert not (keys / "log_seed").exists()
    assert signer.known(ORIGIN).key == SigningKey(ORIGIN, SEED).verifier
    assert not move_log_seed(keys, signer, ORIGIN)


def test_a_key_moved_halfway_is_finished_at_the_next_start(keys: Path, tmp_path: Path, monkeypatch) -> None:
    signer = kept(tmp_path / "signer")

    def die(_self: Path, **_more: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("audit.services.signing.moving.flush_folder", die)
        patched.setattr(Path, "unlink", die)
        with pytest.raises(KeyboardInterrupt):
            move_log_seed(keys, signer, ORIGIN)
    assert (keys / "log_seed").exists()
    assert move_log_seed(keys, signer, ORIGIN)
    assert signer.known(ORIGIN).key == SigningKey(ORIGIN, SEED).verifier


def test_a_signer_that_has_the_key_of_the_log_keeps_it(keys: Path, tmp_path: Path) -> None:
    signer = kept(tmp_path / "signer")
    own = signer.open(ORIGIN)
    assert move_log_seed(keys, signer, ORIGIN)
    assert signer.known(ORIGIN).key == own


def test_an_old_installation_goes_on_with_its_memory(clinic: Clinic, tmp_path: Path) -> None:
    clinic.checkpoint()
    key, held = clinic.log_key, clinic.signer.held(clinic.register.origin)
    (file,) = (clinic.signer.folder / "keys").iterdir()
    old = tmp_path / "keys" / "log_seed"
    file.rename(old)  # as the version before had it: the key among the service's, the memory where it is now
    move_log_seed(tmp_path / "keys", clinic.signer, clinic.register.origin)
    clinic.register_patient()
    clinic.checkpoint()
    assert clinic.log_key == key
    assert clinic.signer.held(clinic.register.origin).size > held.size


def test_a_key_that_never_signed_anything_is_no_more(keys: Path, tmp_path: Path) -> None:
    signer = kept(tmp_path / "signer")
    assert move_log_seed(keys, signer, None)
    assert not (keys / "log_seed").exists()
    assert not (tmp_path / "signer").exists()


def test_signing_again_after_every_move_extends_what_was_signed(keys: Path, tmp_path: Path) -> None:
    signer = KeptSigner(tmp_path / "signer", Random(2).randbytes)
    signer.adopt(ORIGIN, SEED, is_new=True)
    signer.sign(head(3), ())
    moved = KeptSigner((tmp_path / "signer").rename(tmp_path / "elsewhere"), Random(2).randbytes)
    assert moved.sign(head(5), proof(3, 5))
