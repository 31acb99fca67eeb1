"""Charts at their final width: where a strength went, the rate of an infusion, how long wastes took to sign.

Each bar carries its word, its mg and its mL; mass has a fixed colour and a pattern of its own, so that a grey copy
reads.
Deliberately not here: any figure that is not also printed in a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product

from audit.reports.faces import (
    FIELD,
    GIVEN,
    GIVEN_TINT,
    HAND,
    HAND_TINT,
    INK,
    INK_2,
    LOST,
    LOST_TINT,
    MOVE,
    MOVE_TINT,
    PAPER,
    RULE_2,
    SMALL,
    SMALL_600,
    SUNKEN,
    WASTE,
    WASTE_TINT,
    Colour,
    text_width,
)
from audit.reports.layout import MM, Block, Frame
from audit.reports.model import RateStep, Statement
from audit.reports.pen import HAIR, Pen
from audit.reports.values import Amount
from audit.reports.words import NOT_COUNTED, format_clock, format_mg, format_ml, format_signed_mg, format_signed_ml

_AXIS = 0.8
# The first bars add up: opening, received, accountable.
_RISING = 3
_PITCH, _SLANT = 3.4, 5.0
_BLACK = SMALL_600.coloured(INK)


@dataclass(frozen=True, slots=True)
class Pattern:
    """Ground, line colour and kind of filling.

    Solid, dots, lines across (h), upright (v) or slanted (d, x for both).
    """

    ground: Colour
    colour: Colour
    kind: str = "solid"


IN = Pattern(INK, INK)
GAVE = Pattern(GIVEN, GIVEN)
HERE = Pattern(HAND_TINT, HAND, "dots")
MOVED = Pattern(MOVE_TINT, MOVE, "h")
WASTED = Pattern(WASTE_TINT, WASTE, "d")
DESTROYED = Pattern(SUNKEN, INK_2, "v")
LOSS = Pattern(LOST_TINT, LOST, "x")
OPEN = Pattern(PAPER, INK, "open")


def draw_bar(pen: Pen, x: float, top: float, width: float, height: float, pattern: Pattern) -> None:
    """A bar with its pattern, clipped to its outline."""
    height = max(height, 0.6)
    pen.tint(x, top, width, height, pattern.ground)
    if pattern.kind == "open":
        corners = [(x, top), (x + width, top), (x + width, top + height), (x, top + height)]
        pen.stroke(corners, weight=0.9, dash=(2, 1.6), close=True)
        return
    if pattern.kind != "solid":
        with pen.clipped(x, top, width, height):
            _draw_pattern(pen, x, top, width, height, pattern)
        pen.frame(x, top, width, height, weight=0.8, colour=pattern.colour)


def _draw_pattern(pen: Pen, x: float, top: float, width: float, height: float, pattern: Pattern) -> None:
    def line(x0: float, y0: float, x1: float, y1: float) -> None:
        pen.stroke([(x0, y0), (x1, y1)], weight=0.8, colour=pattern.colour)

    columns = [x + 1.7 + number * _PITCH for number in range(int(width / _PITCH) + 1)]
    rows = [top + 1.7 + number * _PITCH for number in range(int(height / _PITCH) + 1)]
    slants = [number * _SLANT for number in range(int((width + height) / _SLANT) + 1)]
    if pattern.kind == "dots":
        for dot_x, dot_y in product(columns, rows):
            pen.tint(dot_x - 0.5, dot_y - 0.5, 1, 1, pattern.colour)
        return
    lines = {
        "h": [(x, y, x + width, y) for y in rows],
        "v": [(upright, top, upright, top + height) for upright in columns],
        "d": [(x + at, top, x + at - height, top + height) for at in slants],
    }
    lines["x"] = lines["d"] + [(x + width - at, top, x + width - at + height, top + height) for at in slants]
    for ends in lines[pattern.kind]:
        line(*ends)


@dataclass(frozen=True, slots=True)
class _Bar:
    word: str
    amount: Amount | None
    pattern: Pattern
    low_ug: int
    high_ug: int
    is_signed: bool = False


def _bars(statement: Statement) -> list[_Bar]:
    """Up to what must be accounted for, then down to what is left without a place."""
    opening, due = statement.opening.amount, statement.accountable
    bars = [
        _Bar("Opening", opening, IN, 0, opening.mass_ug),
        _Bar("Received", statement.received.amount, IN, opening.mass_ug, due.mass_ug),
        _Bar("Accountable", due, IN, 0, due.mass_ug),
    ]
    level = due.mass_ug
    closing = statement.closing
    outs = [("Given", statement.given, GAVE)]
    outs += [("Closing", closing, HERE)] if closing is not None else []
    outs += [("Transferred", statement.transferred, MOVED), ("Wasted", statement.wasted, WASTED)]
    outs += [("Destroyed", statement.destroyed, DESTROYED), ("Lost", statement.lost, LOSS)]
    for word, traced, pattern in outs:
        bars.append(_Bar(word, traced.amount, pattern, level - traced.amount.mass_ug, level))
        level -= traced.amount.mass_ug
    if statement.difference is None:
        bars.append(_Bar("Closing", None, OPEN, min(0, level), max(0, level)))
    else:
        bars.append(_Bar("Difference", statement.difference, OPEN, min(0, level), max(0, level), is_signed=True))
    return bars


def waterfall(statement: Statement, frame: Frame) -> Block:
    """Where one strength went; each bar hangs from the one before and ends at zero if all is accounted for."""
    bars = _bars(statement)
    tall, above = 46 * MM, 2 * SMALL.leading
    lowest, highest = min(0, *(bar.low_ug for bar in bars)), max(1, *(bar.high_ug for bar in bars))
    scale = tall / (highest - lowest)
    pitch = frame.live / len(bars)
    wide = pitch * 0.66
    height = above + tall + 2 * SMALL.leading + 4

    def draw(pen: Pen, top: float) -> None:
        zero = top + above + highest * scale
        for number, bar in enumerate(bars):
            x = frame.left + number * pitch + (pitch - wide) / 2
            y = zero - bar.high_ug * scale
            if bar.high_ug > bar.low_ug:
                draw_bar(pen, x, y, wide, (bar.high_ug - bar.low_ug) * scale, bar.pattern)
            if number + 1 < len(bars):
                level = y if number < _RISING else zero - bar.low_ug * scale
                pen.stroke([(x + wide, level), (x + pitch, level)], weight=0.7, colour=INK_2, dash=(3, 2.4))
            _draw_label(pen, x + wide / 2, y - above, bar)
            pen.centred(x + wide / 2, zero + 11, bar.word, SMALL)
        pen.rule(frame.left, frame.right, zero, weight=_AXIS)
        foot = zero + 14
        pen.line(frame.left, foot, "Adds up to what the clinic must account for", FIELD)
        pen.line(
            frame.left + _RISING * pitch + 4,
            foot,
            "Each bar hangs from the one before and ends at zero if all is accounted for",
            FIELD,
        )

    return Block(height, draw)


def _draw_label(pen: Pen, x: float, top: float, bar: _Bar) -> None:
    if bar.amount is None:
        pen.centred(x, top + 16, NOT_COUNTED, _BLACK)
        return
    mass, volume = bar.amount.mass_ug, bar.amount.volume_ul
    mg = format_signed_mg(mass) if bar.is_signed else format_mg(mass)
    ml = format_signed_ml(volume) if bar.is_signed else format_ml(volume)
    pen.centred(x, top + 7, f"{mg} mg", _BLACK)
    pen.centred(x, top + 16, f"{ml} mL", SMALL)


def rate_chart(steps: Sequence[RateStep], frame: Frame) -> Block:
    """The rate of one infusion over time, with each change at its moment; the last step is the stop."""
    tall, above = 26 * MM, SMALL.leading
    left, right = frame.left + 10 * MM, frame.right - 4 * MM
    start, stop = steps[0].when.ms, steps[-1].when.ms
    highest = max(1, *(step.mass_ug_per_h for step in steps))
    height = above + tall + 2 * SMALL.leading + 3

    def draw(pen: Pen, top: float) -> None:
        zero = top + above + tall

        def at(ms: int) -> float:
            return left + (right - left) * (ms - start) / max(1, stop - start)

        for share in (0, 0.5, 1):
            y = zero - tall * share
            pen.rule(left, right, y, weight=HAIR, colour=RULE_2)
            pen.right(left - 4, y + 2.6, format_mg(int(highest * share)), SMALL)
        for step, after in pairwise(steps):
            x, end, y = at(step.when.ms), at(after.when.ms), zero - tall * step.mass_ug_per_h / highest
            pen.tint(x, y, end - x, zero - y, GIVEN_TINT)
            drop = zero - tall * after.mass_ug_per_h / highest
            pen.stroke([(x, y), (end, y), (end, drop)], weight=1.6, colour=GIVEN)
            rate = f"{format_mg(step.mass_ug_per_h)} mg/h"
            pen.text(x + 4, y - 3, rate, _BLACK)
            pen.text(x + 8 + text_width(rate, _BLACK), y - 3, f"{format_ml(step.volume_ul_per_h)} mL/h", FIELD)
        pen.stroke([(left, zero), (left, zero - tall * steps[0].mass_ug_per_h / highest)], weight=1.6, colour=GIVEN)
        pen.rule(left, right, zero, weight=_AXIS)
        for step in steps:
            pen.centred(at(step.when.ms), zero + 9.5, format_clock(step.when)[:5], SMALL)
        pen.line(
            frame.left,
            zero + 13,
            "Rate in mg/h as set. It is shown beside the given amount and decides nothing.",
            FIELD,
        )

    return Block(height, draw)


def delay_bars(counts: Sequence[tuple[str, int, bool]], *, left: float, width: float) -> Block:
    """Bars of counts: (label, how many, whether past the limit)."""
    pitch, label = 6 * MM, 22 * MM
    highest = max(1, *(count for _, count, _ in counts))
    room = width - label - 14 * MM

    def draw(pen: Pen, top: float) -> None:
        for number, (word, count, is_late) in enumerate(counts):
            y = top + number * pitch
            pen.text(left, y + 10, word, SMALL)
            long = room * count / highest
            if count:
                draw_bar(pen, left + label, y + 1.5, long, 11, IN if is_late else WASTED)
            pen.text(left + label + long + 4, y + 10, f"{count:,}{' late' if is_late and count else ''}", _BLACK)
        pen.stroke([(left + label, top), (left + label, top + pitch * len(counts))], weight=_AXIS)

    return Block(pitch * len(counts) + 2, draw)
