"""Rules of a blind count at its pages: nobody learns a figure before the reveal."""

import re

import pytest

from audit.services.counting import recent_counts, reveal
from tests.accounts import RIGHT
from tests.web.counting import (
    COUNTED,
    EXPECTED,
    LOT,
    confirm_count,
    crawl,
    rows_found,
    start_count,
    take_count,
)
from tests.web.house import hidden_value, text_of


@pytest.mark.parametrize("who", ["A", "B", "C", "M"])
def test_while_a_count_is_open_what_the_book_expects_is_in_no_answer_to_anyone_who_may_count(stocked, who):
    page = start_count(stocked)
    pages = crawl(stocked, who, (f"/stock/{stocked.vial}", "/stock", page, f"{page}/second"))
    assert len(pages) > 10
    told = [path for path, body in pages.items() if any(figure in body for figure in EXPECTED)]
    assert told == []


@pytest.mark.parametrize("who", ["A", "C", "M"])
def test_what_the_first_person_found_is_in_no_answer_to_anyone_else_until_the_reveal(stocked, who):
    page = start_count(stocked)
    take_count(stocked, page)
    pages = crawl(stocked, who, (f"/stock/{stocked.vial}", page, f"{page}/second"))
    told = [path for path, body in pages.items() if any(figure in body for figure in (*COUNTED, *EXPECTED))]
    assert told == []


def test_the_second_persons_page_at_the_first_persons_tablet_holds_neither_figure(stocked):
    page = start_count(stocked)
    take_count(stocked, page)
    body = stocked.browser("B").get(f"{page}/second")
    assert not any(figure in body for figure in (*COUNTED, *EXPECTED))
    assert hidden_value(body, "container_0") == ""


def test_an_earlier_counts_figures_are_withheld_while_another_is_open(stocked):
    first = start_count(stocked)
    take_count(stocked, first)
    confirm_count(stocked, first, "C")
    assert COUNTED[0] in stocked.browser("C").get(first)
    start_count(stocked)
    cases = stocked.browser("M").get("/cases")
    bodies = [stocked.browser("M").get(one) for one in (first, *re.findall(r'href="(/cases/k_\w+)"', cases))]
    assert len(bodies) == 2
    assert not any(figure in body for body in (*bodies, cases) for figure in (*COUNTED, *EXPECTED, "5.65"))


def test_an_inspector_who_never_counts_sees_the_stock_while_a_count_is_open(stocked):
    start_count(stocked)
    assert EXPECTED[0] in stocked.browser("I").get("/stock")


def test_figures_are_shown_to_both_once_two_people_found_the_same(stocked):
    page = start_count(stocked)
    take_count(stocked, page)
    assert confirm_count(stocked, page, "C") == page
    for who in ("B", "C", "I"):
        said = text_of(stocked.browser(who).get(page))
        assert "438.3 mg 8.766 mL 432.65 mg 8.653 mL" in said
        assert "−5.65 mg −0.113 mL" in said


def test_expected_loss_is_a_line_of_its_own_and_takes_nothing_from_the_difference(stocked):
    # one puncture at 0.05 mL of 50 mg/mL: 2.5 mg of the 5.65 mg that are short
    page = start_count(stocked)
    take_count(stocked, page)
    confirm_count(stocked, page, "C")
    said = text_of(stocked.browser("C").get(page))
    assert "−5.65 mg −0.113 mL" in said
    assert "May be expected loss at 1 puncture" in said
    assert "−2.5 mg −0.05 mL" in said
    assert "Not explained by that −3.15 mg −0.063 mL" in said


def test_over_is_a_difference_with_a_case_as_short_is(stocked):
    page = start_count(stocked)
    take_count(stocked, page, level="8.9", sealed="3")
    confirm_count(stocked, page, "C", level="8.9", sealed="3")
    found = reveal(stocked.clinic.register, page.rsplit("/", 1)[1])
    assert sorted(case.variance_ug for case in found.cases) == [6_700, 500_000]
    assert "May be the maker" in stocked.browser("C").get(page)


def test_two_unlike_counts_name_the_lines_that_differ_and_no_figure(stocked):
    page = start_count(stocked)
    take_count(stocked, page)
    confirm_count(stocked, page, "C", level="7.777")
    for who in ("B", "C", "M"):
        body = stocked.browser(who).get(page)
        said = text_of(body)
        assert "The two counts are not the same" in said
        assert "V-0001" in said
        assert LOT not in said
        assert not any(figure in body for figure in (*COUNTED, *EXPECTED, "7.777", "388.85"))
        assert not re.search(r"too (high|low)|more than|less than", said)


def test_after_two_unlike_counts_both_count_again_the_first_one_first(stocked):
    page = start_count(stocked)
    take_count(stocked, page)
    confirm_count(stocked, page, "C", sealed="1")
    refused = stocked.browser("C").post(page, {**rows_found(stocked), "password": RIGHT}, on="/counts")
    assert refused.status_code == 422
    take_count(stocked, page, sealed="1")
    confirm_count(stocked, page, "C", sealed="1")
    assert recent_counts(stocked.clinic.register)[0].agrees


def test_nobody_confirms_their_own_count(stocked):
    page = start_count(stocked)
    take_count(stocked, page)
    browser = stocked.browser("B")
    of = hidden_value(browser.get(f"{page}/second"), "of")
    form = {**rows_found(stocked), "of": of, "second_password": RIGHT}
    for mine in ("b.example", stocked.clinic.people["B"], "B.Example"):
        told = browser.refused(f"{page}/second", {**form, "second": mine})
        assert told in (
            ["You had a hand in this amount. Someone else must sign as second person"],
            ["This is not the password. Nothing is signed"],
        )
    assert browser.refused(f"{page}/second", form) == ["Choose who signs as second person"]


def test_a_second_person_signs_at_the_first_ones_tablet_with_their_own_password(stocked):
    page = start_count(stocked)
    take_count(stocked, page)
    browser = stocked.browser("B")
    of = hidden_value(browser.get(f"{page}/second"), "of")
    form = {**rows_found(stocked), "of": of, "second": stocked.clinic.people["C"]}
    wrong = browser.refused(f"{page}/second", {**form, "second_password": "another four words"})
    assert wrong == ["This is not the password. Nothing is signed"]
    browser.done(f"{page}/second", {**form, "second_password": RIGHT})
    assert recent_counts(stocked.clinic.register)[0].second.actor == stocked.clinic.people["C"]


def test_an_unknown_second_person_signs_nothing(stocked):
    page = start_count(stocked)
    take_count(stocked, page)
    browser, before = stocked.browser("B"), stocked.size
    of = hidden_value(browser.get(f"{page}/second"), "of")
    form = {**rows_found(stocked), "of": of, "second": "p_ffffffff", "second_password": RIGHT}
    assert browser.refused(f"{page}/second", form)
    assert stocked.size == before


def test_an_inspector_and_an_administrator_neither_count_nor_start_one(stocked):
    page = start_count(stocked)
    for path in ("/counts", f"{page}/second", "/counts/sheet"):
        stocked.browser("I").get(path, 404)


def test_scanning_a_sealed_vial_counts_it_once(stocked):
    page = start_count(stocked)
    browser = stocked.browser("B")
    said = browser.post(page, {"code": "V-0002", "do": "scan"}).text
    form = {name: hidden_value(said, name) for name in ("seen", "lot_product_0", "lot_0")}
    again = browser.post(page, {**form, "number_0": "1", "code": "v2", "do": "scan"})
    assert again.status_code == 422
    assert "V-0002 is on your list already" in text_of(again.text)
    more = browser.post(page, {**form, "number_0": "1", "code": "V-0003", "do": "scan"}).text
    assert "Lot EX-5390, now 2" in text_of(more)


def test_a_vial_the_book_has_as_sealed_may_be_found_open(stocked):
    page = start_count(stocked)
    browser = stocked.browser("B")
    said = browser.post(page, {"code": "V-0002", "do": "scan"}).text
    form = {name: hidden_value(said, name) for name in ("seen", "lot_product_0", "lot_0")}
    opened = browser.post(page, {**form, "number_0": "1", "do": "opened_V-0002"}).text
    assert "Found so far" in opened
    assert 'name="level_0"' in opened
    assert 'name="number_0"' not in opened


def test_scanning_an_open_vial_asks_for_its_level_and_shows_none(stocked):
    page = start_count(stocked)
    body = stocked.browser("B").post(page, {"code": "1", "do": "scan"}).text
    assert "V-0001, open" in text_of(body)
    assert re.search(r'name="level_0"[^>]*value=""', body)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("V-0099", "“V-0099” is not a label of this clinic. Type it as it stands on the vial, like V-0412"),
        ("02246796", "No product of yours has the code 02246796. Register it first"),
        ("hello", "“hello” is not a code that can be read. Scan again, or choose the product in a line"),
    ],
)
def test_a_code_that_is_no_label_is_said_at_the_scan_and_nothing_is_lost(stocked, code, says):
    page, before = start_count(stocked), stocked.size
    answer = stocked.browser("B").post(page, {**rows_found(stocked), "do": "scan", "code": code})
    assert answer.status_code == 422
    assert says in text_of(answer.text)
    assert re.search(r'name="level_0"[^>]*value="8.653"', answer.text)
    assert stocked.size == before


WRONG = [
    ({"level_0": "1e3"}, "“1e3” is not a number. Type it like 1.5"),
    ({"level_0": "−1"}, "“−1” is less than zero. An amount is zero or more"),
    ({"level_0": "1,500"}, "“1,500” can be read two ways. Type it without a thousands separator, like 1500 or 1.5"),
    ({"level_0": "٣"}, "“٣” is not a number. Type it like 1.5"),
    ({"level_0": "8.6531"}, "“8.6531” is finer than 0.001. Type at most three decimals"),
    ({"level_0": "20.001"}, "20.001 mL is more than V-0001 can hold (10 mL on its label)"),
    ({"level_0": ""}, "Type the amount"),
    ({"number_0": "2.5"}, "“2.5” is not a whole number. Type it like 12"),
    ({"number_0": "-1"}, "“-1” is not a whole number. Type it like 12"),
    ({"add_lot": "EX-1"}, "Add this lot, or empty its field, before you sign"),
    ({"nothing": "yes"}, "Something is listed above. Take the tick away, or empty the rows"),
    ({"password": ""}, "Type the password to sign"),
    ({"password": "another four words"}, "This is not the password. Nothing is signed"),
]


def test_each_wrong_value_of_a_count_has_its_message_and_writes_nothing(stocked):
    page = start_count(stocked)
    before = stocked.size
    for changed, says in WRONG:
        told = stocked.browser("B").refused(page, {**rows_found(stocked), "password": RIGHT, **changed})
        assert told == [says]
    assert stocked.size == before


def test_nothing_on_hand_is_said_and_never_left_out(house):
    page = start_count(house)
    browser = house.browser("B")
    assert browser.refused(page, {"do": "sign", "password": RIGHT}) == [
        "Type what is there, or tick that nothing is on hand"
    ]
    browser.done(page, {"do": "sign", "nothing": "yes", "password": RIGHT})
    assert recent_counts(house.clinic.register)[0].first.event.nothing_on_hand
