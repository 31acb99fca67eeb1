"""Sealed values at rest: encrypted under a key per owner, which a key outside the database wraps.

The entry holds only a commitment (log-format section 5). Here value and `r` are
kept apart from it, so that destroying the owner's key and rows erases them while
the log still verifies. Not here: making and opening commitments (`audit.tlog.seal`),
which keys there are, and when erasing is allowed.

AES-256-GCM of NIST SP 800-38D with a fresh 12-byte nonce in front of each ciphertext.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, bindparam, delete, insert, select

from audit.storage.schema import log_entry, sealed, sealed_key
from audit.tlog import canonical

_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32
_R_BYTES: Final = 32
_CHUNK: Final = 500

Sealable = str | int | bool | list[Any] | dict[str, Any]


class SealBroken(Exception):
    """The stored bytes are not what was sealed here: changed, moved to another place, or of another key."""


@dataclass(frozen=True, slots=True)
class Vault:
    """What opening and sealing for one log needs: the wrapping key (32 bytes) and a source of random bytes."""

    site: str
    origin: str
    wrapping_key: bytes = field(repr=False)
    random: Callable[[int], bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Place:
    """Which sealed value: the entry's index and the name of its field under `sealed`."""

    index: int
    field: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A sealed value in the clear, with the `r` that its commitment was made from."""

    r: bytes = field(repr=False)
    value: Sealable = field(repr=False)


_ROW: Final = select(sealed.c.owner, sealed.c.ciphertext).where(
    sealed.c.site == bindparam("at_site"),
    sealed.c.idx == bindparam("at"),
    sealed.c.field == bindparam("of_field"),
)
_KEY: Final = select(sealed_key.c.wrapped).where(
    sealed_key.c.site == bindparam("at_site"), sealed_key.c.owner == bindparam("of_owner")
)


def put(conn: Connection, vault: Vault, place: Place, *, owner: str, opened: Opened) -> None:
    """Seal a value for `owner`, the patient's pseudonym or the entry's nonce.

    The owner's key is drawn with the first value. Raises `SealBroken` when the
    owner's key cannot be unwrapped, and `ValueError` for an `r` that is not 32 bytes.
    """
    if len(opened.r) != _R_BYTES:
        raise ValueError(f"expected an r of {_R_BYTES} bytes, met {len(opened.r)}")
    key = _owner_key(conn, vault, owner) or _draw_owner_key(conn, vault, owner)
    plain = opened.r + canonical.encode({"v": opened.value}, line_feeds=True)
    ciphertext = _encrypt(vault, key, plain, _place_data(vault, owner, place.field))
    conn.execute(
        insert(sealed),
        {
            "site": vault.site,
            "idx": place.index,
            "field": place.field,
            "owner": owner,
            "ciphertext": ciphertext,
        },
    )


def opened(conn: Connection, vault: Vault, place: Place) -> Opened | None:
    """The value sealed at this place; None when it or its owner's key is gone.

    Raises `SealBroken` when what is there does not decrypt. Whether it is what
    the entry committed to is for the caller to check.
    """
    row = conn.execute(_ROW, {"at_site": vault.site, "at": place.index, "of_field": place.field}).one_or_none()
    if row is None:
        return None
    wrapped = conn.scalar(_KEY, {"at_site": vault.site, "of_owner": row.owner})
    if wrapped is None:
        return None
    return open_row(vault, place.field, owner=row.owner, wrapped=wrapped, ciphertext=row.ciphertext)


def open_row(vault: Vault, name: str, *, owner: str, wrapped: bytes, ciphertext: bytes) -> Opened:
    """Open the value of a field by the row it stands in and its owner's wrapped key; asks the database nothing.

    Raises `SealBroken` when it does not decrypt.
    """
    key = _decrypt(vault.wrapping_key, wrapped, _key_data(vault, owner))
    plain = _decrypt(key, ciphertext, _place_data(vault, owner, name))
    try:
        value = canonical.decode(plain[_R_BYTES:], line_feeds=True)["v"]
    except (canonical.NotCanonical, KeyError) as error:
        raise SealBroken("the sealed bytes are not a value") from error
    return Opened(r=plain[:_R_BYTES], value=value)


def destroy(conn: Connection, site: str, owner: str, also: Sequence[int] = ()) -> int:
    """Erase an owner: its key and every value sealed under it, and what is kept for each of the entries `also` alone.

    Returns how many values went.
    """
    owners = {owner}
    for start in range(0, len(also), _CHUNK):
        alone = select(log_entry.c.nonce).where(
            log_entry.c.site == site, log_entry.c.idx.in_(also[start : start + _CHUNK])
        )
        owners |= set(conn.scalars(alone))
    gone = 0
    for one in sorted(owners):
        conn.execute(delete(sealed_key).where(sealed_key.c.site == site, sealed_key.c.owner == one))
        gone += conn.execute(delete(sealed).where(sealed.c.site == site, sealed.c.owner == one)).rowcount
    return gone


def keeps(conn: Connection, site: str, owner: str) -> bool:
    """Say whether a key or a value of an owner is still there."""
    of_key = select(sealed_key.c.owner).where(sealed_key.c.site == site, sealed_key.c.owner == owner)
    of_value = select(sealed.c.owner).where(sealed.c.site == site, sealed.c.owner == owner).limit(1)
    return conn.scalar(of_key) is not None or conn.scalar(of_value) is not None


def _owner_key(conn: Connection, vault: Vault, owner: str) -> bytes | None:
    wrapped = conn.scalar(_KEY, {"at_site": vault.site, "of_owner": owner})
    return None if wrapped is None else _decrypt(vault.wrapping_key, wrapped, _key_data(vault, owner))


def _draw_owner_key(conn: Connection, vault: Vault, owner: str) -> bytes:
    key = vault.random(_KEY_BYTES)
    wrapped = _encrypt(vault, vault.wrapping_key, key, _key_data(vault, owner))
    conn.execute(insert(sealed_key), {"site": vault.site, "owner": owner, "wrapped": wrapped})
    return key


def _place_data(vault: Vault, owner: str, field: str) -> bytes:
    """Associated data of log-format section 5, so that no ciphertext opens in another's place.

    The index is not among them: an owner's value may be sealed before its entry has a place.
    """
    return canonical.encode({"field": field, "log": vault.origin, "owner": owner})


def _key_data(vault: Vault, owner: str) -> bytes:
    return canonical.encode({"key_of": owner, "log": vault.origin})


def _encrypt(vault: Vault, key: bytes, plain: bytes, data: bytes) -> bytes:
    nonce = vault.random(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, data)


def _decrypt(key: bytes, ciphertext: bytes, data: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(ciphertext[:_NONCE_BYTES], ciphertext[_NONCE_BYTES:], data)
    # A shortened ciphertext is a ValueError, for the nonce is too short.
    except (InvalidTag, ValueError) as error:
        raise SealBroken("the sealed bytes do not open under their owner's key") from error
