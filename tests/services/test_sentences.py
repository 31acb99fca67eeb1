"""Every kind of entry is told in words: amounts in mg and mL with their strength, patients by pseudonym."""

import pytest

from audit.domain.wire import KINDS
from audit.services.meanings import MEANINGS, TITLES
from audit.services.sentences import Teller
from audit.services.telling import Viewer, tell_all
from audit.services.wording import patient_label
from audit.storage.engine import read
from tests.clinic import Clinic, start_clinic

SESSION_KINDS = tuple(kind for kind in KINDS.values() if "session" in kind.__dataclass_fields__)


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Clinic:
    home = tmp_path_factory.mktemp("told")
    clinic = start_clinic(f"sqlite:///{home / 'audit.db'}", home)
    clinic.add_product("10", mg_per_ml=10, ml=20)
    return clinic


def told(clinic: Clinic, session: str) -> list[str]:
    """The sentences of a session's entries, in order, as the register shows them."""
    entries = sorted(clinic.book(f"session:{session}").entries.values(), key=lambda entry: entry.index)
    with read(clinic.register.engine) as conn:
        lines = tell_all(clinic.register, conn, entries, Viewer(person=clinic.people["A"], names={}))
    return [line.told.what for line in lines if isinstance(line.entry.event, SESSION_KINDS)]


def test_every_kind_has_a_heading_and_a_meaning_for_its_signature():
    assert set(TITLES) == set(MEANINGS) == set(KINDS.values())


def test_a_session_is_told_from_order_to_close(clinic):
    session = clinic.whole_session(clinic.receive()[0])
    assert told(clinic, session) == [
        "Opened session 0001: 39 mg ordered",
        "Drew 50 mg (1 mL) from V-0001 into a syringe",
        "Started the infusion at 60 mg/h (1.2 mL/h)",
        "Stopped the infusion: completed",
        "Read 10 mg (0.2 mL) left in S-0001, so 40 mg (0.8 mL) was given",
        "Read 10 mg (0.2 mL) in S-0001 as second person, blind: agrees",
        "Wasted 10 mg (0.2 mL), remainder, denatured",
        "Witnessed the waste of 10 mg (0.2 mL), denatured",
        "Closed session 0001: nothing left to account for",
    ]


def test_a_syringe_made_up_is_told_with_what_a_millilitre_of_it_holds(clinic):
    session = clinic.open_session("A")
    (vial, _) = clinic.receive(product="10", lot="EX-10")
    syringe = clinic.draw("A", session, vial, 4000, total_ul=40_000)
    first = clinic.read("A", syringe, 10_000)
    teller = Teller(clinic.book(f"container:{syringe}", f"session:{session}"))
    line = teller.tell(first)
    assert line.what == "Read 10 mg (10 mL) left in S-0002, so 30 mg (30 mL) was given"
    assert line.detail == "Session 0002 · S-0002 · 1 mg/mL from 10 mg/mL"


def test_a_french_reader_is_told_amounts_with_a_comma(clinic):
    assert Teller(clinic.book("log:site"), mark=",").amount(16_500, 330) == "16,5 mg (0,33 mL)"


def test_a_patient_is_named_by_the_start_of_the_pseudonym():
    assert patient_label("pt_1a2b3c4d5e6f") == "Patient P-1a2b3c"
