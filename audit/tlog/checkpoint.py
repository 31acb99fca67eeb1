"""Checkpoints (C2SP tlog-checkpoint): the size and root of a log at one moment, as a signed note.

No extension lines: nobody could audit them. Whether a checkpoint may be signed is the signer's matter.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from audit.tlog.canonical import MAX_INT
from audit.tlog.keys import SigningKey, VerifierKey, is_key_name
from audit.tlog.merkle import EMPTY, HASH_BYTES
from audit.tlog.note import NoteRefused, Signature, format_note, parse_note, sign_text, verify_note
from audit.tlog.spelling import format_base64, parse_base64, parse_decimal


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log: `size` entries under `root`. Raises NoteRefused where no log can have such a head."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not is_key_name(self.origin):
            raise NoteRefused("expected an origin without spaces, plus signs and control characters")
        if not 0 <= self.size <= MAX_INT:
            raise NoteRefused(f"expected a size from 0 to 2^53-1, met {self.size}")
        if len(self.root) != HASH_BYTES:
            raise NoteRefused(f"expected a root of {HASH_BYTES} bytes, met {len(self.root)}")
        if self.size == 0 and self.root != EMPTY:
            raise NoteRefused("expected SHA-256 of nothing as the root of an empty log")

    def text(self) -> str:
        """Write the three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{format_base64(self.root)}\n"


def parse(text: str) -> Checkpoint:
    """Read the three lines of a checkpoint. Raises NoteRefused where their form is not exact."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3]:  # noqa: PLR2004 -- three lines, and nothing after the last newline
        raise NoteRefused("expected exactly three lines: origin, size, root")
    size, root = parse_decimal(lines[1]), parse_base64(lines[2])
    if size is None:
        raise NoteRefused("expected a size in decimal digits without leading zeroes, at most 2^53-1")
    if root is None:
        raise NoteRefused("expected the root in canonical base64")
    return Checkpoint(lines[0], size, root)


def sign(checkpoint: Checkpoint, signer: SigningKey, *more: SigningKey) -> str:
    """Sign a checkpoint under its origin's name and return the note; `more` keys sign where a key is replaced.

    Raises ValueError where a key has another name than the log.
    """
    signers = (signer, *more)
    for key in signers:
        if key.name != checkpoint.origin:
            raise ValueError(f"expected a key named {checkpoint.origin}, met {key.name}")
    return format_note(sign_text(checkpoint.text(), signers))


def open_note(note: str | bytes, keys: Iterable[VerifierKey]) -> tuple[Checkpoint, tuple[Signature, ...]]:
    """Return the checkpoint of a note and the signatures of known keys on it, all of which hold.

    Raises NoteRefused where the form is not exact, a known key's line does not hold, or no known key has signed under
    the name of the checkpoint's origin.
    """
    parsed = parse_note(note)
    signatures = verify_note(parsed, keys)
    checkpoint = parse(parsed.text)
    if all(signature.name != checkpoint.origin for signature in signatures):
        raise NoteRefused(f"no known key has signed under the name {checkpoint.origin}")
    return checkpoint, signatures
