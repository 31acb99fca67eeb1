"""Blind counts: two people find what is there, each alone; only then is it compared with the book.

A count moves nothing. What differs opens a case; over and short alike.
"""

from collections import Counter
from dataclasses import dataclass

from audit.domain import events
from audit.domain.book import Book, Case, Count, Recorded
from audit.domain.commands import ConfirmCount, RevealCount, Said
from audit.domain.errors import Refused
from audit.domain.policy import Policy
from audit.domain.postings import Account
from audit.domain.stock import same_levels


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the book has of one container, on the shelf or held, where a count began."""

    container: str
    label: str
    product: str
    lot: str
    expiry: str
    is_sealed: bool
    is_held: bool
    mass_ug: int
    content_ug: int
    content_ul: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Variance:
    """Counted less expected of one container, or of the sealed containers of a lot, in ug."""

    container: str | None
    product: str
    lot: str
    expected_ug: int
    counted_ug: int

    @property
    def mass_ug(self) -> int:
        """Counted less expected: negative is short."""
        return self.counted_ug - self.expected_ug


def expected_lines(basis: Book) -> tuple[Expected, ...]:
    """Return what a book expects to be found on the shelf and in held bags, by label."""
    lines = []
    for vial in basis.containers.values():
        stock = basis.balance(vial.container, Account.STOCK)
        held = basis.balance(vial.container, Account.HELD)
        if stock + held > 0:
            lines.append(
                Expected(
                    container=vial.container,
                    label=vial.label,
                    product=vial.product or "",
                    lot=vial.lot,
                    expiry=vial.expiry,
                    is_sealed=vial.opened_ms is None,
                    is_held=held > 0,
                    mass_ug=stock + held,
                    content_ug=vial.content_ug,
                    content_ul=vial.content_ul,
                )
            )
    return tuple(sorted(lines, key=lambda line: line.label))


def decide_count(book: Book, command: events.CountRecorded, said: Said) -> events.CountRecorded:
    """State what a first person found; may be stated again until it is confirmed.

    Raises:
        Refused: `unknown_count`, `count_over`, `own_second_person`, `found_twice`.
    """
    count = open_count(book, command.count)
    if count.first is not None and count.first.actor != said.actor:
        raise Refused("own_second_person" if count.second else "first_counts_again", "")
    if count.first is not None and count.second is None:
        raise Refused("already_counted", "")
    _check_found_once(command.lots, command.opened)
    return events.CountRecorded(
        count=command.count,
        nothing_on_hand=not command.lots and not command.opened,
        lots=command.lots,
        opened=command.opened,
        replaces=command.replaces,
    )


def decide_confirm_count(book: Book, command: ConfirmCount, policy: Policy, said: Said) -> events.CountConfirmed:
    """State what a second person found; where both agree the figures are shown and variances become cases.

    Raises:
        Refused: `unknown_count`, `count_over`, `not_this_count`, `own_second_person`, `found_twice`.
    """
    count = open_count(book, command.count)
    if count.first is None or (count.first.index, count.first.leaf) != (command.of.index, command.of.leaf):
        raise Refused("not_this_count", "of")
    if count.second is not None:
        raise Refused("already_confirmed", "of")
    if said.actor == count.first.actor:
        raise Refused("own_second_person", "")
    _check_found_once(command.lots, command.opened)
    agrees = _agree(count.first.event, command, policy.reading_tolerance_ul)
    return events.CountConfirmed(
        of=command.of,
        count=command.count,
        agrees=agrees,
        nothing_on_hand=not command.lots and not command.opened,
        lots=command.lots,
        opened=command.opened,
    )


def decide_reveal(book: Book, command: RevealCount, said: Said) -> events.CountRevealed:
    """End a count nobody confirmed, or nobody took; it stays so, and figures are shown again.

    Raises:
        Refused: `unknown_count`, `count_over`, `not_your_count` for whoever neither began nor took it.
    """
    count = open_count(book, command.count)
    if said.actor != (count.first or count.started).actor:
        raise Refused("not_your_count", "")
    return events.CountRevealed(count=command.count)


def variances(book: Book, count: Count, expected: tuple[Expected, ...]) -> tuple[Variance, ...]:
    """Return every line of a first count beside what was expected, those that agree included."""
    if count.first is None or not isinstance(count.first.event, events.CountRecorded):
        return ()
    return found_against(book, count.first.event, expected)


def found_against(book: Book, found: events.CountRecorded, expected: tuple[Expected, ...]) -> tuple[Variance, ...]:
    """Compare what was found with what was expected, container by container and sealed lot by lot."""
    levels = {line.container: line.volume_ul for line in found.opened}
    singly = [line for line in expected if not line.is_sealed or line.container in levels]
    sealed = [line for line in expected if line.is_sealed and line.container not in levels]
    lines = [
        Variance(
            container=line.container,
            product=line.product,
            lot=line.lot,
            expected_ug=line.mass_ug,
            counted_ug=_mass_found(book, line.container, levels.get(line.container, 0)),
        )
        for line in singly
    ]
    lines += [
        Variance(container=one, product=_product_of(book, one), lot="", expected_ug=0, counted_ug=mass)
        for one in sorted(levels.keys() - {line.container for line in singly})
        if (mass := _mass_found(book, one, levels[one]))
    ]
    return tuple(lines + _lots_against(book, found, sealed))


def cases_for(book: Book, lines: tuple[Variance, ...], of: Recorded) -> tuple[events.CaseOpened, ...]:
    """Return a case for what each line differs beyond the cases still open on the same thing.

    So the open cases always add up to what was counted less what the book has, however often it is counted.
    """
    differing = [(line, line.mass_ug - open_variance(book, line)) for line in lines]
    return tuple(
        events.CaseOpened(
            case=case_id(of, number),
            cause="variance",
            of=of.ref,
            container=line.container,
            product=line.product,
            lot=line.lot or None,
            variance_ug=new_ug,
        )
        for number, (line, new_ug) in enumerate(one for one in differing if one[1])
    )


def open_variance(book: Book, line: Variance) -> int:
    """Return what the cases still open on a container, or on a lot's sealed containers, leave unexplained, in ug."""
    return sum(
        case.variance_ug
        for case in book.cases.values()
        if case.is_open and case.cause == "variance" and _is_about(case, line)
    )


def case_id(of: Recorded, number: int) -> str:
    """Return the identifier of the case number `number` that opens from an entry: the entry's leaf names it."""
    return f"k_{of.leaf[:20]}{number:02x}"


def open_count(book: Book, count: str) -> Count:
    """Return a count whose figures are still withheld.

    Raises:
        Refused: `unknown_count` or `count_over`.
    """
    found = book.counts.get(count)
    if found is None:
        raise Refused("unknown_count", "count")
    if not found.is_open:
        raise Refused("count_over", "count")
    return found


def _is_about(case: Case, line: Variance) -> bool:
    if line.container is not None:
        return case.container == line.container
    return case.container is None and (case.product, case.lot) == (line.product, line.lot)


def _lots_against(book: Book, found: events.CountRecorded, sealed: list[Expected]) -> list[Variance]:
    counted: Counter[tuple[str, str]] = Counter()
    for line in found.lots:
        counted[(line.product, line.lot)] += line.containers
    held: Counter[tuple[str, str]] = Counter((line.product, line.lot) for line in sealed)
    each = {product: p.volume_ul * p.concentration_ug_per_ml // 1000 for product, p in book.products.items()}
    return [
        Variance(
            container=None,
            product=product,
            lot=lot,
            expected_ug=held[(product, lot)] * each.get(product, 0),
            counted_ug=counted[(product, lot)] * each.get(product, 0),
        )
        for product, lot in sorted(held.keys() | counted.keys())
    ]


def _mass_found(book: Book, container: str, volume_ul: int) -> int:
    known = book.containers.get(container)
    return known.mass_in(volume_ul) if known else 0


def _product_of(book: Book, container: str) -> str:
    known = book.containers.get(container)
    return (known.product or "") if known else ""


def _check_found_once(lots: tuple[events.LotFound, ...], opened: tuple[events.LevelFound, ...]) -> None:
    if len({line.container for line in opened}) != len(opened):
        raise Refused("found_twice", "opened")
    if len({(line.product, line.lot) for line in lots}) != len(lots):
        raise Refused("found_twice", "lots")


def _agree(first: events.Event, second: ConfirmCount, tolerance_ul: int) -> bool:
    if not isinstance(first, events.CountRecorded):
        return False
    lots = {(line.product, line.lot): line.containers for line in first.lots if line.containers}
    seen = {(line.product, line.lot): line.containers for line in second.lots if line.containers}
    levels = {line.container: line.volume_ul for line in first.opened}
    return lots == seen and same_levels(
        levels, {line.container: line.volume_ul for line in second.opened}, tolerance_ul
    )
