"""What must not be shown yet: readings and counts whose second person has still to look.

Blind means absent (product.md): the figures, the bytes that hold them and what follows from them are in no answer to
anyone but the person who stated them. Once the second reading agrees, the container is emptied or the count is
revealed, everything is open to all. Deliberately not here: deciding who may witness (`domain.waste`).
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from audit.domain import events
from audit.domain.book import Book, Recorded
from audit.domain.people import MAY
from audit.domain.postings import Account, postings
from audit.domain.reconcile import Statement, Strength
from audit.services.register import Register
from audit.storage import ledger, registers
from audit.storage.engine import Connection, read

_READINGS = (events.RemainderRead, events.RemainderReread, events.RemainderHeld)
_FOUND = (events.CountRecorded, events.CountConfirmed)
_LATEST = 100
"""How many counts back an open one is looked for, and how many readings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What waits for a second person: readings with their own entries, and the counts that are open."""

    readings: tuple[Recorded, ...] = ()
    counts: tuple[Recorded, ...] = ()
    strengths: tuple[Strength, ...] = ()
    """The strength of each reading, in the order of `readings`."""
    inventories: tuple[Recorded, ...] = ()
    """Parts of an opening inventory that only its first person has counted."""


def may_count(roles: Iterable[str]) -> bool:
    """Say whether somebody with these roles may still count or witness."""
    return not MAY["count_recorded"].isdisjoint(roles)


def is_withheld(book: Book, entry: Recorded, viewer: str) -> bool:
    """Say whether an entry may not be shown to a person yet; the book is complete for the entry's keys."""
    if entry.actor == viewer:
        return False
    if isinstance(entry.event, _READINGS):
        return is_reading_open(book, entry.event.container)
    if isinstance(entry.event, _FOUND):
        count = book.counts.get(entry.event.count)
        return count is not None and count.is_open
    if isinstance(entry.event, events.CaseOpened) and entry.event.container:
        # How much a held bag differs, beside what one found in it, would tell what was first read.
        return is_reading_open(book, entry.event.container)
    if isinstance(entry.event, events.SessionClosed):
        return is_close_open(book, entry.event)
    return isinstance(entry.event, events.InventoryTaken) and is_inventory_open(book, entry)


def is_close_open(book: Book, closed: events.SessionClosed) -> bool:
    """Say whether a session closed over a held bag that nobody has read a second time: drawn less given tells it."""
    session = book.sessions.get(closed.session)
    return session is not None and any(is_reading_open(book, syringe) for syringe in session.syringes)


def is_inventory_open(book: Book, taken: Recorded) -> bool:
    """Say whether a part of an opening inventory stands and no second person has counted it."""
    return taken.index not in book.struck and taken.index not in book.confirmations


def is_reading_open(book: Book, container: str) -> bool:
    """Say whether a container was read by one person, holds something, and no second reading agrees."""
    known = book.containers.get(container)
    if known is None or known.reading is None or known.reading.agrees or known.is_finished:
        return False
    return book.on_hand(container) > 0


def waiting(register: Register) -> Waiting:
    """Return what waits for a second person now."""
    with read(register.engine) as conn:
        return waiting_in(conn, register.site)


def waiting_in(conn: Connection, site: str) -> Waiting:
    """As `waiting`, in a snapshot that is already open."""
    read_last = registers.newest(conn, site, limit=_LATEST, kinds=("remainder_read", "remainder_held")).entries
    begun = registers.newest(conn, site, limit=_LATEST, kinds=("count_started",)).entries
    keys = {f"container:{one.event.container}" for one in read_last if isinstance(one.event, _READINGS)}
    keys |= {f"inventory:{one}" for one in registers.keyed(conn, site, "inventory")}
    keys |= {f"count:{one.event.count}" for one in begun if isinstance(one.event, events.CountStarted)}
    book = ledger.load_book(conn, site, keys)
    open_ones = [
        entry
        for entry in book.entries.values()
        if isinstance(entry.event, _READINGS)
        and entry.index not in book.struck
        and is_reading_open(book, entry.event.container)
    ]
    vials = [book.containers[entry.event.container] for entry in open_ones if isinstance(entry.event, _READINGS)]
    return Waiting(
        readings=tuple(open_ones),
        strengths=tuple(Strength(vial.concentration_ug_per_ml, vial.form) for vial in vials),
        counts=tuple(count.started for count in book.counts.values() if count.is_open),
        inventories=tuple(one for one in book.inventories.values() if is_inventory_open(book, one)),
    )


def withheld_from(found: Waiting, viewer: str, roles: AbstractSet[str], *, size: int) -> tuple[Recorded, ...]:
    """Return the entries below a log size that make a document of that size not yet this person's to read.

    An inspector neither counts nor witnesses, and may read.
    """
    if not may_count(roles):
        return ()
    first = (*found.readings, *found.inventories)
    return tuple(one for one in first if one.actor != viewer and one.index < size) + tuple(
        one for one in found.counts if one.index < size
    )


def without_open_readings(
    statements: tuple[Statement, ...], found: Waiting, viewer: str, *, from_ms: int, until_ms: int, size: int
) -> tuple[Statement, ...]:
    """Return the statements as if the readings still open to a second person had not been made.

    What they say was given is then still in hand, so both sides still agree and nothing can be worked out.
    """
    made = list(statements)
    for entry, strength in zip(found.readings, found.strengths, strict=True):
        if entry.actor == viewer or entry.index >= size or entry.occurred_ms >= until_ms:
            continue
        made = [_put_back(one, entry, from_ms) if one.strength == strength else one for one in made]
    return tuple(made)


def _put_back(statement: Statement, entry: Recorded, from_ms: int) -> Statement:
    moved = dict.fromkeys(Account, 0)
    for posting in postings(entry.event):
        moved[posting.account] += posting.mass_ug
    given, residual = moved[Account.GIVEN], moved[Account.RESIDUAL]
    gone = given + residual
    closing = None if statement.closing_ug is None else statement.closing_ug + gone
    book = statement.book_closing_ug + gone
    if entry.occurred_ms < from_ms:
        return replace(statement, opening_ug=statement.opening_ug + gone, closing_ug=closing, book_closing_ug=book)
    return replace(
        statement,
        given_ug=statement.given_ug - given,
        residual_ug=statement.residual_ug - residual,
        closing_ug=closing,
        book_closing_ug=book,
    )
