"""Last page.

The signed checkpoint as text and code, the root in hexadecimal, keys, and four steps that need neither us nor a
network.
"""

from __future__ import annotations

from audit.reports.faces import (
    BODY_600,
    FIGURE_S,
    MONO_HEX,
    MONO_NOTE,
    MONO_S,
    NOTE,
    RULE_2,
    SECTION,
    SMALL,
    STEP,
    STEP_NO,
    wrapped,
)
from audit.reports.furniture import figures_block, section_head, text_block, title_block
from audit.reports.layout import HALF_GAP, MM, SECTION_GAP, TIGHT_GAP, Block, Frame, Pager, Sheet, beside, stacked
from audit.reports.model import InspectionReport, KeyLine, Verification
from audit.reports.pen import FINE, HAIR, MID, Pen
from audit.reports.qr import qr_block
from audit.reports.tables import Column, Table, words
from audit.reports.values import KeyFigure
from audit.reports.words import format_stamp, short_root

_MOST_SIDE = 52 * MM
EVIDENCE_NAME = "evidence.zip"
COSIGNER = "Cosigner"
"""Role of the keys of outside parties that countersign checkpoints."""
_SUB = "This page lets anyone check the report without the clinic and without a network."
_PROVES = (
    "What this proves: no entry was changed, removed or slipped in after the checkpoint. What it does not prove: "
    "that what people entered was true, or that everything was entered. Signatures and counts speak to that."
)
_KEEP = " checkpoint: a copy of this page, kept outside the clinic, is the anchor."
_UNANCHORED = f" No outside party has countersigned this{_KEEP}"
_TOO_FEW = f" Not as many outside parties as are wanted have countersigned this{_KEEP}"


def plan(report: InspectionReport, frame: Frame) -> list[Sheet]:
    """The page, or two where many keys sign."""
    pager = Pager(
        frame,
        kind="Inspection report · Verification",
        title=title_block("Verification", _SUB, frame),
        outline=((0, "Verification"),),
    )
    pager.flow([_checkpoint(report, frame)])
    pager.flow(_keys(report.verification, frame))
    pager.flow(_steps(report, frame))
    pager.push(_foot(report, frame))
    return pager.sheets


def _checkpoint(report: InspectionReport, frame: Frame) -> Block:
    wide = (frame.live - HALF_GAP) * 7 / 12
    right, side = frame.left + wide + HALF_GAP, (frame.live - HALF_GAP) * 5 / 12
    code = qr_block(report.verification.note, x=right, side=min(side, _MOST_SIDE))
    head = text_block("The same, to scan", SECTION, x=right, width=side)
    scan = (
        [head, code.after(1.6 * MM)]
        if code
        else [text_block("The note is longer than a code holds: take it from the evidence.", NOTE, x=right, width=side)]
    )
    explain = (
        "Line 1: origin. Line 2: size, in entries. Line 3: root, base64. Then one line for each signature, "
        "turned over here; breaks and indents are not part of it."
    )
    return beside(
        stacked(
            [
                text_block("Signed checkpoint", SECTION, x=frame.left, width=wide),
                _note_box(report.verification.note, frame, wide).after(1.6 * MM),
                text_block(explain, NOTE, x=frame.left, width=wide, gap=1.6 * MM),
                _root(report.head.root_hex, frame, wide).after(2.4 * MM),
            ]
        ),
        stacked(scan),
    )


def _note_box(note: str, frame: Frame, width: float) -> Block:
    inner = width - 8 * MM
    lines: list[str] = []
    for text in note.rstrip("\n").split("\n"):
        first, *rest = wrapped(text, MONO_NOTE, inner - 10)
        lines += [first, *(f"  {line}" for line in rest)]
    height = len(lines) * MONO_NOTE.leading + 7 * MM

    def draw(pen: Pen, top: float) -> None:
        pen.frame(frame.left, top, width, height, weight=FINE)
        y = top + 3.5 * MM
        for line in lines:
            y = pen.line(frame.left + 4 * MM, y, line, MONO_NOTE)

    return Block(height, draw)


def _root(root_hex: str, frame: Frame, width: float) -> Block:
    groups = " ".join(root_hex[start : start + 8] for start in range(0, len(root_hex), 8))
    lines = wrapped(groups, MONO_HEX, width)

    def draw(pen: Pen, top: float) -> None:
        pen.rule(frame.left, frame.left + width, top, weight=MID)
        y = pen.line(frame.left, top + 1.4 * MM, "The same root in hexadecimal", NOTE)
        for line in lines:
            y = pen.line(frame.left, y, line, MONO_HEX)

    return Block(1.4 * MM + NOTE.leading + len(lines) * MONO_HEX.leading, draw)


def _keys(verification: Verification, frame: Frame) -> list[Block]:
    table = Table([Column(20), Column(20), Column(20), Column(76), Column(42)], left=frame.left, width=frame.live)
    head = table.head("Key", "Key id", "Algorithm", "Held by", "In use since")
    rows = [_key(table, line, head) for line in verification.keys]
    wide = Table([Column(20), Column(158)], left=frame.left, width=frame.live)
    rows += [wide.row(words("Verifier key", BODY_600), words(key, MONO_S)) for key in verification.verifier_keys]
    rows.append(wide.row(words("Certificate", BODY_600), words(f"SHA-256 {verification.certificate_sha256}", MONO_S)))
    if verification.time:
        rows.append(wide.row(words("Time", BODY_600), words(verification.time)))
    return [section_head("Keys", frame, gap=SECTION_GAP), head, *rows]


def _key(table: Table, line: KeyLine, head: Block) -> Block:
    return table.row(
        words(line.role, BODY_600),
        words(line.key_id, MONO_S),
        words(line.algorithm),
        words(line.held_by),
        words(format_stamp(line.since)),
        head=head,
    )


def steps(report: InspectionReport) -> tuple[str, ...]:
    """The four steps, with this report's own figures in them."""
    head = report.head
    foot = short_root(head.root_hex)
    return (
        f"Compare the foot of every page, {foot}, with the first twelve and last eight digits of the root.",
        (
            "Run pdfsig on this file. It must say “Total document signed” and “Signature is Valid”, and show the "
            "certificate above. “Not total document signed” means that something was added later."
        ),
        (
            f"Take {EVIDENCE_NAME} out of this file (pdfdetach -saveall) and check its checkpoint against the verifier "
            "key above, with any program that reads C2SP signed notes, or scan the code."
        ),
        (
            f"Run audit verify-pdf on this file. It must find {head.size:,} entries, this root, and every figure "
            "of the report. Any other answer names the first entry that does not fit."
        ),
    )


def _steps(report: InspectionReport, frame: Frame) -> list[Block]:
    blocks = [section_head("How to check, offline", frame, gap=TIGHT_GAP)]
    blocks += [_step(number, text, frame) for number, text in enumerate(steps(report), start=1)]
    return [stacked(blocks).after(TIGHT_GAP)]


def _step(number: int, text: str, frame: Frame) -> Block:
    lines = wrapped(text, STEP, frame.live - 8 * MM)
    height = len(lines) * STEP.leading + 2.6 * MM

    def draw(pen: Pen, top: float) -> None:
        if number == 1:
            pen.rule(frame.left, frame.right, top, weight=FINE)
        pen.line(frame.left, top + 1.1 * MM, str(number), STEP_NO)
        y = top + 1.3 * MM
        for line in lines:
            y = pen.line(frame.left + 8 * MM, y, line, STEP)
        pen.rule(frame.left, frame.right, top + height, weight=HAIR, colour=RULE_2)

    return Block(height, draw)


def _foot(report: InspectionReport, frame: Frame) -> Block:
    check = report.verification
    last = f"0 to {report.head.size - 1:,}" if report.head.size else "none"
    own = (
        KeyFigure(label="Entries", value=f"{report.head.size:,}", second=f"numbered {last}"),
        KeyFigure(
            label="Checkpoint signed",
            value=format_stamp(check.checkpoint_signed),
            second="countersigned outside" if check.is_anchored else "by the log's key; not anchored outside",
        ),
    )
    unanchored = _TOO_FEW if any(line.role == COSIGNER for line in check.keys) else _UNANCHORED
    text = _PROVES if check.is_anchored else _PROVES + unanchored
    shown = (*own, *check.facts[:2])
    figures = figures_block(shown, frame, style=FIGURE_S, columns=len(shown))
    return stacked([figures, text_block(text, SMALL, x=frame.left, width=frame.live, gap=3 * MM)])
