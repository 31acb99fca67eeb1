"""Lost entries filled in again from a mirror of the log, byte for byte, up to the very head that the signer remembers.

All of them or none. What an entry only commits to is not in a mirror and does not come back: sealed values, which
verifying then names as missing, and the passwords of people who chose one in the lost part, who are sent a new link.
"""

from collections.abc import Iterable

from audit.domain import events
from audit.domain.book import Recorded
from audit.domain.errors import Refused
from audit.domain.fold import apply
from audit.domain.keys import keys
from audit.services.accounts import enter_account
from audit.services.administering import Administrator
from audit.services.record import projection_of
from audit.services.register import Register
from audit.services.signing.signer import Held, Signer
from audit.services.verifying.check_01_bytes import decode_again
from audit.storage import ledger, log, tree
from audit.storage.engine import Connection, write
from audit.storage.log import Head, NewEntry
from audit.tlog.entry import Entry, decode_entry


def refill(register: Register, signer: Signer, bodies: Iterable[bytes], by: Administrator) -> Recorded:
    """Fill in the entries that the database lost, from all entries of a mirror in order, and record that it was done.

    Raises:
        Refused: `nothing_missing`; `mirror_short` where the mirror does not reach the signer's head, `mirror_differs`
            where it leads to another one, `mirror_unreadable`; those of the write path.
        SignerAway: the signer does not answer.
    """
    held = signer.held(register.origin)
    if held is None:
        raise Refused("nothing_missing")
    with write(register.engine) as conn:
        head = log.lock_head(conn, register.site)
        from_size, from_root = head.size, tree.root(conn, register.site, head.size)
        if from_size >= held.size:
            raise Refused("nothing_missing")
        for index, body in enumerate(bodies):
            if from_size <= index < held.size:
                head = _copy(conn, register, head, body)
        _check_reached(conn, register, head, held)
    restored = events.LogRestored(size=held.size, root=held.root.hex(), from_size=from_size, from_root=from_root.hex())
    return by.state(register, restored, "log_restored")


def _check_reached(conn: Connection, register: Register, head: Head, held: Held) -> None:
    if head.size < held.size:
        raise Refused("mirror_short", size=head.size, wanted=held.size)
    if tree.root(conn, register.site, held.size) != held.root:
        raise Refused("mirror_differs", size=held.size)


def _copy(conn: Connection, register: Register, head: Head, body: bytes) -> Head:
    """Append one entry as it is, with everything derived from it."""
    recorded = decode_again(body)
    if recorded is None:
        raise Refused("mirror_unreadable", entry=head.size)
    entry = decode_entry(body)
    if (entry.log, entry.index, entry.prev) != (register.origin, head.size, head.leaf.hex()):
        raise Refused("mirror_differs", size=head.size)
    site, event = register.site, recorded.event
    named = [event.of.index] if isinstance(event, events.EntryStruck) else []
    book = ledger.load_book(conn, site, keys(event) | ledger.products_of([recorded]), named=named)
    after = log.append(conn, site, head, [_row(entry, recorded)])
    book.entries[recorded.index] = recorded
    apply(book, recorded)
    ledger.project(conn, site, [projection_of(book, recorded)], book)
    enter_account(conn, site, event, password_hash=None, now_ms=recorded.recorded_ms)
    return after


def _row(entry: Entry, recorded: Recorded) -> NewEntry:
    session = entry.act.get("session")
    return NewEntry(
        leaf=entry.leaf,
        body=entry.body,
        kind=entry.kind,
        actor=entry.actor,
        method=entry.method,
        nonce=str(entry.act["nonce"]),
        session=str(session) if session is not None else None,
        occurred_ms=recorded.occurred_ms,
        recorded_ms=entry.recorded_ms,
    )
