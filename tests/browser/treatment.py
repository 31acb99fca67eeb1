"""Sessions as their people do them: order, draw, rates, the reading, the second person, the waste, the close."""

from tests.browser.day import OPENED, Day, pry_open
from tests.browser.people import Person


def session_with_two_changes(day: Day) -> None:
    """Treat a new patient: 50 mg in 50 mL, the rate changed twice, 8.6 mL left, witnessed at the same tablet."""
    nurse = day.person("B")
    nurse.open("/").look("18-home-clinician")
    nurse.tap("Start session")
    nurse.tick("who", "other")
    nurse.write(name="Patient One Placeholder", birth_date="1980-01-02")
    nurse.number(weight="78")
    nurse.look("19-open-session")
    nurse.tap("Open the session")
    day.sessions.append(nurse.path)
    nurse.look("20-session-opened")
    nurse.scan(OPENED)
    nurse.tick("made_up", "50000")
    nurse.key_in("volume", "1")
    nurse.look("21-draw")
    nurse.tap(nurse.page.locator("form#draw button.hero"))
    nurse.look("22-session-drawn")
    nurse.tap("Start S-0001")
    day.later(15)
    nurse.open(nurse.path)
    nurse.look("23-session-running")
    change_rate(nurse, "43.9 mL/h")
    day.later(10)
    nurse.open(nurse.path)
    change_rate(nurse, "58.5 mL/h")
    nurse.look("23-session-changed")
    day.later(20)
    nurse.tap("Stop infusion")
    nurse.must_see("Confirm 8.6 mL (8.6 mg) left")
    nurse.look("24-session-stopped")
    nurse.tap("Confirm 8.6 mL (8.6 mg) left")
    reread(day, nurse, "C", "8.6", name="26-witness-reading", pry=True)
    waste(nurse, look="27-waste")
    witness(day, nurse, "C", look="28-witness-signs")
    close(nurse, look="29-close")
    nurse.must_see("balanced to 0 mg (0 mL)")
    nurse.look("30-session-closed")


def session_wholly_wasted(day: Day) -> None:
    """Draw what was ordered for a patient who then does not want it: nothing is given, all is wasted."""
    nurse = day.person("B")
    nurse.open("/").tap("Start session")
    nurse.tick("who", "other")
    nurse.write(name="Patient Two Placeholder", birth_date="1975-06-30")
    nurse.number(weight="78")
    nurse.tap("Open the session")
    day.sessions.append(nurse.path)
    nurse.scan(OPENED)
    nurse.tap("Draw 39 mg (0.78 mL)")
    nurse.tap("Nothing was given")
    nurse.look("30-nothing-given")
    nurse.key_in("volume", "50")
    nurse.tap(nurse.page.locator("form#read button.hero"))
    reread(day, nurse, "C", "50")
    waste(nurse)
    witness(day, nurse, "C")
    close(nurse)
    nurse.must_see("balanced to 0 mg (0 mL)")
    nurse.look("31-wholly-wasted")


def session_corrected(day: Day) -> None:
    """Treat a known patient with one dose change, all counted; then put right a rate that was typed wrong."""
    day.later(5)
    nurse = day.person("B")
    nurse.enter()
    with nurse.counted() as session:
        nurse.tap("Start session")
        nurse.choose("patient", "1 session")
        nurse.number(weight="78")
        nurse.tap("Open the session")
        day.sessions.append(nurse.path)
        nurse.scan(OPENED)
        nurse.tap("Draw 39 mg (0.78 mL)")
        nurse.tap("Start S-")
    day.later(20)
    type_a_wrong_rate(nurse, "65.2")
    with nurse.counted() as correction:
        correct_the_rate(nurse, wrong="65.2 mL/h", right="56")
    nurse.open(day.sessions[-1])
    nurse.must_see("56 mL/h", "Correction")
    nurse.look("34-session-corrected")
    day.later(10)
    with nurse.counted() as then:
        change_rate(nurse, "75 mL/h")
        day.later(10)
        nurse.tap("Stop infusion")
        nurse.tap("Confirm 3.2 mL (2.496 mg) left")
        reread(day, nurse, "C", "3.2")
        with nurse.counted() as watched:
            waste(nurse)
            witness(day, nurse, "C")
        close(nurse)
    nurse.must_see("balanced to 0 mg (0 mL)")
    nurse.look("35-corrected-closed")
    session.add(then)
    day.costs = {"session": session, "waste and witness": watched, "correction": correction}


def type_a_wrong_rate(nurse: Person, rate: str) -> None:
    """Type a rate on the keypad, its digits turned round."""
    nurse.tap("Other…")
    nurse.key_in("rate", rate)
    nurse.page.locator('label.chip:has(input[name="reason"])').first.click()
    nurse.look("31-other-rate")
    nurse.tap(nurse.page.locator("form#rate button.hero"))


def correct_the_rate(nurse: Person, *, wrong: str, right: str) -> None:
    """Put a wrong number right, from the page of its session."""
    nurse.tap("Correct")
    nurse.look("32-choose-what-to-correct")
    nurse.tap(nurse.page.locator(".tl li").filter(has_text=wrong).get_by_role("link", name="Correct this"))
    nurse.key_in(nurse.page.locator("[data-pad] input").first.get_attribute("name"), right)
    nurse.sign(password=nurse.password)
    nurse.look("33-correct")
    nurse.tap("Sign the correction")


def change_rate(nurse: Person, rate: str) -> None:
    """Change the rate by a chip, one tap."""
    nurse.tap(nurse.page.locator("button.chip", has_text=rate))


def reread(day: Day, nurse: Person, second: str, volume: str, *, name: str = "", pry: bool = False) -> None:
    """Read what is left as second person at the first one's tablet; the service has shown them no figure before."""
    witness_, session = day.person(second), day.sessions[-1]
    if not nurse.path.startswith("/witness/reading/"):
        nurse.tap("Hand over: read")
    shown = [answer for answer in nurse.answers if answer.path == nurse.path]
    if pry:
        for one in (witness_, day.person("M")):
            with one.shown() as seen:
                pry_open(day, one, session)
            shown += seen
    day.shown[f"reading {volume}"] = shown
    who_are_you(nurse, witness_)
    nurse.key_in("volume", volume)
    nurse.sign(second_password=witness_.password)
    if name:
        nurse.look(name)
    nurse.tap("Lock my reading")


def who_are_you(nurse: Person, second: Person) -> None:
    """Say who the second person is, where the page asks."""
    chip = nurse.page.locator('label.chip:has(input[name="second"])', has_text=second.name)
    if chip.count():
        nurse.tally.taps += 1
        chip.locator("input").check()
    elif nurse.page.locator("select#f-second").count():
        nurse.choose("second", second.name)


def waste(nurse: Person, *, look: str = "") -> None:
    """Sign the waste of what is left."""
    if "/waste" not in nurse.path:
        nurse.tap("Waste ")
    for name in ("method", "reason"):
        if not nurse.page.locator(f'input[name="{name}"]:checked').count():
            nurse.tally.taps += 1
            nurse.page.locator(f'label.chip:has(input[name="{name}"])').first.click()
    nurse.sign(password=nurse.password)
    if look:
        nurse.look(look)
    nurse.tap("Sign the waste")


def witness(day: Day, nurse: Person, second: str, *, look: str = "") -> None:
    """Sign as the second person who saw it emptied, at the first one's tablet."""
    if nurse.path.startswith("/sessions/"):
        nurse.tap("Second person signs the waste")
    nurse.tick("seen")
    who_are_you(nurse, day.person(second))
    nurse.sign(second_password=day.person(second).password)
    if look:
        nurse.look(look)
    nurse.tap("Sign with my own password")


def close(nurse: Person, *, look: str = "") -> None:
    """Close the session: nothing is left to account for."""
    nurse.sign(password=nurse.password)
    if look:
        nurse.look(look)
    nurse.tap("Close session, 0 mg (0 mL) left")
