"""Cases: what opens one, and how one may end.

Policy and law decide that a case opens, never whether a fact is written.
"""

from audit.domain import events
from audit.domain.book import Book, Case, Recorded
from audit.domain.commands import CloseCase
from audit.domain.count import Expected, case_id, cases_for, variances
from audit.domain.errors import Refused
from audit.domain.policy import Policy
from audit.domain.postings import Account


def follow_ups(
    book: Book, entry: Recorded, policy: Policy, expected: tuple[Expected, ...]
) -> tuple[events.CaseOpened, ...]:
    """Return the cases that an entry just applied to the book opens, in order."""
    match entry.event:
        case events.DoseDrawn() as event:
            return _renumbered(entry, _from_draw(entry, event))
        case events.WasteRecorded() as event:
            return _renumbered(entry, _from_waste(entry, event, policy))
        case events.WasteWitnessed() as event:
            return _renumbered(entry, _from_witness(book, entry, event, policy))
        case events.SessionClosed(session=session):
            return _renumbered(entry, _from_close(book, entry, session, policy))
        case events.InventoryConfirmed(agrees=False):
            return _renumbered(entry, [_case(entry, "inventory_differs")])
        case events.CountConfirmed(agrees=True, count=count):
            return cases_for(book, variances(book, book.counts[count], expected), entry)
        case events.CountRevealed(count=count):
            return _from_reveal(book, entry, count, expected)
        case _:
            return ()


def decide_assign(book: Book, command: events.CaseAssigned) -> events.CaseAssigned:
    """Give a case an owner and a due day.

    Raises:
        Refused: `unknown_case`, `case_closed` and those of `Book.person`.
    """
    open_case(book, command.case)
    book.person(command.owner, "owner")
    return command


def decide_note(book: Book, command: events.CaseNoted) -> events.CaseNoted:
    """Add a note to a case, open or closed.

    Raises:
        Refused: `unknown_case`.
    """
    if command.case not in book.cases:
        raise Refused("unknown_case", "case")
    return command


def decide_close_case(book: Book, command: CloseCase) -> events.CaseClosed:
    """End a case by a correction, a posted loss or gain, or an explained line, so that expected equals counted.

    Raises:
        Refused: `unknown_case`, `case_closed`, `outcome_does_not_fit`, `name_the_entry`, `name_the_containers`,
            `less_than_lost`.
    """
    case = open_case(book, command.case)
    _check_fits(case, command)
    if command.outcome == "corrected":
        _check_names_correction(book, case, command)
    posts = command.outcome in {"loss", "gain", "explained"}
    return events.CaseClosed(
        case=case.case,
        outcome=command.outcome,
        explanation=command.explanation,
        of=command.of,
        adjustments=_adjustments(book, case, command) if posts else (),
        replaces=command.replaces,
    )


def open_case(book: Book, case: str) -> Case:
    """Return a case that still needs an answer.

    Raises:
        Refused: `unknown_case` or `case_closed`.
    """
    found = book.cases.get(case)
    if found is None:
        raise Refused("unknown_case", "case")
    if not found.is_open:
        raise Refused("case_closed", "case")
    return found


def _check_fits(case: Case, command: CloseCase) -> None:
    fits = {
        "loss": case.variance_ug < 0,
        "gain": case.variance_ug > 0,
        "explained": case.variance_ug != 0 and command.explanation is not None,
        "corrected": True,
        "no_quantity": case.variance_ug == 0 and command.explanation is not None,
    }
    if not fits[command.outcome]:
        raise Refused("outcome_does_not_fit", "outcome", variance_ug=case.variance_ug)


def _check_names_correction(book: Book, case: Case, command: CloseCase) -> None:
    named = book.entries.get(command.of.index) if command.of else None
    if named is None or command.of is None or named.leaf != command.of.leaf or not _is_correction(named, case):
        raise Refused("name_the_entry", "of")


def _is_correction(named: Recorded, case: Case) -> bool:
    """Say whether an entry could put a case right: a strike, a replacement, or one written after the case opened."""
    is_replacement = isinstance(named.event, events.EntryStruck) or getattr(named.event, "replaces", None) is not None
    return is_replacement or named.index > case.index


def _adjustments(book: Book, case: Case, command: CloseCase) -> tuple[events.Adjustment, ...]:
    if case.cause in {"overdraw", "short"} and case.container:
        return (events.Adjustment(container=case.container, place="variance", mass_ug=case.variance_ug),)
    if case.container:
        return (_adjustment(book, case, case.container),)
    return _whole_containers(book, case, command.containers)


def _adjustment(book: Book, case: Case, container: str) -> events.Adjustment:
    held = book.balance(container, Account.HELD)
    left = held if held > 0 else book.balance(container, Account.STOCK)
    if left + case.variance_ug < 0:
        raise Refused("less_than_lost", "outcome", variance_ug=case.variance_ug, left_ug=left)
    return events.Adjustment(container=container, place="held" if held > 0 else "stock", mass_ug=case.variance_ug)


def _whole_containers(book: Book, case: Case, containers: tuple[str, ...]) -> tuple[events.Adjustment, ...]:
    """Take missing sealed containers of a lot off the shelf, each with all the book has of it."""
    if case.variance_ug > 0:
        raise Refused("record_the_receipt", "outcome", variance_ug=case.variance_ug)
    lines = []
    for one in dict.fromkeys(containers):
        vial = book.container(one, "containers")
        if (vial.product, vial.lot) != (case.product, case.lot) or vial.opened_ms is not None:
            raise Refused("not_of_this_lot", "containers", label=vial.label)
        lines.append(events.Adjustment(container=one, place="stock", mass_ug=-book.balance(one, Account.STOCK)))
    if sum(line.mass_ug for line in lines) != case.variance_ug:
        raise Refused("name_the_containers", "containers", variance_ug=case.variance_ug)
    return tuple(lines)


def _from_draw(entry: Recorded, event: events.DoseDrawn) -> list[events.CaseOpened]:
    found = [
        _case(entry, "overdraw", source.container, event.session, source.unexplained_ug)
        for source in event.sources
        if source.unexplained_ug
    ]
    if event.expired_used:
        found.append(_case(entry, "expired", event.sources[0].container, event.session))
    return found


def _from_waste(entry: Recorded, event: events.WasteRecorded, policy: Policy) -> list[events.CaseOpened]:
    found = []
    if event.alone and policy.waste_needs_witness:
        found.append(_case(entry, "unwitnessed", event.container, event.session))
    if event.short_ug:
        found.append(_case(entry, "short", event.container, event.session, -event.short_ug))
    return found


def _from_witness(book: Book, entry: Recorded, event: events.WasteWitnessed, policy: Policy) -> list[events.CaseOpened]:
    """Let a case ask for more where the law does not take this profession's word for a witness."""
    witness = book.persons.get(entry.actor)
    if witness is None or not policy.waste_needs_witness or witness.profession in policy.waste_witness_professions:
        return []
    return [_case(entry, "unwitnessed", event.container, event.session)]


def _from_close(book: Book, entry: Recorded, session: str, policy: Policy) -> list[events.CaseOpened]:
    if not policy.waste_needs_witness:
        return []
    waiting = [book.wastes[index] for index in book.sessions[session].wastes if index in book.wastes]
    return [
        _case(entry, "unwitnessed", waste.container, session)
        for waste in waiting
        if waste.witness is None and not waste.is_alone
    ]


def _from_reveal(
    book: Book, entry: Recorded, count: str, expected: tuple[Expected, ...]
) -> tuple[events.CaseOpened, ...]:
    counted = book.counts[count]
    opened = cases_for(book, variances(book, counted, expected), entry)
    if counted.agrees is False:
        differ = _case(entry, "readings_differ")
        return (*opened, _with_id(differ, case_id(entry, len(opened))))
    return opened


def _case(
    entry: Recorded,
    cause: events.Cause,
    container: str | None = None,
    session: str | None = None,
    variance_ug: int | None = None,
) -> events.CaseOpened:
    return events.CaseOpened(
        case=case_id(entry, 0), cause=cause, of=entry.ref, container=container, session=session, variance_ug=variance_ug
    )


def _renumbered(entry: Recorded, found: list[events.CaseOpened]) -> tuple[events.CaseOpened, ...]:
    return tuple(_with_id(one, case_id(entry, number)) for number, one in enumerate(found))


def _with_id(case: events.CaseOpened, identifier: str) -> events.CaseOpened:
    return events.CaseOpened(
        case=identifier,
        cause=case.cause,
        of=case.of,
        session=case.session,
        container=case.container,
        variance_ug=case.variance_ug,
    )
