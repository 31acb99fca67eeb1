"""Second persons and corrections as log-format section 2 has them, on logs in good form that break a rule."""

import pytest

from audit.domain import events
from audit.domain.facts import Ref
from tests.services.stated import A, B, C, Log, draw, person, read, receipt, waste, witness


@pytest.fixture
def wasted() -> Log:
    """A drew (5), gave and read (6) and wasted (7)."""
    made = Log()
    made.state(A, receipt("c_0001"))
    made.state(A, draw("c_0001", "c_0002"), "signed_in")
    made.state(A, read("c_0002"), "signed_in")
    made.state(A, waste("c_0002"))
    return made


def test_whoever_wasted_drew_or_gave_is_no_second_person(wasted: Log) -> None:
    wasted.state(A, witness(wasted.ref(7), "c_0002"))
    assert wasted.faults() == [("signatures", 8, f"{A} again")]
    other = Log()
    other.state(A, receipt("c_0001"))
    other.state(B, draw("c_0001", "c_0002"), "signed_in")
    other.state(A, read("c_0002"), "signed_in")
    other.state(A, waste("c_0002"))
    other.state(B, witness(other.ref(7), "c_0002"))
    assert other.faults() == [("signatures", 8, f"{B}, whose entry 5 drew, gave or recorded it")]


def test_a_second_person_repeats_what_they_were_shown(wasted: Log) -> None:
    wasted.state(B, witness(wasted.ref(7), "c_0002", method="waste_bin"))
    wasted.state(C, witness(wasted.ref(7), "c_0009"))
    assert [(index, found) for _, index, found in wasted.faults()] == [
        (8, "method waste_bin"),
        (9, "container c_0009"),
    ]


def test_another_reading_of_a_second_person_is_no_fault(wasted: Log) -> None:
    wasted.state(B, witness(wasted.ref(7), "c_0002", volume_ul=999))
    assert wasted.faults() == []


def test_a_second_entry_is_of_an_entry_before_it_of_the_right_kind_by_its_leaf(wasted: Log) -> None:
    wasted.state(B, witness(wasted.ref(6), "c_0002"))
    wasted.state(B, witness(Ref(index=99, leaf="ab" * 32), "c_0002"))
    wasted.state(C, witness(Ref(index=7, leaf="ab" * 32), "c_0002"))
    assert [(index, found) for _, index, found in wasted.faults()] == [
        (8, "entry 6, remainder_read"),
        (9, "entry 99, which is not"),
        (10, "ab" * 32),
    ]


def test_one_person_is_second_to_an_entry_once(wasted: Log) -> None:
    wasted.state(B, witness(wasted.ref(7), "c_0002"))
    wasted.state(B, witness(wasted.ref(7), "c_0002"))
    assert wasted.faults() == [("signatures", 9, "entry 8 too")]


def test_nobody_is_second_to_an_entry_that_was_struck(wasted: Log) -> None:
    wasted.state(A, events.EntryStruck(of=wasted.ref(7), reason="not_done", replacements=0))
    wasted.state(B, witness(wasted.ref(7), "c_0002"))
    assert wasted.faults() == [("signatures", 9, "entry 7, struck by entry 8")]


def test_an_entry_is_struck_once_and_a_strike_or_an_enrolment_never(wasted: Log) -> None:
    struck = wasted.state(A, events.EntryStruck(of=wasted.ref(7), reason="not_done", replacements=0))
    wasted.state(A, events.EntryStruck(of=wasted.ref(7), reason="double", replacements=0))
    wasted.state(A, events.EntryStruck(of=struck, reason="other", replacements=0))
    wasted.state(A, events.EntryStruck(of=wasted.ref(2), reason="other", replacements=0))
    signatures = [(index, found) for check, index, found in wasted.faults() if check == "signatures"]
    assert signatures == [
        (9, "entry 7 was struck by entry 8"),
        (10, "entry 8, entry_struck"),
        (11, "entry 2, person_enrolled"),
    ]


def test_as_many_replacements_as_announced_follow_at_once_and_name_the_strike() -> None:
    log = Log()
    first = log.state(A, receipt("c_0001"))
    log.state(A, events.EntryStruck(of=first, reason="mistyped", replacements=1))
    log.state(A, receipt("c_0001", mass_ug=1_000_000, replaces=first))
    assert log.faults() == []
    log.state(A, receipt("c_0002", replaces=first))
    assert log.faults() == [("signatures", 7, f"a replacement of entry {first.index}")]


def test_a_strike_whose_replacement_does_not_follow_at_once_is_named() -> None:
    log = Log()
    first = log.state(A, receipt("c_0001"))
    log.state(A, events.EntryStruck(of=first, reason="mistyped", replacements=1))
    log.state(A, person("p_dddd", "clinician"))
    assert log.faults() == [("signatures", 6, "another entry")]
    last = Log()
    last.state(A, events.EntryStruck(of=last.state(A, receipt("c_0001")), reason="mistyped", replacements=2))
    assert last.faults() == [("signatures", 5, "2 are missing")]
