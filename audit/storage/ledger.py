"""From the log to the book and back: loads the entries of some keys, projects a new one into derived tables.

`posting` and `entry_key` hold nothing that the entries do not say; `services.verify` rebuilds and compares
them. Here no act is judged (`domain.decide`) and no bytes are made (`tlog.entry`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any, Final, cast

import orjson
from sqlalchemy import Connection, bindparam, func, insert, select

from audit.domain.book import Book, Recorded
from audit.domain.count import Expected, expected_lines
from audit.domain.errors import invariant
from audit.domain.events import EntryStruck, InventoryTaken, ReceiptRecorded
from audit.domain.fold import fold
from audit.domain.keys import entry_key as key_of_entry
from audit.domain.keys import keys
from audit.domain.postings import Account, Posting
from audit.domain.wire import from_facts
from audit.storage import log
from audit.storage.log import StoredEntry
from audit.storage.prepared import Prepared
from audit.storage.schema import entry_key, log_entry, posting

_SERIES: Final = "series:"
_CHUNK: Final = 500

_LATEST: Final = (
    select(func.max(entry_key.c.idx).label("idx"))
    .where(
        entry_key.c.site == bindparam("at_site"),
        entry_key.c.key.in_(bindparam("of_keys", expanding=True)),
        entry_key.c.idx < bindparam("before"),
    )
    .group_by(entry_key.c.key)
)
_ON_HAND: Final = (
    select(posting.c.container)
    .where(
        posting.c.site == bindparam("at_site"),
        posting.c.account.in_([Account.STOCK.value, Account.HELD.value]),
        posting.c.container.is_not(None),
        posting.c.idx < bindparam("before"),
    )
    .group_by(posting.c.container)
    .having(func.sum(posting.c.mass_ug) > 0)
    .order_by(posting.c.container)
)
_INSERT_KEY: Final = Prepared(insert(entry_key), entry_key.c.keys())
_INSERT_POSTING: Final = Prepared(insert(posting), posting.c.keys())
_ANY_INDEX: Final = 2**53
_NO_KEYS: Final = ("none:",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """What an appended entry becomes in the derived tables."""

    index: int
    keys: frozenset[str]
    postings: tuple[Posting, ...]
    occurred_ms: int
    """When its postings take effect: a strike's when the struck entry happened, else its own time."""


def read_entry(stored: StoredEntry) -> Recorded:
    """Return an entry as the domain sees it; its bytes decide, never the columns beside them."""
    return _recorded(stored.index, stored.leaf, stored.body)


def load_entries(conn: Connection, site: str, wanted: Iterable[str], *, before: int = _ANY_INDEX) -> list[Recorded]:
    """Return the entries found under any of these keys, of a `series:` key only the latest, in order."""
    plain = [key for key in wanted if not key.startswith(_SERIES)] or list(_NO_KEYS)
    series = [key for key in wanted if key.startswith(_SERIES)]
    found: dict[int, Recorded] = {}
    for start in range(0, len(plain), _CHUNK):
        some = plain[start : start + _CHUNK]
        values: dict[str, Any] = {f"key_{place}": key for place, key in enumerate(some)}
        rows = _bodies(len(some)).rows(conn, values | {"at_site": site, "before": before})
        for index, leaf, body in rows:
            found.setdefault(index, _recorded(index, leaf, body))
    if series:
        latest = conn.scalars(_LATEST, {"at_site": site, "of_keys": series, "before": before})
        missing = [index for index in latest if index not in found]
        found |= {stored.index: read_entry(stored) for stored in log.entries_at(conn, site, missing)}
    return [found[index] for index in sorted(found)]


def load_book(
    conn: Connection, site: str, wanted: Iterable[str], *, before: int = _ANY_INDEX, named: Sequence[int] = ()
) -> Book:
    """Return the book of these keys, with the products its containers are of and the entries named by index.

    Complete for the keys asked for, in every entry before `before`.
    """
    asked = set(wanted)
    if named:
        known = _named(conn, site, named, before)
        named = [entry.index for entry in known]
        for entry in known:
            asked |= keys(entry.event) | {key_of_entry(entry.index)}
    asked = {key for key in asked if not key.startswith(_SERIES)} | {key for key in wanted if key.startswith(_SERIES)}
    entries = {entry.index: entry for entry in load_entries(conn, site, asked, before=before)}
    for missing in log.entries_at(conn, site, [index for index in named if index not in entries]):
        if missing.index < before:
            entries[missing.index] = read_entry(missing)
    # The products of containers just loaded are always wanted: asking before the fold saves folding twice.
    if products := products_of(entries.values()) - asked:
        asked |= products
        entries |= {entry.index: entry for entry in load_entries(conn, site, products, before=before)}
    book = fold(entries.values())
    while more := _further_keys(book, asked) - asked:
        asked |= more
        entries |= {entry.index: entry for entry in load_entries(conn, site, more, before=before)}
        book = fold(entries.values())
    book.complete = asked
    return book


def _named(conn: Connection, site: str, named: Sequence[int], before: int) -> list[Recorded]:
    """Return the entries named, and what those that are strikes struck."""
    found = [read_entry(entry) for entry in log.entries_at(conn, site, named) if entry.index < before]
    struck = [entry.event.of.index for entry in found if isinstance(entry.event, EntryStruck)]
    return found + [read_entry(entry) for entry in log.entries_at(conn, site, struck)]


def expected_at(conn: Connection, site: str, index: int) -> tuple[Expected, ...]:
    """Return what the book expected on the shelf and in held bags just before entry `index`."""
    vials = containers_on_hand(conn, site, before=index)
    book = load_book(conn, site, {f"container:{one}" for one in vials}, before=index)
    # An entry about one of them may be about others too (a draw from two vials): of those the book is not complete.
    return expected_lines(
        replace(book, containers={one: book.containers[one] for one in vials if one in book.containers})
    )


def containers_on_hand(conn: Connection, site: str, *, before: int = _ANY_INDEX) -> list[str]:
    """Return the containers with something in them on the shelf or held, at a size of the log."""
    return list(conn.scalars(_ON_HAND, {"at_site": site, "before": before}))


def project(conn: Connection, site: str, projections: Sequence[Projection], book: Book) -> None:
    """Insert the keys and postings of appended entries; strengths come from the book's containers.

    Raises:
        BrokenInvariantError: the postings of an entry do not sum to zero.
    """
    key_rows = [{"site": site, "key": key, "idx": one.index} for one in projections for key in sorted(one.keys)]
    posting_rows = [row for one in projections for row in posting_rows_of(site, one, book)]
    _INSERT_KEY.run_each(conn, key_rows)
    _INSERT_POSTING.run_each(conn, posting_rows)


def posting_rows_of(site: str, one: Projection, book: Book) -> list[dict[str, Any]]:
    """Return the rows of `posting` that one entry makes."""
    invariant(sum(line.mass_ug for line in one.postings) == 0, "postings of an entry sum to zero")
    return [
        {
            "site": site,
            "idx": one.index,
            "line": number,
            "account": line.account.value,
            "container": line.container,
            "session": line.session,
            "strength": book.containers[line.container].concentration_ug_per_ml,
            "form": book.containers[line.container].form,
            "mass_ug": line.mass_ug,
            "occurred_ms": one.occurred_ms,
        }
        for number, line in enumerate(one.postings)
    ]


@cache
def _bodies(count: int) -> Prepared:
    """Ask for the entries under so many keys at once; there is one such statement for each number of keys."""
    places = select(entry_key.c.idx).where(
        entry_key.c.site == bindparam("at_site"),
        entry_key.c.key.in_([bindparam(f"key_{place}") for place in range(count)]),
        entry_key.c.idx < bindparam("before"),
    )
    return Prepared(
        select(log_entry.c.idx, log_entry.c.leaf, log_entry.c.body)
        .where(log_entry.c.site == bindparam("at_site"), log_entry.c.idx.in_(places.scalar_subquery()))
        .order_by(log_entry.c.idx)
    )


def products_of(entries: Iterable[Recorded]) -> set[str]:
    """Return the keys of the products whose containers some entries bring in."""
    found = set()
    for entry in entries:
        event = entry.event
        if isinstance(event, InventoryTaken | ReceiptRecorded):
            found |= {f"product:{line.product}" for line in event.lots}
        if isinstance(event, InventoryTaken):
            found |= {f"product:{line.product}" for line in event.opened}
    return found


def _further_keys(book: Book, asked: set[str]) -> set[str]:
    products = {f"product:{one.product}" for one in book.containers.values() if one.product}
    cases = {f"container:{case.container}" for case in book.cases.values() if case.container}
    lots = {f"product:{case.product}" for case in book.cases.values() if case.product}
    strikes = {key_of_entry(entry.index) for entry in book.entries.values() if isinstance(entry.event, EntryStruck)}
    sessions = [session for session in book.sessions.values() if f"session:{session.session}" in asked]
    drawn = {f"container:{one}" for session in sessions for one in (*session.syringes, *session.taken)}
    return products | cases | lots | strikes | drawn


@lru_cache(maxsize=4096)
def _recorded(index: int, leaf: bytes, body: bytes) -> Recorded:
    # What this service appended was checked then, and `verify` checks it again: here reading must be quick.
    # The same bytes are the same entry, which nobody changes: the log's opening and the actor come with every act.
    entry = cast("dict[str, Any]", orjson.loads(body))
    act = entry["act"]
    return Recorded(
        index=index,
        leaf=leaf.hex(),
        recorded_ms=entry["recorded_ms"],
        occurred_ms=act["occurred_ms"],
        offset_min=act["offset_min"],
        actor=act["actor"],
        method=entry["signature"]["method"],
        event=from_facts(act["kind"], act["v"], act["facts"], act.get("session")),
        factors=tuple(entry["signature"].get("factors", ())),
    )
