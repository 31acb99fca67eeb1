"""The body of `add-checkpoint` (C2SP tlog-witness): an old size, a consistency proof and a checkpoint, as text.

Written by who asks and read by who cosigns; nothing is judged here but the form.
"""

from dataclasses import dataclass

from audit.tlog.merkle import HASH_BYTES
from audit.tlog.note import Note, NoteRefused, parse_note
from audit.tlog.spelling import format_base64, parse_base64, parse_decimal

MAX_PROOF_LINES = 63
"""C2SP tlog-witness: a client must not send more."""
MAX_BODY_BYTES = 140_000
"""A note of the most bytes, and 64 lines before it."""
SIZE_TYPE = "text/x.tlog.size"
TEXT_TYPE = "text/plain; charset=utf-8"


class RequestRefused(ValueError):
    """A body that is no request, in words that may be sent back."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked to be cosigned: a checkpoint's note, as one extending a tree of `old` leaves."""

    old: int
    proof: tuple[bytes, ...]
    note: Note


def format_request(old: int, proof: tuple[bytes, ...], note: str) -> bytes:
    """Write the body for a note; hashes from a consistency proof from size `old`."""
    lines = [f"old {old}", *map(format_base64, proof), "", ""]
    return ("\n".join(lines) + note).encode()


def parse_request(body: bytes) -> Request:
    """Read a body. Raises RequestRefused where its form is not exact."""
    head, blank, note = body.partition(b"\n\n")
    try:
        first, *spelled = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise RequestRefused("expected an old size and proof lines in ASCII") from None
    old = parse_decimal(first.removeprefix("old ")) if first.startswith("old ") else None
    if old is None or not blank:
        raise RequestRefused("expected a line `old` and a size, proof lines, a blank line and a checkpoint")
    if len(spelled) > MAX_PROOF_LINES:
        raise RequestRefused(f"expected at most {MAX_PROOF_LINES} proof lines, met {len(spelled)}")
    proof = tuple(map(_hash, spelled))
    try:
        return Request(old, proof, parse_note(note))
    except NoteRefused as refused:
        raise RequestRefused(f"no checkpoint: {refused}") from None


def _hash(line: str) -> bytes:
    found = parse_base64(line)
    if found is None or len(found) != HASH_BYTES:
        raise RequestRefused(f"expected proof lines of {HASH_BYTES} bytes in base64")
    return found
