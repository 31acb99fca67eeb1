"""The first run: one link, eight fields, one person, a recovery key that is shown once; or a demo clinic."""

import re

import pytest

import audit.app
from audit.config import from_environment
from audit.services import people
from audit.services.opening import find_register
from audit.services.passwords import hash_password
from audit.services.setting_up import is_recovery_key, recovery_seed, recovery_text
from tests.accounts import QUICK, RIGHT
from tests.clinic import Clock
from tests.web.house import Browser, problems_in, text_of

CLINIC = {
    "clinic": "Example Clinic",
    "address": "1 Sample Street, Toronto",
    "telephone": "416-555-0100",
    "zone": "",
    "registration": "EX-ON-0417",
    "registration_expires": "2028-03-31",
    "clinic_licence": "EX-L-1",
    "responsible": "Dr A. Example",
    "pack": "ca-on",
    "name": "Dr A. Example",
    "sign_in": "a.example",
    "profession": "physician",
    "licence": "EX-100417",
    "role_clinician": "yes",
    "password": RIGHT,
    "password_again": RIGHT,
}


@pytest.fixture
def service(tmp_path, monkeypatch):
    monkeypatch.setattr(audit.app, "clock_ms", Clock())
    monkeypatch.setattr(audit.app, "DEMO_SESSIONS", 3)
    monkeypatch.setattr("audit.web.setup.hash_password", lambda password: hash_password(password, QUICK))
    made = audit.app.create_service(from_environment({"AUDIT_HOME": str(tmp_path / "var")}))
    yield made
    made.desk.ground.engine.dispose()


@pytest.fixture
def visitor(service):
    return Browser(service.app.test_client())


def link_of(service) -> str:
    return f"/set-up/{service.desk.setup_token}"


@pytest.mark.parametrize("path", ["/", "/sign-in", "/stock", "/register", "/set-up/recovery-key"])
def test_until_a_log_is_open_every_page_leads_to_where_the_link_is_printed(visitor, path) -> None:
    answer = visitor.client.get(path, base_url="http://localhost", follow_redirects=True)
    assert answer.request.path in {"/set-up", path}
    assert "Not set up yet" in answer.text or answer.status_code in {404, 405}


@pytest.mark.parametrize("token", ["wrong", "", "é"])
def test_without_the_right_link_nothing_can_be_set_up(service, visitor, token) -> None:
    page = visitor.client.post(f"/set-up/{token}", data=CLINIC, base_url="http://localhost")
    assert page.status_code in {400, 404, 405}
    assert service.desk.register is None


def test_the_first_page_offers_a_clinic_and_a_demo(service, visitor) -> None:
    page = text_of(visitor.get(link_of(service)))
    assert "Set up my clinic" in page
    assert "Explore a demo clinic" in page
    assert "Canada, Ontario CDSA and its regulations · ca-on 2026." in page
    assert "United States, federal Schedule III under 21 CFR 1304 and its neighbours · us-dea 2026.1" in page


def test_eight_fields_and_one_person_open_the_register(service, visitor) -> None:
    answer = visitor.post(link_of(service), CLINIC)
    assert answer.status_code == 200
    opened = service.desk.register
    assert opened is not None
    assert (service.desk.clinic_name, service.desk.zone, service.desk.setup_token) == (
        "Example Clinic",
        "America/Toronto",
        None,
    )
    (first,) = people.persons(opened).values()
    assert (first.name, first.sign_in, set(first.roles)) == (
        "Dr A. Example",
        "a.example",
        {"clinician", "administrator"},
    )


def test_the_recovery_key_is_shown_once_and_is_the_one_the_log_names(service, visitor) -> None:
    page = visitor.post(link_of(service), CLINIC).text
    shown = re.search(r'name="recovery" value="([A-Z2-7 ]+)"', page)[1]
    assert is_recovery_key(service.desk.register, shown)
    assert not is_recovery_key(service.desk.register, recovery_text(bytes(32)))
    again = visitor.client.get("/set-up", base_url="http://localhost", follow_redirects=True)
    assert shown not in again.text
    refused = visitor.client.post(
        "/set-up/recovery-key", data={"recovery": shown, "csrf_token": _token(page)}, base_url="http://localhost"
    )
    assert problems_in(refused.text) == ["Print it or write it down first, then tick this"]
    kept = {"recovery": shown, "kept": "yes", "csrf_token": _token(page)}
    assert visitor.client.post("/set-up/recovery-key", data=kept, base_url="http://localhost").headers["Location"] == (
        "/sign-in"
    )


def test_a_printed_recovery_key_can_be_typed_again() -> None:
    # RFC 4648 section 6: 32 bytes are 52 letters of base32 without padding.
    assert recovery_text(bytes(range(32))) == ("AAAQ EAYE AUDA OCAJ BIFQ YDIO B4IB CEQT CQKR MFYY DENB WHA5 DYPQ")
    assert recovery_seed("aaaqeaye auda ocaj bifq ydio b4ib ceqt cqkr mfyy denb wha5 dypq") == bytes(range(32))
    assert recovery_seed("AAAQ EAYE") is None
    assert recovery_seed("not base32 1890") is None


def test_the_link_ends_when_the_log_is_open(service, visitor) -> None:
    link = link_of(service)
    visitor.post(link, CLINIC)
    other = Browser(service.app.test_client())
    assert other.client.get(link, base_url="http://localhost").status_code == 404


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("clinic", "", "This is needed"),
        ("registration_expires", "31/03/2028", "“31/03/2028” is not a date. Type it like 2026-11-23"),
        ("pack", "atlantis", "Choose one"),
        ("zone", "Mars/Olympus", "Choose one"),
        ("registration", "é", "This has a character that cannot be kept, or is not of the form expected"),
        ("password", "short", "A password has at least 12 characters. Four unrelated words will do"),
        ("password_again", "something else entirely", "The two passwords are not the same"),
    ],
)
def test_each_wrong_field_has_its_own_message_and_nothing_is_opened(service, visitor, field, typed, said) -> None:
    answer = visitor.post(link_of(service), CLINIC | {field: typed})
    assert answer.status_code == 422
    assert said in problems_in(answer.text)
    assert f'id="e-{field}"' in answer.text
    assert 'value="1 Sample Street, Toronto"' in answer.text
    assert RIGHT not in answer.text
    assert find_register(service.desk.ground) is None


def test_a_second_tap_does_not_open_a_second_log(service, visitor) -> None:
    link = link_of(service)
    visitor.post(link, CLINIC)
    assert visitor.resend(link, clinic="Another Clinic").status_code == 404
    assert find_register(service.desk.ground).site == "example-clinic"


def test_a_demo_clinic_lists_who_may_sign_in_and_says_on_every_page_that_it_is_one(service, visitor) -> None:
    page = visitor.post(f"{link_of(service)}/demo", on=link_of(service))
    assert page.status_code == 200
    assert "a.example" in page.text
    assert service.desk.register.is_demo
    assert "Demo clinic: made-up records" in visitor.get("/sign-in")
    visitor.done("/sign-in", {"sign_in": "a.example", "password": "all of this is made up"})
    assert "Demo clinic: made-up records" in visitor.get("/")


def _token(page: str) -> str:
    return re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
