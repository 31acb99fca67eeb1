"""Passkeys that wait for somebody to vouch for them: no record of anything yet, and deleted once they are enrolled.

Not here: what a passkey must show (`audit.services.passkeys`) and the entry that enrols one.
"""

from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, insert, select, update

from audit.storage.schema import passkey_request


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRequest:
    """A request as kept; `body` are the canonical facts of the entry that it asks for."""

    credential: str
    person: str
    body: bytes = field(repr=False)
    requested_ms: int


def find(conn: Connection, site: str, credential: str) -> StoredRequest | None:
    """The request for a credential, if one waits."""
    return next(iter(_rows(conn, site, passkey_request.c.credential == credential)), None)


def every(conn: Connection, site: str) -> tuple[StoredRequest, ...]:
    """All requests of a site, oldest first."""
    return _rows(conn, site)


def put(conn: Connection, site: str, new: StoredRequest) -> None:
    """Keep a request; the same person's for the same credential takes the place of the one before."""
    values = {"body": new.body, "requested_ms": new.requested_ms}
    here = (passkey_request.c.site == site) & (passkey_request.c.credential == new.credential)
    kept = conn.execute(update(passkey_request).where(here, passkey_request.c.person == new.person).values(values))
    if not kept.rowcount:
        conn.execute(insert(passkey_request).values(site=site, credential=new.credential, person=new.person, **values))


def drop(conn: Connection, site: str, credential: str) -> None:
    """Forget a request."""
    here = (passkey_request.c.site == site) & (passkey_request.c.credential == credential)
    conn.execute(delete(passkey_request).where(here))


def _rows(conn: Connection, site: str, *where: object) -> tuple[StoredRequest, ...]:
    query = (
        select(
            passkey_request.c.credential,
            passkey_request.c.person,
            passkey_request.c.body,
            passkey_request.c.requested_ms,
        )
        .where(passkey_request.c.site == site, *where)  # type: ignore[arg-type]
        .order_by(passkey_request.c.requested_ms, passkey_request.c.credential)
    )
    return tuple(
        StoredRequest(credential=row.credential, person=row.person, body=row.body, requested_ms=row.requested_ms)
        for row in conn.execute(query)
    )
