"""The figures of a report computed again from the entries in its evidence, and compared with what is printed.

`compare_figures` is the one place where printed figures meet recomputed ones; a further table of the report joins
here. Patients' values are sealed and are not recomputed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from audit.domain import events
from audit.domain.book import Book, Recorded
from audit.domain.errors import Finding, Refused
from audit.domain.fold import effective, fold
from audit.domain.postings import Account, postings
from audit.domain.quantity import volume_of
from audit.domain.reconcile import CountBasis, Statement, Strength, statements, summed
from audit.services.reconcile import Period, period_of

Json = Mapping[str, object]
FIGURES = "figures"

_NOT_THERE = "no such figure"


@dataclass(frozen=True, slots=True)
class Effected:
    """One posting of an active entry and the moment (ms) from which it counts."""

    at_ms: int
    strength: Strength
    account: Account
    mass_ug: int


def compare_figures(printed: Json, entries: Sequence[Recorded]) -> tuple[Finding, ...]:
    """Return where the printed accountability and stock differ from what the entries make."""
    book = fold(entries)
    if book.log is None:
        return (_finding("a log that says its time zone", "no log_opened"),)
    try:
        period = _period(printed, book.log.zone)
    except (Refused, KeyError, TypeError, ValueError, OverflowError, OSError):
        return (_finding("the period of the report", "none that can be read"),)
    computed = recompute(book, entries, period)
    return (
        *_compare_statements(_list(printed, "statements"), computed),
        *_compare_stock(_list(printed, "stock"), computed),
        *_compare_wastage(_list(printed, "wastages"), computed),
    )


def recompute(book: Book, entries: Sequence[Recorded], period: Period) -> tuple[Statement, ...]:
    """Return the accountability of each strength over a period, from the entries alone."""
    posted = tuple(_effects(book, entries))
    closing = _basis(book, entries, until_ms=period.until_ms)
    if closing is not None and closing.occurred_ms < period.from_ms:
        closing = None
    return statements(
        before=summed(_rows(one for one in posted if one.at_ms < period.from_ms)),
        during=summed(_rows(one for one in posted if period.from_ms <= one.at_ms < period.until_ms)),
        opening=_basis(book, entries, until_ms=period.from_ms),
        closing=closing,
    )


def _effects(book: Book, entries: Sequence[Recorded]) -> Iterator[Effected]:
    for entry in effective(book, entries):
        at_ms = entry.occurred_ms
        if isinstance(entry.event, events.CaseClosed) and entry.event.case in book.cases:
            at_ms = book.cases[entry.event.case].opened_ms
        for posting in postings(entry.event):
            strength = _strength(book, posting.container, None)
            if strength is not None:
                yield Effected(at_ms, strength, posting.account, posting.mass_ug)


def _rows(posted: Iterable[Effected]) -> Iterator[tuple[Strength, Account, int]]:
    return ((one.strength, one.account, one.mass_ug) for one in posted)


def _basis(book: Book, entries: Sequence[Recorded], *, until_ms: int) -> CountBasis | None:
    """The last confirmed count before a moment, and what its cases still open leave unexplained."""
    counted = [
        entry
        for entry in entries
        if isinstance(entry.event, events.CountConfirmed) and entry.event.agrees and entry.occurred_ms < until_ms
    ]
    if not counted:
        return None
    last = max(counted, key=lambda entry: entry.index)
    left: dict[Strength, int] = {}
    for case in book.cases.values():
        if case.cause != "variance" or case.of.index != last.index or case.closed is not None:
            continue
        strength = _strength(book, case.container, case.product)
        if strength is not None:
            left[strength] = left.get(strength, 0) + case.variance_ug
    return CountBasis(index=last.index, occurred_ms=last.occurred_ms, unexplained_ug=left)


def _strength(book: Book, container: str | None, product: str | None) -> Strength | None:
    if container in book.containers:
        vial = book.containers[container]
        return Strength(vial.concentration_ug_per_ml, vial.form)
    if product in book.products:
        known = book.products[product]
        return Strength(known.concentration_ug_per_ml, known.form)
    return None


def _period(printed: Json, zone: str) -> Period:
    stretch = printed["period"]
    start, end = (_moment(stretch, name) for name in ("start", "end"))
    return period_of(_day(start, zone), _day(max(end - 1, start), zone), zone)


def _moment(stretch: object, name: str) -> int:
    moment = stretch[name]["ms"] if isinstance(stretch, dict) else None
    if type(moment) is not int:
        raise TypeError(name)
    return moment


def _day(moment_ms: int, zone: str) -> str:
    return datetime.fromtimestamp(moment_ms // 1000, ZoneInfo(zone)).date().isoformat()


def _compare_statements(printed: Sequence[Json], computed: Sequence[Statement]) -> Iterator[Finding]:
    if len(printed) != len(computed):
        yield _finding(f"{len(computed)} strengths in the accountability", f"{len(printed)}")
        return
    for shown, one in zip(printed, computed, strict=True):
        kind = one.strength
        label = f"{kind.concentration_ug_per_ml} ug/mL"
        yield from _compare(
            f"strength of {label}", kind.concentration_ug_per_ml, _at(shown, "strength", "concentration_ug_per_ml")
        )
        for name, mass in _cells(one).items():
            path = (name, "amount") if name in _TRACED else (name,)
            yield from _compare_amount(f"{name} of {label}", mass, kind, shown, path)


_TRACED = frozenset({"opening", "received", "closing", "given", "wasted", "lost"})


def _cells(one: Statement) -> dict[str, int | None]:
    """The cells of the printed chart: what has no column of its own is part of the one beside it."""
    return {
        "opening": one.opening_ug,
        "received": one.initial_ug + one.received_ug + one.overfill_ug + one.gained_ug,
        "closing": one.closing_ug,
        "given": one.given_ug + one.residual_ug,
        "wasted": one.wasted_ug,
        "lost": one.lost_ug + one.explained_ug,
        "accountable": one.accountable_ug,
        "accounted": one.accounted_ug,
        "difference": one.difference_ug,
    }


def _compare_stock(printed: Sequence[Json], computed: Sequence[Statement]) -> Iterator[Finding]:
    for shown, one in zip(printed, computed, strict=False):
        label = f"{one.strength.concentration_ug_per_ml} ug/mL"
        yield from _compare_amount(f"book stock of {label}", one.book_closing_ug, one.strength, shown, ("book",))
        yield from _compare_amount(f"counted stock of {label}", one.closing_ug, one.strength, shown, ("counted",))
    if len(printed) != len(computed):
        yield _finding(f"{len(computed)} lines of stock", f"{len(printed)}")


def _compare_wastage(printed: Sequence[Json], computed: Sequence[Statement]) -> Iterator[Finding]:
    """The total under each list of wastes; a strength of which nothing was wasted has no list."""
    shown = {_at(one, "strength", "concentration_ug_per_ml"): _at(one, "total", "mass_ug") for one in printed}
    for one in computed:
        strength = one.strength.concentration_ug_per_ml
        met: object = shown.pop(strength, 0 if not one.wasted_ug else None)
        yield from _compare(f"all wastes of {strength} ug/mL in ug", one.wasted_ug, met)
    for more in shown:
        yield _finding("wastes of strengths that are accounted for", f"wastes of {more} ug/mL")


def _compare_amount(
    what: str, mass_ug: int | None, strength: Strength, shown: Json, path: tuple[str, ...]
) -> Iterator[Finding]:
    yield from _compare(f"{what} in ug", mass_ug, _at(shown, *path, "mass_ug"))
    # A sum's volume is the sum of its parts' volumes, each rounded once; only single amounts are computed here.
    if len(path) == 1 and path[0] not in {"book", "counted"}:
        return
    volume = None if mass_ug is None else volume_of(mass_ug, concentration_ug_per_ml=strength.concentration_ug_per_ml)
    yield from _compare(f"{what} in uL", volume, _at(shown, *path, "volume_ul"))


def _compare(what: str, computed: int | None, printed: object) -> Iterator[Finding]:
    if computed != printed:
        met = _NOT_THERE if printed is None else str(printed)
        yield _finding(f"{what}: {'not counted' if computed is None else computed}", met)


def _at(value: object, *path: str) -> object:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _list(printed: Json, name: str) -> list[Json]:
    found = printed.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _finding(expected: str, found: str) -> Finding:
    return Finding(check=FIGURES, index=None, expected=expected, found=found)
