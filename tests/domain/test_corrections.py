import dataclasses

import pytest

from audit.domain import commands, events
from audit.domain.postings import Account
from tests.clinic import below_zero
from tests.domain.paper import Paper, refused, sums


def _drawn(paper: Paper, volume_ul: int = 900) -> tuple[str, str, str]:
    """Return a vial, a session and a syringe that A drew."""
    (vial,) = paper.receive(count=1)
    session = paper.open_session()
    return vial, session, paper.draw("A", session, vial, volume_ul)


def _draw(session: str, syringe: str, vial: str, volume_ul: int) -> commands.DrawDose:
    return commands.DrawDose(
        session=session, syringe=syringe, parts=(commands.Part(container=vial, volume_ul=volume_ul),)
    )


def test_a_struck_entry_is_reversed_and_stays_in_the_log(paper):
    vial, session, syringe = _drawn(paper)
    drawn = paper.last("dose_drawn")
    paper.strike("A", drawn)
    assert paper.book().balance(vial, Account.STOCK) == 500_000
    assert syringe not in paper.book().containers
    assert paper.book().sessions[session].syringes == []
    assert drawn in paper.log


def test_a_replacement_takes_the_struck_entrys_place(paper):
    vial, session, syringe = _drawn(paper)
    paper.draw("A", session, vial, 200)
    drawn = paper.book().entries[paper.last("dose_drawn").index - 1]
    paper.strike("A", drawn, _draw(session, syringe, vial, 1000))
    assert paper.book().sessions[session].syringes[0] == syringe
    assert paper.book().balance(vial, Account.STOCK) == 440_000
    assert paper.book().containers[syringe].label == "S-0001"


def test_a_replacement_of_a_replacement_still_stands_at_the_first_place(paper):
    vial, session, syringe = _drawn(paper)
    paper.draw("A", session, vial, 200)
    paper.strike("A", paper.log[-2], _draw(session, syringe, vial, 1000))
    paper.strike("A", paper.last("dose_drawn"), _draw(session, syringe, vial, 1100))
    assert paper.book().sessions[session].syringes[0] == syringe
    assert paper.book().balance(syringe, Account.CUSTODY, session) == 55_000


def test_an_entry_is_struck_once_and_a_strike_never(paper):
    _drawn(paper)
    drawn = paper.last("dose_drawn")
    strike = paper.strike("A", drawn)
    with refused("already_struck", "of"):
        paper.strike("A", drawn)
    with refused("cannot_be_struck", "of"):
        paper.strike("A", strike)


@pytest.mark.parametrize("index", [0, 1, 2])
def test_entries_about_the_log_and_its_people_cannot_be_struck(paper, index):
    with refused("cannot_be_struck", "of"):
        paper.strike("A", paper.log[index])


def test_an_entry_that_is_not_as_named_is_unknown(paper):
    _drawn(paper)
    drawn = paper.last("dose_drawn")
    with refused("unknown_entry", "of"):
        paper.strike("A", dataclasses.replace(drawn, index=999))
    with refused("unknown_entry", "of"):
        paper.strike("A", dataclasses.replace(drawn, leaf="ab" * 32))


def test_one_corrects_ones_own_entries_and_a_manager_everybodys(paper):
    _drawn(paper)
    drawn = paper.last("dose_drawn")
    with refused("not_yours_to_correct", "of"):
        paper.strike("B", drawn)
    paper.strike("M", drawn)


def test_a_kind_that_cannot_be_corrected_replaces_nothing(paper):
    _drawn(paper)
    with refused("cannot_replace"):
        paper.strike("A", paper.last("dose_drawn"), events.PatientRegistered(patient="pt_00000077"))


def test_a_strike_that_leaves_a_later_act_impossible_names_those_acts(paper):
    vial, session, syringe = _drawn(paper)
    read = paper.read("A", syringe, 100)
    with pytest.raises(Exception, match="strike_these_first") as caught:
        paper.strike("A", paper.last("dose_drawn"))
    assert caught.value.values["entries"] == str(read.index)
    with refused("strike_these_first", "of"):
        paper.strike("A", paper.last("receipt_recorded"))
    with refused("strike_these_first", "of"):
        paper.strike("A", paper.last("session_opened"))
    assert paper.book().balance(vial, Account.STOCK) == 455_000
    assert session in paper.book().sessions


def test_a_smaller_draw_than_what_was_wasted_of_it_is_refused(paper):
    vial, session, syringe = _drawn(paper, 1000)
    paper.read("A", syringe, 800)
    paper.waste("A", syringe, alone=True)
    drawn = paper.last("dose_drawn")
    with refused("strike_these_first"):
        paper.strike("A", drawn, _draw(session, syringe, vial, 500))
    assert not below_zero(paper.book())


def test_the_witness_of_a_struck_waste_does_not_carry_over(paper):
    _, _, syringe = _drawn(paper)
    paper.reread("B", paper.read("A", syringe, 100), syringe, 100)
    waste = paper.waste("A", syringe)
    paper.witness("B", waste)
    again = commands.WasteRemainder(container=syringe, method="sink_absorbent", reason="remainder")
    paper.strike("A", waste, again)
    replacement = paper.last("waste_recorded")
    assert paper.book().wastes.keys() == {replacement.index}
    assert paper.book().wastes[replacement.index].witness is None
    with refused("not_this_waste"):
        paper.witness("B", waste)
    paper.witness("B", replacement)


def test_the_confirmation_of_a_struck_inventory_does_not_carry_over(paper):
    taken = paper.act("A", commands.TakeInventory(inventory="i_00000001", business_time="opening"))
    paper.act("B", commands.ConfirmInventory(of=taken.ref, inventory="i_00000001"))
    paper.strike("A", taken, commands.TakeInventory(inventory="i_00000001", business_time="close"))
    assert paper.book().confirmations == {}
    with refused("not_an_inventory"):
        paper.act("B", commands.ConfirmInventory(of=taken.ref, inventory="i_00000001"))


def test_a_reading_whose_second_reading_was_posted_is_struck_after_it(paper):
    _, _, syringe = _drawn(paper)
    first = paper.read("A", syringe, 100)
    second = events.RemainderReread(
        of=first.ref,
        session=paper.book().containers[syringe].session,
        container=syringe,
        volume_ul=120,
        mass_ug=6000,
        agrees=True,
        given_ug=-1000,
    )
    entry = paper._append(second, paper.people["B"], paper.clock())
    with pytest.raises(Exception, match="strike_these_first") as caught:
        paper.strike("A", first)
    assert caught.value.values["entries"] == str(entry.index)


def test_a_closed_session_is_not_left_with_drug_in_it(paper):
    (vial,) = paper.receive(count=1)
    session = paper.whole_session(vial)
    closed = paper.last("session_closed")
    for kind in ("waste_recorded", "remainder_read"):
        with pytest.raises(Exception, match="strike_these_first") as caught:
            paper.strike("A", paper.last(kind))
        assert str(closed.index) in caught.value.values["entries"]
    paper.strike("A", closed)
    paper.strike("A", paper.last("waste_recorded"))
    assert paper.book().session_total(session, Account.CUSTODY) == 10_000
    with refused("not_balanced"):
        paper.act("A", commands.CloseSession(session=session))


def test_a_wrong_number_in_a_closed_session_is_put_right_in_one_list(paper):
    (vial,) = paper.receive(count=1)
    session = paper.whole_session(vial)
    syringe = paper.book().sessions[session].syringes[0]
    strikes = [
        paper.order("A", commands.StrikeEntry(of=paper.last(kind).ref, reason="mistyped"))
        for kind in ("session_closed", "waste_recorded")
    ]
    reading = commands.StrikeEntry(of=paper.last("remainder_read").ref, reason="mistyped", replacements=1)
    again = commands.ReadRemainder(container=syringe, volume_ul=300)
    paper.record([*strikes, paper.order("A", reading), paper.order("A", again, answers_strike=True)])
    paper.reread("B", paper.last("remainder_read"), syringe, 300)
    paper.witness("B", paper.waste("A", syringe))
    event = paper.act("A", commands.CloseSession(session=session)).event
    assert (event.given_ug, event.wasted_ug) == (35_000, 15_000)


def test_a_waste_in_a_closed_session_is_corrected_where_the_amount_stays(paper):
    (vial,) = paper.receive(count=1)
    session = paper.whole_session(vial)
    syringe = paper.book().sessions[session].syringes[0]
    again = commands.WasteRemainder(container=syringe, method="waste_bin", reason="remainder")
    paper.strike("A", paper.last("waste_recorded"), again)
    assert paper.book().session_total(session, Account.CUSTODY) == 0


def test_a_session_number_used_up_by_a_struck_opening_is_not_given_again(paper):
    first = paper.open_session()
    paper.strike("A", paper.last("session_opened"))
    second = paper.open_session()
    assert paper.book().sessions[second].number == 2
    assert first not in paper.book().sessions


def test_a_corrected_delivery_keeps_its_labels(paper):
    vials = paper.receive(count=2)
    product = paper.products["50"]
    lot = commands.LotArrived(product=product, lot="EX-5391", expiry="2028-04-30", containers=tuple(vials))
    again = commands.Receive(
        receipt="r_00000077",
        supplier="Example Wholesale",
        supplier_address="1 Sample Street, Toronto",
        supplier_registration="EX-123",
        invoice="INV-77",
        invoice_date="2026-11-20",
        received_on="2026-11-23",
        lots=(lot,),
    )
    paper.strike("A", paper.last("receipt_recorded"), again)
    assert [paper.book().containers[vial].label for vial in vials] == ["V-0001", "V-0002"]
    assert {paper.book().containers[vial].lot for vial in vials} == {"EX-5391"}
    assert sums(paper.book()) == {"received": -1_000_000, "stock": 1_000_000}
