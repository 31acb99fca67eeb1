"""Entries that a signer must see: a change of the log's key, and the head stated for a log it has no memory of.

Read from the entry's own bytes, which the head to be signed covers; so what the signer acts on stands in the log for
ever. Whether its actor may state it is checked by whoever verifies the log.
"""

from dataclasses import dataclass

from audit.services.signing.signer import Shown, SignerRefused
from audit.tlog.canonical import NotCanonical
from audit.tlog.checkpoint import Checkpoint
from audit.tlog.entry import Entry, EntryRefused, decode_entry
from audit.tlog.keys import KeyRefused, VerifierKey
from audit.tlog.merkle import ProofRefused, verify_inclusion
from audit.tlog.spelling import parse_hex


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChange:
    """A new key of the log; `recovery` and its signature where the old one is lost or stolen."""

    log_key: VerifierKey
    recovery: VerifierKey | None
    recovered: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RowStatement:
    """The head that a log goes on from."""

    size: int
    root: bytes


def read_shown(shown: Shown, checkpoint: Checkpoint) -> KeyChange | RowStatement:
    """Return what an entry under the checkpoint states.

    Raises:
        SignerRefused: it is no such entry of this log, or not under this checkpoint.
    """
    entry = _entry(shown, checkpoint)
    try:
        if entry.kind == "log_key_changed":
            return _key_change(entry, shown, checkpoint)
        if entry.kind == "signer_row_stated":
            return _statement(entry)
    except (KeyRefused, KeyError) as refused:
        raise SignerRefused(f"entry {shown.index} does not read: {refused}") from refused
    raise SignerRefused(f"entry {shown.index} is nothing for a signer")


def _entry(shown: Shown, checkpoint: Checkpoint) -> Entry:
    try:
        entry = decode_entry(shown.body)
        verify_inclusion(
            index=shown.index, size=checkpoint.size, leaf=entry.leaf, proof=shown.proof, root=checkpoint.root
        )
    except (NotCanonical, EntryRefused, ProofRefused) as refused:
        raise SignerRefused(f"entry {shown.index} is not shown: {refused}") from refused
    if (entry.log, entry.index) != (checkpoint.origin, shown.index):
        raise SignerRefused(f"entry {shown.index} is of another log or place")
    return entry


def _key_change(entry: Entry, shown: Shown, checkpoint: Checkpoint) -> KeyChange:
    log_key = VerifierKey.from_string(str(entry.facts["log_key"]))
    if entry.facts["reason"] == "rotation":
        return KeyChange(log_key=log_key, recovery=None, recovered=b"")
    recovery = VerifierKey.from_string(str(entry.facts["recovery_key"]))
    if recovery.name != checkpoint.origin or not recovery.verify(checkpoint.text().encode(), shown.recovery):
        raise SignerRefused("the recovery key has not signed for the new key")
    return KeyChange(log_key=log_key, recovery=recovery, recovered=shown.recovery)


def _statement(entry: Entry) -> RowStatement:
    size, root = entry.facts["size"], parse_hex(str(entry.facts["root"]))
    if not isinstance(size, int) or root is None:
        raise SignerRefused(f"entry {entry.index} states no head")
    return RowStatement(size=size, root=root)
