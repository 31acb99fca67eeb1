"""First page: verdict in words, who and when, stock, key figures, exceptions, two lines to sign.

Exceptions may run on.
"""

from __future__ import annotations

from collections.abc import Mapping

from audit.reports.faces import (
    BODY,
    BODY_600,
    LEDE,
    MONO_S,
    SECTION,
    SMALL,
    STOP,
    VERDICT,
    text_width,
    wrapped,
)
from audit.reports.furniture import (
    DEMO_WORDS,
    facts_block,
    figures_block,
    note_block,
    section_head,
    text_block,
    title_block,
)
from audit.reports.layout import MM, SECTION_GAP, Block, Frame, Pager, Sheet
from audit.reports.marks import STRENGTH_WIDTH, draw_strength
from audit.reports.model import ExceptionLine, InspectionReport, StockLine, Verdict, VerdictState
from audit.reports.pen import FINE, Pen, cross_box, difference_box, tick_box
from audit.reports.tables import EXCEPTION, Cell, Column, Table, amount_cells, mark_line, two_lines, words
from audit.reports.values import Strength
from audit.reports.words import DASH, NOT_COUNTED, format_day_minute, format_offset, format_signed_mg, format_signed_ml

_DATED = "Date, time, offset"
_ICON = 16 * MM
_INDENT = _ICON + 5 * MM


def plan(report: InspectionReport, frame: Frame, pages: Mapping[int, int]) -> list[Sheet]:
    """The cover and, where the exceptions need them, further sheets. `pages` is filled before anything is drawn."""
    nothing = Block(0, lambda _pen, _top: None)
    again = title_block("Exceptions", "Continued from the page before.", frame)
    pager = Pager(frame, kind="Inspection report", title=nothing, outline=((0, "Verdict"),), again=again)
    pager.flow(_verdict(report.verdict, frame))
    clinic, period = report.clinic, report.period
    facts = (
        ("Responsible person", clinic.responsible, clinic.responsible_note),
        ("Registration", clinic.registration, clinic.registration_note),
        ("Period", period.label, period.note),
        ("Jurisdiction pack", report.pack.name, report.pack.note),
    )
    pager.flow([facts_block(facts, frame).after(SECTION_GAP)])
    address = DEMO_WORDS if clinic.is_demo else ""
    pager.flow(
        [note_block("  ·  ".join(part for part in (clinic.name, clinic.address, address) if part), frame, gap=2 * MM)]
    )
    pager.flow(_stock(report, frame))
    if report.key_figures:
        pager.flow([section_head("The period in figures", frame, gap=SECTION_GAP)])
        for start in range(0, len(report.key_figures), 4):
            block = figures_block(report.key_figures[start : start + 4], frame, gap=4 * MM, columns=4)
            pager.flow([block.after(3 * MM)])
    pager.flow(_exceptions(report, frame, pages))
    pager.push(_to_sign(report, frame))
    return pager.sheets


def _verdict(verdict: Verdict, frame: Frame) -> list[Block]:
    is_open = verdict.state is VerdictState.OPEN_DIFFERENCE
    large = verdict.sentences[:1] if is_open else verdict.sentences
    x, width = frame.left + _INDENT, frame.live - _INDENT
    lines = [line for sentence in large for line in wrapped(sentence, VERDICT, width)]
    lede = wrapped(verdict.lede, LEDE, min(width, 142 * MM))
    height = max(_ICON, len(lines) * VERDICT.leading + 2.6 * MM + len(lede) * LEDE.leading) + 1 * MM

    def draw(pen: Pen, top: float) -> None:
        if verdict.state is VerdictState.BROKEN:
            cross_box(pen, frame.left, top + 2 * MM, _ICON, STOP)
        else:
            tick_box(pen, frame.left, top + 2 * MM, _ICON)
        y = top + 1 * MM
        for line in lines:
            y = pen.line(x, y, line, VERDICT)
        y += 2.6 * MM
        for line in lede:
            y = pen.line(x, y, line, LEDE)

    blocks = [Block(height, draw)]
    if is_open and verdict.sentences[1:]:
        blocks.append(_open_band(" ".join(verdict.sentences[1:]), frame))
    return blocks


def _open_band(text: str, frame: Frame) -> Block:
    """An open difference in a band of its own, so that it neither hides nor is hidden by the state of the log."""
    icon = 7 * MM
    lines = wrapped(text, SECTION, frame.live - icon - 12 * MM)
    height = max(icon, len(lines) * SECTION.leading) + 5 * MM

    def draw(pen: Pen, top: float) -> None:
        pen.frame(frame.left, top, frame.live, height, weight=FINE, colour=STOP)
        difference_box(pen, frame.left + 3 * MM, top + (height - icon) / 2, icon, STOP)
        y = top + (height - len(lines) * SECTION.leading) / 2
        for line in lines:
            y = pen.line(frame.left + icon + 7 * MM, y, line, SECTION)

    return Block(height, draw, gap=4 * MM)


def strength_row(block: Block, strength: Strength, frame: Frame, *, pad: float) -> Block:
    """A row with the strength's sign and name at its left edge; the row leaves that cell empty."""

    def draw(pen: Pen, top: float) -> None:
        block.draw(pen, top)
        baseline = top + pad + BODY_600.leading / 2 + 0.375 * BODY_600.size
        draw_strength(pen, strength.concentration_ug_per_ml, frame.left, baseline)
        pen.text(frame.left + STRENGTH_WIDTH + 3.4, baseline, strength.label, BODY_600)

    return Block(block.height, draw, gap=block.gap, head=block.head)


def _stock(report: InspectionReport, frame: Frame) -> list[Block]:
    head = section_head("Stock at the end of the period, by strength", frame, gap=SECTION_GAP)
    table = Table(
        [
            Column(24),
            Column(38),
            Column(18, right=True),
            Column(16, right=True),
            Column(23, right=True),
            Column(16, right=True),
            Column(25, right=True),
            Column(18, right=True),
        ],
        left=frame.left,
        width=frame.live,
    )
    columns = table.head(
        "Strength", "Containers", "Book mg", "Book mL", "Counted mg", "Counted mL", "Difference mg", "mL"
    )
    blocks = [head, columns]
    blocks += [_stock_row(table, line, frame) for line in report.stock]
    if not report.stock:
        blocks.append(table.span("No stock and no movement in this period."))
    note = report.stock_note or "Strengths are never added together."
    return [*blocks, note_block(note, frame)]


def _stock_row(table: Table, line: StockLine, frame: Frame) -> Block:
    difference = line.difference
    signed: tuple[Cell, Cell] = (words(NOT_COUNTED, SMALL), words(DASH, SMALL))
    if difference is not None:
        signed = (words(format_signed_mg(difference.mass_ug)), words(format_signed_ml(difference.volume_ul)))
    cells = (
        (),
        two_lines(line.containers, line.strength.form),
        *amount_cells(line.book),
        *amount_cells(line.counted, BODY_600, absent=NOT_COUNTED),
        *signed,
    )
    return strength_row(table.row(*cells), line.strength, frame, pad=1.15 * MM)


def _exceptions(report: InspectionReport, frame: Frame, pages: Mapping[int, int]) -> list[Block]:
    head = section_head("Exceptions", frame, gap=SECTION_GAP)
    if not report.exceptions:
        return [
            head,
            text_block(
                "None in this period: nothing late, unwitnessed, struck, lost or unexplained.",
                BODY,
                x=frame.left,
                width=frame.live,
            ),
        ]
    table = Table(
        [
            Column(25),
            Column(74),
            Column(14, right=True),
            Column(12, right=True),
            Column(4),
            Column(25),
            Column(13),
            Column(26),
            Column(10, right=True),
        ],
        left=frame.left,
        width=frame.live,
    )
    offsets = sorted({line.when.offset_min for line in report.exceptions})
    when = f"When, {format_offset(offsets[0])}" if len(offsets) == 1 else "When, local"
    columns = table.head("Mark", "What happened", "mg", "mL", "", when, "Entry", "Who", "Page")
    rows = [
        _exception_row(table, line, columns, frame, pages, one_offset=len(offsets) == 1) for line in report.exceptions
    ]
    return [head, Block(columns.height, columns.draw, keep=True), *rows]


def _exception_row(
    table: Table, line: ExceptionLine, columns: Block, frame: Frame, pages: Mapping[int, int], *, one_offset: bool
) -> Block:
    offset = "" if one_offset else format_offset(line.when.offset_min)
    mg, ml = amount_cells(line.amount)
    row = table.row(
        (mark_line(line.mark),),
        two_lines(line.text, line.detail),
        mg,
        ml,
        (),
        two_lines(format_day_minute(line.when), offset),
        words(f"{line.entry:,}", MONO_S),
        words(line.who),
        (),
        look=EXCEPTION,
        head=columns,
    )

    def draw(pen: Pen, top: float) -> None:
        row.draw(pen, top)
        page = pages.get(line.entry)
        number = DASH if page is None else f"{page:,}"
        pen.right(frame.right, top + 1.15 * MM + BODY.leading / 2 + 0.375 * BODY.size, number, BODY)
        if page is not None:
            pen.link(page_key(page), frame.right - 10 * MM, top, 10 * MM, row.height)

    return Block(row.height, draw, head=columns)


def page_key(page: int) -> str:
    """Name of a page for jumps inside the file."""
    return f"page-{page}"


def _to_sign(report: InspectionReport, frame: Frame) -> Block:
    width = (frame.live - 10 * MM) / 2
    room = width - text_width(_DATED, SMALL) - 8
    texts = (f"Responsible person: {report.clinic.responsible}", "Inspector: name, badge")
    halves = [wrapped(text, SMALL, room) for text in texts]

    def draw(pen: Pen, top: float) -> None:
        for x, lines in zip((frame.left, frame.right - width), halves, strict=True):
            pen.rule(x, x + width, top + 11 * MM, weight=FINE)
            y = top + 12 * MM
            pen.line(x + width - text_width(_DATED, SMALL), y, _DATED, SMALL)
            for line in lines:
                y = pen.line(x, y, line, SMALL)

    return Block(12.5 * MM + max(map(len, halves)) * SMALL.leading, draw)
