"""How the core says no (Refused), what verifying finds (Finding), and what must never be (invariant).

Sentences are not here: each face turns a code into words from one catalogue.
"""

from dataclasses import dataclass
from typing import Literal

Plain = str | int | bool


class Refused(Exception):
    """An act that cannot be recorded as asked: impossible or malformed, never merely against policy.

    `code` names the rule, `field` the form field it belongs to ("" for the whole form), and `values`
    what was expected and met, in base units (`_ug`, `_ul`, `_ms`), for the sentence.
    """

    def __init__(self, code: str, field: str = "", **values: Plain) -> None:
        """Keep the code, the field and the values; none of them may hold a patient's name."""
        super().__init__(code)
        self.code = code
        self.field = field
        self.values = values

    def __repr__(self) -> str:
        """Show code, field and values, for a failing test's message."""
        return f"Refused({self.code!r}, {self.field!r}, {self.values!r})"

    __str__ = __repr__


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Evidence from verifying: which check failed where, what was expected and what was found.

    A `notice` is an oddity worth reading that proves nothing wrong.
    """

    check: str
    index: int | None
    expected: str
    found: str
    weight: Literal["finding", "notice"] = "finding"


class BrokenInvariantError(AssertionError):
    """A bug in the program, not a mistake of its user: the transaction must not commit."""


def invariant(holds: bool, what: str) -> None:  # noqa: FBT001 (reads as a sentence at the call)
    """Raise BrokenInvariantError unless `holds`; stays in force under `python -O`."""
    if not holds:
        raise BrokenInvariantError(what)
