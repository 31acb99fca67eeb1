"""Rules of the stock's pages: strengths never added, every drop followed, and nothing told that must stay blind."""

import re

import pytest

from audit.domain import commands
from tests.web.house import House, text_of


@pytest.fixture
def stocked(house: House) -> House:
    """Three vials of 50 mg/mL, one of them opened, and two of 100 mg/mL."""
    house.clinic.add_product("100", mg_per_ml=100, ml=5)
    house.vials = house.clinic.receive(count=3)
    house.strong = house.clinic.receive(product="100", count=2, lot="EX-2208", expiry="2026-12-31")
    house.session = house.clinic.whole_session(house.vials[0], drawn_ul=1234, left_ul=34)
    return house


def test_each_strength_has_its_own_sum_and_none_is_over_all(stocked):
    said = text_of(stocked.browser("B").get("/stock"))
    # 438.3 mg in the open vial and 1000 mg sealed; 2 x 500 mg of the other strength
    assert "50 mg/mL 10 mL vials 1438.3 mg 28.766 mL" in said
    assert "100 mg/mL 5 mL vials 1000 mg 10 mL" in said
    for blended in ("2438.3", "38.766"):
        assert blended not in said


def test_sealed_open_and_held_stand_apart_with_mg_and_ml(stocked):
    said = text_of(stocked.browser("B").get("/stock"))
    assert "Sealed 2 containers 1000 mg (20 mL) Open 1 container 438.3 mg (8.766 mL) Held none" in said


def test_each_container_on_hand_leads_to_its_life(stocked):
    page = stocked.browser("B").get("/stock")
    for container in (*stocked.vials, *stocked.strong):
        assert f'href="/stock/{container}"' in page
    assert "38 days" in text_of(page)


def test_a_life_goes_step_by_step_from_its_invoice_to_its_last_drop(stocked):
    clinic, vial = stocked.clinic, stocked.vials[0]
    first = clinic.read("B", vial, 8766)
    clinic.reread("C", first, vial, 8766)
    clinic.witness("C", clinic.waste("B", vial))
    page = stocked.browser("B").get(f"/stock/{vial}")
    said = text_of(page)
    assert "Example Wholesale, invoice INV-" in said
    assert "+500 mg +10 mL 500 mg 10 mL" in said
    assert "−61.7 mg −1.234 mL 438.3 mg 8.766 mL" in said
    assert "−438.3 mg −8.766 mL 0 mg 0 mL" in said
    assert "Drawn 61.7 mg (1.234 mL) Wasted 438.3 mg (8.766 mL) Left 0 mg (0 mL)" in said
    assert "finished" in said
    numbers = re.findall(r'href="/register/(\d+)"', page)
    assert len(numbers) >= 6
    assert f'href="/sessions/{stocked.session}"' in page or "session 0001" in said


def test_a_struck_draw_keeps_its_words_and_no_longer_counts(stocked):
    clinic, vial = stocked.clinic, stocked.vials[1]
    session = clinic.open_session("A")
    clinic.draw("A", session, vial, 2000)
    book = clinic.book(f"container:{vial}")
    drawn = max(book.entries.values(), key=lambda entry: entry.index)
    clinic.act("A", commands.StrikeEntry(of=drawn.ref, reason="mistyped"))
    page = stocked.browser("B").get(f"/stock/{vial}")
    said = text_of(page)
    assert 'class="struck"' in page
    assert f"Struck by {drawn.index + 1}" in said
    assert "−100 mg −2 mL" in said
    assert "Left 500 mg (10 mL)" in said


def test_a_syringe_names_its_vial_and_a_vial_its_syringes(stocked):
    syringe = next(iter(stocked.clinic.book(f"session:{stocked.session}").sessions.values())).syringes[0]
    assert f'href="/stock/{syringe}"' in stocked.browser("B").get(f"/stock/{stocked.vials[0]}")
    assert f'href="/stock/{stocked.vials[0]}"' in stocked.browser("B").get(f"/stock/{syringe}")


def _hold(house: House) -> str:
    clinic = house.clinic
    session = clinic.open_session("A")
    syringe = clinic.draw("A", session, house.strong[0], 813)
    clinic.run("A", session, syringe, rate_ul_per_h=600, minutes=40)
    clinic.read("A", syringe, 417)
    clinic.act("A", commands.HoldRemainder(container=syringe, bag="T-0107"))
    return syringe


@pytest.mark.parametrize("who", ["B", "C", "M"])
def test_what_waits_in_a_bag_is_told_to_nobody_who_may_still_read_it(stocked, who):
    syringe = _hold(stocked)
    bodies = [stocked.browser(who).get(path) for path in ("/stock", f"/stock/{syringe}", f"/stock/{stocked.strong[0]}")]
    # 0.417 mL read, 41.7 mg; 39.6 mg given; 960.4 mg is what the sum of the strength would tell
    for figure in ("0.417", "41.7", "0.396", "39.6", "960.4", "9.604"):
        assert not any(figure in body for body in bodies), figure
    assert "T-0107" in bodies[0]


def test_who_read_it_sees_their_own_reading(stocked):
    syringe = _hold(stocked)
    assert "41.7" in stocked.browser("A").get(f"/stock/{syringe}")


def test_a_counts_reveal_and_its_case_do_not_tell_a_reading_that_waits(stocked):
    syringe, clinic = _hold(stocked), stocked.clinic
    lots = {(clinic.products["50"], "EX-5390"): 2, (clinic.products["100"], "EX-2208"): 1}
    opened = {stocked.vials[0]: 8766, stocked.strong[0]: 4187, syringe: 300}
    count = clinic.count("B", "C", lots=lots, levels=opened)
    manager = stocked.browser("M")
    cases = manager.get("/cases")
    bodies = [manager.get(f"/counts/{count}"), cases, *map(manager.get, re.findall(r'href="(/cases/k_\w+)"', cases))]
    assert len(bodies) == 3
    # 0.417 mL expected, 0.3 mL counted: 11.7 mg short
    assert not any(figure in body for body in bodies for figure in ("0.417", "41.7", "11.7", "0.117"))
    assert "S-0002" in bodies[0]


def test_an_opened_vial_on_the_shelf_offers_to_waste_what_is_left_a_sealed_one_does_not(stocked):
    browser = stocked.browser("B")
    page = browser.get(f"/stock/{stocked.vials[0]}")
    assert "Waste what is left" in page
    assert "V-0001" in browser.get(re.search(r'href="(/wastes/[^"]+)"', page)[1])
    assert "Waste what is left" not in browser.get(f"/stock/{stocked.vials[1]}")
    assert "Waste what is left" not in stocked.browser("I").get(f"/stock/{stocked.vials[0]}")


def test_looking_at_the_stock_is_remembered_and_a_withheld_page_is_not(stocked):
    sign_ins, clinic = stocked.service.app.extensions["audit_access"].sign_ins(), stocked.clinic
    stocked.browser("B").get("/stock")
    assert sign_ins.figures_seen_ms(clinic.people["B"]) is not None
    stocked.browser("M").done("/counts", {"business_time": "close"})
    stocked.browser("C").get("/stock")
    stocked.browser("C").get(f"/stock/{stocked.vials[0]}")
    assert sign_ins.figures_seen_ms(clinic.people["C"]) is None


def test_while_a_count_is_open_the_page_says_why_it_shows_nothing(stocked):
    stocked.browser("M").done("/counts", {"business_time": "close"})
    said = text_of(stocked.browser("B").get("/stock"))
    assert "A count is open. What the book has is withheld until it is over" in said
    assert "438.3" not in said
    assert "EX-5390" not in said


@pytest.mark.parametrize(("typed", "finds"), [("V-0001", 0), ("v1", 0), (" V-0003 ", 2)])
def test_a_label_scanned_or_typed_leads_to_its_container(stocked, typed, finds):
    answer = stocked.browser("B").client.get("/stock/find", query_string={"code": typed}, base_url="http://localhost")
    assert answer.headers["Location"] == f"/stock/{stocked.vials[finds]}"


@pytest.mark.parametrize("typed", ["V-0999", "<b>x</b>", "", "02246796"])
def test_a_code_that_is_no_label_is_said_so(stocked, typed):
    answer = stocked.browser("B").client.get("/stock/find", query_string={"code": typed}, base_url="http://localhost")
    assert answer.status_code == 200
    assert "is not a label of this clinic" in answer.text
    assert "<b>x</b>" not in answer.text


@pytest.mark.parametrize("path", ["/stock/c_ffffffff", "/stock/labels?container=c_ffffffff", "/stock/labels/<x>.svg"])
def test_what_is_not_there_is_not_found(stocked, path):
    stocked.browser("B").get(path, 404)


def test_labels_carry_strength_amount_lot_expiry_and_their_code(stocked):
    browser = stocked.browser("B")
    page = browser.get(f"/stock/labels?container={stocked.strong[0]}")
    assert "V-0004 Ketamine hydrochloride injection 100 mg/mL · 500 mg (5 mL) Lot EX-2208 Exp 2026-12-31" in text_of(
        page
    )
    answer = browser.client.get("/stock/labels/V-0004.svg", base_url="http://localhost")
    assert answer.mimetype == "image/svg+xml"
    assert answer.data.startswith(b"<?xml")


def test_who_has_no_part_in_stock_sees_none(stocked):
    stocked.enrol("Z", "other", "administrator")
    for path in ("/stock", f"/stock/{stocked.vials[0]}", "/receive", "/counts", "/cases"):
        stocked.browser("Z").get(path, 404)
    assert stocked.browser("").client.get("/stock", base_url="http://localhost").status_code == 303
