"""Everything a report stands on, read once: the entries up to a signed size, verified, folded, and posted in time.

The figures come from the entries' bytes; the tables beside the log are only compared with them. Not here: any page of
the report, and writing.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

from audit.domain import events
from audit.domain.book import Book, Container, Recorded
from audit.domain.errors import Refused
from audit.domain.flags import Flag, flags
from audit.domain.fold import effective, fold, local_day
from audit.domain.policy import Pack, Policy
from audit.domain.postings import Account, postings
from audit.domain.reconcile import CountBasis, Statement, Strength, count_basis, statements, summed
from audit.services.reconcile import Period, offset_at, period_of, reconcile_in
from audit.services.record import effective_ms
from audit.services.register import Register
from audit.services.reporting.dating import Dating, gather
from audit.services.sentences import Teller
from audit.services.timestamps import Timekeeper
from audit.services.verify import Source, Verdict, verify
from audit.services.verifying.source import Row
from audit.storage import checkpoints, cosignatures, ledger, log
from audit.storage.checkpoints import StoredCheckpoint
from audit.storage.engine import read

MOST_ENTRIES = 100_000
"""A report holds every entry up to its checkpoint; a longer log needs evidence by period, which is not made yet."""


@dataclass(frozen=True, slots=True)
class Posted:
    """One posting of an active entry, with the moment (ms) from which it counts and what it is of."""

    entry: Recorded
    at_ms: int
    account: Account
    container: str
    session: str | None
    strength: Strength
    mass_ug: int


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A log up to a checkpoint, for one period."""

    origin: str
    pack: Pack = field(repr=False)
    period: Period
    zone: str
    checkpoint: StoredCheckpoint
    rows: tuple[Row, ...] = field(repr=False)
    entries: tuple[Recorded, ...] = field(repr=False)
    book: Book = field(repr=False)
    verdict: Verdict
    statements: tuple[Statement, ...]
    tables_agree: bool
    opening: CountBasis | None
    closing: CountBasis | None
    posted: tuple[Posted, ...] = field(repr=False)
    opened: events.LogOpened
    dating: Dating = field(repr=False)
    _policies: dict[str, Policy] = field(default_factory=dict, repr=False)
    _flags: dict[int, tuple[Flag, ...]] = field(default_factory=dict, repr=False)

    @property
    def size(self) -> int:
        """Return how many entries the report stands on."""
        return self.checkpoint.size

    @property
    def keys(self) -> tuple[str, str]:
        """Return the verifier keys of the log and of the service in force at this size."""
        trust = self.book.trust
        return (trust.log_key, trust.service_key) if trust else (self.opened.log_key, self.opened.service_key)

    @property
    def cosigners(self) -> tuple[str, ...]:
        """Return the verifier keys of the cosigners in force at this size."""
        return self.book.trust.cosigners if self.book.trust is not None else ()

    @cached_property
    def teller(self) -> Teller:
        """Return what tells entries in words."""
        return Teller(self.book, {person: one.name for person, one in self.book.persons.items()})

    @cached_property
    def signed(self) -> frozenset[int]:
        """Return the acts on the way that a later signature of their actor covers."""
        return frozenset(
            index
            for entry in self.entries
            if isinstance(entry.event, events.ActsSigned)
            for index in entry.event.indexes
        )

    @cached_property
    def effects(self) -> dict[int, int]:
        """Return when each active entry's postings count, by index."""
        return {one.entry.index: one.at_ms for one in self.posted}

    @cached_property
    def by_strength(self) -> Mapping[Strength, list[Posted]]:
        """Return the postings of each strength, in order of effect."""
        found: dict[Strength, list[Posted]] = defaultdict(list)
        for one in self.posted:
            found[one.strength].append(one)
        return found

    def policy(self, entry: Recorded) -> Policy:
        """Return the rules of the day an entry happened."""
        day = local_day(entry.occurred_ms, entry.offset_min)
        if day not in self._policies:
            self._policies[day] = self.pack.on(day)
        return self._policies[day]

    def flags_of(self, entry: Recorded) -> tuple[Flag, ...]:
        """Return an entry's marks."""
        if entry.index not in self._flags:
            self._flags[entry.index] = flags(self.book, entry, self.policy(entry))
        return self._flags[entry.index]

    def is_unsigned(self, entry: Recorded) -> bool:
        """Say whether an act on the way was never signed by its actor."""
        return entry.method == "signed_in" and entry.index not in self.signed

    def is_in_period(self, entry: Recorded) -> bool:
        """Say whether an entry counts in the period: by when it took effect, a strike by what it strikes."""
        about = self.entries[entry.event.of.index] if isinstance(entry.event, events.EntryStruck) else entry
        at = self.effects.get(about.index, about.occurred_ms)
        return self.period.from_ms <= at < self.period.until_ms

    def offset(self, moment_ms: int) -> int:
        """Return the minutes from UTC on the site's wall at a moment."""
        return offset_at(moment_ms, self.zone)


def take(register: Register, first: str, last: str, keeper: Timekeeper | None = None) -> Snapshot:
    """Read, verify and fold the log up to its latest checkpoint, and compare the tables beside it.

    The time tokens its entries name come along; `keeper` says why there is no newer one.

    Raises:
        Refused: those of `period_of`; `not_signed_yet` without a checkpoint; `log_too_long` above `MOST_ENTRIES`.
    """
    with read(register.engine) as conn:
        checkpoint = checkpoints.latest(conn, register.site)
        if checkpoint is None:
            raise Refused("not_signed_yet")
        if checkpoint.size > MOST_ENTRIES:
            raise Refused("log_too_long", size=checkpoint.size, most=MOST_ENTRIES)
        checkpoint = replace(checkpoint, note=cosignatures.note_with_lines(conn, register.site, checkpoint))
        stored = tuple(log.entries(conn, register.site, 0, checkpoint.size))
        tables = reconcile_in(conn, register.site, first, last, size=checkpoint.size)
        entries = tuple(ledger.read_entry(one) for one in stored)
        dating = gather(conn, register.site, entries, keeper)
    rows = tuple(Row(one.index, one.body, one) for one in stored)
    shot = snapshot_of(rows, entries, checkpoint, register.pack, Days(first, last), dating)
    agree = (shot.statements, shot.opening, shot.closing) == (tables.statements, tables.opening, tables.closing)
    return replace(shot, tables_agree=agree)


class Days(NamedTuple):
    """First and last local day of a period, YYYY-MM-DD."""

    first: str
    last: str


def snapshot_of(
    rows: tuple[Row, ...],
    entries: tuple[Recorded, ...],
    checkpoint: StoredCheckpoint,
    pack: Pack,
    days: Days,
    dating: Dating,
) -> Snapshot:
    """Return the snapshot that entries alone make, with no database: what issues a report and what checks one.

    Raises:
        Refused: those of `period_of`; `not_signed_yet` where no entry opens the log.
    """
    book = fold(entries)
    if book.log is None:
        raise Refused("not_signed_yet")
    period = period_of(days.first, days.last, book.log.zone)
    posted = tuple(_posted(book, entries))
    opening = count_basis(book, until_ms=period.from_ms)
    closing = count_basis(book, until_ms=period.until_ms)
    if closing is not None and closing.occurred_ms < period.from_ms:
        closing = None
    return Snapshot(
        origin=book.log.log_key.partition("+")[0],
        pack=pack,
        period=period,
        zone=book.log.zone,
        checkpoint=checkpoint,
        rows=rows,
        entries=entries,
        book=book,
        verdict=_verified(rows, checkpoint, dating),
        statements=statements(
            before=_sums(posted, None, period.from_ms),
            during=_sums(posted, period.from_ms, period.until_ms),
            opening=opening,
            closing=closing,
        ),
        tables_agree=True,
        opening=opening,
        closing=closing,
        posted=posted,
        opened=book.log,
        dating=dating,
    )


def strength_of(vial: Container) -> Strength:
    """Return the strength and form a container is accounted under."""
    return Strength(vial.concentration_ug_per_ml, vial.form)


def _posted(book: Book, entries: Iterable[Recorded]) -> Iterable[Posted]:
    for entry in effective(book, entries):
        for one in postings(entry.event):
            vial = book.containers[one.container]
            yield Posted(
                entry=entry,
                at_ms=effective_ms(book, entry),
                account=one.account,
                container=one.container,
                session=one.session,
                strength=strength_of(vial),
                mass_ug=one.mass_ug,
            )


def _sums(posted: Iterable[Posted], from_ms: int | None, until_ms: int) -> dict[tuple[Strength, Account], int]:
    return summed(
        (one.strength, one.account, one.mass_ug)
        for one in posted
        if one.at_ms < until_ms and (from_ms is None or one.at_ms >= from_ms)
    )


def _verified(rows: tuple[Row, ...], checkpoint: StoredCheckpoint, dating: Dating) -> Verdict:
    """Verify the bytes read; the tables are compared by the statements they yield."""
    source = Source(
        rows=rows,
        body_at=lambda index: rows[index].body if index < len(rows) else None,
        count=len(rows),
        checkpoints=[checkpoint],
        time=dating.tokens(),
        now_ms=None,
    )
    return verify(source)
