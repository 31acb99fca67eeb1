"""Passkey evidence (WebAuthn Level 2) checked from stored bytes alone: log-format section 6.

Here: what an assertion must show, and the challenge that enrols a passkey. Not here: the ceremony with a browser, whose
passkey it is and whether it was revoked (verification), and which hosts sign (entries).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

import cbor2
import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from audit.tlog.canonical import encode
from audit.tlog.spelling import parse_base64url

ES256, EDDSA, RS256 = -7, -8, -257  # COSE algorithms, RFC 9053
ALGORITHMS = (ES256, EDDSA, RS256)
"""Those a passkey may sign with, in the order in which they are asked for."""

_ENROL_TAG = b"ketamine-audit/enrol/v1\x00"
_SMALLEST_DATA = 37  # RP id hash, flags, sign count (WebAuthn Level 2, section 6.1)
_PRESENT, _VERIFIED, _BACKUP_ELIGIBLE, _BACKED_UP = 0x01, 0x04, 0x08, 0x10
_LEAST_RSA_BITS = 2048

PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey


class KeyRefused(ValueError):
    """Bytes that are no COSE key of an algorithm a passkey may sign with, in its one encoding."""


class Evidence(NamedTuple):
    """The parts of an assertion, as the authenticator and the browser gave them."""

    authenticator_data: bytes
    client_data: bytes
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What an assertion must be about: the 32 bytes signed, the passkey, and where passkeys sign."""

    challenge: bytes
    public_key: bytes = field(repr=False)
    algorithm: int
    rp_id: str
    origins: Collection[str]


def read_evidence(parts: Mapping[str, object]) -> Evidence | None:
    """Return the three parts of an assertion from their base64url; None where one is missing or misspelt."""
    spelled = (parts.get("authenticator_data"), parts.get("client_data"), parts.get("signature"))
    data = [parse_base64url(text) if isinstance(text, str) else None for text in spelled]
    if any(not part for part in data):
        return None
    return Evidence(*(part or b"" for part in data))


def enrolment(*, actor: str, credential: str, log: str, public_key: str) -> bytes:
    """Return the 32 bytes that a new passkey signs to show that it exists; texts as they stand in the entry."""
    fields = {"actor": actor, "credential": credential, "log": log, "public_key": public_key}
    return sha256(_ENROL_TAG + encode(fields)).digest()


def fault(evidence: Evidence, expected: Expected) -> str | None:
    """Return in words what an assertion does not show, the first thing found; None where it holds."""
    return _client_fault(evidence.client_data, expected) or _authenticator_fault(evidence, expected)


def algorithm_of(cose: bytes) -> int:
    """Return the algorithm a COSE key is of. Raises KeyRefused."""
    return _read_key(cose)[0]


def _client_fault(client_data: bytes, expected: Expected) -> str | None:
    try:
        client = orjson.loads(client_data)
    except orjson.JSONDecodeError:
        return "client data that is no JSON"
    if not isinstance(client, dict):
        return "client data that is no object"
    if client.get("type") != "webauthn.get":
        return "an answer to another question than to sign"
    spelled = client.get("challenge")
    if not isinstance(spelled, str) or parse_base64url(spelled) != expected.challenge:
        return "a signature over something else"
    if client.get("origin") not in expected.origins:
        return "a signature made for another address"
    if client.get("crossOrigin", False) is not False:
        return "a signature made inside a page of another address"
    return None


def _authenticator_fault(evidence: Evidence, expected: Expected) -> str | None:
    data = evidence.authenticator_data
    if len(data) < _SMALLEST_DATA:
        return "authenticator data cut short"
    flags = data[32]
    if data[:32] != sha256(expected.rp_id.encode()).digest():
        return "a passkey of another host"
    if not flags & _PRESENT:
        return "nobody present at the authenticator"
    if not flags & _VERIFIED:
        return "a person who was not verified by the authenticator"
    if flags & _BACKED_UP and not flags & _BACKUP_ELIGIBLE:
        return "a backup of a passkey that allows none"
    try:
        algorithm, key = _read_key(expected.public_key)
    except KeyRefused:
        return "a public key that cannot be read"
    if algorithm != expected.algorithm:
        return "a key of another algorithm than enrolled"
    if not _holds(key, evidence.signature, data + sha256(evidence.client_data).digest()):
        return "a signature that does not hold"
    return None


def _holds(key: PublicKey, signature: bytes, message: bytes) -> bool:
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, message, ec.ECDSA(SHA256()))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), SHA256())
        else:
            key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=1024)
def _read_key(cose: bytes) -> tuple[int, PublicKey]:
    try:
        fields = cbor2.loads(cose)
        if not isinstance(fields, dict) or cbor2.dumps(fields, canonical=True) != cose:
            raise KeyRefused("expected a COSE key in canonical CBOR")
        return fields[3], _key(fields)
    except (cbor2.CBORError, LookupError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise KeyRefused("expected a COSE key of ES256, EdDSA or RS256") from error


def _key(fields: Mapping[int, object]) -> PublicKey:
    """Make the key that the fields of RFC 9053 sections 7.1 and 7.2 and RFC 8230 section 4 describe."""
    match (fields[1], fields[3], len(fields)):
        case (2, -7, 5) if fields[-1] == 1:
            point = b"\x04" + _bytes(fields[-2], 32) + _bytes(fields[-3], 32)
            return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        case (1, -8, 4) if fields[-1] == 6:  # noqa: PLR2004 -- the curve Ed25519
            return ed25519.Ed25519PublicKey.from_public_bytes(_bytes(fields[-2], 32))
        case (3, -257, 4):
            modulus = int.from_bytes(_bytes(fields[-1]), "big")
            if modulus.bit_length() < _LEAST_RSA_BITS:
                raise KeyRefused(f"expected an RSA key of at least {_LEAST_RSA_BITS} bits")
            return rsa.RSAPublicNumbers(int.from_bytes(_bytes(fields[-2]), "big"), modulus).public_key()
        case _:
            raise KeyRefused("expected a COSE key of ES256, EdDSA or RS256")


def _bytes(value: object, length: int | None = None) -> bytes:
    if not isinstance(value, bytes) or (length is not None and len(value) != length):
        raise KeyRefused("expected a number of a key as bytes of its length")
    return value
