import dataclasses

import pytest

from audit.domain import commands, events
from audit.domain.postings import Account
from audit.services.packs import load_pack
from tests.domain.paper import Paper, refused, sums


def _syringe(paper: Paper) -> tuple[str, str]:
    """Return a session and its syringe of 1 mL, 50 mg, drawn and given by A."""
    (vial,) = paper.receive(count=1)
    session = paper.open_session()
    syringe = paper.draw("A", session, vial, 1000)
    paper.run("A", session, syringe, rate_ul_per_h=1200, minutes=40)
    return session, syringe


def test_waste_needs_a_witness_who_is_not_the_actor(paper):
    _, syringe = _syringe(paper)
    paper.reread("B", paper.read("A", syringe, 200), syringe, 200)
    waste = paper.waste("A", syringe)
    with refused("own_second_person"):
        paper.witness("A", waste)
    paper.witness("B", waste)
    assert paper.book().wastes[waste.index].witness == paper.people["B"]
    with refused("already_witnessed", "of"):
        paper.witness("M", waste)


def test_nobody_who_drew_gave_or_read_an_amount_may_witness_it(paper):
    (vial,) = paper.receive(count=1)
    session = paper.open_session()
    syringe = paper.draw("B", session, vial, 1000)
    first = paper.read("A", syringe, 200)
    with refused("own_second_person"):
        paper.reread("A", first, syringe, 200)
    with refused("own_second_person"):
        paper.reread("B", first, syringe, 200)
    paper.reread("M", first, syringe, 200)
    waste = paper.waste("A", syringe)
    with refused("own_second_person"):
        paper.witness("B", waste)
    paper.witness("M", waste)


def test_who_changed_the_rate_may_not_witness(paper):
    (vial,) = paper.receive(count=1)
    session = paper.open_session()
    syringe = paper.draw("A", session, vial, 1000)
    paper.run("B", session, syringe, rate_ul_per_h=1200, minutes=10)
    first = paper.read("A", syringe, 200)
    with refused("own_second_person"):
        paper.reread("B", first, syringe, 200)


def test_waste_comes_after_two_readings_that_agree(paper):
    _, syringe = _syringe(paper)
    with refused("read_first"):
        paper.waste("A", syringe)
    first = paper.read("A", syringe, 200)
    with refused("second_reading_first"):
        paper.waste("A", syringe)
    assert not paper.reread("B", first, syringe, 301).event.agrees
    with refused("readings_differ"):
        paper.waste("A", syringe)
    with refused("already_reread", "of"):
        paper.reread("M", first, syringe, 200)
    again = paper.read("A", syringe, 250)
    with refused("not_this_reading", "of"):
        paper.reread("B", first, syringe, 250)
    assert paper.reread("B", again, syringe, 250).event.agrees
    assert paper.waste("A", syringe).event.mass_ug == 12_500


@pytest.mark.parametrize(("second_ul", "agrees"), [(100, True), (300, True), (99, False), (301, False)])
def test_readings_agree_within_one_graduation(paper, second_ul, agrees):
    _, syringe = _syringe(paper)
    assert paper.reread("B", paper.read("A", syringe, 200), syringe, second_ul).event.agrees is agrees


def test_reading_again_posts_only_the_difference(paper):
    session, syringe = _syringe(paper)
    paper.read("A", syringe, 200)
    paper.read("A", syringe, 300)
    assert paper.book().balance(syringe, Account.GIVEN, session) == 35_000
    assert paper.last("remainder_read").event.given_ug == -5_000


def test_where_the_policy_says_so_the_second_reading_is_posted():
    pack = load_pack("ca-on")
    versions = tuple(dataclasses.replace(policy, reading_posted="second") for policy in pack.versions)
    paper = Paper(dataclasses.replace(pack, versions=versions))
    session, syringe = _syringe(paper)
    paper.reread("B", paper.read("A", syringe, 200), syringe, 240)
    assert paper.book().balance(syringe, Account.GIVEN, session) == 38_000
    waste = paper.waste("A", syringe)
    assert (waste.event.volume_ul, waste.event.mass_ug) == (240, 12_000)
    assert paper.act("A", commands.CloseSession(session=session)).event.given_ug == 38_000


def test_more_than_the_syringe_held_cannot_be_left(paper):
    _, syringe = _syringe(paper)
    with refused("more_than_holds", "volume"):
        paper.read("A", syringe, 1001)
    first = paper.read("A", syringe, 200)
    with refused("more_than_twice", "volume"):
        paper.reread("B", first, syringe, 2001)


def test_a_vial_may_hold_more_than_its_label_but_not_twice_as_much(paper):
    (vial,) = paper.receive(count=1)
    paper.read("A", vial, 10_300)
    with refused("more_than_twice", "volume"):
        paper.read("A", vial, 20_001)


def test_alone_it_is_wasted_unwitnessed_and_a_case_opens(paper):
    _, syringe = _syringe(paper)
    paper.read("A", syringe, 200)
    waste = paper.waste("A", syringe, alone=True)
    assert waste.event.alone
    (case,) = paper.cases("unwitnessed")
    with refused("outcome_does_not_fit", "outcome"):
        paper.act("M", commands.CloseCase(case=case, outcome="loss"))
    with refused("outcome_does_not_fit", "outcome"):
        paper.act("M", commands.CloseCase(case=case, outcome="no_quantity"))
    paper.act("M", commands.CloseCase(case=case, outcome="no_quantity", explanation="record_complete"))
    assert not paper.cases("unwitnessed")


def test_a_session_closed_with_a_waste_nobody_witnessed_opens_a_case(paper):
    session, syringe = _syringe(paper)
    paper.reread("B", paper.read("A", syringe, 200), syringe, 200)
    paper.waste("A", syringe)
    assert not paper.cases("unwitnessed")
    paper.act("A", commands.CloseSession(session=session))
    assert len(paper.cases("unwitnessed")) == 1


def test_a_witness_of_a_profession_the_law_does_not_take_opens_a_case(paper):
    paper.enrol("O", "other", "clinician")
    _, syringe = _syringe(paper)
    paper.reread("O", paper.read("A", syringe, 200), syringe, 200)
    paper.witness("O", paper.waste("A", syringe))
    assert len(paper.cases("unwitnessed")) == 1


def test_a_held_bag_is_closed_later_by_two_people(paper):
    session, syringe = _syringe(paper)
    with refused("read_first"):
        paper.act("A", commands.HoldRemainder(container=syringe, bag="T-0417"))
    paper.read("A", syringe, 200)
    paper.act("A", commands.HoldRemainder(container=syringe, bag="T-0417"))
    assert paper.book().balance(syringe, Account.HELD) == 10_000
    with refused("already_held", "bag"):
        paper.act("A", commands.HoldRemainder(container=syringe, bag="T-0418"))
    paper.act("A", commands.CloseSession(session=session))
    first = paper.read("B", syringe, 200)
    with refused("own_second_person"):
        paper.reread("A", first, syringe, 200)
    paper.reread("M", first, syringe, 200)
    waste = paper.waste("B", syringe)
    assert waste.event.from_hold
    paper.witness("M", waste)
    assert sums(paper.book())["wasted"] == 10_000
    assert not paper.cases("unwitnessed")


def test_a_bag_with_nothing_in_it_is_not_held(paper):
    _, syringe = _syringe(paper)
    paper.read("A", syringe, 0)
    with refused("nothing_there"):
        paper.act("A", commands.HoldRemainder(container=syringe, bag="T-0417"))


def test_the_rest_of_an_opened_vial_is_wasted_and_what_is_short_is_a_case(paper):
    (vial,) = paper.receive(count=1)
    paper.draw("A", paper.open_session(), vial, 1000)
    paper.reread("B", paper.read("A", vial, 8700), vial, 8700)
    waste = paper.waste("A", vial)
    assert (waste.event.mass_ug, waste.event.short_ug) == (435_000, 15_000)
    assert paper.book().balance(vial, Account.VARIANCE) == 15_000
    assert paper.book().on_hand(vial) == 0
    (case,) = paper.cases("short")
    paper.act("M", commands.CloseCase(case=case, outcome="explained", explanation="puncture_loss"))
    assert sums(paper.book())["explained"] == 15_000
    assert paper.book().balance(vial, Account.VARIANCE) == 0


def test_the_rest_of_a_vial_that_held_more_than_the_book_is_over_with_a_case(paper):
    (vial,) = paper.receive(count=1)
    paper.draw("A", paper.open_session(), vial, 9900)
    paper.reread("B", paper.read("A", vial, 400), vial, 400)
    waste = paper.waste("A", vial)
    assert waste.event.short_ug == -15_000
    (case,) = paper.cases("short")
    paper.act("M", commands.CloseCase(case=case, outcome="gain"))
    assert sums(paper.book())["gained"] == -15_000


def test_what_is_finished_is_not_read_wasted_or_held_again(paper):
    _, syringe = _syringe(paper)
    paper.read("A", syringe, 200)
    paper.waste("A", syringe, alone=True)
    acts = (
        commands.ReadRemainder(container=syringe, volume_ul=0),
        commands.WasteRemainder(container=syringe, method="denature", reason="remainder"),
        commands.HoldRemainder(container=syringe, bag="T-1"),
    )
    for act in acts:
        with refused("finished", "container"):
            paper.act("A", act)


def test_a_vial_with_nothing_left_has_nothing_to_read(paper):
    (vial,) = paper.receive(count=1)
    paper.draw("A", paper.open_session(), vial, 10_000)
    with refused("nothing_there", "container"):
        paper.read("A", vial, 0)


def test_a_witness_signs_what_was_wasted_and_nothing_else(paper):
    _, syringe = _syringe(paper)
    read = paper.read("A", syringe, 200)
    paper.waste("A", syringe, alone=True)
    with refused("not_this_waste", "of"):
        paper.act("B", commands.WitnessWaste(of=read.ref, container=syringe))


def test_where_no_witness_is_asked_one_person_wastes_and_nothing_is_flagged():
    pack = load_pack("ca-on")
    versions = tuple(dataclasses.replace(policy, waste_needs_witness=False) for policy in pack.versions)
    paper = Paper(dataclasses.replace(pack, versions=versions))
    session, syringe = _syringe(paper)
    paper.read("A", syringe, 200)
    paper.waste("A", syringe)
    paper.act("A", commands.CloseSession(session=session))
    assert not paper.cases("unwitnessed")


def test_a_syringe_of_a_closed_session_is_not_read_again(paper):
    (vial,) = paper.receive(count=1)
    session = paper.open_session()
    syringe = paper.draw("A", session, vial, 1000)
    paper.read("A", syringe, 0)
    paper.act("A", commands.CloseSession(session=session))
    with refused("session_closed"):
        paper.read("A", syringe, 0)


def test_an_infusion_event_is_stated_as_it_is_asked(paper):
    _, syringe = _syringe(paper)
    assert isinstance(paper.last("infusion_stopped").event, events.InfusionStopped)
    assert paper.last("infusion_stopped").event.container == syringe
