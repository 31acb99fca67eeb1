"""Reports and accountability from the command line: the same as on the pages, with exit statuses for machines."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from audit.services.evidence import verify_pdf
from audit.services.passwords import hash_password
from audit.storage import people
from audit.storage.engine import write
from tests.accounts import QUICK, RIGHT
from tests.clinic import Clinic, start_clinic

ROOT = Path(__file__).resolve().parents[2]
DAY = ("--from", "2026-11-23", "--to", "2026-11-23")


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    """A clinic with one session, whose people have a password that signs in."""
    started = start_clinic(f"sqlite:///{tmp_path / 'audit.db'}", tmp_path)
    vial = started.receive()[0]
    started.opened = [vial]
    started.whole_session(vial)
    with write(started.register.engine) as conn:
        for person in started.people.values():
            hashed = hash_password(RIGHT, QUICK)
            people.set_password(conn, started.register.site, person, password_hash=hashed, at_ms=started.clock.now_ms)
    started.checkpoint()
    return started


def audit(home: Path, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "audit", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "AUDIT_HOME": str(home)},
        input=typed,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def report(home: Path, out: Path, *more: str, by: str = "m.example", typed: str = RIGHT + "\n"):
    asked = ("report", "inspection", *DAY, "--out", str(out), "--by", by, "--password-file", "-", *more)
    return audit(home, *asked, typed=typed)


def test_a_report_is_written_signed_and_noted(clinic, tmp_path):
    out = tmp_path / "report.pdf"
    done = report(tmp_path, out, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert told["verdict"] == "unaltered"
    assert verify_pdf(out.read_bytes()).holds
    assert out.read_bytes() == (tmp_path / "reports" / f"{told['report']}.pdf").read_bytes()


@pytest.mark.parametrize(("by", "typed"), [("m.example", "not it\n"), ("nobody.example", RIGHT + "\n")])
def test_without_a_right_password_nothing_is_issued(clinic, tmp_path, by, typed):
    done = report(tmp_path, tmp_path / "report.pdf", by=by, typed=typed)
    assert done.returncode == 2
    assert "do not sign in here" in done.stderr
    assert not (tmp_path / "report.pdf").exists()


def test_nobody_but_a_manager_issues_and_no_file_stays(clinic, tmp_path):
    done = report(tmp_path, tmp_path / "report.pdf", by="b.example")
    assert (done.returncode, done.stderr) == (2, "Error: not_your_role\n")
    assert list((tmp_path / "reports").iterdir()) == []


def test_reconcile_prints_the_chart_of_each_strength(clinic, tmp_path):
    done = audit(tmp_path, "reconcile", *DAY)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[2] == "50 mg/mL solution"
    assert "  E  Given                         40.0 mg        0.80 mL" in lines
    assert "  H  Difference             not counted" in lines


def test_a_counted_difference_is_said_with_exit_status_1(clinic, tmp_path):
    (vial,) = clinic.opened
    clinic.count("A", "B", lots={(clinic.products["50"], "EX-5390"): 1}, levels={vial: 8950})
    done = audit(tmp_path, "reconcile", *DAY, "--json")
    assert done.returncode == 1
    figures = json.loads(done.stdout)["strengths"][0]["figures"]
    assert figures["difference"] == {"mass_ug": -2500, "volume_ul": -50}


def test_a_wrong_period_could_not_run(clinic, tmp_path):
    done = audit(tmp_path, "reconcile", "--from", "2026-11-23", "--to", "2026-11-22")
    assert done.returncode == 2
    assert "period_backwards" in done.stderr
