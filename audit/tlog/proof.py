"""The proof file of one entry (C2SP tlog-proof): index, inclusion proof and checkpoint, checked without a network.

The file does not hold the entry: whoever checks it hashes the entry's bytes themselves.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from audit.tlog.checkpoint import Checkpoint, open_note
from audit.tlog.keys import VerifierKey
from audit.tlog.merkle import HASH_BYTES, ProofRefused, verify_inclusion
from audit.tlog.note import Signature
from audit.tlog.spelling import format_base64, parse_base64, parse_decimal

HEADER = "c2sp.org/tlog-proof@v1"
MAX_HASHES = 53  # the depth of a tree of 2^53 leaves
MAX_EXTRA_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class EntryProof:
    """A proof file taken apart. `extra` is authenticated by nothing; `checkpoint` is the note, as it was signed."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    extra: bytes = b""


def format_proof(proof: EntryProof) -> str:
    """Write the proof file. Raises ProofRefused for parts that `parse_proof` would not read back."""
    lines = [HEADER]
    if proof.extra:
        lines.append(f"extra {format_base64(proof.extra)}")
    lines.append(f"index {proof.index}")
    lines.extend(map(format_base64, proof.hashes))
    content = "\n".join(lines) + "\n\n" + proof.checkpoint
    parse_proof(content)  # what cannot be read back is not written
    return content


def parse_proof(text: str) -> EntryProof:
    """Take a proof file apart. Raises ProofRefused where its form is not exact; the note in it is not judged yet."""
    head, blank, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if lines.pop(0) != HEADER or not blank or not lines:
        raise ProofRefused(f"expected the line {HEADER}, an index line, hashes, a blank line and a checkpoint")
    extra = _parse_extra(lines.pop(0)) if lines[0].startswith("extra ") else b""
    index = parse_decimal(lines[0].removeprefix("index ")) if lines and lines[0].startswith("index ") else None
    if index is None:
        raise ProofRefused("expected a line `index`, its number in decimal digits without leading zeroes")
    if len(lines) - 1 > MAX_HASHES:
        raise ProofRefused(f"expected at most {MAX_HASHES} hashes, met {len(lines) - 1}")
    return EntryProof(index, tuple(map(_parse_hash, lines[1:])), checkpoint, extra)


def verify_proof(
    proof: EntryProof, *, leaf: bytes, keys: Iterable[VerifierKey]
) -> tuple[Checkpoint, tuple[Signature, ...]]:
    """Return the checkpoint under which the entry with this leaf hash stands, and the signatures that hold on it.

    Raises NoteRefused where the checkpoint is not signed by its log's key, and ProofRefused where the leaf is not shown
    to stand at the proof's index.
    """
    checkpoint, signatures = open_note(proof.checkpoint, keys)
    verify_inclusion(index=proof.index, size=checkpoint.size, leaf=leaf, proof=proof.hashes, root=checkpoint.root)
    return checkpoint, signatures


def _parse_extra(line: str) -> bytes:
    extra = parse_base64(line.removeprefix("extra "))
    if not extra or len(extra) > MAX_EXTRA_BYTES:
        raise ProofRefused(f"expected extra data in canonical base64, 1 to {MAX_EXTRA_BYTES} bytes")
    return extra


def _parse_hash(line: str) -> bytes:
    data = parse_base64(line)
    if data is None or len(data) != HASH_BYTES:
        raise ProofRefused(f"expected hashes of {HASH_BYTES} bytes in canonical base64, one a line")
    return data
