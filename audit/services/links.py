"""Links by which a person sets a password: signed, limited in time, good for one use, stored nowhere.

A link carries a stamp of the password it is to replace, so it is spent as soon as any password has been set.
Not here: the page behind the link, sending it, who may issue one.
"""

import dataclasses
import hashlib
from typing import Final

from itsdangerous import BadSignature, URLSafeSerializer

from audit.storage.people import Account

VALID_MS: Final = 48 * 60 * 60 * 1000
PASSWORD_LINK: Final = "password"  # noqa: S105 - the purpose of a link


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a link says; `stamp` is compared with `stamp_of` the account as it is now."""

    person: str
    stamp: str
    purpose: str
    expires_ms: int


def stamp_of(account: Account) -> str:
    """A short digest that changes whenever the password does, also from none to the first."""
    text = f"{account.site}\n{account.person}\n{account.password_hash or ''}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def issue_link(secret: bytes, link: Link) -> str:
    """The token that says this link, signed; safe in a URL."""
    return _serializer(secret, link.purpose).dumps([link.person, link.stamp, link.expires_ms])


def read_link(secret: bytes, token: str, *, purpose: str, now_ms: int) -> Link | None:
    """What the token says, or None when it is not ours, is for another purpose or has run out."""
    try:
        person, stamp, expires_ms = _serializer(secret, purpose).loads(token)
    except BadSignature:
        return None
    link = Link(person=person, stamp=stamp, purpose=purpose, expires_ms=expires_ms)
    return link if now_ms < link.expires_ms else None


def _serializer(secret: bytes, purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt=f"ketamine-audit/{purpose}", signer_kwargs={"digest_method": hashlib.sha256})
