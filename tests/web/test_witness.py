"""Rules of witnessing on its pages: blind until locked, two people, own passwords, the truth when nobody is there."""

import re

import pytest

from tests.accounts import RIGHT
from tests.web import session_day as day
from tests.web.house import problems_in, text_of

FIRST_ML, FIRST_MG = "0.237", "11.85"
"""A first reading whose figures stand nowhere else on any page."""


def waiting(house) -> tuple[str, str]:
    """A session whose syringe A has read and nobody else."""
    session, _, syringe = day.stopped(house)
    day.read_left(house, syringe, FIRST_ML)
    return session, syringe


def pages_of(house, session: str, syringe: str) -> list[str]:
    reading = day.entries(house, "remainder_read")[-1].index
    return [
        session,
        f"{session}?correct=",
        "/sessions",
        "/witness",
        f"/witness/reading/{syringe}",
        f"/witness/cannot-read/{syringe}",
        f"/wastes/{syringe}/read",
        f"/wastes/{syringe}/waste",
        f"/wastes/{syringe}/alone",
        f"/wastes/{syringe}/hold",
        f"/register/{reading}",
        f"/corrections/{reading}",
    ]


def told(answer: str) -> bool:
    """Whether an answer holds the first reading, or what was given by it; digits inside a hash or token are neither."""
    figures = (FIRST_ML, FIRST_MG, "237", "11850", "38.15", "38150", "0.763")
    return any(re.search(rf"(?<![\w.-]){re.escape(figure)}(?![\w-])", answer) for figure in figures)


def test_a_first_reading_is_in_no_answer_to_anyone_who_may_still_witness_it(house):
    session, syringe = waiting(house)
    for who in ("B", "C", "M"):
        for page in pages_of(house, session, syringe):
            answer = house.browser(who).client.get(page, base_url="http://localhost")
            assert answer.status_code in {200, 303, 404}, page
            assert not told(answer.text), (who, page)
            assert not told(str(answer.headers)), (who, page)


def test_who_read_it_sees_the_figure_on_the_session_but_never_on_the_second_persons_page(house):
    session, syringe = waiting(house)
    assert FIRST_ML in house.browser("A").get(session)
    assert not told(house.browser("A").get(f"/witness/reading/{syringe}"))


def test_once_both_readings_agree_they_are_open_to_all(house):
    session, syringe = waiting(house)
    day.reread(house, syringe, FIRST_ML)
    assert FIRST_MG in text_of(house.browser("C").get(session))


def test_waste_and_witness_are_in_the_order_of_the_log_format(house):
    day.balanced(house)
    kinds = ("remainder_read", "remainder_reread", "waste_recorded", "waste_witnessed")
    assert [type(entry.event).__name__ for entry in day.entries(house, *kinds)] == [
        "RemainderRead",
        "RemainderReread",
        "WasteRecorded",
        "WasteWitnessed",
    ]


def test_the_second_person_signs_in_their_own_name_on_the_first_persons_tablet(house):
    day.balanced(house)
    reread, witnessed = (day.entries(house, kind)[-1] for kind in ("remainder_reread", "waste_witnessed"))
    assert reread.actor == witnessed.actor == house.clinic.people["B"]
    assert reread.method == witnessed.method == "password_totp"


def test_a_second_person_signed_in_on_their_own_device_finds_what_waits_and_signs_there(house):
    _, syringe = waiting(house)
    assert f"/witness/reading/{syringe}" in house.browser("B").get("/witness")
    assert "S-0001" not in house.browser("A").get("/witness")
    assert day.reread(house, syringe, FIRST_ML, at="B") == "/witness?came=agreed"
    page = day.waste(house, syringe)
    assert page in house.browser("B").get("/witness")
    day.witness(house, page, at="B")
    assert day.entries(house, "waste_witnessed")[-1].actor == house.clinic.people["B"]


def reread_refused(house, syringe: str, **changes: str) -> list[str]:
    page = house.browser("A").get(f"/witness/reading/{syringe}")
    fields = {
        "volume": FIRST_ML,
        "second": house.clinic.people["B"],
        "second_password": RIGHT,
        "reading": re.search(r'name="reading" value="(\d+)"', page)[1],
    }
    before = house.size
    messages = house.browser("A").refused(f"/witness/reading/{syringe}", fields | changes)
    assert house.size == before, "nothing is stored"
    return messages


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"second": ""}, "Choose who signs as second person"),
        ({"second": "p_nobody99"}, "Nobody of that name is enrolled here"),
        ({"second": "p_00000000"}, "You had a hand in this amount. Someone else must sign as second person"),
        ({"second_password": "wrong"}, "This is not the password. Nothing is signed"),
        ({"second_password": ""}, "Type the password to sign"),
        ({"volume": "1e-1"}, "“1e-1” is not a number. Type it like 1.5"),
        ({"volume": "0,237"}, "“0,237” can be read two ways. Type it without a thousands separator, like 1500 or 1.5"),
        ({"volume": ""}, "Type the amount"),
        ({"reading": "1"}, "This was read again since. Open the page again"),
    ],
)
def test_a_wrong_second_reading_is_refused_at_its_field_without_the_first_figure(house, changes, message):
    _, syringe = waiting(house)
    messages = reread_refused(house, syringe, **changes)
    assert messages == [message]
    assert not told(" ".join(messages).replace("0,237", ""))


def test_an_inspector_is_no_second_person(house):
    _, syringe = waiting(house)
    messages = reread_refused(house, syringe, second=house.clinic.people["I"])
    assert messages == ["You had a hand in this amount. Someone else must sign as second person"]


def test_who_ran_the_pump_is_not_offered_as_second_person(house):
    (vial,) = house.clinic.receive(count=1)
    session = day.open_session(house)
    syringe = day.draw(house, session, vial)
    house.browser("C").done(f"{session}/start", {"container": syringe, "rate": "1170"}, on=session)
    house.browser("A").done(f"{session}/stop", {"container": syringe, "reason": "equipment"}, on=session)
    day.read_left(house, syringe, "0.9")
    page = text_of(house.browser("A").get(f"/witness/reading/{syringe}"))
    assert "B. Example" in page
    assert "C. Example" not in page
    assert "S-0001" not in house.browser("C").get("/witness")


def test_different_readings_sign_nothing_and_both_read_again_without_learning_the_others_figure(house):
    session, syringe = waiting(house)
    assert day.reread(house, syringe, "0.611") == f"/wastes/{syringe}/read"
    page = text_of(house.browser("A").get(f"/wastes/{syringe}/read"))
    assert "Your readings are not the same. Nothing is signed." in page
    assert "0.611" not in house.browser("A").get(session)
    assert not told(house.browser("B").get(session))
    assert not told(house.browser("B").get(f"/witness/reading/{syringe}"))
    assert not day.entries(house, "waste_recorded")
    day.read_left(house, syringe, "0.24")
    day.reread(house, syringe, "0.24")
    day.witness(house, day.waste(house, syringe))
    day.close(house, session)
    assert "Not the same" in text_of(house.browser("B").get(session))


def test_no_waste_is_signed_before_a_second_person_has_read(house):
    _, syringe = waiting(house)
    page = text_of(house.browser("A").get(f"/wastes/{syringe}/waste"))
    assert "A second person reads S-0001 first" in page
    fields = {"method": "denature", "reason": "remainder", "password": RIGHT}
    answer = house.browser("A").post(f"/wastes/{syringe}/waste", fields, on="/sessions/new")
    assert answer.status_code == 422
    assert not day.entries(house, "waste_recorded")


def test_the_same_waste_form_twice_is_one_entry(house):
    _, syringe = waiting(house)
    day.reread(house, syringe, FIRST_ML)
    day.waste(house, syringe)
    before = house.size
    assert house.browser("A").resend(f"/wastes/{syringe}/waste").status_code == 303
    assert house.size == before


def test_signing_a_waste_signs_ones_acts_on_the_way_and_says_which(house):
    _, syringe = waiting(house)
    day.reread(house, syringe, FIRST_ML)
    first = day.entries(house, "session_opened")[-1].index
    assert "acts on the way: entries" in text_of(house.browser("A").get(f"/wastes/{syringe}/waste"))
    day.waste(house, syringe)
    assert first in day.last_event(house, "acts_signed").indexes


def test_a_witness_ticks_what_they_saw(house):
    _, syringe = waiting(house)
    day.reread(house, syringe, FIRST_ML)
    page = day.waste(house, syringe)
    fields = {"second": house.clinic.people["B"], "second_password": RIGHT}
    messages = house.browser("A").refused(page, fields)
    assert messages == ["Tick it if you saw it. Otherwise choose “I cannot sign this”"]


def test_the_first_persons_own_password_signs_no_waste_as_witness(house):
    _, syringe = waiting(house)
    day.reread(house, syringe, FIRST_ML)
    page = day.waste(house, syringe)
    fields = {"seen": "yes", "second": house.clinic.people["A"], "second_password": RIGHT}
    assert house.browser("A").refused(page, fields) == [
        "You had a hand in this amount. Someone else must sign as second person"
    ]


def test_a_waste_alone_says_so_plainly_opens_a_case_and_stays_unwitnessed(house):
    session, syringe = waiting(house)
    page = text_of(house.browser("A").get(f"/wastes/{syringe}/alone"))
    assert "This waste stays unwitnessed" in page
    house.browser("A").done(
        f"/wastes/{syringe}/alone", {"method": "waste_bin", "reason": "remainder", "password": RIGHT}
    )
    assert day.last_event(house, "case_opened").cause == "unwitnessed"
    assert "Unwitnessed" in text_of(house.browser("A").get(session))


def test_what_is_held_in_a_bag_lets_the_session_close_and_is_witnessed_later(house):
    session, syringe = waiting(house)
    house.browser("A").done(f"/wastes/{syringe}/hold", {"bag": "TB-0107", "password": RIGHT})
    day.close(house, session)
    page = house.browser("B").get(session)
    assert not told(page)
    assert "TB-0107" not in page
    day.reread(house, syringe, FIRST_ML)
    day.witness(house, day.waste(house, syringe))
    wasted = day.last_event(house, "waste_recorded")
    assert (wasted.from_hold, wasted.mass_ug) == (True, 11_850)


def test_a_session_closed_before_the_witness_signed_opens_a_case(house):
    session, syringe = waiting(house)
    day.reread(house, syringe, FIRST_ML)
    day.waste(house, syringe)
    assert "Close without the second person" in text_of(house.browser("A").get(session))
    day.close(house, session)
    assert day.last_event(house, "case_opened").cause == "unwitnessed"
    assert "is unwitnessed" in text_of(house.browser("A").get(session))


def test_the_rest_of_an_opened_vial_is_wasted_before_two_people(house):
    session, vial, _ = day.balanced(house)
    day.close(house, session)
    assert day.read_left(house, vial, "8.95") == f"/witness/reading/{vial}"
    day.reread(house, vial, "8.95")
    page = day.waste(house, vial, reason="in_use_limit")
    day.witness(house, page)
    wasted = day.last_event(house, "waste_recorded")
    assert (wasted.session, wasted.mass_ug, wasted.short_ug) == (None, 447_500, 2_500)
    assert day.last_event(house, "case_opened").cause == "short"


def test_who_cannot_sign_is_told_what_else_is_true(house):
    _, syringe = waiting(house)
    day.reread(house, syringe, FIRST_ML)
    page = day.waste(house, syringe)
    index = day.entries(house, "waste_recorded")[-1].index
    assert f"/witness/cannot-sign/{index}" in house.browser("A").get(page)
    assert f"/corrections/{index}" in house.browser("A").get(f"/witness/cannot-sign/{index}")


def test_passwords_are_never_sent_back(house):
    _, syringe = waiting(house)
    page = house.browser("A").get(f"/witness/reading/{syringe}")
    fields = {
        "volume": "1e1",
        "second": house.clinic.people["B"],
        "second_password": "a password typed here",
        "reading": re.search(r'name="reading" value="(\d+)"', page)[1],
    }
    answer = house.browser("A").post(f"/witness/reading/{syringe}", fields)
    assert problems_in(answer.text)
    assert "a password typed here" not in answer.text
