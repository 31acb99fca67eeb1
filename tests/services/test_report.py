"""An inspection report as it is issued: readable by other programs, verifiable, and in agreement with the register."""

import hashlib
import json
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from audit.domain import commands, events
from audit.domain.errors import Refused
from audit.reports.evidence import read_evidence
from audit.reports.sign import check_signature
from audit.services import report
from audit.services.acts import SIGNED_IN
from audit.services.reconcile import reconcile
from audit.services.reporting.press import Press
from audit.tlog.merkle import leaf_hash, root
from tests.clinic import OFFSET_MIN, Clinic, start_clinic

DAY = "2026-11-23"


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    clinic = start_clinic(f"sqlite:///{tmp_path / 'audit.db'}", tmp_path)
    vials = clinic.receive(count=3)
    clinic.whole_session(vials[0])
    return clinic


@pytest.fixture
def press(tmp_path: Path) -> Press:
    (tmp_path / "reports").mkdir()
    return Press(tmp_path / "reports", tmp_path / "keys")


def issue(clinic: Clinic, press: Press, *, first: str = DAY, last: str = DAY, who: str = "M", **more: str):
    asked = report.Asked(
        report=more.get("report") or clinic.identifier("rp"),
        first=first,
        last=last,
        nonce=more.get("nonce") or clinic.nonce(),
        actor=clinic.people[who],
        offset_min=OFFSET_MIN,
    )
    return report.issue(clinic.register, clinic.checkpoint, press, asked)


def said_by(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def figures_of(pdf: bytes) -> dict:
    return json.loads(read_evidence(pdf)["report.json"])


def test_other_programs_find_the_report_signed_as_a_whole_and_sound(clinic, press):
    issued = issue(clinic, press)
    signatures = said_by(shutil.which("pdfsig"), "-nocert", str(issued.file))
    assert "Total document signed" in signatures
    assert "Signature is Valid" in signatures
    assert "No syntax or stream encoding errors found" in said_by(shutil.which("qpdf"), "--check", str(issued.file))
    assert check_signature(issued.file.read_bytes()).holds


def test_the_log_holds_the_hash_of_the_file_and_the_head_it_stands_on(clinic, press):
    issued = issue(clinic, press)
    pdf = issued.file.read_bytes()
    assert issued.facts.sha256 == hashlib.sha256(pdf).hexdigest()
    assert issued.facts.size == issued.entry.index
    bodies = read_evidence(pdf)["entries.jsonl"].splitlines()
    assert len(bodies) == issued.facts.size
    assert root([leaf_hash(body) for body in bodies]).hex() == issued.facts.root


def test_the_evidence_opens_no_sealed_value_and_names_no_patient(clinic, press):
    files = read_evidence(issue(clinic, press).file.read_bytes())
    assert files["sealed.jsonl"] == b""
    assert not any(b"Placeholder" in content for content in files.values())


def test_the_printed_ledger_closes_on_the_book_of_the_accountability(clinic, press):
    wrong = clinic.open_session("A")
    vial = clinic.receive(count=1, lot="EX-2")[0]
    drawn = clinic.draw("A", wrong, vial, 1300)
    entry = next(e for e in clinic.book(f"container:{drawn}").entries.values() if isinstance(e.event, events.DoseDrawn))
    again = commands.DrawDose(
        session=wrong, syringe=clinic.identifier("c"), parts=(commands.Part(container=vial, volume_ul=1000),)
    )
    strike = commands.StrikeEntry(of=entry.ref, reason="mistyped", replacements=1)
    clinic.record([clinic.order("A", strike), clinic.order("A", again, answers_strike=True)])
    printed = figures_of(issue(clinic, press).file.read_bytes())
    (ledger,) = printed["ledgers"]
    book = reconcile(clinic.register, DAY, DAY).statements[0].book_closing_ug
    assert ledger["balance"]["mass_ug"] == book == 4 * 500_000 - 50_000
    assert printed["stock"][0]["book"]["mass_ug"] == book
    struck = [row for section in ledger["sections"] for row in section["rows"] if "struck_by" in row]
    assert [row["entry"] for row in struck] == [entry.index]


def test_a_period_nobody_counted_prints_no_difference(clinic, press):
    (statement,) = figures_of(issue(clinic, press).file.read_bytes())["statements"]
    assert "difference" not in statement
    assert "closing" not in statement


def test_a_difference_without_explanation_is_named_beside_the_unaltered_log(clinic, press):
    vials = sorted(one for one in clinic.book("series:labels").containers)
    product = clinic.products["50"]
    clinic.count("A", "B", lots={(product, "EX-5390"): 2}, levels={vials[0]: 8950})
    verdict = figures_of(issue(clinic, press).file.read_bytes())["verdict"]
    assert verdict["state"] == "open_difference"
    assert verdict["sentences"] == [
        "Unaltered since 23 Nov 2026, not yet anchored outside.",
        "2.5 mg (0.05 mL) at 50 mg/mL is missing without explanation.",
    ]


def test_the_same_request_twice_is_one_report(clinic, press):
    nonce, name = clinic.nonce(), clinic.identifier("rp")
    first = issue(clinic, press, nonce=nonce, report=name)
    content = first.file.read_bytes()
    again = issue(clinic, press, nonce=nonce, report=name)
    assert (again.entry.index, again.file.read_bytes()) == (first.entry.index, content)


def test_a_report_the_log_refuses_leaves_no_file(clinic, press):
    with pytest.raises(Refused, match="not_your_role"):
        issue(clinic, press, who="B")
    assert list(press.reports.iterdir()) == []


def test_what_is_entered_later_for_its_period_stands_beside_the_report_and_in_the_next_one(clinic, press):
    first = issue(clinic, press)
    happened = clinic.clock.now_ms
    assert report.entered_since(clinic.register, first) == []
    clinic.clock.pass_minutes(24 * 60)
    late = clinic.act(
        "A", events.CountStarted(count="n_late0001", business_time="close"), SIGNED_IN, occurred_ms=happened
    )
    assert [entry.index for entry in report.entered_since(clinic.register, first)] == [late.index]
    printed = figures_of(issue(clinic, press).file.read_bytes())
    assert [(line["report"], line["entry"]) for line in printed["later"]] == [(first.number, late.index)]


def test_a_changed_table_beside_the_log_breaks_the_verdict_of_the_report(clinic, press):
    with clinic.register.engine.raw_connection() as raw:
        raw.execute("DROP TRIGGER IF EXISTS posting_no_update")
        for (name,) in raw.execute(
            "SELECT name FROM sqlite_master WHERE type='trigger' AND tbl_name='posting'"
        ).fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute("UPDATE posting SET mass_ug = mass_ug + 1000 WHERE account = 'wasted'")
        raw.commit()
    verdict = figures_of(issue(clinic, press).file.read_bytes())["verdict"]
    assert verdict["state"] == "broken"


def test_the_certificate_is_made_once_for_its_owner_alone(clinic, press):
    issue(clinic, press)
    key = (press.keys / "pdf_key.pem").read_bytes()
    issue(clinic, press)
    assert (press.keys / "pdf_key.pem").read_bytes() == key
    assert (press.keys / "pdf_key.pem").stat().st_mode & 0o077 == 0


@pytest.mark.slow
def test_a_thousand_entries_are_a_report_in_five_seconds(clinic, press):
    vials = clinic.receive(count=10, lot="EX-7")
    for number in range(90):
        clinic.whole_session(vials[number // 9])
    began = time.monotonic()
    issued = issue(clinic, press)
    took = time.monotonic() - began
    assert issued.facts.size >= 1000
    assert took < 5
