import dataclasses

import pytest

from audit.domain import commands, events
from audit.domain.postings import Account
from tests.domain.paper import Paper, refused, sums

LOT = "EX-5390"


def _variance(paper: Paper, level_ul: int = 8800, sealed: int = 1) -> tuple[str, str, str]:
    """Return a case of a count, the opened vial of 450 mg by the book, and a sealed one of its lot."""
    vials = paper.receive(count=2)
    paper.draw("A", paper.open_session(), vials[0], 1000)
    lots = {(paper.products["50"], LOT): sealed} if sealed else {}
    paper.count("A", "B", lots=lots, levels={vials[0]: level_ul})
    (case,) = paper.cases("variance")
    return case, vials[0], vials[1]


def test_a_case_has_an_owner_a_due_day_and_notes(paper):
    case, _, _ = _variance(paper)
    paper.on_the_way("M", events.CaseAssigned(case=case, owner=paper.people["B"], due_on="2026-12-03"))
    note = paper.on_the_way("B", events.CaseNoted(case=case))
    found = paper.book().cases[case]
    assert (found.owner, found.due_on, found.notes) == (paper.people["B"], "2026-12-03", [note.index])
    with refused("unknown_person", "owner"):
        paper.on_the_way("M", events.CaseAssigned(case=case, owner="p_99999999", due_on="2026-12-03"))
    for act in (
        events.CaseAssigned(case="k_99999999", owner=paper.people["B"], due_on="2026-12-03"),
        events.CaseNoted(case="k_99999999"),
    ):
        with refused("unknown_case", "case"):
            paper.on_the_way("M", act)


def test_a_loss_closes_what_is_short_and_expected_then_equals_counted(paper):
    case, vial, _ = _variance(paper)
    with refused("outcome_does_not_fit", "outcome"):
        paper.act("M", commands.CloseCase(case=case, outcome="gain"))
    paper.act("M", commands.CloseCase(case=case, outcome="loss"))
    assert paper.book().balance(vial, Account.STOCK) == 440_000
    assert sums(paper.book())["lost"] == 10_000
    with refused("case_closed", "case"):
        paper.act("M", commands.CloseCase(case=case, outcome="loss"))
    with refused("case_closed", "case"):
        paper.on_the_way("M", events.CaseAssigned(case=case, owner=paper.people["B"], due_on="2026-12-03"))
    paper.on_the_way("B", events.CaseNoted(case=case))


def test_a_gain_closes_what_is_over(paper):
    case, vial, _ = _variance(paper, 9100)
    with refused("outcome_does_not_fit", "outcome"):
        paper.act("M", commands.CloseCase(case=case, outcome="loss"))
    paper.act("M", commands.CloseCase(case=case, outcome="gain"))
    assert paper.book().balance(vial, Account.STOCK) == 455_000
    assert sums(paper.book())["gained"] == -5_000


def test_an_explained_line_says_what_explains_it(paper):
    case, vial, _ = _variance(paper)
    with refused("outcome_does_not_fit", "outcome"):
        paper.act("M", commands.CloseCase(case=case, outcome="explained"))
    paper.act("M", commands.CloseCase(case=case, outcome="explained", explanation="puncture_loss"))
    assert paper.book().balance(vial, Account.STOCK) == 440_000
    assert sums(paper.book())["explained"] == 10_000


def test_a_correction_is_named_to_close_a_case_and_posts_nothing_there(paper):
    case, _, _ = _variance(paper)
    with refused("name_the_entry", "of"):
        paper.act("M", commands.CloseCase(case=case, outcome="corrected"))
    with refused("name_the_entry", "of"):
        paper.act("M", commands.CloseCase(case=case, outcome="corrected", of=paper.log[0].ref))
    strike = paper.strike("A", paper.last("dose_drawn"))
    before = sums(paper.book())
    with refused("name_the_entry", "of"):
        changed = dataclasses.replace(strike.ref, leaf="ab" * 32)
        paper.act("M", commands.CloseCase(case=case, outcome="corrected", of=changed))
    paper.act("M", commands.CloseCase(case=case, outcome="corrected", of=strike.ref))
    assert sums(paper.book()) == before


def test_a_clinician_closes_no_case(paper):
    case, _, _ = _variance(paper)
    with refused("not_your_role"):
        paper.act("B", commands.CloseCase(case=case, outcome="loss"))


def test_missing_sealed_vials_are_named_when_their_loss_is_posted(paper):
    case, opened, sealed = _variance(paper, 9000, sealed=0)
    other = paper.receive(count=1, lot="EX-9999")[0]
    with refused("name_the_containers", "containers"):
        paper.act("M", commands.CloseCase(case=case, outcome="loss"))
    for wrong in (opened, other):
        with refused("not_of_this_lot", "containers"):
            paper.act("M", commands.CloseCase(case=case, outcome="loss", containers=(wrong,)))
    with refused("unknown_container", "containers"):
        paper.act("M", commands.CloseCase(case=case, outcome="loss", containers=("c_99999999",)))
    paper.act("M", commands.CloseCase(case=case, outcome="loss", containers=(sealed, sealed)))
    assert paper.book().on_hand(sealed) == 0
    assert sums(paper.book())["lost"] == 500_000


def test_sealed_vials_that_nobody_received_are_received_first(paper):
    case, _, _ = _variance(paper, 9000, sealed=2)
    with refused("record_the_receipt", "outcome"):
        paper.act("M", commands.CloseCase(case=case, outcome="gain"))
    paper.receive(count=1)
    receipt = paper.last("receipt_recorded")
    paper.act("M", commands.CloseCase(case=case, outcome="corrected", of=receipt.ref))


def test_a_closing_struck_opens_the_case_again(paper):
    case, vial, _ = _variance(paper)
    closed = paper.act("M", commands.CloseCase(case=case, outcome="loss"))
    again = commands.CloseCase(case=case, outcome="explained", explanation="spill")
    paper.strike("M", closed, again)
    assert sums(paper.book())["explained"] == 10_000
    paper.strike("M", paper.last("case_closed"))
    assert paper.cases("variance") == [case]
    assert paper.book().balance(vial, Account.STOCK) == 450_000


def test_no_more_is_lost_than_the_book_has_left(paper):
    case, vial, _ = _variance(paper)
    paper.draw("A", paper.open_session(), vial, 8900)
    with refused("less_than_lost", "outcome"):
        paper.act("M", commands.CloseCase(case=case, outcome="loss"))
    assert paper.book().balance(vial, Account.STOCK) == 5_000


@pytest.mark.parametrize("cause", ["unwitnessed", "expired"])
def test_a_case_about_no_amount_closes_with_an_explanation(paper, cause):
    (vial,) = paper.receive(count=1, expiry="2026-11-01")
    syringe = paper.draw("A", paper.open_session(), vial, 1000, expired_used=True)
    paper.read("A", syringe, 200)
    paper.waste("A", syringe, alone=True)
    (case,) = paper.cases(cause)
    paper.act("M", commands.CloseCase(case=case, outcome="no_quantity", explanation="record_complete"))
    assert not paper.cases(cause)
