"""The commands as people and machines run them: exit status 0 holds, 1 something is wrong, 2 could not run."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from audit.storage import log
from audit.storage.engine import read
from tests.clinic import Clinic, start_clinic
from tests.faults.lived import without_guards

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    started = start_clinic(f"sqlite:///{tmp_path / 'audit.db'}", tmp_path)
    started.whole_session(started.receive()[0])
    started.checkpoint()
    return started


def audit(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "audit", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "AUDIT_HOME": str(home)} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_verify_says_what_held_and_what_was_not_checked_and_exits_0(clinic: Clinic, tmp_path: Path) -> None:
    done = audit(tmp_path, "verify")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == (
        "example-clinic: Consistent, unanchored since entry 0: unaltered since 2026-11-23, not yet anchored outside."
    )
    assert " 1  held         every entry is canonical bytes of a kind that is known" in lines
    assert any(line.startswith(" 8  not checked") and "no time authority" in line for line in lines)
    assert not any("FAILED" in line for line in lines)


def test_verify_names_each_fault_on_a_line_of_its_own_with_its_entry_and_exits_1(
    clinic: Clinic, tmp_path: Path
) -> None:
    with without_guards(clinic) as conn:
        conn.execute(text("UPDATE log_entry SET actor = 'p_99999999' WHERE idx = 9"))
        conn.execute(text("UPDATE posting SET mass_ug = mass_ug + 1 WHERE idx = 12 AND line = 0"))
    done = audit(tmp_path, "verify")
    assert done.returncode == 1
    faults = [line for line in done.stdout.splitlines() if line.startswith("entry ")]
    assert [line.split(":")[0] for line in faults] == ["entry 9", "entry 12"]
    assert "found p_99999999" in faults[0]


def test_verify_prints_one_json_document_for_machines(clinic: Clinic, tmp_path: Path) -> None:
    document = json.loads(audit(tmp_path, "verify", "--json").stdout)
    assert document["holds"] is True
    verdict = document["sites"]["example-clinic"]
    assert [check["number"] for check in verdict["checks"]] == [*range(1, 13), None]
    assert verdict["size"] == size_of(clinic)


def size_of(clinic: Clinic) -> int:
    with read(clinic.register.engine) as conn:
        return log.head(conn, clinic.register.site).size


def test_verify_of_one_site_among_none_by_that_name_could_not_run(clinic: Clinic, tmp_path: Path) -> None:
    done = audit(tmp_path, "verify", "--site", "elsewhere")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "Error: no site elsewhere: there is example-clinic\n"


def test_verify_without_a_database_could_not_run_and_makes_none(tmp_path: Path) -> None:
    done = audit(tmp_path, "verify")
    assert done.returncode == 2
    assert "there is no database" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_verify_with_a_key_that_others_may_read_could_not_run(clinic: Clinic, tmp_path: Path) -> None:
    (tmp_path / "keys" / "wrapping_key").chmod(0o644)
    done = audit(tmp_path, "verify")
    assert (done.returncode, done.stderr) == (2, "Error: key_readable: path wrapping_key\n")


def test_verify_without_the_keys_checks_the_rest_and_says_what_it_could_not(clinic: Clinic, tmp_path: Path) -> None:
    for path in (tmp_path / "keys").iterdir():
        path.unlink()
    done = audit(tmp_path, "verify")
    assert done.returncode == 0
    assert "the key that wraps them is not here" in done.stdout
    assert "the signer is not here" in done.stdout


def test_a_setting_that_cannot_be_used_could_not_run(tmp_path: Path) -> None:
    assert audit(tmp_path, "verify", AUDIT_BIND="nowhere").returncode == 2


def test_verify_with_an_earlier_checkpoint_says_up_to_where_it_vouches(clinic: Clinic, tmp_path: Path) -> None:
    held = clinic.signer.held(clinic.register.origin)
    assert held is not None
    (tmp_path / "earlier.txt").write_text(held.note, newline="\n")
    clinic.whole_session(clinic.receive()[0])
    clinic.checkpoint()
    done = audit(tmp_path, "verify", "--checkpoint", str(tmp_path / "earlier.txt"))
    assert done.returncode == 0
    assert f"Unaltered up to entry {held.size - 1}" in done.stdout


def test_a_file_that_is_no_checkpoint_could_not_run(clinic: Clinic, tmp_path: Path) -> None:
    (tmp_path / "earlier.txt").write_text("not a note")
    assert audit(tmp_path, "verify", "--checkpoint", str(tmp_path / "earlier.txt")).returncode == 2
    assert audit(tmp_path, "verify", "--checkpoint", str(tmp_path / "absent.txt")).returncode == 2


def test_the_proof_of_an_entry_is_checked_with_nothing_but_its_bytes_and_the_key(
    clinic: Clinic, tmp_path: Path
) -> None:
    done = audit(tmp_path, "proof", "7", "--out", str(tmp_path / "seven.tlog-proof"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "seven.tlog-proof").read_text().startswith("c2sp.org/tlog-proof@v1\nindex 7\n")
    with read(clinic.register.engine) as conn:
        stored = log.entry(conn, clinic.register.site, 7)
    assert stored is not None
    (tmp_path / "entry.json").write_bytes(stored.body)
    key = clinic.log_key.to_string()
    empty = tmp_path / "elsewhere"
    arguments = ("verify-proof", str(tmp_path / "seven.tlog-proof"), "--entry", str(tmp_path / "entry.json"))
    shown = audit(empty, *arguments, "--key", key)
    assert (shown.returncode, shown.stdout) == (
        0,
        f"Entry 7 of audit.example.org/log/example-clinic stands under its head of {size_of(clinic)} entries.\n",
    )
    (tmp_path / "entry.json").write_bytes(stored.body.replace(b'"v":1}', b'"v":2}'))
    assert hashlib.sha256(stored.body).digest() != hashlib.sha256((tmp_path / "entry.json").read_bytes()).digest()
    assert audit(empty, *arguments, "--key", key).returncode == 1
    assert audit(empty, *arguments, "--key", "no key").returncode == 2


@pytest.mark.parametrize("index", ["99999", "-1", "seven"])
def test_the_proof_of_an_entry_that_is_not_there_could_not_run(clinic: Clinic, tmp_path: Path, index: str) -> None:
    assert audit(tmp_path, "proof", index).returncode == 2


def test_starting_the_command_line_loads_no_web_framework_and_no_database_library() -> None:
    seen = subprocess.run(
        [sys.executable, "-c", "import sys, audit.cli.main; print(sorted(sys.modules))"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "'click'" in seen
    assert not any(f"'{name}'" in seen for name in ("flask", "sqlalchemy", "reportlab", "pyhanko"))


def test_verify_with_a_head_from_paper_says_up_to_where_it_vouches(clinic: Clinic, tmp_path: Path) -> None:
    held = clinic.signer.held(clinic.register.origin)
    assert held is not None
    clinic.whole_session(clinic.receive()[0])
    clinic.checkpoint()
    shortened = f"{clinic.register.origin} · {held.size:,} · {held.root.hex()[:12]}…{held.root.hex()[-8:]}"
    for typed in (f"{clinic.register.origin} {held.size} {held.root.hex().upper()}", shortened):
        done = audit(tmp_path, "verify", "--head", typed)
        assert done.returncode == 0
        assert f"Unaltered up to entry {held.size - 1}" in done.stdout


def test_verify_finds_that_a_head_from_paper_is_not_of_this_history(clinic: Clinic, tmp_path: Path) -> None:
    held = clinic.signer.held(clinic.register.origin)
    assert held is not None
    for typed, said in [
        (f"{clinic.register.origin} {held.size} {'0' * 64}", f"expected root {'0' * 64} at size {held.size}"),
        (f"{clinic.register.origin} {held.size + 9} {held.root.hex()}", f"the {held.size + 9} entries of the head"),
        (f"audit.example.org/log/other {held.size} {held.root.hex()}", "expected log audit.example.org/log/other"),
    ]:
        done = audit(tmp_path, "verify", "--head", typed)
        assert done.returncode == 1
        assert said in done.stdout


def test_a_head_that_is_mistyped_could_not_run_and_says_where(clinic: Clinic, tmp_path: Path) -> None:
    done = audit(tmp_path, "verify", "--head", f"{clinic.register.origin} 12 {'a' * 63}")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "Error: --head: expected a root of 64 hexadecimal digits, met 63\n"
