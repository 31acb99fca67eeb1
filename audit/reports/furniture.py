"""What stands on every page: running head, running foot, and DEMO.

And the blocks that parts share (titles, notes, figures).
"""

from __future__ import annotations

from collections.abc import Sequence

from audit.reports.faces import (
    BODY_2,
    BODY_500,
    FIELD,
    FIGURE,
    FLOOR_PT,
    INK,
    MONO_FOOT,
    NOTE,
    PAPER,
    SECTION,
    SMALL,
    SMALL_600,
    SUB,
    SUNKEN,
    TITLE,
    Style,
    shrunk,
    text_width,
    wrapped,
)
from audit.reports.layout import COLUMN_GAP, MM, Block, Frame
from audit.reports.marks import STRENGTH_WIDTH, draw_strength
from audit.reports.model import InspectionReport
from audit.reports.pen import HAIR, HEAVY, MID, Pen
from audit.reports.values import KeyFigure, Strength
from audit.reports.words import format_stamp, short_root

DEMO_WORDS = "DEMO clinic: synthetic people, no real drug"
_SHARES = (51, 43, 32, 40)


def draw_head(pen: Pen, frame: Frame, report: InspectionReport, kind: str) -> None:
    """Brand and kind of page, a heavy rule, then clinic, registration, report and period."""
    top = 11 * MM
    draw_brand(pen, frame.left, top)
    pen.line(frame.left + 6.4 * MM, top + 1, "Ketamine Audit", Style("PlexSans-SemiBold", 8.25, 11))
    pen.right(frame.right, top + 9, kind, SMALL)
    if report.clinic.is_demo:
        _draw_demo(pen, frame, top)
    y = top + 6.2 * MM
    pen.rule(frame.left, frame.right, y, weight=HEAVY)
    clinic, period = report.clinic, report.period
    pairs = (
        ("Clinic", clinic.name),
        ("Registration", clinic.registration),
        ("Report", report.number),
        ("Period", period.label),
    )
    unit = (frame.live - 3 * COLUMN_GAP) / sum(_SHARES)
    x = frame.left
    for share, (name, text) in zip(_SHARES, pairs, strict=True):
        after = pen.line(x, y + 1.5 * MM, name, FIELD)
        _draw_fitted(pen, x, after, text, width=share * unit)
        x += share * unit + COLUMN_GAP
    pen.rule(frame.left, frame.right, top + 16 * MM, weight=HAIR)


def _draw_fitted(pen: Pen, x: float, top: float, text: str, *, width: float) -> None:
    """One line, smaller if need be; two lines at the floor where even that is too long.

    The full name is on the cover.
    """
    style = shrunk(text, BODY_500, width)
    if text_width(text, style) <= width:
        pen.line(x, top, text, style)
        return
    small = Style(BODY_500.face, FLOOR_PT, 6.8)
    first, *rest = wrapped(text, small, width)
    pen.line(x, top - 1, first, small)
    if rest:
        second = rest[0] if len(rest) == 1 else f"{rest[0][:-1]}…"
        pen.line(x, top + 5.6, second, small)


def draw_brand(pen: Pen, x: float, top: float) -> None:
    """The sign of the program, as on every page."""
    unit = 4.6 * MM / 16
    pen.tint(x, top, 7 * unit, 7 * unit, INK)
    pen.tint(x + 9 * unit, top + 9 * unit, 7 * unit, 7 * unit, INK)
    pen.stroke(
        [(x + 7 * unit, top + 3.5 * unit), (x + 12.5 * unit, top + 3.5 * unit), (x + 12.5 * unit, top + 9 * unit)],
        weight=1,
    )


def _draw_demo(pen: Pen, frame: Frame, top: float) -> None:
    width = text_width(DEMO_WORDS, SMALL_600) + 6 * MM
    x = (frame.left + frame.right - width) / 2
    pen.tint(x, top - 0.6 * MM, width, 4.8 * MM, INK)
    pen.line(x + 3 * MM, top + 1, DEMO_WORDS, SMALL_600.coloured(PAPER))


def draw_watermark(pen: Pen, frame: Frame) -> None:
    """DEMO across the page, paler than any rule."""
    pen.slanted(frame.width / 2, frame.height / 2, "DEMO", Style("PlexSans-SemiBold", 150, 150, SUNKEN), degrees=52)


def draw_foot(pen: Pen, frame: Frame, report: InspectionReport, *, page: int, pages: int) -> None:
    """Page n of m, the head of the log, local date and time with offset."""
    y = frame.foot
    pen.rule(frame.left, frame.right, y, weight=HAIR)
    line = y + 1.5 * MM
    number = f"Page {page}"
    pen.line(frame.left, line, number, SMALL_600.coloured(INK))
    after = frame.left + text_width(number, SMALL_600)
    pen.line(after, line, f" of {pages}", SMALL)
    stamp = format_stamp(report.issued)
    pen.line(frame.right - text_width(stamp, SMALL), line, stamp, SMALL)
    head = f"{report.head.origin} · {report.head.size:,} · {short_root(report.head.root_hex)}"
    width = text_width("Head ", SMALL) + text_width(head, MONO_FOOT)
    room = frame.live - 2 * max(after - frame.left + text_width(f" of {pages}", SMALL), text_width(stamp, SMALL)) - 8
    x = frame.left + (frame.live - width) / 2
    if width > room:
        x, line = max(frame.left, x), line + MONO_FOOT.leading
    pen.line(x, line, "Head ", SMALL)
    pen.line(x + text_width("Head ", SMALL), line, head, MONO_FOOT)


def text_block(text: str, style: Style, *, x: float, width: float, gap: float = 0.0) -> Block:
    """A paragraph, ragged right."""
    lines = wrapped(text, style, width)

    def draw(pen: Pen, top: float) -> None:
        for line in lines:
            top = pen.line(x, top, line, style)

    return Block(len(lines) * style.leading, draw, gap=gap)


def note_block(text: str, frame: Frame, *, gap: float = 1.6 * MM) -> Block:
    """A note over the whole width."""
    return text_block(text, NOTE, x=frame.left, width=frame.live, gap=gap)


def section_head(text: str, frame: Frame, *, gap: float, x: float | None = None) -> Block:
    """The head of a section, which stays with what follows."""
    block = text_block(text, SECTION, x=frame.left if x is None else x, width=frame.live)
    return Block(block.height + 1.6 * MM, block.draw, gap=gap, keep=True)


def title_block(text: str, sub: str, frame: Frame, *, strength: Strength | None = None) -> Block:
    """Title of a part, with the strength's sign and name, the line under it, and the space before the content."""
    named = f"{text}, " if strength else text
    lines = wrapped(sub, SUB, frame.live)
    height = TITLE.leading + 1 * MM + len(lines) * SUB.leading + TIGHT_AFTER_TITLE

    def draw(pen: Pen, top: float) -> None:
        y = pen.line(frame.left, top, named, TITLE) + 1 * MM
        if strength is not None:
            x = frame.left + text_width(named, TITLE)
            draw_strength(pen, strength.concentration_ug_per_ml, x, top + TITLE.leading / 2 + 0.375 * TITLE.size)
            pen.line(x + STRENGTH_WIDTH + 4, top, strength.label, TITLE)
        for line in lines:
            y = pen.line(frame.left, y, line, SUB)

    return Block(height, draw)


TIGHT_AFTER_TITLE = 4.5 * MM


def figures_block(
    figures: Sequence[KeyFigure], frame: Frame, *, style: Style = FIGURE, gap: float = 5 * MM, columns: int = 0
) -> Block:
    """Large figures in columns, each under a rule."""
    count = columns or len(figures)
    width = (frame.live - gap * (count - 1)) / count
    deep = 1.5 * MM + SMALL.leading + style.leading + BODY_2.leading
    thirds = [wrapped(figure.third, SMALL, width) if figure.third else () for figure in figures]
    height = deep + max((len(lines) for lines in thirds), default=0) * SMALL.leading

    def draw(pen: Pen, top: float) -> None:
        for number, (figure, lines) in enumerate(zip(figures, thirds, strict=True)):
            x = frame.left + number * (width + gap)
            pen.rule(x, x + width, top, weight=MID)
            y = pen.line(x, top + 1.5 * MM, figure.label, shrunk(figure.label, SMALL, width))
            fitted = shrunk(figure.value, style, width - text_width(figure.unit, BODY_2) - 2)
            after = pen.line(x, y, figure.value, fitted)
            pen.text(
                x + text_width(figure.value, fitted) + 2,
                y + style.leading / 2 + 0.375 * style.size,
                figure.unit,
                BODY_2,
            )
            after = pen.line(x, after, figure.second, shrunk(figure.second, BODY_2, width))
            for line in lines:
                after = pen.line(x, after, line, SMALL)

    return Block(height, draw)


def facts_block(facts: Sequence[tuple[str, str, str]], frame: Frame) -> Block:
    """Field names over values over small lines, in equal columns: who, what, when."""
    width = (frame.live - COLUMN_GAP * (len(facts) - 1)) / len(facts)
    columns = [
        (name, wrapped(text, BODY_500, width), wrapped(small, SMALL, width) if small else ())
        for name, text, small in facts
    ]
    height = max(FIELD.leading + len(big) * BODY_500.leading + len(small) * SMALL.leading for _, big, small in columns)

    def draw(pen: Pen, top: float) -> None:
        for number, (name, big, small) in enumerate(columns):
            x = frame.left + number * (width + COLUMN_GAP)
            y = pen.line(x, top, name, FIELD)
            for line in big:
                y = pen.line(x, y, line, BODY_500)
            for line in small:
                y = pen.line(x, y, line, SMALL)

    return Block(height, draw)
