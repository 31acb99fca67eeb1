"""A page seen from the top left: text, rules, tints, patterns and links, in points.

The one module that draws with ReportLab. It knows no report: what stands where is decided by the sections. It writes
the
page's operators itself (ISO 32000-2, 8 and 9) and hands them over once a page, because ReportLab's own calls cost four
times as much, and a long report has a million of them. Fonts, subsets, links, outline and file are ReportLab's.
Text is kept back until the page ends, so that it lies above tints.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas

from audit.reports.faces import INK, PAPER, Colour, Style, printable, text_width

HAIR, FINE, MID, HEAVY = 0.4, 0.6, 1.0, 2.0
Stroke = Sequence[tuple[float, float]]
# Four Bezier arcs of this handle length are a circle to 0.03 %.
_ARC = 0.5523


class Pen:
    """Draws on one page of a canvas; y grows downwards from the upper edge."""

    def __init__(self, canvas: Canvas, *, height: float) -> None:
        self._canvas = canvas
        self._height = height
        self._shown: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {}
        self._open_page()

    def _open_page(self) -> None:
        self._ops: list[str] = []
        self._words: list[str] = []
        self._font: tuple[str, float] | None = None
        self._ink: Colour | None = None
        self._line: tuple[float, Colour, tuple[float, ...]] | None = None
        self._paint: Colour | None = None

    def end_page(self) -> None:
        """Lays the text over the page and turns it."""
        self._canvas.addLiteral("\n".join([*self._ops, "BT", *self._words, "ET"]))
        self._canvas.showPage()
        self._open_page()

    def _encoded(self, face: str, text: str) -> tuple[tuple[str, str], ...]:
        """The text as (font resource, hexadecimal string) pieces, one for each subset of the face that it needs."""
        key = (face, text)
        found = self._shown.get(key)
        if found is None:
            font, doc = pdfmetrics.getFont(face), self._canvas._doc  # noqa: SLF001 - the argument ReportLab asks for
            pieces = font.splitString(printable(text, face), doc)
            found = tuple((font.getSubsetInternalName(subset, doc), piece.hex()) for subset, piece in pieces)
            self._shown[key] = found
        return found

    def text(self, x: float, baseline: float, text: str, style: Style) -> None:
        """Text that begins at x."""
        words = self._words
        if self._ink != style.colour:
            self._ink = style.colour
            words.append("{:.3f} {:.3f} {:.3f} rg".format(*style.colour))
        words.append(f"1 0 0 1 {x:.2f} {self._height - baseline:.2f} Tm")
        for resource, piece in self._encoded(style.face, text):
            if self._font != (resource, style.size):
                self._font = (resource, style.size)
                words.append(f"{resource} {style.size:.2f} Tf")
            words.append(f"<{piece}> Tj")

    def right(self, x: float, baseline: float, text: str, style: Style) -> None:
        """Text that ends at x."""
        self.text(x - text_width(text, style), baseline, text, style)

    def centred(self, x: float, baseline: float, text: str, style: Style) -> None:
        """Text whose middle is at x."""
        self.text(x - text_width(text, style) / 2, baseline, text, style)

    def line(self, x: float, top: float, text: str, style: Style) -> float:
        """Text in a line box that begins at `top`; returns the top of the next line."""
        self.text(x, top + style.leading / 2 + 0.375 * style.size, text, style)
        return top + style.leading

    def rule(self, x0: float, x1: float, y: float, *, weight: float, colour: Colour = INK) -> None:
        """A horizontal line."""
        self.stroke([(x0, y), (x1, y)], weight=weight, colour=colour)

    def stroke(
        self, points: Stroke, *, weight: float, colour: Colour = INK, dash: tuple[float, ...] = (), close: bool = False
    ) -> None:
        """An open or closed line through the points."""
        self._set_line(weight, colour, dash)
        self._ops.append(f"{self._path(points)} {'s' if close else 'S'}")

    def fill(self, points: Stroke, colour: Colour = INK) -> None:
        """A filled shape through the points."""
        self._set_paint(colour)
        self._ops.append(f"{self._path(points)} f")

    def _set_line(self, weight: float, colour: Colour, dash: tuple[float, ...] = ()) -> None:
        if self._line != (weight, colour, dash):
            self._line = (weight, colour, dash)
            pattern = " ".join(f"{length:g}" for length in dash)
            red, green, blue = colour
            self._ops.append(f"{weight:.2f} w {red:.3f} {green:.3f} {blue:.3f} RG [{pattern}] 0 d")

    def _set_paint(self, colour: Colour) -> None:
        if self._paint != colour:
            self._paint = colour
            self._ops.append("{:.3f} {:.3f} {:.3f} rg".format(*colour))

    def _path(self, points: Stroke) -> str:
        (x0, y0), *rest = points
        edge = self._height
        steps = [f"{x:.2f} {edge - y:.2f} l" for x, y in rest]
        return f"{x0:.2f} {edge - y0:.2f} m {' '.join(steps)}"

    def tint(self, x: float, top: float, width: float, height: float, colour: Colour) -> None:
        """A filled rectangle."""
        self._set_paint(colour)
        self._ops.append(f"{self._box(x, top, width, height)} f")

    def _box(self, x: float, top: float, width: float, height: float) -> str:
        return f"{x:.3f} {self._height - top - height:.3f} {width:.3f} {height:.3f} re"

    def frame(
        self,
        x: float,
        top: float,
        width: float,
        height: float,
        *,
        weight: float,
        colour: Colour = INK,
    ) -> None:
        """The outline of a rectangle."""
        self._set_line(weight, colour)
        self._ops.append(f"{self._box(x, top, width, height)} S")

    def ring(self, x: float, y: float, radius: float, *, weight: float, colour: Colour = INK) -> None:
        """A circle."""
        self._set_line(weight, colour)
        cy, handle = self._height - y, radius * _ARC
        corners = [(1, 0), (0, 1), (-1, 0), (0, -1), (1, 0)]
        ops = [f"{x + radius:.2f} {cy:.2f} m"]
        for (ax, ay), (bx, by) in pairwise(corners):
            ops.append(
                f"{x + ax * radius + bx * handle:.2f} {cy + ay * radius + by * handle:.2f} "
                f"{x + bx * radius + ax * handle:.2f} {cy + by * radius + ay * handle:.2f} "
                f"{x + bx * radius:.2f} {cy + by * radius:.2f} c"
            )
        self._ops.append(f"{' '.join(ops)} S")

    @contextmanager
    def clipped(self, x: float, top: float, width: float, height: float) -> Iterator[None]:
        """What is drawn inside the block stays inside the rectangle."""
        before = (self._line, self._paint)
        self._ops.append(f"q {self._box(x, top, width, height)} W n")
        try:
            yield
        finally:
            self._ops.append("Q")
            self._line, self._paint = before

    def slanted(self, x: float, y: float, text: str, style: Style, *, degrees: float) -> None:
        """Text across the page, under everything else: for DEMO only."""
        cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        half = text_width(text, style) / 2
        start_x = x - half * cos + style.size / 3 * sin
        start_y = self._height - y - half * sin - style.size / 3 * cos
        self._paint = style.colour
        self._ops.append("BT {:.3f} {:.3f} {:.3f} rg".format(*style.colour))
        self._ops.append(f"{cos:.4f} {sin:.4f} {-sin:.4f} {cos:.4f} {start_x:.2f} {start_y:.2f} Tm")
        self._ops.extend(f"{name} {style.size:.2f} Tf <{piece}> Tj" for name, piece in self._encoded(style.face, text))
        self._ops.append("ET")

    def place(self, key: str) -> None:
        """Names this page, so that links and the outline reach it."""
        self._canvas.bookmarkPage(key)

    def outline(self, key: str, title: str, level: int) -> None:
        """An entry of the reader's outline."""
        self._canvas.addOutlineEntry(title, key, level=level, closed=level > 0)

    def link(self, key: str, x: float, top: float, width: float, height: float) -> None:
        """A jump to a bookmarked page."""
        box = (x, self._height - top - height, x + width, self._height - top)
        self._canvas.linkRect("", key, box, relative=0, thickness=0)


def tick_box(pen: Pen, x: float, top: float, side: float) -> None:
    """The sign of a record that holds: a filled square with a tick."""
    unit = side / 64
    pen.tint(x, top, side, side, INK)
    outline = ((14, 33), (20, 27), (28, 35), (45, 18), (51, 24), (28, 47))
    pen.fill([(x + px * unit, top + py * unit) for px, py in outline], PAPER)


def cross_box(pen: Pen, x: float, top: float, side: float, colour: Colour) -> None:
    """The sign of a record that does not hold: a framed square with a cross."""
    pen.frame(x + 1, top + 1, side - 2, side - 2, weight=2, colour=colour)
    inset = side * 0.28
    for start, end in (((inset, inset), (side - inset, side - inset)), ((side - inset, inset), (inset, side - inset))):
        pen.stroke([(x + start[0], top + start[1]), (x + end[0], top + end[1])], weight=side / 9, colour=colour)


def difference_box(pen: Pen, x: float, top: float, side: float, colour: Colour) -> None:
    """The sign of an open difference: a framed square with an unequal sign."""
    pen.frame(x + 1, top + 1, side - 2, side - 2, weight=2, colour=colour)
    for height in (0.41, 0.59):
        pen.stroke(
            [(x + side * 0.25, top + side * height), (x + side * 0.75, top + side * height)],
            weight=side / 12,
            colour=colour,
        )
    pen.stroke(
        [(x + side * 0.38, top + side * 0.78), (x + side * 0.62, top + side * 0.22)], weight=side / 12, colour=colour
    )


Drawing = Callable[[Pen, float], None]
