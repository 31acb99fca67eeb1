"""A session without a line of script, on PostgreSQL, served by the very command that an operator types."""

import pytest

from tests import oracle
from tests.browser import clinic_day, treatment
from tests.browser.day import OPENED, Day
from tests.browser.service import served

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_session_with_a_witnessed_waste_needs_no_script(browser, postgres_server, tmp_path):
    with postgres_server.database() as name, served(tmp_path, url=postgres_server.url(name)) as service:
        day = Day(service, browser, has_script=False)
        clinic_day.set_up(day)
        clinic_day.enrol(day)
        clinic_day.stock_products(day)
        clinic_day.inventory_of_nothing(day)
        clinic_day.receive(day)
        treat(day)
        verified = service.run("verify")
        assert verified.returncode == 0, verified.stdout + verified.stderr
        assert oracle.check(service.url) > 20
        assert [one for person in day.people.values() for one in person.complaints] == []


def treat(day: Day) -> None:
    """Draw, start, change the rate, stop, read, read again, waste, witness, close."""
    nurse = day.person("B")
    nurse.enter()
    nurse.tap("Start session")
    nurse.tick("who", "other")
    nurse.write(name="Patient Three Placeholder", birth_date="1990-11-05")
    nurse.number(weight="78")
    nurse.tap("Open the session")
    day.sessions.append(nurse.path)
    nurse.scan(OPENED)
    nurse.key_in("volume", "0.78")
    nurse.tap(nurse.page.locator("form#draw button.hero"))
    nurse.tap("Start S-0001")
    treatment.change_rate(nurse, "0.88 mL/h")
    nurse.tap("Stop infusion")
    nurse.tap("The syringe shows another amount")
    nurse.key_in("volume", "0.7")
    nurse.tap(nurse.page.locator("form#read button.hero"))
    treatment.reread(day, nurse, "C", "0.7")
    treatment.waste(nurse)
    treatment.witness(day, nurse, "C")
    treatment.close(nurse)
    nurse.must_see("balanced to 0 mg (0 mL)", "Wasted 35 mg (0.7 mL)", "Witnessed the waste of 35 mg (0.7 mL)")
