"""Commitments to what an entry must not show: sealed values and password hashes (log-format sections 4 and 5).

Where values, their random keys and their encryption are kept is not known here.
"""

import hmac
from collections.abc import Mapping, Sequence
from hashlib import sha256

from audit.tlog.canonical import encode

SEAL_KEY_BYTES = 32
_SEAL_TAG = b"ketamine-audit/seal/v1\x00"
_PASSWORD_TAG = b"ketamine-audit/password/v1\x00"

Sealable = str | int | bool | Sequence[object] | Mapping[str, object]


def seal(r: bytes, value: Sealable) -> str:
    """Commit to a value under the 32 random bytes `r` drawn for it alone: lower-case hex of HMAC-SHA-256.

    Text may hold line feeds. Raises NotCanonical for a value outside the profile, ValueError for another length of r.
    """
    if len(r) != SEAL_KEY_BYTES:
        raise ValueError(f"expected {SEAL_KEY_BYTES} random bytes, met {len(r)}")
    return hmac.digest(r, _SEAL_TAG + encode({"v": value}, line_feeds=True), "sha256").hex()


def seal_opens(commitment: str, *, r: bytes, value: Sealable) -> bool:
    """The value and its `r` are those that the commitment was made from."""
    return hmac.compare_digest(commitment.encode(), seal(r, value).encode())


def password_commitment(stored_hash: str) -> str:
    """Commit to a stored password hash: lower-case hex of SHA-256. Its salt makes it impossible to guess from here."""
    return sha256(_PASSWORD_TAG + stored_hash.encode()).hexdigest()
