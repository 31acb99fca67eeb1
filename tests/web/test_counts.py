"""Rules of a blind count at its pages: nobody learns a figure before the reveal, and nobody leaves it unowned."""

import re

import pytest

from audit.domain import commands, events
from audit.services.counting import recent_counts, reveal
from tests.accounts import RIGHT
from tests.web.house import House, hidden_value, text_of

LOT = "EX-5390"
EXPECTED = ("438.3", "8.766")
"""What the book has of V-0001 after 1.234 mL were drawn from 10 mL at 50 mg/mL."""
COUNTED = ("432.65", "8.653")


@pytest.fixture
def stocked(house: House) -> House:
    """A clinic with one opened and two sealed vials, whose book figures nobody could guess."""
    vials = house.clinic.receive(count=3)
    house.clinic.whole_session(vials[0], drawn_ul=1234, left_ul=34)
    house.vial = vials[0]
    return house


def _start(house: House, who: str = "B") -> str:
    return house.browser(who).done("/counts", {"business_time": "close"})


def _found(house: House, *, level: str = "8.653", sealed: str = "2") -> dict[str, str]:
    return {
        "do": "sign",
        "lot_product_0": house.clinic.products["50"],
        "lot_0": LOT,
        "number_0": sealed,
        "container_0": house.vial,
        "level_0": level,
    }


def _count(house: House, page: str, who: str = "B", **found: str) -> None:
    house.browser(who).done(page, {**_found(house, **found), "password": RIGHT})


def _confirm(house: House, page: str, who: str, **found: str) -> str:
    browser = house.browser(who)
    of = hidden_value(browser.get(f"{page}/second"), "of")
    return browser.done(f"{page}/second", {**_found(house, **found), "of": of, "second_password": RIGHT})


def _crawl(house: House, who: str, also: tuple[str, ...] = ()) -> dict[str, str]:
    """Open every page that links lead to from home; return what each answered."""
    browser, seen, waiting = house.browser(who), {}, ["/", *also]
    while waiting and len(seen) < 150:
        path = waiting.pop()
        if path in seen:
            continue
        answer = browser.client.get(path, base_url="http://localhost", follow_redirects=True)
        seen[path] = answer.text if "text" in answer.content_type else ""
        links = re.findall(r'(?:href|action)="(/[^"#]*)', seen[path])
        waiting += [one.replace("&amp;", "&") for one in links if "/static/" not in one and "/sign-out" not in one]
    return seen


@pytest.mark.parametrize("who", ["A", "B", "C", "M"])
def test_while_a_count_is_open_what_the_book_expects_is_in_no_answer_to_anyone_who_may_count(stocked, who):
    page = _start(stocked)
    pages = _crawl(stocked, who, (f"/stock/{stocked.vial}", "/stock", page, f"{page}/second"))
    assert len(pages) > 10
    told = [path for path, body in pages.items() if any(figure in body for figure in EXPECTED)]
    assert told == []


@pytest.mark.parametrize("who", ["A", "C", "M"])
def test_what_the_first_person_found_is_in_no_answer_to_anyone_else_until_the_reveal(stocked, who):
    page = _start(stocked)
    _count(stocked, page)
    pages = _crawl(stocked, who, (f"/stock/{stocked.vial}", page, f"{page}/second"))
    told = [path for path, body in pages.items() if any(figure in body for figure in (*COUNTED, *EXPECTED))]
    assert told == []


def test_the_second_persons_page_at_the_first_persons_tablet_holds_neither_figure(stocked):
    page = _start(stocked)
    _count(stocked, page)
    body = stocked.browser("B").get(f"{page}/second")
    assert not any(figure in body for figure in (*COUNTED, *EXPECTED))
    assert hidden_value(body, "container_0") == ""


def test_an_earlier_counts_figures_are_withheld_while_another_is_open(stocked):
    first = _start(stocked)
    _count(stocked, first)
    _confirm(stocked, first, "C")
    assert COUNTED[0] in stocked.browser("C").get(first)
    _start(stocked)
    cases = stocked.browser("M").get("/cases")
    bodies = [stocked.browser("M").get(one) for one in (first, *re.findall(r'href="(/cases/k_\w+)"', cases))]
    assert len(bodies) == 2
    assert not any(figure in body for body in (*bodies, cases) for figure in (*COUNTED, *EXPECTED, "5.65"))


def test_an_inspector_who_never_counts_sees_the_stock_while_a_count_is_open(stocked):
    _start(stocked)
    assert EXPECTED[0] in stocked.browser("I").get("/stock")


def test_figures_are_shown_to_both_once_two_people_found_the_same(stocked):
    page = _start(stocked)
    _count(stocked, page)
    assert _confirm(stocked, page, "C") == page
    for who in ("B", "C", "I"):
        said = text_of(stocked.browser(who).get(page))
        assert "438.3 mg 8.766 mL 432.65 mg 8.653 mL" in said
        assert "−5.65 mg −0.113 mL" in said


def test_expected_loss_is_a_line_of_its_own_and_takes_nothing_from_the_difference(stocked):
    # one puncture at 0.05 mL of 50 mg/mL: 2.5 mg of the 5.65 mg that are short
    page = _start(stocked)
    _count(stocked, page)
    _confirm(stocked, page, "C")
    said = text_of(stocked.browser("C").get(page))
    assert "−5.65 mg −0.113 mL" in said
    assert "May be expected loss at 1 puncture" in said
    assert "−2.5 mg −0.05 mL" in said
    assert "Not explained by that −3.15 mg −0.063 mL" in said


def test_over_is_a_difference_with_a_case_as_short_is(stocked):
    page = _start(stocked)
    _count(stocked, page, level="8.9", sealed="3")
    _confirm(stocked, page, "C", level="8.9", sealed="3")
    found = reveal(stocked.clinic.register, page.rsplit("/", 1)[1])
    assert sorted(case.variance_ug for case in found.cases) == [6_700, 500_000]
    assert "May be the maker" in stocked.browser("C").get(page)


def test_two_unlike_counts_name_the_lines_that_differ_and_no_figure(stocked):
    page = _start(stocked)
    _count(stocked, page)
    _confirm(stocked, page, "C", level="7.777")
    for who in ("B", "C", "M"):
        body = stocked.browser(who).get(page)
        said = text_of(body)
        assert "The two counts are not the same" in said
        assert "V-0001" in said
        assert LOT not in said
        assert not any(figure in body for figure in (*COUNTED, *EXPECTED, "7.777", "388.85"))
        assert not re.search(r"too (high|low)|more than|less than", said)


def test_after_two_unlike_counts_both_count_again_the_first_one_first(stocked):
    page = _start(stocked)
    _count(stocked, page)
    _confirm(stocked, page, "C", sealed="1")
    refused = stocked.browser("C").post(page, {**_found(stocked), "password": RIGHT}, on="/counts")
    assert refused.status_code == 422
    _count(stocked, page, sealed="1")
    _confirm(stocked, page, "C", sealed="1")
    assert recent_counts(stocked.clinic.register)[0].agrees


def test_nobody_confirms_their_own_count(stocked):
    page = _start(stocked)
    _count(stocked, page)
    browser = stocked.browser("B")
    of = hidden_value(browser.get(f"{page}/second"), "of")
    form = {**_found(stocked), "of": of, "second_password": RIGHT}
    for mine in ("b.example", stocked.clinic.people["B"], "B.Example"):
        told = browser.refused(f"{page}/second", {**form, "second": mine})
        assert told in (
            ["You had a hand in this amount. Someone else must sign as second person"],
            ["This is not the password. Nothing is signed"],
        )
    assert browser.refused(f"{page}/second", form) == ["Choose who signs as second person"]


def test_a_second_person_signs_at_the_first_ones_tablet_with_their_own_password(stocked):
    page = _start(stocked)
    _count(stocked, page)
    browser = stocked.browser("B")
    of = hidden_value(browser.get(f"{page}/second"), "of")
    form = {**_found(stocked), "of": of, "second": stocked.clinic.people["C"]}
    wrong = browser.refused(f"{page}/second", {**form, "second_password": "another four words"})
    assert wrong == ["This is not the password. Nothing is signed"]
    browser.done(f"{page}/second", {**form, "second_password": RIGHT})
    assert recent_counts(stocked.clinic.register)[0].second.actor == stocked.clinic.people["C"]


def test_an_unknown_second_person_signs_nothing(stocked):
    page = _start(stocked)
    _count(stocked, page)
    browser, before = stocked.browser("B"), stocked.size
    of = hidden_value(browser.get(f"{page}/second"), "of")
    form = {**_found(stocked), "of": of, "second": "p_ffffffff", "second_password": RIGHT}
    assert browser.refused(f"{page}/second", form)
    assert stocked.size == before


def test_an_inspector_and_an_administrator_neither_count_nor_start_one(stocked):
    page = _start(stocked)
    for path in ("/counts", f"{page}/second", "/counts/sheet"):
        stocked.browser("I").get(path, 404)


def test_scanning_a_sealed_vial_counts_it_once(stocked):
    page = _start(stocked)
    browser = stocked.browser("B")
    said = browser.post(page, {"code": "V-0002", "do": "scan"}).text
    form = {name: hidden_value(said, name) for name in ("seen", "lot_product_0", "lot_0")}
    again = browser.post(page, {**form, "number_0": "1", "code": "v2", "do": "scan"})
    assert again.status_code == 422
    assert "V-0002 is on your list already" in text_of(again.text)
    more = browser.post(page, {**form, "number_0": "1", "code": "V-0003", "do": "scan"}).text
    assert "Lot EX-5390, now 2" in text_of(more)


def test_a_vial_the_book_has_as_sealed_may_be_found_open(stocked):
    page = _start(stocked)
    browser = stocked.browser("B")
    said = browser.post(page, {"code": "V-0002", "do": "scan"}).text
    form = {name: hidden_value(said, name) for name in ("seen", "lot_product_0", "lot_0")}
    opened = browser.post(page, {**form, "number_0": "1", "do": "opened_V-0002"}).text
    assert "Found so far" in opened
    assert 'name="level_0"' in opened
    assert 'name="number_0"' not in opened


def test_scanning_an_open_vial_asks_for_its_level_and_shows_none(stocked):
    page = _start(stocked)
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
    page, before = _start(stocked), stocked.size
    answer = stocked.browser("B").post(page, {**_found(stocked), "do": "scan", "code": code})
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
    page = _start(stocked)
    before = stocked.size
    for changed, says in WRONG:
        told = stocked.browser("B").refused(page, {**_found(stocked), "password": RIGHT, **changed})
        assert told == [says]
    assert stocked.size == before


def test_nothing_on_hand_is_said_and_never_left_out(house):
    page = _start(house)
    browser = house.browser("B")
    assert browser.refused(page, {"do": "sign", "password": RIGHT}) == [
        "Type what is there, or tick that nothing is on hand"
    ]
    browser.done(page, {"do": "sign", "nothing": "yes", "password": RIGHT})
    assert recent_counts(house.clinic.register)[0].first.event.nothing_on_hand


def test_the_same_form_twice_is_one_count(stocked):
    page = _start(stocked)
    browser = stocked.browser("B")
    browser.done(page, {**_found(stocked), "password": RIGHT})
    before = stocked.size
    assert browser.resend(page).status_code == 303
    assert stocked.size == before
    assert browser.resend(page, level_0="8.6").status_code == 422
    assert stocked.size == before


def test_starting_a_count_while_one_is_open_leads_to_that_one(stocked):
    colleague = stocked.browser("C")
    blank = hidden_value(colleague.get("/counts"), "nonce")
    page = _start(stocked)
    before = stocked.size
    assert colleague.done("/counts", {"business_time": "close", "nonce": blank}) == page
    assert stocked.size == before


def test_having_looked_at_the_stock_just_before_is_recorded_with_the_count(stocked):
    stocked.browser("B").get("/stock")
    page = _start(stocked)
    started = recent_counts(stocked.clinic.register)[0].started.event
    assert started.figures_seen_ms is not None
    _count(stocked, page)
    _confirm(stocked, page, "C")
    assert "Figures seen before" in text_of(stocked.browser("C").get(page))


def test_having_looked_a_quarter_of_an_hour_ago_is_not_just_before(stocked):
    stocked.browser("B").get("/stock")
    stocked.clock.pass_minutes(16)
    _start(stocked)
    assert recent_counts(stocked.clinic.register)[0].started.event.figures_seen_ms is None


def test_a_count_nobody_confirms_may_be_ended_by_who_counted_and_stays_unconfirmed(stocked):
    page = _start(stocked)
    _count(stocked, page)
    refused = stocked.browser("C").post(f"{page}/end", {"end_password": RIGHT}, on=f"{page}/second")
    assert refused.status_code == 422
    assert stocked.browser("B").refused(f"{page}/end", {}, on=page) == ["Type the password to sign"]
    stocked.browser("B").done(f"{page}/end", {"end_password": RIGHT}, on=page)
    for who in ("B", "I"):
        assert "Unconfirmed, for ever" in text_of(stocked.browser(who).get(page))
    assert "unconfirmed" in text_of(stocked.browser("C").get("/counts"))


def test_a_manager_gives_every_difference_an_owner_at_the_reveal(stocked):
    page = _start(stocked)
    _count(stocked, page)
    _confirm(stocked, page, "C")
    manager, owner = stocked.browser("M"), stocked.clinic.people["M"]
    assert manager.refused(f"{page}/owners", {"due_0": "2026-11-24"}, on=page) == ["Choose one"]
    assert manager.refused(f"{page}/owners", {"owner_0": owner, "due_0": "soon"}, on=page) == [
        "“soon” is not a date. Type it like 2026-11-23"
    ]
    manager.done(f"{page}/owners", {"owner_0": owner, "due_0": "2026-11-24"}, on=page)
    assert "Who looks into it" not in manager.get(page)


def test_a_clinician_gives_no_owner_without_a_manager_at_the_tablet(stocked):
    page = _start(stocked)
    _count(stocked, page)
    _confirm(stocked, page, "C")
    nurse, form = stocked.browser("C"), {"owner_0": stocked.clinic.people["M"], "due_0": "2026-11-24"}
    assert nurse.refused(f"{page}/owners", form, on=page) == ["Choose who signs as second person"]
    other = {**form, "second": stocked.clinic.people["B"], "second_password": RIGHT}
    assert nurse.refused(f"{page}/owners", other, on=page) == ["This is not for your role"]
    nurse.done(f"{page}/owners", {**other, "second": stocked.clinic.people["M"]}, on=page)
    assigned = stocked.clinic.book(*(f"case:{case.case}" for case in _cases(stocked, page)))
    assert [case.owner for case in assigned.cases.values()] == [stocked.clinic.people["M"]]


def _cases(house: House, page: str) -> tuple:
    return reveal(house.clinic.register, page.rsplit("/", 1)[1]).cases


def test_the_blank_sheet_names_no_container_and_carries_the_head_of_the_log(stocked):
    said = text_of(stocked.browser("B").get("/counts/sheet"))
    assert "V-0001" not in said
    assert LOT not in said
    assert f"localhost/log/example-clinic · {stocked.size} · " in said


def test_a_count_finds_held_bags_by_their_syringes_label(stocked):
    clinic = stocked.clinic
    session = clinic.open_session("A")
    syringe = clinic.draw("A", session, stocked.vial, 1000)
    clinic.run("A", session, syringe, rate_ul_per_h=1000, minutes=10)
    clinic.read("A", syringe, 400)
    clinic.act("A", commands.HoldRemainder(container=syringe, bag="T-0001"))
    page = _start(stocked)
    body = stocked.browser("B").post(page, {"code": "S-0002", "do": "scan"}).text
    assert "S-0002, open" in text_of(body)


def test_a_count_states_what_was_found_and_moves_nothing(stocked):
    page = _start(stocked)
    _count(stocked, page)
    _confirm(stocked, page, "C")
    vial = stocked.clinic.book(f"container:{stocked.vial}")
    assert vial.on_hand(stocked.vial) == 438_300
    recorded = recent_counts(stocked.clinic.register)[0].first.event
    assert recorded.opened == (events.LevelFound(container=stocked.vial, volume_ul=8653),)


def test_a_count_begun_and_not_taken_is_ended_by_who_began_it_and_stock_is_shown_again(stocked):
    page = _start(stocked)
    assert "Nobody counted" not in stocked.browser("B").get(page)
    stocked.browser("B").done(f"{page}/end", {"end_password": RIGHT}, on=page)
    assert "Nobody counted" in stocked.browser("B").get(page)
