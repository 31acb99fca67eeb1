"""What the day still asks for: open sessions, signatures and witnesses that are missing, counts, cases, late entries.

Reads only, and hides nothing: what a viewer may not see yet is left out by the pages (`web.blind`). Not here: what
is on hand (stock pages), accountability (`services.reconcile`).
"""

from dataclasses import dataclass

from audit.domain import events
from audit.domain.book import Book, Case, Count, Recorded, Session, Waste
from audit.domain.fold import local_day
from audit.domain.reconcile import CountBasis
from audit.services.blind import waiting_in
from audit.services.reconcile import Period, last_basis
from audit.services.register import Register
from audit.storage import ledger, log, registers
from audit.storage.engine import Connection, read

LATEST_WASTES = 60
"""How far back a waste is looked for that nobody has witnessed; more would be folded at each look at the first page."""
LATEST_COUNTS = 20
MOST_A_DAY = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One local day of a clinic as it stands now; the book is complete for everything named here."""

    book: Book
    sessions: tuple[Session, ...]
    """Open ones, whenever they began, and all of this day; the open ones first, by number."""
    readings: tuple[Recorded, ...]
    wastes: tuple[Waste, ...]
    """Wastes that a second person saw and has still to sign."""
    counts: tuple[Count, ...]
    counted: Count | None
    """The last count of this day that both people agree on."""
    cases: tuple[Case, ...]
    late: tuple[Recorded, ...]
    unwitnessed: tuple[Waste, ...]
    wasted_today: tuple[Waste, ...]

    @property
    def open_sessions(self) -> tuple[Session, ...]:
        """Return the sessions that are not closed."""
        return tuple(one for one in self.sessions if one.closed_ms is None)


def day_of(register: Register, period: Period) -> Day:
    """Return the day of a period of one day."""
    with read(register.engine) as conn:
        site = register.site
        entries = registers.newest(
            conn, site, limit=MOST_A_DAY, from_ms=period.from_ms, until_ms=period.until_ms
        ).entries
        wastes = registers.newest(conn, site, limit=LATEST_WASTES, kinds=("waste_recorded",)).entries
        begun = registers.newest(conn, site, limit=LATEST_COUNTS, kinds=("count_started",)).entries
        sessions = set(registers.unended(conn, site, "session", ("session_closed",)))
        sessions |= {one.event.session for one in entries if isinstance(one.event, events.SessionOpened)}
        cases = registers.unended(conn, site, "case", ("case_closed",))
        wanted = {f"session:{one}" for one in sessions} | {f"case:{one}" for one in cases}
        wanted |= {f"count:{one.event.count}" for one in begun if isinstance(one.event, events.CountStarted)}
        wanted |= {f"container:{one.event.container}" for one in wastes if isinstance(one.event, events.WasteRecorded)}
        blind = waiting_in(conn, site).readings
        wanted |= {f"container:{getattr(one.event, 'container', '')}" for one in blind}
        book = _with_containers(conn, site, wanted)
        readings = tuple(
            one for one in blind if isinstance(one.event, events.RemainderRead) and one.index not in book.struck
        )
    return _assemble(register, period, book, entries, readings)


def unsigned_of(register: Register, person: str) -> tuple[Recorded, ...]:
    """Return a person's acts on the way that no signature of theirs covers yet, oldest first."""
    with read(register.engine) as conn:
        indexes = log.unsigned_since(conn, register.site, person)
        return tuple(ledger.read_entry(stored) for stored in log.entries_at(conn, register.site, indexes))


def signature_over(acts: tuple[Recorded, ...]) -> events.ActsSigned:
    """Return the event by which a person signs these acts of theirs; at most 500 at once."""
    signed = acts[:500]
    return events.ActsSigned(
        from_index=signed[0].index,
        to_index=signed[-1].index,
        leaf=signed[-1].leaf,
        indexes=tuple(act.index for act in signed),
    )


def _with_containers(conn: Connection, site: str, wanted: set[str]) -> Book:
    """Load a book, then once more with every container its sessions touched: a session's keys alone leave gaps."""
    book = ledger.load_book(conn, site, wanted)
    touched = {container for session in book.by_session.values() for (_, container) in session}
    touched |= {one for session in book.sessions.values() for one in (*session.syringes, *session.taken)}
    return ledger.load_book(conn, site, wanted | {f"container:{one}" for one in touched})


def _assemble(
    register: Register, period: Period, book: Book, entries: tuple[Recorded, ...], readings: tuple[Recorded, ...]
) -> Day:
    def is_today(moment_ms: int) -> bool:
        return period.from_ms <= moment_ms < period.until_ms

    sessions = [one for one in book.sessions.values() if one.closed_ms is None or is_today(one.opened_ms)]
    wastes = sorted((one for one in book.wastes.values() if one.index not in book.struck), key=lambda one: one.index)
    counts = [one for one in book.counts.values() if one.started.index not in book.struck]
    counted = [one for one in counts if one.agrees and one.second is not None and is_today(one.second.occurred_ms)]
    late = [
        one
        for one in entries
        if register.policy_on(local_day(one.occurred_ms, one.offset_min)).is_late(
            occurred_ms=one.occurred_ms, recorded_ms=one.recorded_ms
        )
    ]
    return Day(
        book=book,
        sessions=tuple(sorted(sessions, key=lambda one: (one.closed_ms is not None, one.number))),
        readings=readings,
        wastes=tuple(one for one in wastes if one.witness is None and not one.is_alone),
        counts=tuple(one for one in counts if one.is_open),
        counted=counted[-1] if counted else None,
        cases=tuple(sorted((one for one in book.cases.values() if one.is_open), key=lambda one: one.opened_ms)),
        late=tuple(sorted(late, key=lambda one: one.index)),
        unwitnessed=tuple(one for one in wastes if one.witness is None and is_today(one.occurred_ms)),
        wasted_today=tuple(one for one in wastes if is_today(one.occurred_ms)),
    )


def last_count(register: Register, now_ms: int) -> CountBasis | None:
    """Return the last count that two people agreed on, whenever that was."""
    with read(register.engine) as conn:
        size = log.head(conn, register.site).size
        return last_basis(conn, register.site, until_ms=now_ms + 1, size=size)
