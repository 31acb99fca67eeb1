"""Deliveries that were recorded: the last supplier, and whether an invoice was entered before. Reads only."""

from collections.abc import Iterator

from audit.domain.book import Book, Recorded
from audit.domain.events import ReceiptRecorded
from audit.domain.keys import entry_key
from audit.services.reading import book_of
from audit.services.register import Register
from audit.storage import registers
from audit.storage.engine import read

_MOST = 2_000


def last_delivery(register: Register) -> ReceiptRecorded | None:
    """Return the newest receipt that stands, whose supplier is likely the next one's."""
    return next((event for _, event in _receipts(register)), None)


def earlier_invoice(register: Register, supplier: str, invoice: str, *, but: str) -> Recorded | None:
    """Return the entry in which the same supplier's invoice was recorded before; `but` is the receipt being made."""
    for entry, event in _receipts(register):
        same = (event.supplier.casefold(), event.invoice.casefold()) == (supplier.casefold(), invoice.casefold())
        if same and event.receipt != but:
            return entry
    return None


def find_delivery(register: Register, receipt: str) -> tuple[Book, tuple[Recorded, ...]]:
    """Return a receipt's entries, struck ones too, with a book of its containers; none for an unknown one."""
    book = book_of(register, {f"receipt:{receipt}"})
    found = [entry for entry in book.entries.values() if getattr(entry.event, "receipt", None) == receipt]
    return book, tuple(sorted(found, key=lambda entry: entry.index))


def _receipts(register: Register) -> Iterator[tuple[Recorded, ReceiptRecorded]]:
    with read(register.engine) as conn:
        page = registers.newest(conn, register.site, limit=_MOST, kinds=("receipt_recorded",))
    struck = book_of(register, {entry_key(entry.index) for entry in page.entries}).struck
    for entry in page.entries:
        if isinstance(entry.event, ReceiptRecorded) and entry.index not in struck:
            yield entry, entry.event
