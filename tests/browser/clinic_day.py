"""A clinic's day as its people do it, page by page: set-up, delivery, count, case, report.

Each step leaves its people where the next one begins. Not here: sessions (treatment.py), what must hold afterwards
(test_clinic_day.py).
"""

from pathlib import Path

from tests.browser.day import OPENED, REST, Day, pry_open
from tests.browser.people import GS, Person

VIALS_50 = "010030409205310" + "5" + "17290331" + "10EX-5402" + GS + "21000000017"
VIALS_100 = "010030409205105" + "7" + "17281231" + "10EX-1187" + GS + "21000000044"


def set_up(day: Day) -> None:
    """Open the register by the link that the service printed: eight fields, the first person, the recovery key."""
    doctor = day.come("A", "Dr A. Example", "a.example", "harbour").open(day.service.link)
    doctor.look("01-set-up")
    doctor.write(clinic="Example Ketamine Clinic", address="1 Sample Street, Springfield, NY 10001")
    doctor.write(telephone="212-555-0100", registration="FE0417123", registration_expires="2028-03-31")
    doctor.write(clinic_licence="EX-CL-0417", responsible="Dr A. Example")
    doctor.page.locator("#f-zone").select_option("America/New_York")
    doctor.tick("pack", "us-dea")
    doctor.write(name=doctor.name, sign_in=doctor.sign_in, licence="EX-100417")
    doctor.write(password=doctor.password, password_again=doctor.password)
    doctor.tap("Open the register")
    doctor.look("02-recovery-key")
    doctor.tick("kept")
    doctor.tap("Go to sign-in")
    doctor.enter()
    doctor.look("03-home-new-clinic")


def enrol(day: Day) -> None:
    """Enrol three people; each chooses a password by a link in a browser of their own."""
    doctor = day.person("A")
    staff = [
        ("B", "RN B. Placeholder", "b.placeholder", "orchard", "nurse", "clinician"),
        ("C", "RN C. Specimen", "c.specimen", "thistle", "nurse", "clinician"),
        ("M", "Mx M. Sample", "m.sample", "granite", "pharmacist", "manager"),
    ]
    for letter, name, sign_in, word, profession, role in staff:
        doctor.open("/people/new")
        doctor.write(name=name, sign_in=sign_in)
        doctor.page.locator("#f-profession").select_option(profession)
        for one in ("clinician", "manager", "administrator", "inspector"):
            doctor.page.locator(f"#f-role_{one}").set_checked(one == role)
        doctor.sign(password=doctor.password)
        if letter == "B":
            doctor.look("04-enrol")
        doctor.tap("Enrol and sign")
        if letter == "B":
            doctor.look("05-password-link")
        link = doctor.page.input_value("#f-address")
        somebody = day.come(letter, name, sign_in, word).open(link)
        somebody.write(new=somebody.password, again=somebody.password)
        if letter == "B":
            somebody.look("06-set-password")
        somebody.tap("Set password")
        somebody.enter()
    doctor.open("/people").look("07-people")


def stock_products(day: Day) -> None:
    """Register a product from the catalogue."""
    doctor = day.person("A").open("/products")
    doctor.look("08-products")
    doctor.tap("Register 0409-2053-10")
    doctor.look("09-product")
    doctor.tap("Register product")
    doctor.must_see("NDC 0409-2053-10", "500 mg (10 mL)")


def inventory_of_nothing(day: Day) -> None:
    """Take the opening inventory by two people: nothing is on hand."""
    doctor, nurse = day.person("A").open("/inventory"), day.person("B")
    doctor.look("10-inventory")
    doctor.tick("nothing")
    doctor.sign(password=doctor.password)
    doctor.tap("Sign the first count")
    doctor.look("11-inventory-waits")
    with nurse.shown() as shown:
        nurse.open("/inventory/second")
        nurse.look("12-inventory-second")
        nurse.tick("nothing")
        nurse.sign(second_password=nurse.password)
        nurse.tap("Sign the second count")
    day.shown["second inventory"] = shown
    nurse.must_see("Both counts agree.", "Stated as zero")
    nurse.look("13-inventory-agrees")


def receive(day: Day) -> None:
    """Receive two lots by their scanned codes, one of a product that the catalogue knows."""
    manager = day.person("M").open("/receive")
    manager.look("14-receive")
    manager.scan(VIALS_50)
    manager.must_see("EX-5402")
    manager.number(containers_0="4")
    manager.scan(VIALS_100)
    manager.must_see("EX-1187", "100 mg/mL")
    manager.number(containers_1="2")
    manager.write(supplier="Sample Wholesale Inc.", supplier_address="2 Placeholder Road, Albany, NY 12201")
    manager.write(supplier_registration="RS0417456", invoice="INV-2231")
    manager.write(invoice_date=day.service.today(), received_on=day.service.today())
    manager.look("15-receive-scanned")
    manager.sign(password=manager.password)
    manager.tap("Sign the receipt")
    manager.must_see("V-0001", "V-0004", "2000mg", "1000mg")
    manager.look("16-received")
    manager.open("/stock").look("17-stock")
    day.vial = manager.page.locator("main a", has_text=OPENED).first.get_attribute("href")


def count(day: Day) -> None:
    """Count blind at the end of the day, by two people at one tablet; a vial is 0.5 mL short of the book."""
    day.later(25)
    nurse, second = day.person("B"), day.person("C")
    nurse.enter()
    nurse.open("/counts").look("38-counts")
    with nurse.shown() as first:
        nurse.tap("Count at the close")
        second.enter()
        list_what_is_there(nurse, look="39-count")
        with second.shown() as pried, day.person("M").shown() as managed:
            pry_open(day, second, day.sessions[-1])
            pry_open(day, day.person("M"), day.sessions[-1])
    nurse.sign(password=nurse.password)
    with nurse.shown() as then:
        nurse.tap("Sign my count")
        nurse.look("40-count-signed")
        nurse.tap("Pass to the second person")
        nurse.look("41-count-second")
    list_what_is_there(nurse)
    day.shown["first count"] = first + pried + managed
    day.shown["second count"] = then
    nurse.page.locator("#f-second").select_option(label=second.name)
    nurse.sign(second_password=second.password)
    nurse.tap("Sign my count")
    nurse.must_see("1 line is not as the book has it", "−25mg")
    nurse.look("42-count-revealed")


def list_what_is_there(nurse: Person, *, look: str = "") -> None:
    """Find one opened vial at 6.94 mL and five sealed ones of two lots."""
    before = nurse.tally.taps
    nurse.scan(OPENED)
    nurse.key_in("level_0", "6.94")
    if look:
        nurse.look(look)
    for label in (*REST, "V-0005", "V-0006"):
        nurse.scan(label)
    assert nurse.tally.taps - before <= 5
    nurse.must_see("Lot EX-5402, sealed", "Lot EX-1187, sealed")


def assign(day: Day) -> None:
    """Give the case an owner, at the counters' tablet, signed by the manager."""
    nurse, manager = day.person("B"), day.person("M")
    nurse.page.locator("#f-owner_0").select_option(label=manager.name)
    nurse.page.locator("#f-second").select_option(label=manager.name)
    nurse.sign(second_password=manager.password)
    nurse.tap("Assign")
    nurse.open("/cases")
    nurse.look("43-cases")
    manager.enter()
    manager.open("/").look("44-home-manager")
    manager.open("/cases").tap(manager.page.locator("main a[href*='/cases/']").first)
    manager.must_see("−25mg", manager.name)
    manager.look("45-case")


def reconcile(day: Day) -> None:
    """Look at the day's accountability."""
    manager, today = day.person("M"), day.service.today()
    manager.open(f"/reconcile?from={today}&to={today}")
    manager.look("46-reconciliation")


def report(day: Day, into: Path) -> Path:
    """Issue the inspection report of the day and fetch it."""
    manager, today = day.person("M"), day.service.today()
    manager.open("/reports").look("47-reports")
    manager.write(**{"from": today, "to": today})
    manager.sign(password=manager.password)
    manager.tap("Sign and issue")
    manager.look("48-report-issued")
    with manager.page.expect_download() as fetched:
        manager.on_screen("PDF").click()
    file = into / fetched.value.suggested_filename
    fetched.value.save_as(file)
    return file


def look_around(day: Day) -> None:
    """Look at the pages on which nothing is done, and at one in the dark."""
    nurse, manager = day.person("B"), day.person("M")
    nurse.open("/sessions").look("49-sessions")
    nurse.open("/stock").look("50-stock-after")
    nurse.open(day.vial).look("51-vial")
    nurse.open("/register").look("52-register")
    manager.open("/register/verify").look("53-verify")
    nurse.open("/register/20").look("54-entry")
    nurse.open("/witness").look("55-witness-nothing")
    nurse.open("/").look("56-home-after")
    nurse.open("/no-such-page").look("57-unknown")
    nurse.page.emulate_media(color_scheme="dark")
    nurse.open(day.sessions[0]).look("58-dark-session")
    manager.page.emulate_media(color_scheme="dark")
    manager.open("/reconcile").look("59-dark-reconciliation")
