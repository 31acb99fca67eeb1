"""Checkpoints: asks the signer to sign the log's head, and says how database and signer stand to each other.

The embedded signer keeps its own store, apart from the database, and signs only what a consistency proof shows
to extend what it last signed (log-format, section 7). The same row is the rollback alarm.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from audit.storage import checkpoints, log, signer_store, tree
from audit.storage.checkpoints import StoredCheckpoint
from audit.storage.engine import Connection, Engine, read, write
from audit.storage.signer_store import Held, HeldMoved
from audit.tlog.attestation import is_attested
from audit.tlog.canonical import NotCanonical
from audit.tlog.checkpoint import Checkpoint, sign
from audit.tlog.entry import FIRST_PREV, EntryRefused, decode_entry
from audit.tlog.keys import KeyRefused, SigningKey, VerifierKey
from audit.tlog.merkle import ProofRefused, verify_consistency


class Standing(StrEnum):
    """How the database stands to the signer's row."""

    EQUAL = "equal"
    AHEAD = "ahead"  # a crash came between commit and signing, or entries just came in
    BEHIND = "behind"  # a restored backup or a cut tail
    FORKED = "forked"  # another history at the signer's size
    NO_ROW = "no_row"  # a new machine, or an attack


class SignerRefused(Exception):
    """The signer does not sign: what it is shown does not extend what it signed before."""


@dataclass(frozen=True, slots=True)
class Signer:
    """The log's key and the signer's own store of the last head signed."""

    key: SigningKey = field(repr=False)
    store: Path

    def sign(self, checkpoint: Checkpoint, consistency: tuple[bytes, ...]) -> str:
        """Return the signed note of a checkpoint that extends the row held, and hold it from here on.

        Raises:
            SignerRefused: it is smaller, or the proof does not show that it extends the row.
            HeldMoved: another signing came between; ask again.
        """
        held = signer_store.held(self.store, checkpoint.origin)
        if held is not None:
            _check_extends(held, checkpoint, consistency)
        if held is not None and held.size == checkpoint.size:
            return held.note
        note = sign(checkpoint, self.key)
        signer_store.swap(
            self.store, checkpoint.origin, held, Held(size=checkpoint.size, root=checkpoint.root, note=note)
        )
        return note

    def held(self, origin: str) -> Held | None:
        """Return the last head signed for an origin."""
        return signer_store.held(self.store, origin)


def standing(conn: Connection, site: str, origin: str, signer: Signer) -> Standing:
    """Compare the database's head with the signer's row; to be asked first of all of `conn`.

    The row is read before the head: only what is committed is signed, so a head read later is never behind it.
    """
    held = signer.held(origin)
    size = log.head(conn, site).size
    if held is None:
        return Standing.NO_ROW
    if size < held.size:
        return Standing.BEHIND
    if tree.root(conn, site, held.size) != held.root:
        return Standing.FORKED
    return Standing.EQUAL if size == held.size else Standing.AHEAD


def publish(engine: Engine, site: str, origin: str, signer: Signer) -> StoredCheckpoint | None:
    """Sign the log's head and keep the checkpoint beside the log; None while the log is empty.

    Raises:
        SignerRefused: the database is behind the signer or tells another history.
    """
    held = signer.held(origin)  # before the head, as in `standing`
    with read(engine) as conn:
        size = log.head(conn, site).size
        if size == 0:
            return None
        kept = checkpoints.latest(conn, site)
        if held is not None and held.size > size:
            raise SignerRefused(f"the database has {size} entries, the signer signed {held.size}")
        _check_further_entries(conn, site, origin, held.size if held else 0, size)
        root = tree.root(conn, site, size)
        proof = tree.consistency(conn, site, held.size, size) if held and held.size < size else ()
    if kept is not None and kept.size == size and held is not None and held.size == size:
        return kept
    try:
        note = signer.sign(Checkpoint(origin, size, root), proof)
    except HeldMoved:
        # Another worker signed the same head or a later one meanwhile: its checkpoint stands.
        return kept
    except SignerRefused:
        if signer.held(origin) == held:
            raise
        return kept  # as above: what was shown to the signer was made for the row before
    with write(engine) as conn:
        checkpoints.save(conn, site, size, root, note)
        return checkpoints.latest(conn, site)


def _check_further_entries(conn: Connection, site: str, origin: str, start: int, size: int) -> None:
    """Refuse to sign over an entry the service did not write: a row put in by SQL has no valid `attest`.

    The service's key is that of entry 0, which the first checkpoint already covers.
    """
    opening = log.entry(conn, site, 0)
    before = log.entry(conn, site, start - 1) if start else None
    try:
        key = VerifierKey.from_string(str(decode_entry(opening.body if opening else b"").facts.get("service_key")))
        prev, expected = before.leaf.hex() if before else FIRST_PREV, start
        for stored in log.entries(conn, site, start, size):
            entry = decode_entry(stored.body)
            if (entry.log, entry.index, entry.prev) != (origin, expected, prev) or not is_attested(entry, key):
                raise SignerRefused(f"entry {expected} was not written by the service")
            prev, expected = entry.leaf.hex(), expected + 1
    except (NotCanonical, EntryRefused, KeyRefused) as refused:
        raise SignerRefused(f"an entry past {start} does not read: {refused}") from refused
    if expected != size:
        raise SignerRefused(f"entries are missing from {expected} on")


def _check_extends(held: Held, checkpoint: Checkpoint, consistency: tuple[bytes, ...]) -> None:
    if checkpoint.size < held.size:
        raise SignerRefused(f"asked for size {checkpoint.size}, already signed {held.size}")
    if checkpoint.size == held.size:
        if checkpoint.root != held.root:
            raise SignerRefused(f"another root at size {held.size} than the one signed")
        return
    try:
        verify_consistency(
            old=held.size, new=checkpoint.size, old_root=held.root, new_root=checkpoint.root, proof=consistency
        )
    except ProofRefused as refused:
        raise SignerRefused(f"size {checkpoint.size} does not extend size {held.size}: {refused}") from refused
