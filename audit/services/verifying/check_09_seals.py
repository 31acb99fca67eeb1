"""Check 9: what entries committed to opens. Stored rows are decrypted; values of an evidence file come in the clear.

A value that is not there is *erased* where a later `patient_erased` covers it, else *missing* in a database and
*withheld* from an evidence file; what erasing should have taken and is still there is named. Also who a stored row is
kept for: a patient the entry is about, or the entry alone (check 11).
"""

from collections.abc import Mapping

from audit.services.verifying.check_01_bytes import Read
from audit.services.verifying.erased import Erased, whose_seals
from audit.services.verifying.history import History
from audit.services.verifying.rows import Beside
from audit.services.verifying.source import Opened, SealBroken, SealedRow, Source, Tables
from audit.services.verifying.verdict import Notebook, Rule
from audit.storage.seals import Vault, open_row
from audit.tlog.canonical import NotCanonical
from audit.tlog.seal import seal_opens


def committed(read: Read) -> dict[str, str]:
    """Return the commitments of an entry by field."""
    sealed = read.entry.act.get("sealed") if read.entry is not None else None
    return {name: str(value) for name, value in sealed.items()} if isinstance(sealed, dict) else {}


def opens(commitment: str, opened: Opened) -> bool:
    """Say whether a value and its `r` are what was committed to; a value that nothing could commit to is not."""
    try:
        return seal_opens(commitment, r=opened.r, value=opened.value)
    except (NotCanonical, ValueError):
        return False


def _draws_nothing(count: int) -> bytes:
    raise AssertionError(f"verifying seals nothing and asked for {count} random bytes")


class StoredSeals:
    """Seals as a database keeps them."""

    def __init__(self, notebook: Notebook, history: History, erased: Erased, source: Source, tables: Tables) -> None:
        self._notebook = notebook
        self._history = history
        self._erased = erased
        self._absent: list[tuple[int, str, str]] = []
        self._own = source.own
        self._site = tables.site
        self._keys = dict(reversed(tables.sealed_keys))
        self._unused = set(self._keys)
        self._rows = Beside(tables.sealed, lambda row: row.index, self._stray)
        if source.own is None:
            notebook.skip(Rule.SEALS, "the key that wraps them is not here")
        if len(self._keys) != len(tables.sealed_keys):
            notebook.finding(Rule.TABLES, None, expected="one key an owner in sealed_key", found="an owner twice")

    def entry(self, read: Read, origin: str | None) -> None:
        """Check the rows kept for one entry."""
        rows = self._rows.take(read.index)
        wanted = committed(read)
        for row in rows:
            commitment = wanted.pop(row.field, None)
            self._unused.discard(row.owner)
            if commitment is None:
                if read.entry is not None:
                    self._stray(row)
                continue
            self._check_owner(read, row)
            self._check_opens(row, commitment, origin)
        self._absent += [(read.index, name, whose_seals(read)) for name in wanted]

    def finish(self) -> None:
        """Name values that are missing, rows of no entry, keys of no row, and what outlived an erasure."""
        self._rows.finish()
        missing = [(index, name) for index, name, whose in self._absent if not self._erased.covers(index, whose)]
        for index, name in missing:
            self._notebook.finding(
                Rule.SEALS, index, expected=f"the sealed value {name}", found="missing: no row in sealed"
            )
        if len(self._absent) > len(missing):
            self._notebook.partly[Rule.SEALS] = _said_erased(len(self._absent) - len(missing))
        for patient, index in sorted(self._erased.at.items()):
            if patient in self._keys:
                self._notebook.finding(
                    Rule.SEALS, index, expected=f"nothing sealed for {patient}, erased", found="a row in sealed_key"
                )
        for owner in sorted(self._unused):
            self._notebook.finding(
                Rule.TABLES, None, expected="sealed_key rows of owners with a sealed value", found=f"owner {owner}"
            )

    def _check_owner(self, read: Read, row: SealedRow) -> None:
        act = read.entry.act if read.entry is not None else {}
        event = read.recorded.event if read.recorded is not None else None
        allowed = {act.get("nonce"), getattr(event, "patient", None)}
        allowed.add(self._history.patient_of.get(str(act.get("session"))))
        if row.owner not in allowed:
            self._notebook.finding(
                Rule.TABLES,
                row.index,
                expected=f"sealed.{row.field} kept for the entry's patient or for the entry alone",
                found=f"owner {row.owner}",
            )

    def _check_opens(self, row: SealedRow, commitment: str, origin: str | None) -> None:
        wrapped = self._keys.get(row.owner)
        if wrapped is None:
            self._wrong(row, "missing: no row in sealed_key for its owner")
            return
        if self._own is None or origin is None:
            return
        vault = Vault(self._site, origin, self._own.wrapping_key, _draws_nothing)
        try:
            opened = open_row(vault, row.field, owner=row.owner, wrapped=wrapped, ciphertext=row.ciphertext)
        except SealBroken as broken:
            self._wrong(row, str(broken))
            return
        if not opens(commitment, opened):
            self._wrong(row, "another value than the entry committed to")

    def _wrong(self, row: SealedRow, found: str) -> None:
        self._notebook.finding(
            Rule.SEALS, row.index, expected=f"the sealed value {row.field} as committed to", found=found
        )

    def _stray(self, row: SealedRow) -> None:
        self._notebook.finding(
            Rule.TABLES,
            row.index,
            expected="a row in sealed for each commitment of an entry and no other",
            found=f"field {row.field}, which entry {row.index} does not commit to",
        )


class ClearSeals:
    """Seals as an evidence file opens them to its reader."""

    def __init__(self, notebook: Notebook, erased: Erased, clear: Mapping[tuple[int, str], Opened]) -> None:
        self._notebook = notebook
        self._erased = erased
        self._clear = dict(clear)
        self._closed: list[tuple[int, str]] = []

    def entry(self, read: Read) -> None:
        """Check what is opened of one entry; the rest is withheld."""
        for name, commitment in committed(read).items():
            opened = self._clear.pop((read.index, name), None)
            if opened is None:
                self._closed.append((read.index, whose_seals(read)))
            elif not opens(commitment, opened):
                self._notebook.finding(
                    Rule.SEALS,
                    read.index,
                    expected=f"the sealed value {name} as committed to",
                    found="another value than the entry committed to",
                )

    def finish(self) -> None:
        """Name values that no entry committed to, and say how many are withheld."""
        for index, name in sorted(self._clear):
            self._notebook.finding(
                Rule.SEALS, index, expected="opened values of commitments", found=f"{name}, which no entry commits to"
            )
        gone = sum(self._erased.covers(index, whose) for index, whose in self._closed)
        withheld = len(self._closed) - gone
        said = [f"{withheld} values withheld from this file"] if withheld else []
        if gone:
            said.append(_said_erased(gone))
        if said:
            self._notebook.partly[Rule.SEALS] = "; ".join(said)


def _said_erased(count: int) -> str:
    return f"{count} values erased with their patients"
