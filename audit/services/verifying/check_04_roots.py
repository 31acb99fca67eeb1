"""Checks 4 to 6: roots computed from the bytes, checkpoints under the log's key, an earlier checkpoint extended."""

from collections.abc import Iterable

from audit.services.verifying.source import Anchor
from audit.services.verifying.tree import Tree
from audit.services.verifying.verdict import Notebook, Rule
from audit.storage.checkpoints import StoredCheckpoint
from audit.tlog.checkpoint import Checkpoint, open_note
from audit.tlog.keys import VerifierKey
from audit.tlog.note import NoteRefused
from audit.tlog.paper import PaperHead

UNCOVERED_MS = 60_000
"""How long entries may stand past the last checkpoint (log-format, section 7)."""


class Checkpoints:
    """Judges signed notes against the tree and the log's key."""

    def __init__(self, notebook: Notebook, tree: Tree, key: VerifierKey | None) -> None:
        self._notebook = notebook
        self._tree = tree
        self._key = key
        self.covered = 0

    def check(self, kept: Iterable[StoredCheckpoint]) -> None:
        """Check every checkpoint kept beside the log; a long row of wrong roots is told once."""
        any_kept, wrong_after = False, 0
        for row in kept:
            any_kept = True
            opened = self._open(row, wrong_root_told=wrong_after > 0)
            wrong_after += opened is False
            if opened:
                self.covered = max(self.covered, row.size)
        if wrong_after > 1:
            found = f"{wrong_after - 1} later checkpoints over other roots too"
            self._notebook.finding(Rule.ROOT, None, expected="the roots of these entries", found=found)
        if not any_kept:
            for rule in (Rule.ROOT, Rule.CHECKPOINT):
                self._notebook.skip(rule, "no checkpoint has been signed yet")

    def check_anchor(self, anchor: Anchor) -> int:
        """Check what was brought from outside; return the size up to which it vouches for the log."""
        if anchor.log_key is not None and self._key is not None and anchor.log_key != self._key:
            self._notebook.finding(
                Rule.EXTENDS,
                0,
                expected=f"the log key given, {anchor.log_key.to_string()}",
                found=f"log_opened names {self._key.to_string()}",
            )
            return 0
        if anchor.note is None and anchor.head is None:
            self._notebook.skip(Rule.EXTENDS, "no earlier checkpoint was given")
            return self.covered if anchor.log_key is not None else 0
        return max(self._check_given(anchor.note), self._check_paper(anchor.head))

    def _check_given(self, note: str | None) -> int:
        given = self._note(note, Rule.EXTENDS, None) if note is not None else None
        return given.size if given is not None and self._matches(given, Rule.EXTENDS, told=False) else 0

    def _check_paper(self, head: PaperHead | None) -> int:
        """A head on paper needs no signature: whoever holds the sheet vouches for it."""
        if head is None:
            return 0
        root = self._tree.root(head.size)
        if self._key is not None and head.origin != self._key.name:
            expected, found = f"log {head.origin}, as on the paper", f"log {self._key.name}"
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
        if self._key is None:
            self._notebook.finding(rule, index, expected="a log key in entry 0", found=f"none to check {at} with")
            return None
        try:
            checkpoint, _ = open_note(note, [self._key])
        except NoteRefused as refusal:
            expected = f"{at} signed by {self._key.name}+{self._key.key_id.hex()}"
            self._notebook.finding(rule, index, expected=expected, found=str(refusal))
            return None
        if checkpoint.origin != self._key.name:
            self._notebook.finding(
                rule, index, expected=f"{at} of {self._key.name}", found=f"one of {checkpoint.origin}"
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
