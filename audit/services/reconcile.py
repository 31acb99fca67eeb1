"""Accountability of a period in the site's zone, and the entries behind each of its cells."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from audit.domain import events
from audit.domain.book import Recorded
from audit.domain.errors import Refused
from audit.domain.postings import Account
from audit.domain.reconcile import CountBasis, Statement, Strength, statements, summed, unexplained_at
from audit.services.register import Register
from audit.storage import ledger, log, registers
from audit.storage.engine import Connection, read

LONGEST_DAYS = 3660


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Whole local days, first and last included, and the moments they begin and end in UTC milliseconds."""

    first: date
    last: date
    from_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """A period's statements, the count they close on, and the log size they stand on."""

    period: Period
    size: int
    statements: tuple[Statement, ...]
    opening: CountBasis | None
    closing: CountBasis | None

    @property
    def is_counted(self) -> bool:
        """Say whether a confirmed count in the period stands behind the closing figures."""
        return self.closing is not None


def period_of(first: str, last: str, zone: str) -> Period:
    """Return the period of two local days.

    Raises:
        Refused: `not_a_date`, `period_backwards`, `period_too_long`.
    """
    start, end = _parse_day(first, "from"), _parse_day(last, "to")
    if end < start:
        raise Refused("period_backwards", "to", from_on=first, to_on=last)
    if (end - start).days > LONGEST_DAYS:
        raise Refused("period_too_long", "to", most_days=LONGEST_DAYS)
    return Period(
        first=start, last=end, from_ms=_midnight(start, zone), until_ms=_midnight(end + timedelta(days=1), zone)
    )


def reconcile(register: Register, first: str, last: str, *, size: int | None = None) -> Reconciliation:
    """Return the accountability of a period, standing on the first `size` entries (all when None).

    Raises:
        Refused: those of `period_of`.
    """
    with read(register.engine) as conn:
        return reconcile_in(conn, register.site, first, last, size=size)


def reconcile_in(conn: Connection, site: str, first: str, last: str, *, size: int | None = None) -> Reconciliation:
    """As `reconcile`, in a snapshot that is already open."""
    size = log.head(conn, site).size if size is None else size
    period = period_of(first, last, zone_of(conn, site))
    before = registers.totals(conn, site, until_ms=period.from_ms, size=size)
    during = registers.totals(conn, site, from_ms=period.from_ms, until_ms=period.until_ms, size=size)
    opening = last_basis(conn, site, until_ms=period.from_ms, size=size)
    closing = last_basis(conn, site, until_ms=period.until_ms, size=size)
    if closing is not None and closing.occurred_ms < period.from_ms:
        closing = None
    return Reconciliation(
        period=period,
        size=size,
        statements=statements(before=_sums(before), during=_sums(during), opening=opening, closing=closing),
        opening=opening,
        closing=closing,
    )


def zone_of(conn: Connection, site: str) -> str:
    """Return the site's time zone as its log states it."""
    opened = ledger.load_book(conn, site, {"log:site"}).log
    return opened.zone if opened else "UTC"


def last_basis(conn: Connection, site: str, *, until_ms: int, size: int) -> CountBasis | None:
    """Return the last confirmed count that happened before a moment, with what its cases leave unexplained."""
    page = registers.newest(conn, site, limit=50, before=size, kinds=("count_confirmed",), until_ms=until_ms)
    for entry in page.entries:
        if isinstance(entry.event, events.CountConfirmed) and entry.event.agrees:
            return _basis(conn, site, entry, size)
    return None


def offset_at(moment_ms: int, zone: str) -> int:
    """Return the minutes from UTC of a zone at a moment."""
    moment = datetime.fromtimestamp(moment_ms / 1000, ZoneInfo(zone))
    offset = moment.utcoffset() or timedelta()
    return int(offset.total_seconds()) // 60


def _basis(conn: Connection, site: str, entry: Recorded, size: int) -> CountBasis:
    keys = {f"case:{case}" for case in registers.keyed(conn, site, "case")}
    book = ledger.load_book(conn, site, keys, before=size)
    left = unexplained_at(book, entry.index)
    return CountBasis(index=entry.index, occurred_ms=entry.occurred_ms, unexplained_ug=left)


def _sums(rows: tuple[registers.Total, ...]) -> dict[tuple[Strength, Account], int]:
    return summed((Strength(row.concentration_ug_per_ml, row.form), Account(row.account), row.mass_ug) for row in rows)


def _midnight(day: date, zone: str) -> int:
    return int(datetime.combine(day, time(), ZoneInfo(zone)).timestamp()) * 1000


def _parse_day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused("not_a_date", field, typed=text[:40]) from None
