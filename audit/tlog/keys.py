"""Ed25519 keys under a name, and the text of verifier keys (C2SP signed-note, RFC 8032).

Seeds come from the caller: how they are made and kept is not known here. Cosigners' keys (type 0x04) are another kind.
"""

from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from audit.tlog.spelling import format_base64, parse_base64, parse_hex

ED25519 = b"\x01"  # C2SP signed-note, signature types
KEY_ID_BYTES = 4
PUBLIC_KEY_BYTES = 32
SEED_BYTES = 32
SIGNATURE_BYTES = 64
MAX_NAME_BYTES = 255


class KeyRefused(ValueError):
    """A key, its name or its text is not in the one form it may have."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """The public half of a named key: checks signatures. Raises KeyRefused for an illegal name or key length."""

    name: str
    public_key: bytes
    key_id: bytes = field(init=False)
    _key: Ed25519PublicKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not is_key_name(self.name):
            raise KeyRefused("expected a key name without spaces, plus signs and control characters")
        if len(self.public_key) != PUBLIC_KEY_BYTES:
            raise KeyRefused(f"expected a public key of {PUBLIC_KEY_BYTES} bytes, met {len(self.public_key)}")
        object.__setattr__(self, "key_id", key_id_of(self.name, ED25519 + self.public_key))
        object.__setattr__(self, "_key", Ed25519PublicKey.from_public_bytes(self.public_key))

    @classmethod
    def from_string(cls, text: str) -> "VerifierKey":
        """Read `name+hex(key id)+base64(type, public key)`; raises KeyRefused for any other spelling."""
        name, key_id, typed_key = split_key(text)
        if typed_key[:1] != ED25519:
            raise KeyRefused(f"expected a key of type 0x01 (Ed25519), met 0x{typed_key[:1].hex()}")
        key = cls(name, typed_key[1:])
        check_key_id(key.key_id, key_id)
        return key

    def to_string(self) -> str:
        """Write the key as `name+hex(key id)+base64(type, public key)`."""
        return format_key(self.name, ED25519 + self.public_key)

    def verify(self, message: bytes, signature: bytes) -> bool:
        """The signature of these bytes is by this key (RFC 8032 section 5.1.7)."""
        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


class SigningKey:
    """The secret half of a named key, from its 32-byte seed (RFC 8032 section 5.1.5)."""

    __slots__ = ("_key", "verifier")

    def __init__(self, name: str, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise KeyRefused(f"expected a seed of {SEED_BYTES} bytes, met {len(seed)}")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = VerifierKey(name, self._key.public_key().public_bytes_raw())

    @property
    def name(self) -> str:
        """The name that stands in signature lines and in the verifier key."""
        return self.verifier.name

    def sign(self, message: bytes) -> bytes:
        """Sign bytes (RFC 8032 section 5.1.6): 64 bytes, the same each time."""
        return self._key.sign(message)


def key_id_of(name: str, typed_key: bytes) -> bytes:
    """Return the id of a key: 4 bytes over its name, its type and its public half (C2SP signed-note)."""
    return sha256(name.encode() + b"\n" + typed_key).digest()[:KEY_ID_BYTES]


def format_key(name: str, typed_key: bytes) -> str:
    """Write a verifier key of any type as `name+hex(key id)+base64(type, public key)`."""
    return f"{name}+{key_id_of(name, typed_key).hex()}+{format_base64(typed_key)}"


def split_key(text: str) -> tuple[str, bytes, bytes]:
    """Take the text of a verifier key apart: name, key id, type and public half. Raises KeyRefused for another form."""
    name, first, rest = text.partition("+")
    spelled_id, second, spelled_key = rest.partition("+")
    key_id, typed_key = parse_hex(spelled_id), parse_base64(spelled_key)
    if not (first and second and key_id and typed_key):
        raise KeyRefused("expected a verifier key name+hex+base64")
    return name, key_id, typed_key


def check_key_id(own: bytes, spelled: bytes) -> None:
    """Raises KeyRefused where a key's text names another id than the key has."""
    if own != spelled:
        raise KeyRefused(f"expected key id {own.hex()}, met {spelled.hex()}")


def is_key_name(name: str) -> bool:
    """The text may name a key (C2SP signed-note): not empty, no Unicode space, no plus, no control character."""
    if not name or "+" in name or any(character.isspace() or character < " " for character in name):
        return False
    try:
        return len(name.encode()) <= MAX_NAME_BYTES
    except UnicodeEncodeError:  # a lone surrogate
        return False
