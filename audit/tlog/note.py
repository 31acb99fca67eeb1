"""Signed notes (C2SP signed-note): text, a blank line, signature lines.

A note is read strictly. Lines of keys nobody here knows are kept and not judged, as the standard asks: so a cosigner or
a key of a later algorithm can sign too. What the text says is not known here.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from audit.tlog.keys import KEY_ID_BYTES, SigningKey, VerifierKey, is_key_name
from audit.tlog.spelling import format_base64, parse_base64

MAX_NOTE_BYTES = 131_072  # room for 16 signatures of 5 kB, which C2SP asks a reader to accept
MAX_SIGNATURES = 64
_DASH = "\u2014 "


class NoteRefused(ValueError):
    """Text that is no signed note, or a note whose signatures do not hold."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: the key it names and the bytes after the key id."""

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        """Write the line, with its newline."""
        return f"{_DASH}{self.name} {format_base64(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A note taken apart. `text` ends in a newline and means nothing before `verify_note`."""

    text: str
    signatures: tuple[Signature, ...]


def parse_note(note: str | bytes) -> Note:
    """Take a note apart without judging its signatures. Raises NoteRefused where its form is not exact."""
    content = _check_characters(note)
    text, blank, lines = content.rpartition("\n\n")
    if not (text and blank and lines.endswith("\n")):
        raise NoteRefused("expected text, a blank line and signature lines, each ended by a newline")
    spelled = lines[:-1].split("\n")
    if len(spelled) > MAX_SIGNATURES:
        raise NoteRefused(f"expected at most {MAX_SIGNATURES} signature lines, met {len(spelled)}")
    return Note(text + "\n", tuple(map(_parse_line, spelled)))


def format_note(note: Note) -> str:
    """Put a note together. Raises NoteRefused for parts that would not come back the same."""
    content = f"{note.text}\n{''.join(signature.line() for signature in note.signatures)}"
    if parse_note(content) != note:
        raise NoteRefused("expected text that ends in a newline and holds no signature lines")
    return content


def sign_text(text: str, signers: Iterable[SigningKey]) -> Note:
    """Sign a text with one or more keys, lines in the order of the keys (C2SP signed-note, Ed25519)."""
    message = text.encode()
    lines = (Signature(signer.name, signer.verifier.key_id, signer.sign(message)) for signer in signers)
    return Note(text, tuple(lines))


def verify_note(note: Note, keys: Iterable[VerifierKey]) -> tuple[Signature, ...]:
    """Return the signatures of known keys, one for each key, all of which hold.

    Raises NoteRefused where a known key's line does not hold, or no known key has signed.
    """
    known: dict[tuple[str, bytes], VerifierKey] = {}
    for key in keys:
        if known.setdefault((key.name, key.key_id), key) != key:
            raise NoteRefused(f"two different keys are known as {key.name}+{key.key_id.hex()}")
    message = note.text.encode()
    held: dict[tuple[str, bytes], Signature] = {}
    for signature in note.signatures:
        who = (signature.name, signature.key_id)
        if (signer := known.get(who)) is None:
            continue
        if not signer.verify(message, signature.signature):
            raise NoteRefused(f"the signature of {signature.name}+{signature.key_id.hex()} does not hold")
        held.setdefault(who, signature)
    if not held:
        raise NoteRefused("none of the known keys has signed this note")
    return tuple(held.values())


def _check_characters(note: str | bytes) -> str:
    try:
        content = note.decode() if isinstance(note, bytes) else note
        size = len(content.encode())
    except UnicodeError:
        raise NoteRefused("expected valid UTF-8") from None
    if size > MAX_NOTE_BYTES:
        raise NoteRefused(f"expected at most {MAX_NOTE_BYTES} bytes, met {size}")
    if any(character < " " for character in content.replace("\n", "")):
        raise NoteRefused("expected no control character but newline")
    return content


def _parse_line(line: str) -> Signature:
    name, _, spelled = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not is_key_name(name):
        raise NoteRefused("expected a signature line: em dash, space, key name, space, base64")
    data = parse_base64(spelled)
    if data is None or len(data) <= KEY_ID_BYTES:
        raise NoteRefused(f"expected canonical base64 of a key id and a signature in the line of {name}")
    return Signature(name, data[:KEY_ID_BYTES], data[KEY_ID_BYTES:])
