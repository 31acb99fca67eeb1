"""A session on a tablet, tap by tap: no more of them, and no more typed numbers, than the product promises.

A tap is any touch, each digit of the keypad included; a password is typed on a keyboard and sent with its Enter, where
a passkey will take one touch. A scan costs no tap.
"""

import shutil
import threading
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, sync_playwright
from werkzeug.serving import make_server

from tests.accounts import RIGHT
from tests.web import session_day as day
from tests.web.house import House, text_of
from tests.web.test_look_browser import QUIET

pytestmark = pytest.mark.browser


@dataclass
class Tablet:
    """A person's tablet that counts what is touched."""

    page: Page
    address: str
    taps: int = 0
    numbers: int = 0

    def tap(self, selector: str, *, leads: bool = False) -> None:
        self.taps += 1
        if not leads:
            self.page.click(selector)
            return
        with self.page.expect_navigation():
            self.page.click(selector)

    def key_in(self, digits: str) -> None:
        self.numbers += 1
        for digit in digits:
            self.tap(f'.pad button[data-key="{digit}"]')

    def scan(self, label: str) -> None:
        with self.page.expect_navigation():
            self.page.evaluate(
                """label => { const field = document.querySelector('[data-scan]');
                field.value = label; field.form.requestSubmit(); }""",
                label,
            )

    def sign(self, name: str) -> None:
        self.tap(f"input[name={name}]")
        self.page.keyboard.type(RIGHT)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def open(self, path: str) -> None:
        self.page.goto(self.address + path)


@pytest.fixture
def tablet(house: House):
    server = make_server("127.0.0.1", 0, house.service.app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET)
        page = browser.new_context(viewport={"width": 820, "height": 1180}, has_touch=True).new_page()
        complaints: list[str] = []
        page.on("console", lambda told: complaints.append(told.text) if told.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        opened = Tablet(page, f"http://localhost:{server.server_port}")
        opened.open("/sign-in")
        page.fill("[name=sign_in]", "a.example")
        page.fill("[name=password]", RIGHT)
        with page.expect_navigation():
            page.keyboard.press("Enter")
        yield opened
        browser.close()
        assert [one for one in complaints if "404" not in one] == []
    server.shutdown()


def second_person_and_close(tablet: Tablet, *, choose: bool, reading: str) -> None:
    if choose:
        tablet.tap('label.chip:has-text("B. Example")')
    tablet.key_in(reading)
    tablet.sign("second_password")
    tablet.sign("password")
    tablet.tap('label.opt:has-text("I saw")')
    tablet.sign("second_password")
    tablet.sign("password")


def test_a_session_with_one_dose_change_and_a_witnessed_waste_takes_at_most_20_taps_and_3_numbers(house, tablet):
    house.clinic.receive(count=1)
    session = day.open_session(house)
    tablet.open("/sessions")
    tablet.tap(f'a[href="{session}"]', leads=True)
    tablet.scan("V-0001")
    tablet.key_in(".95")
    tablet.tap('button.hero:has-text("Draw")', leads=True)
    tablet.tap('button.hero:has-text("Start")', leads=True)
    house.clock.pass_minutes(10)
    tablet.tap('button.chip:has-text("0.88 mL/h")', leads=True)
    house.clock.pass_minutes(15)
    tablet.tap('button.hero:has-text("Stop infusion")', leads=True)
    tablet.tap('button.hero:has-text("Confirm")', leads=True)
    read = day.last_event(house, "remainder_read")
    second_person_and_close(tablet, choose=True, reading=f"{read.volume_ul / 1000}".removeprefix("0"))
    assert "closed, balanced to 0 mg (0 mL)" in text_of(tablet.page.content())
    assert (tablet.taps <= 20, tablet.numbers <= 3) == (True, True), (tablet.taps, tablet.numbers)


def test_a_session_as_planned_takes_at_most_12_taps(house, tablet):
    for who in ("C", "M"):
        house.clinic.act("A", day.ended(house.clinic.people[who]))
    house.clinic.receive(count=1)
    session = day.open_session(house)
    tablet.open("/sessions")
    tablet.tap(f'a[href="{session}"]', leads=True)
    tablet.scan("V-0001")
    tablet.tap('button:has-text("what is ordered")', leads=True)
    tablet.tap('button.hero:has-text("Start")', leads=True)
    house.clock.pass_minutes(24)
    tablet.tap('button.hero:has-text("Stop infusion")', leads=True)
    tablet.tap('button.hero:has-text("Confirm")', leads=True)
    second_person_and_close(tablet, choose=False, reading=".3")
    assert "closed, balanced to 0 mg (0 mL)" in text_of(tablet.page.content())
    assert tablet.taps <= 12, tablet.taps


def test_a_wrong_number_is_corrected_in_6_taps(house, tablet):
    (vial,) = house.clinic.receive(count=1)
    session = day.open_session(house)
    day.draw(house, session, vial, "5")
    index = day.entries(house, "dose_drawn")[-1].index
    tablet.open(session)
    tablet.tap(f'a.ref[href="/register/{index}"]', leads=True)
    tablet.tap('a:has-text("Correct")', leads=True)
    tablet.key_in(".5")
    tablet.sign("password")
    assert day.last_event(house, "dose_drawn").mass_ug == 25_000
    assert tablet.taps <= 6, tablet.taps
