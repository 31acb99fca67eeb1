"""`audit keys`: what it shows, and that it changes a key only for an administrator who types name and password."""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from audit.cli.keys import keys
from audit.cli.machine import Machine
from audit.domain import events
from audit.services.passwords import hash_password
from audit.services.setting_up import recovery_text
from audit.services.verify import Installation, Verdict, verify_site
from audit.tlog.seal import password_commitment
from tests.accounts import QUICK, RIGHT
from tests.clinic import Clinic, start_clinic


@pytest.fixture
def here(tmp_path: Path, migrated_sqlite: Path) -> Iterator[Clinic]:
    """A clinic in a home folder, whose A is an administrator and M is none, both with a real password."""
    shutil.copy(migrated_sqlite, tmp_path / "audit.db")
    clinic = start_clinic(f"sqlite:///{tmp_path / 'audit.db'}", tmp_path)
    for who in ("A", "M"):
        stored = hash_password(RIGHT, QUICK)
        changed = events.PasswordSet(person=clinic.people[who], password_sha256=password_commitment(stored))
        clinic.act(who, changed, password_hash=stored)
    clinic.checkpoint()
    yield clinic
    clinic.register.engine.dispose()


def run(clinic: Clinic, *arguments: str, typed: str = "") -> Result:
    home = clinic.signer.folder.parent
    machine = Machine(environ={"AUDIT_HOME": str(home)}, clock=clinic.clock, random=random.Random(5).randbytes)
    return CliRunner().invoke(keys, list(arguments), obj=machine, input=typed)


def check(clinic: Clinic) -> Verdict:
    around = Installation(keyring=clinic.ground.keyring, signer=clinic.signer)
    return verify_site(clinic.register.engine, clinic.register.site, around, now_ms=clinic.clock.now_ms)


def test_the_keys_in_force_are_shown_with_where_they_are(here: Clinic) -> None:
    shown = run(here, "show")
    assert shown.exit_code == 0
    assert here.log_key.to_string() in shown.stdout
    assert here.register.service_key.verifier.to_string() in shown.stdout
    assert str(here.signer.folder) in shown.stdout
    assert str(here.ground.keyring.folder / "service_seed") in shown.stdout
    assert "Recovery  on paper" in shown.stdout


def test_an_administrator_rotates_the_logs_key(here: Clinic) -> None:
    old = here.log_key
    done = run(here, "rotate-log", typed=f"a.example\n{RIGHT}\n")
    assert done.exit_code == 0, done.stderr
    assert RIGHT not in done.output
    assert here.log_key != old
    assert f"The log's key is now {here.log_key.to_string()}" in done.stdout
    assert check(here).findings == ()


def test_an_administrator_rotates_the_services_key(here: Clinic) -> None:
    done = run(here, "rotate-service", "--reason", "stolen", typed=f"a.example\n{RIGHT}\n")
    assert done.exit_code == 0, done.stderr
    assert "The service's key is now" in done.stdout
    here.register_patient()
    here.checkpoint()
    assert check(here).findings == ()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("a.example\nnot it at all\n", "this name and password do not sign in here"),
        ("nobody.example\n" + RIGHT + "\n", "this name and password do not sign in here"),
        ("m.example\n" + RIGHT + "\n", "not_your_role"),
    ],
)
@pytest.mark.parametrize("command", ["rotate-log", "rotate-service"])
def test_nobody_else_changes_a_key(here: Clinic, command: str, typed: str, said: str) -> None:
    before = check(here).size
    done = run(here, command, typed=typed)
    assert (done.exit_code, said in done.stderr) == (2, True)
    assert check(here).size == before


def test_a_lost_key_is_recovered_with_the_key_typed_from_paper(here: Clinic) -> None:
    shutil.rmtree(here.signer.folder)
    paper = recovery_text(here.recovery_seed)
    wrong = recovery_text(b"another seed of exactly 32 bytes")
    done = run(here, "recover-log", typed=f"a.example\n{RIGHT}\n{wrong}\n{paper.lower()}\n")
    assert done.exit_code == 0, done.stderr
    assert done.stderr.count("That is not the recovery key") == 1
    assert paper not in done.output
    assert check(here).findings == ()


def test_without_the_recovery_key_nothing_is_changed(here: Clinic) -> None:
    before = check(here).size
    done = run(here, "recover-log", "--stolen", typed=f"a.example\n{RIGHT}\n" + "nonsense\n" * 3)
    assert (done.exit_code, check(here).size) == (2, before)
    assert "nothing is changed" in done.stderr


def test_a_stolen_key_is_cut_off_at_the_signers_head_or_at_one_from_paper(here: Clinic) -> None:
    held = here.signer.held(here.register.origin)
    typed = f"a.example\n{RIGHT}\n{recovery_text(here.recovery_seed)}\n"
    assert "a cut-off is for a stolen key" in run(here, "recover-log", "--cut-off", "x", typed=typed).stderr
    assert (
        "expected a head of"
        in run(here, "recover-log", "--stolen", "--cut-off", "x/log/y 3 " + "0" * 64, typed=typed).stderr
    )
    head = f"{here.register.origin} {held.size} {held.root.hex()}"
    done = run(here, "recover-log", "--stolen", "--cut-off", head, typed=typed)
    assert done.exit_code == 0, done.stderr
    assert check(here).findings == ()
