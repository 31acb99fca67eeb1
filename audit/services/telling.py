"""Lines of the register: entries with the book they are told from, their marks, and what is not to be shown yet.

Reads only what the sentences and marks of the entries at hand need. Not here: HTML, and the sentences themselves.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from audit.domain import events
from audit.domain.book import Book, Recorded
from audit.domain.flags import Flag, flags
from audit.domain.fold import local_day
from audit.domain.keys import LABELS, SESSIONS, SYRINGES, entry_key, keys
from audit.domain.quantity import DecimalMark
from audit.services.blind import is_withheld
from audit.services.register import Register
from audit.services.sentences import Teller, Told
from audit.storage import ledger, registers
from audit.storage.engine import Connection, read

PAGE = 50
_MOST_SCANNED = 2_000
_TELL_NOTHING = frozenset({Flag.STRUCK, Flag.REPLACES, Flag.LATE})
_UNTOLD = ("series:", "sign_in:", "code:", "lot:")
_KEY = re.compile(
    r"(container|session|case|count|patient|person|report|product|receipt|inventory):[a-z]+_[0-9a-z]{4,32}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One entry as a list shows it; `told` is None while it is withheld from the viewer."""

    entry: Recorded
    told: Told | None
    flags: tuple[Flag, ...]
    struck_by: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which entries a person looks for."""

    kinds: tuple[str, ...] = ()
    actor: str | None = None
    key: str | None = None
    from_ms: int | None = None
    until_ms: int | None = None
    flag: Flag | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """A page of the register, newest first; `older_before` is where the next older page begins, None at the end."""

    lines: tuple[Line, ...]
    older_before: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who looks: their identifier, everybody's names, and their decimal mark."""

    person: str
    names: dict[str, str]
    mark: DecimalMark = "."


def lines_of(register: Register, wanted: Wanted, viewer: Viewer, *, before: int | None = None) -> Lines:
    """Return the newest entries wanted, before an index; a search by mark looks at most 2,000 entries back."""
    found: list[Line] = []
    scanned = 0
    with read(register.engine) as conn:
        while True:
            page = _page(conn, register.site, wanted, before)
            told = tell_all(register, conn, page.entries, viewer)
            found += [line for line in told if wanted.flag is None or wanted.flag in line.flags]
            scanned += len(page.entries)
            before = page.entries[-1].index if page.has_older else None
            if before is None or wanted.flag is None or len(found) >= PAGE or scanned >= _MOST_SCANNED:
                return Lines(lines=tuple(found), older_before=before)


def tell_these(register: Register, entries: Sequence[Recorded], viewer: Viewer) -> list[Line]:
    """As `tell_all`, in a snapshot of its own."""
    with read(register.engine) as conn:
        return tell_all(register, conn, entries, viewer)


def tell_all(register: Register, conn: Connection, entries: Sequence[Recorded], viewer: Viewer) -> list[Line]:
    """Return entries in words, with their marks, as one person may see them."""
    book = book_told(conn, register.site, entries)
    teller = Teller(book, viewer.names, viewer.mark)
    return [_line(register, teller, entry, viewer.person) for entry in entries]


def book_told(conn: Connection, site: str, entries: Iterable[Recorded]) -> Book:
    """Return the book from which these entries can be told and judged."""
    return ledger.load_book(conn, site, {key for entry in entries for key in _keys_told(entry)})


def find_key(register: Register, text: str) -> str | None:
    """Return the key of what a person looks for: V-0412, S-0231, session 417, P-1a2b3c, or a key itself; else None."""
    typed = text.strip()
    if _KEY.fullmatch(typed):
        return typed
    with read(register.engine) as conn:
        if found := re.fullmatch(r"(?i)v-?0*([0-9]{1,9})", typed):
            return _vial_key(conn, register.site, int(found[1]))
        if found := re.fullmatch(r"(?i)s-?0*([0-9]{1,9})", typed):
            return _numbered_key(conn, register.site, SYRINGES, int(found[1]))
        if found := re.fullmatch(r"(?i)session\s+0*([0-9]{1,9})", typed):
            return _numbered_key(conn, register.site, SESSIONS, int(found[1]))
        if found := re.fullmatch(r"(?i)(?:patient )?p-([0-9a-z]{4,32})", typed):
            start = f"pt_{found[1].lower()}"
            known = registers.keyed(conn, register.site, "patient")
            return next((f"patient:{one}" for one in known if one.startswith(start)), None)
    return None


def _page(conn: Connection, site: str, wanted: Wanted, before: int | None) -> registers.Page:
    return registers.newest(
        conn,
        site,
        limit=PAGE,
        before=before,
        kinds=wanted.kinds,
        actor=wanted.actor,
        key=wanted.key,
        from_ms=wanted.from_ms,
        until_ms=wanted.until_ms,
    )


def _line(register: Register, teller: Teller, entry: Recorded, person: str) -> Line:
    book = teller.book
    policy = register.policy_on(local_day(entry.occurred_ms, entry.offset_min))
    withheld = is_withheld(book, entry, person)
    marks = flags(book, entry, policy)
    return Line(
        entry=entry,
        told=None if withheld else teller.tell(entry),
        # A mark that compares figures would tell of them.
        flags=tuple(mark for mark in marks if mark in _TELL_NOTHING) if withheld else marks,
        struck_by=book.struck.get(entry.index),
    )


def _keys_told(entry: Recorded) -> set[str]:
    """Leave out what only writing needs, and the whole life of each container of a delivery."""
    event = entry.event
    own = {entry_key(entry.index)}
    match event:
        case events.ReceiptRecorded(lots=lots):
            return own | {f"product:{line.product}" for line in lots}
        case events.InventoryTaken(lots=lots, opened=opened):
            return own | {f"product:{line.product}" for line in lots} | {f"product:{line.product}" for line in opened}
        case events.CountRecorded() | events.CountConfirmed() | events.InventoryConfirmed():
            own |= {f"container:{line.container}" for line in event.opened}
            own |= {f"product:{line.product}" for line in event.lots}
        case _:
            pass
    return own | {key for key in keys(event) if not key.startswith(_UNTOLD)}


def _vial_key(conn: Connection, site: str, number: int) -> str | None:
    before: int | None = None
    while True:
        page = registers.newest(conn, site, limit=200, before=before, key=LABELS)
        for entry in page.entries:
            if found := _container_of(entry.event, number):
                return f"container:{found}"
        if not page.has_older:
            return None
        before = page.entries[-1].index


def _container_of(event: events.Event, number: int) -> str | None:
    if not isinstance(event, events.ReceiptRecorded | events.InventoryTaken):
        return None
    for line in event.lots:
        if 0 <= number - line.first_label < len(line.containers):
            return line.containers[number - line.first_label]
    if isinstance(event, events.InventoryTaken):
        return next((line.container for line in event.opened if line.label == number), None)
    return None


def _numbered_key(conn: Connection, site: str, series: str, number: int) -> str | None:
    before: int | None = None
    while True:
        page = registers.newest(conn, site, limit=200, before=before, key=series)
        for entry in page.entries:
            match entry.event:
                case events.DoseDrawn(label=label, syringe=syringe) if label == number:
                    return f"container:{syringe}"
                case events.SessionOpened(number=opened, session=session) if opened == number:
                    return f"session:{session}"
                case _:
                    pass
        if not page.has_older:
            return None
        before = page.entries[-1].index
