"""Two settings and a report is dated: driven as an operator and an inspector do, by the commands alone."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from audit.reports.evidence import read_evidence
from audit.services.passwords import hash_password
from audit.storage import people
from audit.storage.engine import write
from tests.accounts import QUICK, RIGHT
from tests.clinic import start_clinic
from tests.time_authority import TestAuthority, granted, serving

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The folder of a clinic that opened yesterday; its manager has a password."""
    clinic = start_clinic(
        f"sqlite:///{tmp_path / 'audit.db'}", tmp_path, opened_ms=time.time_ns() // 1_000_000 - 86_400_000
    )
    clinic.receive()
    hashed = hash_password(RIGHT, QUICK)
    with write(clinic.register.engine) as conn:
        people.set_password(conn, clinic.register.site, clinic.people["M"], password_hash=hashed, at_ms=0)
    clinic.checkpoint()
    clinic.register.engine.dispose()
    return tmp_path


def audit(home: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "audit", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "AUDIT_HOME": str(home)} | settings,
        input=RIGHT + "\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_report_is_dated_and_the_inspector_checks_it_under_the_root_from_elsewhere(home: Path) -> None:
    authority, out = TestAuthority(home / "authority"), home / "report.pdf"
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 86_400))
    certificates = {"AUDIT_TIME_CERTIFICATES": str(authority.root)}
    asked = ("--from", day, "--to", day, "--out", str(out), "--by", "m.example", "--password-file", "-")
    with serving(lambda query: granted(authority.answer(query))) as url:
        done = audit(home, "report", "inspection", *asked, AUDIT_TIME_AUTHORITY=url, **certificates)
    assert (done.returncode, done.stderr) == (0, "")
    files = read_evidence(out.read_bytes())
    (token,) = [name for name in files if name.endswith(".tsr")]
    assert authority.accepts(files[token.replace(".tsr", ".note")], files[token])

    checked = audit(home / "nothing", "verify-pdf", str(out), "--time-certificates", str(authority.root))
    assert (checked.returncode, checked.stderr) == (0, "")
    assert " 8  held         recorded times agree with a time authority's tokens  (1 token, " in checked.stdout
    assert "came with it" not in checked.stdout
    other = TestAuthority(home / "other", "Somebody Else")
    assert audit(home / "nothing", "verify-pdf", str(out), "--time-certificates", str(other.root)).returncode == 1

    whole = audit(home, "verify", **certificates)
    assert " 8  held         recorded times agree" in whole.stdout
    without = audit(home, "verify")
    assert "(1 not checked: the authority's certificates are not at hand)" in without.stdout


@pytest.mark.parametrize("content", [None, b"no certificate"])
@pytest.mark.parametrize("command", [("serve",), ("verify",)])
def test_certificates_that_cannot_be_used_stop_a_command_with_a_sentence(home: Path, command, content) -> None:
    file = home / "time.pem"
    if content is not None:
        file.write_bytes(content)
    done = audit(home, *command, AUDIT_TIME_CERTIFICATES=str(file))
    assert done.returncode == 2
    assert "Error: AUDIT_TIME_CERTIFICATES: " in done.stderr
    assert "Traceback" not in done.stderr
