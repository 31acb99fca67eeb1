"""After an erasure no byte of who the patient was is left, and everything else still verifies."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from audit.domain import events
from audit.domain.book import Recorded
from audit.domain.errors import Refused
from audit.reports.evidence import read_evidence
from audit.services import erasure, report
from audit.services.evidence import verify_pdf
from audit.services.reading import sealed_value
from audit.services.reporting.press import Press
from audit.services.verify import Installation, Verdict, verify_site
from audit.storage import scrub
from audit.storage.engine import read, write
from tests.clinic import OFFSET_MIN, Clinic

RETENTION_MIN = 3654 * 24 * 60
"""From 2026-11-23 to the day after 2036-11-23."""
IDENTITY = {
    "name": "Quillon Placeholder-Zyx",
    "birth_date": "1971-03-09",
    "health_number": "9999-555-017",
    "address": "17 Synthetic Crescent, Toronto",
}
NOTE = "Asked for in person by Quillon Placeholder-Zyx"


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    folder = tmp_path / "reports"
    folder.mkdir()
    return folder


def registered(clinic: Clinic, **more: str) -> str:
    """Register a patient with everything that identifies one."""
    patient = clinic.identifier("pt")
    clinic.on_the_way("A", events.PatientRegistered(patient=patient), sealed=IDENTITY | more, owner=patient)
    return patient


def ask(clinic: Clinic, patient: str, who: str = "A") -> Recorded:
    command = events.ErasureRequested(patient=patient, ground="retention_ended")
    return clinic.act(who, command, sealed={"note": NOTE}, owner=patient)


def agree(clinic: Clinic, request: Recorded, who: str = "M") -> Recorded:
    return clinic.act(who, events.PatientErased(of=request.ref, patient=request.event.patient))


def erase(clinic: Clinic, patient: str, reports: Path) -> Recorded:
    """Erase a patient as two people do, to the last byte."""
    done = agree(clinic, ask(clinic, patient))
    assert erasure.sweep(clinic.register, reports)
    return done


def check(clinic: Clinic, reports: Path) -> Verdict:
    clinic.checkpoint()
    around = Installation(keyring=clinic.ground.keyring, signer=clinic.signer, reports=reports)
    return verify_site(clinic.register.engine, clinic.register.site, around, now_ms=clinic.clock.now_ms)


def said(verdict: Verdict) -> list[tuple[str, int | None, str]]:
    return [(one.check, one.index, one.found) for one in verdict.findings]


def why(verdict: Verdict, rule: str) -> tuple[str, str]:
    return next((one.state, one.why) for one in verdict.checks if one.rule.value == rule)


def sealed_bytes(clinic: Clinic, patient: str) -> list[bytes]:
    """Return the wrapped key of a patient and every ciphertext under it, as they are stored."""
    with read(clinic.register.engine) as conn:
        keys = conn.execute(text("SELECT wrapped FROM sealed_key WHERE owner = :owner"), {"owner": patient})
        values = conn.execute(text("SELECT ciphertext FROM sealed WHERE owner = :owner"), {"owner": patient})
        return [bytes(row[0]) for row in (*keys, *values)]


class Files:
    """Every byte that this machine keeps of a clinic: its home, and PostgreSQL's files apart from pg_wal.

    PostgreSQL's write-ahead log is not searched: no client can clean it, it is recycled by the server itself, and
    docs/operating.md says what that asks of backups.
    """

    def __init__(self, clinic: Clinic, home: Path) -> None:
        self._clinic, self._home = clinic, home

    def hold(self, wanted: bytes) -> list[str]:
        """Return the files in which these bytes stand."""
        return [str(path) for path in self._all() if wanted in path.read_bytes()]

    def _all(self) -> Iterator[Path]:
        yield from (path for path in self._home.rglob("*") if path.is_file())
        if self._clinic.register.engine.dialect.name != "postgresql":
            return
        with self._clinic.register.engine.connect() as conn:
            conn.execution_options(isolation_level="AUTOCOMMIT").execute(text("CHECKPOINT"))
            data = Path(conn.scalar(text("SELECT current_setting('data_directory')")))
        for folder, names, files in os.walk(data):
            names[:] = [name for name in names if name != "pg_wal"]
            yield from (Path(folder, file) for file in files if Path(folder, file).is_file())


@pytest.fixture
def files(clinic: Clinic, tmp_path: Path) -> Files:
    return Files(clinic, tmp_path)


def test_before_its_time_is_over_an_identity_is_refused_to_both_and_stays_whole(clinic, reports):
    patient = registered(clinic)
    with pytest.raises(Refused) as caught:
        ask(clinic, patient)
    assert (caught.value.code, caught.value.values) == ("retention_not_over", {"until": "2036-11-23"})
    assert len(sealed_bytes(clinic, patient)) == 1 + len(IDENTITY)
    assert check(clinic, reports).holds


def test_a_minor_s_identity_is_kept_until_ten_years_after_they_came_of_age(clinic, reports):
    patient = registered(clinic, birth_date="2012-06-01")
    clinic.clock.pass_minutes(RETENTION_MIN)
    state = erasure.state_of(clinic.register, patient, offset_min=-300)
    assert (state.kept_until, state.is_over) == ("2040-06-01", False)
    with pytest.raises(Refused) as caught:
        ask(clinic, patient)
    assert (caught.value.code, caught.value.values) == ("retention_not_over", {"until": "2040-06-01"})
    assert check(clinic, reports).holds


def test_one_person_alone_destroys_nothing(clinic, reports):
    patient = registered(clinic)
    clinic.clock.pass_minutes(RETENTION_MIN)
    request = ask(clinic, patient)
    with pytest.raises(Refused) as caught:
        agree(clinic, request, "A")
    assert caught.value.code == "own_second_person"
    assert [one.index for one in erasure.waiting(clinic.register)] == [request.index]
    assert len(sealed_bytes(clinic, patient)) == 1 + len(IDENTITY) + 1
    assert check(clinic, reports).holds


def test_afterwards_no_byte_of_the_identity_is_in_any_file_and_the_rest_verifies(clinic, reports, files):
    (vial,) = clinic.receive(count=1)
    patient, other = registered(clinic), registered(clinic, name="Other Placeholder")
    clinic.open_session(patient=patient)
    # Enough patients that pages split: the engine leaves copies of rows that it moved.
    others = [registered(clinic, name=f"Other Placeholder {number}") for number in range(60)]
    clinic.whole_session(vial)
    clinic.clock.pass_minutes(RETENTION_MIN)
    stored = sealed_bytes(clinic, patient)
    kept = sealed_bytes(clinic, other)
    assert all(files.hold(one) for one in stored), "the search must find what is there"
    with write(clinic.register.engine) as conn:
        conn.execute(text("ANALYZE"))  # as both engines do now and then: PostgreSQL keeps samples of values
    request = ask(clinic, patient)
    stored += [one for one in sealed_bytes(clinic, patient) if one not in stored]
    agree(clinic, request)
    assert erasure.sweep(clinic.register, reports)
    for clear in (*IDENTITY.values(), NOTE):
        assert files.hold(clear.encode()) == []
    for one in stored:
        assert files.hold(one) == []
    assert sealed_bytes(clinic, other) == kept
    assert all(files.hold(one) for one in kept)
    verdict = check(clinic, reports)
    assert said(verdict) == []
    assert verdict.holds
    # The four of the identity, weight and dose by weight of the session, and the note of who asked.
    assert why(verdict, "seals") == ("held", "7 values erased with their patients")
    assert sealed_value(clinic.register, _entry_of(clinic, others[0]), "name") == "Other Placeholder 0"
    assert sealed_value(clinic.register, _entry_of(clinic, patient), "name") is None


def test_a_note_kept_for_an_entry_alone_goes_with_the_patient_of_its_session(clinic, reports):
    patient = registered(clinic)
    clinic.on_the_way("A", events.PatientUnmasked(patient=patient, reason="care"), sealed={"note": "Called by name"})
    clinic.clock.pass_minutes(RETENTION_MIN)
    erase(clinic, patient, reports)
    with read(clinic.register.engine) as conn:
        assert conn.scalar(text("SELECT count(*) FROM sealed")) == 0
        assert conn.scalar(text("SELECT count(*) FROM sealed_key")) == 0
    assert why(check(clinic, reports), "seals") == ("held", "6 values erased with their patients")


def test_a_sealed_value_deleted_without_an_entry_is_missing_and_no_erasure_excuses_another_s(clinic, reports):
    patient, other = registered(clinic), registered(clinic)
    with write(clinic.register.engine) as conn:
        conn.execute(text("DELETE FROM sealed WHERE owner = :other AND field = 'name'"), {"other": other})
    place = _entry_of(clinic, other)
    expected = [("seals", place, "missing: no row in sealed")]
    assert said(check(clinic, reports)) == expected
    clinic.clock.pass_minutes(RETENTION_MIN)
    erase(clinic, patient, reports)
    assert said(check(clinic, reports)) == expected
    with write(clinic.register.engine) as conn:  # whole again, so that the oracle reads a whole log
        conn.execute(text("DELETE FROM sealed WHERE owner = :other"), {"other": other})
        conn.execute(text("DELETE FROM sealed_key WHERE owner = :other"), {"other": other})
    agree(clinic, ask(clinic, other))


def test_what_came_back_with_a_backup_is_named_and_destroyed_again(clinic, reports, files):
    patient = registered(clinic)
    clinic.clock.pass_minutes(RETENTION_MIN)
    with read(clinic.register.engine) as conn:
        key = conn.execute(text("SELECT * FROM sealed_key WHERE owner = :owner"), {"owner": patient}).one()
        rows = conn.execute(text("SELECT * FROM sealed WHERE owner = :owner"), {"owner": patient}).all()
    done = erase(clinic, patient, reports)
    with write(clinic.register.engine) as conn:
        conn.execute(text("INSERT INTO sealed_key VALUES (:a, :b, :c)"), dict(zip("abc", key, strict=True)))
        for row in rows:
            values = dict(zip("abcde", row, strict=True))
            conn.execute(text("INSERT INTO sealed VALUES (:a, :b, :c, :d, :e)"), values)
    assert said(check(clinic, reports)) == [("seals", done.index, "a row in sealed_key")]
    assert erasure.sweep(clinic.register, reports)
    assert files.hold(bytes(key.wrapped)) == []
    assert said(check(clinic, reports)) == []


def test_a_file_that_opened_the_identity_goes_and_other_files_stay(clinic, reports):
    patient, other = registered(clinic), registered(clinic)
    opened, masked = _issue(clinic, reports, [patient, other]), _issue(clinic, reports, [other])
    assert check(clinic, reports).holds
    clinic.clock.pass_minutes(RETENTION_MIN)
    agree(clinic, ask(clinic, patient))
    verdict = check(clinic, reports)
    assert said(verdict) == [("reports", opened.index, f"{opened.event.report}.pdf")]
    assert erasure.sweep(clinic.register, reports)
    assert [path.name for path in reports.iterdir()] == [f"{masked.event.report}.pdf"]
    verdict = check(clinic, reports)
    assert said(verdict) == []
    assert why(verdict, "reports") == ("held", "1 files erased with the patients they named")


def test_a_report_issued_before_an_erasure_stays_and_still_holds_and_so_does_one_issued_after(
    clinic, reports, tmp_path, files
):
    patient = registered(clinic)
    clinic.open_session(patient=patient)
    clinic.whole_session(clinic.receive(count=2)[0])
    before = report_for(clinic, reports, tmp_path)
    pdf = before.file.read_bytes()
    clinic.clock.pass_minutes(RETENTION_MIN)
    stored = sealed_bytes(clinic, patient)
    done = erase(clinic, patient, reports)
    assert [files.hold(one) for one in stored] == [[]] * len(stored)
    assert before.file.read_bytes() == pdf
    assert all(clear.encode() not in part for clear in IDENTITY.values() for part in read_evidence(pdf).values())
    old = verify_pdf(pdf, log_key=clinic.log_key)
    assert (old.findings, old.log.findings, old.holds) == ((), (), True)
    after = verify_pdf(report_for(clinic, reports, tmp_path).file.read_bytes(), log_key=clinic.log_key)
    assert (after.findings, after.log.findings, after.holds) == ((), (), True)
    assert old.log.size <= before.entry.index < done.index < after.log.size
    # Six of the identity and the session, and who asked: by the report's own entries, without the clinic's database.
    assert "7 values erased with their patients" in why(after.log, "seals")[1]
    assert said(check(clinic, reports)) == []


def test_a_crash_before_the_files_were_cleaned_is_made_good_later(clinic, reports, files, monkeypatch):
    patient = registered(clinic)
    stored = sealed_bytes(clinic, patient)
    clinic.clock.pass_minutes(RETENTION_MIN)
    agree(clinic, ask(clinic, patient))
    assert sealed_bytes(clinic, patient) == []
    assert erasure.sweep(clinic.register, reports)
    assert [files.hold(one) for one in stored] == [[]] * len(stored)
    rewritten: list[object] = []
    monkeypatch.setattr(scrub, "scrub", lambda engine: rewritten.append(engine) or True)
    assert erasure.sweep(clinic.register, reports)
    assert rewritten == [], "done is done: the database is not rewritten at each start"


def test_while_somebody_reads_the_files_are_not_clean_and_that_is_said(clinic, reports):
    patient = registered(clinic)
    clinic.clock.pass_minutes(RETENTION_MIN)
    agree(clinic, ask(clinic, patient))
    with read(clinic.register.engine) as conn:
        conn.scalar(text("SELECT count(*) FROM sealed"))
        assert not erasure.sweep(clinic.register, reports)
    assert erasure.sweep(clinic.register, reports)


def report_for(clinic: Clinic, reports: Path, home: Path) -> report.Issued:
    """Issue a report of the first day as a manager does."""
    asked = report.Asked(
        report=clinic.identifier("rp"), first="2026-11-23", last="2026-11-23", nonce=clinic.nonce(),
        actor=clinic.people["M"], offset_min=OFFSET_MIN,
    )  # fmt: skip
    return report.issue(clinic.register, clinic.checkpoint, Press(reports, home / "keys"), asked)


def _entry_of(clinic: Clinic, patient: str) -> int:
    entries = clinic.book(f"patient:{patient}").entries.values()
    return next(one.index for one in entries if isinstance(one.event, events.PatientRegistered))


def _issue(clinic: Clinic, reports: Path, patients: list[str]) -> Recorded:
    """Put a file of a report that opens identities into the folder, and what the log says of it."""
    import hashlib

    report = clinic.identifier("rp")
    content = f"synthetic report {report}".encode()
    (reports / f"{report}.pdf").write_bytes(content)
    clinic.checkpoint()
    clinic.act("M", events.PatientsDisclosed(report=report, patients=tuple(patients), reason="inspection"))
    with read(clinic.register.engine) as conn:
        size, root = conn.execute(text("SELECT size, root FROM checkpoint ORDER BY size DESC LIMIT 1")).one()
    return clinic.on_the_way(
        "M",
        events.ReportIssued(
            report=report,
            report_kind="inspection",
            from_on="2026-11-01",
            to_on="2026-11-30",
            size=size,
            root=bytes(root).hex(),
            sha256=hashlib.sha256(content).hexdigest(),
        ),
    )
