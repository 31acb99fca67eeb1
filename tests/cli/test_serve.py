"""`audit serve` says where it is and how to set it up, stops when told to, and refuses what it cannot use."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.clinic import start_clinic

ROOT = Path(__file__).resolve().parents[2]


def environment(home: Path, **more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "AUDIT_HOME": str(home)} | more


def run(home: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "audit", *arguments],
        cwd=ROOT,
        env=environment(home, **more),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_it_prints_its_address_and_the_one_time_link_and_stops_when_told(tmp_path: Path, free_port: int) -> None:
    served = subprocess.Popen(
        [sys.executable, "-m", "audit", "serve"],
        cwd=ROOT,
        env=environment(tmp_path / "var", AUDIT_BIND=f"127.0.0.1:{free_port}"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        lines = [served.stdout.readline() for _ in range(4)]
        assert lines[0] == f"Ketamine Audit is at http://localhost:{free_port}/\n"
        link = re.fullmatch(rf"  (http://localhost:{free_port}/set-up/[A-Za-z0-9_-]{{32}})\n", lines[2])[1]
        page = opened(link)
        assert "Set up my clinic" in page
    finally:
        served.send_signal(signal.SIGTERM)
        assert served.wait(timeout=15) == 0
    assert served.stdout.read().endswith("Stopped.\n")
    served.stdout.close()
    assert "Traceback" not in served.stderr.read()
    served.stderr.close()


def test_an_address_in_use_is_named_and_exits_2(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run(tmp_path, "serve", AUDIT_BIND=f"127.0.0.1:{port}")
    assert done.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr


def test_a_database_that_does_not_answer_is_named_and_exits_2(tmp_path: Path, free_port: int) -> None:
    done = run(tmp_path, "serve", AUDIT_DATABASE_URL=f"postgresql://nobody:secret@127.0.0.1:{free_port}/none")
    assert done.returncode == 2
    assert "the database cannot be used" in done.stderr
    assert "secret" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "audit.db").write_text("these are the minutes of a meeting, not a database" * 100)
    done = run(tmp_path, "serve")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert (tmp_path / "audit.db").read_text().startswith("these are the minutes")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda key: key.unlink(), "key_incomplete"),
        (lambda key: key.chmod(0o644), "key_readable"),
        (lambda key: key.write_text("not hex"), "key_malformed"),
    ],
)
def test_keys_that_cannot_be_used_are_never_replaced(tmp_path: Path, spoil, said: str) -> None:
    start_clinic(f"sqlite:///{tmp_path / 'audit.db'}", tmp_path).register.engine.dispose()
    key = tmp_path / "keys" / "service_seed"
    spoil(key)
    before = key.read_text() if key.exists() else None
    done = run(tmp_path, "serve")
    assert (done.returncode, "the keys cannot be used" in done.stderr, said in done.stderr) == (2, True, True)
    assert (key.read_text() if key.exists() else None) == before


def test_people_are_listed_and_a_lost_password_is_replaced_by_a_link(tmp_path: Path) -> None:
    clinic = start_clinic(f"sqlite:///{tmp_path / 'audit.db'}", tmp_path)
    clinic.register.engine.dispose()
    listed = run(tmp_path, "user", "list")
    assert listed.returncode == 0
    assert re.search(r"^a\.example +Dr A\. Example", listed.stdout, re.MULTILINE)
    made = run(tmp_path, "user", "link", "A.Example")
    assert made.returncode == 0
    assert re.search(r"^  http://localhost:8000/password/\S+$", made.stdout, re.MULTILINE)


def test_a_link_for_nobody_and_a_list_of_no_register_exit_2(tmp_path: Path) -> None:
    nothing = run(tmp_path, "user", "list")
    assert (nothing.returncode, "no register is set up here yet" in nothing.stderr) == (2, True)
    (tmp_path / "other").mkdir()
    start_clinic(f"sqlite:///{tmp_path / 'other' / 'audit.db'}", tmp_path / "other").register.engine.dispose()
    nobody = run(tmp_path / "other", "user", "link", "nobody.here")
    assert (nobody.returncode, "nobody who acts here signs in by that name" in nobody.stderr) == (2, True)


def opened(address: str) -> str:
    for _ in range(50):
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{address} does not answer")
