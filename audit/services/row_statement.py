"""A signer without memory of a log: which head is known elsewhere, and an administrator's entry that states it.

Nothing is signed before that entry. Not here: what the signer makes of it (`signing.showing`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from audit.domain import events
from audit.domain.book import Recorded
from audit.domain.errors import Refused
from audit.services.administering import Administrator
from audit.services.publish import statement_of
from audit.services.register import Register
from audit.services.signing.signer import Signer
from audit.services.tail import trust_of
from audit.storage import checkpoints, log, tree
from audit.storage.engine import Connection, read
from audit.tlog.checkpoint import Checkpoint, open_note
from audit.tlog.keys import KeyRefused, VerifierKey
from audit.tlog.note import NoteRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """A head of this log that somebody else knows: a cosigner, or the newest printed page."""

    who: str
    size: int
    root: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Highest:
    """The highest head known, and by whom: `cosigners`, or the database alone, for which an administrator vouches."""

    size: int
    root: bytes
    source: events.HeadSource


def highest_head(conn: Connection, register: Register, learnt: Sequence[Learnt]) -> Highest:
    """Return the highest of the heads learnt and of the last checkpoint beside the log that its key signed."""
    own = _checkpoint(conn, register)
    size = own.size if own is not None else log.head(conn, register.site).size
    root = own.root if own is not None else tree.root(conn, register.site, size)
    best = max(learnt, key=lambda one: one.size, default=None)
    if best is not None and best.size >= size:
        return Highest(size=best.size, root=best.root, source="cosigners")
    return Highest(size=size, root=root, source="administrator")


def state_row(register: Register, signer: Signer, by: Administrator, learnt: Sequence[Learnt]) -> Recorded | None:
    """Record the head that the signer goes on from; None where that is stated already and waits to be signed.

    Raises:
        Refused: `row_known` where the signer remembers this log, `head_beyond` where somebody knows more entries than
            the database holds, `other_head_known` where they know another history; those of the write path.
        SignerAway: the signer does not answer.
    """
    if signer.held(register.origin) is not None:
        raise Refused("row_known")
    with read(register.engine) as conn:
        if statement_of(conn, register.site) is not None:
            return None
        found = highest_head(conn, register, learnt)
        size = log.head(conn, register.site).size
        if found.size > size:
            raise Refused("head_beyond", known=found.size, size=size)
        if tree.root(conn, register.site, found.size) != found.root:
            raise Refused("other_head_known", size=found.size)
    stated = events.SignerRowStated(size=found.size, root=found.root.hex(), source=found.source)
    return by.state(register, stated, "signer_row_stated")


def _checkpoint(conn: Connection, register: Register) -> Checkpoint | None:
    """Return the last checkpoint beside the log; None where the log's key has not signed it."""
    kept, trust = checkpoints.latest(conn, register.site), trust_of(conn, register.site)
    if kept is None or trust is None:
        return None
    try:
        return open_note(kept.note, [VerifierKey.from_string(trust.log_key)])[0]
    except (NoteRefused, KeyRefused):
        return None
