"""The words and shapes of the attack table: detectors, rows, and the table in Markdown.

Which attacks there are is in `rows`. The same data makes the tests, `docs/threat-model.md` and the drill's certificate.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from audit.services.drill.scene import Scene


class Detector(StrEnum):
    """What looks at the record, in the order of the table's columns."""

    CHAIN = "chain"
    HEAD = "head"
    SIGNER = "signer"
    SERVICE = "service"
    COSIGNER = "cosigner"
    PAPER = "paper"
    TIME = "time"
    ACT = "act"
    SEALS = "seals"
    FOLD = "fold"
    TABLES = "tables"
    REPORTS = "reports"
    PDF = "pdf"
    BUNDLE = "bundle"

    @property
    def words(self) -> str:
        """What it is, in a clinic's words."""
        return _WORDS[self]

    @property
    def short(self) -> str:
        """The same in a word or two."""
        return _SHORT[self]


_WORDS = {
    Detector.CHAIN: "canonical bytes, chain and clock of the entries (checks 1 to 3)",
    Detector.HEAD: "the signed heads kept beside the log (checks 4 and 5)",
    Detector.SIGNER: "the signer's own memory, at the next verification",
    Detector.SERVICE: "the running service, which turns read-only by itself",
    Detector.COSIGNER: "a cosigner: its line on the heads, and the head it remembers (check 5)",
    Detector.PAPER: "a head printed on paper (check 6)",
    Detector.TIME: "the time authority's tokens (check 8)",
    Detector.ACT: "the signatures of people: passkeys, attestations, roles, second persons (check 7)",
    Detector.SEALS: "the commitments to sealed values (check 9)",
    Detector.FOLD: "the book: nothing below zero (check 10)",
    Detector.TABLES: "derived tables rebuilt from the entries (check 11)",
    Detector.REPORTS: "the hash of each issued report in the log (check 12)",
    Detector.PDF: "the report itself: its signature, evidence and figures (`audit verify-pdf`)",
    Detector.BUNDLE: "evidence or a mirror, held against the key and the heads known from elsewhere",
}
_SHORT = {
    Detector.CHAIN: "chain",
    Detector.HEAD: "signed head",
    Detector.SIGNER: "signer",
    Detector.SERVICE: "service",
    Detector.COSIGNER: "cosigner",
    Detector.PAPER: "paper",
    Detector.TIME: "time",
    Detector.ACT: "signatures",
    Detector.SEALS: "seals",
    Detector.FOLD: "book",
    Detector.TABLES: "tables",
    Detector.REPORTS: "report hash",
    Detector.PDF: "PDF",
    Detector.BUNDLE: "known elsewhere",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One row: its name in words, what carries it out, and who must notice; all others must stay silent."""

    name: str
    carry_out: Callable[[Scene], None]
    expected: frozenset[Detector]
    with_log_key: bool = False
    with_service_key: bool = False

    @property
    def keys(self) -> str:
        """Which stolen keys it uses, in words."""
        named = [word for is_used, word in ((self.with_log_key, "log"), (self.with_service_key, "service")) if is_used]
        return " and ".join(named) or "none"


def markdown(attacks: Iterable[Attack]) -> str:
    """Return the detectors and the table as they stand in docs/threat-model.md."""
    columns = list(Detector)
    lines = [
        "| detector | what it is |",
        "| --- | --- |",
        *(f"| {one.short} | {one.words} |" for one in columns),
        "",
        "| attack | keys stolen | " + " | ".join(one.short for one in columns) + " |",
        "| --- | --- |" + " :-: |" * len(columns),
    ]
    lines += [
        f"| {one.name} | {one.keys} | " + " | ".join("seen" if d in one.expected else "·" for d in columns) + " |"
        for one in attacks
    ]
    return "\n".join(lines) + "\n"
