"""From entries to a book. Accepts all history: judging is for `decide`, reporting for `verify`.

A struck entry, and a second person's entry about it, has no effect; an entry that replaces another takes
its place in the order of effects. Postings of active entries alone make the balances, which is the same
sum as original, exact reverse and replacement each at their own index.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from audit.domain import events
from audit.domain.book import Book, Recorded
from audit.domain.effects import take_effect
from audit.domain.keys import LABELS, SESSIONS, SYRINGES
from audit.domain.postings import postings

SECOND_PERSON = (
    events.InventoryConfirmed,
    events.RemainderReread,
    events.WasteWitnessed,
    events.CountConfirmed,
)


def fold(entries: Iterable[Recorded]) -> Book:
    """Return the book that all these entries make, in the order of their effects."""
    book = Book()
    known = sorted(entries, key=lambda entry: entry.index)
    book.entries = {entry.index: entry for entry in known}
    book.struck = {entry.event.of.index: entry.index for entry in known if isinstance(entry.event, events.EntryStruck)}
    for entry in effective(book, known):
        apply(book, entry)
    for entry in known:
        _number(book, entry)
    return book


def effective(book: Book, known: Iterable[Recorded]) -> list[Recorded]:
    """Return the active entries in the order of their effects: a replacement stands where the struck one stood."""

    def position(entry: Recorded) -> tuple[int, int]:
        replaces = getattr(entry.event, "replaces", None)
        at = entry.index
        while replaces is not None and replaces.index in book.struck:
            at = replaces.index
            struck = book.entries.get(at)
            replaces = getattr(struck.event, "replaces", None) if struck else None
        return at, entry.index

    return sorted((entry for entry in known if is_active(book, entry)), key=position)


def is_active(book: Book, entry: Recorded) -> bool:
    """Say whether an entry has effect: neither struck nor a second person's on a struck one."""
    if entry.index in book.struck:
        return False
    return not (isinstance(entry.event, SECOND_PERSON) and entry.event.of.index in book.struck)


def apply(book: Book, entry: Recorded) -> None:
    """Let one active entry have its effect; never refuses."""
    for posting in postings(entry.event):
        book.by_container[posting.container][(posting.account, posting.session)] += posting.mass_ug
        if posting.session is not None:
            book.by_session[posting.session][(posting.account, posting.container)] += posting.mass_ug
    take_effect(book, entry)


def _number(book: Book, entry: Recorded) -> None:
    """Running numbers are used up even by a struck entry."""
    match entry.event:
        case events.InventoryTaken() | events.ReceiptRecorded():
            last = [line.first_label + len(line.containers) - 1 for line in entry.event.lots]
            if isinstance(entry.event, events.InventoryTaken):
                last += [line.label for line in entry.event.opened]
            book.series[LABELS] = max([book.series[LABELS], *last])
        case events.SessionOpened(number=number):
            book.series[SESSIONS] = max(book.series[SESSIONS], number)
        case events.DoseDrawn(label=label):
            book.series[SYRINGES] = max(book.series[SYRINGES], label)
        case _:
            pass


def local_day(moment_ms: int, offset_min: int) -> str:
    """Return the calendar day at an offset from UTC, YYYY-MM-DD."""
    return datetime.fromtimestamp((moment_ms + offset_min * 60_000) // 1000, UTC).date().isoformat()
