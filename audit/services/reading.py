"""Reading a register for pages: books of keys, what is on hand, one entry, one opened seal. Writes nothing."""

from collections.abc import Iterable

from audit.domain.book import Book, Recorded
from audit.domain.flags import Flag, flags
from audit.domain.fold import local_day
from audit.domain.keys import entry_key, keys
from audit.services.register import Register
from audit.storage import ledger, log, registers, seals
from audit.storage.engine import Connection, read
from audit.storage.seals import Sealable


def book_of(register: Register, wanted: Iterable[str], *, before: int | None = None) -> Book:
    """Return the book of some keys, such as `session:s_…`, complete for those."""
    with read(register.engine) as conn:
        return _book(register, conn, wanted, before)


def book_of_all(register: Register, *prefixes: str) -> Book:
    """Return the book of everything found under key prefixes, such as `product` or `case`."""
    with read(register.engine) as conn:
        wanted = {f"{prefix}:{one}" for prefix in prefixes for one in registers.keyed(conn, register.site, prefix)}
        return _book(register, conn, wanted, None)


def book_on_hand(register: Register) -> Book:
    """Return the book of every container with something in it on the shelf or held, and of no other.

    Entries also name containers that shared a delivery with these; of those the book would not know what left them.
    """
    with read(register.engine) as conn:
        vials = ledger.containers_on_hand(conn, register.site)
        book = _book(register, conn, {f"container:{one}" for one in vials}, None)
    book.containers = {one: book.containers[one] for one in vials}
    return book


def entry_at(register: Register, index: int) -> Recorded | None:
    """Return one entry by its place."""
    with read(register.engine) as conn:
        stored = log.entry(conn, register.site, index)
        return ledger.read_entry(stored) if stored else None


def body_at(register: Register, index: int) -> bytes | None:
    """Return the exact bytes of one entry."""
    with read(register.engine) as conn:
        stored = log.entry(conn, register.site, index)
        return stored.body if stored else None


def book_around(register: Register, entry: Recorded) -> Book:
    """Return the book complete for an entry's own keys, with whatever refers to it."""
    return book_of(register, keys(entry.event) | {entry_key(entry.index)})


def flags_of(register: Register, book: Book, entry: Recorded) -> tuple[Flag, ...]:
    """Return the marks of an entry under the policy of the day it happened."""
    return flags(book, entry, register.policy_on(local_day(entry.occurred_ms, entry.offset_min)))


def sealed_value(register: Register, index: int, field: str) -> Sealable | None:
    """Return a sealed value in the clear; None when it was erased or never sealed.

    Raises:
        SealBroken: what is stored does not open.
    """
    with read(register.engine) as conn:
        opened = seals.opened(conn, register.vault, seals.Place(index, field))
        return opened.value if opened else None


def unsigned_acts(register: Register, person: str) -> list[int]:
    """Return a person's acts on the way that no signature of theirs covers yet."""
    with read(register.engine) as conn:
        return log.unsigned_since(conn, register.site, person)


def _book(register: Register, conn: Connection, wanted: Iterable[str], before: int | None) -> Book:
    if before is None:
        return ledger.load_book(conn, register.site, wanted)
    return ledger.load_book(conn, register.site, wanted, before=before)
