"""What a scanner typed, as a product code with lot, expiry and serial number: pure parsing of GS1, NDC, DIN, GTIN.

Sources: GS1 General Specifications, release 25 (element strings, section 3; check digit, 7.9; dates, 3.4; FNC1, 7.8),
GS1 Digital Link URI syntax, 21 CFR 207.33 (NDC), C.R.C. c. 870 C.01.005 (DIN, eight digits). The reading of GS1 is
biip's. Not here: which product of the clinic a code is (`find_product`'s caller holds them), forms, pages.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import biip
from biip.gs1_messages import GS1Message

from audit.domain.errors import Refused
from audit.domain.events import ProductRegistered

CodeSystem = Literal["gtin", "ndc", "din"]
Notice = Literal["", "separator_lost"]

GS: Final = "\x1d"
GS_SHOWN: Final = "\u241d"
"""How the page's scanner script shows a separator; a plain field would drop the control character."""

_HUMAN: Final = re.compile(r"\([0-9]{2,4}\)")
_NDC: Final = re.compile(
    r"(?:NDC[ :]*)?(\d{4}-\d{4}-\d{2}|\d{5}-(?:\d{3}-\d{2}|\d{4}-\d{1,2})|\d{6}-\d{4}-\d{2})", re.IGNORECASE | re.ASCII
)
_DIN: Final = re.compile(r"(?:DIN[ :]*)?(\d{8})", re.IGNORECASE | re.ASCII)
_GTIN: Final = re.compile(r"[0-9]{12,14}")
_LABEL: Final = re.compile(r"([VS])-?(\d{1,9})", re.IGNORECASE | re.ASCII)
_MOST: Final = 200
_LOT, _SERIAL, _EXPIRY, _PRODUCT = "10", "21", "17", "01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """A product code and whatever else its symbol holds.

    With `separator_lost` the lot may have swallowed a serial number; `split` is the other reading (lot, serial).
    """

    code_system: CodeSystem
    code: str
    lot: str | None = None
    expiry: str | None = None
    serial: str | None = None
    notice: Notice = ""
    split: tuple[str, str] | None = None


def parse_label(text: str) -> str | None:
    """Return a label of the clinic's own, as printed (V-0412, S-0231); None for anything else."""
    found = _LABEL.fullmatch(text.strip())
    return f"{found[1].upper()}-{int(found[2]):04d}" if found else None


def parse_scan(text: str, field: str = "code") -> Scanned:
    """Read what a scanner or a person typed.

    Raises:
        Refused: `code_missing`, `code_unreadable`, `check_digit_wrong`, `product_code_missing`.
    """
    typed = text.replace(GS_SHOWN, GS).strip(" \t\r\n")
    if not typed.strip(GS):
        raise Refused("code_missing", field)
    if len(typed) > _MOST:
        raise _unreadable(text, field)
    if ndc := _NDC.fullmatch(typed):
        return Scanned(code_system="ndc", code=ndc[1])
    # Eight digits may be a GTIN-8 too; no ketamine product carries one, and every Canadian one has a DIN.
    if din := _DIN.fullmatch(typed):
        return Scanned(code_system="din", code=din[1])
    if _GTIN.fullmatch(typed):
        return Scanned(code_system="gtin", code=_checked_gtin(typed, field))
    return _parse_gs1(typed, field)


def find_product(scanned: Scanned, products: Mapping[str, ProductRegistered]) -> str | None:
    """Return the one registered product a code means; None when there is none, or more than one."""
    found = [one for one, product in products.items() if is_code_of(scanned, product.code_system, product.code)]
    return found[0] if len(found) == 1 else None


def is_code_of(scanned: Scanned, code_system: str, code: str) -> bool:
    """Say whether a scanned code is that of a product.

    A GTIN of a US drug holds the ten digits of its NDC after 03 (GS1 General Specifications, 2.1.10); the hyphens
    cannot be told from ten digits, so digits are compared and nothing is derived.
    """
    if scanned.code_system == "gtin" and code_system == "ndc":
        return scanned.code[1:3] == "03" and scanned.code[3:13] == code.replace("-", "")
    return (scanned.code_system, scanned.code) == (code_system, code)


def _parse_gs1(typed: str, field: str) -> Scanned:
    parsed = _message(typed)
    values = parsed[0] if parsed else {}
    if not values:
        raise _unreadable(typed, field)
    if _PRODUCT not in values:
        raise Refused("product_code_missing", field)
    lot, last = values.get(_LOT), parsed[1] if parsed else ""
    cut = _cut(lot) if lot and last == _LOT and not typed.endswith(GS) and not typed.startswith(("(", "http")) else None
    return Scanned(
        code_system="gtin",
        code=_checked_gtin(values[_PRODUCT], field),
        lot=lot,
        expiry=values.get(_EXPIRY),
        serial=values.get(_SERIAL),
        notice="separator_lost" if cut else "",
        split=cut,
    )


def _message(typed: str) -> tuple[dict[str, str], str] | None:
    """Return the values by application identifier and the last identifier of a message; None where there is none."""
    try:
        if _HUMAN.match(typed):
            elements = GS1Message.parse_hri(typed).element_strings
        else:
            result = biip.parse(typed)
            found = result.gs1_message or result.gs1_digital_link_uri
            if found is None:
                return None
            elements = found.element_strings
    except (biip.ParseError, ValueError):
        return None
    dated = {one.ai.ai: one.date.isoformat() if one.date else one.value for one in elements}
    return dated, elements[-1].ai.ai


def _cut(lot: str) -> tuple[str, str] | None:
    """Split a lot at its first 21, where a lost separator may have been: neither part may be empty."""
    before, found, after = lot.partition(_SERIAL)
    return (before, after) if found and before and after else None


def _checked_gtin(digits: str, field: str) -> str:
    """Return a GTIN as 14 digits.

    Raises:
        Refused: `check_digit_wrong`.
    """
    padded = digits.zfill(14)
    weighted = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(padded[:13]))
    if (10 - weighted % 10) % 10 != int(padded[13]):
        raise Refused("check_digit_wrong", field, typed=digits)
    return padded


def _unreadable(typed: str, field: str) -> Refused:
    return Refused("code_unreadable", field, typed=typed.replace(GS, GS_SHOWN)[:60])
