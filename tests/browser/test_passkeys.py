"""Passkeys in a real browser with virtual authenticators: several people, one tablet, and a record that verifies."""

import json

import pytest
from playwright.sync_api import Locator

from tests import oracle
from tests.browser import clinic_day
from tests.browser.day import OPENED, Day
from tests.browser.keys import Key
from tests.browser.people import Person, Tally
from tests.browser.service import served

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BEFORE = (
    clinic_day.set_up,
    clinic_day.enrol,
    clinic_day.stock_products,
    clinic_day.inventory_of_nothing,
    clinic_day.receive,
)


def test_a_session_is_signed_by_passkeys_and_the_record_holds(browser, tmp_path):
    with served(tmp_path, hour=8) as service:
        day = Day(service, browser)
        for step in BEFORE:
            step(day)
        keys = {letter: Key() for letter in "ABC"}
        first_person_enrols(day, keys["A"])
        approved_on_anothers_page(day, keys["B"], keys["A"])
        vouched_for_at_the_same_tablet(day, keys["C"])
        cost = session_with_remainder(day, keys)
        a_double_tap_is_one_entry(day, keys["A"])
        a_second_figure_is_refused(day, keys)
        a_passkey_left_at_home(day)
        nobody_touches_the_key(day, keys["B"])
        a_head_that_was_changed_on_the_tablet(day, keys["B"])
        revoked(day, keys["B"], keys["A"])
        nobody_complained(day)
        verified = service.run("verify", "--json")
        assert verified.returncode == 0, verified.stdout
        (told,) = json.loads(verified.stdout)["sites"].values()
        assert told["findings"] == told["notices"] == []
        assert len(told["password_despite_passkey"]) == 1
    assert oracle.check(service.url) > 30
    # a planned session: waste, close, acts on the way
    assert cost.passwords == 0
    assert cost.taps <= 20, cost


def add_passkey(person: Person, key: Key, look: str = "") -> None:
    person.open("/passkeys")
    if look:
        person.look(f"{look}-none")
    with key.at(person.page):
        with person.page.expect_navigation(url="**/passkeys*"):
            person.on_screen("Add a passkey").click()
        person.page.wait_for_load_state()
    assert len(key.credentials) == 1
    if look:
        person.look(f"{look}-waits")


def first_person_enrols(day: Day, key: Key) -> None:
    doctor = day.person("A").open("/")
    doctor.must_see("Sign with a passkey.")
    doctor.look("p01-home-invites")
    doctor.tap("Add a passkey")
    add_passkey(doctor, key, "p02-first")
    doctor.must_see("you vouch for your first passkey yourself")
    doctor.sign(password=doctor.password)
    doctor.tap("Enrol this passkey")
    doctor.must_see("passkey is enrolled", "vouched for by Dr A. Example")
    doctor.look("p03-enrolled")


def approved_on_anothers_page(day: Day, key: Key, approvers: Key) -> None:
    nurse, doctor = day.person("B"), day.person("A")
    nurse.enter()
    add_passkey(nurse, key, "p04-second")
    nurse.must_see("Waits for a colleague")
    doctor.open("/")
    doctor.must_see("1 passkey waits for you to vouch.")
    doctor.open("/passkeys/waiting").look("p05-waiting")
    with approvers.at(doctor.page):
        doctor.tap("Vouch and sign")
    doctor.must_see("passkey is enrolled")
    nurse.open("/passkeys").must_see("vouched for by Dr A. Example")


def vouched_for_at_the_same_tablet(day: Day, key: Key) -> None:
    nurse, manager = day.person("C"), day.person("M")
    nurse.enter()
    add_passkey(nurse, key)
    nurse.page.get_by_text("They are here: vouch at this tablet").click()
    nurse.choose("second", manager.name)
    nurse.sign(second_password=manager.password)
    nurse.look("p06-vouch-here")
    nurse.tap("Vouch and sign")
    nurse.must_see("passkey is enrolled", f"vouched for by {manager.name}")


def session_with_remainder(day: Day, keys: dict[str, Key]) -> Tally:
    """B treats, C reads blind and witnesses with a key of their own at B's tablet; three touches of B's key."""
    nurse, second = day.person("B"), day.person("C")
    touches = keys["B"].touches
    with nurse.counted() as cost:
        start_session(nurse, "Patient One Placeholder")
        day.sessions.append(nurse.path)
        day.later(20)
        nurse.open(nurse.path)
        nurse.tap("Stop infusion")
        nurse.tap("The syringe shows another amount")
        nurse.key_in("volume", "0.2")
        nurse.tap(nurse.page.locator("form#read button.hero"))
        say_who(nurse, second)
        nurse.key_in("volume", "0.2")
        nurse.look("p07-reading")
        touch(nurse, keys["C"], "Lock my reading")
        choose_how(nurse)
        nurse.look("p08-waste")
        touch(nurse, keys["B"], "Sign the waste")
        nurse.tick("seen")
        say_who(nurse, second)
        nurse.look("p09-witness")
        touch(nurse, keys["C"], "Sign")
        nurse.look("p10-close")
        touch(nurse, keys["B"], "Close session")
        nurse.must_see("balanced to 0 mg (0 mL)")
    assert keys["B"].touches - touches == 3
    assert keys["C"].touches == 3  # one to prove it, the reading, the waste
    nurse.open("/register").must_see("Passkey")
    return cost


def touch(person: Person, key: Key, words: str) -> None:
    """Tap a button and touch the key that it asks for."""
    with key.at(person.page):
        person.tap(words)


def start_session(nurse: Person, patient: str) -> None:
    nurse.open("/").tap("Start session")
    nurse.tick("who", "other")
    nurse.write(name=patient, birth_date="1980-01-02")
    nurse.number(weight="78")
    nurse.tap("Open the session")
    nurse.scan(OPENED)
    nurse.tap("Draw 39 mg (0.78 mL)")
    nurse.tap("Start S-")


def say_who(nurse: Person, second: Person) -> None:
    chip = nurse.page.locator('label.chip:has(input[name="second"])', has_text=second.name)
    if chip.count():
        nurse.tally.taps += 1
        chip.locator("input").check()


def hero(person: Person) -> Locator:
    """The one button that the page is for."""
    return person.page.locator("main button.hero")


def choose_how(nurse: Person) -> None:
    for name in ("method", "reason"):
        if not nurse.page.locator(f'input[name="{name}"]:checked').count():
            nurse.tally.taps += 1
            nurse.page.locator(f'label.chip:has(input[name="{name}"])').first.click()


def a_double_tap_is_one_entry(day: Day, key: Key) -> None:
    doctor = day.person("A").open("/people/new")
    doctor.write(name="RN D. Example", sign_in="d.example", licence="EX-4")
    doctor.page.locator("#f-role_clinician").set_checked(True)
    with key.at(doctor.page), doctor.page.expect_navigation():
        doctor.on_screen("Enrol and sign").dblclick()
    doctor.page.wait_for_load_state()
    doctor.must_see("Hand this link to RN D. Example")
    doctor.open("/people")
    assert doctor.says().count("RN D. Example") == 1


def a_second_figure_is_refused(day: Day, keys: dict[str, Key]) -> None:
    """What B's tablet shows before C signs would tell whether C agrees: the figure is C's only one."""
    nurse, second = day.person("B"), day.person("C")
    start_session(nurse, "Patient Two Placeholder")
    day.sessions.append(nurse.path)
    day.later(20)
    nurse.open(nurse.path)
    nurse.tap("Stop infusion")
    nurse.tap("The syringe shows another amount")
    nurse.key_in("volume", "0.3")
    nurse.tap(nurse.page.locator("form#read button.hero"))
    reading = nurse.path
    say_who(nurse, second)
    nurse.key_in("volume", "0.9")
    # B touches their own key: it signs nothing of C's. What was drawn up is shown, and left
    with keys["B"].at(nurse.page):
        nurse.on_screen("Lock my reading").click()
        sheet = nurse.page.locator("[data-sign-sheet]")
        sheet.locator("[data-words]", has_text="0.9 mL").wait_for()
        nurse.look("p10b-sheet")
        sheet.get_by_role("button", name="Back to the page").click()
    with keys["C"].at(nurse.page):
        nurse.open(reading)
        say_who(nurse, second)
        nurse.key_in("volume", "0.3")
        nurse.tap("Lock my reading")
        nurse.must_see("A figure of yours for this reading is locked already")


def a_passkey_left_at_home(day: Day) -> None:
    nurse = day.person("B").open("/sign")
    nurse.must_see("Your passkey signs this.")
    nurse.page.get_by_text("Sign with password instead").click()
    nurse.sign(password=nurse.password)
    nurse.tap(hero(nurse))
    nurse.must_see("Say why it does not sign this")
    nurse.look("p11-password-why")
    nurse.page.locator('label.chip:has(input[value="not_at_hand"])').click()
    nurse.sign(password=nurse.password)
    nurse.tap(hero(nurse))
    nurse.must_see("Today")


def nobody_touches_the_key(day: Day, key: Key) -> None:
    """Nothing is signed, what was typed stays, and the key may be tried again."""
    nurse = day.person("B").open("/witness")
    act_on_the_way(day, nurse)
    nurse.open("/sign")
    with key.at(nurse.page) as plugged:
        plugged.verify(person=False)
        hero(nurse).click()
        sheet = nurse.page.locator("[data-sign-sheet]")
        sheet.get_by_text("The passkey did not answer. Nothing is signed.").wait_for()
        nurse.look("p12-sheet-again")
        plugged.verify(person=True)
        with nurse.page.expect_navigation():
            sheet.get_by_role("button", name="Try the passkey again").click()
    nurse.open("/sign").must_see("Nothing to sign")


def act_on_the_way(day: Day, nurse: Person) -> None:
    nurse.open(day.sessions[-1])
    nurse.page.get_by_text("Take a whole vial to the session").click()
    nurse.tap("Take this vial")


def a_head_that_was_changed_on_the_tablet(day: Day, key: Key) -> None:
    nurse = day.person("B").open("/")
    act_on_the_way(day, nurse)
    before = day.service.run("verify", "--json").stdout
    nurse.open("/sign")
    kept = json.loads(nurse.page.evaluate("localStorage.getItem('kept-head')"))
    forged = [kept | {"root": "ab" * 32}, kept | {"size": kept["size"] + 1000}, kept | {"log": "localhost/log/other"}]
    public = kept["vkey"].rsplit("+", 1)
    forged.append(kept | {"vkey": public[0] + "+" + "AQ" + public[1][2:][::-1][:-1] + "="})
    for number, wrong in enumerate(forged):
        nurse.page.evaluate("kept => localStorage.setItem('kept-head', JSON.stringify(kept))", wrong)
        with key.at(nurse.page):
            hero(nurse).click()
            sheet = nurse.page.locator("[data-sign-sheet][data-alarm]")
            sheet.get_by_text("Do not sign").wait_for()
            if number == 0:
                nurse.look("p13-alarm")
            sheet.get_by_role("button", name="Back to the page").click()
    nurse.page.evaluate("kept => localStorage.setItem('kept-head', JSON.stringify(kept))", kept)
    size = json.loads(before)
    assert size == json.loads(day.service.run("verify", "--json").stdout)
    with key.at(nurse.page):
        nurse.tap(hero(nurse))
    nurse.must_see("Today")


def revoked(day: Day, key: Key, admins: Key) -> None:
    doctor = day.person("A").open("/people")
    doctor.tap(doctor.page.locator("main a", has_text="RN B. Placeholder"))
    doctor.must_see("Passkeys")
    doctor.tap("Revoke")
    doctor.tick("reason", "lost")
    doctor.look("p14-revoke")
    with admins.at(doctor.page):
        doctor.tap("Revoke and sign")
    nurse = day.person("B")
    act_on_the_way(day, nurse)
    nurse.open("/sign")
    # without a passkey the password is the way again, and asks for no reason
    nurse.sign(password=nurse.password)
    nurse.tap(hero(nurse))
    nurse.open("/passkeys").must_see("Revoked")


def nobody_complained(day: Day) -> None:
    for person in day.people.values():
        unexpected = [one for one in person.complaints if "422" not in one and "409" not in one]
        assert unexpected == [], (person.name, unexpected)
