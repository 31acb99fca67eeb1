"""Check 5, cosigners: every line kept holds, under a key in force by the entries at its size; how far the quorum got.

A line that does not hold is a finding. A quorum that is not reached is a notice, for a cosigner may be away; the
verdict says how many countersigned the last checkpoint. Lines of keys that no entry names are not judged.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from audit.domain import events
from audit.services.verifying.check_01_bytes import Read
from audit.services.verifying.tree import Tree
from audit.services.verifying.verdict import Cosigning, Notebook, Rule
from audit.storage.checkpoints import StoredCheckpoint
from audit.storage.cosignatures import CosignatureRow
from audit.tlog.checkpoint import Checkpoint
from audit.tlog.cosignature import CosignerKey
from audit.tlog.keys import KeyRefused
from audit.tlog.note import NoteRefused, Signature, parse_note

_MOST_SOUGHT = 8
"""Of lines that do not hold where they stand, so many are looked for at every other checkpoint."""


@dataclass(frozen=True, slots=True)
class _Terms:
    """What an entry says of cosigners: from which entry on, whose keys, how many named, how many wanted."""

    index: int
    keys: tuple[CosignerKey, ...]
    named: int
    quorum: int


@dataclass(slots=True)
class Cosignatures:
    """Reads the terms while the entries pass, the notes along with the checkpoints, and the kept lines at the end.

    `given` are keys that the person who verifies has from the cosigners themselves.
    """

    notebook: Notebook
    tree: Tree
    given: tuple[CosignerKey, ...] = ()
    anchored: int = 0
    _terms: list[_Terms] = field(default_factory=list)
    _sizes: "array[int]" = field(default_factory=lambda: array("q"))
    _in_notes: dict[int, set[str]] = field(default_factory=dict)
    _last: tuple[str, ...] = ()
    _reached: int = 0
    _sought: int = 0

    def entry(self, read: Read) -> None:
        """Note what an entry says of cosigners."""
        match read.recorded.event if read.recorded else None:
            case events.LogOpened(cosigners=cosigners, quorum=quorum) if read.index == 0:
                self._change(read.index, cosigners, quorum)
            case events.CosignersChanged(cosigners=cosigners, quorum=quorum):
                self._change(read.index, cosigners, quorum)
            case _:
                pass

    def along(self, kept: Iterable[StoredCheckpoint], origin: str | None) -> Iterator[StoredCheckpoint]:
        """Pass the checkpoints on, reading the cosigners' lines in their notes."""
        for row in kept:
            self._sizes.append(row.size)
            if origin is not None:
                self._read_note(row, origin)
            yield row

    def finish(self, rows: Iterable[CosignatureRow], origin: str | None) -> Cosigning | None:
        """Judge the lines kept beside the checkpoints; return how far the quorum got, None where none was wanted."""
        last = max(self._sizes, default=0)
        for size, same in groupby(rows, key=lambda row: row.size):
            names = {row.name for row in same if self._judge(row, origin or "")}
            self._close(size, names | self._in_notes.pop(size, set()), last)
        for size, names in self._in_notes.items():
            self._close(size, names, last)
        terms = self._at(last)
        if terms is None or not terms.named:
            return None
        found = Cosigning(
            size=last, names=self._last, quorum=terms.quorum, cosigners=terms.named, reached_size=self._reached
        )
        self.notebook.partly[Rule.CHECKPOINT] = found.sentence
        if not found.is_reached:
            wanted = f"{terms.quorum} of {terms.named} cosigners under the checkpoint at size {last}"
            self.notebook.notice(Rule.CHECKPOINT, last - 1, expected=wanted, found=str(len(self._last)))
        return found

    def _change(self, index: int, texts: Sequence[str], quorum: int) -> None:
        keys: list[CosignerKey] = []
        for text in texts:
            try:
                keys.append(CosignerKey.from_string(text))
            except (KeyRefused, ValueError) as refused:
                expected = "a cosigner's key that this version knows"
                self.notebook.notice(Rule.CHECKPOINT, index, expected=expected, found=str(refused))
        self._terms.append(_Terms(index, tuple(keys), len(texts), quorum))

    def _at(self, size: int) -> _Terms | None:
        return next((one for one in reversed(self._terms) if one.index < size), None)

    def _close(self, size: int, names: set[str], last: int) -> None:
        """Take in who countersigned a checkpoint, all of them known."""
        terms = self._at(size)
        if terms is not None and len(names) >= max(terms.quorum, 1):
            self._reached = max(self._reached, size)
        if size == last:
            self._last = tuple(sorted(names))

    def _is_kept(self, size: int) -> bool:
        place = bisect_left(self._sizes, size)
        return place < len(self._sizes) and self._sizes[place] == size

    def _text(self, size: int, origin: str) -> str | None:
        """Return the text of the checkpoint that the entries make at a size."""
        root = self.tree.root(size) if size > 0 else None
        try:
            return Checkpoint(origin, size, root).text() if root is not None else None
        except NoteRefused:
            return None

    def _read_note(self, row: StoredCheckpoint, origin: str) -> None:
        terms, text = self._at(row.size), self._text(row.size, origin)
        if terms is None or text is None:
            return
        try:
            lines = parse_note(row.note).signatures
        except NoteRefused:
            return  # told by the check of the checkpoint itself
        for line in lines:
            key = next((one for one in terms.keys if one.is_of(line)), None)
            if key is None:
                continue
            if self._counts(key, text, line, row.size):
                self._in_notes.setdefault(row.size, set()).add(key.name)
            else:
                expected = f"cosignatures at size {row.size} that hold"
                self._wrong(row.size, expected=expected, found=f"a line of {key.name} that does not hold")

    def _counts(self, key: CosignerKey, text: str, line: Signature, size: int) -> bool:
        if not _holds(key, text, line):
            return False
        if key in self.given:
            self.anchored = max(self.anchored, size)
        return True

    def _judge(self, row: CosignatureRow, origin: str) -> bool:
        """Say whether a row's line counts; write down what is wrong with it."""
        line, text, terms = _line(row), self._text(row.size, origin), self._at(row.size)
        if line is None or line.name != row.name:
            found = f"a line of {line.name}" if line else "no signature line"
            self._wrong(row.size, expected=f"a line of {row.name} in its row at size {row.size}", found=found)
            return False
        key = next((one for one in terms.keys if one.is_of(line)), None) if terms else None
        if key is None or text is None or not _holds(key, text, line):
            at = self._place_of(line, origin) or row.size
            expected = f"a cosignature at size {at} under a key in force there"
            self._wrong(at, expected=expected, found=f"a line of {row.name} at size {row.size} that does not hold")
            return False
        if not self._is_kept(row.size):
            self._wrong(row.size, expected=f"a checkpoint at size {row.size}", found=f"a line of {row.name} alone")
        return self._counts(key, text, line, row.size)

    def _wrong(self, size: int, *, expected: str, found: str) -> None:
        self.notebook.finding(Rule.CHECKPOINT, size - 1 if size > 0 else None, expected=expected, found=found)

    def _place_of(self, line: Signature, origin: str) -> int | None:
        """Return the size at which a line holds that does not hold where it stands."""
        self._sought += 1
        if self._sought > _MOST_SOUGHT:
            return None
        for size in self._sizes:
            terms, text = self._at(size), self._text(size, origin)
            if terms and text and any(key.is_of(line) and _holds(key, text, line) for key in terms.keys):
                return size
        return None


def _holds(key: CosignerKey, text: str, line: Signature) -> bool:
    try:
        key.time_of(text, line)
    except NoteRefused:
        return False
    return True


def _line(row: CosignatureRow) -> Signature | None:
    try:
        (line,) = parse_note(f"-\n\n{row.line}").signatures
    except (NoteRefused, ValueError):
        return None
    return line
