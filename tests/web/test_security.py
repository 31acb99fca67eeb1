"""Who is kept out: roles, forms of strangers, cookies, headers, hosts."""

import logging
import re

import pytest

from audit.storage.engine import read
from audit.web import security
from audit.web.security import allow, allowed_roles
from tests.accounts import RIGHT
from tests.web.front_desk import Browser, open_clinic, text_of


@pytest.fixture
def clinic(tmp_path):
    with open_clinic(tmp_path) as clinic:
        yield clinic


def test_every_route_is_declared_for_roles_or_refused(clinic):
    undeclared = {
        rule.endpoint
        for rule in clinic.app.url_map.iter_rules()
        if not allowed_roles(clinic.app.view_functions[rule.endpoint])
    }
    assert undeclared == {"pages.forgotten"}
    open_to_all = {name for name, view in clinic.app.view_functions.items() if allowed_roles(view) == {"public"}}
    assert open_to_all == {
        "signin.login",
        "signin.set_password",
        "signin.sign_out",
        "signin.signed_out",
        "static",
        "verify_public.show",
    }


def test_no_route_of_the_sign_in_library_is_reachable_but_our_sign_in(clinic):
    rules = {rule.rule for rule in clinic.app.url_map.iter_rules()}
    assert rules == {
        "/",
        "/forgotten",
        "/password",
        "/password/<token>",
        "/sessions/s_1/waste",
        "/sign-in",
        "/sign-out",
        "/signed-out",
        "/static/<path:filename>",
        "/stock",
        "/verify",
    }
    assert not {"users", "roles"} & set(clinic.app.cli.commands)


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        ("clinician", "/sessions/s_1/waste", 200),
        ("manager", "/sessions/s_1/waste", 404),
        ("inspector", "/sessions/s_1/waste", 404),
        ("inspector", "/stock", 404),
        ("inspector", "/", 200),
        ("manager", "/stock", 200),
        ("manager", "/forgotten", 404),
        ("clinician", "/verify", 200),
    ],
)
def test_a_page_exists_only_for_the_roles_it_was_declared_for(clinic, role, path, status):
    browser = Browser(clinic)
    browser.sign_in(f"{role}@clinic.example")
    assert browser.get(path).status_code == status


@pytest.mark.parametrize(
    ("path", "status"),
    [("/", 303), ("/stock", 303), ("/forgotten", 404), ("/verify", 200), ("/nowhere", 404), ("/static/icons.svg", 200)],
)
def test_nobody_signed_in_sees_public_pages_only(clinic, path, status):
    assert Browser(clinic).get(path).status_code == status


def test_a_refusal_is_logged_with_person_and_page_and_nothing_typed(clinic, caplog):
    browser = Browser(clinic)
    browser.sign_in("manager@clinic.example")
    with caplog.at_level(logging.WARNING, logger="audit.web.security"):
        browser.get("/sessions/s_1/waste?patient=A")
    assert [record.getMessage() for record in caplog.records] == ["refused GET pages.waste to p_manager"]


def test_a_view_cannot_be_declared_for_a_role_that_does_not_exist():
    for roles in ((), ("owner",), ("clinician", "owner")):
        with pytest.raises(ValueError, match="expected some of"):
            allow(*roles)


@pytest.mark.parametrize("carrier", ["header", "query", "json"])
def test_no_token_outside_the_cookie_stands_for_a_person(clinic, carrier):
    browser = Browser(clinic)
    browser.sign_in()
    with clinic.app.test_request_context(), read(clinic.engine):
        with browser.client.session_transaction() as held:
            user = security.SignedIn(clinic.account("p_nurse"), held["_user_id"])
        token = user.get_auth_token()
    request = {
        "header": {"headers": {"Authentication-Token": token}},
        "query": {"query_string": {"auth_token": token}},
        "json": {"json": {"auth_token": token}},
    }[carrier]
    assert Browser(clinic).get("/", **request).status_code == 303


# Forms, cookies, headers, hosts


@pytest.mark.parametrize("token", [{}, {"csrf_token": ""}, {"csrf_token": "made up"}])
@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/sessions/s_1/waste", "/password", "/password/x"])
def test_a_form_without_its_token_saves_nothing_and_says_so_on_a_page(clinic, path, token):
    browser = Browser(clinic)
    browser.sign_in()
    answer = browser.client.post(path, data=token)
    assert answer.status_code == 400
    assert "Nothing was saved" in text_of(answer)
    assert browser.get("/").status_code == 200


def test_a_token_of_one_browser_is_nothing_in_another(clinic):
    token = Browser(clinic).token()
    answer = Browser(clinic).client.post("/sign-in", data={"csrf_token": token, "sign_in": "x", "password": "y"})
    assert answer.status_code == 400


def test_json_is_not_taken_for_a_form(clinic):
    browser = Browser(clinic)
    headers = {"X-CSRFToken": browser.token()}
    for body in ([1], {"sign_in": "clinician@clinic.example", "password": RIGHT}, "text"):
        assert browser.client.post("/sign-in?include_auth_token", json=body, headers=headers).status_code == 415


def test_whoever_asks_for_json_gets_no_token_and_no_account_but_the_page(clinic):
    browser = Browser(clinic)
    answer = browser.post(
        "/sign-in?include_auth_token",
        {"sign_in": "x", "password": "y"},
        form_on="/sign-in",
        headers={"Accept": "application/json"},
    )
    assert answer.mimetype == "text/html"


def cookie_of(answer):
    (line,) = [value for name, value in answer.headers if name == "Set-Cookie"]
    name, *attributes = line.split("; ")
    return name.split("=")[0], set(attributes)


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(clinic):
    assert cookie_of(Browser(clinic).get("/sign-in")) == ("audit", {"HttpOnly", "Path=/", "SameSite=Lax"})


def test_over_https_the_cookie_is_secure_and_of_this_host_only(clinic):
    clinic.https = True
    answer = clinic.make_app().app.test_client().get("/sign-in", base_url="https://localhost")
    assert cookie_of(answer) == ("__Host-audit", {"HttpOnly", "Path=/", "SameSite=Lax", "Secure"})
    assert answer.headers["Strict-Transport-Security"] == "max-age=63072000"


def test_the_cookie_holds_no_name_and_no_password(clinic):
    browser = Browser(clinic)
    browser.sign_in()
    with browser.client.session_transaction() as held:
        assert set(held) <= {"_user_id", "_fresh", "_id", "fs_cc", "fs_paa", "csrf_token"}
        assert "p_nurse" not in str(dict(held))


@pytest.mark.parametrize("path", ["/sign-in", "/", "/nowhere", "/verify", "/static/icons.svg"])
def test_every_answer_carries_the_strict_policy(clinic, path):
    headers = Browser(clinic).get(path).headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "font-src": "'self'",
        "img-src": "'self'",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"
    assert "Strict-Transport-Security" not in headers


def test_pages_are_not_kept_by_the_browser_and_files_may_be(clinic):
    assert Browser(clinic).get("/sign-in").headers["Cache-Control"] == "no-store"
    assert Browser(clinic).get("/static/icons.svg").headers.get("Cache-Control") != "no-store"


def test_the_pages_hold_no_script_or_style_that_the_policy_forbids(clinic):
    browser = Browser(clinic)
    shown = [browser.get("/sign-in"), browser.get("/signed-out"), browser.get("/password/x")]
    browser.sign_in()
    shown += [browser.get("/password"), browser.client.post("/sign-out")]
    for page in shown:
        assert re.findall(r"\son[a-z]+=|style=|<style|<script(?![^>]*\ssrc=)|javascript:", page.text) == []


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "evil.example:80", "localhost@evil.example"]
)
def test_a_host_that_is_not_ours_is_answered_400(clinic, host):
    for path in ("/sign-in", "/", "/verify"):
        answer = clinic.app.test_client().get(path, headers={"Host": host})
        assert answer.status_code == 400
        assert "evil" not in (answer.location or "")


@pytest.mark.parametrize("value", ["\0", "\ud800", "x" * 300_000, "é" * 500, "' OR 1=1 --", "{{ 7 * 7 }}", "<b>"])
def test_hostile_input_at_the_sign_in_gets_a_message(clinic, value):
    browser = Browser(clinic)
    for who, password in ((value, RIGHT), ("clinician@clinic.example", value)):
        raw = {"sign_in": who.encode("utf-8", "surrogatepass"), "password": password.encode("utf-8", "surrogatepass")}
        answer = browser.post("/sign-in", raw)
        assert answer.status_code == 200
        assert "<b>" not in re.findall(r'id="f-sign_in"[^>]+>', answer.text)[0]
