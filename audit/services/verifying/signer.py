"""The database against the signer's row (log-format section 7): the alarm for a log that went back.

The tree is the one computed from the bytes just read, not from stored hashes. The row was read before the database,
which only grows, so an entry that comes meanwhile raises no alarm.
"""

from audit.services.publish import Standing
from audit.services.verifying.log_keys import LogKeys
from audit.services.verifying.source import Own
from audit.services.verifying.tree import Tree
from audit.services.verifying.verdict import Notebook, Rule
from audit.storage.signer_store import Held
from audit.tlog.checkpoint import open_note
from audit.tlog.keys import VerifierKey
from audit.tlog.note import NoteRefused


def check_signer(notebook: Notebook, tree: Tree, *, own: Own | None, keys: LogKeys) -> None:
    """Compare the computed tree with what the signer signed last, and the log's key with the signer's."""
    if own is None or own.signer is None:
        notebook.skip(Rule.SIGNER, "the signer is not here" if own is None else "the signer does not answer")
        return
    key, held = keys.present, own.signer.held
    if key is not None and key not in own.signer.keys:
        notebook.finding(
            Rule.SIGNER, keys.present_since, expected="this installation's log key", found=f"another, {key.to_string()}"
        )
    standing = standing_of(tree, held)
    if held is None or not held.size:
        notebook.finding(
            Rule.SIGNER, None, expected="a head that the signer remembers", found="it never signed for this log"
        )
        return
    remembered = f"size {held.size}, root {held.root.hex()}"
    if standing is Standing.BEHIND:
        found = f"{tree.size} entries in order: some were lost, or a backup was restored"
        notebook.finding(Rule.SIGNER, tree.size, expected=f"the signer's {remembered}", found=found)
    elif standing is Standing.FORKED:
        met = tree.root(held.size)
        found = f"another history, root {met.hex() if met else 'unknown'} at that size"
        notebook.finding(Rule.SIGNER, held.size - 1, expected=f"the signer's {remembered}", found=found)
    signed_with = keys.at(held.size)
    if signed_with is not None:
        _check_note(notebook, held, signed_with)


def standing_of(tree: Tree, held: Held | None) -> Standing:
    """Say how the entries stand to the signer's row."""
    if held is None:
        return Standing.NO_ROW
    if tree.size < held.size:
        return Standing.BEHIND
    if tree.root(held.size) != held.root:
        return Standing.FORKED
    return Standing.EQUAL if tree.size == held.size else Standing.AHEAD


def _check_note(notebook: Notebook, held: Held, key: VerifierKey) -> None:
    try:
        checkpoint, _ = open_note(held.note, [key])
    except NoteRefused as refusal:
        notebook.finding(
            Rule.SIGNER, None, expected="the signer's own note signed by the log's key", found=str(refusal)
        )
        return
    if (checkpoint.size, checkpoint.root) != (held.size, held.root):
        notebook.finding(
            Rule.SIGNER, None, expected=f"a note over size {held.size}", found=f"one over size {checkpoint.size}"
        )
