"""Two people end an identity on its page; before the time is over nobody can, and afterwards nothing is shown."""

import hashlib
import re

import pytest
from sqlalchemy import text

from audit.domain import events
from audit.services.reading import entry_at
from audit.storage.engine import read
from tests.accounts import RIGHT
from tests.web.house import House, text_of

RETENTION_MIN = 3654 * 24 * 60


@pytest.fixture
def over(house: House) -> House:
    """A patient whose ten years are over, and managers A and M."""
    house.patient = house.clinic.register_patient("A")
    house.clock.pass_minutes(RETENTION_MIN)
    return house


def asked(house: House, who: str = "A", **typed: str):
    data = {"ground": "patient_asked", "note": "By letter of Patient Placeholder", "password": RIGHT} | typed
    page = f"/patients/{house.patient}"
    return house.browser(who).post(f"{page}/erasure", data, on=page)


def agreed(house: House, who: str = "M", **typed: str):
    page = f"/patients/{house.patient}"
    of = re.search(r'name="of" value="([^"]*)"', house.browser(who).get(page))
    data = {"of": of[1] if of else "", "sure": "yes", "password": RIGHT} | typed
    return house.browser(who).post(f"{page}/erasure/agree", data, on=page)


def test_before_the_time_is_over_the_page_says_until_when_and_offers_no_form(house):
    house.patient = house.clinic.register_patient("A")
    page = house.browser("M").get(f"/patients/{house.patient}")
    assert "Kept until 23 Nov 2036" in text_of(page)
    assert "O. Reg. 114/94 s. 19" in page
    assert "/erasure" not in page
    size = house.size
    answer = house.browser("M").client.post(
        f"/patients/{house.patient}/erasure",
        data={
            "ground": "patient_asked",
            "note": "x",
            "password": RIGHT,
            "nonce": "ab" * 16,
            "csrf_token": re.search(r'name="csrf_token" value="([^"]*)"', house.browser("M").get("/"))[1],
        },
        base_url="http://localhost",
    )
    assert answer.status_code == 422
    assert "This record must be kept until 2036-11-23" in answer.text
    assert house.size == size


def test_one_asks_another_agrees_and_the_page_says_by_whom(over):
    size = over.size
    assert asked(over).status_code == 303
    request = entry_at(over.clinic.register, size)
    assert request.event == events.ErasureRequested(patient=over.patient, ground="patient_asked")
    own = over.browser("A").get(f"/patients/{over.patient}")
    assert "You asked. Somebody else must agree." in text_of(own)
    assert "/erasure/agree" not in own
    home = over.browser("M").get("/")
    assert f"/patients/{over.patient}" in home
    assert "Waits for you" in text_of(home)
    assert agreed(over).status_code == 303
    page = over.browser("M").get(f"/patients/{over.patient}")
    assert "Identity erased" in text_of(page)
    assert text_of(page).count("A. Example") >= 1
    assert "M. Example" in text_of(page)
    assert "Identities to erase" not in over.browser("M").get("/")
    assert "Erased" in text_of(over.browser("A").get("/patients"))


def test_the_name_is_on_none_of_these_pages(over):
    asked(over)
    pages = [over.browser("M").get(path) for path in (f"/patients/{over.patient}", "/patients", "/")]
    agreed(over)
    pages += [over.browser("M").get(path) for path in (f"/patients/{over.patient}", "/patients", "/register")]
    assert not [page for page in pages if "Placeholder" in page]


def test_whoever_asked_cannot_agree_not_even_by_hand(over):
    asked(over)
    size = over.size
    of = re.search(r'name="of" value="([^"]*)"', over.browser("M").get(f"/patients/{over.patient}"))[1]
    answer = agreed(over, "A", of=of, nonce="cd" * 16)
    assert answer.status_code == 422
    assert over.size == size


def test_what_is_missing_is_said_and_what_was_typed_stays(over):
    answer = asked(over, ground="", password="")
    assert answer.status_code == 422
    assert "By letter of Patient Placeholder" in answer.text
    asked(over)
    size = over.size
    assert agreed(over, sure="").status_code == 422
    assert over.size == size


def test_a_clinician_sees_until_when_and_decides_nothing_and_an_inspector_sees_no_such_page(over):
    page = over.browser("B").get(f"/patients/{over.patient}")
    assert "A manager or an administrator may ask" in text_of(page)
    assert "/erasure" not in page
    over.browser("B").get("/patients", 404)
    over.browser("I").get(f"/patients/{over.patient}", 404)


def test_a_patient_nobody_registered_has_no_page(over):
    over.browser("M").get("/patients/pt_99999999", 404)


def test_an_erased_patient_is_offered_for_no_new_session_and_not_looked_at(over):
    other = over.clinic.register_patient("A")
    asked(over)
    agreed(over)
    form = over.browser("A").get("/sessions/new")
    assert other in form
    assert over.patient not in form
    path = f"/patients/{over.patient}/unmask"
    assert over.browser("A").refused(path, {"reason": "care"}) == [
        "The identity of this patient has been erased; nothing of it is left to open or erase"
    ]


def test_a_file_that_went_with_its_patient_is_said_to_be_erased_not_missing(over):
    clinic = over.clinic
    reports = over.service.desk.reports
    clinic.checkpoint()
    with read(clinic.register.engine) as conn:
        size, root = conn.execute(text("SELECT size, root FROM checkpoint ORDER BY size DESC LIMIT 1")).one()
    for report, patients in (("rp_00000001", (over.patient,)), ("rp_00000002", ())):
        (reports / f"{report}.pdf").write_bytes(b"synthetic")
        if patients:
            clinic.act("M", events.PatientsDisclosed(report=report, patients=patients, reason="inspection"))
        issued = events.ReportIssued(
            report=report,
            report_kind="inspection",
            from_on="2026-11-01",
            to_on="2026-11-30",
            size=size,
            root=bytes(root).hex(),
            sha256=hashlib.sha256(b"synthetic").hexdigest(),
        )
        clinic.on_the_way("M", issued)
    asked(over)
    agreed(over)
    assert [path.name for path in reports.iterdir()] == ["rp_00000002.pdf"]
    (reports / "rp_00000002.pdf").unlink()
    page = text_of(over.browser("M").get("/reports"))
    assert page.count("erased with a patient it named") == 1
    assert page.count("file is missing") == 1
