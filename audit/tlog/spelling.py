"""The one spelling of bytes and sizes as text: base64, base64url, lower-case hexadecimal, decimal.

Each reader answers None where the text is not exactly what the writer would give; what to say then is the caller's.
"""

import re
from base64 import b64decode, b64encode, urlsafe_b64decode, urlsafe_b64encode

from audit.tlog.canonical import MAX_INT

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,15}")
_HEX = re.compile(r"(?:[0-9a-f]{2})*")


def format_base64(data: bytes) -> str:
    """Write bytes as padded base64 (RFC 4648 section 4)."""
    return b64encode(data).decode("ascii")


def parse_base64(text: str) -> bytes | None:
    """Read padded base64 (RFC 4648 section 4) with zero pad bits, or answer None."""
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        return None
    return data if format_base64(data) == text else None


def parse_base64url(text: str) -> bytes | None:
    """Read base64url without padding (RFC 4648 section 5) with zero pad bits, or answer None."""
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    return data if urlsafe_b64encode(data).rstrip(b"=").decode("ascii") == text else None


def parse_hex(text: str) -> bytes | None:
    """Read lower-case hexadecimal, or answer None."""
    return bytes.fromhex(text) if _HEX.fullmatch(text) else None


def parse_decimal(text: str) -> int | None:
    """Read an index or size: ASCII digits, no leading zero, at most 2^53-1; or answer None."""
    number = int(text) if _DECIMAL.fullmatch(text) else MAX_INT + 1
    return number if number <= MAX_INT else None
