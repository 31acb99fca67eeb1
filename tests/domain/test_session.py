import dataclasses

import pytest

from audit.domain import commands, events
from audit.domain.postings import Account
from tests.domain.paper import Paper, refused, sums


def _order(paper: Paper, **changed: object) -> commands.OpenSession:
    order = commands.OpenSession(
        session="s_00001000",
        patient=paper.register_patient(),
        prescriber=paper.people["A"],
        dose_ug=39_000,
        route="iv",
        duration_min=40,
    )
    return dataclasses.replace(order, **changed)


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"patient": "pt_99999999"}, "unknown_patient", "patient"),
        ({"prescriber": "p_99999999"}, "unknown_person", "prescriber"),
        ({"dose_ug": 0}, "zero", "dose"),
        ({"dose_ug": 2_000_001}, "dose_too_large", "dose"),
        ({"duration_min": 0}, "duration_out_of_range", "duration"),
        ({"duration_min": 601}, "duration_out_of_range", "duration"),
    ],
)
def test_an_order_that_cannot_be_is_refused_at_its_field(paper, changed, code, field):
    with refused(code, field):
        paper.act("A", _order(paper, **changed))


def test_a_physician_orders(paper):
    with refused("not_a_prescriber", "prescriber"):
        paper.act("A", _order(paper, prescriber=paper.people["B"]))


def test_sessions_are_numbered_without_a_gap(paper):
    first, second = paper.open_session(), paper.open_session()
    assert [paper.book().sessions[one].number for one in (first, second)] == [1, 2]


def test_one_identifier_is_one_session(paper):
    session = paper.open_session()
    with refused("identifier_taken"):
        paper.act("A", _order(paper, session=session))


def test_a_draw_moves_mass_from_the_shelf_into_the_syringe(paper):
    (vial,) = paper.receive(count=1)
    session = paper.open_session()
    syringe = paper.draw("A", session, vial, 1300)
    assert paper.book().balance(syringe, Account.CUSTODY, session) == 65_000
    assert paper.book().balance(vial, Account.STOCK) == 435_000
    assert paper.book().containers[vial].opened_ms is not None
    assert paper.book().containers[syringe].label == "S-0001"


def test_two_vials_of_one_strength_fill_one_syringe(paper):
    vials = paper.receive(count=2)
    session = paper.open_session()
    parts = tuple(commands.Part(container=vial, volume_ul=500) for vial in vials)
    paper.act("A", commands.DrawDose(session=session, syringe="c_00001000", parts=parts))
    assert paper.book().balance("c_00001000", Account.CUSTODY, session) == 50_000
    with refused("container_twice", "container"):
        paper.act("A", commands.DrawDose(session=session, syringe="c_00001001", parts=(parts[0], parts[0])))
    with refused("nothing_drawn", "container"):
        paper.act("A", commands.DrawDose(session=session, syringe="c_00001001", parts=()))


def test_strengths_are_never_blended(paper):
    paper.add_product("10", mg_per_ml=10, ml=20)
    weak, strong = paper.receive(product="10", count=1)[0], paper.receive(count=1)[0]
    session = paper.open_session()
    parts = tuple(commands.Part(container=vial, volume_ul=500) for vial in (weak, strong))
    with refused("strengths_differ", "container"):
        paper.act("A", commands.DrawDose(session=session, syringe="c_00001000", parts=parts))


def test_only_a_vial_on_the_shelf_is_drawn_from(paper):
    vials = paper.receive(count=2)
    session = paper.open_session()
    syringe = paper.draw("A", session, vials[0], 500)
    with refused("not_a_vial", "container"):
        paper.draw("A", session, syringe, 100)
    with refused("zero", "volume"):
        paper.draw("A", session, vials[0], 0)
    with refused("unknown_container", "container"):
        paper.draw("A", session, "c_99999999", 100)
    with refused("unknown_session", "session"):
        paper.draw("A", "s_99999999", vials[0], 100)
    paper.read("A", vials[1], 9000)
    paper.act("A", commands.HoldRemainder(container=vials[1], bag="T-1"))
    with refused("not_on_shelf", "container"):
        paper.draw("A", session, vials[1], 100)
    paper.reread("B", paper.read("A", vials[0], 9500), vials[0], 9500)
    paper.waste("A", vials[0])
    with refused("finished", "container"):
        paper.draw("A", session, vials[0], 100)


def test_an_expired_vial_really_used_is_recorded_flagged_and_opens_a_case(paper):
    (vial,) = paper.receive(count=1, expiry="2026-11-22")
    session = paper.open_session()
    with refused("confirm_expired", "expired_used"):
        paper.draw("A", session, vial, 500)
    paper.draw("A", session, vial, 500, expired_used=True)
    assert paper.last("dose_drawn").event.expired_used
    assert len(paper.cases("expired")) == 1


def test_a_vial_may_be_used_on_its_expiry_day(paper):
    (vial,) = paper.receive(count=1, expiry="2026-11-23")
    paper.draw("A", paper.open_session(), vial, 500, expired_used=True)
    assert not paper.last("dose_drawn").event.expired_used
    assert not paper.cases("expired")


def _nearly_empty(paper: Paper) -> tuple[str, str]:
    """Return a session and a vial of 10 mL from which all but 1 mL was drawn."""
    (vial,) = paper.receive(count=1)
    session = paper.open_session()
    paper.draw("A", session, vial, 9000)
    return session, vial


def test_more_than_the_vial_holds_is_asked_about_once(paper):
    session, vial = _nearly_empty(paper)
    with refused("more_than_holds", "volume"):
        paper.draw("A", session, vial, 1001)
    paper.draw("A", session, vial, 1000)


def test_overfill_within_the_limit_is_overfill_and_opens_no_case(paper):
    session, vial = _nearly_empty(paper)
    paper.draw("A", session, vial, 1500, beyond_confirmed=True)
    source = paper.last("dose_drawn").event.sources[0]
    assert (source.mass_ug, source.overfill_ug, source.unexplained_ug) == (75_000, 25_000, None)
    assert paper.book().balance(vial, Account.OVERFILL) == -25_000
    assert not paper.cases("overdraw")


def test_beyond_the_overfill_limit_it_is_unexplained_with_a_case(paper):
    session, vial = _nearly_empty(paper)
    paper.draw("A", session, vial, 1800, beyond_confirmed=True)
    source = paper.last("dose_drawn").event.sources[0]
    assert (source.overfill_ug, source.unexplained_ug) == (25_000, 15_000)
    assert paper.book().balance(vial, Account.VARIANCE) == -15_000
    (case,) = paper.cases("overdraw")
    assert paper.book().cases[case].variance_ug == 15_000
    paper.act("M", commands.CloseCase(case=case, outcome="gain"))
    assert sums(paper.book())["gained"] == -15_000
    assert paper.book().balance(vial, Account.VARIANCE) == 0


def test_overfill_is_spent_only_once(paper):
    session, vial = _nearly_empty(paper)
    paper.draw("A", session, vial, 1400, beyond_confirmed=True)
    paper.draw("A", session, vial, 300, beyond_confirmed=True)
    source = paper.last("dose_drawn").event.sources[0]
    assert (source.overfill_ug, source.unexplained_ug) == (5_000, 10_000)


def test_twice_the_label_cannot_have_been_in_the_vial(paper):
    (vial,) = paper.receive(count=1)
    with refused("more_than_twice", "volume"):
        paper.draw("A", paper.open_session(), vial, 20_001, beyond_confirmed=True)


def test_a_syringe_made_up_with_diluent_holds_the_same_mass(paper):
    (vial,) = paper.receive(count=1)
    session = paper.open_session()
    syringe = paper.draw("A", session, vial, 700, total_ul=50_000)
    assert paper.book().containers[syringe].content_ug == 35_000
    assert paper.book().containers[syringe].content_ul == 50_000
    with refused("made_up_less", "total"):
        paper.draw("A", session, vial, 700, total_ul=699)


@pytest.mark.parametrize(
    ("drawn_ul", "total_ul", "left_ul", "left_ug", "given_ug"),
    [
        (700, 50_000, 12_345, 8_642, 26_358),  # 35000 x 12345 / 50000 = 8641.5, half to even
        (700, 50_000, 12_355, 8_648, 26_352),  # 8648.5, half to even
        (100, 30_000, 10_000, 1_667, 3_333),  # 1666.67
        (100, 30_000, 0, 0, 5_000),
    ],
)
def test_given_is_drawn_less_remainder_rounded_once_half_to_even(paper, drawn_ul, total_ul, left_ul, left_ug, given_ug):
    (vial,) = paper.receive(count=1)
    syringe = paper.draw("A", paper.open_session(), vial, drawn_ul, total_ul=total_ul)
    event = paper.read("A", syringe, left_ul).event
    assert (event.mass_ug, event.given_ug) == (left_ug, given_ug)


def test_what_stays_in_the_line_is_residual_not_given(paper):
    (vial,) = paper.receive(count=1)
    session = paper.open_session()
    syringe = paper.draw("A", session, vial, 700, total_ul=50_000)
    paper.act("A", commands.ReadRemainder(container=syringe, volume_ul=10_000, residual_ul=2_000))
    book = paper.book()
    assert book.balance(syringe, Account.GIVEN, session) == 26_600
    assert book.balance(syringe, Account.RESIDUAL, session) == 1_400
    assert book.balance(syringe, Account.CUSTODY, session) == 7_000


def test_the_pump_starts_changes_and_stops(paper):
    (vial,) = paper.receive(count=1)
    session = paper.open_session()
    syringe = paper.draw("A", session, vial, 1000)
    start = events.InfusionStarted(session=session, container=syringe, rate_ul_per_h=1200)
    change = events.RateChanged(
        session=session, container=syringe, rate_ul_per_h=600, dose_ug=30_000, reason="side_effect"
    )
    stop = events.InfusionStopped(session=session, container=syringe, reason="completed")
    for early in (change, stop):
        with refused("not_running", "container"):
            paper.on_the_way("A", early)
    paper.on_the_way("A", start)
    with refused("already_running", "rate"):
        paper.on_the_way("A", start)
    paper.on_the_way("A", change)
    assert paper.book().sessions[session].dose_ug == 30_000
    with refused("still_running"):
        paper.read("A", syringe, 100)
    with refused("still_running"):
        paper.act("A", commands.CloseSession(session=session))
    paper.on_the_way("A", stop)
    paper.read("A", syringe, 100)
    with refused("already_read", "container"):
        paper.on_the_way("A", start)


def test_a_pump_runs_a_syringe_of_its_own_session(paper):
    (vial,) = paper.receive(count=1)
    syringe = paper.draw("A", paper.open_session(), vial, 1000)
    other = paper.open_session()
    with refused("not_this_session", "container"):
        paper.on_the_way("A", events.InfusionStarted(session=other, container=syringe, rate_ul_per_h=1200))


def test_a_session_closes_only_when_nothing_is_unaccounted_for(paper):
    (vial,) = paper.receive(count=1)
    session = paper.open_session()
    syringe = paper.draw("A", session, vial, 1000)
    with refused("not_balanced"):
        paper.act("A", commands.CloseSession(session=session))
    first = paper.read("A", syringe, 200)
    with refused("not_balanced"):
        paper.act("A", commands.CloseSession(session=session))
    paper.reread("B", first, syringe, 200)
    paper.witness("B", paper.waste("A", syringe))
    event = paper.act("A", commands.CloseSession(session=session)).event
    assert (event.drawn_ug, event.given_ug, event.residual_ug, event.wasted_ug) == (50_000, 40_000, None, 10_000)


def test_a_closed_session_takes_no_more_acts(paper):
    vials = paper.receive(count=1)
    session = paper.whole_session(vials[0])
    syringe = paper.book().sessions[session].syringes[0]
    acts = (
        commands.CloseSession(session=session),
        commands.TakeContainer(session=session, container=vials[0]),
        commands.ReturnContainer(session=session, container=vials[0]),
        events.InfusionStarted(session=session, container=syringe, rate_ul_per_h=1),
    )
    for act in acts:
        with refused("session_closed", "session"):
            paper.act("A", act)
    with refused("session_closed", "session"):
        paper.draw("A", session, vials[0], 100)


def test_a_syringe_given_whole_leaves_nothing_to_waste_and_closes(paper):
    (vial,) = paper.receive(count=1)
    session = paper.open_session()
    syringe = paper.draw("A", session, vial, 1000)
    paper.reread("B", paper.read("A", syringe, 0), syringe, 0)
    with refused("nothing_to_waste"):
        paper.waste("A", syringe)
    event = paper.act("A", commands.CloseSession(session=session)).event
    assert (event.given_ug, event.wasted_ug) == (50_000, 0)


def test_a_session_with_its_rest_in_a_bag_closes_and_states_it(paper):
    (vial,) = paper.receive(count=1)
    session = paper.open_session()
    syringe = paper.draw("A", session, vial, 1000)
    paper.read("A", syringe, 200)
    paper.act("A", commands.HoldRemainder(container=syringe, bag="T-0417"))
    event = paper.act("A", commands.CloseSession(session=session)).event
    assert (event.given_ug, event.wasted_ug, event.held_ug) == (40_000, 0, 10_000)


def test_a_session_whose_bag_came_up_short_before_it_closed_closes_too(paper):
    (vial,) = paper.receive(count=1)
    session = paper.open_session()
    syringe = paper.draw("A", session, vial, 1000)
    paper.read("A", syringe, 200)
    paper.act("A", commands.HoldRemainder(container=syringe, bag="T-0417"))
    first = paper.read("B", syringe, 150)
    paper.reread("M", first, syringe, 150)
    waste = paper.waste("B", syringe)
    assert (waste.event.mass_ug, waste.event.short_ug) == (7_500, 2_500)
    paper.act("A", commands.CloseSession(session=session))
    assert paper.book().balance(syringe, Account.VARIANCE) == 2_500


def test_a_corrected_opening_keeps_its_number(paper):
    session = paper.open_session()
    opened = paper.last("session_opened")
    paper.open_session()
    paper.strike("A", opened, _order(paper, session=session, patient=opened.event.patient, dose_ug=40_000))
    assert paper.book().sessions[session].number == 1
    assert paper.book().sessions[session].dose_ug == 40_000
