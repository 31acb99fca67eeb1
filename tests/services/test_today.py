"""What the day still asks for, on both databases."""

import pytest

from audit.domain import commands, events
from audit.services.reconcile import period_of
from audit.services.today import day_of, signature_over, unsigned_of
from audit.storage import registers
from audit.storage.engine import read
from tests.clinic import start_clinic

TODAY = "2026-11-23"


@pytest.fixture
def clinic(database_url, tmp_path):
    started = start_clinic(database_url, tmp_path)
    yield started
    started.register.engine.dispose()


def today(clinic):
    return day_of(clinic.register, period_of(TODAY, TODAY, "America/Toronto"))


def test_a_session_is_open_until_it_is_closed_and_again_when_its_closing_is_struck(clinic) -> None:
    vial = clinic.receive(count=1)[0]
    session = clinic.whole_session(vial)
    assert today(clinic).open_sessions == ()
    entries = clinic.book(f"session:{session}").entries.values()
    (entry,) = [one for one in entries if isinstance(one.event, events.SessionClosed)]
    clinic.act("A", commands.StrikeEntry(of=entry.ref, reason="mistyped"))
    assert [one.session for one in today(clinic).open_sessions] == [session]
    clinic.act("A", commands.CloseSession(session=session))
    assert today(clinic).open_sessions == ()


def test_a_session_of_an_earlier_day_is_still_shown_while_it_is_open(clinic) -> None:
    clinic.receive(count=1)
    session = clinic.open_session("A")
    tomorrow = day_of(clinic.register, period_of("2026-11-24", "2026-11-24", "America/Toronto"))
    assert [one.session for one in tomorrow.sessions] == [session]


def test_a_waste_waits_for_its_witness_and_one_done_alone_is_unwitnessed(clinic) -> None:
    vials = clinic.receive(count=2)
    session = clinic.open_session("A")
    seen, alone = (clinic.draw("A", session, vial, 1000) for vial in vials)
    first = clinic.read("A", seen, 500)
    assert [one.index for one in today(clinic).readings] == [first.index]
    clinic.reread("B", first, seen, 500)
    waste = clinic.waste("A", seen)
    clinic.read("A", alone, 300)
    lonely = clinic.waste("A", alone, alone=True)
    day = today(clinic)
    assert [one.index for one in day.wastes] == [waste.index]
    assert [one.index for one in day.unwitnessed] == [waste.index, lonely.index]
    assert [one.cause for one in day.cases] == ["unwitnessed"]
    clinic.witness("B", waste)
    assert today(clinic).wastes == ()


def test_an_entry_written_hours_after_it_happened_is_late(clinic) -> None:
    vial = clinic.receive(count=1)[0]
    session = clinic.open_session("A")
    syringe = clinic.identifier("c")
    part = commands.Part(container=vial, volume_ul=1000)
    at_ms = clinic.clock.now_ms
    clinic.clock.pass_minutes(300)
    drawn = clinic.on_the_way(
        "A", commands.DrawDose(session=session, syringe=syringe, parts=(part,)), occurred_ms=at_ms
    )
    assert [one.index for one in today(clinic).late] == [drawn.index]


def test_a_person_signs_exactly_the_acts_not_signed_yet(clinic) -> None:
    clinic.open_session("B")
    acts = unsigned_of(clinic.register, clinic.people["B"])
    assert {type(one.event) for one in acts} == {events.PatientRegistered, events.SessionOpened}
    clinic.act("B", signature_over(acts))
    assert unsigned_of(clinic.register, clinic.people["B"]) == ()


def test_nothing_is_unended_under_a_prefix_nobody_used(clinic) -> None:
    with read(clinic.register.engine) as conn:
        assert registers.unended(conn, clinic.register.site, "case", ("case_closed",)) == []
