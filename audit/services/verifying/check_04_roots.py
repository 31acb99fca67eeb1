"""Checks 4 to 6: roots computed from the bytes, checkpoints under the log's key, an earlier checkpoint extended."""

from collections.abc import Iterable

from audit.services.verifying.log_keys import LogKeys
from audit.services.verifying.source import Anchor
from audit.services.verifying.tree import Tree
from audit.services.verifying.verdict import Notebook, Rule
from audit.storage.checkpoints import StoredCheckpoint
from audit.tlog.checkpoint import Checkpoint, open_note, parse
from audit.tlog.keys import VerifierKey
from audit.tlog.note import NoteRefused, parse_note
from audit.tlog.paper import PaperHead

UNCOVERED_MS = 60_000
"""How long entries may stand past the last checkpoint (log-format, section 7)."""


class Checkpoints:
    """Judges signed notes against the tree and the log's key."""

    def __init__(self, notebook: Notebook, tree: Tree, keys: LogKeys, *, is_whole: bool) -> None:
        """Judge; `is_whole` says that every checkpoint ever kept is at hand, so that what none shows is missing."""
        self._notebook = notebook
        self._tree = tree
        self._keys = keys
        self._is_whole = is_whole
        self._followed: set[int] = set()
        self._before = 0
        self.covered = 0

    def check(self, kept: Iterable[StoredCheckpoint]) -> None:
        """Check every checkpoint kept beside the log; a long row of wrong roots is told once."""
        any_kept, wrong_after = False, 0
        for row in kept:
            any_kept = True
            opened = self._open(row, wrong_root_told=wrong_after > 0)
            wrong_after += opened is False
            if opened:
                self._check_followed(row)
            if opened and not self._keys.is_worthless(row.size):
                self.covered = max(self.covered, row.size)
        if wrong_after > 1:
            found = f"{wrong_after - 1} later checkpoints over other roots too"
            self._notebook.finding(Rule.ROOT, None, expected="the roots of these entries", found=found)
        if not any_kept:
            for rule in (Rule.ROOT, Rule.CHECKPOINT):
                self._notebook.skip(rule, "no checkpoint has been signed yet")

    def check_anchor(self, anchor: Anchor) -> int:
        """Check what was brought from outside; return the size up to which it vouches for the log."""
        given, ever = anchor.log_key, self._keys.ever
        if given is not None and ever and given not in ever:
            named = self._keys.present.to_string() if self._keys.present else "none"
            self._notebook.finding(
                Rule.EXTENDS, 0, expected=f"the log key given, {given.to_string()}", found=f"the entries name {named}"
            )
            return 0
        if anchor.note is None and anchor.head is None:
            self._notebook.skip(Rule.EXTENDS, "no earlier checkpoint was given")
            return self._vouched(given) if given is not None else 0
        return max(self._check_given(anchor.note), self._check_paper(anchor.head))

    def _vouched(self, given: VerifierKey) -> int:
        """Return the size that a key vouches for: its own heads, and those of keys it has signed over to."""
        later = [one for one in self._keys.changes if one.vouching == given]
        open_change = next((one for one in self._keys.changes if one.index not in self._followed), None)
        is_followed = given == self._keys.present or (bool(later) and open_change is None)
        if is_followed:
            return self.covered
        self._notebook.notice(
            Rule.EXTENDS,
            open_change.index if open_change else None,
            expected="a checkpoint that the key given and the one after it have both signed",
            found="none is at hand: ask for the log's present key",
        )
        return 0

    def _check_followed(self, row: StoredCheckpoint) -> None:
        """Hold the checkpoint that first covers a change of key to carry the lines of both (log-format, section 8)."""
        for change in self._keys.first_covered(self._before, row.size):
            try:
                open_note(row.note, [change.vouching])
            except NoteRefused as refusal:
                if self._is_whole:
                    key = f"{change.vouching.name}+{change.vouching.key_id.hex()}"
                    expected = f"the checkpoint at size {row.size}, first over the new key, signed by {key} too"
                    self._notebook.finding(Rule.CHECKPOINT, change.index, expected=expected, found=str(refusal))
            else:
                self._followed.add(change.index)
        self._before = row.size

    def check_cut_offs(self) -> None:
        """Hold each head that a stolen key was cut off at to be one of this log."""
        for change in self._keys.changes:
            head = change.cut_off
            root = self._tree.root(head.size) if head is not None else None
            if head is not None and (root is None or root.hex() != head.root or head.size > change.index):
                expected = f"a cut-off that is a head of this log before entry {change.index}"
                self._notebook.finding(
                    Rule.CHECKPOINT, change.index, expected=expected, found=f"size {head.size}, root {head.root}"
                )

    def _check_given(self, note: str | None) -> int:
        given = self._note(note, Rule.EXTENDS, None) if note is not None else None
        return given.size if given is not None and self._matches(given, Rule.EXTENDS, told=False) else 0

    def _check_paper(self, head: PaperHead | None) -> int:
        """A head on paper needs no signature: whoever holds the sheet vouches for it."""
        if head is None:
            return 0
        root = self._tree.root(head.size)
        key = self._keys.opened
        if key is not None and head.origin != key.name:
            expected, found = f"log {head.origin}, as on the paper", f"log {key.name}"
        elif root is None:
            expected = f"at least the {head.size} entries of the head on paper"
            found = f"entries are there in order only up to size {self._tree.size}"
        elif not head.is_root(root):
            expected, found = f"root {head.root} at size {head.size}, as on the paper", f"root {root.hex()}"
        else:
            return head.size
        self._notebook.finding(Rule.EXTENDS, _last(head.size), expected=expected, found=found)
        return 0

    def check_uncovered(self, first_ms: int | None, now_ms: int | None) -> None:
        """Name entries past the last checkpoint that are older than a minute."""
        if first_ms is None or now_ms is None or now_ms - first_ms <= UNCOVERED_MS:
            return
        self._notebook.finding(
            Rule.CHECKPOINT,
            self.covered,
            expected="a checkpoint within a minute",
            found=f"none covers entry {self.covered}, recorded {(now_ms - first_ms) // 1000} s ago",
        )

    def _open(self, row: StoredCheckpoint, *, wrong_root_told: bool) -> bool | None:
        """True where a row holds, False where it is over another root, None where it is no checkpoint at all."""
        checkpoint = self._note(row.note, Rule.CHECKPOINT, row.size)
        if checkpoint is None:
            return None
        if (checkpoint.size, checkpoint.root) != (row.size, row.root):
            self._notebook.finding(
                Rule.TABLES,
                _last(checkpoint.size),
                expected=f"checkpoint columns of its note: size {checkpoint.size}, root {checkpoint.root.hex()}",
                found=f"size {row.size}, root {row.root.hex()}",
            )
        return self._matches(checkpoint, Rule.ROOT, told=wrong_root_told)

    def _note(self, note: str, rule: Rule, size: int | None) -> Checkpoint | None:
        at = "the checkpoint given" if size is None else f"the checkpoint at size {size}"
        index = None if size is None else _last(size)
        key = self._keys.at(_claimed_size(note, size))
        if key is None:
            self._notebook.finding(rule, index, expected="a log key in entry 0", found=f"none to check {at} with")
            return None
        try:
            checkpoint, _ = open_note(note, [key])
        except NoteRefused as refusal:
            expected = f"{at} signed by {key.name}+{key.key_id.hex()}"
            self._notebook.finding(rule, index, expected=expected, found=str(refusal))
            return None
        if checkpoint.origin != key.name:
            self._notebook.finding(rule, index, expected=f"{at} of {key.name}", found=f"one of {checkpoint.origin}")
            return None
        if size is None and self._keys.is_worthless(checkpoint.size):
            self._notebook.finding(
                rule, index, expected=f"{at} no later than the cut-off", found="one by a key that was stolen by then"
            )
            return None
        return checkpoint

    def _matches(self, checkpoint: Checkpoint, rule: Rule, *, told: bool) -> bool:
        root = self._tree.root(checkpoint.size)
        if root == checkpoint.root:
            return True
        if not told:
            met = f"root {root.hex()}" if root else f"entries are there in order only up to size {self._tree.size}"
            self._notebook.finding(
                rule,
                _last(checkpoint.size),
                expected=f"root {checkpoint.root.hex()} at size {checkpoint.size}",
                found=met,
            )
        return False


def _last(size: int) -> int | None:
    """The last entry that a size covers."""
    return size - 1 if size > 0 else None


def _claimed_size(note: str, size: int | None) -> int:
    """Return the size that a note says it is of, before its signature is checked: it decides which key is asked."""
    try:
        return parse(parse_note(note).text).size
    except NoteRefused:
        return size or 0
