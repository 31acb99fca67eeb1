"""Checkpoints: asks the signer to sign the log's head, and says how database and signer stand to each other.

The signer keeps its own memory, apart from the database, and signs only what a consistency proof shows to extend what
it last signed (log-format, section 7). The same row is the rollback alarm.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from audit.services.signing.signer import Held, HeldMoved, Known, Shown, Signer, SignerAway, SignerRefused
from audit.services.tail import Tail, check_recovery, read_tail, trust_of
from audit.storage import checkpoints, log, tree
from audit.storage.checkpoints import StoredCheckpoint
from audit.storage.engine import Connection, Engine, read, write
from audit.storage.tree import NodeMissing
from audit.tlog.checkpoint import Checkpoint
from audit.tlog.entry import Entry, decode_entry
from audit.tlog.keys import SigningKey
from audit.tlog.spelling import parse_hex

__all__ = [
    "RecoveryWanted",
    "Signer",
    "SignerAway",
    "SignerRefused",
    "Standing",
    "compare",
    "publish",
    "standing",
    "statement_of",
]


class Standing(StrEnum):
    """How the database stands to the signer's row."""

    EQUAL = "equal"
    AHEAD = "ahead"  # a crash came between commit and signing, or entries just came in
    BEHIND = "behind"  # a restored backup or a cut tail
    FORKED = "forked"  # another history at the signer's size
    NO_ROW = "no_row"  # a new machine, or an attack
    OTHER_KEY = "other_key"  # the signer does not hold the key that the entries name
    AWAY = "away"  # the signer does not answer: nothing is known


class RecoveryWanted(Exception):
    """A lost or stolen key was replaced by an entry, which the recovery key has still to sign for."""


def standing(conn: Connection, site: str, origin: str, signer: Signer) -> Standing:
    """Compare the database's head with the signer's row; to be asked first of all of `conn`.

    The row is read before the head: only what is committed is signed, so a head read later is never behind it.

    Raises:
        SignerAway: the signer does not answer.
    """
    return compare(conn, site, signer.known(origin))


def compare(conn: Connection, site: str, known: Known) -> Standing:
    """As `standing`, of what the signer answered just before."""
    size, held = log.head(conn, site).size, known.held
    if held is None:
        return Standing.NO_ROW
    if size < held.size:
        return Standing.BEHIND
    if root_kept(conn, site, held.size) != held.root or not _is_whole(conn, site):
        return Standing.FORKED
    trust = trust_of(conn, site) if size else None
    if trust is not None and trust.log_key not in {key.to_string() for key in known.keys}:
        return Standing.OTHER_KEY
    return Standing.EQUAL if size == held.size else Standing.AHEAD


def _is_whole(conn: Connection, site: str) -> bool:
    """Say whether the last entry is there: of many sizes the kept subtrees give the root with no entry left."""
    head = log.head(conn, site)
    last = log.entry(conn, site, head.size - 1) if head.size else None
    return head.size == 0 or (last is not None and last.leaf == head.leaf)


def root_kept(conn: Connection, site: str, size: int) -> bytes | None:
    """Return the root at a size from the hashes kept; None where rows are gone, which no head that grew ever says."""
    try:
        return tree.root(conn, site, size)
    except NodeMissing:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What is to be signed, from one snapshot of the database."""

    checkpoint: Checkpoint
    consistency: tuple[bytes, ...]
    shown: tuple[Shown, ...]


def publish(
    engine: Engine, site: str, origin: str, signer: Signer, *, recovery: SigningKey | None = None
) -> StoredCheckpoint | None:
    """Sign the log's head and keep the checkpoint beside the log; None while the log is empty.

    `recovery` signs where an entry replaced a lost or stolen key.

    Raises:
        SignerRefused: the database is behind the signer, tells another history, or holds entries nobody stands for.
        SignerAway: the signer does not answer.
        RecoveryWanted: as the class says.
    """
    known = signer.known(origin)  # before the head, as in `standing`
    held = known.held
    with read(engine) as conn:
        size = log.head(conn, site).size
        if size == 0:
            return None
        kept = checkpoints.latest(conn, site)
        if held is not None and held.size > size:
            raise SignerRefused(f"the database has {size} entries, the signer signed {held.size}")
        if held is not None and kept is not None and kept.size == held.size == size and kept.root == held.root:
            return kept
        asked = _asked(conn, site, origin, known, size, recovery)
    if held is not None and held.note and (kept is None or kept.size < held.size):
        _keep(engine, site, held.size, held.root, held.note)  # signed, and the service died before it was kept
    try:
        note = signer.sign(asked.checkpoint, asked.consistency, asked.shown)
    except HeldMoved:
        # Another worker signed the same head or a later one meanwhile: its checkpoint stands.
        return kept
    except SignerRefused:
        if signer.held(origin) == held:
            raise
        return kept  # as above: what was shown to the signer was made for the row before
    return _keep(engine, site, size, asked.checkpoint.root, note)


def _keep(engine: Engine, site: str, size: int, root: bytes, note: str) -> StoredCheckpoint | None:
    with write(engine) as conn:
        checkpoints.save(conn, site, size, root, note)
        return checkpoints.latest(conn, site)


def _asked(conn: Connection, site: str, origin: str, known: Known, size: int, recovery: SigningKey | None) -> _Asked:
    """Check what came since the row and return what to ask of the signer."""
    statement = None if known.held else statement_of(conn, site)
    base = known.held or _stated_head(statement)
    tail = read_tail(conn, site, origin, base.size, size)
    if tree.root(conn, site, base.size) != base.root:
        raise SignerRefused(f"another root at size {base.size} than the one signed")
    if tail.log_key not in {key.to_string() for key in known.keys}:
        raise SignerRefused("the signer does not hold the key that the log names")
    checkpoint = Checkpoint(origin, size, tree.root(conn, site, size))
    shown = [_shown(conn, site, statement, size)] if statement is not None else []
    change = _change(tail, known)
    if change is not None:
        signed = _recovered(tail, change, checkpoint, recovery)
        shown.append(replace(_shown(conn, site, change, size), recovery=signed))
    proof = tree.consistency(conn, site, base.size, size) if 0 < base.size < size else ()
    return _Asked(checkpoint=checkpoint, consistency=proof, shown=tuple(shown))


def _change(tail: Tail, known: Known) -> Entry | None:
    """Return the entry that puts the signer's key made ready in force, if it came since the row."""
    following = known.next_key.to_string() if known.next_key else None
    found = [one for one in tail.marked if one.kind == "log_key_changed" and one.facts["log_key"] == following]
    return found[-1] if found else None


def _recovered(tail: Tail, change: Entry, checkpoint: Checkpoint, recovery: SigningKey | None) -> bytes:
    """Return the recovery key's signature where a change needs one.

    Raises:
        RecoveryWanted: the key is not at hand.
    """
    if change.facts["reason"] == "rotation":
        return b""
    check_recovery(tail, change)
    if recovery is None:
        raise RecoveryWanted(f"entry {change.index} waits for the recovery key")
    return recovery.sign(checkpoint.text().encode())


def statement_of(conn: Connection, site: str) -> Entry | None:
    """Return the last entry since the last checkpoint that states the head a signer without memory goes on from."""
    kept = checkpoints.latest(conn, site)
    newer = log.entries(conn, site, kept.size if kept else 0)
    found = [one for one in newer if one.kind == "signer_row_stated"]
    return decode_entry(found[-1].body) if found else None


def _stated_head(statement: Entry | None) -> Held:
    """Return the head that an administrator stated for a signer without memory.

    Raises:
        SignerRefused: nobody did.
    """
    stated = statement.facts.get("size") if statement is not None else None
    root = parse_hex(str(statement.facts.get("root"))) if statement is not None else None
    if statement is None or not isinstance(stated, int) or stated > statement.index or root is None:
        raise SignerRefused("the signer has no memory of this log, and nobody has stated its head")
    return Held(size=stated, root=root, note="")


def _shown(conn: Connection, site: str, entry: Entry, size: int) -> Shown:
    return Shown(index=entry.index, body=entry.body, proof=tree.inclusion(conn, site, entry.index, size))
