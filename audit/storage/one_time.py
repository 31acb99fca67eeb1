"""Secrets of one-time codes at rest: AES-256-GCM under the wrapping key, bound to log and person; the last step used.

Not here: what a code is and whether one is right (`audit.services.one_time`).
"""

from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, delete, insert, select, update

from audit.storage.schema import one_time
from audit.storage.seals import SealBroken, Vault
from audit.tlog import canonical

_NONCE_BYTES: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSecret:
    """A person's secret in the clear, the last step whose code was used (-1 none), and whether they confirmed it."""

    secret: bytes = field(repr=False)
    last_counter: int
    confirmed: bool


def find(conn: Connection, vault: Vault, person: str) -> StoredSecret | None:
    """The secret of a person. Raises `SealBroken` where what is stored does not open."""
    row = conn.execute(
        select(one_time.c.secret, one_time.c.last_counter, one_time.c.confirmed)
        .where(one_time.c.site == vault.site, one_time.c.person == person)
        .with_for_update()
    ).one_or_none()
    if row is None:
        return None
    try:
        nonce, ciphertext = row.secret[:_NONCE_BYTES], row.secret[_NONCE_BYTES:]
        secret = AESGCM(vault.wrapping_key).decrypt(nonce, ciphertext, _data(vault, person))
    except (InvalidTag, ValueError) as error:
        raise SealBroken("the secret of one-time codes does not open") from error
    return StoredSecret(secret=secret, last_counter=row.last_counter, confirmed=bool(row.confirmed))


def is_confirmed(conn: Connection, site: str, person: str) -> bool:
    """Say whether a person uses one-time codes."""
    here = select(one_time.c.confirmed).where(one_time.c.site == site, one_time.c.person == person)
    return bool(conn.scalar(here))


def any_confirmed(conn: Connection, site: str) -> bool:
    """Say whether anybody of a site uses one-time codes."""
    here = select(one_time.c.person).where(one_time.c.site == site, one_time.c.confirmed == 1)
    return conn.scalar(here.limit(1)) is not None


def put(conn: Connection, vault: Vault, person: str, secret: bytes) -> None:
    """Keep a new secret in the place of any before it; it counts once it is confirmed."""
    drop(conn, vault.site, person)
    nonce = vault.random(_NONCE_BYTES)
    kept = nonce + AESGCM(vault.wrapping_key).encrypt(nonce, secret, _data(vault, person))
    conn.execute(insert(one_time).values(site=vault.site, person=person, secret=kept, last_counter=-1, confirmed=0))


def use(conn: Connection, site: str, person: str, counter: int) -> bool:
    """Take a step, which confirms the secret; False where that step or a later one was used meanwhile."""
    taken = conn.execute(
        update(one_time)
        .where(one_time.c.site == site, one_time.c.person == person, one_time.c.last_counter < counter)
        .values(last_counter=counter, confirmed=1)
    )
    return taken.rowcount == 1


def drop(conn: Connection, site: str, person: str) -> None:
    """Forget a person's secret."""
    conn.execute(delete(one_time).where(one_time.c.site == site, one_time.c.person == person))


def _data(vault: Vault, person: str) -> bytes:
    return canonical.encode({"log": vault.origin, "one_time_of": person})
