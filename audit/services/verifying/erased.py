"""Which sealed values may be gone: those of entries that name an erased patient, or a session of theirs.

A `patient_erased` covers the entries before it and none after. Whether two people stood for it is check 7's to say.
"""

from audit.domain import events
from audit.services.verifying.check_01_bytes import Read
from audit.services.verifying.history import History


class Erased:
    """The patients erased so far, each with the entry that says so."""

    def __init__(self, history: History) -> None:
        self._patient_of = history.patient_of
        self.at: dict[str, int] = {}

    def entry(self, read: Read) -> None:
        """Note an erasure."""
        event = read.recorded.event if read.recorded is not None else None
        if isinstance(event, events.PatientErased):
            self.at.setdefault(event.patient, read.index)

    def covers(self, index: int, whose: str) -> bool:
        """Say whether the seals of an entry, `whose_seals` said whose, may be gone; ask when every entry has passed."""
        return index < self.at.get(self._patient_of.get(whose, whose), 0)


def whose_seals(read: Read) -> str:
    """Return whom the seals of an entry are about: the patient it names, else its session, "" where it has neither."""
    event = read.recorded.event if read.recorded is not None else None
    patient = getattr(event, "patient", None)
    return str(patient or getattr(event, "session", None) or "")
