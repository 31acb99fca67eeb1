"""Amounts, moments and marks as the report prints them, and the accountability of each strength.

The customary chart has fewer columns than the register: opening inventory, overfill and found gains are part of
*received*, what stayed in lines is part of *given*, an explained line is part of *lost*; each such part is named in a
note under the chart, with its entries. Masses come from postings, volumes from the labelled strength.
"""

from collections.abc import Iterable, Sequence

from audit.domain.book import Recorded
from audit.domain.flags import Flag
from audit.domain.postings import ON_HAND, Account
from audit.domain.quantity import volume_of
from audit.domain.reconcile import Statement as Accounted
from audit.domain.reconcile import Strength as Kind
from audit.reports import values, words
from audit.reports.model import Statement, StockLine
from audit.reports.values import NOTHING, Amount, Fact, Mark, MarkNote, Traced, When
from audit.services.reporting.snapshot import Snapshot

FORMS = {"solution": "solution for injection"}
MARKS = {
    Flag.STRUCK: Mark.STRUCK,
    Flag.LATE: Mark.LATE,
    Flag.UNWITNESSED: Mark.UNWITNESSED,
    Flag.UNCONFIRMED: Mark.UNCONFIRMED,
    Flag.DISAGREES: Mark.DISCREPANCY,
    Flag.EXPIRED: Mark.EXPIRED,
    Flag.UNEXPLAINED: Mark.DISCREPANCY,
}


def amount(mass_ug: int, strength: Kind) -> Amount:
    """Return a mass with the volume that holds it at a strength."""
    volume = volume_of(mass_ug, concentration_ug_per_ml=strength.concentration_ug_per_ml)
    return Amount(mass_ug=mass_ug, volume_ul=volume)


def strength(kind: Kind) -> values.Strength:
    """Return a strength as the report names it."""
    mg = kind.concentration_ug_per_ml
    plain = f"{mg // 1000}" if mg % 1000 == 0 else words.format_mg(mg)
    return values.Strength(label=f"{plain} mg/mL", form=FORMS.get(kind.form, kind.form), concentration_ug_per_ml=mg)


def when(entry: Recorded) -> When:
    """Return when an entry happened, as its actor saw it."""
    return When(ms=entry.occurred_ms, offset_min=entry.offset_min)


def marks(shot: Snapshot, entry: Recorded) -> tuple[MarkNote, ...]:
    """Return an entry's marks with their few words."""
    found = [_mark(shot, entry, flag) for flag in shot.flags_of(entry) if flag in MARKS]
    if shot.is_unsigned(entry):
        found.append(MarkNote(mark=Mark.UNSIGNED))
    return tuple(found)


def statements(shot: Snapshot) -> tuple[Statement, ...]:
    """Return the accountability of each strength over the period."""
    return tuple(_statement(shot, one) for one in shot.statements)


def statement_notes(shot: Snapshot) -> tuple[Fact, ...]:
    """Return what is part of a column without being named by it, with its entries."""
    made = []
    for one in shot.statements:
        label = strength(one.strength).label
        parts = (
            (Account.OPENING, one.initial_ug, "Received", "the opening inventory"),
            (Account.OVERFILL, one.overfill_ug, "Received", "overfill drawn beyond the label"),
            (Account.GAINED, one.gained_ug, "Received", "found at counts"),
            (Account.RESIDUAL, one.residual_ug, "Given", "left in line, hub or pump"),
            (Account.EXPLAINED, one.explained_ug, "Lost", "explained lines of closed cases"),
        )
        for account, mass, column, what in parts:
            if mass:
                numbers = words.format_ranges(_ranges(shot, one.strength, (account,)))
                text = f"{words.format_amount(amount(mass, one.strength))} of it is {what}: entries {numbers}."
                made.append(Fact(name=f"{column}, {label}", text=text))
    return tuple(made)


def stock(shot: Snapshot) -> tuple[StockLine, ...]:
    """Return what was there at the end of the period, by strength."""
    return tuple(
        StockLine(
            strength=strength(one.strength),
            containers=_containers(shot, one.strength),
            book=amount(one.book_closing_ug, one.strength),
            counted=None if one.closing_ug is None else amount(one.closing_ug, one.strength),
        )
        for one in shot.statements
    )


def stock_note(shot: Snapshot) -> str:
    """Return what the counted figures stand on."""
    if shot.closing is None:
        return "Nobody counted in this period: what is printed is the book, and no difference can be told."
    at = When(ms=shot.closing.occurred_ms, offset_min=shot.offset(shot.closing.occurred_ms))
    return (
        f"Counted blind by two people on {words.format_date(at)}, {words.format_clock_offset(at)} "
        f"(entry {shot.closing.index:,}), carried to the end of the period. Strengths are never added together."
    )


def ranges(indexes: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Return entry numbers with runs drawn together, both ends included."""
    made: list[tuple[int, int]] = []
    for index in sorted(set(indexes)):
        if made and made[-1][1] == index - 1:
            made[-1] = (made[-1][0], index)
        else:
            made.append((index, index))
    return tuple(made)


def _mark(shot: Snapshot, entry: Recorded, flag: Flag) -> MarkNote:
    note = ""
    if flag is Flag.LATE:
        note = f"after {words.format_delay(entry.recorded_ms - entry.occurred_ms)}"
    elif flag is Flag.STRUCK:
        note = f"by entry {shot.book.struck[entry.index]:,}"
    elif flag is Flag.UNWITNESSED:
        waste = shot.book.wastes.get(entry.index)
        note = "witnessed late" if waste is not None and waste.witness else "one signature"
    elif flag is Flag.DISAGREES:
        note = "not the same"
    return MarkNote(mark=MARKS[flag], note=note)


def _statement(shot: Snapshot, one: Accounted) -> Statement:
    kind = one.strength

    def traced(mass_ug: int, *accounts: Account) -> Traced:
        return Traced(amount=amount(mass_ug, kind), entries=_ranges(shot, kind, accounts))

    came = one.initial_ug + one.received_ug + one.overfill_ug + one.gained_ug
    return Statement(
        strength=strength(kind),
        opening=Traced(
            amount=amount(one.opening_ug, kind), entries=_basis(shot.opening.index if shot.opening else None)
        ),
        received=traced(came, Account.OPENING, Account.RECEIVED, Account.OVERFILL, Account.GAINED),
        closing=None
        if one.closing_ug is None
        else Traced(amount=amount(one.closing_ug, kind), entries=_basis(shot.closing.index if shot.closing else None)),
        given=traced(one.given_ug + one.residual_ug, Account.GIVEN, Account.RESIDUAL),
        transferred=Traced(amount=NOTHING),
        wasted=traced(one.wasted_ug, Account.WASTED),
        destroyed=Traced(amount=NOTHING),
        lost=traced(one.lost_ug + one.explained_ug, Account.LOST, Account.EXPLAINED),
        opening_note=_basis_note(shot, shot.opening.occurred_ms if shot.opening else None),
        closing_note=_basis_note(shot, shot.closing.occurred_ms if shot.closing else None),
    )


def _ranges(shot: Snapshot, kind: Kind, accounts: Sequence[Account]) -> tuple[tuple[int, int], ...]:
    period = shot.period
    return ranges(
        one.entry.index
        for one in shot.by_strength[kind]
        if one.account in accounts and period.from_ms <= one.at_ms < period.until_ms
    )


def _basis(index: int | None) -> tuple[tuple[int, int], ...]:
    return () if index is None else ((index, index),)


def _basis_note(shot: Snapshot, moment_ms: int | None) -> str:
    if moment_ms is None:
        return "by the book, no count before"
    at = When(ms=moment_ms, offset_min=shot.offset(moment_ms))
    return f"count of {words.format_day_minute(at)}, carried forward"


def _containers(shot: Snapshot, kind: Kind) -> str:
    """Return how many sealed and opened containers held something at the end of the period."""
    held: dict[str, int] = {}
    for one in shot.by_strength[kind]:
        if one.account in ON_HAND and one.at_ms < shot.period.until_ms:
            held[one.container] = held.get(one.container, 0) + one.mass_ug
    there = [shot.book.containers[container] for container, mass in held.items() if mass > 0]
    until = shot.period.until_ms
    sealed = sum(1 for vial in there if vial.opened_ms is None or vial.opened_ms >= until)
    return f"{sealed} sealed, {len(there) - sealed} open" if there else "none"
