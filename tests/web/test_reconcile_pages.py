"""Accountability on the page: the customary chart, each figure led to its entries, withheld while somebody counts."""

import csv
import io
import json

from audit.domain import events
from tests.web.house import House, text_of

DAY = "from=2026-11-23&to=2026-11-23"


def counted_day(house: House) -> list[str]:
    """Two vials, one session of 40 mg given and 10 mg wasted, a count that finds 2.5 mg less."""
    clinic = house.clinic
    vials = clinic.receive()
    clinic.whole_session(vials[0])
    clinic.count("B", "C", lots={(clinic.products["50"], "EX-5390"): 1}, levels={vials[0]: 8950})
    return vials


def test_the_chart_tells_what_came_what_it_became_and_the_signed_difference(house):
    counted_day(house)
    said = text_of(house.browser("M").get(f"/reconcile?{DAY}"))
    assert "C Accountable for 1000 mg 20 mL" in said
    assert "997.5 mg 19.95 mL" in said
    assert "−2.5 mg (−0.05 mL) unexplained" in said
    assert "H Difference accounted for − accountable for; minus is short −2.5 mg −0.05 mL" in said


def test_a_day_nobody_counted_has_no_difference(house):
    clinic = house.clinic
    (vial, _) = clinic.receive()
    clinic.whole_session(vial)
    said = text_of(house.browser("M").get(f"/reconcile?{DAY}"))
    assert "D Closing, counted not counted" in said
    assert "minus is short not counted" in said


def test_a_figure_leads_to_entries_that_add_up_to_it(house):
    counted_day(house)
    page = house.browser("I").get(f"/reconcile/cell?{DAY}&figure=given&strength=50000")
    said = text_of(page)
    assert "1 entries make 40 mg (0.8 mL)" in said or "1 entry makes 40 mg (0.8 mL)" in said
    assert "so 40 mg (0.8 mL) was given" in said


def test_csv_and_json_hold_the_same_integers(house):
    counted_day(house)
    browser = house.browser("M")
    rows = list(csv.DictReader(io.StringIO(browser.get(f"/reconcile.csv?{DAY}"))))
    by_name = {row["figure"]: row for row in rows}
    assert (by_name["difference"]["mass_ug"], by_name["difference"]["volume_ul"]) == ("-2500", "-50")
    figures = json.loads(browser.get(f"/reconcile.json?{DAY}"))["strengths"][0]["figures"]
    assert {name: str(value["mass_ug"]) for name, value in figures.items() if value and name in by_name} == {
        name: row["mass_ug"] for name, row in by_name.items()
    }


def test_while_a_count_is_open_its_figures_are_for_nobody_who_may_count(house):
    counted_day(house)
    house.clinic.on_the_way("B", events.CountStarted(count="n_open0001", business_time="close"))
    for who in ("A", "B", "C", "M"):
        browser = house.browser(who)
        assert "Figures are withheld" in text_of(browser.get(f"/reconcile?{DAY}"))
        assert "Figures are withheld" in text_of(browser.get(f"/reconcile/cell?{DAY}&figure=given&strength=50000"))
        browser.get(f"/reconcile.csv?{DAY}", 404)
        browser.get(f"/reconcile.json?{DAY}", 404)
    assert "997.5 mg" in text_of(house.browser("I").get(f"/reconcile?{DAY}"))


def test_a_reading_somebody_may_repeat_is_in_no_figure_of_theirs(house):
    clinic = house.clinic
    (vial, _) = clinic.receive()
    session = clinic.open_session("A")
    syringe = clinic.draw("A", session, vial, 1000)
    clinic.run("A", session, syringe, rate_ul_per_h=1200, minutes=40)
    clinic.read("A", syringe, 198)
    others = house.browser("B").get(f"/reconcile?{DAY}")
    assert "1 readings wait for a second person" in text_of(others)
    assert "40.1" not in others
    assert "40.1 mg" not in text_of(house.browser("B").get(f"/reconcile/cell?{DAY}&figure=given&strength=50000"))
    assert "E Given 40.1 mg 0.802 mL" in text_of(house.browser("A").get(f"/reconcile?{DAY}"))


def test_a_wrong_day_has_its_message_at_its_field(house):
    browser = house.browser("M")
    page = browser.get("/reconcile?from=2026-11-31&to=2026-11-23", 422)
    assert "“2026-11-31” is not a date. Type it like 2026-11-23" in text_of(page)
    assert "The period ends (2026-11-01) before it begins (2026-11-23)" in text_of(
        browser.get("/reconcile?from=2026-11-23&to=2026-11-01", 422)
    )
