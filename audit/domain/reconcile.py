"""Accountability of a period, per strength and form: what came, what it became, what nobody can explain.

opening + received (+ overfill, gains) = accountable for; closing + given + wasted + out + lost = accounted for;
the signed difference is what stays unexplained (21 CFR 1304.11, 1304.22; the customary computation chart).
Opening and closing are the last confirmed count carried forward by the entries since; without a count in the
period the difference is not counted, and None says so: the book's own closing figure cannot differ from the book.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from audit.domain.book import Book, Recorded
from audit.domain.events import CountConfirmed
from audit.domain.postings import ON_HAND, Account


@dataclass(frozen=True, slots=True, order=True)
class Strength:
    """One strength and form; strengths are never blended."""

    concentration_ug_per_ml: int
    form: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CountBasis:
    """The last confirmed count before a moment: its entry, and what its open cases leave unexplained, in ug."""

    index: int
    occurred_ms: int
    unexplained_ug: Mapping[Strength, int]


def count_basis(book: Book, *, until_ms: int) -> CountBasis | None:
    """Return the last confirmed count that happened before a moment; the book is that of the whole log."""
    for entry in sorted(book.entries.values(), key=_index, reverse=True):
        if isinstance(entry.event, CountConfirmed) and entry.event.agrees and entry.occurred_ms < until_ms:
            return CountBasis(
                index=entry.index, occurred_ms=entry.occurred_ms, unexplained_ug=unexplained_at(book, entry.index)
            )
    return None


def unexplained_at(book: Book, count_index: int) -> dict[Strength, int]:
    """Add up the cases still open of a count and those before it; a closed one has been posted and leaves nothing.

    A later count's cases hold only what it differs beyond these, so the sum is counted less book at this count.
    """
    left: dict[Strength, int] = {}
    for case in book.cases.values():
        of_this_or_before = case.cause == "variance" and case.of.index <= count_index
        if of_this_or_before and case.is_open and (strength := strength_of(book, case.product, case.container)):
            left[strength] = left.get(strength, 0) + case.variance_ug
    return left


def strength_of(book: Book, product: str | None, container: str | None) -> Strength | None:
    """Return what a case is accounted under: its container's strength, else its product's."""
    if container in book.containers:
        vial = book.containers[container]
        return Strength(vial.concentration_ug_per_ml, vial.form)
    if product in book.products:
        known = book.products[product]
        return Strength(known.concentration_ug_per_ml, known.form)
    return None


def _index(entry: Recorded) -> int:
    return entry.index


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One strength's accountability over a period, all in ug; the letters are the customary columns."""

    strength: Strength
    opening_ug: int
    initial_ug: int
    received_ug: int
    overfill_ug: int
    gained_ug: int
    closing_ug: int | None
    given_ug: int
    residual_ug: int
    wasted_ug: int
    lost_ug: int
    explained_ug: int
    book_closing_ug: int

    @property
    def accountable_ug(self) -> int:
        """C: all that must be accounted for."""
        return self.opening_ug + self.initial_ug + self.received_ug + self.overfill_ug + self.gained_ug

    @property
    def gone_ug(self) -> int:
        """E and F: all that left, with its reason."""
        return self.given_ug + self.residual_ug + self.wasted_ug + self.lost_ug + self.explained_ug

    @property
    def accounted_ug(self) -> int | None:
        """G: what is there and what left; None without a count."""
        return None if self.closing_ug is None else self.closing_ug + self.gone_ug

    @property
    def difference_ug(self) -> int | None:
        """H = G - C: negative is short, positive is over, None is not counted."""
        return None if self.accounted_ug is None else self.accounted_ug - self.accountable_ug


Sums = Mapping[tuple[Strength, Account], int]


def statements(
    *, before: Sums, during: Sums, opening: CountBasis | None, closing: CountBasis | None
) -> tuple[Statement, ...]:
    """Return one statement per strength from what was posted before and during a period.

    `opening` is the last confirmed count at its start, `closing` the last one inside it.
    """
    strengths = sorted({strength for strength, _ in (*before, *during)})
    return tuple(_statement(strength, before, during, opening, closing) for strength in strengths)


def _statement(
    strength: Strength, before: Sums, during: Sums, opening: CountBasis | None, closing: CountBasis | None
) -> Statement:
    start = sum(before.get((strength, account), 0) for account in ON_HAND)
    book = start + sum(during.get((strength, account), 0) for account in ON_HAND)
    at_start = opening.unexplained_ug.get(strength, 0) if opening else 0

    def moved(account: Account) -> int:
        return during.get((strength, account), 0)

    return Statement(
        strength=strength,
        opening_ug=start + at_start,
        initial_ug=-moved(Account.OPENING),
        received_ug=-moved(Account.RECEIVED),
        overfill_ug=-moved(Account.OVERFILL),
        gained_ug=-moved(Account.GAINED),
        closing_ug=book + closing.unexplained_ug.get(strength, 0) if closing else None,
        given_ug=moved(Account.GIVEN),
        residual_ug=moved(Account.RESIDUAL),
        wasted_ug=moved(Account.WASTED),
        lost_ug=moved(Account.LOST),
        explained_ug=moved(Account.EXPLAINED),
        book_closing_ug=book,
    )


def summed(rows: Iterable[tuple[Strength, Account, int]]) -> dict[tuple[Strength, Account], int]:
    """Return the rows added up by strength and account."""
    sums: dict[tuple[Strength, Account], int] = {}
    for strength, account, mass in rows:
        sums[(strength, account)] = sums.get((strength, account), 0) + mass
    return sums
