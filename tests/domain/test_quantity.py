import pytest

from audit.domain.quantity import (
    format_thousandths,
    mass_of,
    parse_count,
    parse_positive,
    parse_thousandths,
    share,
    volume_of,
)
from tests.domain.paper import refused


@pytest.mark.parametrize(
    ("typed", "thousandths"),
    [("1.5", 1500), ("0", 0), ("0.001", 1), (" 12 ", 12_000), ("007", 7000), ("999999999.999", 999_999_999_999)],
)
def test_an_amount_is_read_exactly(typed, thousandths):
    assert parse_thousandths(typed, "volume") == thousandths


@pytest.mark.parametrize(("typed", "thousandths"), [("1,5", 1500), ("0,001", 1), ("12", 12_000), ("1,500", 1500)])
def test_a_comma_is_a_decimal_mark_in_french(typed, thousandths):
    assert parse_thousandths(typed, "volume", mark=",") == thousandths


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "amount_missing"),
        ("   ", "amount_missing"),
        ("1e3", "not_a_number"),
        ("1E3", "not_a_number"),
        ("1 000", "not_a_number"),
        ("1,000.5", "not_a_number"),
        ("1.000,5", "not_a_number"),
        ("1'000", "not_a_number"),
        ("１.５", "not_a_number"),
        ("١", "not_a_number"),
        ("½", "not_a_number"),
        ("²", "not_a_number"),
        ("+1", "not_a_number"),
        (".5", "not_a_number"),
        ("5.", "not_a_number"),
        ("0x10", "not_a_number"),
        ("1_000", "not_a_number"),
        ("NaN", "not_a_number"),
        ("inf", "not_a_number"),
        ("1 mL", "not_a_number"),
        ("-", "not_a_number"),
        ("1\u200b", "not_a_number"),
        ("-1", "negative"),
        ("−1.5", "negative"),
        ("- 2", "negative"),
        ("1,500", "two_readings"),
        ("1.0001", "too_many_decimals"),
        ("0.0000", "too_many_decimals"),
        ("1234567890", "too_large"),
    ],
)
def test_anything_but_a_plain_decimal_is_refused(typed, code):
    with refused(code, "volume"):
        parse_thousandths(typed, "volume")


@pytest.mark.parametrize("typed", ["1.500", "1.5"])
def test_a_point_where_the_comma_is_the_mark_has_two_readings(typed):
    with refused("two_readings"):
        parse_thousandths(typed, "volume", mark=",")


def test_a_comma_that_cannot_be_a_thousands_separator_is_a_decimal_mark_in_english_too():
    assert parse_thousandths("1,5", "volume") == 1500


def test_zero_is_refused_where_an_amount_must_be_more():
    with refused("zero", "dose"):
        parse_positive("0.000", "dose")
    assert parse_positive("0.5", "dose") == 500


@pytest.mark.parametrize(
    ("typed", "code"),
    [("", "amount_missing"), ("1.5", "not_a_whole_number"), ("-1", "not_a_whole_number"), ("٣", "not_a_whole_number")],
)
def test_things_are_counted_in_whole_numbers(typed, code):
    with refused(code, "containers"):
        parse_count(typed, "containers", most=100)


@pytest.mark.parametrize("typed", ["101", "9999999999"])
def test_more_things_than_there_can_be_are_refused(typed):
    with refused("too_many", "containers"):
        parse_count(typed, "containers", most=100)
    assert parse_count("100", "containers", most=100) == 100


@pytest.mark.parametrize(
    ("total", "part", "whole", "mass"),
    [(10, 1, 4, 2), (10, 3, 4, 8), (1, 1, 2, 0), (3, 1, 2, 2), (5, 1, 2, 2), (7, 1, 3, 2), (8, 1, 3, 3), (9, 9, 9, 9)],
)
def test_a_share_is_rounded_once_half_to_even(total, part, whole, mass):
    assert share(total, part, whole) == mass


def test_nothing_is_shared_by_an_empty_volume():
    with refused("volume_not_positive"):
        share(1, 1, 0)


def test_microlitres_times_strength_are_micrograms():
    assert mass_of(1300, concentration_ug_per_ml=50_000) == 65_000
    assert volume_of(65_000, concentration_ug_per_ml=50_000) == 1300
    assert volume_of(-65_000, concentration_ug_per_ml=50_000) == -1300


@pytest.mark.parametrize(
    ("amount", "decimals", "mark", "shown"),
    [
        (16_500, 0, ".", "16.5"),
        (40_000, 1, ".", "40.0"),
        (1, 0, ".", "0.001"),
        (-10_000, 0, ".", "−10"),
        (1500, 0, ",", "1,5"),
        (0, 0, ".", "0"),
    ],
)
def test_an_amount_is_shown_with_no_digit_dropped(amount, decimals, mark, shown):
    assert format_thousandths(amount, decimals=decimals, mark=mark) == shown
