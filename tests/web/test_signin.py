"""Signing in and out, staying in, and setting a password."""

import dataclasses
import re
from urllib.parse import urljoin, urlsplit

import pytest

from audit.services.links import Link, issue_link, stamp_of
from audit.storage import people
from audit.storage.engine import write
from tests.accounts import MINUTE, NOON, RIGHT, SITE
from tests.web.front_desk import HOST, OTHER, SECRET, Browser, open_clinic, text_of


@pytest.fixture
def clinic(tmp_path):
    with open_clinic(tmp_path) as clinic:
        yield clinic


def test_a_right_password_signs_in_and_leads_to_the_first_page(clinic):
    browser = Browser(clinic)
    answer = browser.sign_in()
    assert (answer.status_code, answer.location) == (302, "/")
    assert browser.get("/").text == "home of RN C. Placeholder"


def test_a_wrong_password_keeps_the_name_typed_and_says_what_is_wrong_at_its_field(clinic):
    page = Browser(clinic).sign_in("clinician@clinic.example", "wrong password here")
    assert 'value="clinician@clinic.example"' in page.text
    assert "This name and password do not go together" in text_of(page)
    assert 'aria-describedby="e-password" aria-invalid="true"' in page.text
    assert 'href="#f-password"' in page.text
    assert "wrong password here" not in page.text


def test_an_empty_field_is_named_and_costs_no_attempt(clinic):
    browser = Browser(clinic)
    for _ in range(6):
        page = browser.sign_in("", "")
    assert "Type your work e-mail or short name" in text_of(page)
    assert "Type your password" in text_of(page)
    assert browser.sign_in().status_code == 302


def test_an_unknown_name_and_a_person_without_password_get_the_page_of_a_wrong_password(clinic):
    with write(clinic.engine) as conn:
        new = dataclasses.replace(
            clinic.account("p_nurse"), person="p_new", sign_in="newcomer1@clinic.example", password_hash=None
        )
        people.enrol(conn, new)

    def page(name):
        answer = Browser(clinic).sign_in(name, "wrong password here")
        hidden = re.sub(r'name="csrf_token" value="[^"]+"', "", answer.text.replace(name, "NAME"))
        return answer.status_code, hidden

    assert page("clinician@clinic.example") == page("nobody@clinic.example") == page("newcomer1@clinic.example")


def test_a_lock_says_until_when_and_lets_a_right_password_wait(clinic):
    browser = Browser(clinic)
    for _ in range(5):
        page = browser.sign_in(password="wrong password here")
    assert "Too many wrong passwords. Try again after 12:15" in text_of(page)
    assert "Too many wrong passwords. Try again after 12:15" in text_of(Browser(clinic).sign_in())
    clinic.now_ms += 15 * MINUTE
    assert browser.sign_in().status_code == 302


def test_an_ended_person_cannot_sign_in(clinic):
    with write(clinic.engine) as conn:
        people.end(conn, SITE, "p_nurse", at_ms=clinic.now_ms)
    assert "This account has ended. Ask a manager" in text_of(Browser(clinic).sign_in())


def test_a_sign_in_gets_a_new_token_whatever_the_browser_held_before(clinic):
    browser = Browser(clinic)
    planted = browser.token()
    with browser.client.session_transaction() as held:
        held["_user_id"] = "planted by somebody else"
        held["note"] = "planted"
    browser.sign_in()
    with browser.client.session_transaction() as held:
        first, now_held = held["_user_id"], dict(held)
    assert first != "planted by somebody else"
    assert "note" not in now_held
    answer = browser.client.post("/sessions/s_1/waste", data={"csrf_token": planted})
    assert answer.status_code == 400
    browser.client.post("/sign-out", data={"csrf_token": browser.token("/password")})
    browser.sign_in()
    with browser.client.session_transaction() as held:
        assert held["_user_id"] != first


def test_signing_out_ends_the_sign_in_on_the_server_so_that_a_copied_cookie_is_dead(clinic):
    browser, thief = Browser(clinic), Browser(clinic)
    browser.sign_in()
    copied = browser.client.get_cookie("audit").value
    thief.client.set_cookie("audit", copied)
    assert thief.get("/").status_code == 200
    answer = browser.post("/sign-out", form_on="/password")
    assert (answer.status_code, answer.location) == (303, "/signed-out")
    assert "Nobody is signed in at this tablet" in text_of(browser.get("/signed-out"))
    assert "data-signed-out" in browser.get("/signed-out").text
    assert thief.get("/").status_code == 303
    assert browser.get("/").status_code == 303


def test_a_session_ends_when_the_persons_roles_change(clinic):
    browser = Browser(clinic)
    browser.sign_in()
    assert browser.get("/stock").status_code == 200
    with write(clinic.engine) as conn:
        people.set_roles(conn, SITE, "p_nurse", roles={"inspector"}, at_ms=clinic.now_ms)
    assert browser.get("/stock").location == "/sign-in?next=/stock"


def test_a_session_left_alone_for_half_an_hour_leads_back_to_the_page_left(clinic):
    browser = Browser(clinic)
    browser.sign_in()
    clinic.now_ms += 30 * MINUTE
    answer = browser.get("/stock?at=2026-11-25")
    assert (answer.status_code, answer.location) == (303, "/sign-in?next=/stock?at%3D2026-11-25")
    page = browser.get(answer.location)
    assert "Your sign-in has ended." in text_of(page)
    assert "data-timed-out" in page.text
    assert 'name="next" value="/stock?at=2026-11-25"' in page.text
    assert browser.sign_in(next="/stock?at=2026-11-25").location == "/stock?at=2026-11-25"


def test_a_form_sent_too_late_leads_back_to_the_page_it_stood_on(clinic):
    browser = Browser(clinic)
    browser.sign_in()
    token = browser.token("/password")
    clinic.now_ms += 30 * MINUTE
    late = {"data": {"csrf_token": token}, "headers": {"Referer": f"{HOST}/sessions/s_1/waste"}}
    assert browser.client.post("/sessions/s_1/waste", **late).location == "/sign-in?next=/sessions/s_1/waste"
    late["headers"] = {"Referer": "http://evil.example/sessions"}
    assert browser.client.post("/sessions/s_1/waste", **late).location == "/sign-in?next=/"


def test_figures_seen_are_noted_for_the_person_who_saw_them(clinic):
    browser = Browser(clinic)
    browser.sign_in()
    assert clinic.desk.figures_seen_ms("p_nurse") is None
    clinic.now_ms += MINUTE
    browser.get("/stock")
    assert clinic.desk.figures_seen_ms("p_nurse") == NOON + MINUTE
    assert clinic.desk.figures_seen_ms("p_manager") is None


@pytest.mark.parametrize(
    "target",
    [
        "http://evil.example/",
        "https://evil.example",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "http:evil.example",
        "javascript:alert(1)",
        " //evil.example",
        "\t//evil.example",
        "http://localhost@evil.example/",
        "http://localhost:evil@evil.example/",
        "data:text/html,x",
    ],
)
def test_signing_in_never_leads_to_another_site(clinic, target):
    browser = Browser(clinic)
    for answer in (browser.sign_in(next=target), browser.client.get("/sign-in", query_string={"next": target})):
        # What a browser makes of the address, with the quirks it forgives.
        location = (answer.location or "/").replace("\\", "/").strip()
        assert urlsplit(urljoin(f"{HOST}/sign-in", location)).netloc == "localhost"


# Setting a password


def link_for(clinic, **changes):
    stamp = stamp_of(clinic.account("p_nurse"))
    link = Link(person="p_nurse", stamp=stamp, purpose="password", expires_ms=NOON + 48 * 60 * MINUTE)
    return "/password/" + issue_link(SECRET, dataclasses.replace(link, **changes))


def test_a_link_sets_the_first_password_and_is_then_spent(clinic):
    browser, path = Browser(clinic), link_for(clinic)
    assert "RN C. Placeholder, you sign in as clinician@clinic.example." in text_of(browser.get(path))
    answer = browser.post(path, {"new": OTHER, "again": OTHER})
    assert (answer.status_code, answer.location) == (303, "/sign-in")
    assert "Your password is set. Sign in with it." in text_of(browser.get("/sign-in"))
    assert browser.sign_in(password=OTHER).status_code == 302
    spent = Browser(clinic).get(path)
    assert spent.status_code == 410
    assert "This link cannot be used" in text_of(spent)


@pytest.mark.parametrize(
    "changes",
    [{"expires_ms": NOON}, {"person": "p_nobody"}, {"stamp": "0" * 32}, {"purpose": "set-up"}],
    ids=["run out", "unknown person", "spent", "for something else"],
)
def test_a_link_that_does_not_hold_sets_nothing(clinic, changes):
    browser, path = Browser(clinic), link_for(clinic, **changes)
    assert browser.get(path).status_code == 410
    answer = browser.client.post(path, data={"csrf_token": browser.token(), "new": OTHER, "again": OTHER})
    assert answer.status_code == 410
    assert browser.sign_in(password=RIGHT).status_code == 302


def test_a_link_of_an_ended_person_sets_nothing(clinic):
    path = link_for(clinic)
    with write(clinic.engine) as conn:
        people.end(conn, SITE, "p_nurse", at_ms=clinic.now_ms)
    assert Browser(clinic).get(path).status_code == 410


@pytest.mark.parametrize(
    ("new", "again", "message"),
    [
        ("", "", "Type a new password"),
        ("too short", "too short", "A password has at least 12 characters"),
        (OTHER, OTHER + "!", "The two passwords are not the same"),
        ("clinician@clinic.example", "clinician@clinic.example", "A password must not contain your name"),
        ("password1234", "password1234", "This password is among the first that are guessed"),
        ("x!y" * 100, "x!y" * 100, "A password has at most 256 characters"),
    ],
)
def test_a_new_password_that_will_not_do_is_refused_at_its_field(clinic, new, again, message):
    page = Browser(clinic).post(link_for(clinic), {"new": new, "again": again})
    assert page.status_code == 200
    assert message in text_of(page)
    assert Browser(clinic).sign_in(password=RIGHT).status_code == 302


def test_changing_the_password_asks_for_the_present_one_and_signs_out_everywhere(clinic):
    here, elsewhere = Browser(clinic), Browser(clinic)
    here.sign_in()
    elsewhere.sign_in()
    page = here.post("/password", {"present": "wrong password here", "new": OTHER, "again": OTHER})
    assert "This is not your present password" in text_of(page)
    answer = here.post("/password", {"present": RIGHT, "new": OTHER, "again": OTHER})
    assert (answer.status_code, answer.location) == (303, "/sign-in")
    assert elsewhere.get("/").status_code == 303
    assert here.get("/").status_code == 303
    assert here.sign_in(password=OTHER).status_code == 302


def test_guessing_the_present_password_locks_as_signing_in_does(clinic):
    browser = Browser(clinic)
    browser.sign_in()
    for _ in range(5):
        page = browser.post("/password", {"present": "wrong password here", "new": OTHER, "again": OTHER})
    assert "Too many wrong passwords. Try again after 12:15" in text_of(page)
    page = browser.post("/password", {"present": RIGHT, "new": OTHER, "again": OTHER})
    assert "Too many wrong passwords" in text_of(page)


def test_a_slip_in_the_new_password_costs_no_attempt_at_the_present_one(clinic):
    browser = Browser(clinic)
    browser.sign_in()
    for _ in range(6):
        browser.post("/password", {"present": "wrong password here", "new": "short", "again": "short"})
    assert browser.post("/password", {"present": RIGHT, "new": OTHER, "again": OTHER}).status_code == 303
