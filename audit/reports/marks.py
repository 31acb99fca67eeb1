"""Shape, word and colour of each mark, and the sign of a strength: three signals, colour last."""

from __future__ import annotations

from dataclasses import dataclass

from audit.reports.faces import INK, STOP, WARN, Colour
from audit.reports.pen import Pen
from audit.reports.values import Mark

SIDE = 8.2
_Path = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class MarkSign:
    """A mark on the page: its word, what it says in the key, its colour and its strokes in a box of 12 by 12."""

    word: str
    meaning: str
    colour: Colour
    closed: tuple[_Path, ...] = ()
    strokes: tuple[_Path, ...] = ()
    ring: tuple[float, float, float] | None = None


SIGNS: dict[Mark, MarkSign] = {
    Mark.LATE: MarkSign(
        "Late", "signed after the limit", WARN, ring=(6, 6, 5), strokes=(((6, 2.6), (6, 6), (8.6, 7.6)),)
    ),
    Mark.UNWITNESSED: MarkSign(
        "Unwitnessed",
        "no second signature",
        STOP,
        closed=(((6, 1), (11.2, 10.6), (0.8, 10.6)),),
        strokes=(((6, 4.4), (6, 7.4)), ((6, 8.4), (6, 9.6))),
    ),
    Mark.STRUCK: MarkSign(
        "Struck",
        "declared wrong by a later entry, kept in full",
        INK,
        closed=(((1, 2.4), (11, 2.4), (11, 9.6), (1, 9.6)),),
        strokes=(((0, 6), (12, 6)),),
    ),
    Mark.LOSS: MarkSign(
        "Loss",
        "theft, loss or breakage",
        STOP,
        closed=(((6, 0.8), (11.2, 6), (6, 11.2), (0.8, 6)),),
        strokes=(((4, 4), (8, 8)), ((8, 4), (4, 8))),
    ),
    Mark.DISCREPANCY: MarkSign(
        "Discrepancy",
        "counted or read otherwise than expected",
        STOP,
        strokes=(((1, 4.2), (11, 4.2)), ((1, 8), (11, 8)), ((3.6, 11.4), (8.4, 0.8))),
    ),
    Mark.UNCONFIRMED: MarkSign(
        "Unconfirmed",
        "no second person confirmed the count",
        WARN,
        closed=(((1, 1), (11, 1), (11, 11), (1, 11)),),
        strokes=(((3.4, 6), (4.8, 6)), ((7.2, 6), (8.6, 6))),
    ),
    Mark.EXPIRED: MarkSign(
        "Expired",
        "used after its expiry or beyond-use time",
        WARN,
        closed=(((1.8, 1), (10.2, 1), (1.8, 11), (10.2, 11)),),
    ),
    Mark.UNSIGNED: MarkSign(
        "Unsigned",
        "entered while signed in, never signed",
        WARN,
        strokes=(((0.6, 10), (11.4, 10)), ((1.6, 2.6), (6, 7.4)), ((6, 2.6), (1.6, 7.4))),
    ),
}


def draw_shape(pen: Pen, mark: Mark, x: float, top: float) -> None:
    """The shape alone, `SIDE` points wide."""
    sign = SIGNS[mark]
    unit = SIDE / 12

    def place(path: _Path) -> list[tuple[float, float]]:
        return [(x + px * unit, top + py * unit) for px, py in path]

    for path in sign.closed:
        pen.stroke(place(path), weight=1, colour=sign.colour, close=True)
    for path in sign.strokes:
        pen.stroke(place(path), weight=1, colour=sign.colour)
    if sign.ring is not None:
        rx, ry, radius = sign.ring
        pen.ring(x + rx * unit, top + ry * unit, radius * unit, weight=1, colour=sign.colour)


STRENGTH_WIDTH = 11.9
_BARS = {10_000: 1, 50_000: 2, 100_000: 3}


def draw_strength(pen: Pen, concentration_ug_per_ml: int, x: float, baseline: float) -> None:
    """A box with one (10 mg/mL), two (50) or three (100) bars, none for another strength.

    It stands before the figure.
    """
    unit = STRENGTH_WIDTH / 16
    top = baseline - 10 * unit
    pen.frame(x + 0.6 * unit, top + 0.6 * unit, 14.8 * unit, 9.8 * unit, weight=0.9)
    for bar in range(_BARS.get(concentration_ug_per_ml, 0)):
        pen.tint(x + (2.6 + 4.1 * bar) * unit, top + 2.4 * unit, 2.6 * unit, 6.2 * unit, INK)
