"""The first page tells each role what is still asked of them, and nothing that they may still count or witness."""

import pytest

from audit.domain import events
from audit.services.reading import unsigned_acts
from audit.storage import signer_store
from audit.storage.signer_store import Held
from tests.accounts import RIGHT
from tests.web.house import text_of


def home(house, who: str) -> str:
    return text_of(house.browser(who).get("/"))


def test_a_new_clinic_is_led_through_its_set_up(house) -> None:
    page = home(house, "A")
    assert "Set-up, not finished yet" in page
    assert "No session is open" in page
    assert "By two people, each without the other’s figures; nothing on hand is said too" in page
    assert "Nothing is on hand." in page


def test_the_open_session_stands_first_with_what_is_still_to_account_for(house) -> None:
    vials = house.clinic.receive(count=3)
    house.clinic.whole_session(vials[0])
    session = house.clinic.open_session("A")
    house.clinic.draw("A", session, vials[1], 1000)
    page = home(house, "A")
    assert page.index("Session 2") < page.index("Session 1")
    # 1 mL of 50 mg/mL drawn, nothing given yet.
    assert "Drawn 50 mg 1 mL of 50 mg/mL" in page


def test_a_reading_waits_for_the_second_person_without_any_figure(house) -> None:
    vials = house.clinic.receive(count=2)
    session = house.clinic.open_session("A")
    syringe = house.clinic.draw("A", session, vials[0], 1000)
    house.clinic.run("A", session, syringe, rate_ul_per_h=1200, minutes=40)
    house.clinic.read("A", syringe, 234)
    page = home(house, "B")
    assert "Syringe S-0001, session 1 Read by Dr A. Example Read it and sign" in page
    assert "Hidden, you may witness it" in page
    raw = house.browser("B").get("/")
    # The reading is 0.234 mL, which is 11.7 mg; given is 38.3 mg (0.766 mL).
    for figure in ("0.234", "11.7", "38.3", "0.766"):
        assert figure not in raw
    own = home(house, "A")
    assert "11.7 mg 0.234 mL" in own
    assert "Yours: someone else must sign." in own


def test_a_manager_sees_what_keeps_today_from_being_closed(house) -> None:
    vials = house.clinic.receive(count=2)
    house.clinic.whole_session(vials[0])
    session = house.clinic.open_session("A")
    syringe = house.clinic.draw("A", session, vials[0], 1000)
    house.clinic.read("A", syringe, 1000)
    house.clinic.waste("A", syringe, alone=True)
    page = home(house, "M")
    assert "To do: Sessions: 1 of 2 closed" in page
    assert "To do: Waste: 1 of 2 witnessed" in page
    assert "To do: Closing count: not yet" in page
    assert "Not yet. 3 things are left." in page
    assert "Waste without a witness" in page or "Unwitnessed" in page


def test_a_count_of_today_that_two_agree_on_closes_it(house) -> None:
    vials = house.clinic.receive(count=2)
    house.clinic.whole_session(vials[0])
    lots = {(house.clinic.products["50"], "EX-5390"): 1}
    house.clinic.count("A", "B", lots=lots, levels={vials[0]: 9_000})
    assert "Today is closed." in home(house, "M")


def test_while_a_count_is_open_no_stock_is_shown_to_who_may_count(house) -> None:
    house.clinic.receive(count=2)
    assert "1000 mg" in home(house, "B")
    house.clinic.on_the_way("A", events.CountStarted(count=house.clinic.identifier("n"), business_time="close"))
    for who in ("A", "B", "M"):
        page = home(house, who)
        assert "Hidden while a count is open" in page
        assert "1000 mg" not in page
    assert "1000 mg" in home(house, "I")


def test_who_has_seen_the_stock_is_remembered_for_a_blind_count(house) -> None:
    house.clinic.receive(count=2)
    home(house, "B")
    with house.clinic.register.engine.connect() as conn:
        seen = conn.exec_driver_sql("SELECT figures_seen_ms FROM sign_in WHERE person = ?", (house.clinic.people["B"],))
        assert all(row[0] for row in seen)


def test_an_inspector_sees_verdict_stock_and_people_and_nothing_to_change(house) -> None:
    house.clinic.receive(count=2)
    page = house.browser("I").get("/")
    text = text_of(page)
    assert "Unaltered as last signed, not yet anchored outside" in text
    assert "1000 mg 20 mL" in text
    assert "People with access" in text
    assert "Start session" not in text
    assert 'action="/sign"' not in page


@pytest.mark.parametrize("who", ["A", "B", "M", "I"])
def test_no_first_page_names_a_patient(house, who) -> None:
    vials = house.clinic.receive(count=1)
    house.clinic.whole_session(vials[0])
    assert "Placeholder" not in house.browser(who).get("/")


def test_a_person_signs_what_they_did_on_the_way_with_their_password(house) -> None:
    vials = house.clinic.receive(count=1)
    session = house.clinic.open_session("B")
    house.clinic.draw("B", session, vials[0], 1000)
    person = house.clinic.people["B"]
    assert len(unsigned_acts(house.clinic.register, person)) == 3
    assert "3 acts of yours are not signed yet." in home(house, "B")
    assert house.browser("B").refused("/sign", {"password": "not it at all"}) == [
        "This is not the password. Nothing is signed"
    ]
    house.browser("B").done("/sign", {"password": RIGHT})
    assert unsigned_acts(house.clinic.register, person) == []
    assert "Nothing to sign" in house.browser("B").get("/sign")


def test_a_signer_that_remembers_more_makes_every_page_say_read_only(house) -> None:
    origin, store = house.clinic.register.origin, house.clinic.signer.store
    held = house.clinic.signer.held(origin)
    signer_store.swap(store, origin, held, Held(size=held.size + 1000, root=bytes(32), note=held.note))
    house.service.desk.watch.look()
    for path in ("/", "/people", "/products"):
        assert "Read-only: the signer and this database do not agree." in house.browser("A").get(path)
    alarm = text_of(house.browser("B").get("/alarm"))
    assert "This database is older than the one the signer remembers" in alarm
    assert "signed entries are missing here" in alarm
    assert "For the administrator" not in alarm
    assert "For the administrator" in text_of(house.browser("A").get("/alarm"))
    before = house.size
    said = house.browser("A").refused(
        "/people/new",
        {"name": "RN X. Sample", "sign_in": "x", "profession": "nurse", "role_clinician": "yes", "password": RIGHT},
    )
    assert said == ["The record is read-only: the signer and the database do not agree. See the alarm"]
    assert house.size == before


def test_without_an_alarm_its_page_says_so(house) -> None:
    assert "The database holds all that the signer remembers" in text_of(house.browser("B").get("/alarm"))
