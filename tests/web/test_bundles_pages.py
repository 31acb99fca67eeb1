"""Evidence bundles on the pages: who issues one, that it is fetched once, and what it opens only when it is said."""

import io
import json
import zipfile

import pytest

from audit.services.bundles.check import verify_bundle
from tests.accounts import RIGHT
from tests.web.house import House, text_of

FORM = {"from": "2026-11-23", "to": "2026-11-23", "password": RIGHT}
OPENED = {**FORM, "recipient": "Inspector P. Sample", "reason": "inspection", "note": "asked at the visit"}
HOST = "http://localhost"


@pytest.fixture
def worked(house: House) -> House:
    """A clinic with one whole session."""
    house.clinic.whole_session(house.clinic.receive()[0])
    return house


def fetch(house: House, who: str, report: str):
    return house.browser(who).client.get(f"/reports/{report}.zip", base_url=HOST)


def issued(house: House, path: str = "/reports/bundle", form=FORM) -> str:
    return house.browser("M").done(path, form).partition("issued=")[2]


def test_a_manager_issues_one_and_fetches_it_once(worked, tmp_path):
    report = issued(worked)
    page = worked.browser("M").get("/reports")
    assert "Evidence bundle, 2026-11-23 to 2026-11-23" in text_of(page)
    answer = fetch(worked, "M", report)
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="KB-2026-11-23-')
    assert answer.headers["Cache-Control"] == "no-store"
    (tmp_path / "bundle.zip").write_bytes(answer.data)
    answer.close()
    verdict = verify_bundle(tmp_path / "bundle.zip")
    assert verdict.holds
    assert "verify.html" in zipfile.ZipFile(tmp_path / "bundle.zip").namelist()
    assert fetch(worked, "M", report).status_code == 404
    assert list(worked.service.desk.reports.iterdir()) == []
    assert "left the clinic" in text_of(worked.browser("M").get("/reports"))


def test_nobody_but_a_manager_issues_or_fetches(worked):
    report = issued(worked)
    for who in ("B", "I", "A"):
        expected = 200 if who == "A" else 404  # A is a manager too
        worked.browser(who).get("/reports/bundle", expected)
    for who in ("B", "I"):
        assert fetch(worked, who, report).status_code == 404
    assert fetch(worked, "M", report).status_code == 200


def test_a_bundle_that_nobody_fetches_is_gone_after_an_hour(worked):
    report = issued(worked)
    worked.clock.pass_minutes(61)
    del worked._browsers["M"]  # signed out by then
    assert fetch(worked, "M", report).status_code == 404
    assert list(worked.service.desk.reports.iterdir()) == []


def test_a_second_tap_is_the_same_bundle(worked):
    browser = worked.browser("M")
    first, size = browser.done("/reports/bundle", FORM), worked.size
    again = browser.resend("/reports/bundle")
    assert (again.status_code, again.headers["Location"], worked.size) == (303, first, size)
    assert len(list(worked.service.desk.reports.iterdir())) == 1


def test_names_are_in_none_that_does_not_say_so(worked):
    worked.clinic.register_patient()
    data = fetch(worked, "M", issued(worked, form={**FORM, "for": "Inspector P. Sample"})).data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist() if name != "manifest.json")
        assert json.loads(archive.read("manifest.json"))["for"] == "Inspector P. Sample"
    assert b"Patient Placeholder" not in everything
    assert b"P. Sample" not in everything


def test_chosen_patients_are_opened_to_somebody_named_once_that_is_an_entry(worked):
    patient, other = worked.clinic.register_patient(), worked.clinic.register_patient()
    size = worked.size
    report = issued(worked, "/reports/bundle/opened", {**OPENED, "patients": f"P-{patient[3:]}"})
    assert worked.size == size + 2
    said = text_of(worked.browser("M").get(f"/register/{size}"))
    assert "P. Sample" not in said
    assert "disclosed" in said.lower()
    with zipfile.ZipFile(io.BytesIO(fetch(worked, "M", report).data)) as archive:
        lines = [json.loads(line) for line in archive.read("sealed.jsonl").splitlines()]
        manifest = json.loads(archive.read("manifest.json"))
    assert {line["value"] for line in lines} == {"Patient Placeholder", "1980-01-02"}
    assert manifest["disclosed"] == [patient]
    assert other not in json.dumps(manifest)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"recipient": ""}, "This is needed"),
        ({"patients": "P-zzzzzz"}, "P-zzzzzz names 0 patients; write the pseudonym as pages show it, or more of it"),
        ({"patients": "P-0000"}, "P-0000 names 3 patients; write the pseudonym as pages show it, or more of it"),
        ({"reason": ""}, "Choose one"),
        ({"password": "not it"}, None),
        ({"to": "2026-11-22"}, None),
    ],
)
def test_what_is_missing_is_said_at_its_field_and_nothing_is_opened(worked, change, said):
    worked.clinic.register_patient()
    patient = worked.clinic.register_patient()
    size = worked.size
    problems = worked.browser("M").refused("/reports/bundle/opened", {**OPENED, "patients": patient, **change})
    if said is not None:
        assert any(said in one for one in problems), problems
    assert worked.size == size
    assert list(worked.service.desk.reports.iterdir()) == []


def test_no_bundle_for_somebody_who_must_still_look_without_knowing(worked):
    clinic = worked.clinic
    session = clinic.open_session("A")
    syringe = clinic.draw("A", session, clinic.receive()[0], 1000)
    clinic.run("A", session, syringe, rate_ul_per_h=1200, minutes=40)
    first = clinic.read("A", syringe, 200)
    size = worked.size
    said = ["Figures wait for a second person, and you may still be that person"]
    assert worked.browser("M").refused("/reports/bundle", FORM) == said
    assert worked.size == size
    clinic.reread("B", first, syringe, 200)
    issued(worked)
