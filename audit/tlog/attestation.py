"""What a signature on an act signs (log-format section 4), and the service's own signature (section 6).

The attestation stands in an entry as 128 lower-case hexadecimal digits, the spelling that the format gives to all bytes
but those of WebAuthn. Which acts need it, and passkeys' signatures over the same challenge, are not judged here.
"""

from collections.abc import Mapping
from hashlib import sha256

from audit.tlog.canonical import encode
from audit.tlog.entry import Entry
from audit.tlog.keys import SIGNATURE_BYTES, SigningKey, VerifierKey
from audit.tlog.spelling import parse_hex

_TAG = b"ketamine-audit/act/v1\x00"


def challenge(act: Mapping[str, object], origin: str) -> bytes:
    """Return the 32 bytes that whoever stands for the act signs. Raises NotCanonical for an act outside the profile."""
    return sha256(_TAG + encode({"act": act, "log": origin})).digest()


def challenge_of(entry: Entry) -> bytes:
    """Return the challenge of an entry's act, from the very bytes that are stored."""
    origin = encode({"log": entry.log})[1:]
    return sha256(_TAG + b'{"act":' + entry.act_bytes + b"," + origin).digest()


def attestation_of(entry: Entry) -> bytes | None:
    """Return the attestation of an entry as 64 bytes; None where it has none in its one spelling."""
    spelled = entry.signature.get("attest")
    signature = parse_hex(spelled) if isinstance(spelled, str) else None
    return signature if signature is not None and len(signature) == SIGNATURE_BYTES else None


def is_attested(entry: Entry, key: VerifierKey) -> bool:
    """Say whether an entry carries this key's attestation of its act."""
    signature = attestation_of(entry)
    return signature is not None and key.verify(challenge_of(entry), signature)


def attest(act: Mapping[str, object], origin: str, key: SigningKey) -> str:
    """Sign the challenge of an act with the service key: 128 lower-case hexadecimal digits."""
    return key.sign(challenge(act, origin)).hex()
