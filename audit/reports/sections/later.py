"""Entries about the period that an earlier report of it could not show. They never change that report.

Here they are named.
"""

from __future__ import annotations

from itertools import groupby

from audit.reports.faces import MONO_S
from audit.reports.furniture import section_head, title_block
from audit.reports.layout import TIGHT_GAP, Block, Frame, Pager, Sheet
from audit.reports.model import InspectionReport, LaterLine
from audit.reports.tables import Column, Table, amount_cells, two_lines, words
from audit.reports.words import format_clock_offset, format_date

_SUB = (
    "Entries that concern this period and were made after an earlier report of it. That report stands as it was issued."
)


def plan(report: InspectionReport, frame: Frame) -> list[Sheet]:
    """One list for each earlier report; no sheet where there is nothing."""
    if not report.later:
        return []
    title = title_block("Entered since an earlier report", _SUB, frame)
    pager = Pager(
        frame, kind="Inspection report · Entered since", title=title, outline=((0, "Entered since an earlier report"),)
    )
    table = Table(
        [
            Column(26),
            Column(26),
            Column(12),
            Column(64),
            Column(15, right=True),
            Column(13, right=True),
            Column(3),
            Column(30),
        ],
        left=frame.left,
        width=frame.live,
    )
    head = table.head("Happened", "Recorded", "Entry", "Act", "mg", "mL", "", "Who")
    for number, lines in groupby(report.later, key=lambda line: line.report):
        rows = [_line(table, line, head) for line in lines]
        pager.flow(
            [
                section_head(f"Entered since report {number}", frame, gap=TIGHT_GAP),
                Block(head.height, head.draw, keep=True),
                *rows,
            ]
        )
    return pager.sheets


def _line(table: Table, line: LaterLine, head: Block) -> Block:
    return table.row(
        two_lines(format_date(line.occurred), format_clock_offset(line.occurred)),
        two_lines(format_date(line.recorded), format_clock_offset(line.recorded)),
        words(f"{line.entry:,}", MONO_S),
        words(line.text),
        *amount_cells(line.amount),
        (),
        words(line.who),
        head=head,
        entries=(line.entry,),
    )
