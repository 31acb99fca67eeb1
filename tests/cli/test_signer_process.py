"""The signer as a process of its own: beside the service, started again, killed at the worst moment, away and back."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from audit.services.publish import SignerAway, Standing
from audit.services.signing.address import Address
from audit.services.signing.beside import Beside
from audit.services.signing.remote import RemoteSigner
from audit.services.watch import Watch
from audit.storage import checkpoints, log
from audit.storage.engine import read
from tests.clinic import Clinic

ROOT = Path(__file__).resolve().parents[2]
KILLED_AFTER_SWAP = """
import os, signal, sys
from audit.storage import signer_store
real = signer_store.swap
def swap(path, origin, old, new):
    real(path, origin, old, new)
    if new.size > int(os.environ["KILL_ABOVE"]):
        os.kill(os.getpid(), signal.SIGKILL)
signer_store.swap = swap
from audit.__main__ import main
sys.argv = ["audit", "signer", "--beside"]
main()
"""


@contextmanager
def process(folder: Path, *program: str, **more: str) -> Iterator[RemoteSigner]:
    """Run a signer as a process over a folder until the end of the block."""
    address = Address(path=folder / "socket")
    environ = {"PATH": os.environ["PATH"], "AUDIT_SIGNER_HOME": str(folder), "AUDIT_SIGNER": str(address)} | more
    started = subprocess.Popen(
        [sys.executable, *(program or ("-m", "audit", "signer", "--beside"))],
        cwd=ROOT, env=environ, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    signer = RemoteSigner(address)
    try:
        _await(lambda: _answers(signer))
        yield signer
    finally:
        started.stdin.close()
        try:
            started.wait(10)
        finally:
            started.kill()
            assert b"Traceback" not in started.stderr.read()
            started.stderr.close()


def _answers(signer: RemoteSigner) -> bool:
    try:
        signer.known("a/log/b")
    except SignerAway:
        return False
    return True


def _await(is_so) -> None:
    until = time.monotonic() + 15
    while not is_so():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.05)


def size_of(clinic: Clinic) -> int:
    with read(clinic.register.engine) as conn:
        return log.head(conn, clinic.register.site).size


def covered(clinic: Clinic) -> int:
    with read(clinic.register.engine) as conn:
        return checkpoints.latest(conn, clinic.register.site).size


def test_a_signer_killed_between_its_swap_and_its_answer_is_no_alarm(clinic: Clinic) -> None:
    clinic.checkpoint()
    before = size_of(clinic)
    with process(clinic.signer.folder, "-c", KILLED_AFTER_SWAP, KILL_ABOVE=str(before)) as signer:
        clinic.register_patient()
        watch = Watch(clinic.register, signer)
        assert watch.look() is Standing.AHEAD
        assert watch.is_away
        watch.check_writable()
        assert clinic.signer.held(clinic.register.origin).size == size_of(clinic) > covered(clinic) == before
        swapped = size_of(clinic)
    clinic.register_patient()  # life goes on before the signer is back
    with process(clinic.signer.folder) as signer:
        watch = Watch(clinic.register, signer)
        assert watch.look() is Standing.AHEAD
        assert (watch.look(), covered(clinic)) == (Standing.EQUAL, size_of(clinic))
    with read(clinic.register.engine) as conn:
        assert swapped in [one.size for one in checkpoints.every(conn, clinic.register.site)]


def test_while_the_signer_is_away_entries_are_recorded_and_the_record_is_late_after_a_minute(clinic: Clinic) -> None:
    clinic.checkpoint()
    watch = Watch(clinic.register, RemoteSigner(Address(path=clinic.signer.folder / "socket")))
    assert watch.look() is Standing.AWAY
    for _ in range(3):
        watch.check_writable()
        clinic.register_patient()
        began = time.monotonic()
        watch.after_entry()
        assert time.monotonic() - began < 1
    assert watch.state().state == "intact"
    clinic.clock.pass_minutes(2)
    assert watch.state().state == "late"
    with process(clinic.signer.folder):
        watch.sign_waiting()
    assert (watch.state().state, watch.is_away, covered(clinic)) == ("intact", False, size_of(clinic))


def test_two_services_with_one_signer_never_part(clinic: Clinic) -> None:
    clinic.checkpoint()
    found: list[object] = []

    def serve(signer: RemoteSigner) -> None:
        watch = Watch(clinic.register, signer)
        for _ in range(15):
            clinic.register_patient()
            watch.sign()
            found.append(watch.is_read_only)

    with process(clinic.signer.folder) as signer:
        workers = [threading.Thread(target=serve, args=(signer,)) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(60)
        assert found == [False] * 30
        watch = Watch(clinic.register, signer)
        watch.look()
        assert watch.look() is Standing.EQUAL
    assert covered(clinic) == size_of(clinic)


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Beside]:
    monkeypatch.chdir(ROOT)
    made = Beside(tmp_path / "signer", {"PATH": os.environ["PATH"]})
    made.start()
    yield made
    made.stop()


def test_a_signer_beside_the_service_is_started_again_when_it_dies_and_stops_with_it(beside: Beside) -> None:
    signer, first = RemoteSigner(beside.address), beside.process.pid
    key = signer.open("localhost/log/x")
    os.kill(first, signal.SIGKILL)
    _await(lambda: beside.process.pid != first and _answers(signer))
    assert signer.known("localhost/log/x").key == key
    beside.stop()
    assert beside.process.returncode == 0
    with pytest.raises(SignerAway):
        signer.known("localhost/log/x")


def test_a_signer_ends_with_a_service_that_was_killed(beside: Beside) -> None:
    beside.process.stdin.close()
    assert beside.process.wait(10) == 0


def test_the_service_opens_its_log_with_a_signer_in_another_process(tmp_path: Path, migrated_sqlite: Path) -> None:
    from audit.app import create_service
    from audit.config import from_environment

    with process(tmp_path / "apart"):
        settings = from_environment(
            {"AUDIT_HOME": str(tmp_path / "var"), "AUDIT_SIGNER": f"unix:{tmp_path / 'apart' / 'socket'}"}
        )
        service = create_service(settings)
        assert isinstance(service.desk.ground.signer, RemoteSigner)
        key = service.desk.ground.signer.open("localhost/log/example")
        service.desk.ground.engine.dispose()
    assert key.name == "localhost/log/example"
    assert not (tmp_path / "var" / "signer").exists()
    assert not list((tmp_path / "var" / "keys").glob("log*"))
