"""Synthetic inspection reports for the tests: a small clinic's October by hand, and a long one by rule.

Nobody here exists.
"""

from __future__ import annotations

from dataclasses import replace

from audit.reports.model import (
    Clinic,
    ExceptionLine,
    Explanation,
    InspectionReport,
    KeyLine,
    LaterLine,
    Ledger,
    LedgerRow,
    LedgerSection,
    Pack,
    Period,
    RateStep,
    SessionBalance,
    SessionRecord,
    SessionRow,
    Statement,
    StockLine,
    Verdict,
    VerdictState,
    Verification,
    Wastage,
    WasteLine,
)
from audit.reports.values import NOTHING, Amount, Fact, Head, KeyFigure, Mark, MarkNote, Part, Strength, Traced, When

OFFSET = -240
# 2026-10-29 00:00 at UTC-4.
DAY_MS = 1_793_246_400_000
ROOT = "9c41e07b55d2a882f0ac848b0b6b4ca7b42bfa1d266afd0ddeba9204a83f0d16"
NOTE = (
    "audit.example.org/log/broadview\n4182\nnEHge1XSqILwrISLC2tMp7Qr+h0mav0N3rqSBKg/DRY=\n\n"
    "— audit.example.org/log/broadview Kf2tAR9A/JLaJBaUdQl57mz1gvLV19KOGDNd4Fq8VNBWDg9TAoYM"
    "ZSvwjVYCUqpedCEFRvNp+7vOjBLPx5V7JlL+mnU=\n"
)
S10 = Strength(label="10 mg/mL", form="solution for injection", concentration_ug_per_ml=10_000)
S50 = Strength(label="50 mg/mL", form="solution for injection", concentration_ug_per_ml=50_000)
S100 = Strength(label="100 mg/mL", form="solution for injection", concentration_ug_per_ml=100_000)


def at(hour: int, minute: int, second: int = 0, *, day: int = 29) -> When:
    """A moment of October 2026 at UTC-4."""
    return When(ms=DAY_MS + ((day - 29) * 86_400 + hour * 3600 + minute * 60 + second) * 1000, offset_min=OFFSET)


def ml50(volume_ul: int) -> Amount:
    """An amount of the 50 mg/mL vial."""
    return Amount(mass_ug=volume_ul * 50, volume_ul=volume_ul)


def ml10(volume_ul: int) -> Amount:
    """An amount of the 10 mg/mL vial."""
    return Amount(mass_ug=volume_ul * 10, volume_ul=volume_ul)


def traced(amount: Amount, *entries: tuple[int, int]) -> Traced:
    """An amount with its entries."""
    return Traced(amount=amount, entries=entries)


STATEMENT_50 = Statement(
    strength=S50,
    opening=traced(ml50(85_000), (3600, 3600)),
    received=traced(ml50(100_000), (3702, 3702), (4111, 4111)),
    closing=traced(ml50(59_800), (4176, 4178)),
    given=traced(ml50(98_250), (3870, 3870), (4097, 4097), (4105, 4105)),
    transferred=traced(ml50(10_000), (4131, 4131)),
    wasted=traced(ml50(7_750), (4098, 4098), (4106, 4106), (4109, 4109)),
    destroyed=traced(ml50(5_000), (4020, 4021)),
    lost=traced(ml50(4_000), (3871, 3871)),
    explained=(
        Explanation(
            label="Dead space in syringe and needle",
            note="0.02 mL a draw",
            part=traced(Amount(mass_ug=-58_000, volume_ul=-1_160)),
        ),
        Explanation(
            label="Overfill found in emptied vials",
            note="10 vials measured when emptied",
            part=traced(ml50(980), (4055, 4055)),
        ),
    ),
    opening_note="count of 30 September, 18:31",
    closing_note="blind, two people, 31 October, 18:40",
)
STATEMENT_10 = Statement(
    strength=S10,
    opening=traced(ml10(60_000), (3601, 3601)),
    received=traced(ml10(40_000), (3703, 3703)),
    closing=None,
    given=traced(ml10(42_900), (3999, 3999)),
    transferred=traced(NOTHING),
    wasted=traced(ml10(6_300), (4000, 4000)),
    destroyed=traced(ml10(2_000), (4021, 4021)),
    lost=traced(NOTHING),
    opening_note="count of 30 September, 18:31",
)
STATEMENT_100 = Statement(
    strength=S100,
    opening=traced(Amount(mass_ug=2_000_000, volume_ul=20_000), (3602, 3602)),
    received=traced(NOTHING),
    closing=traced(Amount(mass_ug=2_000_000, volume_ul=20_000), (4179, 4179)),
    given=traced(NOTHING),
    transferred=traced(NOTHING),
    wasted=traced(NOTHING),
    destroyed=traced(NOTHING),
    lost=traced(NOTHING),
    opening_note="count of 30 September, 18:31",
)

_V0412 = LedgerSection(
    title="V-0412",
    detail="lot EX2604, expires 2027-08, 10 mL vial",
    opening=ml50(10_000),
    rows=(
        LedgerRow(
            when=at(8, 47, 15),
            entry=4101,
            act="Opened",
            detail="",
            into=None,
            out=None,
            balance=ml50(10_000),
            who="B. Sample",
            witness="Dr A. Example",
        ),
        LedgerRow(
            when=at(10, 2, 31),
            entry=4105,
            act="Given",
            detail="Session 0417",
            into=None,
            out=ml50(700),
            balance=ml50(9_300),
            who="Dr A. Example",
        ),
        LedgerRow(
            when=at(10, 6, 12),
            entry=4106,
            act="Wasted, remainder",
            detail="Session 0417",
            into=None,
            out=ml50(300),
            balance=ml50(9_000),
            who="Dr A. Example",
            witness="B. Sample",
        ),
        LedgerRow(
            when=at(14, 6, 27),
            entry=4113,
            act="Given",
            detail="Session 0419",
            into=None,
            out=ml50(1_700),
            balance=ml50(9_000),
            who="B. Sample",
            marks=(MarkNote(mark=Mark.STRUCK, note="by entry 4,114"),),
            struck_by=4114,
        ),
        LedgerRow(
            when=at(14, 9, 3),
            entry=4115,
            act="Given, puts 4,113 right",
            detail="Session 0419",
            into=None,
            out=ml50(1_160),
            balance=ml50(7_840),
            who="B. Sample",
            witness="Dr A. Example",
        ),
        LedgerRow(
            when=at(15, 52, 48),
            entry=4118,
            act="Wasted, remainder",
            detail="Session 0420",
            into=None,
            out=ml50(200),
            balance=ml50(7_640),
            who="D. Muster",
            marks=(MarkNote(mark=Mark.UNWITNESSED, note="one signature"),),
        ),
    ),
)
_V0413 = LedgerSection(
    title="V-0413 to V-0417",
    detail="lot EX2611, expires 2028-02, five 10 mL vials",
    opening=NOTHING,
    rows=(
        LedgerRow(
            when=at(13, 10),
            entry=4111,
            act="Received",
            detail="Invoice EX-7719",
            into=ml50(50_000),
            out=None,
            balance=ml50(50_000),
            who="B. Sample",
            witness="Dr A. Example",
        ),
        LedgerRow(
            when=at(11, 20, 54),
            entry=4109,
            act="Wasted at 09:33",
            detail="Session 0415",
            into=None,
            out=ml50(100),
            balance=ml50(49_900),
            who="B. Sample",
            witness="C. Specimen",
            marks=(MarkNote(mark=Mark.LATE, note="after 1 h 47 min"),),
        ),
    ),
)
LEDGER_50 = Ledger(strength=S50, sections=(_V0412, _V0413))

SESSION = SessionRecord(
    number="0417",
    line="29 October 2026, 09:04 to 10:06 −04:00. Patient K-0192. One strength: 50 mg/mL.",
    order=(
        Fact(name="Dose", text="0.5 mg/kg × 72 kg = 36 mg (0.72 mL)"),
        Fact(name="Route, time", text="Intravenous, over 40 min, 54 mg/h (1.08 mL/h)"),
        Fact(name="Prescriber", text="Dr A. Example, EX-100417"),
    ),
    draw=(
        Fact(name="Container", text="V-0412, lot EX2604, expires 2027-08"),
        Fact(name="Syringe", text="S-0231, 50 mg/mL"),
        Fact(name="Made up", text="1.00 mL to 50.0 mL saline, 1.0 mg in each mL"),
    ),
    balances=(
        SessionBalance(
            strength=S50,
            ordered=ml50(720),
            drawn=ml50(1_000),
            parts=(Part(name="Given", amount=ml50(700)), Part(name="Wasted", amount=ml50(300))),
        ),
    ),
    rates=(
        RateStep(when=at(9, 12), mass_ug_per_h=54_000, volume_ul_per_h=1_080),
        RateStep(when=at(9, 28), mass_ug_per_h=30_000, volume_ul_per_h=600),
        RateStep(when=at(9, 44), mass_ug_per_h=42_000, volume_ul_per_h=840),
        RateStep(when=at(10, 2), mass_ug_per_h=0, volume_ul_per_h=0),
    ),
    rows=(
        SessionRow(
            when=at(9, 4, 18),
            entry=4102,
            act="Order",
            amount=ml50(720),
            who="Dr A. Example",
            who_note="EX-100417",
            method="Password, code",
            meaning="“I ordered this dose.”",
        ),
        SessionRow(
            when=at(9, 9, 50),
            entry=4103,
            act="Draw",
            amount=ml50(1_000),
            who="B. Sample",
            who_note="RN, EX-200118",
            method="Password, code",
            meaning="“I drew this from V-0412.”",
        ),
        SessionRow(
            when=at(9, 12),
            entry=4104,
            act="Start",
            amount=None,
            who="Dr A. Example",
            who_note="EX-100417",
            method="Signed in",
            meaning="“I set the rate as shown.”",
            marks=(MarkNote(mark=Mark.UNSIGNED),),
        ),
        SessionRow(
            when=at(10, 2, 31),
            entry=4105,
            act="Given",
            amount=ml50(700),
            who="Dr A. Example",
            who_note="EX-100417",
            method="Password, code",
            meaning="“I gave this amount.”",
        ),
        SessionRow(
            when=at(10, 6, 12),
            entry=4106,
            act="Waste of remainder",
            amount=ml50(300),
            who="Dr A. Example",
            who_note="EX-100417",
            method="Password, code",
            meaning="“I made this unusable.”",
        ),
        SessionRow(
            when=at(10, 6, 44),
            entry=4107,
            act="Witness of waste",
            amount=ml50(300),
            who="B. Sample",
            who_note="RN, EX-200118",
            method="Password, code",
            meaning="“I saw it made unusable.”",
        ),
    ),
    summary="Ended at 35.0 mg (0.70 mL), 1.0 mg (0.02 mL) below the order. "
    "Remainder witnessed 4 min 13 s after it was read; limit 60 min.",
)
PLAIN_SESSION = replace(SESSION, number="0418", rates=())


def _waste(
    entry: int, minute: int, who: str, witness: str, *, delay_ms: int | None, marks: tuple[MarkNote, ...] = ()
) -> WasteLine:
    return WasteLine(
        when=at(10, minute),
        entry=entry,
        act="Remainder, session 0417",
        amount=ml50(300),
        who=who,
        witness=witness,
        delay_ms=delay_ms,
        reason="Remainder",
        marks=marks,
    )


WASTAGE = Wastage(
    strength=S50,
    limit_ms=3_600_000,
    lines=(
        _waste(4098, 1, "Dr A. Example", "B. Sample", delay_ms=120_000),
        _waste(4106, 6, "Dr A. Example", "B. Sample", delay_ms=253_000),
        _waste(
            4109,
            20,
            "B. Sample",
            "C. Specimen",
            delay_ms=6_420_000,
            marks=(MarkNote(mark=Mark.LATE, note="after 1 h 47 min"),),
        ),
        _waste(4115, 30, "B. Sample", "Dr A. Example", delay_ms=600_000),
        _waste(
            4118, 52, "D. Muster", "", delay_ms=None, marks=(MarkNote(mark=Mark.UNWITNESSED, note="one signature"),)
        ),
    ),
)

EXCEPTIONS = (
    ExceptionLine(
        mark=Mark.LOSS,
        text="Open vial V-0398 dropped, 50 mg/mL",
        detail="Reported on 13 October, ref. EX-LR-0092",
        amount=ml50(4_000),
        when=at(15, 21, day=12),
        entry=3871,
        who="C. Specimen",
    ),
    ExceptionLine(
        mark=Mark.UNWITNESSED,
        text="Remainder wasted with no second signature, 50 mg/mL",
        detail="Reason given: second person called away",
        amount=ml50(200),
        when=at(15, 52),
        entry=4118,
        who="D. Muster",
    ),
    ExceptionLine(
        mark=Mark.LATE,
        text="Waste signed 1 h 47 min after it happened, 50 mg/mL",
        detail="Limit 60 min; witnessed by C. Specimen",
        amount=ml50(100),
        when=at(11, 20),
        entry=4109,
        who="B. Sample",
    ),
    ExceptionLine(
        mark=Mark.STRUCK,
        text="Given, keyed as 85.0 mg (1.70 mL), 50 mg/mL",
        detail="Put right by entry 4,115: 58.0 mg (1.16 mL)",
        amount=ml50(1_700),
        when=at(14, 6),
        entry=4113,
        who="B. Sample",
    ),
    ExceptionLine(
        mark=Mark.DISCREPANCY,
        text="Count differs from the book, 50 mg/mL",
        detail="Case open, owner Dr A. Example",
        amount=ml50(20),
        when=at(18, 40, day=31),
        entry=4177,
        who="B. Sample",
    ),
    ExceptionLine(
        mark=Mark.UNCONFIRMED,
        text="Shift count nobody confirmed, 10 mg/mL",
        amount=None,
        when=at(18, 45, day=30),
        entry=4140,
        who="D. Muster",
    ),
    ExceptionLine(
        mark=Mark.EXPIRED,
        text="Vial V-0391 used one day past its in-use limit",
        amount=ml10(200),
        when=at(9, 0, day=20),
        entry=3950,
        who="D. Muster",
    ),
    ExceptionLine(
        mark=Mark.UNSIGNED,
        text="Start of session 0417 was never signed",
        amount=None,
        when=at(9, 12),
        entry=4104,
        who="Dr A. Example",
    ),
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
        _waste(number * 5, number % 60, "B. Sample", "Dr A. Example", delay_ms=240_000) for number in range(rows // 5)
    )
    return replace(
        REPORT,
        ledgers=(Ledger(strength=S50, sections=tuple(sections)),),
        sessions=sessions,
        wastages=(replace(WASTAGE, lines=wastes),),
    )
