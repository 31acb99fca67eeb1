"""Exact amounts: integers of micrograms and microlitres, parsed from and shown as mg and mL.

No floating point, no exponent, no silent rounding. The one rounding there is (a dilution that does not
divide evenly) is half to even and happens in `share`.
"""

import re
from typing import Literal

from audit.domain.errors import Refused

UG_PER_MG = 1000
UL_PER_ML = 1000
MAX_AMOUNT = 10**12
"""A tonne in micrograms: beyond any clinic, far below 2^53, so sums stay exact in every reader."""

DecimalMark = Literal[".", ","]
_PLACES = 3
_MOST_DIGITS = 9
_ASCII_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)?")


def share(total: int, part: int, whole: int) -> int:
    """Return total x part / whole, rounded once, half to even; the mass in `part` of a mixed volume."""
    if whole <= 0:
        raise Refused("volume_not_positive", volume_ul=whole)
    quotient, rest = divmod(total * part, whole)
    twice = 2 * rest
    if twice > whole or (twice == whole and quotient % 2 == 1):
        return quotient + 1
    return quotient


def mass_of(volume_ul: int, *, concentration_ug_per_ml: int) -> int:
    """Return the mass in ug of a labelled solution: uL x ug/mL = ug x 1000, half to even."""
    return share(concentration_ug_per_ml, volume_ul, UL_PER_ML)


def volume_of(mass_ug: int, *, concentration_ug_per_ml: int) -> int:
    """Return the labelled volume in uL that holds `mass_ug`, half to even; keeps the sign."""
    if mass_ug < 0:
        return -volume_of(-mass_ug, concentration_ug_per_ml=concentration_ug_per_ml)
    return share(UL_PER_ML, mass_ug, concentration_ug_per_ml)


def parse_thousandths(text: str, field: str, *, mark: DecimalMark = ".") -> int:
    """Read a plain decimal such as 1.5 or 1,5 into thousandths (mL to uL, mg to ug).

    Refuses signs, exponents, thousands separators, digits of other scripts and more than three decimals.
    A comma is a decimal mark only where the reader's language says so: 1,500 has two readings.

    Raises:
        Refused: `amount_missing`, `not_a_number`, `negative`, `two_readings`, `too_many_decimals`, `too_large`.
    """
    typed = text.strip()
    if not typed:
        raise Refused("amount_missing", field)
    if typed[0] in "-−" and _ASCII_NUMBER.fullmatch(typed[1:].strip()):
        raise Refused("negative", field, typed=typed[:40])
    if not _ASCII_NUMBER.fullmatch(typed):
        raise Refused("not_a_number", field, typed=typed[:40])
    whole, sign, decimals = _split(typed)
    if sign and sign != mark and (mark == "," or len(decimals) == _PLACES):
        raise Refused("two_readings", field, typed=typed[:40])
    if len(decimals) > _PLACES:
        raise Refused("too_many_decimals", field, typed=typed[:40])
    if len(whole) > _MOST_DIGITS:
        raise Refused("too_large", field, typed=typed[:40])
    return int(whole) * 1000 + int(decimals.ljust(3, "0") or "0")


def parse_positive(text: str, field: str, *, mark: DecimalMark = ".") -> int:
    """Read an amount that must be more than zero; see `parse_thousandths`.

    Raises:
        Refused: `zero` besides those of `parse_thousandths`.
    """
    amount = parse_thousandths(text, field, mark=mark)
    if amount == 0:
        raise Refused("zero", field)
    return amount


def parse_count(text: str, field: str, *, most: int) -> int:
    """Read a whole number of things from 0 to `most`.

    Raises:
        Refused: `amount_missing`, `not_a_whole_number`, `too_many`.
    """
    typed = text.strip()
    if not typed:
        raise Refused("amount_missing", field)
    if not re.fullmatch(r"[0-9]+", typed):
        raise Refused("not_a_whole_number", field, typed=typed[:40])
    if len(typed) > _MOST_DIGITS or int(typed) > most:
        raise Refused("too_many", field, typed=typed[:40], most=most)
    return int(typed)


def format_thousandths(amount: int, *, decimals: int = 0, mark: DecimalMark = ".") -> str:
    """Show thousandths as a decimal with at least `decimals` places and no more than it needs.

    Digits are never dropped: 16500 is "16.5", with decimals=1 40000 is "40.0"; minus is U+2212.
    """
    whole, rest = divmod(abs(amount), 1000)
    places = f"{rest:03d}".rstrip("0").ljust(decimals, "0")
    sign = "−" if amount < 0 else ""
    return f"{sign}{whole}{mark}{places}" if places else f"{sign}{whole}"


def _split(typed: str) -> tuple[str, str, str]:
    for sign in (".", ","):
        if sign in typed:
            whole, _, decimals = typed.partition(sign)
            return whole, sign, decimals
    return typed, "", ""
