"""Rules of correcting on its pages: struck and beside it what is right, in one moment, by who may."""

from audit.domain import events
from tests.accounts import RIGHT
from tests.web import session_day as day
from tests.web.house import problems_in, text_of


def drawn(house) -> tuple[str, str, int]:
    """A session with a wrong draw of 0.5 mL; return session, syringe and the draw's entry."""
    (vial,) = house.clinic.receive(count=1)
    session = day.open_session(house)
    syringe = day.draw(house, session, vial, "0.5")
    return session, syringe, day.entries(house, "dose_drawn")[-1].index


def vial_of(house) -> str:
    return day.last_event(house, "dose_drawn").sources[0].container


def correct(house, index: int, who: str = "A", **fields: str) -> str:
    return house.browser(who).done(f"/corrections/{index}", {"reason": "mistyped", "password": RIGHT, **fields})


def test_a_wrong_volume_is_struck_and_the_right_one_stands_beside_it_in_one_batch(house):
    session, syringe, index = drawn(house)
    assert correct(house, index, volume="0.78", vial=vial_of(house)) == session
    struck, replaced = day.entries(house, "entry_struck")[-1], day.entries(house, "dose_drawn")[-1]
    assert replaced.index == struck.index + 1
    assert (struck.event.replacements, replaced.event.replaces) == (1, struck.event.of)
    assert (replaced.event.syringe, replaced.event.mass_ug) == (syringe, 39_000)
    page = text_of(house.browser("A").get(session))
    assert f"Struck by {struck.index}" in page
    assert "Drew 25 mg (0.5 mL)" in page
    assert "Drew 39 mg (0.78 mL)" in page


def test_what_replaces_an_entry_keeps_the_time_it_happened_unless_that_was_wrong(house):
    _, _, index = drawn(house)
    first = day.entries(house, "dose_drawn")[-1]
    day.later(house, 10)
    correct(house, index, volume="0.78", vial=vial_of(house))
    assert day.entries(house, "dose_drawn")[-1].occurred_ms == first.occurred_ms
    assert day.entries(house, "entry_struck")[-1].occurred_ms > first.occurred_ms


def test_an_entry_that_never_happened_is_struck_without_a_replacement(house):
    session, syringe, index = drawn(house)
    correct(house, index, only_strike="yes", reason="not_done")
    assert day.last_event(house, "entry_struck").replacements == 0
    assert "Nothing drawn yet" in text_of(house.browser("A").get(session))
    assert len(day.entries(house, "dose_drawn")) == 1
    assert syringe


def test_a_correction_that_changes_nothing_is_told(house):
    _, _, index = drawn(house)
    messages = house.browser("A").refused(
        f"/corrections/{index}", {"reason": "mistyped", "password": RIGHT, "vial": vial_of(house)}
    )
    assert messages == ["Nothing is changed. Type what is right, or strike it without a replacement"]


def test_a_wrong_value_of_a_correction_is_refused_at_its_field_and_nothing_is_struck(house):
    _, _, index = drawn(house)
    fields = {"reason": "mistyped", "password": RIGHT, "vial": vial_of(house), "volume": "7,8e1"}
    assert house.browser("A").refused(f"/corrections/{index}", fields) == ["“7,8e1” is not a number. Type it like 1.5"]
    fields |= {"volume": "10.4"}
    assert house.browser("A").refused(f"/corrections/{index}", fields) == [
        "10.4 mL is more than V-0001 holds (10 mL left)"
    ]
    assert not day.entries(house, "entry_struck")


def test_a_correction_is_signed_with_ones_own_password(house):
    _, _, index = drawn(house)
    fields = {"reason": "mistyped", "volume": "0.78", "vial": vial_of(house), "password": "wrong"}
    assert house.browser("A").refused(f"/corrections/{index}", fields) == [
        "This is not the password. Nothing is signed"
    ]


def test_whoever_stated_it_corrects_it_or_a_manager_and_nobody_else(house):
    _, _, index = drawn(house)
    assert "Not yours to correct" in text_of(house.browser("B").get(f"/corrections/{index}"))
    fields = {"reason": "mistyped", "volume": "0.78", "vial": vial_of(house), "password": RIGHT}
    answer = house.browser("B").post(f"/corrections/{index}", fields, on="/sessions/new")
    assert problems_in(answer.text) == [f"Entry {index} is another person's. They or a manager can correct it"]
    correct(house, index, "M", only_strike="yes")
    assert day.entries(house, "entry_struck")[-1].actor == house.clinic.people["M"]


def test_a_correction_that_would_leave_a_later_act_impossible_names_it_with_a_link(house):
    session, syringe, index = drawn(house)
    day.run(house, session, syringe)
    started = day.entries(house, "infusion_started")[-1].index
    answer = house.browser("A").post(
        f"/corrections/{index}", {"reason": "not_done", "only_strike": "yes", "password": RIGHT}
    )
    assert answer.status_code == 422
    assert "Later entries stand on this one. Correct these first" in problems_in(answer.text)[0]
    assert f'href="/corrections/{started}"' in answer.text


def test_a_struck_entry_is_not_struck_again(house):
    _, _, index = drawn(house)
    correct(house, index, volume="0.78", vial=vial_of(house))
    assert f"Entry {index} is already corrected" in text_of(house.browser("A").get(f"/corrections/{index}"))


def test_entries_about_people_and_the_log_itself_cannot_be_corrected(house):
    for index in (0, 1):
        assert "Not yours to correct" in text_of(house.browser("A").get(f"/corrections/{index}"))
        fields = {"reason": "mistyped", "password": RIGHT}
        answer = house.browser("A").post(f"/corrections/{index}", fields, on="/sessions/new")
        assert "cannot be corrected" in problems_in(answer.text)[0]
    house.browser("A").get("/corrections/9999", 404)


def test_a_wrong_rate_is_put_right(house):
    (vial,) = house.clinic.receive(count=1)
    session = day.open_session(house)
    syringe = day.draw(house, session, vial)
    house.browser("A").done(f"{session}/start", {"container": syringe, "rate": "11700"}, on=session)
    correct(house, day.entries(house, "infusion_started")[-1].index, rate="1.17")
    assert day.last_event(house, "infusion_started").rate_ul_per_h == 1_170


def test_a_wrong_reading_is_put_right_before_the_second_person_reads(house):
    session, _, syringe = day.stopped(house)
    day.read_left(house, syringe, "0.12")
    correct(house, day.entries(house, "remainder_read")[-1].index, volume="0.22")
    read = day.last_event(house, "remainder_read")
    assert (read.volume_ul, read.given_ug) == (220, 39_000)
    day.reread(house, syringe)
    day.witness(house, day.waste(house, syringe))
    day.close(house, session)


def test_a_corrected_waste_starts_unwitnessed(house):
    session, _, _ = day.balanced(house)
    correct(house, day.entries(house, "waste_recorded")[-1].index, method="waste_bin", why="remainder")
    page = text_of(house.browser("A").get(session))
    assert "Second person signs the waste" in page


def test_a_waste_that_nobody_saw_is_corrected_to_one_without_a_witness(house):
    _, _, syringe = day.stopped(house)
    day.read_left(house, syringe)
    day.reread(house, syringe)
    day.waste(house, syringe)
    index = day.entries(house, "waste_recorded")[-1].index
    correct(house, index, method="denature", why="remainder", alone="yes")
    assert day.last_event(house, "waste_recorded").alone
    assert day.last_event(house, "case_opened").cause == "unwitnessed"


def test_striking_a_closing_opens_the_session_again(house):
    session, _, _ = day.balanced(house)
    day.close(house, session)
    correct(house, day.entries(house, "session_closed")[-1].index, reason="other")
    assert "Close session, 0 mg (0 mL) left" in text_of(house.browser("A").get(session))
    day.close(house, session)


def test_a_wrong_order_is_put_right_and_weight_is_kept_only_while_it_gives_the_dose(house):
    day.open_session(house)
    opened = day.entries(house, "session_opened")[-1]
    fields = {"route": "iv", "prescriber": opened.event.prescriber, "patient": opened.event.patient}
    correct(house, opened.index, dose="35", duration="40", **fields)
    right = day.entries(house, "session_opened")[-1].event
    assert isinstance(right, events.SessionOpened)
    assert (right.dose_ug, right.number, right.session) == (35_000, 1, opened.event.session)
    page = text_of(house.browser("A").get(f"/sessions/{right.session}"))
    assert "Order 35 mg over 40 min" in page


def test_a_receipt_of_too_many_is_put_right(house):
    house.clinic.receive(count=3)
    receipt = day.entries(house, "receipt_recorded")[-1]
    fields = {"invoice": "INV-9", "invoice_date": "2026-11-20", "received_on": "2026-11-23"}
    correct(house, receipt.index, **fields, lot_0="EX-5390", expiry_0="2028-04-30", count_0="2")
    assert len(day.last_event(house, "receipt_recorded").lots[0].containers) == 2


def test_a_blind_reading_is_corrected_by_nobody_who_may_witness_it(house):
    _, _, syringe = day.stopped(house)
    day.read_left(house, syringe)
    index = day.entries(house, "remainder_read")[-1].index
    house.browser("M").get(f"/corrections/{index}", 404)
    assert "0.22" in house.browser("A").get(f"/corrections/{index}")


def test_the_same_correction_twice_is_one(house):
    _, _, index = drawn(house)
    correct(house, index, volume="0.78", vial=vial_of(house))
    before = house.size
    assert house.browser("A").resend(f"/corrections/{index}").status_code == 303
    assert house.size == before
