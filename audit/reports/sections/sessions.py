"""Treatment sessions: figures, order and draw, the rate where it changed, every act with its signature.

Two to a page where they fit.
"""

from __future__ import annotations

from collections.abc import Sequence

from audit.reports.charts import rate_chart
from audit.reports.faces import BODY, BODY_3, BODY_600, HEAD, MONO_S, SECTION, SMALL, SUB
from audit.reports.furniture import figures_block, note_block, section_head, text_block, title_block
from audit.reports.layout import HALF_GAP, MM, SECTION_GAP, TIGHT_GAP, Block, Frame, Pager, Sheet, beside, stacked
from audit.reports.model import InspectionReport, SessionBalance, SessionRecord, SessionRow
from audit.reports.pen import HAIR, Pen
from audit.reports.tables import EXCEPTION, PLAIN, Column, Line, Table, amount_cells, mark_cell, two_lines, words
from audit.reports.values import Amount, Fact, KeyFigure
from audit.reports.words import format_clock, format_mg, format_ml, format_offset

_SUB = "One block for each session in the order of its number; a chart of the rate only where the rate was changed."
_BETWEEN = 9 * MM


def plan(report: InspectionReport, frame: Frame) -> list[Sheet]:
    """All sessions of the period, flowing; a session is kept on one page where a page can hold it."""
    if not report.sessions:
        return []
    title = title_block("Sessions", _SUB, frame)
    pager = Pager(frame, kind="Inspection report · Sessions", title=title, outline=((0, "Sessions"),))
    for record in report.sessions:
        pager.whole(_session(record, frame), gap=_BETWEEN)
    return pager.sheets


def _session(record: SessionRecord, frame: Frame) -> list[Block]:
    blocks = [_name(record, frame)]
    for balance in record.balances:
        figures = [figures_block(balance_figures(balance), frame)]
        if len(record.balances) > 1:
            figures.insert(0, text_block(balance.strength.label, BODY_600, x=frame.left, width=frame.live))
        blocks.append(stacked(figures).after(3 * MM))
    halves = [
        side for side in (_facts(record.order, "Order", 0, frame), _facts(record.draw, "Draw", 1, frame)) if side.height
    ]
    if halves:
        blocks.append(beside(*halves).after(TIGHT_GAP))
    if len({step.mass_ug_per_h for step in record.rates}) > 2:  # noqa: PLR2004 - one rate and the stop at the end
        chart = stacked([section_head("Rate", frame, gap=0), rate_chart(record.rates, frame)])
        blocks.append(chart.after(TIGHT_GAP))
    blocks += _acts(record.rows, frame)
    if record.summary:
        blocks.append(note_block(record.summary, frame))
    return blocks


def _name(record: SessionRecord, frame: Frame) -> Block:
    line = text_block(record.line, SUB, x=frame.left, width=frame.live)

    def draw(pen: Pen, top: float) -> None:
        pen.rule(frame.left, frame.right, top, weight=HAIR)
        after = pen.line(frame.left, top + 2 * MM, f"Session {record.number}", SECTION)
        line.draw(pen, after)

    return Block(2 * MM + SECTION.leading + line.height, draw, keep=True)


def balance_figures(balance: SessionBalance) -> tuple[KeyFigure, ...]:
    """Drawn = parts + still to account for, as large figures."""
    pairs: list[tuple[str, Amount]] = []
    if balance.ordered is not None:
        pairs.append(("Ordered", balance.ordered))
    pairs += [("Drawn", balance.drawn), *((part.name, part.amount) for part in balance.parts)]
    pairs += [("Still to account for", balance.remaining)]
    return tuple(
        KeyFigure(
            label=name,
            value=format_mg(amount.mass_ug),
            unit="mg",
            second=f"{format_ml(amount.volume_ul)} mL",
        )
        for name, amount in pairs
    )


def _facts(facts: Sequence[Fact], title: str, half: int, frame: Frame) -> Block:
    if not facts:
        return Block(0, lambda _pen, _top: None)
    width = (frame.live - HALF_GAP) / 2
    left = frame.left + half * (width + HALF_GAP)
    table = Table([Column(18), Column(64)], left=left, width=width)
    rows = [table.row(words(fact.name, BODY_3), words(fact.text)) for fact in facts]
    return stacked([text_block(title, SECTION, x=left, width=width), *rows])


def _acts(rows: Sequence[SessionRow], frame: Frame) -> list[Block]:
    table = Table(
        [
            Column(15),
            Column(11),
            Column(36),
            Column(13, right=True),
            Column(12, right=True),
            Column(3),
            Column(27),
            Column(24),
            Column(37),
        ],
        left=frame.left,
        width=frame.live,
    )
    offsets = sorted({row.when.offset_min for row in rows})
    shown = format_offset(offsets[0]) if len(offsets) == 1 else "local"
    head = table.head(
        (Line("Time", HEAD), Line(shown, SMALL)),
        "Entry",
        "Act",
        "mg",
        "mL",
        "",
        (Line("Signed by", HEAD), Line("registration", SMALL)),
        "Method",
        "Meaning, marks",
    )
    return [
        head.after(SECTION_GAP - 2 * MM),
        *(_act(table, row, head, one_offset=len(offsets) == 1) for row in rows),
    ]


def _act(table: Table, row: SessionRow, head: Block, *, one_offset: bool) -> Block:
    struck = row.struck_by is not None
    mg, ml = amount_cells(row.amount)
    if struck and row.amount is not None:
        mg, ml = (Line(mg[0].text, BODY, struck=True),), (Line(ml[0].text, BODY, struck=True),)
    offset = "" if one_offset else format_offset(row.when.offset_min)
    meaning = (Line(row.meaning),) if row.meaning else ()
    return table.row(
        two_lines(format_clock(row.when), offset, MONO_S),
        words(f"{row.entry:,}", MONO_S),
        (Line(row.act, BODY, struck), *((Line(row.detail, SMALL, struck),) if row.detail else ())),
        mg,
        ml,
        (),
        two_lines(row.who, row.who_note),
        words(row.method),
        (*meaning, *mark_cell(row.marks)),
        look=EXCEPTION if row.marks else PLAIN,
        head=head,
        entries=(row.entry,),
    )
