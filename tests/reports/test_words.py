"""Printed figures: exact, never rounded, minus as U+2212. Expected words are written out by hand."""

import pytest

from audit.reports import words
from audit.reports.values import Amount, When

MIDNIGHT = When(ms=1_793_246_400_000, offset_min=-240)


@pytest.mark.parametrize(
    ("mass_ug", "printed"),
    [
        (0, "0.0"),
        (50, "0.05"),
        (1, "0.001"),
        (1_000, "1.0"),
        (35_000, "35.0"),
        (4_912_500, "4,912.5"),
        (-10_000, "−10.0"),
        (-50, "−0.05"),
        (1_000_000_000_000, "1,000,000,000.0"),
    ],
)
def test_milligrams_show_one_decimal_and_every_further_digit_that_is_there(mass_ug, printed):
    assert words.format_mg(mass_ug) == printed


@pytest.mark.parametrize(
    ("volume_ul", "printed"),
    [(0, "0.00"), (1, "0.001"), (20, "0.02"), (700, "0.70"), (98_250, "98.25"), (-1_160, "−1.16")],
)
def test_millilitres_show_two_decimals_and_a_third_where_there_is_one(volume_ul, printed):
    assert words.format_ml(volume_ul) == printed


def test_a_signed_difference_shows_its_sign_and_zero_has_none():
    assert [words.format_signed_mg(value) for value in (49_000, 0, -10_000)] == ["+49.0", "0.0", "−10.0"]
    assert [words.format_signed_ml(value) for value in (980, 0, -200)] == ["+0.98", "0.00", "−0.20"]


def test_mass_never_stands_without_volume():
    assert words.format_amount(Amount(mass_ug=1_000, volume_ul=20)) == "1.0 mg (0.02 mL)"


def test_a_share_too_small_for_two_decimals_is_not_printed_as_nothing():
    # 10 mg of 16 g is -0.0625 %; the worked example of the computation chart.
    assert words.format_share(-10_000, 16_000_000) == "−0.06 %"
    assert words.format_share(1, 16_000_000) == "+<0.01 %"
    assert words.format_share(0, 16_000_000) == "0.00 %"
    assert words.format_share(5, 0) == "–"


def test_times_are_local_with_their_offset():
    assert words.format_date(MIDNIGHT) == "29 Oct 2026"
    assert words.format_clock_offset(MIDNIGHT) == "00:00:00 −04:00"
    assert words.format_stamp(When(ms=1_793_625_240_000, offset_min=-300)) == "2026-11-02 08:14 −05:00"
    assert words.format_stamp(When(ms=0, offset_min=345)) == "1970-01-01 05:45 +05:45"
    assert words.moment(MIDNIGHT).isoformat() == "2026-10-29T00:00:00-04:00"


def test_delays_are_minutes_up_to_an_hour_and_hours_beyond():
    assert [words.format_delay(ms) for ms in (59_999, 253_000, 3_600_000, 6_420_000)] == [
        "0 min",
        "4 min",
        "60 min",
        "1 h 47 min",
    ]


def test_runs_of_entries_are_drawn_together():
    assert words.format_ranges(((3871, 3871), (4020, 4021))) == "3,871; 4,020 to 4,021"
