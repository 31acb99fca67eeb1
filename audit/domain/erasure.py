"""When a patient's identity may be destroyed: not before the record's retention ends, and only by two people.

Retention is the rule pack's (`Policy.patient_record_years`), counted from the patient's last entry. Not here: what
destroying does (`services.erasure`), and that both sign at the act (`people.SIGNED_IN_KINDS`).
"""

from datetime import date

from audit.domain import events
from audit.domain.book import Book, Recorded
from audit.domain.commands import Said
from audit.domain.errors import Refused
from audit.domain.fold import local_day
from audit.domain.keys import keys
from audit.domain.policy import Policy

_LOOKING = (events.PatientUnmasked, events.PatientsDisclosed, events.ErasureRequested, events.PatientErased)
"""Looking at a record, and asking for its end, writes nothing into it: retention does not begin anew."""


def sessions_of(book: Book, patient: str) -> frozenset[str]:
    """Return every session ever opened for a patient, corrected ones too."""
    return frozenset(one.session for one in _openings(book) if one.patient == patient)


def covered_by(book: Book, patient: str) -> list[int]:
    """Return the entries whose sealed values an erasure covers: those that name the patient, or a session of theirs.

    A session opened for somebody else by mistake is the session of whom its last opening names.
    """
    opened = {one.session: one.patient for one in _openings(book)}
    return [
        index
        for index, entry in sorted(book.entries.items())
        if getattr(entry.event, "patient", opened.get(getattr(entry.event, "session", None) or "")) == patient
    ]


def record_of(book: Book, patient: str) -> list[Recorded]:
    """Return the entries of a patient's record, oldest first: of the patient, their sessions, and what was drawn.

    The book was loaded by the patient's key and those of the sessions.

    Raises:
        BrokenInvariantError: it was not.
    """
    sessions = sessions_of(book, patient)
    wanted = {f"patient:{patient}"} | {f"session:{one}" for one in sessions}
    for key in wanted:
        book.check_complete(key)
    stated = (entry.event for entry in book.entries.values())
    drawn = {one.syringe for one in stated if isinstance(one, events.DoseDrawn) and one.session in sessions}
    wanted |= {f"container:{one}" for one in drawn}
    found = {index for index, entry in book.entries.items() if not wanted.isdisjoint(keys(entry.event))}
    found |= {strike for index, strike in book.struck.items() if index in found}
    return [book.entries[index] for index in sorted(found)]


def kept_until(book: Book, patient: str, policy: Policy, birth_date: str | None = None) -> date:
    """Return the last day on which a patient's identity must still be there.

    Counted from the last entry of the record, by the later of when it happened and when it was recorded; of a patient
    who was a minor then, from their coming of age. `birth_date` (YYYY-MM-DD) is known only to who may open it.
    """
    record = [entry for entry in record_of(book, patient) if not isinstance(entry.event, _LOOKING)]
    last = max(local_day(max(one.occurred_ms, one.recorded_ms), one.offset_min) for one in record)
    start = date.fromisoformat(last)
    of_age = _of_age(birth_date, policy)
    return _years_later(max(start, of_age) if of_age else start, policy.patient_record_years)


def check_retention(book: Book, patient: str, policy: Policy, said: Said, birth_date: str | None = None) -> None:
    """Refuse while a patient's record must be kept, whatever the patient asks; today is the service's, not as stated.

    Raises:
        Refused: `retention_not_over` with the last day of keeping.
    """
    until = kept_until(book, patient, policy, birth_date)
    if date.fromisoformat(local_day(said.now_ms, said.offset_min)) <= until:
        raise Refused("retention_not_over", "ground", until=until.isoformat())


def decide_request(book: Book, command: events.ErasureRequested, policy: Policy, said: Said) -> None:
    """Ask for a patient's identity to be destroyed.

    Raises:
        Refused: `unknown_patient`, `already_erased` or `retention_not_over`.
    """
    check_patient(book, command.patient)
    check_retention(book, command.patient, policy, said)


def decide_erase(book: Book, command: events.PatientErased, policy: Policy, said: Said) -> None:
    """Agree, as a second person, to a request of erasure.

    Raises:
        Refused: `not_an_erasure`, `own_second_person`, `already_erased` or `retention_not_over`.
    """
    asked = book.entries.get(command.of.index)
    if (
        asked is None
        or asked.leaf != command.of.leaf
        or not isinstance(asked.event, events.ErasureRequested)
        or asked.event.patient != command.patient
    ):
        raise Refused("not_an_erasure", "of")
    if asked.actor == said.actor:
        raise Refused("own_second_person", "second")
    check_patient(book, command.patient)
    check_retention(book, command.patient, policy, said)


def check_patient(book: Book, patient: str) -> None:
    """Refuse a patient nobody registered, and one whose identity is no more.

    Raises:
        Refused: `unknown_patient` or `already_erased`.
    """
    if patient not in book.patients:
        raise Refused("unknown_patient", "patient")
    if patient in book.erased:
        raise Refused("already_erased", "patient")


def _openings(book: Book) -> list[events.SessionOpened]:
    stated = [entry.event for _, entry in sorted(book.entries.items())]
    return [one for one in stated if isinstance(one, events.SessionOpened)]


def _of_age(birth_date: str | None, policy: Policy) -> date | None:
    if birth_date is None:
        return None
    try:
        return _years_later(date.fromisoformat(birth_date), policy.patient_record_age_years)
    except ValueError:  # typed in some other way: then only the last entry counts
        return None


def _years_later(day: date, years: int) -> date:
    """Return the same day so many years later; after a 29 February the 1 March, never sooner."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
