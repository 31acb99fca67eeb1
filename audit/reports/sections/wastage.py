"""Wastage and witnesses of one strength: who wasted, who witnessed, how long it took, and every waste.

No limits, no judgement here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import median_low

from audit.reports.charts import delay_bars
from audit.reports.faces import BODY, BODY_600, MONO_S, NOTE
from audit.reports.furniture import note_block, section_head, text_block, title_block
from audit.reports.layout import HALF_GAP, SECTION_GAP, TIGHT_GAP, Block, Frame, Pager, Sheet, beside, stacked
from audit.reports.model import InspectionReport, Wastage, WasteLine
from audit.reports.tables import (
    EXCEPTION,
    PLAIN,
    TOTAL,
    Column,
    Table,
    amount_cells,
    mark_cell,
    two_lines,
    words,
)
from audit.reports.values import NOTHING, Mark
from audit.reports.words import DASH, format_amount, format_clock_offset, format_date, format_delay

_MINUTE = 60_000
_STEPS = (5, 15, 30)
_MOST_WITNESSES = 8


def plan(report: InspectionReport, frame: Frame) -> list[Sheet]:
    """All strengths that wasted; a strength begins its own page."""
    sheets: list[Sheet] = []
    for wastage in report.wastages:
        sheets += _strength(wastage, frame)
    return sheets


def _strength(wastage: Wastage, frame: Frame) -> list[Sheet]:
    title = title_block("Wastage and witnesses", _sub(wastage), frame, strength=wastage.strength)
    outline = ((0, f"Wastage, {wastage.strength.label}"),)
    pager = Pager(frame, kind="Inspection report · Wastage", title=title, outline=outline)
    pager.flow(_people(wastage, frame))
    half = (frame.live - HALF_GAP) / 2
    if wastage.lines:
        pager.flow([beside(_delays(wastage, frame, half), _pairs(wastage, frame, half)).after(SECTION_GAP)])
    pager.flow(_all_wastes(wastage, frame))
    if wastage.note:
        pager.flow([note_block(wastage.note, frame)])
    return pager.sheets


def _sub(wastage: Wastage) -> str:
    if not wastage.lines:
        return "Nothing wasted in this period."
    alone = sum(1 for line in wastage.lines if not line.witness)
    late = sum(1 for line in wastage.lines if _has(line, Mark.LATE))
    count = len(wastage.lines)
    acts = "1 act" if count == 1 else f"{count:,} acts"
    return (
        f"{format_amount(wastage.total)} wasted in {acts}. {count - alone:,} witnessed, {alone:,} not; {late:,} late."
    )


def _has(line: WasteLine, mark: Mark) -> bool:
    return any(item.mark is mark for item in line.marks)


def _people(wastage: Wastage, frame: Frame) -> list[Block]:
    columns = [Column(44), *(Column(18, right=True) for _ in range(6))]
    table = Table(columns, left=frame.left, width=frame.live)
    head = table.head("Wasted by", "Wastes", "Wasted mg", "mL", "Witnessed", "Not witnessed", "Late")
    blocks = [Block(head.height, head.draw, gap=TIGHT_GAP, keep=True)]
    by_person: dict[str, Sequence[WasteLine]] = {}
    for line in wastage.lines:
        by_person[line.who] = [*by_person.get(line.who, ()), line]
    ordered = sorted(by_person.items(), key=lambda item: (-len(item[1]), item[0]))
    for name, lines in [*ordered, ("Clinic", wastage.lines)]:
        is_total = lines is wastage.lines
        style = BODY_600 if is_total else BODY
        alone, late = sum(1 for line in lines if not line.witness), sum(1 for line in lines if _has(line, Mark.LATE))
        total = wastage.total if is_total else sum((line.amount for line in lines), NOTHING)
        counts = [words(f"{number:,}", style) for number in (len(lines), len(lines) - alone, alone, late)]
        cells = (words(name, style), counts[0], *amount_cells(total, style), *counts[1:])
        look = TOTAL if is_total else EXCEPTION if alone or late else PLAIN
        blocks.append(table.row(*cells, look=look, head=head))
    return blocks


def delay_counts(wastage: Wastage) -> list[tuple[str, int, bool]]:
    """How many wastes were fully signed within each span; the last span is past the pack's limit."""
    limit = wastage.limit_ms // _MINUTE
    edges = [*(step for step in _STEPS if step < limit), limit]
    counts: Counter[int] = Counter()
    for line in wastage.lines:
        if line.delay_ms is not None:
            counts[next((n for n, edge in enumerate(edges) if line.delay_ms <= edge * _MINUTE), len(edges))] += 1
    names = [f"{low} to {high} min" for low, high in zip([0, *edges], edges, strict=False)]
    rows = [(name, counts[number], False) for number, name in enumerate(names)]
    return [*rows, (f"over {limit} min", counts[len(edges)], True)]


def _delays(wastage: Wastage, frame: Frame, half: float) -> Block:
    delays = [line.delay_ms for line in wastage.lines if line.delay_ms is not None]
    middle = f"Median {format_delay(median_low(delays))}. " if delays else ""
    unsigned = len(wastage.lines) - len(delays)
    without = f" {unsigned:,} without a second signature are not in the picture." if unsigned else ""
    note = f"{len(delays):,} acts. {middle}Limit {format_delay(wastage.limit_ms)}.{without}"
    return stacked(
        [
            section_head("From remainder to witnessed waste", frame, gap=0),
            delay_bars(delay_counts(wastage), left=frame.left, width=half),
            text_block(note, NOTE, x=frame.left, width=half, gap=4),
        ]
    )


def _pairs(wastage: Wastage, frame: Frame, half: float) -> Block:
    """Who wasted against who witnessed; witnesses beyond eight share the last column."""
    left = frame.right - half
    pairs = Counter((line.who, line.witness) for line in wastage.lines)
    seen = Counter(line.witness for line in wastage.lines if line.witness)
    witnesses = [name for name, _ in sorted(seen.items(), key=lambda item: (-item[1], item[0]))]
    named, others = witnesses[:_MOST_WITNESSES], witnesses[_MOST_WITNESSES:]
    letters = [chr(ord("A") + number) for number in range(len(named))]
    extra = ["Other"] if others else []
    table = Table(
        [
            Column(30),
            *(Column(7, right=True) for _ in letters),
            *(Column(10, right=True) for _ in extra),
            Column(10, right=True),
            Column(9, right=True),
        ],
        left=left,
        width=half,
    )
    rows = [
        section_head("Who wasted, who witnessed", frame, gap=0, x=left),
        table.head("Wasted by", *letters, *extra, "None", "All"),
    ]
    for who in sorted({line.who for line in wastage.lines}):
        counts = ["·" if name == who else _count(pairs[(who, name)]) for name in named]
        counts += [_count(sum(pairs[(who, name)] for name in others))] if others else []
        alone, total = pairs[(who, "")], sum(count for (name, _), count in pairs.items() if name == who)
        rows.append(table.row(words(who), *map(words, counts), words(_count(alone), BODY_600), words(f"{total:,}")))
    legend = ", ".join(f"{letter} {name}" for letter, name in zip(letters, named, strict=True))
    note = f"Witnesses: {legend}. " if legend else ""
    return stacked([*rows, text_block(f"{note}Nobody can witness their own waste.", NOTE, x=left, width=half, gap=4)])


def _count(number: int) -> str:
    return f"{number:,}" if number else DASH


def _all_wastes(wastage: Wastage, frame: Frame) -> list[Block]:
    if not wastage.lines:
        return []
    table = Table(
        [
            Column(24),
            Column(11),
            Column(41),
            Column(13, right=True),
            Column(11, right=True),
            Column(3),
            Column(23),
            Column(23),
            Column(16),
            Column(25),
        ],
        left=frame.left,
        width=frame.live,
    )
    head = table.head("When", "Entry", "Act, reason", "mg", "mL", "", "Wasted by", "Witness", "Delay", "Marks")
    first = Block(head.height, head.draw, keep=True)
    return [
        section_head("Every waste", frame, gap=SECTION_GAP),
        first,
        *(_waste(table, line, head) for line in wastage.lines),
    ]


def _waste(table: Table, line: WasteLine, head: Block) -> Block:
    delay = DASH if line.delay_ms is None else format_delay(line.delay_ms)
    return table.row(
        two_lines(format_date(line.when), format_clock_offset(line.when)),
        words(f"{line.entry:,}", MONO_S),
        two_lines(line.act, line.reason),
        *amount_cells(line.amount),
        (),
        words(line.who),
        words(line.witness) if line.witness else words("none", BODY_600),
        words(delay),
        mark_cell(line.marks),
        look=EXCEPTION if line.marks else PLAIN,
        head=head,
        entries=(line.entry,),
    )
