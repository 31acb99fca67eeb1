"""Blind counts for pages: which are open, where two people differ, and after the reveal line by line with hints.

A hint (expected loss at punctures, overfill) stands on its own line and never makes a variance smaller than it is.
Nothing here is for a page while the count is open except its state and `differing`, which holds no figure. Not here:
what a count is (`domain.count`), who may see it (`blind`).
"""

from dataclasses import dataclass, field

from audit.domain import events
from audit.domain.book import Book, Case, Count, Recorded
from audit.domain.count import Expected, Variance, found_against
from audit.domain.fold import local_day
from audit.domain.policy import Policy, Rule
from audit.services.reading import book_of
from audit.services.register import Register
from audit.storage import ledger, registers
from audit.storage.engine import Connection, read


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """What may explain a part of a variance, with its sign, and the rule it comes from."""

    what: str
    mass_ug: int
    volume_ul: int
    punctures: int
    rule: Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One container, or the sealed containers of a lot: expected, counted, and the difference."""

    container: str | None
    label: str
    product: str
    lot: str
    concentration_ug_per_ml: int
    expected_ug: int
    expected_ul: int
    counted_ug: int
    counted_ul: int
    each_ul: int
    """Labelled content of one container of a sealed lot, 0 for a single container."""
    hints: tuple[Hint, ...] = ()
    case: Case | None = None

    @property
    def variance_ug(self) -> int:
        """Counted less expected."""
        return self.counted_ug - self.expected_ug

    @property
    def variance_ul(self) -> int:
        """Counted less expected."""
        return self.counted_ul - self.expected_ul

    @property
    def unexplained_ug(self) -> int:
        """What no hint speaks for."""
        return self.variance_ug - sum(hint.mass_ug for hint in self.hints)

    @property
    def unexplained_ul(self) -> int:
        """What no hint speaks for."""
        return self.variance_ul - sum(hint.volume_ul for hint in self.hints)


@dataclass(frozen=True, slots=True, kw_only=True)
class Differing:
    """The lines two people found differently, by name alone: labels, and (product, lot)."""

    labels: tuple[str, ...] = ()
    lots: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Revealed:
    """A count whose figures are shown: its lines in the order of strength and label, and every case it opened."""

    count: Count
    book: Book
    lines: tuple[Line, ...]
    cases: tuple[Case, ...] = field(default=())


def recent_counts(register: Register, *, limit: int = 100) -> tuple[Count, ...]:
    """Return the newest counts, newest first."""
    with read(register.engine) as conn:
        page = registers.newest(conn, register.site, limit=limit, kinds=("count_started",))
    ids = [entry.event.count for entry in page.entries if isinstance(entry.event, events.CountStarted)]
    book = book_of(register, {f"count:{one}" for one in ids})
    return tuple(book.counts[one] for one in ids if one in book.counts)


def open_count(register: Register) -> Count | None:
    """Return the newest count that is still open."""
    return next((count for count in recent_counts(register) if count.is_open), None)


def find_count(register: Register, count: str) -> tuple[Count, Book] | None:
    """Return a count with the containers and products it names; None for an unknown one."""
    with read(register.engine) as conn:
        book = _book(conn, register.site, count)
    return (book.counts[count], book) if count in book.counts else None


def differing(count: Count, book: Book, policy: Policy) -> Differing:
    """Return which lines of a count two people found differently; no figure of either."""
    first, second = _found(count.first), _found(count.second)
    if first is None or second is None:
        return Differing()
    mine, theirs = _levels(first), _levels(second)
    ours = {(line.product, line.lot): line.containers for line in first.lots}
    seen = {(line.product, line.lot): line.containers for line in second.lots}
    labels = {
        one
        for one in mine.keys() | theirs.keys()
        if one not in mine or one not in theirs or abs(mine[one] - theirs[one]) > policy.reading_tolerance_ul
    }
    lots = {one for one in ours.keys() | seen.keys() if ours.get(one, 0) != seen.get(one, 0)}
    named = sorted(book.containers[one].label for one in labels if one in book.containers)
    return Differing(labels=tuple(named), lots=tuple(sorted(lots)))


def reveal(register: Register, count: str) -> Revealed | None:
    """Return a count with its figures; None while it is open or unknown."""
    with read(register.engine) as conn:
        book = _book(conn, register.site, count)
        known = book.counts.get(count)
        if known is None or known.is_open or known.revealed_index is None:
            return None
        expected = ledger.expected_at(conn, register.site, known.started.index)
        wanted = {f"count:{count}", f"entry:{known.revealed_index}"}
        wanted |= {f"container:{line.container}" for line in expected} | _named(book)
        opened = ledger.load_book(conn, register.site, wanted).cases.values()
        # A case's later entries are under its own key alone.
        wanted |= {f"case:{case.case}" for case in opened if case.of.index == known.revealed_index}
        book = ledger.load_book(conn, register.site, wanted)
        since = last_agreed(conn, register.site, before=known.started.index)
    return _revealed(register, book, book.counts[count], expected, since)


def last_agreed(conn: Connection, site: str, *, before: int) -> int:
    """Return the entry with which the last agreed count before a place began; 0, the log's opening, where none did."""
    page = registers.newest(conn, site, limit=50, before=before, kinds=("count_confirmed",))
    for entry in page.entries:
        if isinstance(entry.event, events.CountConfirmed) and entry.event.agrees:
            book = ledger.load_book(conn, site, {f"count:{entry.event.count}"}, before=before)
            count = book.counts.get(entry.event.count)
            if count is not None and count.agrees:
                return count.started.index
    return 0


def hints_for(book: Book, line: Variance, policy: Policy, punctures: int) -> tuple[Hint, ...]:
    """Return what may explain a container's variance: loss at its punctures if short, the maker's overfill if over."""
    vial = book.containers.get(line.container or "")
    if vial is None or line.mass_ug == 0:
        return ()
    is_short = line.mass_ug < 0
    most_ul = punctures * policy.puncture_loss_ul if is_short else policy.overfill_limit_ul(vial.content_ul)
    volume_ul = min(most_ul, abs(vial.volume_in(abs(line.mass_ug))))
    mass_ug = min(vial.mass_in(volume_ul), abs(line.mass_ug))
    if mass_ug == 0:
        return ()
    sign = -1 if is_short else 1
    rule = policy.rule("puncture_loss_ul" if is_short else "overfill_limits_ul")
    what = "puncture_loss" if is_short else "overfill"
    return (Hint(what=what, mass_ug=sign * mass_ug, volume_ul=sign * volume_ul, punctures=punctures, rule=rule),)


def punctures_of(book: Book, container: str, *, since: int, before: int) -> int:
    """Return how many draws pierced a container between two places of the log."""
    return sum(
        isinstance(entry.event, events.DoseDrawn)
        and since < entry.index < before
        and entry.index not in book.struck
        and any(source.container == container for source in entry.event.sources)
        for entry in book.entries.values()
    )


def _book(conn: Connection, site: str, count: str) -> Book:
    book = ledger.load_book(conn, site, {f"count:{count}"})
    return ledger.load_book(conn, site, {f"count:{count}"} | _named(book))


def _named(book: Book) -> set[str]:
    """Return the keys of what people say they found; an event names these without changing them."""
    found = [one for entry in book.entries.values() if (one := _found(entry))]
    containers = {f"container:{line.container}" for one in found for line in one.opened}
    return containers | {f"product:{line.product}" for one in found for line in one.lots}


def _found(entry: Recorded | None) -> events.CountRecorded | events.CountConfirmed | None:
    event = entry.event if entry else None
    return event if isinstance(event, events.CountRecorded | events.CountConfirmed) else None


def _levels(found: events.CountRecorded | events.CountConfirmed) -> dict[str, int]:
    return {line.container: line.volume_ul for line in found.opened}


def _revealed(register: Register, book: Book, count: Count, expected: tuple[Expected, ...], since: int) -> Revealed:
    first, started = count.first, count.started
    if first is None or not isinstance(first.event, events.CountRecorded):
        # Begun and not taken: it ended without a figure.
        return Revealed(count=count, book=book, lines=())
    policy = register.policy_on(local_day(started.occurred_ms, started.offset_min))
    cases = [case for case in book.cases.values() if case.of.index == count.revealed_index]
    lines = []
    for found in found_against(book, first.event, expected):
        pierced = punctures_of(book, found.container or "", since=since, before=started.index)
        lines.append(_line(book, found, hints_for(book, found, policy, pierced), cases))
    lines.sort(key=lambda line: (line.concentration_ug_per_ml, line.container is not None, line.label, line.lot))
    return Revealed(count=count, book=book, lines=tuple(lines), cases=tuple(cases))


def _line(book: Book, found: Variance, hints: tuple[Hint, ...], cases: list[Case]) -> Line:
    case = next((one for one in cases if _is_about(one, found)), None)
    vial, product = book.containers.get(found.container or ""), book.products.get(found.product)
    each_ul = product.volume_ul if product and vial is None else 0
    strength = vial.concentration_ug_per_ml if vial else product.concentration_ug_per_ml if product else 1
    each_ug = each_ul * strength // 1000

    def volume(mass_ug: int) -> int:
        if vial is not None:
            return vial.volume_in(mass_ug)
        return mass_ug // each_ug * each_ul if each_ug else 0

    return Line(
        container=found.container,
        label=vial.label if vial else "",
        product=found.product,
        lot=vial.lot if vial else found.lot,
        concentration_ug_per_ml=strength,
        expected_ug=found.expected_ug,
        expected_ul=volume(found.expected_ug),
        counted_ug=found.counted_ug,
        counted_ul=volume(found.counted_ug),
        each_ul=each_ul,
        hints=hints,
        case=case,
    )


def _is_about(case: Case, found: Variance) -> bool:
    if case.cause != "variance":
        return False
    if found.container:
        return case.container == found.container
    return case.container is None and (case.product, case.lot) == (found.product, found.lot)
