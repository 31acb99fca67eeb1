"""How database and signer stand to each other: the rollback alarm of log-format section 7, on both engines."""

import dataclasses
import shutil
from collections.abc import Callable

import pytest
from sqlalchemy import make_url

from audit.services.opening import ClinicFacts, FirstPerson, Ground, find_register, open_log, slug_of
from audit.services.publish import Signer, SignerRefused, Standing, publish, standing
from audit.services.register import Register
from audit.services.watch import Watch
from audit.storage import checkpoints
from audit.storage.engine import open_engine, read
from audit.tlog.checkpoint import open_note
from tests.clinic import Clinic
from tests.domain.paper import refused


@pytest.fixture
def backup(clinic, migrated_url, engine_kind, request, tmp_path) -> Callable[[], Register]:
    """Copies the database as it is now; the register of the copy, as after restoring it."""
    opened = []

    def copy() -> Register:
        clinic.register.engine.dispose()
        if engine_kind == "sqlite":
            url = f"sqlite:///{shutil.copy(make_url(migrated_url).database, tmp_path / f'copy{len(opened)}.db')}"
        else:
            server = request.getfixturevalue("postgres_server")
            url = server.url(server.create_database(template=make_url(migrated_url).database))
        ground = Ground(**{f.name: getattr(clinic.ground, f.name) for f in dataclasses.fields(Ground)})
        opened.append(open_engine(url))
        register = find_register(dataclasses.replace(ground, engine=opened[-1]))
        opened[-1].dispose()
        return register

    yield copy
    for engine in opened:
        engine.dispose()


def _standing(register: Register, signer: Signer) -> Standing:
    with read(register.engine) as conn:
        return standing(conn, register.site, register.origin, signer)


def _latest(register: Register) -> checkpoints.StoredCheckpoint:
    with read(register.engine) as conn:
        return checkpoints.latest(conn, register.site)


def test_a_checkpoint_is_signed_by_the_logs_key_over_the_whole_log(clinic):
    clinic.checkpoint()
    kept = _latest(clinic.register)
    checkpoint, signatures = open_note(kept.note, [clinic.signer.key.verifier])
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
    forgetful = dataclasses.replace(clinic.signer, store=tmp_path / "another.db")
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
