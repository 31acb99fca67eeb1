"""Rules of a count once its figures are shown: nobody leaves a difference unowned."""

import re

from audit.domain import commands, events
from audit.services.counting import recent_counts
from audit.services.tiles import newest
from audit.tlog.paper import parse_head
from tests.accounts import RIGHT
from tests.web.counting import (
    LOT,
    cases_of,
    confirm_count,
    rows_found,
    start_count,
    take_count,
)
from tests.web.house import hidden_value, text_of


def test_the_same_form_twice_is_one_count(stocked):
    page = start_count(stocked)
    browser = stocked.browser("B")
    browser.done(page, {**rows_found(stocked), "password": RIGHT})
    before = stocked.size
    assert browser.resend(page).status_code == 303
    assert stocked.size == before
    assert browser.resend(page, level_0="8.6").status_code == 422
    assert stocked.size == before


def test_starting_a_count_while_one_is_open_leads_to_that_one(stocked):
    colleague = stocked.browser("C")
    blank = hidden_value(colleague.get("/counts"), "nonce")
    page = start_count(stocked)
    before = stocked.size
    assert colleague.done("/counts", {"business_time": "close", "nonce": blank}) == page
    assert stocked.size == before


def test_having_looked_at_the_stock_just_before_is_recorded_with_the_count(stocked):
    stocked.browser("B").get("/stock")
    page = start_count(stocked)
    started = recent_counts(stocked.clinic.register)[0].started.event
    assert started.figures_seen_ms is not None
    take_count(stocked, page)
    confirm_count(stocked, page, "C")
    assert "Figures seen before" in text_of(stocked.browser("C").get(page))


def test_having_looked_a_quarter_of_an_hour_ago_is_not_just_before(stocked):
    stocked.browser("B").get("/stock")
    stocked.clock.pass_minutes(16)
    start_count(stocked)
    assert recent_counts(stocked.clinic.register)[0].started.event.figures_seen_ms is None


def test_a_count_nobody_confirms_may_be_ended_by_who_counted_and_stays_unconfirmed(stocked):
    page = start_count(stocked)
    take_count(stocked, page)
    refused = stocked.browser("C").post(f"{page}/end", {"end_password": RIGHT}, on=f"{page}/second")
    assert refused.status_code == 422
    assert stocked.browser("B").refused(f"{page}/end", {}, on=page) == ["Type the password to sign"]
    stocked.browser("B").done(f"{page}/end", {"end_password": RIGHT}, on=page)
    for who in ("B", "I"):
        assert "Unconfirmed, for ever" in text_of(stocked.browser(who).get(page))
    assert "unconfirmed" in text_of(stocked.browser("C").get("/counts"))


def test_a_manager_gives_every_difference_an_owner_at_the_reveal(stocked):
    page = start_count(stocked)
    take_count(stocked, page)
    confirm_count(stocked, page, "C")
    manager, owner = stocked.browser("M"), stocked.clinic.people["M"]
    assert manager.refused(f"{page}/owners", {"due_0": "2026-11-24"}, on=page) == ["Choose one"]
    assert manager.refused(f"{page}/owners", {"owner_0": owner, "due_0": "soon"}, on=page) == [
        "“soon” is not a date. Type it like 2026-11-23"
    ]
    manager.done(f"{page}/owners", {"owner_0": owner, "due_0": "2026-11-24"}, on=page)
    assert "Who looks into it" not in manager.get(page)


def test_a_clinician_gives_no_owner_without_a_manager_at_the_tablet(stocked):
    page = start_count(stocked)
    take_count(stocked, page)
    confirm_count(stocked, page, "C")
    nurse, form = stocked.browser("C"), {"owner_0": stocked.clinic.people["M"], "due_0": "2026-11-24"}
    assert nurse.refused(f"{page}/owners", form, on=page) == ["Choose who signs as second person"]
    other = {**form, "second": stocked.clinic.people["B"], "second_password": RIGHT}
    assert nurse.refused(f"{page}/owners", other, on=page) == ["This is not for your role"]
    nurse.done(f"{page}/owners", {**other, "second": stocked.clinic.people["M"]}, on=page)
    assigned = stocked.clinic.book(*(f"case:{case.case}" for case in cases_of(stocked, page)))
    assert [case.owner for case in assigned.cases.values()] == [stocked.clinic.people["M"]]


def test_the_blank_sheet_names_no_container_and_carries_the_head_of_the_log(stocked):
    stocked.service.desk.watch.sign()
    page = stocked.browser("B").get("/counts/sheet")
    said = text_of(page)
    assert "V-0001" not in said
    assert LOT not in said
    head = parse_head(re.search(r"<code>(.*?)</code>", page)[1])
    assert (head.origin, head.size) == ("localhost/log/example-clinic", stocked.size)
    kept = newest(stocked.clinic.register)
    assert head.is_root(kept.root)
    assert not head.is_short


def test_a_count_finds_held_bags_by_their_syringes_label(stocked):
    clinic = stocked.clinic
    session = clinic.open_session("A")
    syringe = clinic.draw("A", session, stocked.vial, 1000)
    clinic.run("A", session, syringe, rate_ul_per_h=1000, minutes=10)
    clinic.read("A", syringe, 400)
    clinic.act("A", commands.HoldRemainder(container=syringe, bag="T-0001"))
    page = start_count(stocked)
    body = stocked.browser("B").post(page, {"code": "S-0002", "do": "scan"}).text
    assert "S-0002, open" in text_of(body)


def test_how_a_held_bag_differs_is_in_no_entry_while_nobody_has_read_it_a_second_time(stocked):
    clinic = stocked.clinic
    session = clinic.open_session("A")
    syringe = clinic.draw("A", session, stocked.vial, 1000)
    clinic.read("A", syringe, 437)
    clinic.act("A", commands.HoldRemainder(container=syringe, bag="T-0001"))
    # 21.85 mg were read at first; the counters find 0.3 mL, 15 mg: 6.85 mg less
    levels = {stocked.vial: 7766, syringe: 300}
    clinic.count("B", "C", lots={(clinic.products["50"], LOT): 2}, levels=levels)
    opened = clinic.book(f"container:{syringe}").cases.values()
    case = next(one for one in opened if one.container == syringe)
    assert case.variance_ug == -6850
    for who in ("B", "C", "M"):
        for path in (f"/register/{case.index}", "/register", f"/register/{case.index}/bytes"):
            answer = stocked.browser(who).client.get(path, base_url="http://localhost")
            assert "6.85" not in answer.text, (who, path)
            assert "6850" not in answer.text, (who, path)


def test_a_count_states_what_was_found_and_moves_nothing(stocked):
    page = start_count(stocked)
    take_count(stocked, page)
    confirm_count(stocked, page, "C")
    vial = stocked.clinic.book(f"container:{stocked.vial}")
    assert vial.on_hand(stocked.vial) == 438_300
    recorded = recent_counts(stocked.clinic.register)[0].first.event
    assert recorded.opened == (events.LevelFound(container=stocked.vial, volume_ul=8653),)


def test_a_count_begun_and_not_taken_is_ended_by_who_began_it_and_stock_is_shown_again(stocked):
    page = start_count(stocked)
    assert "Nobody counted" not in stocked.browser("B").get(page)
    stocked.browser("B").done(f"{page}/end", {"end_password": RIGHT}, on=page)
    assert "Nobody counted" in stocked.browser("B").get(page)
