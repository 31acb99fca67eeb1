"""Which key signs the log's head at each size, as the entries have it (log-format, sections 7 and 8).

Not here: the checkpoints that are held to it (`check_04_roots`).
"""

import hashlib
from dataclasses import dataclass, field

from audit.domain import events
from audit.services.verifying.verdict import Notebook, Rule
from audit.tlog.keys import KeyRefused, VerifierKey


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChange:
    """A change of the log's key by the entry at `index`; `vouching` is the old key, or the recovery key."""

    index: int
    key: VerifierKey
    vouching: VerifierKey
    cut_off: events.SeenHead | None

    def is_worthless(self, size: int) -> bool:
        """Say whether a head of that size counts for nothing: signed above the cut-off, before a thief was shut out."""
        return self.cut_off is not None and self.cut_off.size < size <= self.index


@dataclass(slots=True)
class LogKeys:
    """The log's keys in the order of the entries."""

    notebook: Notebook = field(repr=False)
    opened: VerifierKey | None = None
    recovery_sha256: str = ""
    changes: list[KeyChange] = field(default_factory=list)

    def open(self, key: VerifierKey | None, recovery_sha256: str) -> None:
        """Take the keys that the log opens with."""
        self.opened, self.recovery_sha256 = key, recovery_sha256

    def change(self, index: int, event: events.LogKeyChanged) -> None:
        """Take a change of key; one that does not read, or is by another recovery key, is a finding."""
        before = self.present
        try:
            key = VerifierKey.from_string(event.log_key)
            recovery = VerifierKey.from_string(event.recovery_key) if event.recovery_key else None
        except KeyRefused as refused:
            self.notebook.finding(Rule.SIGNATURES, index, expected="verifier keys", found=str(refused))
            return
        if recovery is not None and hashlib.sha256(recovery.public_key).hexdigest() != self.recovery_sha256:
            found = f"another, {recovery.to_string()}"
            self.notebook.finding(Rule.SIGNATURES, index, expected="the recovery key of log_opened", found=found)
            return
        vouching = recovery or before
        if vouching is not None:
            self.changes.append(KeyChange(index=index, key=key, vouching=vouching, cut_off=event.cut_off))

    @property
    def present(self) -> VerifierKey | None:
        """Return the key in force at the end."""
        return self.changes[-1].key if self.changes else self.opened

    @property
    def present_since(self) -> int:
        """Return the entry that put it in force."""
        return self.changes[-1].index if self.changes else 0

    @property
    def ever(self) -> tuple[VerifierKey, ...]:
        """Return every key that was in force."""
        first = (self.opened,) if self.opened is not None else ()
        return (*first, *(one.key for one in self.changes))

    def at(self, size: int) -> VerifierKey | None:
        """Return the key that signs a head of so many entries."""
        covered = [one.key for one in self.changes if one.index < size]
        return covered[-1] if covered else self.opened

    def is_worthless(self, size: int) -> bool:
        """Say whether a head of that size counts for nothing, as `KeyChange.is_worthless`."""
        return any(one.is_worthless(size) for one in self.changes)

    def first_covered(self, before: int, size: int) -> list[KeyChange]:
        """Return the changes that a head of `size` covers and one of `before` entries does not."""
        return [one for one in self.changes if before <= one.index < size]
