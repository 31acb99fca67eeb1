"""Synthetic statements and a ledger of October at a clinic that does not exist, written by hand."""

from __future__ import annotations

from audit.reports.model import Explanation, Ledger, LedgerRow, LedgerSection, Statement
from audit.reports.values import NOTHING, Amount, Mark, MarkNote, Strength, Traced, When

OFFSET = -240


# 2026-10-29 00:00 at UTC-4.
DAY_MS = 1_793_246_400_000


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
