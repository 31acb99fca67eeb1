"""The small values that every part of a report is made of: amounts, moments, strengths, marks, and facts in words.

Masses are integers of micrograms, volumes integers of microlitres, times milliseconds since 1970 UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """A lasting remark on an entry; each has a shape, a word and a colour of its own on the page."""

    LATE = "late"
    UNWITNESSED = "unwitnessed"
    STRUCK = "struck"
    LOSS = "loss"
    DISCREPANCY = "discrepancy"
    UNCONFIRMED = "unconfirmed"
    EXPIRED = "expired"
    UNSIGNED = "unsigned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """Mass in micrograms and volume in microlitres of one strength; never one without the other."""

    mass_ug: int
    volume_ul: int

    def __add__(self, other: Amount) -> Amount:
        return Amount(mass_ug=self.mass_ug + other.mass_ug, volume_ul=self.volume_ul + other.volume_ul)

    def __sub__(self, other: Amount) -> Amount:
        return Amount(mass_ug=self.mass_ug - other.mass_ug, volume_ul=self.volume_ul - other.volume_ul)


NOTHING = Amount(mass_ug=0, volume_ul=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """A moment in milliseconds since 1970 UTC, and the minutes from UTC of the local time that is printed."""

    ms: int
    offset_min: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Strength:
    """One strength and form, the unit of all accounts: label "50 mg/mL", form "solution for injection"."""

    label: str
    form: str
    concentration_ug_per_ml: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """An amount and the entries it comes from, as inclusive ranges of entry numbers."""

    amount: Amount
    entries: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkNote:
    """A mark and its few words: (LATE, "after 1 h 47 min")."""

    mark: Mark
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A name and its words, as in an order: ("Route, time", "Intravenous, over 40 min")."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Where a share of what was drawn went: ("Given", amount), ("Wasted", amount), ("Residual", amount)."""

    name: str
    amount: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Origin, size (a count of entries) and root (64 hex digits) that the report stands on."""

    origin: str
    size: int
    root_hex: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFigure:
    """A large figure with its unit, and up to two lines under it."""

    label: str
    value: str
    unit: str = ""
    second: str = ""
    third: str = ""
