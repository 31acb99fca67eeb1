import pytest

from audit.domain import commands, events
from audit.domain.count import expected_lines
from audit.domain.postings import Account
from tests.domain.paper import Paper, refused, sums

LOT = "EX-5390"


def _count(paper: Paper) -> str:
    count = paper.identifier("n")
    paper.on_the_way("A", events.CountStarted(count=count, business_time="close"))
    return count


def _found(paper: Paper, sealed: int, **levels: int) -> dict[str, tuple]:
    lots = (events.LotFound(product=paper.products["50"], lot=LOT, containers=sealed),) if sealed else ()
    opened = tuple(events.LevelFound(container=one, volume_ul=volume) for one, volume in levels.items())
    return {"lots": lots, "opened": opened}


def _opened_vial(paper: Paper) -> tuple[str, str]:
    """Return an opened vial with 450 mg by the book and a sealed one."""
    vials = paper.receive(count=2)
    paper.draw("A", paper.open_session(), vials[0], 1000)
    return vials[0], vials[1]


def test_a_count_moves_nothing_and_what_agrees_opens_no_case(paper):
    opened, _ = _opened_vial(paper)
    before = sums(paper.book())
    paper.count("A", "B", lots={(paper.products["50"], LOT): 1}, levels={opened: 9000})
    assert sums(paper.book()) == before
    assert not paper.cases("variance")


@pytest.mark.parametrize(("level_ul", "variance_ug"), [(8700, -15_000), (9100, 5_000)])
def test_short_and_over_alike_open_a_case(paper, level_ul, variance_ug):
    opened, _ = _opened_vial(paper)
    paper.count("A", "B", lots={(paper.products["50"], LOT): 1}, levels={opened: level_ul})
    (case,) = paper.cases("variance")
    assert paper.book().cases[case].variance_ug == variance_ug
    assert paper.book().cases[case].container == opened


def test_what_is_expected_is_fixed_where_the_count_began(paper):
    opened, _ = _opened_vial(paper)
    count = _count(paper)
    paper.draw("A", paper.open_session(), opened, 500)
    counted = paper.act("A", events.CountRecorded(count=count, **_found(paper, 1, **{opened: 9000})))
    paper.act("B", commands.ConfirmCount(of=counted.ref, count=count, **_found(paper, 1, **{opened: 9000})))
    assert not paper.cases("variance")


def test_two_people_count_each_alone(paper):
    opened, _ = _opened_vial(paper)
    count = _count(paper)
    found = _found(paper, 1, **{opened: 9000})
    counted = paper.act("A", events.CountRecorded(count=count, **found))
    with refused("already_counted"):
        paper.act("A", events.CountRecorded(count=count, **found))
    with refused("first_counts_again"):
        paper.act("B", events.CountRecorded(count=count, **found))
    with refused("own_second_person"):
        paper.act("A", commands.ConfirmCount(of=counted.ref, count=count, **found))
    with refused("not_this_count", "of"):
        paper.act("B", commands.ConfirmCount(of=paper.log[0].ref, count=count, **found))
    paper.act("B", commands.ConfirmCount(of=counted.ref, count=count, **found))
    with refused("count_over", "count"):
        paper.act("M", commands.ConfirmCount(of=counted.ref, count=count, **found))


def test_where_they_differ_both_count_again(paper):
    opened, _ = _opened_vial(paper)
    count = _count(paper)
    counted = paper.act("A", events.CountRecorded(count=count, **_found(paper, 1, **{opened: 9000})))
    second = paper.act("B", commands.ConfirmCount(of=counted.ref, count=count, **_found(paper, 1, **{opened: 9101})))
    assert not second.event.agrees
    assert paper.book().counts[count].is_open
    with refused("already_confirmed", "of"):
        paper.act("M", commands.ConfirmCount(of=counted.ref, count=count, **_found(paper, 1, **{opened: 9000})))
    with refused("own_second_person"):
        paper.act("B", events.CountRecorded(count=count, **_found(paper, 1, **{opened: 9000})))
    again = paper.act("A", events.CountRecorded(count=count, **_found(paper, 1, **{opened: 9050})))
    third = paper.act("B", commands.ConfirmCount(of=again.ref, count=count, **_found(paper, 1, **{opened: 9101})))
    assert third.event.agrees
    assert not paper.book().counts[count].is_open


def test_a_count_nobody_confirmed_is_revealed_by_who_counted_and_stays_unconfirmed(paper):
    opened, _ = _opened_vial(paper)
    count = _count(paper)
    paper.act("A", events.CountRecorded(count=count, **_found(paper, 1, **{opened: 8000})))
    with refused("not_your_count"):
        paper.act("M", commands.RevealCount(count=count))
    paper.act("A", commands.RevealCount(count=count))
    assert paper.book().counts[count].agrees is None
    assert len(paper.cases("variance")) == 1
    with refused("count_over", "count"):
        paper.act("A", commands.RevealCount(count=count))


def test_a_count_nobody_took_is_ended_by_who_began_it_and_counts_nothing(paper):
    _opened_vial(paper)
    count = _count(paper)
    with refused("not_your_count"):
        paper.act("M", commands.RevealCount(count=count))
    paper.act("A", commands.RevealCount(count=count))
    assert not paper.book().counts[count].is_open
    assert paper.book().counts[count].first is None
    assert paper.cases("variance") == []


def test_two_counts_that_never_agreed_are_revealed_with_a_case_of_their_own(paper):
    opened, _ = _opened_vial(paper)
    count = _count(paper)
    counted = paper.act("A", events.CountRecorded(count=count, **_found(paper, 1, **{opened: 8000})))
    paper.act("B", commands.ConfirmCount(of=counted.ref, count=count, **_found(paper, 1, **{opened: 9000})))
    paper.act("A", commands.RevealCount(count=count))
    assert len(paper.cases("readings_differ")) == 1
    assert len(paper.cases("variance")) == 1


def test_a_count_is_not_corrected_after_the_reveal(paper):
    opened, _ = _opened_vial(paper)
    count = _count(paper)
    counted = paper.act("A", events.CountRecorded(count=count, **_found(paper, 1, **{opened: 9000})))
    paper.strike("A", counted, events.CountRecorded(count=count, **_found(paper, 1, **{opened: 8900})))
    again = paper.last("count_recorded")
    confirmed = paper.act("B", commands.ConfirmCount(of=again.ref, count=count, **_found(paper, 1, **{opened: 8900})))
    for entry in (again, confirmed):
        with refused("count_over", "of"):
            paper.strike("M", entry)


def test_an_unknown_count_is_refused_and_one_begins_once(paper):
    with refused("unknown_count", "count"):
        paper.act("A", commands.RevealCount(count="n_99999999"))
    count = _count(paper)
    with refused("identifier_taken"):
        paper.on_the_way("B", events.CountStarted(count=count, business_time="close"))


def test_each_thing_is_found_once(paper):
    opened, _ = _opened_vial(paper)
    count = _count(paper)
    level = events.LevelFound(container=opened, volume_ul=9000)
    lot = events.LotFound(product=paper.products["50"], lot=LOT, containers=1)
    with refused("found_twice", "opened"):
        paper.act("A", events.CountRecorded(count=count, opened=(level, level)))
    with refused("found_twice", "lots"):
        paper.act("A", events.CountRecorded(count=count, lots=(lot, lot)))


def test_nothing_found_is_said_in_so_many_words(paper):
    paper.receive(count=1)
    count = _count(paper)
    counted = paper.act("A", events.CountRecorded(count=count))
    assert counted.event.nothing_on_hand
    assert paper.act("B", commands.ConfirmCount(of=counted.ref, count=count)).event.nothing_on_hand
    (case,) = paper.cases("variance")
    assert paper.book().cases[case].variance_ug == -500_000


def test_held_bags_are_counted_by_their_level(paper):
    (vial,) = paper.receive(count=1)
    session = paper.open_session()
    syringe = paper.draw("A", session, vial, 1000, total_ul=50_000)
    paper.read("A", syringe, 10_000)
    paper.act("A", commands.HoldRemainder(container=syringe, bag="T-1"))
    lines = {line.container: line for line in expected_lines(paper.book())}
    assert (lines[syringe].mass_ug, lines[syringe].is_held) == (10_000, True)
    paper.count("A", "B", lots={}, levels={vial: 9000, syringe: 9_000})
    (case,) = paper.cases("variance")
    paper.act("M", commands.CloseCase(case=case, outcome="loss"))
    assert paper.book().balance(syringe, Account.HELD) == 9_000
    assert sums(paper.book())["lost"] == 1_000


def test_drug_found_that_the_book_has_nowhere_is_over(paper):
    (vial,) = paper.receive(count=1)
    paper.draw("A", paper.open_session(), vial, 10_000)
    paper.count("A", "B", lots={}, levels={vial: 100})
    (case,) = paper.cases("variance")
    assert paper.book().cases[case].variance_ug == 5_000
    paper.act("M", commands.CloseCase(case=case, outcome="gain"))
    assert paper.book().balance(vial, Account.STOCK) == 5_000


def test_a_recount_opens_a_case_only_for_what_differs_more(paper):
    opened, _ = _opened_vial(paper)
    sealed = {(paper.products["50"], LOT): 1}
    paper.count("A", "B", lots=sealed, levels={opened: 8800})
    paper.count("A", "B", lots=sealed, levels={opened: 8800})
    assert [paper.book().cases[case].variance_ug for case in paper.cases("variance")] == [-10_000]
    paper.count("A", "B", lots=sealed, levels={opened: 9000})
    assert sum(paper.book().cases[case].variance_ug for case in paper.cases("variance")) == 0
    assert len(paper.cases("variance")) == 2
