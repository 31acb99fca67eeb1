"""Cases for pages: what opened one, who touched its containers since the last agreed count, what each answer would do.

Not here: which answer a case allows (`domain.case`), who may see figures (`blind`).
"""

from dataclasses import dataclass

from audit.domain import events
from audit.domain.book import Book, Case, Container, Recorded
from audit.domain.keys import entry_key, keys
from audit.domain.postings import Account
from audit.domain.quantity import volume_of
from audit.services.counting import Line, last_agreed, reveal
from audit.services.labels import containers_of_lot
from audit.services.reading import book_of, book_of_all, entry_at, sealed_value
from audit.services.register import Register
from audit.storage import registers
from audit.storage.engine import read

_ABOUT_CONTAINER = (
    events.InventoryTaken,
    events.ReceiptRecorded,
    events.ContainerTaken,
    events.ContainerReturned,
    events.DoseDrawn,
    events.RemainderRead,
    events.RemainderReread,
    events.WasteRecorded,
    events.WasteWitnessed,
    events.RemainderHeld,
    events.EntryStruck,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note on a case; `text` is None where its key was erased."""

    entry: Recorded
    text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFile:
    """One case with all that is known of it; volumes in the strength of its container or product."""

    case: Case
    book: Book
    opened: Recorded
    of: Recorded
    container: Container | None
    variance_ul: int
    line: Line | None
    """The line of the count that opened it, where one did."""
    count: str | None
    since: int
    touched: tuple[Recorded, ...]
    notes: tuple[Note, ...]
    work: tuple[Recorded, ...]
    """Opening, assignments, notes and closings, in order."""
    missing: tuple[Container, ...]
    """The sealed containers of its lot that the book has on the shelf, of which the missing ones are chosen."""


def all_cases(register: Register) -> tuple[Book, tuple[Case, ...]]:
    """Return every case with its book, the newest first."""
    book = book_of_all(register, "case")
    return book, tuple(sorted(book.cases.values(), key=lambda case: -case.index))


def open_file(register: Register, case: str) -> CaseFile | None:
    """Return a case with all that is known of it; None for an unknown one."""
    first = book_of(register, {f"case:{case}"})
    known = first.cases.get(case)
    if known is None:
        return None
    containers = _containers(register, known)
    wanted = {f"case:{case}", entry_key(known.of.index)} | {f"container:{one}" for one in containers}
    wanted |= _keys_of_opening(register, known)
    book = book_of(register, wanted)
    known = book.cases[case]
    of = book.entries[known.of.index]
    count = getattr(of.event, "count", None)
    since = _since(register, known, of, count)
    work = [entry for entry in book.entries.values() if getattr(entry.event, "case", None) == case]
    return CaseFile(
        case=known,
        book=book,
        opened=book.entries[known.index],
        of=of,
        container=book.containers.get(known.container or ""),
        variance_ul=variance_ul(book, known),
        line=_line(register, count, case),
        count=count,
        since=since,
        touched=_touched(book, containers, since),
        notes=tuple(_note(register, entry) for entry in work if isinstance(entry.event, events.CaseNoted)),
        work=tuple(sorted(work, key=lambda entry: entry.index)),
        missing=_on_shelf(book, containers) if known.container is None else (),
    )


def variance_ul(book: Book, case: Case) -> int:
    """Return the volume of a case's variance in uL, in the strength it is about; 0 where that is not known."""
    mass = abs(case.variance_ug)
    vial, product = book.containers.get(case.container or ""), book.products.get(case.product or "")
    if vial is not None:
        volume = vial.volume_in(mass)
    elif product is not None:
        volume = volume_of(mass, concentration_ug_per_ml=product.concentration_ug_per_ml)
    else:
        return 0
    return volume if case.variance_ug > 0 else -volume


def _containers(register: Register, case: Case) -> tuple[str, ...]:
    if case.container:
        return (case.container,)
    if case.product and case.lot:
        return containers_of_lot(register, case.product, case.lot)
    return ()


def _keys_of_opening(register: Register, case: Case) -> set[str]:
    """Return the keys of the entry that opened a case, so that it and its session can be told in words."""
    wanted = {f"session:{case.session}"} if case.session else set()
    opening = entry_at(register, case.of.index)
    return wanted | (set(keys(opening.event)) if opening else set())


def _since(register: Register, case: Case, of: Recorded, count: str | None) -> int:
    """Return where the last agreed count before the one that opened this case began."""
    before = case.of.index
    if count is not None:
        with read(register.engine) as conn:
            started = registers.newest(conn, register.site, limit=1, key=f"count:{count}", kinds=("count_started",))
        before = started.entries[0].index if started.entries else before
    with read(register.engine) as conn:
        return last_agreed(conn, register.site, before=min(before, of.index))


def _touched(book: Book, containers: tuple[str, ...], since: int) -> tuple[Recorded, ...]:
    wanted = {f"container:{one}" for one in containers}
    return tuple(
        entry
        for entry in sorted(book.entries.values(), key=lambda entry: entry.index)
        if isinstance(entry.event, _ABOUT_CONTAINER) and entry.index > since and wanted & _subjects(book, entry)
    )


def _subjects(book: Book, entry: Recorded) -> frozenset[str]:
    struck = book.entries.get(entry.event.of.index) if isinstance(entry.event, events.EntryStruck) else None
    return keys(struck.event if struck else entry.event)


def _line(register: Register, count: str | None, case: str) -> Line | None:
    found = reveal(register, count) if count else None
    lines = found.lines if found else ()
    return next((line for line in lines if line.case is not None and line.case.case == case), None)


def _note(register: Register, entry: Recorded) -> Note:
    value = sealed_value(register, entry.index, "note")
    return Note(entry=entry, text=str(value) if value is not None else None)


def _on_shelf(book: Book, containers: tuple[str, ...]) -> tuple[Container, ...]:
    found = [book.containers[one] for one in containers if one in book.containers]
    return tuple(vial for vial in found if vial.opened_ms is None and book.balance(vial.container, Account.STOCK) > 0)


__all__ = ["CaseFile", "Note", "all_cases", "open_file", "variance_ul"]
