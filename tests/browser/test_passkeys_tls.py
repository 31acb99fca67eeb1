"""Passkeys under a host name with TLS, set up as the operator's guide says: proxy, certificate, a browser's trust."""

import base64
import json
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from tests import oracle
from tests.browser import clinic_day
from tests.browser.behind_tls import Proxied, make_certificate, proxied, tablet_of, trust
from tests.browser.day import Day
from tests.browser.keys import Key
from tests.browser.service import served
from tests.browser.test_passkeys import first_person_enrols, nobody_complained, touch

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ADDRESS = "https://audit.example.test"
BAD_REQUEST = 400


def test_at_a_host_name_with_tls_a_passkey_is_made_and_signs(tmp_path):
    certificate, secret = make_certificate(tmp_path)
    trust(tmp_path / "person", certificate)
    with proxied(tmp_path, certificate, secret) as here, tablet_of(tmp_path / "person", port=here.port) as browser:
        day, key = Day(here.served, browser), Key()
        clinic_day.set_up(day)
        first_person_enrols(day, key)
        an_act_is_signed(day, key)
        nobody_complained(day)
        an_address_that_is_not_the_name_is_not_served(day, here)
        verified = here.served.run("verify", "--json")
    assert verified.returncode == 0, verified.stdout
    (told,) = json.loads(verified.stdout)["sites"].values()
    assert told["findings"] == told["notices"] == told["password_despite_passkey"] == []
    assert oracle.check(here.served.url) > 3
    by_passkey = [act for act in stored(here.served.url) if act["signature"]["method"] == "passkey"]
    assert [one["act"]["kind"] for one in by_passkey] == ["person_enrolled"]
    said = by_passkey[0]["signature"]["client_data"]
    assert json.loads(base64.urlsafe_b64decode(said + "=" * (-len(said) % 4)))["origin"] == ADDRESS


def test_at_an_ip_address_the_page_says_where_passkeys_work(tmp_path):
    with served(tmp_path) as service, tablet_of(tmp_path) as browser:
        day = Day(service, browser)
        clinic_day.set_up(day)
        doctor = day.person("A").open("/passkeys")
        assert doctor.on_screen("Add a passkey").is_visible()
        named, doctor.address = doctor.address, service.address.replace("localhost", "127.0.0.1")
        doctor.enter()
        doctor.open("/passkeys").look("passkeys-at-an-ip-address")
        doctor.must_see("No passkeys at this address.", f"Passkeys of this register work at {named} only.")
        assert doctor.page.locator("form[data-make-passkey]").count() == 0
        nobody_complained(day)


def an_act_is_signed(day: Day, key: Key) -> None:
    doctor, touches = day.person("A").open("/people/new"), key.touches
    doctor.write(name="RN B. Placeholder", sign_in="b.placeholder", licence="EX-2")
    doctor.page.locator("#f-role_clinician").set_checked(True)
    touch(doctor, key, "Enrol and sign")
    doctor.must_see("Hand this link to RN B. Placeholder")
    assert key.touches == touches + 1
    # what is handed over leads to the proxy, not past it
    assert doctor.page.input_value("#f-address").startswith(f"{ADDRESS}/password/")
    assert [(one["name"], one["secure"]) for one in doctor.page.context.cookies()] == [("__Host-audit", True)]


def an_address_that_is_not_the_name_is_not_served(day: Day, here: Proxied) -> None:
    """Past the proxy there is no TLS and no name, where no browser makes a passkey: there is no page to try it on."""
    page = day.browser.new_page()
    answer = page.goto(f"{here.behind}/passkeys")
    assert answer.status == BAD_REQUEST
    assert "No register is served under this name." in page.inner_text("body")
    page.close()


def stored(url: str) -> list[dict[str, Any]]:
    """Return the log's entries as they were written."""
    engine = create_engine(url)
    with engine.connect() as conn:
        rows = conn.scalars(text("SELECT body FROM log_entry ORDER BY idx")).all()
    engine.dispose()
    return [json.loads(bytes(one)) for one in rows]
