"""The accounts of people as entries about persons make them; the write path alone calls this, in its transaction."""

from audit.domain import events
from audit.storage import people
from audit.storage.engine import Connection


def enter_account(conn: Connection, site: str, event: events.Event, *, password_hash: str | None, now_ms: int) -> None:
    """Derive the account rows from an entry about a person; the hash itself is beside the log."""
    match event:
        case events.PersonEnrolled():
            people.enrol(
                conn,
                people.Account(
                    site=site,
                    person=event.person,
                    name=event.name,
                    sign_in=event.sign_in,
                    profession=event.profession,
                    licence=event.licence or "",
                    roles=frozenset(event.roles),
                    password_hash=password_hash,
                ),
            )
        case events.RolesChanged(person=person, roles=roles):
            people.set_roles(conn, site, person, roles=roles, at_ms=now_ms)
        case events.PersonEnded(person=person):
            people.end(conn, site, person, at_ms=now_ms)
        case events.PasswordSet(person=person):
            people.set_password(conn, site, person, password_hash=password_hash, at_ms=now_ms)
        case _:
            pass
