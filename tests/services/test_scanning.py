"""Rules of reading codes. Literals: examples of the GS1 General Specifications and codes printed by regulators."""

import pytest

from audit.domain.errors import Refused
from audit.domain.events import ProductRegistered
from audit.services.scanning import find_product, is_code_of, parse_label, parse_scan

GS, SHOWN = "\x1d", "\u241d"


def _product(system: str, code: str) -> ProductRegistered:
    return ProductRegistered(
        product="pr_1",
        code_system=system,
        code=code,
        name="Ketamine",
        labeller="Example Labs",
        form="solution",
        concentration_ug_per_ml=50_000,
        volume_ul=10_000,
        multi_dose=True,
    )


def _code(text: str) -> str:
    with pytest.raises(Refused) as refused:
        parse_scan(text, "code")
    assert refused.value.field == "code"
    return refused.value.code


@pytest.mark.parametrize(
    "text",
    [
        f"01095060001343521719122010ABCD1234{GS}21SER-7",
        f"]d201095060001343521719122010ABCD1234{GS}21SER-7",
        f"]C101095060001343521719122010ABCD1234{GS}21SER-7",
        f"{GS}01095060001343521719122010ABCD1234{GS}21SER-7",
        f"01095060001343521719122010ABCD1234{SHOWN}21SER-7",
        f"0109506000134352171912 2010ABCD1234{GS}21SER-7".replace(" ", ""),
        "(01)09506000134352(17)191220(10)ABCD1234(21)SER-7",
        "https://id.gs1.org/01/09506000134352/10/ABCD1234/21/SER-7?17=191220",
    ],
)
def test_one_symbol_reads_the_same_however_the_scanner_sends_it(text):
    # the example GTIN of GS1 (prefix 950), with element strings as in section 3
    found = parse_scan(text)
    assert (found.code_system, found.code) == ("gtin", "09506000134352")
    assert (found.lot, found.expiry, found.serial) == ("ABCD1234", "2019-12-20", "SER-7")
    assert (found.notice, found.split) == ("", None)


def test_a_day_of_00_means_the_last_day_of_the_month():
    # GS1 General Specifications, 3.4.7; 2028 is a leap year
    assert parse_scan("010950600013435217280200").expiry == "2028-02-29"
    assert parse_scan("010950600013435217270200").expiry == "2027-02-28"


@pytest.mark.parametrize("text", ["9506000134352", "09506000134352", "0109506000134352"])
def test_a_gtin_is_fourteen_digits_whatever_was_typed(text):
    assert parse_scan(text).code == "09506000134352"


def test_the_check_digit_of_the_specification_holds():
    # 7.9.1: the calculation's example is 629104150021 with check digit 3
    assert parse_scan("6291041500213").code == "06291041500213"


@pytest.mark.parametrize("text", ["6291041500214", "09506000134351", f"01095060001343511719122010ABCD1234{GS}21S"])
def test_a_wrong_check_digit_is_said_and_nothing_is_filled(text):
    assert _code(text) == "check_digit_wrong"


def test_a_lot_that_may_have_swallowed_a_serial_number_is_asked_about():
    found = parse_scan("01095060001343521719122010LOT12A21SN0001")
    assert found.notice == "separator_lost"
    assert found.lot == "LOT12A21SN0001"
    assert found.split == ("LOT12A", "SN0001")


@pytest.mark.parametrize("lot", ["LOT21A", "21LOT", "LOT21"])
def test_a_lot_with_21_before_its_separator_is_not_asked_about(lot):
    assert parse_scan("010950600013435217191220" + f"10{lot}{GS}").notice == ""


@pytest.mark.parametrize("lot", ["21LOT", "LOT21"])
def test_a_21_at_the_edge_of_a_lot_leaves_no_other_reading(lot):
    assert parse_scan(f"01095060001343521719122010{lot}").split is None


def test_a_lot_without_21_needs_no_separator_at_the_end():
    assert parse_scan("01095060001343521719122010EX-5390").notice == ""


@pytest.mark.parametrize("text", ["0409-2053-10", "55150-438-10", "71872-7296-1", "123456-1234-12", "NDC 0409-2053-10"])
def test_a_printed_ndc_keeps_its_segments(text):
    assert parse_scan(text).code == text.removeprefix("NDC ")
    assert parse_scan(text).code_system == "ndc"


@pytest.mark.parametrize("text", ["02246796", "DIN 02246796", "din:02246796"])
def test_a_din_is_eight_digits(text):
    assert (parse_scan(text).code_system, parse_scan(text).code) == ("din", "02246796")


@pytest.mark.parametrize(
    "text", ["hello", "(99", "0109506000134352ZZ", "１２３４５６７８", "x" * 300, "](01)", "(01)0950600"]
)
def test_anything_else_is_said_to_be_unreadable(text):
    assert _code(text) == "code_unreadable"


@pytest.mark.parametrize("text", ["", "  ", SHOWN + " "])
def test_an_empty_scan_asks_for_a_code(text):
    assert _code(text) == "code_missing"


def test_a_lot_alone_names_no_product():
    assert _code("10ABCD1234") == "product_code_missing"


def test_a_us_gtin_means_the_product_whose_ndc_it_holds():
    # 0409-2053-10 -> 0 03 0409205310 and its check digit
    scanned = parse_scan("00304092053105")
    assert is_code_of(scanned, "ndc", "0409-2053-10")
    assert not is_code_of(scanned, "ndc", "0409-2051-05")
    assert not is_code_of(parse_scan("09506000134352"), "ndc", "0600-0134-35")


def test_a_code_two_products_could_have_means_neither():
    scanned = parse_scan("00304092053105")
    products = {"pr_1": _product("ndc", "0409-2053-10"), "pr_2": _product("ndc", "04092-053-10")}
    assert find_product(scanned, products) is None
    assert find_product(scanned, {"pr_1": products["pr_1"]}) == "pr_1"
    assert find_product(parse_scan("02246796"), {"pr_3": _product("din", "02246796")}) == "pr_3"


@pytest.mark.parametrize(
    ("text", "label"), [("V-0412", "V-0412"), ("v412", "V-0412"), (" s-231 ", "S-0231"), ("V-12345", "V-12345")]
)
def test_a_label_of_the_clinic_is_read_as_it_is_printed(text, label):
    assert parse_label(text) == label


@pytest.mark.parametrize("text", ["0412", "X-0412", "V-", "V-0412-1", "09506000134352"])
def test_nothing_else_is_a_label(text):
    assert parse_label(text) is None
