"""Rules of a session on its pages: from the order to the close, and every wrong value met on the way."""

import re

import pytest

from audit.domain import events
from audit.services.reading import book_of, sealed_value
from tests.accounts import RIGHT
from tests.web import session_day as day
from tests.web.house import problems_in, text_of


def wrong_volume(house, volume: str, **more: str) -> list[str]:
    (vial,) = house.clinic.receive(count=1)
    session = day.open_session(house)
    before = house.size
    fields = {"vial": vial, "volume": volume, **more}
    messages = house.browser("A").refused(f"{session}/draw", fields, on=f"{session}/draw?vial={vial}")
    assert house.size == before, "nothing is stored"
    return messages


def test_a_session_runs_from_order_to_close_and_balances_to_zero(house):
    session, _, _ = day.balanced(house)
    assert day.close(house, session) == session
    page = text_of(house.browser("A").get(session))
    assert "closed, balanced to 0 mg (0 mL)" in page
    closed = day.last_event(house, "session_closed")
    assert (closed.drawn_ug, closed.given_ug, closed.wasted_ug) == (50_000, 39_000, 11_000)


def test_half_a_milligram_per_kilogram_of_78_kg_is_39_mg_and_the_two_figures_are_sealed(house):
    day.open_session(house)
    opened = day.entries(house, "session_opened")[-1]
    assert opened.event.dose_ug == 39_000
    assert sealed_value(house.clinic.register, opened.index, "weight_g") == 78_000
    assert sealed_value(house.clinic.register, opened.index, "dose_ug_per_kg") == 500


def test_a_dose_ordered_in_mg_seals_no_weight(house):
    day.open_session(house, dose_by="other", dose="35.5", weight="", per_kg="")
    opened = day.entries(house, "session_opened")[-1]
    assert opened.event.dose_ug == 35_500
    assert sealed_value(house.clinic.register, opened.index, "weight_g") is None


def test_a_known_patient_is_chosen_by_pseudonym_and_named_on_no_page(house):
    day.open_session(house)
    patient = day.last_event(house, "session_opened").patient
    form = house.browser("A").get("/sessions/new")
    assert patient in form
    assert "Patient Placeholder" not in form
    session = day.open_session(house, patient=patient, known="yes")
    assert "Patient Placeholder" not in house.browser("A").get(session)


def test_only_a_physician_prescribes(house):
    nurse = house.clinic.people["B"]
    messages = house.browser("A").refused("/sessions/new", {**day.ORDER, "prescriber": nurse})
    assert messages == ["B. Example is not a physician. A physician orders"]


def test_every_wrong_field_of_an_opening_has_its_message_and_what_was_typed_stays(house):
    fields = {**day.ORDER, "prescriber": "", "name": "", "birth_date": "2099-01-01", "weight": "780"}
    answer = house.browser("A").post("/sessions/new", fields)
    assert answer.status_code == 422
    messages = problems_in(answer.text)
    assert "780 kg is over 300 kg. Did you mean 78 kg?" in messages
    assert "2099-01-01 is later than today (2026-11-23)" in messages
    assert "Choose one" in messages
    assert "This is needed" in messages
    assert 'value="780"' in answer.text


@pytest.mark.parametrize(
    ("volume", "message"),
    [
        ("1e0", "“1e0” is not a number. Type it like 1.5"),
        ("1,500", "“1,500” can be read two ways. Type it without a thousands separator, like 1500 or 1.5"),
        ("1 500", "“1 500” is not a number. Type it like 1.5"),
        ("١", "“١” is not a number. Type it like 1.5"),
        ("-1", "“-1” is less than zero. An amount is zero or more"),
        ("0", "An amount must be more than 0"),
        ("0.7801", "“0.7801” is finer than 0.001. Type at most three decimals"),
        ("1,5o", "“1,5o” is not a number. Type it like 1.5"),
        ("", "Type the amount"),
        ("10.4", "10.4 mL is more than V-0001 holds (10 mL left)"),
        ("20.1", "20.1 mL is more than V-0001 can hold (10 mL on its label)"),
    ],
)
def test_a_wrong_volume_is_refused_in_words_at_its_field(house, volume, message):
    assert wrong_volume(house, volume) == [message]


def test_a_comma_is_the_decimal_mark_in_french_and_a_point_has_two_readings_only_with_three_decimals(house):
    (vial,) = house.clinic.receive(count=1)
    session = day.open_session(house)
    house.browser("A").client.set_cookie("lang", "fr", domain="localhost")
    page = f"{session}/draw?vial={vial}"
    assert house.browser("A").refused(f"{session}/draw", {"vial": vial, "volume": "0.780"}, on=page)
    house.browser("A").done(f"{session}/draw", {"vial": vial, "volume": "0,78"}, on=page)
    assert day.last_event(house, "dose_drawn").mass_ug == 39_000


def test_more_than_the_book_holds_is_drawn_once_it_is_confirmed_and_flagged(house):
    (vial,) = house.clinic.receive(count=1)
    session = day.open_session(house)
    page = f"{session}/draw?vial={vial}"
    browser = house.browser("A")
    answer = browser.post(f"{session}/draw", {"vial": vial, "volume": "10.4"}, on=page)
    assert 'name="beyond"' in answer.text
    answer = browser.resend(f"{session}/draw", beyond="yes")
    assert answer.status_code == 303
    assert day.last_event(house, "dose_drawn").sources[0].overfill_ug == 20_000
    assert "Overfill" in text_of(browser.get(session))


def test_an_expired_vial_is_drawn_from_only_when_its_use_is_confirmed_and_opens_a_case(house):
    (vial,) = house.clinic.receive(count=1, expiry="2026-10-31")
    session = day.open_session(house)
    page = f"{session}/draw?vial={vial}"
    browser = house.browser("A")
    answer = browser.post(f"{session}/draw", {"vial": vial, "volume": "1"}, on=page)
    assert problems_in(answer.text) == [
        "V-0001 expired on 2026-10-31. Tick the box if it was really used; it will be flagged"
    ]
    assert browser.resend(f"{session}/draw", expired_used="yes").status_code == 303
    assert day.last_event(house, "case_opened").cause == "expired"


def test_a_time_to_come_is_refused_and_a_past_one_is_kept_and_marked_late(house):
    (vial,) = house.clinic.receive(count=1)
    session = day.open_session(house)
    page, browser = f"{session}/draw?vial={vial}", house.browser("A")
    fields = {"vial": vial, "volume": "1", "occurred": "2026-11-23T23:30"}
    assert browser.refused(f"{session}/draw", fields, on=page) == ["This time is still to come. Type when it happened"]
    day.later(house, 120)
    browser = house.browser("A")
    fields["occurred"] = "2026-11-23T04:30"
    browser.done(f"{session}/draw", fields, on=page)
    drawn = day.entries(house, "dose_drawn")[-1]
    assert drawn.occurred_ms < drawn.recorded_ms - 60 * 60_000
    assert "Late" in text_of(browser.get(session))


def test_a_stop_seen_late_is_entered_with_the_time_it_happened(house):
    (vial,) = house.clinic.receive(count=1)
    session = day.open_session(house)
    syringe = day.draw(house, session, vial)
    browser = house.browser("A")
    browser.done(f"{session}/start", {"container": syringe, "rate": "1170"}, on=session)
    day.later(house, 110)
    fields = {"container": syringe, "reason": "completed", "occurred": "2026-11-23T04:40"}
    house.browser("A").done(f"{session}/stop", fields, on=session)
    started = day.entries(house, "infusion_started")[-1]
    stopped = day.entries(house, "infusion_stopped")[-1]
    assert (stopped.occurred_ms - started.occurred_ms) // 60_000 == 39
    assert "Late" in text_of(house.browser("A").get(session))


def test_strengths_are_never_mixed_in_one_syringe(house):
    house.clinic.add_product("10", mg_per_ml=10, ml=20)
    (weak,) = house.clinic.receive(product="10", count=1)
    (strong,) = house.clinic.receive(count=1)
    session = day.open_session(house)
    page = f"{session}/draw?vial={weak}&vial={strong}"
    fields = {"vial": [weak, strong], "volume": "1", "volume_1": "1"}
    messages = house.browser("A").refused(f"{session}/draw", fields, on=page)
    assert messages == ["These vials have different strengths. Strengths are never mixed in one syringe"]


def test_one_syringe_may_be_drawn_from_several_vials_and_made_up(house):
    one, two = house.clinic.receive(count=2)
    session = day.open_session(house)
    fields = {"vial": [one, two], "volume": "0.3", "volume_1": "0.48", "made_up": "50000"}
    house.browser("A").done(f"{session}/draw", fields, on=f"{session}/draw?vial={one}&vial={two}")
    drawn = day.last_event(house, "dose_drawn")
    assert (drawn.mass_ug, drawn.volume_ul, len(drawn.sources)) == (39_000, 50_000, 2)


def test_a_scanned_label_leads_to_its_vial_and_an_unknown_one_is_told(house):
    house.clinic.receive(count=1)
    session = day.open_session(house)
    browser = house.browser("A")
    assert "Draw from V-0001" in text_of(browser.get(f"{session}/draw?code=V-0001"))
    page = browser.get(f"{session}/draw?code=V-9999", 422)
    assert problems_in(page) == ["This code is not a label of this clinic"]


def test_the_planned_rate_gives_the_ordered_dose_in_the_ordered_time(house):
    (vial,) = house.clinic.receive(count=1)
    session = day.open_session(house)
    day.draw(house, session, vial, made_up="50000")
    page = text_of(house.browser("A").get(session))
    assert "Start S-0001 at 58.5 mL/h" in page
    assert "43.9 mL/h" in page


def test_a_changed_rate_states_its_reason_and_a_changed_order_its_dose(house):
    (vial,) = house.clinic.receive(count=1)
    session = day.open_session(house)
    syringe = day.draw(house, session, vial)
    browser = house.browser("A")
    browser.done(f"{session}/start", {"container": syringe, "rate": "1170"}, on=session)
    browser.done(f"{session}/rate", {"container": syringe, "rate": "880", "reason": "side_effect"}, on=session)
    assert day.last_event(house, "rate_changed").reason == "side_effect"
    page = f"{session}/other-rate/{syringe}"
    browser.done(page, {"rate": "0.9", "reason": "order", "dose": "35", "is_running": "yes"})
    assert day.last_event(house, "rate_changed").dose_ug == 35_000
    assert "35 mg over 40 min" in text_of(browser.get(session))


def test_a_session_cannot_close_while_anything_is_left_and_says_what(house):
    session, _, _ = day.stopped(house)
    assert "when 0 mg (0 mL) is left" in text_of(house.browser("A").get(session))
    messages = house.browser("A").refused(f"{session}/close", {"password": RIGHT}, on=session)
    assert messages == ["50 mg is still to account for. Waste it or give it before closing"]


def test_closing_needs_ones_own_password_and_never_shows_it_again(house):
    session, _, _ = day.balanced(house)
    answer = house.browser("A").post(f"{session}/close", {"password": "wrong"}, on=session)
    assert problems_in(answer.text) == ["This is not the password. Nothing is signed"]
    assert "wrong" not in answer.text


def test_two_people_closing_one_session_make_one_closing(house):
    session, _, _ = day.balanced(house)
    day.close(house, session, "A")
    messages = house.browser("B").refused(f"{session}/close", {"password": RIGHT}, on="/sessions/new")
    assert messages == ["Session 1 is closed. Correct its closing first"]
    assert len(day.entries(house, "session_closed")) == 1


def test_a_closed_session_takes_no_further_act(house):
    session, vial, _ = day.balanced(house)
    day.close(house, session)
    messages = house.browser("A").refused(
        f"{session}/draw", {"vial": vial, "volume": "1"}, on=f"{session}/draw?vial={vial}"
    )
    assert messages == ["Session 1 is closed. Correct its closing first"]


def test_the_same_form_twice_is_one_entry(house):
    (vial,) = house.clinic.receive(count=1)
    session = day.open_session(house)
    day.draw(house, session, vial)
    before = house.size
    assert house.browser("A").resend(f"{session}/draw").status_code == 303
    assert house.size == before


def test_the_same_request_number_with_other_facts_is_refused(house):
    (vial,) = house.clinic.receive(count=1)
    session = day.open_session(house)
    day.draw(house, session, vial)
    drawn = day.entries(house, "dose_drawn")[-1].index
    answer = house.browser("A").resend(f"{session}/draw", volume="2")
    assert problems_in(answer.text) == [
        f"This form was already used for another act, entry {drawn}. Open the page again"
    ]


def test_a_whole_vial_is_taken_and_returned(house):
    (vial,) = house.clinic.receive(count=1)
    session = day.open_session(house)
    browser = house.browser("A")
    browser.done(f"{session}/take", {"container": vial}, on=session)
    assert "Return V-0001 to the shelf" in text_of(browser.get(session))
    browser.done(f"{session}/return", {"container": vial}, on=session)
    assert book_of(house.clinic.register, {f"container:{vial}"}).containers[vial].session is None


def test_while_a_count_is_open_no_level_of_the_shelf_is_shown_nor_told_by_a_refusal(house):
    (vial,) = house.clinic.receive(count=1)
    session = day.open_session(house)
    house.clinic.on_the_way("B", events.CountStarted(count=house.clinic.identifier("n"), business_time="close"))
    page = f"{session}/draw?vial={vial}"
    assert "500 mg" not in text_of(house.browser("A").get(page))
    messages = house.browser("A").refused(f"{session}/draw", {"vial": vial, "volume": "10.4"}, on=page)
    assert messages == ["10.4 mL is more than the book has in V-0001, hidden while a count is open"]


def test_a_manager_sees_a_session_but_draws_nothing_and_an_inspector_changes_nothing(house):
    (vial,) = house.clinic.receive(count=1)
    session = day.open_session(house)
    for who in ("M", "I"):
        assert "Draw from this vial" not in house.browser(who).get(session)
        house.browser(who).get(f"{session}/draw?vial={vial}", 404)
    house.browser("I").get("/witness", 404)


def test_open_sessions_come_first_in_the_list(house):
    first = day.open_session(house)
    session, _, _ = day.balanced(house)
    day.close(house, session)
    page = house.browser("A").get("/sessions")
    order = re.findall(r'href="(/sessions/s_[0-9a-f]+)"', page)
    assert order == [first, session]


def test_an_injection_needs_no_pump(house):
    (vial,) = house.clinic.receive(count=1)
    session = day.open_session(house, route="im")
    syringe = day.draw(house, session, vial, "0.78")
    assert "Confirm S-0001 is empty" in text_of(house.browser("A").get(session))
    house.browser("A").done(f"/wastes/{syringe}/read", {"confirmed_ul": "0"}, on=session)
    day.close(house, session)
    assert day.last_event(house, "session_closed").given_ug == 39_000


def test_hostile_identifiers_are_told_never_a_fault(house):
    (vial,) = house.clinic.receive(count=1)
    session = day.open_session(house)
    browser = house.browser("A")
    for hostile in ("x", "", "c_../..", "'; DROP TABLE log_entry", "s_00000000"):
        answer = browser.post(f"{session}/start", {"container": hostile, "rate": "1170"}, on=session)
        assert answer.status_code == 422
    browser.get("/sessions/s_unknown", 404)
    browser.get(f"/wastes/{vial}0/read", 404)
