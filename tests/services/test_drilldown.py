"""The accountability of a period, worked by hand, and each of its figures led back to its entries."""

from pathlib import Path

import pytest

from audit.domain.postings import Account
from audit.services.blind import waiting, without_open_readings
from audit.services.drilldown import SOURCES, as_plain, entries_behind
from audit.services.reconcile import reconcile
from tests.clinic import Clinic, start_clinic

DAY = "2026-11-24"


def waste_from_shelf(clinic: Clinic, vial: str, left_ul: int) -> None:
    first = clinic.read("A", vial, left_ul)
    clinic.reread("B", first, vial, left_ul)
    clinic.witness("B", clinic.waste("A", vial))


@pytest.fixture(scope="module")
def worked_example(tmp_path_factory: pytest.TempPathFactory) -> Clinic:
    """The chart of regulation.md 6.2: A 120.0 + B 200.0; D 95.0, E 17.3, F 207.5 mL of 50 mg/mL."""
    home: Path = tmp_path_factory.mktemp("chart")
    clinic = start_clinic(f"sqlite:///{home / 'audit.db'}", home)
    product = clinic.products["50"]
    old = clinic.receive(count=12, lot="EX-1")
    clinic.count("A", "B", lots={(product, "EX-1"): 12}, levels={})
    clinic.clock.pass_minutes(24 * 60)
    vials = clinic.receive(count=20, lot="EX-2")
    clinic.whole_session(vials[0], drawn_ul=5000, left_ul=500)
    clinic.whole_session(vials[0], drawn_ul=5000, left_ul=500)
    clinic.whole_session(vials[1], drawn_ul=5000, left_ul=500)
    clinic.whole_session(vials[2], drawn_ul=4800, left_ul=1000)
    waste_from_shelf(clinic, vials[1], 5000)
    for vial in vials[3:]:
        waste_from_shelf(clinic, vial, 10_000)
    for vial in old[:3]:
        waste_from_shelf(clinic, vial, 10_000)
    clinic.count("A", "B", lots={(product, "EX-1"): 9}, levels={vials[2]: 5000})
    return clinic


def test_the_chart_comes_out_as_the_worked_example(worked_example):
    (one,) = reconcile(worked_example.register, DAY, DAY).statements
    in_ul = {
        "A": one.opening_ug // 50,
        "B": one.received_ug // 50,
        "C": one.accountable_ug // 50,
        "D": one.closing_ug // 50,
        "E": one.given_ug // 50,
        "F": one.wasted_ug // 50,
        "G": one.accounted_ug // 50,
        "H": one.difference_ug // 50,
    }
    assert in_ul == {
        "A": 120_000,
        "B": 200_000,
        "C": 320_000,
        "D": 95_000,
        "E": 17_300,
        "F": 207_500,
        "G": 319_800,
        "H": -200,
    }
    assert one.difference_ug == -10_000


@pytest.mark.parametrize(
    ("account", "figure"),
    [(Account.RECEIVED, "received_ug"), (Account.GIVEN, "given_ug"), (Account.WASTED, "wasted_ug")],
)
def test_the_entries_behind_a_figure_add_up_to_it(worked_example, account, figure):
    found = reconcile(worked_example.register, DAY, DAY)
    (one,) = found.statements
    rows = entries_behind(worked_example.register, found, one.strength, (account,))
    assert rows
    assert sum(mass for _, mass in rows) == getattr(one, figure)


def test_a_source_counts_what_came_as_more_than_nothing(worked_example):
    assert Account.RECEIVED in SOURCES
    found = reconcile(worked_example.register, DAY, DAY)
    rows = entries_behind(worked_example.register, found, found.statements[0].strength, (Account.RECEIVED,))
    assert [mass for _, mass in rows] == [10_000_000]


def test_a_day_nobody_counted_has_no_closing_figure_for_machines(worked_example):
    plain = as_plain(reconcile(worked_example.register, "2026-11-25", "2026-11-25"))
    figures = plain["strengths"][0]["figures"]
    assert (plain["counted"], figures["closing"], figures["difference"]) == (False, None, None)


def test_a_reading_that_waits_for_its_second_person_is_left_out_for_others_alone(tmp_path):
    clinic = start_clinic(f"sqlite:///{tmp_path / 'audit.db'}", tmp_path)
    (vial, _) = clinic.receive()
    session = clinic.open_session("A")
    syringe = clinic.draw("A", session, vial, 1000)
    clinic.run("A", session, syringe, rate_ul_per_h=1200, minutes=40)
    before = reconcile(clinic.register, "2026-11-23", "2026-11-23")
    first = clinic.read("A", syringe, 200)
    found = reconcile(clinic.register, "2026-11-23", "2026-11-23")
    period = found.period

    def seen_by(who: str):
        return without_open_readings(
            found.statements,
            waiting(clinic.register),
            clinic.people[who],
            from_ms=period.from_ms,
            until_ms=period.until_ms,
            size=found.size,
        )

    assert seen_by("B") == before.statements
    assert seen_by("A")[0].given_ug == 40_000
    clinic.reread("B", first, syringe, 200)
    assert seen_by("B")[0].given_ug == 40_000
