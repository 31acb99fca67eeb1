"""Pages of passkeys and one-time codes, and a form signed by passkey as its script sends it, on the real app."""

import json
from pathlib import Path

import pytest

from audit.services.one_time import code_at
from audit.storage.engine import read
from audit.storage.log import entry
from audit.tlog.attestation import challenge
from audit.tlog.canonical import decode
from audit.web.security import access
from tests.accounts import RIGHT
from tests.authenticator import Authenticator, Knobs, from_b64url
from tests.web.house import HOST, Browser, House, hidden_value, open_house, text_of

ADDRESS = "http://localhost:8000"
HERE = Knobs(origin=ADDRESS, rp_id="localhost")
STEP_MS = 30_000


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """A clinic at http://localhost:8000; A is the first person."""
    return open_house(tmp_path, monkeypatch)


@pytest.fixture
def key(house: House) -> Authenticator:
    """A's own passkey, enrolled."""
    made = Authenticator(seed=1, knobs=HERE)
    house.clinic.act("A", made.enrolled(house.clinic.people["A"], house.clinic.register.origin))
    return made


def sent(house: House, who: str, path: str, data: dict[str, str], *, on: str):
    """Send a form as its script does."""
    browser = house.browser(who)
    page = browser.client.get(on, base_url=ADDRESS).text
    hidden = {name: hidden_value(page, name) for name in ("csrf_token", "nonce")}
    browser.last_form = hidden | {"sign": "passkey", "kept": "null", "seal_seed": "ab" * 32} | data
    return browser.client.post(
        path, data=browser.last_form, base_url=ADDRESS, headers={"Accept": "application/json", "Referer": ADDRESS + on}
    )


ENROL = {"name": "RN D. Example", "sign_in": "d.example", "profession": "nurse", "role_clinician": "yes"}


def signed(answer, key: Authenticator) -> str:
    """What the script sends back."""
    told = answer.get_json()
    acts = {}
    for one in told["acts"]:
        act = decode(one["act"].encode())
        parts = vars_of(key, challenge(act, told["log"]))
        acts[one["nonce"]] = {"occurred_ms": act["occurred_ms"], **parts}
    return json.dumps({"seen": told["head"], "acts": acts})


def vars_of(key: Authenticator, asked: bytes) -> dict[str, str]:
    """An assertion's parts by name."""
    made = key.assertion(asked)
    return {name: getattr(made, name) for name in ("credential", "authenticator_data", "client_data", "signature")}


def test_a_form_sent_twice_is_one_act_signed_by_its_passkey(house, key):
    size = house.size
    answer = sent(house, "A", "/people/new", ENROL, on="/people/new")
    told = answer.get_json()
    assert house.size == size
    assert [one["words"][0] for one in told["acts"]] == ["I enrolled this person."]
    assert told["acts"][0]["name"] == "Dr A. Example"
    assert told["acts"][0]["allowed"] == [{"id": key.credential, "transports": ["usb"]}]
    assert told["note"].startswith(f"{told['log']}\n{told['head']['size']}\n")
    browser = house.browser("A")
    form = browser.last_form | {"signed": signed(answer, key)}
    for _ in range(2):
        done = browser.client.post("/people/new", data=form, base_url=ADDRESS)
        assert done.status_code == 303
    assert house.size == size + 1
    page = browser.client.get(f"/register/{size}", base_url=ADDRESS).text
    assert "By the actor's own passkey" in text_of(page)


def test_what_changed_meanwhile_is_told_and_nothing_typed_is_lost(house, key):
    answer = sent(house, "A", "/people/new", ENROL, on="/people/new")
    browser = house.browser("A")
    form = browser.last_form | {"signed": signed(answer, key), "name": "RN E. Example"}
    done = browser.client.post("/people/new", data=form, base_url=ADDRESS)
    assert done.status_code == 422
    assert "The passkey did not sign this: a signature over something else" in text_of(done.text)
    assert 'value="RN E. Example"' in done.text


@pytest.mark.parametrize(
    "spoilt", ["{", "[]", '{"seen": {}}', '{"seen": {"size": 1, "root": "ab"}, "acts": {}}', "9" * 300_000]
)
def test_what_a_script_sends_that_cannot_be_read_is_refused_in_words(house, key, spoilt):
    sent(house, "A", "/people/new", ENROL, on="/people/new")
    browser = house.browser("A")
    done = browser.client.post("/people/new", data=browser.last_form | {"signed": spoilt}, base_url=ADDRESS)
    assert done.status_code == 422
    assert "Something changed while you signed" in text_of(done.text)


def test_a_head_that_is_not_in_the_history_is_an_alarm_and_nothing_is_drawn_up(house, key):
    kept = json.dumps({"size": 3, "root": "ab" * 32})
    answer = sent(house, "A", "/people/new", ENROL | {"kept": kept}, on="/people/new")
    assert answer.status_code == 409
    assert answer.get_json() == {
        "alarm": "This device remembers another history of the record at 3 entries than the service shows. "
        "Do not sign; tell the administrator"
    }


def test_a_wrong_field_is_answered_with_the_page_and_not_with_an_act(house, key):
    answer = sent(house, "A", "/people/new", ENROL | {"name": ""}, on="/people/new")
    assert answer.status_code == 422
    assert answer.mimetype == "text/html"


def test_without_a_script_nothing_is_drawn_up_and_the_page_says_so(house, key):
    sent(house, "A", "/people/new", ENROL, on="/people/new")
    browser = house.browser("A")
    done = browser.client.post("/people/new", data=browser.last_form, base_url=ADDRESS)
    assert done.status_code == 422
    assert "Check it and sign again" in text_of(done.text)


def test_a_person_with_a_passkey_is_asked_why_a_password_signs(house, key):
    page = text_of(house.browser("A").client.get("/people/new", base_url=ADDRESS).text)
    assert "Your passkey signs this." in page
    assert "Sign with password instead" in page


def test_where_passkeys_do_not_work_their_owner_signs_with_a_password_and_says_why(house, key):
    browser = house.browser("A")
    page = text_of(browser.get("/people/new"))
    assert "Your passkey signs this." not in page
    assert "Why not with the passkey" in page
    why = "You hold a passkey. Say why it does not sign this"
    assert browser.refused("/people/new", ENROL | {"password": RIGHT}) == [why]
    browser.done("/people/new", ENROL | {"password": RIGHT, "no_passkey_reason": "other_device"})
    size = house.size
    with read(house.clinic.register.engine) as conn:
        body = entry(conn, house.clinic.register.site, size - 1).body
    assert b'"reason":"this device cannot use it"' in body


def test_at_another_address_the_page_says_where_passkeys_work(house):
    page = text_of(house.browser("A").get("/passkeys"))
    assert f"Passkeys of this register work at {ADDRESS} only. Open it there." in page


def test_a_passkey_is_made_proved_and_vouched_for_through_the_pages(house):
    made, me, browser = Authenticator(seed=5, knobs=HERE), house.clinic.people["B"], house.browser("B")

    def post(path: str, said: object = None):
        page = browser.client.get("/passkeys", base_url=ADDRESS).text
        form = {"csrf_token": hidden_value(page, "csrf_token"), "answer": json.dumps(said)}
        return browser.client.post(path, data=form, base_url=ADDRESS)

    options = post("/passkeys/options").get_json()
    begun = post("/passkeys/begin", made.registration(options["challenge"])).get_json()
    assert begun["enrolment"]["actor"] == me
    assert post("/passkeys/begin", {"response": 1}).get_json() == {
        "problem": "This passkey cannot be used here: the browser’s answer is not as asked"
    }
    proof = vars_of(made, from_b64url(begun["challenge"]))
    assert post("/passkeys/prove", {"credential": made.credential, "proof": {}}).status_code == 422
    assert post("/passkeys/prove", {"credential": made.credential, "proof": proof}).status_code == 200
    assert "Waits for a colleague" in browser.get("/passkeys")
    manager = house.browser("M")
    assert "1 passkey waits for you to vouch." in text_of(manager.get("/"))
    manager.done(f"/passkeys/waiting/{made.credential}", {"password": RIGHT}, on="/passkeys/waiting")
    assert "None waits" in manager.get("/passkeys/waiting")
    assert "vouched for by" in browser.get("/passkeys")


def test_nobody_vouches_for_their_own_and_a_clinician_sees_no_such_page(house):
    house.browser("B").get("/passkeys/waiting", status=404)
    house.browser("I").get("/passkeys", status=404)


def test_a_passkey_is_revoked_by_its_owner_or_an_administrator_and_by_nobody_else(house, key):
    house.browser("B").get(f"/passkeys/{key.credential}/revoke", status=404)
    page = house.browser("A").get(f"/passkeys/{key.credential}/revoke")
    assert "It is the last one." in page
    assert house.browser("A").refused(f"/passkeys/{key.credential}/revoke", {"password": RIGHT}) == ["Choose one"]


def test_one_time_codes_are_set_up_asked_for_and_stopped(house):
    browser, me = house.browser("C"), house.clinic.people["C"]
    browser.done("/codes/begin", {"password": RIGHT}, on="/codes")
    with house.service.app.app_context():
        secret = access().sign_ins().codes.waiting(me)
    assert browser.client.get("/codes/code.svg", base_url=HOST).mimetype == "image/svg+xml"
    now_ms = house.clock.now_ms
    assert browser.refused("/codes/confirm", {"one_time": "000000"}, on="/codes") == [
        "Type the one-time code that your device shows now. Each counts once"
    ]
    browser.done("/codes/confirm", {"one_time": code_at(secret, now_ms // STEP_MS)}, on="/codes")
    assert browser.client.get("/codes/code.svg", base_url=HOST).status_code == 404
    house.clock.pass_minutes(1)
    fresh = house.service.app.test_client()
    asks = {"sign_in": "c.example", "password": RIGHT}
    other = Browser(fresh)
    page = other.get("/sign-in")
    assert "One-time code" in page
    answer = other.post("/sign-in", asks)
    assert "Type the one-time code that your device shows now" in text_of(answer.text)
    code = code_at(secret, house.clock.now_ms // STEP_MS)
    assert other.done("/sign-in", asks | {"one_time": code}) == "/"


def use_codes(house: House, who: str) -> None:
    """Let somebody use one-time codes."""
    person = house.clinic.people[who]
    with house.service.app.app_context():
        codes = access().sign_ins().codes
        code = code_at(codes.begin(person), house.clock.now_ms // STEP_MS)
        codes.confirm(person, code, now_ms=house.clock.now_ms)


def test_an_administrator_stops_the_codes_of_somebody_whose_device_is_lost(house):
    administrator, page = house.browser("A"), f"/people/{house.clinic.people['C']}"
    stop = f"/codes/{house.clinic.people['C']}/stop"
    assert stop not in administrator.get(page), "who uses no codes has none to stop"
    use_codes(house, "C")
    assert f'action="{stop}"' in administrator.get(page)
    asks = {"sign_in": "c.example", "password": RIGHT}
    fresh = Browser(house.service.app.test_client())
    assert "Type the one-time code" in text_of(fresh.post("/sign-in", asks).text)
    assert house.browser("B").post(stop, on="/passkeys").status_code == 404
    assert administrator.done(stop, on=page) == page
    assert stop not in administrator.get(page)
    assert fresh.done("/sign-in", asks) == "/"


def test_an_administrator_s_own_codes_are_stopped_by_their_password_and_code_alone(house):
    administrator, me = house.browser("A"), house.clinic.people["A"]
    use_codes(house, "A")
    page, stop = f"/people/{me}", f"/codes/{me}/stop"
    assert stop not in administrator.get(page)
    assert administrator.post(stop, on=page).status_code == 404
    with house.service.app.app_context():
        assert access().sign_ins().uses_codes(me)
