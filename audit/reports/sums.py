"""Sums that the ledger prints: what came in and went out over rows, struck rows left out.

One place, so that print and evidence agree.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from audit.reports.model import Ledger, LedgerRow
from audit.reports.values import NOTHING, Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerSum:
    """In, out and balance in micrograms and microlitres, and how many rows counted and how many were struck."""

    opening: Amount
    into: Amount = NOTHING
    out: Amount = NOTHING
    counted: int = 0
    struck: int = 0

    @property
    def balance(self) -> Amount:
        """Opening and what came in, less what went out."""
        return self.opening + self.into - self.out

    def opened(self, opening: Amount) -> LedgerSum:
        """With the opening balance of one more container."""
        return LedgerSum(
            opening=self.opening + opening, into=self.into, out=self.out, counted=self.counted, struck=self.struck
        )

    def with_row(self, row: LedgerRow) -> LedgerSum:
        """With one more row; a struck row is noted and moves nothing."""
        if row.struck_by is not None:
            return LedgerSum(
                opening=self.opening, into=self.into, out=self.out, counted=self.counted, struck=self.struck + 1
            )
        return LedgerSum(
            opening=self.opening,
            into=self.into + (row.into or NOTHING),
            out=self.out + (row.out or NOTHING),
            counted=self.counted + 1,
            struck=self.struck,
        )


NO_ROWS = LedgerSum(opening=NOTHING)


def sum_rows(rows: Iterable[LedgerRow], *, opening: Amount) -> LedgerSum:
    """The sum over rows that begin at a balance."""
    total = LedgerSum(opening=opening)
    for row in rows:
        total = total.with_row(row)
    return total


def sum_ledger(ledger: Ledger) -> LedgerSum:
    """The sum of one strength over all its containers."""
    total = NO_ROWS
    for section in ledger.sections:
        total = total.opened(section.opening)
        for row in section.rows:
            total = total.with_row(row)
    return total
