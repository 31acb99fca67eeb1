"""A patient's identity is shown once, for a reason, which the log keeps; it is in no address, title or cache."""

import re

from audit.domain import events
from audit.services.reading import entry_at
from tests.web.house import text_of


def test_looking_at_an_identity_is_an_entry_with_its_reason(house):
    patient = house.clinic.register_patient("A")
    browser, size = house.browser("B"), house.size
    path = f"/patients/{patient}/unmask"
    assert "Placeholder" not in browser.get(path)
    answer = browser.post(path, {"reason": "care"})
    assert "Patient Placeholder" in answer.text
    assert "Placeholder" not in re.search("<title>(.*?)</title>", answer.text)[1]
    assert answer.headers["Cache-Control"] == "no-store"
    looked = entry_at(house.clinic.register, size)
    assert looked.event == events.PatientUnmasked(patient=patient, reason="care")
    assert looked.actor == house.clinic.people["B"]
    assert "Placeholder" not in browser.get(path)


def test_without_a_reason_nothing_is_shown_or_written(house):
    patient = house.clinic.register_patient("A")
    size = house.size
    answer = house.browser("B").post(f"/patients/{patient}/unmask", {"reason": ""})
    assert answer.status_code == 422
    assert "Placeholder" not in answer.text
    assert house.size == size


def test_an_inspector_and_a_stranger_see_no_identity(house):
    patient = house.clinic.register_patient("A")
    house.browser("I").get(f"/patients/{patient}/unmask", 404)
    house.browser("B").get("/patients/pt_99999999/unmask", 404)


def test_the_register_names_the_patient_by_pseudonym_alone(house):
    house.clinic.open_session("A")
    said = text_of(house.browser("M").get("/register"))
    assert "Registered Patient P-" in said
    assert "Placeholder" not in said
