"""Faces, colours and type styles of the printed pages, and how wide a text is.

The faces are IBM Plex under the SIL Open Font License, in `fonts/`: the web pages' fonts, unpacked with fontTools.
Values follow the design's print rules: 6.5 pt is the floor. Coordinates and sizes are points, the one place where
numbers are not whole; no quantity of the drug passes here.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from reportlab import rl_config
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

SANS, SANS_500, SANS_600 = "PlexSans-Regular", "PlexSans-Medium", "PlexSans-SemiBold"
MONO, MONO_500 = "PlexMono-Regular", "PlexMono-Medium"
SERIF, SERIF_600 = "PlexSerif-Regular", "PlexSerif-SemiBold"
FACES = (SANS, SANS_500, SANS_600, MONO, MONO_500, SERIF, SERIF_600)
FLOOR_PT = 6.5
_AFTER_HYPHEN = re.compile(r"(?<=-)")
# A value and its unit stay on one line.
_VALUE_AND_UNIT = re.compile(r"(?<=\d) (?=(?:mg|mL|min|h|kg|%))")

Colour = tuple[float, float, float]


def _rgb(code: str) -> Colour:
    red, green, blue = bytes.fromhex(code)
    return (red / 255, green / 255, blue / 255)


INK, INK_2, INK_3 = _rgb("12232b"), _rgb("41535c"), _rgb("566871")
RULE_2, SUNKEN, PAPER = _rgb("bcc7c9"), _rgb("e8edec"), _rgb("ffffff")
WARN, STOP = _rgb("854700"), _rgb("a31d22")
GIVEN, GIVEN_TINT = _rgb("0b5c75"), _rgb("e3f0f4")
WASTE, WASTE_TINT = _rgb("b3690a"), _rgb("fdf2dc")
MOVE, MOVE_TINT = _rgb("6a3c80"), _rgb("f4ecf8")
LOST, LOST_TINT = _rgb("a31d22"), _rgb("fcecea")
HAND, HAND_TINT = _rgb("5d8796"), _rgb("d7e7ec")


@dataclass(frozen=True, slots=True)
class Style:
    """Face, size and line height in points, and colour."""

    face: str
    size: float
    leading: float
    colour: Colour = INK

    def coloured(self, colour: Colour) -> Style:
        """The same style in another colour."""
        return replace(self, colour=colour)


VERDICT = Style(SERIF_600, 22.5, 25.2)
TITLE = Style(SERIF_600, 18, 20.7)
LEDE = Style(SERIF, 11, 16)
SUB = Style(SANS, 9.25, 12.8, INK_2)
SECTION = Style(SANS_600, 11, 13.75)
FIGURE = Style(SANS_600, 18, 21.6)
FIGURE_S = Style(SANS_600, 13, 20.3)
STEP_NO = Style(SERIF_600, 14, 15.4)
STEP = Style(SANS, 9.25, 13)
STEP_B = Style(SANS_600, 9.25, 13)
BODY = Style(SANS, 8.25, 10.9)
BODY_2 = Style(SANS, 8.25, 10.9, INK_2)
BODY_3 = Style(SANS, 8.25, 10.9, INK_3)
BODY_500 = Style(SANS_500, 8.25, 10.9)
BODY_600 = Style(SANS_600, 8.25, 10.9)
TOTAL_600 = Style(SANS_600, 9.25, 11.6)
LETTER = Style(SANS_500, 7.25, 10.9, INK_3)
HEAD = Style(SANS_500, 7.25, 9.1, INK_2)
SMALL = Style(SANS, 7.25, 9.4, INK_2)
SMALL_600 = Style(SANS_600, 7.25, 9.4)
NOTE = Style(SANS, 7.25, 10.3, INK_2)
NOTE_600 = Style(SANS_600, 7.25, 10.3)
FIELD = Style(SANS, 6.5, 8.5, INK_3)
MONO_S = Style(MONO, 7.25, 10.9)
MONO_NOTE = Style(MONO, 7.25, 11.6)
MONO_HEX = Style(MONO_500, 8.25, 12.4)
MONO_FOOT = Style(MONO, 6.5, 9.4, INK_2)


def register_faces() -> None:
    """Makes the faces known to ReportLab; a second call does nothing."""
    # Streams as bytes: text armour (ASCII85) would make a report a quarter larger and slower.
    rl_config.useA85 = 0
    folder = Path(__file__).with_name("fonts")
    known = set(pdfmetrics.getRegisteredFontNames())
    for name in FACES:
        if name not in known:
            pdfmetrics.registerFont(TTFont(name, folder / f"{name}.ttf"))


@lru_cache(maxsize=8)
def _glyphs(face: str) -> frozenset[str]:
    table: dict[int, int] = pdfmetrics.getFont(face).face.charToGlyph
    return frozenset(map(chr, table))


@lru_cache(maxsize=16_384)
def printable(text: str, face: str) -> str:
    """The text in NFC; a character the face lacks becomes its number, "[U+4E2D]", so that nothing vanishes silently."""
    glyphs = _glyphs(face)
    if glyphs.issuperset(text):
        return text
    composed = unicodedata.normalize("NFC", text)
    return "".join(char if char in glyphs else f"[U+{ord(char):04X}]" for char in composed)


@lru_cache(maxsize=65_536)
def width_of(text: str, face: str, size: float) -> float:
    """Width in points."""
    return float(pdfmetrics.stringWidth(printable(text, face), face, size))


def text_width(text: str, style: Style) -> float:
    """Width in points in that style."""
    return width_of(text, style.face, style.size)


def shrunk(text: str, style: Style, width: float) -> Style:
    """The style at the largest size, down to the floor, at which the text fits on one line of that width."""
    needed = text_width(text, style)
    if needed <= width:
        return style
    return replace(style, size=max(FLOOR_PT, style.size * width / needed))


@lru_cache(maxsize=16_384)
def wrapped(text: str, style: Style, width: float) -> tuple[str, ...]:
    """Lines of at most that width; a word longer than a line is cut where the line ends."""
    if "\n" not in text and text_width(text, style) <= width:
        return (text,)
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines.extend(_wrapped_paragraph(paragraph, style, width))
    return tuple(lines)


def _wrapped_paragraph(text: str, style: Style, width: float) -> list[str]:
    lines: list[str] = []
    line = ""
    for word in _VALUE_AND_UNIT.sub("\N{NO-BREAK SPACE}", text).split(" "):
        longer = f"{line} {word}" if line else word
        if text_width(longer, style) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        *full, line = _cut(word, style, width)
        lines.extend(full)
    lines.append(line)
    return lines


def _cut(word: str, style: Style, width: float) -> list[str]:
    """Pieces of a word that each fit: at hyphens where it has them, else anywhere, one character at least."""
    pieces = [""]
    for part in _AFTER_HYPHEN.split(word):
        for bit in [part] if text_width(part, style) <= width else part:
            if pieces[-1] and text_width(pieces[-1] + bit, style) > width:
                pieces.append("")
            pieces[-1] += bit
    return pieces
