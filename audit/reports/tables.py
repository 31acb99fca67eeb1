"""Tables without vertical rules: columns, cells of lines, rows that become blocks.

Text wraps, figures shrink, nothing is cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from audit.reports.faces import (
    BODY,
    BODY_3,
    HEAD,
    INK,
    RULE_2,
    SMALL,
    SUNKEN,
    Style,
    shrunk,
    text_width,
    wrapped,
)
from audit.reports.layout import MM, Block
from audit.reports.marks import SIDE, SIGNS, draw_shape
from audit.reports.pen import FINE, HAIR, MID, Pen
from audit.reports.values import Amount, Mark, MarkNote
from audit.reports.words import DASH, format_mg, format_ml

_PAD = 1.15 * MM
_CELL_GAP = 1.5 * MM
_REACH = 1.8 * MM
_STRIKE = 0.55


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a cell; `struck` draws a rule through it, `mark` sets a shape before it."""

    text: str
    style: Style = BODY
    struck: bool = False
    mark: Mark | None = None


Cell = tuple[Line, ...]
EMPTY: Cell = ()


@dataclass(frozen=True, slots=True)
class Column:
    """A column of so many shares of the live width; figures stand right."""

    share: float
    right: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """How a row differs from a plain one."""

    above: float = 0.0
    below: float = HAIR
    is_light: bool = True
    tint: bool = False
    bar: bool = False
    pad: float = _PAD


PLAIN = Look()
SUM = Look(above=FINE, below=FINE, is_light=False)
TOTAL = Look(above=MID, below=MID, is_light=False, tint=True)
CARRY = Look(above=FINE, below=MID, is_light=False, tint=True)
BROUGHT = Look(below=FINE, is_light=False, tint=True)
EXCEPTION = Look(bar=True)
_HEAD = Look(below=MID, is_light=False, pad=0)


@dataclass(frozen=True, slots=True)
class _Placed:
    x: float
    offset: float
    line: Line
    style: Style
    width: float


class Table:
    """Places rows of cells between a left edge and a width; widths are shares, as the design gives them."""

    def __init__(self, columns: Sequence[Column], *, left: float, width: float) -> None:
        total = sum(column.share for column in columns)
        self._left, self._width = left, width
        self._spans: list[tuple[float, float, bool]] = []
        x = left
        for column in columns:
            span = width * column.share / total
            gap = 0 if column.right else _CELL_GAP
            start = x + (2 * MM if column.right and x > left else 0)
            self._spans.append((start, x + span - start - gap, column.right))
            x += span

    def head(self, *cells: Cell | str) -> Block:
        """The repeated head; a plain text is one line. Lines stand on the rule below."""
        made = [(Line(cell, HEAD),) if isinstance(cell, str) else cell for cell in cells]
        placed = self._place(made)
        height = max((item.offset + item.style.leading for item in placed), default=HEAD.leading)
        lowest: dict[float, float] = {}
        for item in placed:
            end = item.offset + item.style.leading
            lowest[self._column_of(item.x)] = max(lowest.get(self._column_of(item.x), 0.0), end)
        shifted = [
            _Placed(item.x, item.offset + height - lowest[self._column_of(item.x)], item.line, item.style, item.width)
            for item in placed
        ]
        return self._block(shifted, height + 1.2 * MM, _HEAD, keep=True)

    def _column_of(self, x: float) -> float:
        return max((start for start, _, _ in self._spans if start <= x + 0.01), default=self._left)

    def row(self, *cells: Cell, look: Look = PLAIN, head: Block | None = None, entries: tuple[int, ...] = ()) -> Block:
        """A row as high as its highest cell."""
        placed = [_Placed(i.x, i.offset + look.pad, i.line, i.style, i.width) for i in self._place(cells)]
        height = max((item.offset + item.style.leading for item in placed), default=BODY.leading) + look.pad
        return self._block(placed, height, look, head=head, entries=entries)

    def span(self, text: str, style: Style = BODY_3, *, head: Block | None = None) -> Block:
        """A row of one text over all columns."""
        whole = Table([Column(1)], left=self._left, width=self._width)
        return whole.row(tuple(Line(part, style) for part in wrapped(text, style, self._width)), head=head)

    def _place(self, cells: Iterable[Cell]) -> list[_Placed]:
        placed: list[_Placed] = []
        for (x, width, right), cell in zip(self._spans, cells, strict=True):
            offset = 0.0
            for line in cell:
                for piece in self._fitted(line, width, right=right):
                    length = text_width(piece.line.text, piece.style)
                    start = x + width - length if right else x + piece.x
                    placed.append(_Placed(start, offset, piece.line, piece.style, length))
                    offset += line.style.leading
        return placed

    @staticmethod
    def _fitted(line: Line, width: float, *, right: bool) -> list[_Placed]:
        if right:
            return [_Placed(0, 0, line, shrunk(line.text, line.style, width), 0)]
        indent = SIDE + 1.1 * MM if line.mark else 0.0
        if line.mark:
            return [_Placed(indent, 0, line, shrunk(line.text, line.style, width - indent), 0)]
        pieces = wrapped(line.text, line.style, width)
        return [_Placed(0, 0, Line(piece, line.style, line.struck), line.style, 0) for piece in pieces]

    def _block(
        self,
        placed: list[_Placed],
        height: float,
        look: Look,
        *,
        head: Block | None = None,
        keep: bool = False,
        entries: tuple[int, ...] = (),
    ) -> Block:
        left, right = self._left, self._left + self._width

        def draw(pen: Pen, top: float) -> None:
            if look.tint:
                pen.tint(left - _REACH, top, right - left + 2 * _REACH, height, SUNKEN)
            if look.bar:
                pen.tint(left - 4 * MM, top + 0.8 * MM, 1.1 * MM, height - 1.6 * MM, INK)
            if look.above:
                pen.rule(left, right, top, weight=look.above)
            if look.below:
                pen.rule(left, right, top + height, weight=look.below, colour=RULE_2 if look.is_light else INK)
            for item in placed:
                _draw_line(pen, top, item)

        return Block(height, draw, head=head, keep=keep, entries=entries)


def _draw_line(pen: Pen, top: float, item: _Placed) -> None:
    y = top + item.offset
    pen.line(item.x, y, item.line.text, item.style)
    if item.line.mark:
        draw_shape(pen, item.line.mark, item.x - SIDE - 1.1 * MM, y + (item.style.leading - SIDE) / 2)
    if item.line.struck:
        middle = y + item.style.leading / 2 + 0.1 * item.style.size
        pen.rule(item.x, item.x + item.width, middle, weight=_STRIKE)


def words(text: str, style: Style = BODY) -> Cell:
    """A cell of one text, empty for no text."""
    return (Line(text, style),) if text else EMPTY


def two_lines(text: str, second: str, style: Style = BODY, *, struck: bool = False) -> Cell:
    """A cell with a smaller second line."""
    lower = (Line(second, SMALL, struck),) if second else EMPTY
    return (Line(text, style, struck), *lower)


def mark_cell(marks: Iterable[MarkNote]) -> Cell:
    """Each mark with its shape and word, and its note under it."""
    lines: list[Line] = []
    for item in marks:
        lines.append(mark_line(item.mark))
        if item.note:
            lines.append(Line(item.note, SMALL))
    return tuple(lines)


def mark_line(mark: Mark) -> Line:
    """A mark's shape and word in its colour."""
    return Line(SIGNS[mark].word, _MARK.coloured(SIGNS[mark].colour), mark=mark)


_MARK = Style("PlexSans-SemiBold", 7.25, 9.8)


def amount_cells(amount: Amount | None, style: Style = BODY, *, absent: str = DASH) -> tuple[Cell, Cell]:
    """Mass and volume in two columns side by side; no amount is an en dash, zero is 0.0 and 0.00."""
    if amount is None:
        return words(absent, BODY_3), words(DASH, BODY_3)
    return words(format_mg(amount.mass_ug), style), words(format_ml(amount.volume_ul), style)


def stacked_amount(amount: Amount | None, style: Style = BODY, *, struck: bool = False) -> Cell:
    """Mass over volume in one cell, units shown."""
    if amount is None:
        return words(DASH, BODY_3)
    return two_lines(f"{format_mg(amount.mass_ug)} mg", f"{format_ml(amount.volume_ul)} mL", style, struck=struck)
