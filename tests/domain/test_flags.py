import dataclasses

import pytest

from audit.domain import commands, events
from audit.domain.book import Recorded
from audit.domain.flags import Flag, by_rate_ug, flags
from audit.services.packs import load_pack
from tests.domain.paper import Paper

POLICY = load_pack("ca-on").on("2026-11-23")


def _flags(paper: Paper, entry: Recorded) -> tuple[Flag, ...]:
    return flags(paper.book(), entry, POLICY)


def _syringe(paper: Paper, **more: object) -> tuple[str, str]:
    (vial,) = paper.receive(count=1)
    session = paper.open_session()
    return session, paper.draw("A", session, vial, 1000, **more)


def test_an_entry_without_fault_has_no_mark(paper):
    paper.receive(count=1)
    assert _flags(paper, paper.last("receipt_recorded")) == ()


@pytest.mark.parametrize(("minutes", "found"), [(60, ()), (61, (Flag.LATE,))])
def test_an_entry_more_than_an_hour_late_is_late_for_ever(paper, minutes, found):
    at = paper.clock.now_ms + 1_000
    paper.clock.now_ms = at + minutes * 60_000 - 1_000
    entry = paper.act("A", events.PatientRegistered(patient="pt_00000077"), occurred_ms=at)
    assert _flags(paper, entry) == found


def test_a_struck_entry_and_its_replacement_say_so(paper):
    session, syringe = _syringe(paper)
    drawn = paper.last("dose_drawn")
    vial = drawn.event.sources[0].container
    again = commands.DrawDose(session=session, syringe=syringe, parts=(commands.Part(container=vial, volume_ul=900),))
    paper.strike("A", drawn, again)
    assert _flags(paper, drawn) == (Flag.STRUCK,)
    assert _flags(paper, paper.last("dose_drawn")) == (Flag.REPLACES,)


def test_a_waste_is_unwitnessed_until_a_second_person_signs(paper):
    _, syringe = _syringe(paper)
    paper.reread("B", paper.read("A", syringe, 200), syringe, 200)
    waste = paper.waste("A", syringe)
    assert Flag.UNWITNESSED in _flags(paper, waste)
    paper.witness("B", waste)
    assert _flags(paper, waste) == ()


@pytest.mark.parametrize("minutes", [61, 24 * 60])
def test_a_witness_who_signs_too_late_leaves_it_unwitnessed(paper, minutes):
    _, syringe = _syringe(paper)
    paper.reread("B", paper.read("A", syringe, 200), syringe, 200)
    waste = paper.waste("A", syringe)
    paper.clock.pass_minutes(minutes)
    paper.witness("B", waste)
    assert _flags(paper, waste) == (Flag.UNWITNESSED,)


def test_a_waste_alone_is_unwitnessed_for_ever(paper):
    _, syringe = _syringe(paper)
    paper.read("A", syringe, 200)
    assert _flags(paper, paper.waste("A", syringe, alone=True)) == (Flag.UNWITNESSED,)


def test_a_struck_waste_and_one_where_no_witness_is_asked_are_not_called_unwitnessed(paper):
    _, syringe = _syringe(paper)
    paper.read("A", syringe, 200)
    waste = paper.waste("A", syringe, alone=True)
    free = dataclasses.replace(POLICY, waste_needs_witness=False)
    assert flags(paper.book(), waste, free) == ()
    paper.strike("A", waste)
    assert _flags(paper, waste) == (Flag.STRUCK,)


def test_a_draw_from_an_expired_vial_and_beyond_the_label_is_marked(paper):
    (vial,) = paper.receive(count=1, expiry="2026-11-01")
    session = paper.open_session()
    paper.draw("A", session, vial, 10_800, expired_used=True, beyond_confirmed=True)
    assert _flags(paper, paper.last("dose_drawn")) == (Flag.EXPIRED, Flag.OVERFILL, Flag.UNEXPLAINED)


def test_what_a_second_person_did_not_find_alike_is_marked(paper):
    _, syringe = _syringe(paper)
    differs = paper.reread("B", paper.read("A", syringe, 200), syringe, 700)
    assert _flags(paper, differs) == (Flag.DISAGREES,)
    taken = paper.act("A", commands.TakeInventory(inventory="i_00000001", business_time="opening"))
    assert _flags(paper, taken) == (Flag.UNCONFIRMED,)
    level = events.LevelFound(container=syringe, volume_ul=5)
    second = paper.act("B", commands.ConfirmInventory(of=taken.ref, inventory="i_00000001", opened=(level,)))
    assert _flags(paper, second) == (Flag.DISAGREES,)
    assert _flags(paper, taken) == (Flag.UNCONFIRMED,)


def test_an_inventory_confirmed_alike_has_no_mark(paper):
    taken = paper.act("A", commands.TakeInventory(inventory="i_00000001", business_time="opening"))
    paper.act("B", commands.ConfirmInventory(of=taken.ref, inventory="i_00000001"))
    assert _flags(paper, taken) == ()


def test_a_count_is_unconfirmed_until_a_second_one_agrees(paper):
    count = paper.identifier("n")
    start = paper.on_the_way("A", events.CountStarted(count=count, business_time="close", figures_seen_ms=1))
    assert _flags(paper, start) == (Flag.FIGURES_SEEN,)
    counted = paper.act("A", events.CountRecorded(count=count))
    assert _flags(paper, counted) == (Flag.UNCONFIRMED,)
    lot = events.LotFound(product=paper.products["50"], lot="L", containers=1)
    differs = paper.act("B", commands.ConfirmCount(of=counted.ref, count=count, lots=(lot,)))
    assert _flags(paper, differs) == (Flag.DISAGREES,)
    again = paper.act("A", events.CountRecorded(count=count))
    paper.act("B", commands.ConfirmCount(of=again.ref, count=count))
    assert _flags(paper, counted) == (Flag.UNCONFIRMED,)
    assert _flags(paper, again) == ()


@pytest.mark.parametrize(("left_ul", "found"), [(200, ()), (279, ()), (281, (Flag.UNLIKE_RATE,))])
def test_given_unlike_rate_times_time_is_only_marked(paper, left_ul, found):
    """1.2 mL/h for 40 min is 0.8 mL, 40 mg; a tenth of that is 4 mg, 0.08 mL."""
    session, syringe = _syringe(paper)
    paper.run("A", session, syringe, rate_ul_per_h=1200, minutes=40)
    # Each reading of the tests' clock takes a second: the pump ran 40 min and 1 s.
    assert by_rate_ug(paper.book(), paper.book().sessions[session], syringe) == 40_000
    entry = paper.read("A", syringe, left_ul)
    assert _flags(paper, entry) == found


def test_a_rate_changed_twice_adds_up(paper):
    session, syringe = _syringe(paper)
    start = paper.clock.now_ms + 1_000
    acts = (
        (0, events.InfusionStarted(session=session, container=syringe, rate_ul_per_h=1200)),
        (10, events.RateChanged(session=session, container=syringe, rate_ul_per_h=600, reason="effect")),
        (30, events.RateChanged(session=session, container=syringe, rate_ul_per_h=900, reason="order")),
        (40, events.InfusionStopped(session=session, container=syringe, reason="completed")),
    )
    for minute, act in acts:
        paper.clock.now_ms = start + minute * 60_000
        paper.on_the_way("A", act, occurred_ms=start + minute * 60_000)
    # 0.2 + 0.2 + 0.15 mL of 50 mg/mL
    assert by_rate_ug(paper.book(), paper.book().sessions[session], syringe) == 27_500
    half = by_rate_ug(paper.book(), paper.book().sessions[session], syringe, start + 60 * 60_000)
    assert half == 27_500


def test_a_syringe_that_never_ran_is_not_compared_with_a_rate(paper):
    session, syringe = _syringe(paper)
    assert by_rate_ug(paper.book(), paper.book().sessions[session], syringe) is None
    assert _flags(paper, paper.read("A", syringe, 200)) == ()


def test_a_vial_read_beside_a_session_has_no_rate(paper):
    (vial,) = paper.receive(count=1)
    assert _flags(paper, paper.read("A", vial, 10_000)) == ()
