"""Erasing a patient's identity: destroyed with the entry that a second person signs, then scrubbed from the files.

Within the entry's transaction go the patient's wrapped key and every value sealed for the patient, and whatever else is
sealed for an entry of theirs or of their sessions. After the commit go the files that had opened the identity, and
the bytes that deleting left in the database's files. What is left to do after a crash is found again (`sweep`).

Here also who asked and who may still agree, for pages. Not here: whether it is allowed (`domain.erasure`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from audit.domain import erasure, events
from audit.domain.book import Book, Recorded
from audit.domain.commands import Said
from audit.domain.fold import local_day
from audit.domain.keys import ERASURES
from audit.services.register import Register
from audit.services.verifying.check_12_reports import opened_files
from audit.storage import ledger, registers, scrub, seals
from audit.storage.engine import Connection, read, write

_MOST = 100_000
MARK = "scrubbed"
"""File beside the folder of reports: up to which entry erasures are scrubbed from the database's files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """How a patient's identity stands: until when it is kept, who asked for its end, who agreed."""

    patient: str
    kept_until: str
    is_over: bool
    asked: Recorded | None
    erased: Recorded | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A patient who is erased, or of whom nothing was heard for long: when last is told by the sessions opened."""

    patient: str
    last_on: str
    is_erased: bool


def enter(conn: Connection, register: Register, entry: Recorded, book: Book) -> None:
    """Carry out what an entry just appended says about erasing, in its own transaction.

    Retention is judged once more by the rules of today, and by the birth date where one is sealed: a minor's record is
    kept longer, and nothing in an entry tells who was a minor.

    Raises:
        Refused: `retention_not_over`; then the entry is not written.
    """
    event = entry.event
    if not isinstance(event, events.ErasureRequested | events.PatientErased):
        return
    said = Said(actor=entry.actor, occurred_ms=entry.occurred_ms, offset_min=entry.offset_min, now_ms=entry.recorded_ms)
    policy = register.policy_on(local_day(said.now_ms, said.offset_min))
    born = _birth_date(conn, register, book, event.patient)
    erasure.check_retention(book, event.patient, policy, said, born)
    if isinstance(event, events.PatientErased):
        seals.destroy(conn, register.site, event.patient, erasure.covered_by(book, event.patient))


def state_of(register: Register, patient: str, *, offset_min: int) -> Erasure | None:
    """Return how a patient's identity stands today; None for a patient nobody registered."""
    with read(register.engine) as conn:
        book = patient_book(conn, register.site, patient)
        if patient not in book.patients:
            return None
        born = None if patient in book.erased else _birth_date(conn, register, book, patient)
    today = local_day(register.clock(), offset_min)
    until = erasure.kept_until(book, patient, register.policy_on(today), born).isoformat()
    asked = _last(book, events.ErasureRequested)
    return Erasure(
        patient=patient,
        kept_until=until,
        is_over=today > until,
        asked=asked,
        erased=_last(book, events.PatientErased),
    )


def patient_book(conn: Connection, site: str, patient: str) -> Book:
    """Return the book of a patient and of all their sessions."""
    book = ledger.load_book(conn, site, {f"patient:{patient}"})
    return ledger.load_book(conn, site, with_sessions(book, patient))


def with_sessions(book: Book, patient: str) -> set[str]:
    """Return the keys under which the whole record of a patient is found, from a book of the patient's own key."""
    return {f"patient:{patient}"} | {f"session:{one}" for one in erasure.sessions_of(book, patient)}


def waiting(register: Register) -> list[Recorded]:
    """Return the requests that nobody has agreed to yet, the latest of each patient, oldest first."""
    with read(register.engine) as conn:
        entries = _erasures(conn, register.site)
    asked = {one.event.patient: one for one in entries if isinstance(one.event, events.ErasureRequested)}
    for patient, _ in _done(entries):
        asked.pop(patient, None)
    return sorted(asked.values(), key=lambda one: one.index)


def candidates(register: Register, *, before: date) -> list[Candidate]:
    """Return the erased, and those neither registered nor in a session opened since that day; the longest ago first.

    Whether the time of keeping is over is told by `state_of`, which reads the whole record.
    """
    with read(register.engine) as conn:
        known = {f"patient:{one}" for one in registers.keyed(conn, register.site, "patient")}
        book = ledger.load_book(conn, register.site, known)
    last: dict[str, str] = {}
    for entry in book.entries.values():
        if isinstance(entry.event, events.PatientRegistered | events.SessionOpened):
            day = local_day(max(entry.occurred_ms, entry.recorded_ms), entry.offset_min)
            last[entry.event.patient] = max(day, last.get(entry.event.patient, ""))
    found = [Candidate(patient=one, last_on=day, is_erased=one in book.erased) for one, day in last.items()]
    wanted = [one for one in found if one.is_erased or one.last_on < before.isoformat()]
    return sorted(wanted, key=lambda one: (one.last_on, one.patient))


def erased_reports(register: Register) -> frozenset[str]:
    """Return the reports and bundles whose files are gone with a patient they had named."""
    with read(register.engine) as conn:
        done = _done(_erasures(conn, register.site))
        return frozenset(one for patient, _ in done for one in _reports_with(conn, register.site, patient))


def sweep(register: Register, reports: Path) -> bool:
    """Finish every erasure in the log: nothing of it in tables, kept files or deleted bytes; say whether all is done.

    Cheap where there is nothing to do. After a restored or refilled database it destroys again what came back with it.
    """
    with read(register.engine) as conn:
        done = _done(_erasures(conn, register.site))
        back = [patient for patient, _ in done if seals.keeps(conn, register.site, patient)]
        named = [one for patient, _ in done for one in _reports_with(conn, register.site, patient)]
    if not done:
        return True
    for path in (path for one in named for path in opened_files(reports, one)):
        path.unlink(missing_ok=True)
    if back:
        _destroy_again(register, back)
    mark, wanted = reports.parent / MARK, f"{register.origin} {done[-1][1]}\n"
    if not back and mark.is_file() and mark.read_text("utf-8") == wanted:
        return True
    if not scrub.scrub(register.engine):
        return False
    _write_mark(mark, wanted)
    return True


def _destroy_again(register: Register, patients: Iterable[str]) -> None:
    with write(register.engine) as conn:
        for patient in patients:
            book = patient_book(conn, register.site, patient)
            seals.destroy(conn, register.site, patient, erasure.covered_by(book, patient))


def _erasures(conn: Connection, site: str) -> tuple[Recorded, ...]:
    """Return every request and erasure, oldest first."""
    return tuple(reversed(registers.newest(conn, site, limit=_MOST, key=ERASURES).entries))


def _done(entries: Iterable[Recorded]) -> list[tuple[str, int]]:
    return [(one.event.patient, one.index) for one in entries if isinstance(one.event, events.PatientErased)]


def _write_mark(mark: Path, text: str) -> None:
    part = mark.with_name(f".{mark.name}.part")
    part.write_text(text, "utf-8")
    part.replace(mark)


def _reports_with(conn: Connection, site: str, patient: str) -> list[str]:
    entries = ledger.load_entries(conn, site, {f"patient:{patient}"})
    return [one.event.report for one in entries if isinstance(one.event, events.PatientsDisclosed)]


def _birth_date(conn: Connection, register: Register, book: Book, patient: str) -> str | None:
    for entry in book.entries.values():
        if isinstance(entry.event, events.PatientRegistered) and entry.event.patient == patient:
            try:
                opened = seals.opened(conn, register.vault, seals.Place(entry.index, "birth_date"))
            except seals.SealBroken:  # nothing to read is nothing to judge by; verifying names it
                continue
            if opened is not None and isinstance(opened.value, str):
                return opened.value
    return None


def _last(book: Book, kind: type[events.Event]) -> Recorded | None:
    found = [one for one in book.entries.values() if isinstance(one.event, kind)]
    return max(found, key=lambda one: one.index, default=None)
