"""What verifying came to: each check held, failed or not checked, every finding and notice, one sentence in words."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Literal

from audit.domain.errors import Finding

State = Literal["held", "failed", "not checked"]


class Rule(StrEnum):
    """The checks, by the names that findings carry, in the order of log-format section 10."""

    BYTES = "bytes"
    ORDER = "order"
    CLOCK = "clock"
    ROOT = "root"
    CHECKPOINT = "checkpoint"
    EXTENDS = "extends"
    SIGNATURES = "signatures"
    TIME = "time"
    SEALS = "seals"
    FOLD = "fold"
    TABLES = "tables"
    REPORTS = "reports"
    SIGNER = "signer"

    @property
    def number(self) -> int | None:
        """The check's number in log-format section 10; the signer's store is of section 7 and has none."""
        place = list(Rule).index(self) + 1
        return place if self is not Rule.SIGNER else None

    @property
    def meaning(self) -> str:
        """What it means that the check held."""
        return _MEANINGS[self]


_MEANINGS = {
    Rule.BYTES: "every entry is canonical bytes of a kind that is known",
    Rule.ORDER: "origin, index and chain run without a gap",
    Rule.CLOCK: "the recorded time falls only where a stepped clock is stated",
    Rule.ROOT: "roots computed from the bytes are those of the checkpoints",
    Rule.CHECKPOINT: "checkpoints are signed by the log's key",
    Rule.EXTENDS: "the log extends the earlier checkpoint given",
    Rule.SIGNATURES: "signatures, roles, second persons, corrections and nonces",
    Rule.TIME: "recorded times agree with a time authority's tokens",
    Rule.SEALS: "sealed values open to what the entries committed to",
    Rule.FOLD: "postings sum to zero and nothing goes below zero",
    Rule.TABLES: "every derived table equals its rebuild from the entries",
    Rule.REPORTS: "every issued report is the file whose hash is in the log",
    Rule.SIGNER: "the database is no older and no other than what the signer signed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check's outcome; `why` says what was not checked, or how many findings there are."""

    rule: Rule
    state: State
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchecked:
    """An entry of which something could not be checked: never passed."""

    index: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosigning:
    """How many cosigners countersigned the last checkpoint, of how many in force, and how many are wanted.

    `reached_size` is the largest size at which as many did as were wanted then; 0 where they never did.
    """

    size: int
    names: tuple[str, ...]
    quorum: int
    cosigners: int
    reached_size: int

    @property
    def is_reached(self) -> bool:
        """Say whether as many countersigned the last checkpoint as are wanted."""
        return len(self.names) >= self.quorum

    @property
    def sentence(self) -> str:
        """The quorum reached, in words."""
        many = "one cosigner" if self.cosigners == 1 else f"{self.cosigners} cosigners"
        who = f" ({', '.join(self.names)})" if self.names else ""
        return f"countersigned by {len(self.names)} of {many}, {self.quorum} wanted{who}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Everything that verifying one log came to. Indexes are zero-based, `size` is how many entries there are."""

    origin: str | None
    size: int
    root: str | None
    opened_on: str | None
    is_demo: bool
    anchored_size: int
    past_checkpoint: int
    checks: tuple[Check, ...]
    findings: tuple[Finding, ...]
    notices: tuple[Finding, ...]
    unchecked: tuple[Unchecked, ...]
    unsigned: tuple[int, ...]
    """Acts on the way that no `acts_signed` names (section 6)."""
    password_despite_passkey: tuple[int, ...]
    """Entries by password that state why no passkey was used (section 6)."""
    cosigning: Cosigning | None = None
    """How far the cosigners' quorum got; None where no entry names a cosigner."""

    @property
    def holds(self) -> bool:
        """Say whether nothing was found wrong and no entry had to be left unchecked."""
        return not self.findings and not self.unchecked

    @property
    def sentence(self) -> str:
        """The verdict in words: never more than what was shown."""
        if self.findings:
            return _broken(self.findings)
        if self.unchecked:
            first = self.unchecked[0]
            return f"Not fully checked: {len(self.unchecked)} entries, the first entry {first.index} ({first.why})."
        since = f"unaltered since {self.opened_on}" if self.opened_on else "unaltered"
        if self.anchored_size >= self.size > 0:
            return f"Unaltered: all {self.size} entries stand under the head known outside."
        if self.anchored_size:
            return (
                f"Unaltered up to entry {self.anchored_size - 1}, as the head known outside shows;"
                f" consistent, unanchored since entry {self.anchored_size}."
            )
        return f"Consistent, unanchored since entry 0: {since}, not yet anchored outside."


def _broken(findings: Sequence[Finding]) -> str:
    places = [finding.index for finding in findings if finding.index is not None]
    first = f", the first at entry {min(places)}" if places else ""
    number = "one fault" if len(findings) == 1 else f"{len(findings)} faults"
    return f"Something is wrong with the record: {number}{first}."


def day_of(moment_ms: int, offset_min: int) -> str:
    """Return the calendar day of a moment at an offset from UTC; the time itself where no calendar has it."""
    try:
        moment = datetime.fromtimestamp(moment_ms // 1000, UTC) + timedelta(minutes=offset_min)
    except (OverflowError, ValueError, OSError):
        return f"{moment_ms} ms"
    return moment.date().isoformat()


MOST_EACH = 1_000
"""So many findings of one check are listed; a file made to do harm must not fill the memory with them."""
MOST_ODD = 10_000
"""So many notices, and entries not checked, are listed."""


@dataclass(slots=True)
class Notebook:
    """Where the checks write down what they find while the entries pass."""

    notices: list[Finding] = field(default_factory=list)
    unchecked: list[Unchecked] = field(default_factory=list)
    _placed: list[tuple[int, Finding]] = field(default_factory=list)
    _places: int = 0
    _counts: Counter[Rule] = field(default_factory=Counter)
    skipped: dict[Rule, str] = field(default_factory=dict)
    partly: dict[Rule, str] = field(default_factory=dict)

    @property
    def findings(self) -> list[Finding]:
        """Return what is wrong, in the order in which it was met, whenever it was answered."""
        listed = [finding for _, finding in sorted(self._placed, key=lambda placed: placed[0])]
        return listed + [
            _unlisted(rule, count - MOST_EACH) for rule, count in self._counts.items() if count > MOST_EACH
        ]

    def place(self) -> int:
        """Keep a place in the order of findings for one that may be answered later."""
        self._places += 1
        return self._places

    def finding(self, rule: Rule, index: int | None, *, expected: str, found: str, place: int | None = None) -> None:
        """Write down that something is wrong."""
        self._counts[rule] += 1
        if self._counts[rule] <= MOST_EACH:
            one = Finding(check=rule.value, index=index, expected=expected, found=found)
            self._placed.append((self.place() if place is None else place, one))

    def notice(self, rule: Rule, index: int | None, *, expected: str, found: str) -> None:
        """Write down an oddity that proves nothing wrong."""
        one = Finding(check=rule.value, index=index, expected=expected, found=found, weight="notice")
        if len(self.notices) < MOST_ODD:
            self.notices.append(one)

    def not_checked(self, index: int, why: str) -> None:
        """Write down that an entry could not be checked whole."""
        if len(self.unchecked) < MOST_ODD:
            self.unchecked.append(Unchecked(index=index, why=why))

    def skip(self, rule: Rule, why: str) -> None:
        """Write down that a check was not made."""
        self.skipped[rule] = why

    def checks(self) -> tuple[Check, ...]:
        """Return each check's outcome, in order."""
        return tuple(self._check(rule, self._counts[rule]) for rule in Rule)

    def _check(self, rule: Rule, count: int) -> Check:
        if count:
            return Check(rule=rule, state="failed", why=f"{count} found")
        if rule in self.skipped:
            return Check(rule=rule, state="not checked", why=self.skipped[rule])
        if self.unchecked and rule in _NEED_KNOWN_KINDS:
            why = f"{len(self.unchecked)} entries, the first entry {self.unchecked[0].index}"
            return Check(rule=rule, state="not checked", why=f"{why}: {self.unchecked[0].why}")
        return Check(rule=rule, state="held", why=self.partly.get(rule, ""))


def _unlisted(rule: Rule, count: int) -> Finding:
    return Finding(check=rule.value, index=None, expected="none", found=f"{count} more of this kind, not listed")


_NEED_KNOWN_KINDS = frozenset({Rule.BYTES, Rule.SIGNATURES, Rule.FOLD, Rule.TABLES})
