"""`render`: the whole report as PDF bytes, the same bytes for the same report.

Plans all pages first, then draws each once.

Deliberately not here: attaching evidence and signing (`evidence`, `sign`), tags for screen readers (ReportLab writes
none).
"""

from __future__ import annotations

from io import BytesIO

from reportlab.pdfgen.canvas import Canvas

from audit.reports import words
from audit.reports.faces import SANS, register_faces
from audit.reports.furniture import draw_foot, draw_head, draw_watermark
from audit.reports.layout import Frame, Sheet, frame_of
from audit.reports.model import InspectionReport
from audit.reports.pen import Pen
from audit.reports.sections import accountability, cover, later, ledger, sessions, verification, wastage


def render(report: InspectionReport) -> bytes:
    """The report as an unsigned PDF without attachments, for its own paper size."""
    register_faces()
    frame = frame_of(report.paper)
    pages: dict[int, int] = {}
    sheets = _plan(report, frame, pages)
    out = BytesIO()
    canvas = Canvas(
        out,
        pagesize=(frame.width, frame.height),
        invariant=1,
        pageCompression=1,
        initialFontName=SANS,
        lang=report.language,
    )
    _describe(canvas, report)
    pen = Pen(canvas, height=frame.height)
    for number, sheet in enumerate(sheets, start=1):
        _draw_sheet(pen, frame, report, sheet, page=number, pages=len(sheets))
    canvas.save()
    return out.getvalue()


def _plan(report: InspectionReport, frame: Frame, pages: dict[int, int]) -> list[Sheet]:
    """All sheets in the order of print; afterwards `pages` tells where each ledger entry stands."""
    sheets = cover.plan(report, frame, pages)
    sheets += accountability.plan(report, frame)
    first_detail = len(sheets)
    sheets += ledger.plan(report, frame)
    sheets += sessions.plan(report, frame)
    sheets += wastage.plan(report, frame)
    sheets += later.plan(report, frame)
    sheets += verification.plan(report, frame)
    for number, sheet in enumerate(sheets[first_detail:], start=first_detail + 1):
        for _, block in sheet.placed:
            for entry in block.entries:
                pages.setdefault(entry, number)
    return sheets


def _draw_sheet(pen: Pen, frame: Frame, report: InspectionReport, sheet: Sheet, *, page: int, pages: int) -> None:
    if report.clinic.is_demo:
        draw_watermark(pen, frame)
    pen.place(cover.page_key(page))
    for level, title in sheet.outline:
        pen.outline(cover.page_key(page), title, level)
    draw_head(pen, frame, report, sheet.kind)
    sheet.draw(pen)
    draw_foot(pen, frame, report, page=page, pages=pages)
    pen.end_page()
    # What is drawn is not needed again: a long report holds one drawn page at a time.
    sheet.placed.clear()


def _describe(canvas: Canvas, report: InspectionReport) -> None:
    """File properties: report, clinic and period; never a patient."""
    demo = "DEMO · " if report.clinic.is_demo else ""
    canvas.setTitle(f"{demo}Inspection report {report.number}")
    canvas.setAuthor(report.clinic.name)
    canvas.setSubject(f"{report.period.label}; issued {words.format_stamp(report.issued)}")
    canvas.setCreator("Ketamine Audit")
    canvas.setProducer("Ketamine Audit")
    stamp = words.moment(report.issued).strftime("D:%Y%m%d%H%M%S%z")
    canvas.setDateFormatter(lambda *_: f"{stamp[:-2]}'{stamp[-2:]}'")
    canvas.setViewerPreference("DisplayDocTitle", "true")
