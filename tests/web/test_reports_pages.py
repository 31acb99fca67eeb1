"""Reports on the pages: a manager issues, an inspector fetches too, and no file tells what somebody must not know."""

import hashlib

import pytest

from audit.domain import events
from audit.reports.sign import check_signature
from audit.services.acts import SIGNED_IN
from tests.accounts import RIGHT
from tests.web.house import House, text_of

FORM = {"from": "2026-11-23", "to": "2026-11-23", "password": RIGHT}


@pytest.fixture
def worked(house: House) -> House:
    """A clinic with one whole session."""
    (vial, _) = house.clinic.receive()
    house.clinic.whole_session(vial)
    return house


def pdf_of(house: House, who: str, report: str) -> bytes:
    answer = house.browser(who).client.get(f"/reports/{report}.pdf", base_url="http://localhost")
    assert answer.status_code == 200
    assert answer.mimetype == "application/pdf"
    return answer.data


def issued(house: House, who: str = "M") -> str:
    return house.browser(who).done("/reports", FORM).partition("issued=")[2]


def test_a_manager_issues_a_report_that_manager_and_inspector_fetch(worked):
    report = issued(worked)
    pdf = pdf_of(worked, "I", report)
    assert pdf == pdf_of(worked, "M", report)
    assert check_signature(pdf).holds
    page = worked.browser("M").get("/reports")
    assert hashlib.sha256(pdf).hexdigest()[:4] in page
    assert "2026-11-23 to 2026-11-23" in text_of(page)


def test_nobody_but_a_manager_issues(worked):
    for who in ("B", "I"):
        browser = worked.browser(who)
        token = {"csrf_token": "", "nonce": "0" * 32}
        assert browser.client.post("/reports", data=FORM | token, base_url="http://localhost").status_code in {400, 404}
    worked.browser("B").get("/reports", 404)
    assert list(worked.service.desk.reports.iterdir()) == []


def test_a_second_tap_is_the_same_report(worked):
    browser = worked.browser("M")
    first = browser.done("/reports", FORM)
    size = worked.size
    again = browser.resend("/reports")
    assert (again.status_code, again.headers["Location"], worked.size) == (303, first, size)


def test_a_wrong_password_or_day_has_its_message_and_issues_nothing(worked):
    browser = worked.browser("M")
    size = worked.size
    assert browser.refused("/reports", FORM | {"password": "not it at all"}) == [
        "This is not the password. Nothing is signed"
    ]
    assert browser.refused("/reports", FORM | {"from": "2026-13-01"}) == [
        "“2026-13-01” is not a date. Type it like 2026-11-23"
    ]
    assert browser.refused("/reports", FORM | {"from": "2026-11-24"}) == [
        "The period ends (2026-11-23) before it begins (2026-11-24)"
    ]
    assert worked.size == size
    assert list(worked.service.desk.reports.iterdir()) == []


def test_a_file_with_a_reading_that_waits_is_not_for_who_may_repeat_it(worked):
    clinic = worked.clinic
    (vial, _) = clinic.receive()
    session = clinic.open_session("A")
    syringe = clinic.draw("A", session, vial, 1000)
    clinic.run("A", session, syringe, rate_ul_per_h=1200, minutes=40)
    first = clinic.read("A", syringe, 198)
    report = issued(worked)
    waits = worked.browser("M").get(f"/reports/{report}.pdf", 403)
    assert "This file has to wait" in text_of(waits)
    assert pdf_of(worked, "I", report)
    clinic.reread("B", first, syringe, 198)
    assert pdf_of(worked, "M", report)


def test_a_file_changed_on_the_disk_is_not_given_as_the_report(worked):
    report = issued(worked)
    file = worked.service.desk.reports / f"{report}.pdf"
    file.write_bytes(file.read_bytes() + b"\n")
    assert "The file is not the one that was issued" in text_of(worked.browser("I").get(f"/reports/{report}.pdf", 409))


def test_what_is_entered_later_for_the_period_stands_at_the_report(worked):
    happened = worked.clock.now_ms
    issued(worked)
    worked.clock.pass_minutes(24 * 60)
    started = events.CountStarted(count="n_late0001", business_time="close")
    worked.clinic.act("B", started, SIGNED_IN, occurred_ms=happened)
    assert "1 entry about these days was entered since" in text_of(worked.browser("I").get("/reports"))
