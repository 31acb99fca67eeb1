"""Accountability.

The statement of each strength side by side, where it went as a picture, and the entries behind each figure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from audit.reports.charts import waterfall
from audit.reports.faces import (
    BODY,
    BODY_500,
    BODY_600,
    HEAD,
    LETTER,
    MONO_S,
    NOTE,
    SMALL,
    TOTAL_600,
    Style,
    text_width,
)
from audit.reports.furniture import note_block, section_head, text_block, title_block
from audit.reports.layout import MM, SECTION_GAP, TIGHT_GAP, Block, Frame, Pager, Sheet
from audit.reports.marks import STRENGTH_WIDTH, draw_strength
from audit.reports.model import InspectionReport, Statement
from audit.reports.pen import HEAVY, Pen
from audit.reports.tables import PLAIN, SUM, TOTAL, Cell, Column, Look, Table, amount_cells, two_lines, words
from audit.reports.values import NOTHING, Amount, Traced
from audit.reports.words import (
    DASH,
    NOT_COUNTED,
    format_ranges,
    format_share,
    format_signed_mg,
    format_signed_ml,
)

_PER_TABLE = 3
_RANGES_A_ROW = 100
_TIGHT = replace(PLAIN, pad=0.85 * MM)
_SUB = "What the clinic had to account for, and what it can account for. Strengths are never added together."
_RULE = (
    "Difference = accounted for − accountable for; minus is a shortage. "
    "Letters are those of the customary computation chart."
)


_Pick = Callable[[Statement], Amount | None]


def plan(report: InspectionReport, frame: Frame) -> list[Sheet]:
    """Statements three abreast, then one picture for each strength that moved, then the drill-down."""
    pager = Pager(
        frame,
        kind="Inspection report · Accountability",
        title=title_block("Accountability", _SUB, frame),
        outline=((0, "Accountability"),),
    )
    if not report.statements:
        pager.flow(
            [text_block("No strength was held, received or used in this period.", BODY, x=frame.left, width=frame.live)]
        )
        return pager.sheets
    for start in range(0, len(report.statements), _PER_TABLE):
        pager.whole(_statement_table(report.statements[start : start + _PER_TABLE], report, frame), gap=TIGHT_GAP)
    pager.flow([note_block(_RULE, frame)])
    for note in report.statement_notes:
        pager.flow([text_block(f"{note.name}. {note.text}", NOTE, x=frame.left, width=frame.live, gap=1 * MM)])
    for statement in report.statements:
        if statement.accountable.mass_ug:
            head = section_head(f"Where it went, {statement.strength.label}", frame, gap=0)
            pager.whole([head, waterfall(statement, frame)], gap=TIGHT_GAP)
    pager.flow(_drill_down(report.statements, frame))
    return pager.sheets


def _statement_table(statements: Sequence[Statement], report: InspectionReport, frame: Frame) -> list[Block]:
    pairs = [column for _ in statements for column in (Column(24, right=True), Column(17, right=True))]
    label = Column(74 + 41 * (_PER_TABLE - len(statements)))
    rows = _Rows(Table([Column(6), label, *pairs], left=frame.left, width=frame.live), statements)
    units = [unit for _ in statements for unit in ("mg", "mL")]
    blocks = [_strength_heads(statements, frame), rows.table.head("", report.period.label, *units)]
    blocks += _accountable(rows)
    blocks.append(Block(1.6 * MM, lambda _pen, _top: None))
    blocks += _accounted(rows)
    blocks += _difference(rows)
    blocks.append(_double_rule(frame))
    return blocks


class _Rows:
    """Rows of a statement: a letter, a name, and mg and mL of each strength."""

    def __init__(self, table: Table, statements: Sequence[Statement]) -> None:
        self.table, self.statements = table, statements

    def plain(self, letter: str, label: Cell, pick: _Pick, *, look: Look = _TIGHT, style: Style = BODY) -> Block:
        """Amounts as they are."""
        cells = [cell for item in self.statements for cell in amount_cells(pick(item), style, absent=NOT_COUNTED)]
        return self.table.row(words(letter, LETTER), label, *cells, look=look)

    def signed(self, letter: str, label: Cell, pick: _Pick, *, look: Look = _TIGHT, style: Style = BODY) -> Block:
        """Amounts with their signs."""
        cells = [cell for item in self.statements for cell in _signed_cells(pick(item), style)]
        return self.table.row(words(letter, LETTER), label, *cells, look=look)


def _accountable(rows: _Rows) -> list[Block]:
    name = words("Accountable for, A + B", BODY_600)
    return [
        rows.plain("A", two_lines("Opening stock", _note(rows.statements, "opening_note")), lambda s: s.opening.amount),
        rows.plain("B", words("Received"), lambda s: s.received.amount),
        rows.plain("C", name, lambda s: s.accountable, look=TOTAL, style=BODY_600),
    ]


def _accounted(rows: _Rows) -> list[Block]:
    closing = two_lines("Closing stock, counted", _note(rows.statements, "closing_note"))
    name = words("Accounted for, D + E + F", BODY_600)
    return [
        rows.plain("D", closing, lambda s: None if s.closing is None else s.closing.amount),
        rows.plain("E", words("Given to patients"), lambda s: s.given.amount),
        rows.plain("E", words("Transferred out"), lambda s: s.transferred.amount),
        rows.plain("F", words("Wasted"), lambda s: s.wasted.amount),
        rows.plain("F", words("Destroyed"), lambda s: s.destroyed.amount),
        rows.plain("F", words("Lost, or explained by a case"), lambda s: s.lost.amount),
        rows.plain("G", name, lambda s: s.accounted, look=TOTAL, style=BODY_600),
    ]


def _difference(rows: _Rows) -> list[Block]:
    explained = {item.label: item.note for s in rows.statements for item in s.explained}
    last = Look(below=0, is_light=False)
    return [
        rows.signed("H", words("Difference, G − C", BODY_600), lambda s: s.difference, look=SUM, style=BODY_600),
        rows.table.row((), words("Difference as a share of C"), *_shares(rows.statements), look=_TIGHT),
        *(
            rows.signed("", two_lines(f"   {label}", f"    {note}"), _explained_by(label))
            for label, note in explained.items()
        ),
        rows.signed("", words("Without explanation", TOTAL_600), lambda s: s.unexplained, look=last, style=TOTAL_600),
    ]


def _explained_by(label: str) -> _Pick:
    def pick(statement: Statement) -> Amount | None:
        return sum((item.part.amount for item in statement.explained if item.label == label), NOTHING)

    return pick


def _signed_cells(amount: Amount | None, style: Style) -> tuple[Cell, Cell]:
    if amount is None:
        return amount_cells(None, absent=NOT_COUNTED)
    return words(format_signed_mg(amount.mass_ug), style), words(format_signed_ml(amount.volume_ul), style)


def _shares(statements: Sequence[Statement]) -> list[Cell]:
    cells: list[Cell] = []
    for item in statements:
        share = DASH if item.difference is None else format_share(item.difference.mass_ug, item.accountable.mass_ug)
        cells += [words(share), ()]
    return cells


def _note(statements: Sequence[Statement], name: str) -> str:
    notes = [(item.strength.label, getattr(item, name)) for item in statements if getattr(item, name)]
    if len({note for _, note in notes}) == 1 and len(notes) == len(statements):
        return str(notes[0][1])
    return "; ".join(f"{label}: {note}" for label, note in notes)


def _strength_heads(statements: Sequence[Statement], frame: Frame) -> Block:
    unit = frame.live / (6 + 74 + 41 * _PER_TABLE)
    form = len({item.strength.form for item in statements}) > 1

    def draw(pen: Pen, top: float) -> None:
        for number, item in enumerate(reversed(statements)):
            right = frame.right - number * 41 * unit
            label = item.strength.label
            pen.right(right, top + 8.4, label, BODY_600)
            draw_strength(
                pen,
                item.strength.concentration_ug_per_ml,
                right - text_width(label, BODY_600) - STRENGTH_WIDTH - 3,
                top + 8.4,
            )
            if form:
                pen.right(right, top + 17, item.strength.form, HEAD)

    return Block(20 if form else 11.5, draw, keep=True)


def _double_rule(frame: Frame) -> Block:
    def draw(pen: Pen, top: float) -> None:
        pen.rule(frame.left, frame.right, top, weight=0.8)
        pen.rule(frame.left, frame.right, top + HEAVY, weight=0.8)

    return Block(HEAVY + 1, draw)


def _drill_down(statements: Sequence[Statement], frame: Frame) -> list[Block]:
    """Each figure with its entry numbers: the way from the statement to the ledger."""
    table = Table(
        [Column(24), Column(36), Column(18, right=True), Column(14, right=True), Column(4), Column(104)],
        left=frame.left,
        width=frame.live,
    )
    head = table.head("Strength", "Figure", "mg", "mL", "", "Entries it comes from")
    blocks = [section_head("Where each figure comes from", frame, gap=SECTION_GAP), head]
    for item in statements:
        for name, traced in traced_lines(item):
            blocks += _traced_rows(table, head, item.strength.label, name, traced)
    return blocks


def _traced_rows(table: Table, head: Block, strength: str, name: str, traced: Traced) -> list[Block]:
    """One row, or several where hundreds of entries stand behind a figure: a row is never split over pages."""
    numbers = words(format_ranges(traced.entries[:_RANGES_A_ROW]) or DASH, MONO_S)
    rows = [table.row(words(strength, BODY_500), words(name), *amount_cells(traced.amount), (), numbers, head=head)]
    for start in range(_RANGES_A_ROW, len(traced.entries), _RANGES_A_ROW):
        numbers = words(format_ranges(traced.entries[start : start + _RANGES_A_ROW]), MONO_S)
        rows.append(table.row((), words(f"{name}, continued", SMALL), (), (), (), numbers, head=head))
    return rows


def traced_lines(item: Statement) -> list[tuple[str, Traced]]:
    """The figures of a statement that come straight from entries, in the order they are printed."""
    closing = [("Closing stock", item.closing)] if item.closing is not None else []
    return [
        ("Opening stock", item.opening),
        ("Received", item.received),
        *closing,
        ("Given", item.given),
        ("Transferred out", item.transferred),
        ("Wasted", item.wasted),
        ("Destroyed", item.destroyed),
        ("Lost", item.lost),
        *((part.label, part.part) for part in item.explained),
    ]
