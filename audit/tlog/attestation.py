"""What a signature on an act signs (log-format section 4), and the service's own signature (section 6).

The attestation stands in an entry as 128 lower-case hexadecimal digits, the spelling that the format gives to all bytes
but those of WebAuthn. Which acts need it, and passkeys' signatures over the same challenge, are not judged here.
"""

from collections.abc import Mapping
from hashlib import sha256

from audit.tlog.canonical import encode
from audit.tlog.keys import SIGNATURE_BYTES, SigningKey, VerifierKey
from audit.tlog.spelling import parse_hex

_TAG = b"ketamine-audit/act/v1\x00"


def challenge(act: Mapping[str, object], origin: str) -> bytes:
    """Return the 32 bytes that whoever stands for the act signs. Raises NotCanonical for an act outside the profile."""
    return sha256(_TAG + encode({"act": act, "log": origin})).digest()


def attest(act: Mapping[str, object], origin: str, key: SigningKey) -> str:
    """Sign the challenge of an act with the service key: 128 lower-case hexadecimal digits."""
    return key.sign(challenge(act, origin)).hex()


def attest_holds(act: Mapping[str, object], *, origin: str, attest: str, key: VerifierKey) -> bool:
    """The attestation of this act in this log is by this key, and in its one spelling."""
    signature = parse_hex(attest)
    if signature is None or len(signature) != SIGNATURE_BYTES:
        return False
    return key.verify(challenge(act, origin), signature)
