"""Cosignatures (C2SP tlog-cosignature, type 0x04): what an outside party says of a checkpoint, with its time.

A cosigner's key is a kind of its own beside `keys`: it signs another message than the note's text, so that neither
signature can be passed off as the other. When to cosign, and whose lines count, is not known here. Post-quantum
cosigners (type 0x06) are lines of keys nobody here knows.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from audit.tlog.keys import (
    SIGNATURE_BYTES,
    KeyRefused,
    SigningKey,
    VerifierKey,
    check_key_id,
    format_key,
    key_id_of,
    split_key,
)
from audit.tlog.note import Note, NoteRefused, Signature

COSIGNATURE_V1 = b"\x04"  # C2SP signed-note, signature types
HEADER = "cosignature/v1"
TIME_BYTES = 8
MAX_TIME_S = 2**63 - 1


@dataclass(frozen=True, slots=True)
class CosignerKey:
    """The public half of a cosigner's key. Raises KeyRefused for an illegal name or key length."""

    name: str
    public_key: bytes
    key_id: bytes = field(init=False)
    _key: VerifierKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_key", VerifierKey(self.name, self.public_key))
        object.__setattr__(self, "key_id", key_id_of(self.name, COSIGNATURE_V1 + self.public_key))

    @classmethod
    def from_string(cls, text: str) -> "CosignerKey":
        """Read `name+hex(key id)+base64(0x04, public key)`; raises KeyRefused for any other spelling."""
        name, key_id, typed_key = split_key(text)
        if typed_key[:1] != COSIGNATURE_V1:
            raise KeyRefused(f"expected a cosigner's key of type 0x04, met 0x{typed_key[:1].hex()}")
        key = cls(name, typed_key[1:])
        check_key_id(key.key_id, key_id)
        return key

    def to_string(self) -> str:
        """Write the key as `name+hex(key id)+base64(0x04, public key)`."""
        return format_key(self.name, COSIGNATURE_V1 + self.public_key)

    def is_of(self, signature: Signature) -> bool:
        """Say whether a signature line names this key."""
        return (signature.name, signature.key_id) == (self.name, self.key_id)

    def time_of(self, text: str, signature: Signature) -> int:
        """Return when this key cosigned the text of a checkpoint, in seconds since 1970 UTC.

        Raises:
            NoteRefused: the line is another key's, its form is not exact, or its signature does not hold.
        """
        if not self.is_of(signature):
            raise NoteRefused(f"expected a line of {self.name}+{self.key_id.hex()}")
        stamped = signature.signature
        if len(stamped) != TIME_BYTES + SIGNATURE_BYTES:
            raise NoteRefused(f"expected a time and a signature, {TIME_BYTES + SIGNATURE_BYTES} bytes")
        time_s = int.from_bytes(stamped[:TIME_BYTES])
        if time_s > MAX_TIME_S or not self._key.verify(message(text, time_s), stamped[TIME_BYTES:]):
            raise NoteRefused(f"the cosignature of {self.name}+{self.key_id.hex()} does not hold")
        return time_s


class CosigningKey:
    """The secret half of a cosigner's key, from its 32-byte seed."""

    __slots__ = ("_key", "verifier")

    def __init__(self, name: str, seed: bytes) -> None:
        self._key = SigningKey(name, seed)
        self.verifier = CosignerKey(name, self._key.verifier.public_key)

    def cosign(self, text: str, *, time_s: int) -> Signature:
        """Cosign the text of a checkpoint at a time, in seconds since 1970 UTC."""
        signed = self._key.sign(message(text, time_s))
        return Signature(self.verifier.name, self.verifier.key_id, time_s.to_bytes(TIME_BYTES) + signed)


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A cosignature that holds: whose, when (seconds since 1970 UTC), and its line."""

    key: CosignerKey
    time_s: int
    signature: Signature


def stated_time(signature: Signature) -> int:
    """Return the time (seconds since 1970 UTC) that a cosigner's line states; whether it holds is not judged."""
    return int.from_bytes(signature.signature[:TIME_BYTES])


def message(text: str, time_s: int) -> bytes:
    """Return the bytes a cosigner signs for the text of a checkpoint."""
    return f"{HEADER}\ntime {time_s}\n{text}".encode()


def cosigned(note: Note, keys: Iterable[CosignerKey]) -> tuple[Cosigned, ...]:
    """Return the cosignatures of these keys on a note, one for each key, in the order of the keys.

    Lines of other keys are not judged. Raises NoteRefused where one of these keys' lines does not hold.
    """
    found: list[Cosigned] = []
    for key in dict.fromkeys(keys):
        times = [(key.time_of(note.text, line), line) for line in note.signatures if key.is_of(line)]
        found += [Cosigned(key, time_s, line) for time_s, line in times[:1]]
    return tuple(found)
