"""The register as its readers see it: acts in words, entries with bytes and proof, nothing before its time."""

import json
import re

import pytest

from audit.domain import commands, events
from audit.tlog.merkle import leaf_hash
from audit.tlog.proof import parse_proof, verify_proof
from tests.web.house import House, text_of

UNREAD = "198"
"""The remainder that B has still to read, in uL; no other figure of these tests holds these digits."""


@pytest.fixture
def running(house: House) -> tuple[House, str, str, int]:
    """A session whose remainder A read and nobody read again: house, session, syringe, entry of the reading."""
    clinic = house.clinic
    (vial, _) = clinic.receive()
    session = clinic.open_session("A")
    syringe = clinic.draw("A", session, vial, 1000)
    clinic.run("A", session, syringe, rate_ul_per_h=1200, minutes=40)
    first = clinic.read("A", syringe, int(UNREAD))
    house.service.desk.watch.sign()
    return house, session, syringe, first.index


def test_acts_are_told_in_words_with_mg_ml_and_strength(house):
    clinic = house.clinic
    (vial, _) = clinic.receive()
    clinic.whole_session(vial)
    said = text_of(house.browser("M").get("/register"))
    assert "Received 2 containers with 1000 mg (20 mL)" in said
    assert "Drew 50 mg (1 mL) from V-0001 into a syringe" in said
    assert "Wasted 10 mg (0.2 mL), remainder, denatured" in said
    assert "Session 0001 · S-0001 · 50 mg/mL" in said
    assert "Witnessed the waste of 10 mg (0.2 mL), denatured" in said


@pytest.mark.parametrize("who", ["B", "C", "M", "I"])
def test_a_reading_is_told_to_nobody_but_its_reader_before_the_second_one(running, who):
    house, session, syringe, index = running
    browser = house.browser(who)
    pages = [
        "/register",
        f"/register/{index}",
        f"/register?find=container:{syringe}",
        f"/register?find=session:{session}",
    ]
    pages += [f"/register/{other}" for other in range(index - 3, house.size)]
    for page in pages:
        assert "0.198" not in browser.get(page), page
        assert "198" not in re.sub(r"[0-9a-f]{8,}", "", text_of(browser.get(page))), page
    browser.get(f"/register/{index}/bytes", 404)
    assert b"198" not in parse_proof(browser.get(f"/register/{index}/proof")).extra


def test_the_reader_sees_the_own_reading_and_its_bytes(running):
    house, _, _, index = running
    browser = house.browser("A")
    assert "Read 9.9 mg (0.198 mL) left in S-0001" in text_of(browser.get(f"/register/{index}"))
    assert json.loads(browser.get(f"/register/{index}/bytes"))["act"]["facts"]["volume_ul"] == 198


def test_an_agreeing_second_reading_opens_the_first_to_all(running):
    house, _, syringe, index = running
    clinic = house.clinic
    first = clinic.book(f"container:{syringe}").entries[index]
    clinic.reread("B", first, syringe, 198)
    assert "Read 9.9 mg (0.198 mL) left in S-0001" in text_of(house.browser("M").get(f"/register/{index}"))


def test_what_the_first_person_counted_waits_for_the_second(house):
    clinic = house.clinic
    clinic.receive(count=7)
    count = clinic.identifier("n")
    clinic.on_the_way("B", events.CountStarted(count=count, business_time="close"))
    lots = (events.LotFound(product=clinic.products["50"], lot="EX-5390", containers=7),)
    counted = clinic.act("B", events.CountRecorded(count=count, lots=lots))
    assert "7 sealed" not in text_of(house.browser("C").get("/register"))
    house.browser("C").get(f"/register/{counted.index}/bytes", 404)
    clinic.act("C", commands.ConfirmCount(of=counted.ref, count=count, lots=lots))
    assert "7 sealed containers of lot EX-5390, 50 mg/mL" in text_of(house.browser("M").get("/register"))


def test_the_proof_file_shows_with_the_entrys_bytes_that_it_stands_in_the_signed_log(house):
    house.service.desk.watch.sign()
    browser = house.browser("I")
    body = browser.get("/register/1/bytes").encode()
    proof = parse_proof(browser.get("/register/1/proof"))
    key = house.clinic.log_key
    checkpoint, _ = verify_proof(proof, leaf=leaf_hash(body), keys=[key])
    assert checkpoint.origin == house.clinic.register.origin


def test_a_struck_entry_names_what_struck_and_what_replaced_it(house):
    clinic = house.clinic
    (vial, _) = clinic.receive()
    session = clinic.open_session("A")
    wrong = clinic.draw("A", session, vial, 1300)
    entry = next(
        one for one in clinic.book(f"container:{wrong}").entries.values() if isinstance(one.event, events.DoseDrawn)
    )
    again = commands.DrawDose(
        session=session, syringe=clinic.identifier("c"), parts=(commands.Part(container=vial, volume_ul=1000),)
    )
    strike = commands.StrikeEntry(of=entry.ref, reason="mistyped", replacements=1)
    orders = [clinic.order("A", strike), clinic.order("A", again, answers_strike=True)]
    written = [one.entry.index for one in clinic.record(orders)]
    page = house.browser("M").get(f"/register/{entry.index}")
    assert f'href="/register/{written[0]}"' in page
    assert f'href="/register/{written[1]}"' in page
    said = text_of(page)
    assert "This entry is struck." in said
    assert "Drew 65 mg (1.3 mL) from V-0001" in said


def test_entries_are_found_by_label_session_act_person_and_mark(house):
    clinic = house.clinic
    vials = clinic.receive()
    clinic.whole_session(vials[0])
    session = clinic.open_session("A")
    syringe = clinic.draw("A", session, vials[1], 1000)
    clinic.read("A", syringe, 300)
    alone = clinic.waste("A", syringe, alone=True)
    browser = house.browser("M")
    by_label = text_of(browser.get("/register?find=V-0002"))
    assert "from V-0002" in by_label
    assert "from V-0001" not in by_label
    assert "Opened session 0002" in text_of(browser.get("/register?find=session+2"))
    assert "Drew" not in text_of(browser.get("/register?act=waste"))
    assert "Dr A. Example physician" not in text_of(browser.get(f"/register?person={clinic.people['B']}"))
    unwitnessed = browser.get("/register?flag=unwitnessed")
    assert re.findall(r'<div class="lg-n"><a href="/register/([0-9]+)"', unwitnessed) == [str(alone.index)]
    assert "Nothing here is called “V-9999”" in text_of(browser.get("/register?find=V-9999"))


def test_a_page_of_the_register_goes_on_where_it_ended(house):
    clinic = house.clinic
    (vial, _) = clinic.receive()
    for _ in range(5):
        clinic.whole_session(vial)
    browser = house.browser("M")
    seen: list[str] = []
    page = "/register"
    while page:
        html = browser.get(page)
        seen += re.findall(r'<div class="lg-n"><a href="/register/([0-9]+)"', html)
        older = re.search(r'href="([^"]*before=[0-9]+[^"]*)" rel="next"', html)
        page = older[1].replace("&amp;", "&") if older else ""
    assert [int(index) for index in seen] == list(range(house.size - 1, -1, -1))


def test_verifying_names_an_entry_changed_behind_the_program(house):
    house.service.desk.watch.sign()
    browser = house.browser("M")
    assert "not yet anchored outside" in text_of(browser.get("/register/verify"))
    raw = house.clinic.register.engine.raw_connection()
    triggers = (
        raw.cursor().execute("SELECT name FROM sqlite_master WHERE type='trigger' AND tbl_name='log_entry'").fetchall()
    )
    for (name,) in triggers:
        raw.cursor().execute(f"DROP TRIGGER {name}")
    raw.cursor().execute(
        "UPDATE log_entry SET body = CAST(replace(body, 'B. Example', 'X. Example') AS BLOB) WHERE idx = 2"
    )
    raw.commit()
    raw.close()
    said = text_of(browser.get("/register/verify"))
    assert "Something is wrong with the record" in said


def test_an_entry_beyond_the_end_is_nothing_here(house):
    browser = house.browser("M")
    browser.get("/register/99999", 404)
    browser.get("/register/99999999999999999999", 404)


def test_a_visitor_is_sent_to_the_sign_in(house):
    assert "/sign-in" in house.browser("").client.get("/register", base_url="http://localhost").headers["Location"]
