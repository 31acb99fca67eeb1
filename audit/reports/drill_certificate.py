"""The certificate of a drill: one page that says which attacks were carried out on a copy, and what caught each.

Not here: the attacks and the signing. Types and margins are those of the other reports.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

from reportlab.pdfgen.canvas import Canvas

from audit.reports.faces import (
    BODY_500,
    FIELD,
    HEAD,
    INK,
    LEDE,
    MONO_FOOT,
    NOTE,
    RULE_2,
    SANS,
    SMALL,
    SMALL_600,
    STOP,
    TITLE,
    Style,
    register_faces,
    shrunk,
    text_width,
    wrapped,
)
from audit.reports.furniture import DEMO_WORDS, draw_brand, draw_watermark
from audit.reports.layout import COLUMN_GAP, MM, Frame, frame_of
from audit.reports.model import Paper
from audit.reports.pen import HAIR, HEAVY, MID, Pen, cross_box, tick_box
from audit.reports.values import When
from audit.reports.words import format_stamp, moment

_KIND = "Certificate of a drill"
_SIDE = 12 * MM
_PAD = 2.0
_SHARES = (78, 21, 19, 72)
_LIMITS = (
    "Each attack was carried out for real with SQL on a copy of the log and thrown away with it; the clinic's"
    " own log was read, and got one entry that names this page. What no log can show, and no drill: an act that nobody"
    " entered, a lie signed"
    " in good form, and two histories shown to people who never compare the heads they hold."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One attack: its name, the keys it uses, its state in words, and what caught it or what it lacked."""

    attack: str
    keys: str
    state: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Everything the page says."""

    clinic: str
    address: str
    registration: str
    is_demo: bool
    origin: str
    size: int
    root: str
    paper_size: int
    ended: When
    attacks: int
    caught: int
    keys: str
    lines: tuple[Line, ...]

    @property
    def holds(self) -> bool:
        """Say whether every attack carried out was caught."""
        return 0 < self.attacks == self.caught

    @property
    def sentence(self) -> str:
        """The result in one sentence."""
        if self.holds:
            return f"All {self.attacks} attacks carried out on a copy of this log were caught."
        return (
            f"Of {self.attacks} attacks carried out on a copy of this log, {self.attacks - self.caught} went unnoticed."
        )


def render_certificate(certificate: Certificate) -> bytes:
    """Return the page as unsigned PDF, the same bytes for the same certificate."""
    register_faces()
    frame = frame_of(Paper.LETTER)
    out = BytesIO()
    canvas = Canvas(
        out,
        pagesize=(frame.width, frame.height),
        invariant=1,
        pageCompression=1,
        initialFontName=SANS,
        lang="en",
    )
    _describe(canvas, certificate)
    pen = Pen(canvas, height=frame.height)
    if certificate.is_demo:
        draw_watermark(pen, frame)
    top = _draw_head(pen, frame, certificate)
    top = _draw_result(pen, frame, certificate, top)
    top = _draw_facts(pen, frame, certificate, top)
    _draw_lines(pen, frame, certificate.lines, top)
    _draw_foot(pen, frame, certificate)
    pen.end_page()
    canvas.save()
    return out.getvalue()


def _draw_head(pen: Pen, frame: Frame, certificate: Certificate) -> float:
    top = 11 * MM
    draw_brand(pen, frame.left, top)
    pen.line(frame.left + 6.4 * MM, top + 1, "Ketamine Audit", Style("PlexSans-SemiBold", 8.25, 11))
    kind = f"{_KIND} · {DEMO_WORDS}" if certificate.is_demo else _KIND
    pen.right(frame.right, top + 9, kind, SMALL)
    pen.rule(frame.left, frame.right, top + 6.2 * MM, weight=HEAVY)
    return top + 9.5 * MM


def _draw_result(pen: Pen, frame: Frame, certificate: Certificate, top: float) -> float:
    if certificate.holds:
        tick_box(pen, frame.left, top + 1 * MM, _SIDE)
    else:
        cross_box(pen, frame.left, top + 1 * MM, _SIDE, STOP)
    x = frame.left + _SIDE + 4 * MM
    y = pen.line(x, top, _KIND, TITLE)
    for line in wrapped(certificate.sentence, LEDE, frame.right - x):
        y = pen.line(x, y, line, LEDE)
    return max(y, top + _SIDE) + 3 * MM


def _draw_facts(pen: Pen, frame: Frame, certificate: Certificate, top: float) -> float:
    """Who, on which head and when, over the whole width."""
    missed = sum(line.state == "not applicable" for line in certificate.lines)
    facts = (
        ("Clinic", f"{certificate.clinic}, {certificate.registration}", certificate.address),
        ("Run", format_stamp(certificate.ended), f"{certificate.attacks} carried out, {missed} not applicable"),
        ("Keys in the attacker's hands", certificate.keys, f"head on paper at size {certificate.paper_size:,}"),
    )
    width = (frame.live - 2 * COLUMN_GAP) / len(facts)
    bottom = top
    for number, (name, big, small) in enumerate(facts):
        x = frame.left + number * (width + COLUMN_GAP)
        y = pen.line(x, top, name, FIELD)
        for text, style in ((big, BODY_500), (small, SMALL)):
            for line in wrapped(text, style, width):
                y = pen.line(x, y, line, style)
        bottom = max(bottom, y)
    y = pen.line(frame.left, bottom + 1.5 * MM, "Head of the log that was copied", FIELD)
    head = f"{certificate.origin} · {certificate.size:,} · {certificate.root}"
    return pen.line(frame.left, y, head, shrunk(head, MONO_FOOT, frame.live)) + 3 * MM


def _draw_lines(pen: Pen, frame: Frame, lines: tuple[Line, ...], top: float) -> None:
    unit = (frame.live - COLUMN_GAP * (len(_SHARES) - 1)) / sum(_SHARES)
    places, x = [], frame.left
    for share in _SHARES:
        places.append((x, share * unit))
        x += share * unit + COLUMN_GAP
    for (left, _), name in zip(places, ("Attack", "Keys stolen", "Result", "Caught by"), strict=True):
        pen.line(left, top, name, HEAD)
    top += HEAD.leading
    pen.rule(frame.left, frame.right, top, weight=MID)
    for line in lines:
        top = _draw_line(pen, line, places, top)
        pen.rule(frame.left, frame.right, top, weight=HAIR, colour=RULE_2)
    top += 2 * MM
    for text in wrapped(_LIMITS, NOTE, frame.live):
        top = pen.line(frame.left, top, text, NOTE)


def _draw_line(pen: Pen, line: Line, places: list[tuple[float, float]], top: float) -> float:
    state = {"caught": SMALL_600, "not applicable": SMALL}.get(line.state, SMALL_600.coloured(STOP))
    cells = ((line.attack, SMALL.coloured(INK)), (line.keys, SMALL), (line.state, state), (line.says, SMALL))
    bottom = top
    for (left, width), (text, style) in zip(places, cells, strict=True):
        y = top + _PAD / 2
        for part in wrapped(text, style, width):
            y = pen.line(left, y, part, style)
        bottom = max(bottom, y)
    return bottom + _PAD / 2


def _draw_foot(pen: Pen, frame: Frame, certificate: Certificate) -> None:
    pen.rule(frame.left, frame.right, frame.foot, weight=HAIR)
    line = frame.foot + 1.5 * MM
    pen.line(frame.left, line, "Page 1 of 1", SMALL_600.coloured(INK))
    stamp = format_stamp(certificate.ended)
    pen.line(frame.right - text_width(stamp, SMALL), line, stamp, SMALL)


def _describe(canvas: Canvas, certificate: Certificate) -> None:
    demo = "DEMO · " if certificate.is_demo else ""
    stamp = format_stamp(certificate.ended)
    canvas.setTitle(f"{demo}{_KIND}, {stamp}")
    canvas.setAuthor(certificate.clinic)
    canvas.setSubject(certificate.sentence)
    canvas.setCreator("Ketamine Audit")
    canvas.setProducer("Ketamine Audit")
    when = moment(certificate.ended).strftime("D:%Y%m%d%H%M%S%z")
    canvas.setDateFormatter(lambda *_: f"{when[:-2]}'{when[-2:]}'")
    canvas.setViewerPreference("DisplayDocTitle", "true")
