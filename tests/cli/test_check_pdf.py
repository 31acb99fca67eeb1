"""`audit verify-pdf` as an inspector runs it: 0 holds, 1 something is wrong, 2 could not run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clinic import start_clinic
from tests.services.issued import certificate, files_of, live_one_session, report_of, signed_pdf

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report, one with a figure changed before it was signed, the certificate, and no installation at all."""
    home, made = tmp_path_factory.mktemp("clinic"), tmp_path_factory.mktemp("inspector")
    clinic = start_clinic(f"sqlite:///{home / 'audit.db'}", home)
    live_one_session(clinic)
    key_pem, cert_pem = certificate()
    report = report_of(clinic, cert_pem)
    files = files_of(clinic, report)
    (made / "report.pdf").write_bytes(signed_pdf(report, files, key_pem, cert_pem))
    lie = files | {"report.json": files["report.json"].replace(b'"mass_ug":40000', b'"mass_ug":45000')}
    (made / "lie.pdf").write_bytes(signed_pdf(report, lie, key_pem, cert_pem))
    (made / "clinic.pem").write_bytes(cert_pem)
    (made / "vkey").write_text(clinic.log_key.to_string())
    return made


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "audit", "verify-pdf", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "AUDIT_HOME": str(folder / "nothing")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_report_that_holds_exits_0_with_the_verdict_in_words(folder: Path) -> None:
    done = run(folder, str(folder / "report.pdf"), "--certificate", str(folder / "clinic.pem"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Signature, log and figures of this report hold.")
    assert "(the certificate given)" in done.stdout
    assert not (folder / "nothing").exists()


def test_a_signed_lie_exits_1_and_names_the_figure(folder: Path) -> None:
    done = run(folder, str(folder / "lie.pdf"))
    assert done.returncode == 1
    assert "figures: expected given of 50000 ug/mL in ug: 40000; found 45000" in done.stdout.splitlines()


def test_json_is_one_document_and_a_key_from_elsewhere_anchors(folder: Path) -> None:
    key = (folder / "vkey").read_text()
    document = json.loads(run(folder, str(folder / "report.pdf"), "--json", "--key", key).stdout)
    assert (document["holds"], document["signature"]["covers_whole_document"]) == (True, True)
    assert document["log"]["anchored_size"] == document["log"]["size"]


@pytest.mark.parametrize("arguments", [("absent.pdf",), ("clinic.pem",), ("report.pdf", "--key", "none"), ()])
def test_what_is_no_report_or_no_key_could_not_run(folder: Path, arguments: tuple[str, ...]) -> None:
    named = [str(folder / name) if name.endswith((".pdf", ".pem")) else name for name in arguments]
    done = run(folder, *named)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr
