"""`audit cosigner` makes its key once, prints it, cosigns over HTTP, and says what it cannot use."""

import http.client
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.services.cosigning_from_the_standard import Signer, body, cosigned_at, head_text, leaf_of

ROOT = Path(__file__).resolve().parents[2]
LOG = Signer("audit.example.org/log/broadview", 1, b"the log of a synthetic clinic...")
LEAVES = [leaf_of(b"one"), leaf_of(b"two")]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "audit", "cosigner", *arguments]


def environment(home: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "AUDIT_HOME": str(home), "AUDIT_HOST": "sister.example.org"}


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        cwd=ROOT,
        env=environment(home),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@contextmanager
def running(home: Path, *arguments: str) -> Iterator[tuple[int, list[str]]]:
    """Run it on a free port; the port and the lines it printed."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started = subprocess.Popen(
        command("--bind", f"127.0.0.1:{port}", *arguments),
        cwd=ROOT,
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        lines = []
        while not lines or not lines[-1].startswith("Stop it"):
            lines.append(started.stdout.readline().rstrip("\n"))
            assert lines[-1], started.stderr.read()
        yield port, lines
    finally:
        started.send_signal(signal.SIGTERM)
        assert started.wait(timeout=15) == 0
        rest = started.stderr.read()
        started.stdout.close()
        started.stderr.close()
    assert "Traceback" not in rest


def post(port: int, sent: bytes) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", "/add-checkpoint", sent)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_it_prints_its_key_and_cosigns_the_logs_it_was_given(tmp_path: Path) -> None:
    home = tmp_path / "var"
    key = run(home, "--key").stdout.strip()
    assert key.startswith("sister.example.org/cosigner+")
    seed = home / "cosigner" / "cosigner_seed"
    assert stat.S_IMODE(seed.stat().st_mode) == 0o600
    text = head_text(LOG.name, LEAVES)
    with running(home, "--log", LOG.vkey) as (port, lines):
        assert lines[0] == f"Cosigner {key}"
        assert f"It cosigns {LOG.name}." in lines
        status, line = post(port, body(0, [], f"{text}\n{LOG.log_line(text)}"))
        assert status == 200
        assert cosigned_at(key, text, line) > 1_700_000_000
        assert post(port, b"\xff\n\n")[0] == 400
        assert post(port, b"x" * 200_000)[0] == 413
    with running(home, "--log", LOG.vkey) as (port, _):
        assert post(port, body(0, [], f"{text}\n{LOG.log_line(text)}")) == (409, "2\n")


def test_logs_come_from_a_file_too(tmp_path: Path) -> None:
    file = tmp_path / "logs.txt"
    file.write_text(f"# the sister clinic\n\n{LOG.vkey}\n")
    with running(tmp_path / "var", "--logs", str(file)) as (_, lines):
        assert f"It cosigns {LOG.name}." in lines


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--log", "not a key"), "not a key is no verifier key of a log"),
        (("--logs", "/nonexistent/logs"), "/nonexistent/logs: No such file"),
        (("--name", "a name+with"), "--name a name+with: expected a key name"),
        (("--bind", "nowhere"), "--bind nowhere: expected address:port"),
    ],
)
def test_what_it_cannot_use_is_named_and_exits_2(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    done = run(tmp_path / "var", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_key_that_others_may_read_or_that_is_gone_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "var"
    run(home, "--key")
    seed = home / "cosigner" / "cosigner_seed"
    seed.chmod(0o644)
    done = run(home, "--key")
    assert (done.returncode, "key_readable" in done.stderr) == (2, True)
    seed.unlink()
    (home / "cosigner" / "cosigned.db").touch()
    done = run(home, "--key")
    assert (done.returncode, "is missing though something was cosigned" in done.stderr) == (2, True)
    assert not seed.exists()
