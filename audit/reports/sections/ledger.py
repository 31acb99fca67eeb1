"""Perpetual ledger of one strength, container by container: each page brings forward, sums itself and carries forward.

Carried sums run over all rows printed so far since the start of the period; the balance of a carried line is that of
the
containers printed so far, and at the end that of the strength. A row's own balance is its container's.
"""

from __future__ import annotations

from dataclasses import replace

from audit.reports.faces import BODY, BODY_500, BODY_600, HEAD, MONO_S, NOTE, SMALL, SMALL_600, text_width
from audit.reports.furniture import text_block, title_block
from audit.reports.layout import MM, TIGHT_GAP, Block, Frame, Pager, Sheet
from audit.reports.marks import SIDE, SIGNS, draw_shape
from audit.reports.model import InspectionReport, Ledger, LedgerRow, LedgerSection
from audit.reports.pen import FINE, Pen
from audit.reports.sums import NO_ROWS, LedgerSum, sum_rows
from audit.reports.tables import (
    BROUGHT,
    CARRY,
    EXCEPTION,
    PLAIN,
    SUM,
    TOTAL,
    Cell,
    Column,
    Line,
    Look,
    Table,
    mark_cell,
    stacked_amount,
    two_lines,
    words,
)
from audit.reports.values import NOTHING, Mark
from audit.reports.words import format_amount, format_clock_offset, format_date

_COLUMNS = (
    Column(13.6),
    Column(6.8),
    Column(23.2),
    Column(10.2, right=True),
    Column(11.2, right=True),
    Column(11, right=True),
    Column(1.4),
    Column(12.8),
    Column(13.4),
)
_KEY_NOTE = (
    "Marks are never removed. Struck rows are not summed. "
    "Entry numbers not shown belong to other strengths or carry no amount."
)
_SECTION = Look(below=FINE, is_light=False, pad=0.9 * MM)
_SUM_HEIGHT = 2 * PLAIN.pad + BODY_600.leading + SMALL.leading
# What every page keeps free at its foot: its own sum, the carried line, and the key.
_TWO_SUMS = 2 * _SUM_HEIGHT


def plan(report: InspectionReport, frame: Frame) -> list[Sheet]:
    """All sheets of all strengths."""
    sheets: list[Sheet] = []
    for ledger in report.ledgers:
        sheets += _LedgerPlan(report, ledger, frame).sheets()
    return sheets


class _LedgerPlan:
    """One strength while its pages fill: the sum so far, the sum of the page, and the row kinds it needs."""

    def __init__(self, report: InspectionReport, ledger: Ledger, frame: Frame) -> None:
        self._report, self._ledger, self._frame = report, ledger, frame
        self._table = Table(_COLUMNS, left=frame.left, width=frame.live)
        self._head = self._table.head(
            (Line("Date, time", HEAD), Line("with offset", SMALL)),
            "Entry",
            (Line("Act", HEAD), Line("session, detail", SMALL)),
            "In",
            "Out",
            "Balance",
            "",
            (Line("Person", HEAD), Line("witness", SMALL)),
            "Marks",
        )
        self._so_far, self._page = NO_ROWS, NO_ROWS
        opening = sum((section.opening for section in ledger.sections), NOTHING)
        sub = f"Every movement, by container, in log order. mg over mL. Opening balance: {format_amount(opening)}."
        self._pager = Pager(
            frame,
            kind="Inspection report · Ledger",
            title=title_block("Perpetual ledger", sub, frame, strength=ledger.strength),
            outline=((0, f"Ledger, {ledger.strength.label}"),),
        )
        self._key = _key_block(frame)

    def sheets(self) -> list[Sheet]:
        """Fills and returns the sheets."""
        self._pager.put(self._head)
        for section in self._ledger.sections:
            self._fill(section)
        if not any(section.rows for section in self._ledger.sections):
            self._put(self._table.span("No movement in this period."))
        self._need(0)
        self._pager.put(self._sum_row("This page", self._page, look=SUM, is_page=True))
        self._pager.put(
            self._sum_row(
                f"{self._ledger.strength.label}, all", self._so_far, look=TOTAL, words_="since the start of the period"
            )
        )
        self._pager.push(self._key)
        return self._pager.sheets

    def _fill(self, section: LedgerSection) -> None:
        if section.title:
            # A head is never the last thing on a page.
            self._need(_TWO_SUMS)
            self._put(self._section_row(section.title, section, f"Opening {format_amount(section.opening)}"))
        self._so_far = self._so_far.opened(section.opening)
        balance = section.opening
        for row in section.rows:
            block = _row(self._table, row)
            if self._need(block.height) and section.title:
                self._put(
                    self._section_row(
                        f"{section.title}, continued", section, f"Brought forward {format_amount(balance)}"
                    )
                )
            self._put(block)
            self._so_far, self._page = self._so_far.with_row(row), self._page.with_row(row)
            balance = row.balance
        if section.title and section.rows:
            total = sum_rows(section.rows, opening=section.opening)
            self._need(_SUM_HEIGHT)
            self._put(self._sum_row(section.title, total, look=replace(SUM, pad=0.9 * MM)))

    def _put(self, block: Block) -> None:
        self._pager.put(block)

    def _need(self, height: float) -> bool:
        """Turns the page, with both carried lines, where that height and the lines at its foot do not fit any more."""
        if height + _TWO_SUMS + self._key.height + TIGHT_GAP <= self._pager.room:
            return False
        number = len(self._pager.sheets)
        self._pager.put(self._sum_row("This page", self._page, look=SUM, is_page=True))
        self._pager.put(self._sum_row("Carried forward", self._so_far, look=CARRY, words_="to the next page"))
        self._pager.push(self._key)
        self._pager.turn()
        self._pager.put(self._head)
        self._pager.put(
            self._sum_row("Brought forward", self._so_far, look=BROUGHT, words_=f"from sheet {number} of this ledger")
        )
        self._page = NO_ROWS
        return True

    def _section_row(self, title: str, section: LedgerSection, balance: str) -> Block:
        columns = [Column(20.4), Column(45), Column(37, right=True)]
        table = Table(columns, left=self._frame.left, width=self._frame.live)
        return table.row(words(title, BODY_600), words(section.detail, SMALL), words(balance, BODY_500), look=_SECTION)

    def _sum_row(self, name: str, total: LedgerSum, *, look: Look, words_: str = "", is_page: bool = False) -> Block:
        counts = f"{total.counted:,} count" + (f", {total.struck:,} struck" if total.struck else "")
        balance: Cell = () if is_page else stacked_amount(total.balance, BODY_600)
        amounts = (stacked_amount(total.into, BODY_600), stacked_amount(total.out, BODY_600), balance)
        columns = (Column(20.4), *_COLUMNS[2:])
        table = Table(columns, left=self._frame.left, width=self._frame.live)
        return table.row(
            words(name, BODY_600),
            two_lines(words_ or counts, counts if words_ else "", BODY_500),
            *amounts,
            (),
            (),
            (),
            look=look,
        )


def _row(table: Table, row: LedgerRow) -> Block:
    struck = row.struck_by is not None
    act = (Line(row.act, BODY, struck), *((Line(row.detail, SMALL, struck),) if row.detail else ()))
    return table.row(
        two_lines(format_date(row.when), format_clock_offset(row.when)),
        words(f"{row.entry:,}", MONO_S),
        act,
        stacked_amount(row.into, struck=struck and row.into is not None),
        stacked_amount(row.out, struck=struck and row.out is not None),
        stacked_amount(row.balance),
        (),
        _people(row),
        mark_cell(row.marks),
        look=EXCEPTION if row.marks else PLAIN,
        entries=(row.entry,),
    )


def _people(row: LedgerRow) -> Cell:
    if any(item.mark is Mark.UNWITNESSED for item in row.marks):
        return (Line(row.who), Line("no witness", SMALL_600))
    return two_lines(row.who, row.witness)


def _key_block(frame: Frame) -> Block:
    """What the marks of a ledger mean, at the foot of each of its pages."""
    marks = (Mark.LATE, Mark.UNWITNESSED, Mark.STRUCK)
    text = text_block(
        _KEY_NOTE,
        NOTE,
        x=frame.left,
        width=frame.live,
    )

    def draw(pen: Pen, top: float) -> None:
        x = frame.left
        for mark in marks:
            sign = SIGNS[mark]
            draw_shape(pen, mark, x, top + 0.6)
            pen.line(x + SIDE + 3, top, sign.word, SMALL_600.coloured(sign.colour))
            x += SIDE + 7 + text_width(sign.word, SMALL_600)
            pen.line(x, top, sign.meaning, SMALL)
            x += text_width(sign.meaning, SMALL) + 5 * MM
        text.draw(pen, top + 11)

    return Block(11 + text.height, draw)
