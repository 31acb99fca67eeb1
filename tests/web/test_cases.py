"""Rules of a case at its pages: it ends by a correction, a loss or gain, or an explained line, and never silently."""

import re

import pytest

from audit.domain import commands
from audit.domain.postings import Account
from audit.services.casework import all_cases, open_file
from tests.accounts import RIGHT
from tests.web.house import House, hidden_value, text_of


@pytest.fixture
def house_with_cases(house: House) -> House:
    """Counted 8.653 mL where the book has 8.766 mL, and one of two sealed vials missing: two cases."""
    clinic = house.clinic
    house.vials = clinic.receive(count=3)
    house.session = clinic.whole_session(house.vials[0], drawn_ul=1234, left_ul=34)
    house.count = clinic.count("B", "C", lots={(clinic.products["50"], "EX-5390"): 1}, levels={house.vials[0]: 8653})
    cases = {case.container: case.case for case in all_cases(clinic.register)[1]}
    house.short, house.missing = f"/cases/{cases[house.vials[0]]}", f"/cases/{cases[None]}"
    return house


def _case(house: House, page: str):
    return open_file(house.clinic.register, page.rsplit("/", 1)[1])


def _form(page: str, form: str) -> dict[str, str]:
    """Return the request number of one of the page's forms."""
    inside = re.search(rf'<form[^>]*id="{form}".*?</form>', page, re.DOTALL)[0]
    return {"nonce": hidden_value(inside, "nonce"), "csrf_token": hidden_value(inside, "csrf_token")}


def _close(house: House, page: str, who: str = "M", **answer: str):
    browser = house.browser(who)
    form = _form(browser.get(page), "close") if who == "M" else {}
    return browser.post(f"{page}/close", {**form, "password": RIGHT, **answer}, on=page)


def test_the_list_shows_what_needs_an_answer_and_who_owns_it(house_with_cases):
    said = text_of(house_with_cases.browser("M").get("/cases"))
    assert "Count unlike the book, V-0001, 50 mg/mL nobody owns it yet −5.65 mg (−0.113 mL)" in said
    assert "Count unlike the book, lot EX-5390, 50 mg/mL nobody owns it yet −500 mg (−10 mL)" in said


def test_a_case_says_what_was_counted_what_was_expected_and_what_may_explain_it(house_with_cases):
    said = text_of(house_with_cases.browser("M").get(house_with_cases.short))
    assert "Counted 432.65 mg 8.653 mL Expected 438.3 mg 8.766 mL Difference, short −5.65 mg −0.113 mL" in said
    assert "May be expected loss at 1 puncture" in said
    assert "Not explained by that −3.15 mg (−0.063 mL)" in said


def test_everyone_who_touched_it_since_the_last_agreed_count_is_named(house_with_cases):
    clinic, house = house_with_cases.clinic, house_with_cases
    assert "Since the log began: no count agreed before." in text_of(house.browser("M").get(house.short))
    vial = house.vials[1]
    clinic.count("B", "C", lots={(clinic.products["50"], "EX-5390"): 1}, levels={house.vials[0]: 8653, vial: 9000})
    session = clinic.open_session("B")
    clinic.draw("B", session, vial, 500)
    clinic.count("B", "C", lots={(clinic.products["50"], "EX-5390"): 1}, levels={house.vials[0]: 8653, vial: 8000})
    book, cases = all_cases(clinic.register)
    newest = next(case for case in cases if case.container == vial and case.is_open)
    touched = open_file(clinic.register, newest.case).touched
    assert {entry.actor for entry in touched} == {clinic.people["B"]}
    assert [type(entry.event).__name__ for entry in touched] == ["DoseDrawn"]
    assert book.cases[newest.case].variance_ug == -25_000


def test_the_deadline_is_that_of_the_rules_with_its_source(house_with_cases):
    said = text_of(house_with_cases.browser("M").get(house_with_cases.short))
    policy = house_with_cases.clinic.register.policy_on("2026-11-23")
    assert f"{policy.case_due_days} days to answer or notify a loss: {policy.rule('case_due_days').citation}" in said


def test_a_note_is_sealed_and_kept(house_with_cases):
    house, words = house_with_cases, "Hub holds about 0.07 mL on this needle."
    browser = house.browser("B")
    form = _form(browser.get(house.short), "note")
    browser.done(f"{house.short}/notes", {**form, "note": words}, on=house.short)
    assert words in text_of(browser.get(house.short))
    stored = house.clinic.register.engine.raw_connection()
    bodies = b"".join(bytes(row[0]) for row in stored.cursor().execute("SELECT body FROM log_entry"))
    stored.close()
    assert words.encode() not in bodies


def test_an_empty_note_and_one_too_long_are_refused_at_their_field(house_with_cases):
    house, before = house_with_cases, house_with_cases.size
    browser = house.browser("B")
    assert browser.refused(f"{house.short}/notes", {"note": "  "}, on=house.short) == ["This is needed"]
    told = browser.refused(f"{house.short}/notes", {"note": "x" * 2001}, on=house.short)
    assert told == ["This is too long: at most 2000 characters"]
    assert house.size == before


def test_only_a_manager_assigns_and_answers(house_with_cases):
    house = house_with_cases
    for who in ("B", "I"):
        page = house.browser(who).get(house.short)
        assert "Sign the answer" not in page
        for act in ("owner", "close"):
            assert house.browser(who).post(f"{house.short}/{act}", {}, on="/stock").status_code == 404
    form = {"owner": house.clinic.people["B"], "due_on": "2026-11-30"}
    house.browser("M").done(f"{house.short}/owner", form, on=house.short)
    said = text_of(house.browser("I").get(house.short))
    assert "Owner B. Example Due on 2026-11-30" in said
    assert "7 days left" in said


def test_an_overdue_case_says_so(house_with_cases):
    house = house_with_cases
    form = {"owner": house.clinic.people["B"], "due_on": "2026-11-22"}
    house.browser("M").done(f"{house.short}/owner", form, on=house.short)
    assert "overdue" in text_of(house.browser("M").get("/cases"))


def test_each_answer_says_what_signing_it_does(house_with_cases):
    said = text_of(house_with_cases.browser("M").get(house_with_cases.short))
    assert "Takes 5.65 mg (0.113 mL) off the book of V-0001, 50 mg/mL as lost." in said
    assert "Takes 5.65 mg (0.113 mL) off the book of V-0001, 50 mg/mL, on the line “explained”." in said
    assert "Moves nothing itself. Name the correcting or late entry" in said
    assert "A gain" not in said


def test_an_explained_difference_is_posted_on_its_own_line_and_the_book_agrees_with_the_count(house_with_cases):
    house = house_with_cases
    answer = _close(house, house.short, outcome="explained", explanation="puncture_loss")
    assert answer.status_code == 303
    book = house.clinic.book(f"container:{house.vials[0]}")
    assert book.on_hand(house.vials[0]) == 432_650
    assert book.balance(house.vials[0], Account.EXPLAINED) == 5_650
    assert "Answered" in house.browser("B").get(house.short)


def test_missing_sealed_containers_are_named_before_a_loss_is_signed(house_with_cases):
    house = house_with_cases
    before = house.size
    told = _close(house, house.missing, outcome="loss")
    assert told.status_code == 422
    assert "Choose the containers that make up the −500 mg exactly" in text_of(told.text)
    both = _close(house, house.missing, outcome="loss", containers=[house.vials[1], house.vials[2]])
    assert both.status_code == 422
    forged = _close(house, house.missing, outcome="loss", containers=["c_ffffffff"])
    assert "This code is not a label of this clinic" in text_of(forged.text)
    assert house.size == before
    assert _close(house, house.missing, outcome="loss", containers=[house.vials[2]]).status_code == 303
    assert house.clinic.book(f"container:{house.vials[2]}").balance(house.vials[2], Account.LOST) == 500_000


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({}, "Choose one"),
        ({"outcome": "gain"}, "Choose one"),
        ({"outcome": "no_quantity", "explanation": "record_complete"}, "Choose one"),
        ({"outcome": "explained"}, "Choose one"),
        ({"outcome": "corrected"}, "Name the entry that puts this right"),
        ({"outcome": "corrected", "of": "1e3"}, "“1e3” is not a whole number. Type it like 12"),
        ({"outcome": "corrected", "of": "999999"}, "This entry is not known, or has changed"),
        ({"outcome": "corrected", "of": "7"}, "Name the entry that puts this right"),
        ({"outcome": "loss", "password": ""}, "Type the password to sign"),
        ({"outcome": "loss", "password": "another four words"}, "This is not the password. Nothing is signed"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused_and_moves_nothing(house_with_cases, answer, says):
    house = house_with_cases
    before = house.size
    told = _close(house, house.short, **answer)
    assert told.status_code == 422
    assert says in text_of(told.text)
    assert house.size == before


def test_a_late_entry_named_by_its_number_closes_a_case(house_with_cases):
    # The missing vial had been drawn from before the count; nobody had written it down.
    house, clinic = house_with_cases, house_with_cases.clinic
    before_count = house.clock.now_ms - 600_000
    session, syringe = clinic.open_session("A"), clinic.identifier("c")
    part = commands.Part(container=house.vials[2], volume_ul=10_000)
    draw = commands.DrawDose(session=session, syringe=syringe, parts=(part,))
    late = clinic.on_the_way("A", draw, occurred_ms=before_count)
    answer = _close(house, house.missing, outcome="corrected", of=str(late.index))
    assert answer.status_code == 303
    assert _case(house, house.missing).case.closed.event.of.index == late.index
