"""No patient's identity goes before its record's time is over, nor by one person alone."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from audit.domain import commands, events
from audit.domain.erasure import kept_until
from audit.domain.errors import Refused
from audit.services.packs import load_pack
from tests.domain.paper import Paper, refused

DAY_MIN = 24 * 60
TEN_YEARS_MIN = 3653 * DAY_MIN
"""2026-11-23 to 2036-11-23: ten years with the 29 February of 2028, 2032 and 2036."""


@contextmanager
def kept(until: str) -> Iterator[None]:
    """Expect a refusal because the record is kept until this day."""
    with pytest.raises(Refused) as caught:
        yield
    assert (caught.value.code, caught.value.field, caught.value.values) == (
        "retention_not_over",
        "ground",
        {"until": until},
    )


def asked(paper: Paper, patient: str, who: str = "A", ground: events.ErasureGround = "retention_ended"):
    return paper.act(who, events.ErasureRequested(patient=patient, ground=ground))


def agreed(paper: Paper, request, who: str = "M"):
    return paper.act(who, events.PatientErased(of=request.ref, patient=request.event.patient))


def treated(paper: Paper) -> str:
    """Return a patient whose session ended on 2026-11-23."""
    (vial,) = paper.receive(count=1)
    session = paper.whole_session(vial)
    return paper.book().sessions[session].patient


def test_in_ontario_a_record_is_kept_ten_years_from_its_last_entry_to_the_day(paper):
    patient = treated(paper)
    paper.clock.pass_minutes(TEN_YEARS_MIN)
    with kept("2036-11-23"):
        asked(paper, patient)
    paper.clock.pass_minutes(DAY_MIN)
    agreed(paper, asked(paper, patient))
    assert paper.book().erased == {patient}


def test_under_the_dea_pack_it_is_kept_five_years_as_the_strictest_state_known_asks():
    paper = Paper("us-dea")
    patient = treated(paper)
    paper.clock.pass_minutes(1826 * DAY_MIN)  # 2031-11-23: five years with one 29 February
    with kept("2031-11-23"):
        asked(paper, patient)
    paper.clock.pass_minutes(DAY_MIN)
    asked(paper, patient)


def test_a_patient_who_asks_does_not_shorten_it(paper):
    patient = paper.register_patient()
    with kept("2036-11-23"):
        asked(paper, patient, ground="patient_asked")


def test_it_counts_from_the_last_entry_of_any_session_even_one_that_does_not_name_the_patient(paper):
    patient = treated(paper)
    (session,) = [one.session for one in paper.book().sessions.values() if one.patient == patient]
    paper.clock.pass_minutes(TEN_YEARS_MIN - 3 * DAY_MIN)  # 2036-11-20
    closing = paper.last("session_closed")
    paper.record(
        [
            paper.order("A", commands.StrikeEntry(of=closing.ref, reason="mistyped", replacements=1)),
            paper.order("A", commands.CloseSession(session=session), answers_strike=True),
        ]
    )
    paper.clock.pass_minutes(5 * DAY_MIN)
    with kept("2046-11-20"):
        asked(paper, patient)


def test_looking_at_the_record_or_asking_for_its_end_does_not_begin_it_anew(paper):
    patient = treated(paper)
    paper.clock.pass_minutes(TEN_YEARS_MIN + DAY_MIN)
    paper.on_the_way("A", events.PatientUnmasked(patient=patient, reason="chart_check"))
    request = asked(paper, patient)
    paper.clock.pass_minutes(90 * DAY_MIN)
    agreed(paper, request)


def test_an_entry_between_asking_and_agreeing_begins_it_anew(paper):
    patient = treated(paper)
    paper.clock.pass_minutes(TEN_YEARS_MIN + DAY_MIN)
    request = asked(paper, patient)
    paper.open_session(patient=patient)
    with kept("2046-11-24"):
        agreed(paper, request)


def test_an_act_dated_forward_or_back_changes_nothing_for_the_service_knows_the_day(paper):
    patient = treated(paper)
    paper.clock.pass_minutes(TEN_YEARS_MIN)
    with refused("retention_not_over", "ground"):
        paper.act(
            "A",
            events.ErasureRequested(patient=patient, ground="retention_ended"),
            occurred_ms=paper.clock.now_ms - 60_000,
        )


def test_a_minor_s_record_is_kept_from_the_day_they_come_of_age(paper):
    patient = treated(paper)
    policy = load_pack("ca-on").on("2026-11-23")
    assert kept_until(paper.book(), patient, policy, "1980-01-02").isoformat() == "2036-11-23"
    assert kept_until(paper.book(), patient, policy, "2010-05-06").isoformat() == "2038-05-06"
    assert kept_until(paper.book(), patient, policy, "2008-02-29").isoformat() == "2036-11-23"
    assert kept_until(paper.book(), patient, policy, "2016-02-29").isoformat() == "2044-03-01"
    assert kept_until(paper.book(), patient, policy, "about 2010").isoformat() == "2036-11-23"


def test_one_person_alone_erases_nobody(paper):
    patient = paper.register_patient()
    paper.clock.pass_minutes(TEN_YEARS_MIN + DAY_MIN)
    request = asked(paper, patient, "A")
    with refused("own_second_person", "second"):
        agreed(paper, request, "A")


@pytest.mark.parametrize("who", ["B"])
def test_a_clinician_neither_asks_nor_agrees(paper, who):
    patient = paper.register_patient()
    paper.clock.pass_minutes(TEN_YEARS_MIN + DAY_MIN)
    with refused("not_your_role"):
        asked(paper, patient, who)
    request = asked(paper, patient)
    with refused("not_your_role"):
        agreed(paper, request, who)


def test_agreement_is_to_a_request_about_the_same_patient(paper):
    first, other = paper.register_patient(), paper.register_patient()
    paper.clock.pass_minutes(TEN_YEARS_MIN + DAY_MIN)
    request = asked(paper, first)
    with refused("not_an_erasure", "of"):
        paper.act("M", events.PatientErased(of=request.ref, patient=other))
    with refused("not_an_erasure", "of"):
        paper.act("M", events.PatientErased(of=paper.log[0].ref, patient=first))


def test_an_erased_patient_is_not_erased_again_looked_at_or_treated(paper):
    patient = paper.register_patient()
    paper.clock.pass_minutes(TEN_YEARS_MIN + DAY_MIN)
    request = asked(paper, patient)
    agreed(paper, request)
    for again in (
        lambda: asked(paper, patient),
        lambda: agreed(paper, request),
        lambda: paper.on_the_way("A", events.PatientUnmasked(patient=patient, reason="care")),
        lambda: paper.open_session(patient=patient),
    ):
        with refused("already_erased", "patient"):
            again()


def test_a_patient_nobody_registered_is_not_erased(paper):
    with refused("unknown_patient", "patient"):
        asked(paper, "pt_99999999")
