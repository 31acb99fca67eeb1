"""Reading the registers for pages and reports: which entries, which sums. Judges nothing, writes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypedDict, Unpack

from sqlalchemy import Connection, Select, Text, and_, cast, exists, func, literal, select

from audit.domain.book import Recorded
from audit.storage.ledger import read_entry
from audit.storage.log import StoredEntry
from audit.storage.schema import entry_key, log_entry, log_head, posting

_COLUMNS: Final = (
    log_entry.c.idx,
    log_entry.c.leaf,
    log_entry.c.body,
    log_entry.c.kind,
    log_entry.c.actor,
    log_entry.c.method,
    log_entry.c.nonce,
    log_entry.c.session,
    log_entry.c.occurred_ms,
    log_entry.c.recorded_ms,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """The mass posted to one account of one strength and form, in ug."""

    account: str
    concentration_ug_per_ml: int
    form: str
    mass_ug: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A stretch of entries, newest first, and whether there are older ones."""

    entries: tuple[Recorded, ...]
    has_older: bool


class Only(TypedDict, total=False):
    """Which entries are wanted; what is absent or None does not matter."""

    kinds: Sequence[str]
    actor: str | None
    key: str | None
    from_ms: int | None
    until_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell of a reconciliation: accounts of one strength, over [from_ms, until_ms), in the first `size` entries."""

    accounts: Sequence[str]
    concentration_ug_per_ml: int
    from_ms: int
    until_ms: int
    size: int


def first_site(conn: Connection) -> str | None:
    """Return the site whose log the database goes on with; None before any is open.

    The first by name, and of a log that was succeeded the last that follows it (`clinic`, `clinic/2`, `clinic/3` …).
    """
    sites = list(conn.scalars(select(log_head.c.site).where(log_head.c.size > 0)))
    first = min((site.partition("/")[0] for site in sites), default=None)
    own = [site for site in sites if site.partition("/")[0] == first]
    return max(own, key=lambda site: int(site.partition("/")[2] or 1), default=None)


def totals(conn: Connection, site: str, *, from_ms: int | None = None, until_ms: int, size: int) -> tuple[Total, ...]:
    """Return what each account gained over [from_ms, until_ms), by when things took effect, in `size` entries.

    Without `from_ms`, since the log began.
    """
    conditions = [posting.c.site == site, posting.c.occurred_ms < until_ms, posting.c.idx < size]
    if from_ms is not None:
        conditions.append(posting.c.occurred_ms >= from_ms)
    query = (
        select(posting.c.account, posting.c.strength, posting.c.form, func.sum(posting.c.mass_ug))
        .where(and_(*conditions))
        .group_by(posting.c.account, posting.c.strength, posting.c.form)
        .order_by(posting.c.account, posting.c.strength, posting.c.form)
    )
    return tuple(
        Total(account=account, concentration_ug_per_ml=strength, form=form, mass_ug=int(mass))
        for account, strength, form, mass in conn.execute(query)
    )


def posted_entries(conn: Connection, site: str, cell: Cell) -> list[tuple[int, int]]:
    """Return the entries behind one cell of a reconciliation: (index, ug), in order of effect."""
    query = (
        select(posting.c.idx, func.sum(posting.c.mass_ug))
        .where(
            posting.c.site == site,
            posting.c.account.in_(cell.accounts),
            posting.c.strength == cell.concentration_ug_per_ml,
            posting.c.occurred_ms >= cell.from_ms,
            posting.c.occurred_ms < cell.until_ms,
            posting.c.idx < cell.size,
        )
        .group_by(posting.c.idx, posting.c.occurred_ms)
        .order_by(posting.c.occurred_ms, posting.c.idx)
    )
    return [(index, int(mass)) for index, mass in conn.execute(query)]


def newest(
    conn: Connection,
    site: str,
    *,
    limit: int,
    before: int | None = None,
    **only: Unpack[Only],
) -> Page:
    """Return the newest entries before an index, by kind, actor, key or the time they happened."""
    query: Select[Any] = select(*_COLUMNS).where(log_entry.c.site == site)
    if before is not None:
        query = query.where(log_entry.c.idx < before)
    if kinds := only.get("kinds"):
        query = query.where(log_entry.c.kind.in_(kinds))
    if (actor := only.get("actor")) is not None:
        query = query.where(log_entry.c.actor == actor)
    if (from_ms := only.get("from_ms")) is not None:
        query = query.where(log_entry.c.occurred_ms >= from_ms)
    if (until_ms := only.get("until_ms")) is not None:
        query = query.where(log_entry.c.occurred_ms < until_ms)
    if (key := only.get("key")) is not None:
        query = query.join(
            entry_key,
            and_(entry_key.c.site == site, entry_key.c.key == key, entry_key.c.idx == log_entry.c.idx),
        )
    rows = conn.execute(query.order_by(log_entry.c.idx.desc()).limit(limit + 1)).all()
    entries = tuple(read_entry(StoredEntry(*row)) for row in rows[:limit])
    return Page(entries=entries, has_older=len(rows) > limit)


def keyed(conn: Connection, site: str, prefix: str) -> list[str]:
    """Return the identifiers that entries are found under with a key prefix such as `product`."""
    low = f"{prefix}:"
    query = (
        select(entry_key.c.key)
        .where(entry_key.c.site == site, entry_key.c.key >= low, entry_key.c.key < f"{prefix};")
        .distinct()
        .order_by(entry_key.c.key)
    )
    return [key[len(low) :] for key in conn.scalars(query)]


def unended(conn: Connection, site: str, prefix: str, kinds: Sequence[str]) -> list[str]:
    """Return the identifiers under a key prefix none of whose entries is of these kinds and stands unstruck.

    `unended(conn, site, "session", ("session_closed",))` are the sessions that are open.
    """
    ending, end_entry, strike, struck = (entry_key.alias(), log_entry.alias(), entry_key.alias(), log_entry.alias())
    is_struck = exists().where(
        strike.c.site == site,
        strike.c.key == literal("entry:") + cast(end_entry.c.idx, Text),
        struck.c.site == site,
        struck.c.idx == strike.c.idx,
        struck.c.kind == "entry_struck",
    )
    has_ended = exists().where(
        ending.c.site == site,
        ending.c.key == entry_key.c.key,
        end_entry.c.site == site,
        end_entry.c.idx == ending.c.idx,
        end_entry.c.kind.in_(kinds),
        ~is_struck,
    )
    low = f"{prefix}:"
    query = (
        select(entry_key.c.key)
        .where(entry_key.c.site == site, entry_key.c.key >= low, entry_key.c.key < f"{prefix};", ~has_ended)
        .distinct()
        .order_by(entry_key.c.key)
    )
    return [key[len(low) :] for key in conn.scalars(query)]
