"""The inspection report as plain values: what every page prints, and nothing about how.

Masses are integers of micrograms, volumes integers of microlitres, times milliseconds since 1970 UTC with the offset
in minutes that the person saw. Texts are finished words. Whoever fills these classes decides what counted and what was
struck; the only arithmetic here is the addition that the printed page shows. Deliberately not here: drawing, rounding,
queries, names of patients (a session carries a pseudonym or a masked name).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from audit.domain.quantity import volume_of
from audit.reports.values import NOTHING, Amount, Fact, Head, KeyFigure, Mark, MarkNote, Part, Strength, Traced, When


class VerdictState(StrEnum):
    """What verification of the whole log came to."""

    UNALTERED = "unaltered"
    OPEN_DIFFERENCE = "open_difference"
    BROKEN = "broken"


class Paper(StrEnum):
    """Sheet the report is drawn for."""

    A4 = "A4"
    LETTER = "Letter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clinic:
    """Who the register belongs to; `is_demo` puts the word on every page."""

    name: str
    address: str
    registration: str
    registration_note: str = ""
    responsible: str
    responsible_note: str = ""
    is_demo: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The stretch reported on: `label` "1 to 31 October 2026", `note` "close to close, UTC −04:00"."""

    label: str
    note: str
    start: When
    end: When


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """The rule pack applied: its name, and its version with the day it came into force."""

    name: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One or two sentences in large type, then the lede. Completeness is claimed for the log, never for the world."""

    state: VerdictState
    sentences: tuple[str, ...]
    lede: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StockLine:
    """Stock of one strength at the end of the period; `counted` is None where nobody counted."""

    strength: Strength
    containers: str
    book: Amount
    counted: Amount | None

    @property
    def difference(self) -> Amount | None:
        """Counted less book, None where nobody counted."""
        return None if self.counted is None else self.counted - self.book


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionLine:
    """One thing an inspector should read. Its page number is found while drawing, from `entry`."""

    mark: Mark
    text: str
    detail: str = ""
    amount: Amount | None
    when: When
    entry: int
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A part of a difference that is explained without being zeroed: overfill, dead space.

    Signed like the difference.
    """

    label: str
    note: str
    part: Traced


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Accountability of one strength over the period, columns A to H of the customary computation chart.

    A `opening`, B `received`, C `accountable`, D `closing` (None where nobody counted), E `given` and `transferred`,
    F `wasted`, `destroyed` and `lost`, G `accounted`, H `difference` = G - C: minus is a shortage.
    """

    strength: Strength
    opening: Traced
    received: Traced
    closing: Traced | None
    given: Traced
    transferred: Traced
    wasted: Traced
    destroyed: Traced
    lost: Traced
    explained: tuple[Explanation, ...] = ()
    opening_note: str = ""
    closing_note: str = ""

    @property
    def accountable(self) -> Amount:
        """C: what the clinic had to account for."""
        return self.opening.amount + self.received.amount

    @property
    def out(self) -> Amount:
        """E and F together, without the closing stock."""
        parts = (self.given, self.transferred, self.wasted, self.destroyed, self.lost)
        return sum((part.amount for part in parts), NOTHING)

    @property
    def accounted(self) -> Amount | None:
        """G, None where the closing stock was not counted."""
        return None if self.closing is None else self.closing.amount + self.out

    @property
    def difference(self) -> Amount | None:
        """H, None (printed "not counted", never 0) where the closing stock was not counted."""
        return None if self.accounted is None else self.accounted - self.accountable

    @property
    def unexplained(self) -> Amount | None:
        """The difference less its explained parts."""
        if self.difference is None:
            return None
        return self.difference - sum((item.part.amount for item in self.explained), NOTHING)


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """One entry that concerns a container. A struck row (`struck_by` names the entry) is printed but not summed."""

    when: When
    entry: int
    act: str
    detail: str
    into: Amount | None
    out: Amount | None
    balance: Amount
    who: str
    witness: str = ""
    marks: tuple[MarkNote, ...] = ()
    struck_by: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerSection:
    """The rows of one container in log order. An empty `title` prints the rows without a head of their own."""

    title: str
    detail: str
    opening: Amount
    rows: tuple[LedgerRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """All containers of one strength; the openings of its sections add up to the strength's opening balance."""

    strength: Strength
    sections: tuple[LedgerSection, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionBalance:
    """drawn = the parts + what is still to account for, for one strength of a session."""

    strength: Strength
    ordered: Amount | None
    drawn: Amount
    parts: tuple[Part, ...]

    @property
    def remaining(self) -> Amount:
        """Still to account for; zero in a closed session."""
        return self.drawn - sum((part.amount for part in self.parts), NOTHING)


@dataclass(frozen=True, slots=True, kw_only=True)
class RateStep:
    """From `when` the drug ran at this rate (micrograms and microlitres an hour); a last step of 0 is the stop."""

    when: When
    mass_ug_per_h: int
    volume_ul_per_h: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """One act of a session and the signature under it."""

    when: When
    entry: int
    act: str
    detail: str = ""
    amount: Amount | None
    who: str
    who_note: str = ""
    method: str
    meaning: str
    marks: tuple[MarkNote, ...] = ()
    struck_by: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRecord:
    """A treatment session: pseudonym or masked name, order, draw, balances, acts with signatures, closing words."""

    number: str
    line: str
    order: tuple[Fact, ...]
    draw: tuple[Fact, ...]
    balances: tuple[SessionBalance, ...]
    rates: tuple[RateStep, ...] = ()
    rows: tuple[SessionRow, ...]
    summary: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WasteLine:
    """One waste. `witness` is empty where nobody signed.

    `delay_ms` is from the remainder read to the last signature.
    """

    when: When
    entry: int
    act: str
    amount: Amount
    who: str
    witness: str = ""
    delay_ms: int | None
    reason: str = ""
    marks: tuple[MarkNote, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wastage:
    """All wastes of one strength in the period that were not struck; `limit_ms` is the pack's limit for signing."""

    strength: Strength
    lines: tuple[WasteLine, ...]
    limit_ms: int
    note: str = ""

    @property
    def total(self) -> Amount:
        """All wastes together; the volume is that of the whole mass, as in the statement, not of rounded parts."""
        mass_ug = sum(line.amount.mass_ug for line in self.lines)
        concentration = self.strength.concentration_ug_per_ml
        return Amount(mass_ug=mass_ug, volume_ul=volume_of(mass_ug, concentration_ug_per_ml=concentration))


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterLine:
    """An entry about this period that an earlier report of it could not show ("entered since report R")."""

    report: str
    entry: int
    occurred: When
    recorded: When
    text: str
    amount: Amount | None
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLine:
    """A key that signs: its role, id (hex), algorithm, holder and first use."""

    role: str
    key_id: str
    algorithm: str
    held_by: str
    since: When


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What an outsider needs: the signed note (C2SP signed-note), verifier keys one a line, and who holds which key."""

    note: str
    verifier_keys: tuple[str, ...]
    keys: tuple[KeyLine, ...]
    checkpoint_signed: When
    certificate_sha256: str
    facts: tuple[KeyFigure, ...] = ()
    is_anchored: bool = False
    time: str | None = None
    """Who outside dated the log last, or why nobody did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionReport:
    """One report over one period of one site; `issued` is the time printed at the foot of each page."""

    number: str
    language: str = "en"
    paper: Paper = Paper.A4
    clinic: Clinic
    period: Period
    pack: Pack
    head: Head
    issued: When
    verdict: Verdict
    stock: tuple[StockLine, ...]
    stock_note: str = ""
    key_figures: tuple[KeyFigure, ...] = ()
    exceptions: tuple[ExceptionLine, ...] = ()
    statements: tuple[Statement, ...] = ()
    statement_notes: tuple[Fact, ...] = ()
    ledgers: tuple[Ledger, ...] = ()
    sessions: tuple[SessionRecord, ...] = ()
    wastages: tuple[Wastage, ...] = ()
    later: tuple[LaterLine, ...] = ()
    verification: Verification
