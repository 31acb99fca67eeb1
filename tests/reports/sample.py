"""Synthetic inspection reports for the tests: a small clinic's October, and a long one by rule. Nobody here exists."""

from __future__ import annotations

from dataclasses import replace

from audit.reports.model import (
    Clinic,
    InspectionReport,
    KeyLine,
    LaterLine,
    Ledger,
    LedgerRow,
    LedgerSection,
    Pack,
    Period,
    StockLine,
    Verdict,
    VerdictState,
    Verification,
)
from audit.reports.values import Fact, Head, KeyFigure, Mark, MarkNote, When
from tests.reports.sample_care import EXCEPTIONS, PLAIN_SESSION, SESSION, WASTAGE, waste
from tests.reports.sample_stock import (
    LEDGER_50,
    S10,
    S50,
    S100,
    STATEMENT_10,
    STATEMENT_50,
    STATEMENT_100,
    at,
    ml10,
    ml50,
)

ROOT = "9c41e07b55d2a882f0ac848b0b6b4ca7b42bfa1d266afd0ddeba9204a83f0d16"


NOTE = (
    "audit.example.org/log/broadview\n4182\nnEHge1XSqILwrISLC2tMp7Qr+h0mav0N3rqSBKg/DRY=\n\n"
    "— audit.example.org/log/broadview Kf2tAR9A/JLaJBaUdQl57mz1gvLV19KOGDNd4Fq8VNBWDg9TAoYM"
    "ZSvwjVYCUqpedCEFRvNp+7vOjBLPx5V7JlL+mnU=\n"
)


REPORT = InspectionReport(
    number="KA-2026-10-0031",
    clinic=Clinic(
        name="Example Ketamine Clinic, Toronto",
        address="1 Placeholder Street, Toronto",
        registration="EX-ON-0417",
        registration_note="valid to 31 March 2027",
        responsible="Dr A. Example",
        responsible_note="Physician, reg. EX-100417",
    ),
    period=Period(
        label="1 to 31 October 2026", note="close to close, UTC −04:00", start=at(0, 0, day=1), end=at(24, 0, day=31)
    ),
    pack=Pack(name="Canada, Ontario", note="CA-ON 2026.2, in force 1 July 2026"),
    head=Head(origin="audit.example.org/log/broadview", size=4182, root_hex=ROOT),
    issued=When(ms=1_793_625_240_000, offset_min=-300),
    verdict=Verdict(
        state=VerdictState.OPEN_DIFFERENCE,
        sentences=(
            "Unaltered since 5 January 2026, not yet anchored outside.",
            "1.0 mg (0.02 mL) at 50 mg/mL has no explanation.",
        ),
        lede="All 4,182 entries verify against the signed head. Of 9,250.0 mg (185.00 mL) at "
        "50 mg/mL, 1.0 mg (0.02 mL) is unexplained. Eight exceptions need reading.",
    ),
    stock=(
        StockLine(strength=S10, containers="2 sealed, 1 open", book=ml10(48_800), counted=None),
        StockLine(strength=S50, containers="5 sealed, 2 open", book=ml50(60_000), counted=ml50(59_800)),
        StockLine(
            strength=S100,
            containers="4 sealed",
            book=STATEMENT_100.opening.amount,
            counted=STATEMENT_100.opening.amount,
        ),
    ),
    stock_note="Counted blind by two people on 31 October 2026, 18:40 −04:00 (entries 4,176 to 4,178). "
    "Strengths are never added together.",
    key_figures=(
        KeyFigure(label="Sessions", value="73", second="58 at 50 mg/mL", third="15 at 10 mg/mL"),
        KeyFigure(label="Given, 50 mg/mL", value="4,912.5", unit="mg", second="98.25 mL", third="58 sessions"),
        KeyFigure(
            label="Wasted, 50 mg/mL", value="387.5", unit="mg", second="7.75 mL", third="45 of 46 acts witnessed"
        ),
        KeyFigure(label="Unexplained, 50 mg/mL", value="−1.0", unit="mg", second="−0.02 mL"),
    ),
    exceptions=EXCEPTIONS,
    statements=(STATEMENT_10, STATEMENT_50, STATEMENT_100),
    statement_notes=(
        Fact(name="Lost", text="Open vial V-0398 dropped on 12 October, 200.0 mg (4.00 mL), entry 3,871."),
    ),
    ledgers=(LEDGER_50,),
    sessions=(SESSION, PLAIN_SESSION),
    wastages=(WASTAGE,),
    later=(
        LaterLine(
            report="KA-2026-10-0030",
            entry=4180,
            occurred=at(9, 33, day=28),
            recorded=at(9, 0, day=31),
            text="Waste of a remainder written down afterwards, session 0415",
            amount=ml50(100),
            who="B. Sample",
        ),
    ),
    verification=Verification(
        note=NOTE,
        verifier_keys=("audit.example.org/log/broadview+29fdad01+AUdt7w1zxIqbAd3F1yTqKXd2E4a9iQn3RkZ4F8u9o1mQ",),
        keys=(
            KeyLine(
                role="Log",
                key_id="29fdad01",
                algorithm="Ed25519",
                held_by="Example Ketamine Clinic, this service",
                since=at(9, 0, day=1),
            ),
            KeyLine(
                role="Report",
                key_id="5b1f9de4",
                algorithm="ECDSA P-256",
                held_by="Example Ketamine Clinic, this service",
                since=at(9, 0, day=1),
            ),
        ),
        checkpoint_signed=When(ms=1_793_625_164_000, offset_min=-300),
        certificate_sha256="aa" * 32,
        facts=(KeyFigure(label="Clock", value="no step", second="since 1 October"),),
    ),
)


EMPTY = replace(
    REPORT,
    stock=(),
    stock_note="",
    key_figures=(),
    exceptions=(),
    statements=(),
    statement_notes=(),
    ledgers=(),
    sessions=(),
    wastages=(),
    later=(),
    verdict=Verdict(
        state=VerdictState.UNALTERED,
        sentences=("Unaltered since 5 January 2026, not yet anchored outside.",),
        lede="Nothing was held, received or used in this period.",
    ),
)


DEMO = replace(REPORT, clinic=replace(REPORT.clinic, is_demo=True))


def long_report(rows: int) -> InspectionReport:
    """A report of so many ledger rows, ten to a vial, with a session for every ten rows and a waste for every five."""
    sections: list[LedgerSection] = []
    for vial in range(rows // 10):
        first = vial * 10
        lines = tuple(
            LedgerRow(
                when=at(8, 0, number, day=1 + vial % 31),
                entry=first + number,
                act="Given" if number % 2 else "Wasted, remainder",
                detail=f"Session {first + number:04d}",
                into=None,
                out=ml50(100 + number),
                balance=ml50(10_000 - 100 * number),
                who="B. Sample",
                witness="" if number % 2 else "Dr A. Example",
                marks=(MarkNote(mark=Mark.LATE, note="after 2 h 1 min"),) if number == 7 else (),
            )
            for number in range(10)
        )
        sections.append(
            LedgerSection(title=f"V-{vial:05d}", detail="lot EX2604, expires 2027-08", opening=ml50(10_000), rows=lines)
        )
    sessions = tuple(replace(PLAIN_SESSION, number=f"{number:05d}") for number in range(rows // 10))
    wastes = tuple(
        waste(number * 5, number % 60, "B. Sample", "Dr A. Example", delay_ms=240_000) for number in range(rows // 5)
    )
    return replace(
        REPORT,
        ledgers=(Ledger(strength=S50, sections=tuple(sections)),),
        sessions=sessions,
        wastages=(replace(WASTAGE, lines=wastes),),
    )
