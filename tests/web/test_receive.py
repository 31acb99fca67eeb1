"""Rules of a delivery at its pages: nothing before the signature, nothing typed lost, each wrong value its message."""

import re

import pytest

from audit.domain import events
from audit.services.deliveries import earlier_invoice
from audit.services.labels import find_container
from tests.accounts import RIGHT
from tests.web.house import House, hidden_value, open_house, text_of

GS = "\u241d"
HOSPIRA = "00304092053105"
"""The GTIN that holds NDC 0409-2053-10, 50 mg/mL in 10 mL."""
SUPPLY = {
    "supplier": "Example Wholesale",
    "supplier_address": "1 Sample Street, Toronto",
    "supplier_registration": "EX-123",
    "invoice": "EX-88131",
    "invoice_date": "2026-11-20",
    "received_on": "2026-11-23",
}


def _line(product: str, row: int = 0, **changed: str) -> dict[str, str]:
    line = {"product": product, "lot": "EX-5390", "expiry": "2028-04-30", "containers": "2"} | changed
    return {f"{name}_{row}": value for name, value in line.items()}


def _sign(house: House, *lines: dict[str, str], **changed: str) -> dict[str, str]:
    first = lines or (_line(house.clinic.products["50"]),)
    return {"do": "sign", "password": RIGHT, **SUPPLY, **{k: v for line in first for k, v in line.items()}, **changed}


def _value(page: str, name: str) -> str:
    found = re.search(rf'id="f-{name}"[^>]*value="([^"]*)"', page)
    return found[1] if found else ""


def _chosen(page: str, name: str) -> str:
    select = re.search(rf'id="f-{name}".*?</select>', page, re.DOTALL)
    found = re.search(r'value="([^"]*)" selected', select[0]) if select else None
    return found[1] if found else ""


def test_two_lots_become_one_entry_with_a_label_for_each_container(house):
    browser, product = house.browser("B"), house.clinic.products["50"]
    lines = (_line(product), _line(product, 3, lot="EX-5402", containers="3"))
    page = browser.done("/receive", _sign(house, *lines))
    said = text_of(browser.get(page))
    assert "V-0001 to V-0002 2 1000 mg 20 mL" in said
    assert "V-0003 to V-0005 3 1500 mg 30 mL" in said
    receipt = page.split("/")[-1].partition("?")[0]
    labels = text_of(browser.get(f"/stock/labels?receipt={receipt}"))
    assert [label in labels for label in ("V-0001", "V-0005", "V-0006")] == [True, True, False]
    made = [entry.event for entry in house.clinic.book(f"receipt:{receipt}").entries.values()]
    assert sum(isinstance(event, events.ReceiptRecorded) for event in made) == 1


def test_a_scanned_code_fills_product_lot_and_expiry(house):
    browser, before = house.browser("B"), house.size
    code = f"01{HOSPIRA}172804301" + f"0EX-5390{GS}21000713"
    page = browser.post("/receive", {**SUPPLY, "code": code, "do": "scan"}).text
    assert _chosen(page, "product_0") == "new:ndc:0409-2053-10"
    assert (_value(page, "lot_0"), _value(page, "expiry_0")) == ("EX-5390", "2028-04-30")
    assert _value(page, "invoice") == "EX-88131"
    assert house.size == before


def test_a_scanner_that_presses_no_button_is_read_all_the_same(house):
    page = house.browser("B").post("/receive", {**SUPPLY, "code": f"(01){HOSPIRA}(10)EX-1"}).text
    assert _value(page, "lot_0") == "EX-1"


def test_a_lot_that_may_hold_a_serial_number_is_asked_about_before_it_is_filled_in(house):
    browser = house.browser("B")
    code = f"01{HOSPIRA}1728043010LOT12A21SN0001"
    page = browser.post("/receive", {**SUPPLY, "code": code, "do": "scan"}).text
    assert "How does the lot read on the package?" in text_of(page)
    assert _value(page, "lot_0") == ""
    asked = {"asked": hidden_value(page, "asked"), **SUPPLY}
    assert _value(browser.post("/receive", {**asked, "do": "split"}).text, "lot_0") == "LOT12A"
    assert _value(browser.post("/receive", {**asked, "do": "whole"}).text, "lot_0") == "LOT12A21SN0001"


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (
            "00304092053104",
            "The check digit of 00304092053104 is wrong: a digit was misread. Scan or type it again",
        ),
        ("hello", "“hello” is not a code that can be read. Scan again, or choose the product in a line"),
        ("10EX-5390", "This code names no product. Scan the product's code, or choose it in a line"),
    ],
)
def test_a_code_that_cannot_be_used_is_said_at_the_scan_and_nothing_is_lost(house, code, says):
    answer = house.browser("B").post("/receive", {**_sign(house), "code": code, "do": "scan"})
    assert answer.status_code == 422
    assert says in text_of(answer.text)
    assert _value(answer.text, "lot_0") == "EX-5390"
    assert _value(answer.text, "code") == code


def test_lines_are_added_and_removed_without_losing_what_was_typed(house):
    browser, before = house.browser("B"), house.size
    form = _sign(house)
    page = browser.post("/receive", {**form, "do": "add"}).text
    assert "Line 2" in text_of(page)
    assert (_value(page, "lot_0"), _value(page, "containers_0")) == ("EX-5390", "2")
    two = {**form, **_line("", 1, lot="EX-2", containers="")}
    page = browser.post("/receive", {**two, "do": "remove_0"}).text
    assert (_value(page, "lot_0"), _value(page, "lot_1")) == ("", "EX-2")
    assert _value(page, "supplier") == "Example Wholesale"
    assert house.size == before


def test_a_password_is_never_sent_back(house):
    browser = house.browser("B")
    for do in ("add", "scan", "sign"):
        assert RIGHT not in browser.post("/receive", {**_sign(house, invoice=""), "do": do}).text


def test_a_product_of_the_catalogue_is_registered_by_the_same_signature(house):
    browser = house.browser("B")
    lines = (_line("new:din:02246796"), _line("new:din:02246796", 1, lot="EX-2"))
    browser.done("/receive", _sign(house, *lines))
    vial = find_container(house.clinic.register, "V-0003")
    product = house.clinic.book(f"product:{vial.product}").products[vial.product]
    assert (product.code_system, product.code, product.concentration_ug_per_ml) == ("din", "02246796", 50_000)
    assert vial.product == find_container(house.clinic.register, "V-0001").product


WRONG = [
    ({"containers_0": "1e2"}, "“1e2” is not a whole number. Type it like 12"),
    ({"containers_0": "1,000"}, "“1,000” is not a whole number. Type it like 12"),
    ({"containers_0": "٣"}, "“٣” is not a whole number. Type it like 12"),
    ({"containers_0": "-2"}, "“-2” is not a whole number. Type it like 12"),
    ({"containers_0": "0"}, "Type how many containers came, or remove the line"),
    ({"containers_0": "301"}, "“301” is more than 300"),
    ({"containers_0": ""}, "Type the amount"),
    ({"product_0": ""}, "This is needed"),
    ({"product_0": "pr_unknown"}, "Choose one"),
    ({"product_0": "new:din:00000000"}, "Choose one"),
    ({"lot_0": ""}, "This is needed"),
    ({"lot_0": "ＥＸ"}, "This has a character that cannot be kept, or is not of the form expected"),
    ({"lot_0": "X" * 61}, "This is too long: at most 60 characters"),
    ({"expiry_0": "30/04/2028"}, "“30/04/2028” is not a date. Type it like 2026-11-23"),
    ({"expiry_0": "2028-02-30"}, "“2028-02-30” is not a date. Type it like 2026-11-23"),
    ({"supplier": " "}, "This is needed"),
    ({"invoice": ""}, "This is needed"),
    ({"invoice_date": "2026-11-24"}, "2026-11-24 is later than today (2026-11-23)"),
    ({"received_on": "2026-11-24"}, "2026-11-24 is later than today (2026-11-23)"),
    ({"received_on": "2026-11-20"}, "2026-11-20 is before today. Type the day and time it came"),
    (
        {"received_on": "2026-11-20", "occurred": "2026-11-21T10:00"},
        "This is not on 2026-11-20, the day you say it was received",
    ),
    ({"occurred": "2026-11-23T23:59"}, "This time is still to come. Type when it happened"),
    ({"password": ""}, "Type the password to sign"),
    ({"password": "another four words"}, "This is not the password. Nothing is signed"),
]


def test_each_wrong_value_of_a_delivery_has_its_message_and_writes_nothing(house):
    browser, before = house.browser("B"), house.size
    for changed, says in WRONG:
        assert browser.refused("/receive", _sign(house) | changed) == [says], changed
    assert house.size == before


def test_several_wrong_values_are_said_at_once_each_at_its_field(house):
    answer = house.browser("B").post("/receive", _sign(house, lot_0="", invoice="", containers_0="x"))
    assert sorted(re.findall(r'class="err" id="e-(\w+)"', answer.text)) == ["containers_0", "invoice", "lot_0"]


def test_a_late_delivery_says_when_it_came_and_stands_at_that_time(house):
    page = house.browser("B").done(
        "/receive", _sign(house, received_on="2026-11-20", occurred="2026-11-20T10:30", invoice_date="2026-11-19")
    )
    assert "20 Nov 2026 10:30 −05:00" in text_of(house.browser("B").get(page))


def test_what_the_jurisdiction_wants_of_a_receipt_is_asked_for_with_its_source(tmp_path, monkeypatch):
    house = open_house(tmp_path, monkeypatch, pack="us-dea")
    browser = house.browser("B")
    assert "21 CFR 1304.22(c), 1304.21(d) (law" in text_of(browser.get("/receive"))
    assert browser.refused("/receive", _sign(house, supplier_registration="")) == ["This is needed"]


def test_the_same_invoice_twice_is_noticed_and_taken_only_when_confirmed(house):
    browser = house.browser("B")
    browser.done("/receive", _sign(house))
    told = browser.refused("/receive", _sign(house, invoice="ex-88131", supplier="EXAMPLE WHOLESALE"))
    assert told == ["Invoice ex-88131 is recorded already, as entry 7. Tick the box if this is another delivery"]
    browser.done("/receive", _sign(house, again="yes"))
    assert earlier_invoice(house.clinic.register, "Example Wholesale", "EX-88131", but="r_other").index > 7


def test_the_same_form_twice_is_one_delivery(house):
    browser = house.browser("B")
    first = browser.done("/receive", _sign(house))
    before = house.size
    again = browser.resend("/receive")
    assert (again.status_code, again.headers["Location"]) == (303, first)
    assert house.size == before
    assert browser.resend("/receive", containers_0="3").status_code == 422
    assert house.size == before


def test_a_lot_typed_in_other_letters_is_the_lot_that_arrived_before(house):
    house.clinic.receive(lot="EX-5390")
    house.browser("B").done("/receive", _sign(house, lot_0="ex-5390"))
    assert find_container(house.clinic.register, "V-0003").lot == "EX-5390"


def test_the_last_supplier_is_filled_in(house):
    house.clinic.receive()
    page = house.browser("B").get("/receive")
    assert _value(page, "supplier") == "Example Wholesale"
    assert _value(page, "invoice") == ""


def test_an_inspector_reads_a_receipt_and_receives_nothing(house):
    page = house.browser("B").done("/receive", _sign(house))
    inspector = house.browser("I")
    inspector.get("/receive", 404)
    assert "Print the labels" not in inspector.get(page)


def test_an_expired_lot_can_be_received_and_is_said_to_be_expired(house):
    browser = house.browser("B")
    page = browser.post("/receive", {**_sign(house, expiry_0="2026-10-31"), "do": "add"}).text
    assert "It can be received; it must not be used." in text_of(page)
    browser.done("/receive", _sign(house, expiry_0="2026-10-31"))
