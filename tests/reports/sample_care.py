"""Synthetic sessions, wastes and exceptions of October at a clinic that does not exist, written by hand."""

from __future__ import annotations

from dataclasses import replace

from audit.reports.model import ExceptionLine, RateStep, SessionBalance, SessionRecord, SessionRow, Wastage, WasteLine
from audit.reports.values import Fact, Mark, MarkNote, Part
from tests.reports.sample_stock import S50, at, ml10, ml50

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


def waste(
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
        waste(4098, 1, "Dr A. Example", "B. Sample", delay_ms=120_000),
        waste(4106, 6, "Dr A. Example", "B. Sample", delay_ms=253_000),
        waste(
            4109,
            20,
            "B. Sample",
            "C. Specimen",
            delay_ms=6_420_000,
            marks=(MarkNote(mark=Mark.LATE, note="after 1 h 47 min"),),
        ),
        waste(4115, 30, "B. Sample", "Dr A. Example", delay_ms=600_000),
        waste(4118, 52, "D. Muster", "", delay_ms=None, marks=(MarkNote(mark=Mark.UNWITNESSED, note="one signature"),)),
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
