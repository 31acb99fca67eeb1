"""Where one entry stands in the signed log: its bytes, its hashes, the checkpoint over it and the way there.

The way is the inclusion proof of RFC 9162 section 2.1.3, computed afresh and checked before it is shown. Not here:
verifying the whole log (`verify`).
"""

from dataclasses import dataclass

from audit.domain.book import Recorded
from audit.services.register import Register
from audit.storage import checkpoints, ledger, log, tree
from audit.storage.checkpoints import StoredCheckpoint
from audit.storage.engine import Connection, read
from audit.tlog.merkle import ProofRefused, leaf_hash, verify_inclusion
from audit.tlog.proof import EntryProof, format_proof


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The checkpoint over an entry, the hashes from leaf to root with their sides, and whether they lead there."""

    checkpoint: StoredCheckpoint
    hashes: tuple[tuple[str, bytes], ...]
    leads: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """One entry in its place; `standing` is None until a checkpoint covers it."""

    entry: Recorded
    body: bytes
    leaf: bytes
    prev: bytes
    size: int
    standing: Standing | None


def placed(register: Register, index: int) -> Placed | None:
    """Return an entry in its place; None where the log has no such entry."""
    with read(register.engine) as conn:
        stored = log.entry(conn, register.site, index)
        if stored is None:
            return None
        before = log.entry(conn, register.site, index - 1) if index else None
        return Placed(
            entry=ledger.read_entry(stored),
            body=stored.body,
            leaf=leaf_hash(stored.body),
            prev=leaf_hash(before.body) if before else log.EMPTY_LEAF,
            size=log.head(conn, register.site).size,
            standing=_standing(conn, register.site, index, leaf_hash(stored.body)),
        )


def proof_file(register: Register, index: int) -> str | None:
    """Return the C2SP tlog-proof of an entry as text; None while no checkpoint covers it."""
    with read(register.engine) as conn:
        covering = checkpoints.covering(conn, register.site, index)
        if covering is None:
            return None
        hashes = tree.inclusion(conn, register.site, index, covering.size)
    return format_proof(EntryProof(index, hashes, covering.note))


def _standing(conn: Connection, site: str, index: int, leaf: bytes) -> Standing | None:
    covering = checkpoints.covering(conn, site, index)
    if covering is None:
        return None
    try:
        hashes = tree.inclusion(conn, site, index, covering.size)
    except tree.NodeMissing:
        return Standing(checkpoint=covering, hashes=(), leads=False)
    try:
        verify_inclusion(index=index, size=covering.size, leaf=leaf, proof=hashes, root=covering.root)
    except ProofRefused:
        leads = False
    else:
        leads = True
    sides = _sides(index, covering.size, len(hashes))
    return Standing(checkpoint=covering, hashes=tuple(zip(sides, hashes, strict=True)), leads=leads)


def _sides(index: int, size: int, count: int) -> list[str]:
    """Return on which side each hash of a proof stands, from the leaf up (RFC 9162 section 2.1.3.2)."""
    sides = []
    at, last = index, size - 1
    for _ in range(count):
        if at % 2 or at == last:
            sides.append("left")
            while at % 2 == 0 and at:
                at, last = at >> 1, last >> 1
        else:
            sides.append("right")
        at, last = at >> 1, last >> 1
    return sides
