"""A period's accountability as the page, its CSV and its JSON show it: columns, lines and the picture of the flow.

Sums come from `services.reconcile`; here is only their order, their names and their links.
"""

import csv
import io
from dataclasses import dataclass

from audit.domain.postings import Account
from audit.domain.quantity import volume_of
from audit.domain.reconcile import Statement, Strength
from audit.services.drilldown import CHART, figure
from audit.services.reconcile import Reconciliation

ACCOUNTS: dict[str, tuple[Account, ...]] = {
    "initial": (Account.OPENING,),
    "received": (Account.RECEIVED,),
    "overfill": (Account.OVERFILL,),
    "gained": (Account.GAINED,),
    "given": (Account.GIVEN,),
    "residual": (Account.RESIDUAL,),
    "wasted": (Account.WASTED,),
    "lost": (Account.LOST,),
    "explained": (Account.EXPLAINED,),
}
"""The cells that come straight from entries, by the name they have in addresses and files."""

_SUMS = {"accountable", "accounted"}
_WIDE = 900
_LEFT, _MIDDLE, _RIGHT = 210, 440, 660
_BAR = 22
_TALL = 330
_GAP = 30
_SIGNS = {"opening": "hand", "closing": "hand", "given": "given", "wasted": "waste", "lost": "lost", "residual": "move"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One figure: ug and uL, None where it was not counted; `links` when entries stand behind it."""

    mass_ug: int | None
    volume_ul: int
    links: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the chart over all strengths."""

    letter: str
    name: str
    label: str
    kind: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One bar of the picture: its words, figures, place and height in units of the drawing, and the colour of mass."""

    label: str
    mass_ug: int
    volume_ul: int
    sign: str
    x: int
    y: int
    height: int
    band: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """The picture of one strength: where it came from and where it went, to scale."""

    wide: int
    tall: int
    blocks: tuple[Block, ...]
    middle: Block


def volume(strength: Strength, mass_ug: int) -> int:
    """Return the labelled volume in uL."""
    return volume_of(mass_ug, concentration_ug_per_ml=strength.concentration_ug_per_ml)


def lines_of(found: Reconciliation) -> list[Line]:
    """Return the chart, line by line, without the lesser lines that are zero for every strength."""
    made = []
    for letter, name, label in CHART:
        cells = tuple(_cell(one, name) for one in found.statements)
        is_needed = name in {"opening", "received", "closing", "given", "wasted", "lost", "difference", *_SUMS}
        if is_needed or any(cell.mass_ug for cell in cells):
            kind = "sum" if name in _SUMS else "diff" if name == "difference" else ""
            made.append(Line(letter=letter, name=name, label=label, kind=kind, cells=cells))
    return made


def flow_of(statement: Statement) -> Flow:
    """Return the picture of one strength: bars to scale, each at least a hair high."""
    came = [(name, label) for letter, name, label in CHART if letter in "AB"]
    went = [(name, label) for letter, name, label in CHART if letter in "DEF"]
    left = [(label, name, figure(statement, name) or 0) for name, label in came]
    closing = statement.closing_ug if statement.closing_ug is not None else statement.book_closing_ug
    right = [
        (
            "Closing, by the book" if name == "closing" and statement.closing_ug is None else label,
            name,
            closing if name == "closing" else figure(statement, name) or 0,
        )
        for name, label in went
    ]
    whole = max(statement.accountable_ug, sum(max(mass, 0) for _, _, mass in right), 1)
    bars = [*_column(statement, left, _LEFT, whole), *_column(statement, right, _RIGHT, whole)]
    tall = max([block.y + block.height for block in bars] + [_TALL]) + _GAP
    middle = Block(
        label="Accountable for",
        mass_ug=statement.accountable_ug,
        volume_ul=volume(statement.strength, statement.accountable_ug),
        sign="in",
        x=_MIDDLE,
        y=_GAP + 18,
        height=max(statement.accountable_ug * _TALL // whole, 2),
        band="",
    )
    return Flow(wide=_WIDE, tall=tall + 18, blocks=tuple(bars), middle=middle)


def as_csv(found: Reconciliation) -> str:
    """Return the chart as CSV: integers of ug and uL, empty where not counted."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["column", "figure", "strength_ug_per_ml", "form", "mass_ug", "volume_ul"])
    for one in found.statements:
        kind = one.strength
        for letter, name, _ in CHART:
            mass = figure(one, name)
            amounts = ["", ""] if mass is None else [str(mass), str(volume(kind, mass))]
            writer.writerow([letter, name, str(kind.concentration_ug_per_ml), kind.form, *amounts])
    return out.getvalue()


def _cell(statement: Statement, name: str) -> Cell:
    mass = figure(statement, name)
    return Cell(
        mass_ug=mass,
        volume_ul=volume(statement.strength, mass or 0),
        links=name in ACCOUNTS and bool(mass),
    )


def _column(statement: Statement, parts: list[tuple[str, str, int]], x: int, whole: int) -> list[Block]:
    made = []
    y, at = _GAP + 18, _GAP + 18
    for label, name, mass in parts:
        if mass <= 0:
            continue
        height = max(mass * _TALL // whole, 3)
        made.append(
            Block(
                label=label,
                mass_ug=mass,
                volume_ul=volume(statement.strength, mass),
                sign=_SIGNS.get(name, "in"),
                x=x,
                y=y,
                height=height,
                band=_band(x, y, at, height),
            )
        )
        y += max(height, 40) + _GAP // 2
        at += height
    return made


def _band(x: int, y: int, at: int, height: int) -> str:
    """Return the band between a bar and its place in the middle, as a path."""
    start, end = (x + _BAR, _MIDDLE) if x < _MIDDLE else (_MIDDLE + _BAR, x)
    first, second = (y, at) if x < _MIDDLE else (at, y)
    half = (start + end) // 2
    return (
        f"M{start} {first}C{half} {first} {half} {second} {end} {second}V{second + height}"
        f"C{half} {second + height} {half} {first + height} {start} {first + height}Z"
    )
