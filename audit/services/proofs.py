"""The proof file of one entry (C2SP tlog-proof): made from a database, checked without one."""

from dataclasses import dataclass

from audit.domain.errors import Refused
from audit.storage import checkpoints, cosignatures, derived, tree
from audit.storage.engine import Engine
from audit.storage.tree import NodeMissing
from audit.tlog.keys import KeyRefused, VerifierKey
from audit.tlog.merkle import ProofRefused, leaf_hash
from audit.tlog.note import NoteRefused
from audit.tlog.proof import EntryProof, format_proof, parse_proof, verify_proof

__all__ = ["Proven", "check_entry", "prove_entry"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """What a proof shows: the entry stands at `index` of the log `origin`, under its head of `size` entries."""

    origin: str
    index: int
    size: int
    root: str


def prove_entry(engine: Engine, site: str, index: int) -> str:
    """Return the proof file of an entry under the latest checkpoint.

    Raises:
        Refused: `no_such_entry`, `not_signed_yet` when no checkpoint covers it, `tree_incomplete`.
        StorageRefused: the database cannot be read.
    """
    with derived.reading(engine) as conn:
        if derived.body_at(conn, site, index) is None:
            raise Refused("no_such_entry", "index", index=index)
        kept = checkpoints.latest(conn, site)
        if kept is None or kept.size <= index:
            raise Refused("not_signed_yet", "index", index=index)
        try:
            hashes = tree.inclusion(conn, site, index, kept.size)
        except NodeMissing:
            raise Refused("tree_incomplete", "index", index=index) from None
        return format_proof(EntryProof(index, hashes, cosignatures.note_with_lines(conn, site, kept)))


def check_entry(proof: str, body: bytes, keys: tuple[str, ...]) -> Proven:
    """Return what a proof file shows of an entry's bytes, under verifier keys in their text form.

    Raises:
        Refused: `not_a_key`, or `not_shown` with why the proof does not show it.
    """
    try:
        known = [VerifierKey.from_string(key) for key in keys]
    except (KeyRefused, ValueError) as refusal:
        raise Refused("not_a_key", "key", why=str(refusal)) from None
    try:
        parsed = parse_proof(proof)
        checkpoint, _ = verify_proof(parsed, leaf=leaf_hash(body), keys=known)
    except (ProofRefused, NoteRefused) as refusal:
        raise Refused("not_shown", "proof", why=str(refusal)) from None
    return Proven(origin=checkpoint.origin, index=parsed.index, size=checkpoint.size, root=checkpoint.root.hex())
