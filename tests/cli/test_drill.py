"""`audit drill` on a clinic's own log: what it tells, what it files, and that it touches nothing else."""

import hashlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from audit.reports.sign import check_signature
from audit.services.drill.copying import Own
from audit.services.drill.run import run_drill
from audit.services.signing.address import SOCKET
from audit.services.verify import Installation
from audit.storage import derived
from audit.storage.engine import read
from audit.storage.log import StoredEntry
from audit.tlog.entry import decode_entry
from tests.cli.test_check import audit
from tests.clinic import Clinic, start_clinic
from tests.faults.lived import without_guards


@pytest.fixture
def clinic(database_url: str, tmp_path: Path) -> Iterator[Clinic]:
    started = start_clinic(database_url, tmp_path)
    vials = started.receive()
    started.whole_session(vials[0])
    started.checkpoint()
    for _ in range(3):
        started.register_patient()
    started.whole_session(vials[1])
    started.checkpoint()
    yield started
    started.register.engine.dispose()


def entries(clinic: Clinic) -> list[StoredEntry]:
    with read(clinic.register.engine) as conn:
        return list(derived.entries(conn, clinic.register.site))


def test_a_drill_files_a_signed_certificate_and_one_entry_and_changes_nothing_else(
    clinic: Clinic, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = entries(clinic)
    monkeypatch.chdir(clinic.signer.folder)  # for the path of a socket may be only so long
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(SOCKET)  # as of the signer beside a service that runs
        done = audit(tmp_path, "drill", "--json", AUDIT_DATABASE_URL=database_url)
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    after = entries(clinic)
    assert after[: len(before)] == before
    assert [one.kind for one in after[len(before) :]] == ["drill_run"]
    pdf = Path(told["certificate"]).read_bytes()
    facts = decode_entry(after[-1].body).facts
    assert facts == {
        "attacks": told["attacks"],
        "caught": told["attacks"],
        "sha256": hashlib.sha256(pdf).hexdigest(),
    }
    assert check_signature(pdf, (tmp_path / "keys" / "pdf_cert.pem").read_bytes()).holds
    assert sorted(path.name for path in (tmp_path / "reports").iterdir()) == [Path(told["certificate"]).name]
    verified = json.loads(audit(tmp_path, "verify", "--json", AUDIT_DATABASE_URL=database_url).stdout)
    assert verified["holds"] is True
    assert verified["sites"]["example-clinic"]["notices"] == []


def test_what_the_log_lacks_is_told_and_never_counted_as_caught(
    clinic: Clinic, database_url: str, tmp_path: Path
) -> None:
    told = json.loads(audit(tmp_path, "drill", "--json", AUDIT_DATABASE_URL=database_url).stdout)
    states = {row["attack"]: (row["state"], row["missing"]) for row in told["rows"]}
    assert len(states) == 35
    assert states["a row edited in place"] == ("caught", "")
    assert states["a report's bytes flipped"] == ("not applicable", "the log has no report")
    assert states["a credential swapped for the attacker's"] == ("not applicable", "the log has no act by passkey")
    assert told["caught"] == sum(state == "caught" for state, _ in states.values())
    assert not any(row["caught_by"] for row in told["rows"] if row["state"] == "not applicable")


def test_a_signer_out_of_reach_keeps_the_logs_key_from_the_drill_and_still_notices(
    clinic: Clinic, database_url: str, tmp_path: Path
) -> None:
    own = Own(
        register=clinic.register,
        installation=Installation(keyring=clinic.ground.keyring, signer=clinic.signer, reports=tmp_path / "reports"),
        signer=clinic.signer,
        signer_folder=None,
        certificate=b"",
        random=clinic.source.randbytes,
    )
    drill = run_drill(own, lambda _: None)
    assert drill.holds
    states = {one.attack.name: one for one in drill.outcomes}
    rewritten = states["history rewritten from an entry on, with forged acts"]
    assert rewritten.missing == "the log's key is with the signer's own process, out of reach"
    assert {one.short for one in states["a backup restored"].caught_by} == {"signer", "service"}


@pytest.mark.parametrize("engine_kind", ["sqlite"], indirect=True)
def test_a_record_that_does_not_hold_is_not_attacked_and_nothing_is_filed(
    clinic: Clinic, database_url: str, tmp_path: Path
) -> None:
    with without_guards(clinic) as conn:
        conn.execute(text("UPDATE posting SET mass_ug = mass_ug + 1 WHERE line = 0"))
    before = entries(clinic)
    done = audit(tmp_path, "drill", AUDIT_DATABASE_URL=database_url)
    assert done.returncode == 1
    assert done.stdout == "Something is wrong with the record before any attack: run audit verify.\n"
    assert done.stderr.startswith("tables: entry ")
    assert entries(clinic) == before
    assert list((tmp_path / "reports").iterdir()) == []
