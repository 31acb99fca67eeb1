"""Reading what is left, wasting it before a second person, or holding it for one.

The order is: first reading, a second person's blind reading, waste, witness (log-format, section 2). Given is
what was drawn less what was read, posted at the reading.
"""

from audit.domain import events
from audit.domain.book import Book, Container, Reading, Waste
from audit.domain.commands import HoldRemainder, ReadRemainder, RereadRemainder, Said, WasteRemainder, WitnessWaste
from audit.domain.errors import Refused
from audit.domain.policy import Policy
from audit.domain.postings import ON_HAND, Account


def decide_read(book: Book, command: ReadRemainder) -> events.RemainderRead:
    """State what a person reads on a syringe, vial or held bag.

    Raises:
        Refused: `nothing_there`, `session_closed`, `still_running`, `more_than_holds`, `more_than_twice`.
    """
    container = book.container(command.container)
    account, session = place(book, container)
    mass = container.mass_in(command.volume_ul)
    residual = container.mass_in(command.residual_ul) if command.residual_ul else 0
    stated = events.RemainderRead(
        session=session,
        container=container.container,
        volume_ul=command.volume_ul,
        mass_ug=mass,
        replaces=command.replaces,
    )
    if not (container.is_syringe and account is Account.CUSTODY):
        if command.volume_ul > 2 * container.content_ul:
            raise _too_much("more_than_twice", container, command.volume_ul, container.content_ul)
        return stated
    _check_open(book, container, command)
    gone = book.balance(container.container, Account.CUSTODY, session) - mass - residual
    before = book.balance(container.container, Account.GIVEN, session)
    if before + gone < 0:
        raise _too_much("more_than_holds", container, command.volume_ul + command.residual_ul, container.content_ul)
    return events.RemainderRead(
        session=session,
        container=container.container,
        volume_ul=command.volume_ul,
        mass_ug=mass,
        residual_ug=residual or None,
        given_ug=gone,
        replaces=command.replaces,
    )


def decide_reread(book: Book, command: RereadRemainder, policy: Policy, said: Said) -> events.RemainderReread:
    """State a second person's blind reading; within tolerance it agrees, and the policy says which one is posted.

    Raises:
        Refused: `not_this_reading`, `already_reread`, `own_second_person`, `more_than_twice`.
    """
    container = book.container(command.container)
    reading = _reading(container)
    if (reading.index, reading.leaf) != (command.of.index, command.of.leaf):
        raise Refused("not_this_reading", "of")
    if reading.second is not None:
        raise Refused("already_reread", "of")
    check_second_person(container, said.actor)
    if command.volume_ul > 2 * container.content_ul:
        raise _too_much("more_than_twice", container, command.volume_ul, container.content_ul)
    account, session = place(book, container)
    mass = container.mass_in(command.volume_ul)
    agrees = abs(reading.volume_ul - command.volume_ul) <= policy.reading_tolerance_ul
    moves = agrees and policy.reading_posted == "second" and container.is_syringe and account is Account.CUSTODY
    return events.RemainderReread(
        of=command.of,
        session=session,
        container=container.container,
        volume_ul=command.volume_ul,
        mass_ug=mass,
        agrees=agrees,
        given_ug=reading.mass_ug - mass if moves else None,
    )


def decide_waste(book: Book, command: WasteRemainder, policy: Policy) -> events.WasteRecorded:
    """Waste what was read; what the book held beyond an emptied container's reading is short.

    Raises:
        Refused: `read_first`, `second_reading_first`, `readings_differ`, `nothing_to_waste`, `finished`.
    """
    container = book.container(command.container)
    account, session = place(book, container)
    reading = _reading(container)
    if not command.alone and policy.waste_needs_witness:
        if reading.agrees is None:
            raise Refused("second_reading_first", "", label=container.label)
        if not reading.agrees:
            raise Refused("readings_differ", "", label=container.label)
    short = book.balance(container.container, account, None if account is Account.HELD else session)
    short -= reading.posted_mass_ug
    if reading.posted_mass_ug == 0 and short == 0:
        raise Refused("nothing_to_waste", "", label=container.label)
    return events.WasteRecorded(
        session=session,
        container=container.container,
        volume_ul=reading.posted_volume_ul,
        mass_ug=reading.posted_mass_ug,
        method=command.method,
        reason=command.reason,
        alone=command.alone,
        from_hold=account is Account.HELD,
        short_ug=short or None,
        replaces=command.replaces,
    )


def decide_witness(book: Book, command: WitnessWaste, said: Said) -> events.WasteWitnessed:
    """State that a second person saw a waste destroyed, as it was recorded.

    Raises:
        Refused: `not_this_waste`, `already_witnessed`, `own_second_person`.
    """
    waste = book.wastes.get(command.of.index)
    if waste is None or waste.leaf != command.of.leaf:
        raise Refused("not_this_waste", "of")
    if waste.witness is not None:
        raise Refused("already_witnessed", "of")
    check_witness(book, waste, said.actor)
    return events.WasteWitnessed(
        of=command.of,
        session=waste.session,
        container=waste.container,
        method=waste.method,
        volume_ul=waste.volume_ul,
    )


def decide_hold(book: Book, command: HoldRemainder) -> events.RemainderHeld:
    """Lock what was read into a numbered tamper bag.

    Raises:
        Refused: `read_first`, `already_held`, `nothing_there`.
    """
    container = book.container(command.container)
    account, session = place(book, container)
    if account is Account.HELD:
        raise Refused("already_held", "bag", label=container.label, bag=container.bag or "")
    reading = _reading(container)
    mass = book.balance(container.container, account, session)
    if mass == 0:
        raise Refused("nothing_there", "container", label=container.label)
    return events.RemainderHeld(
        session=session,
        container=container.container,
        bag=command.bag,
        volume_ul=reading.posted_volume_ul,
        mass_ug=mass,
        replaces=command.replaces,
    )


def place(book: Book, container: Container) -> tuple[Account, str | None]:
    """Return where what is left of a container is, and the session its acts stand beside.

    Raises:
        Refused: `finished` or `nothing_there`.
    """
    if container.is_finished:
        raise Refused("finished", "container", label=container.label)
    for (account, session), mass in book.places(container.container).items():
        if mass > 0 and account in ON_HAND:
            return account, container.session or session
    if container.is_syringe:
        return Account.CUSTODY, container.session
    raise Refused("nothing_there", "container", label=container.label)


def check_second_person(container: Container, actor: str) -> None:
    """Refuse anyone who drew, gave, read or wasted this.

    Raises:
        Refused: `own_second_person`.
    """
    if actor in container.hands:
        raise Refused("own_second_person", "", label=container.label)


def check_witness(book: Book, waste: Waste, actor: str) -> None:
    """Refuse as witness whoever wasted it or had a hand in the amount.

    Raises:
        Refused: `own_second_person`.
    """
    container = book.container(waste.container)
    if actor == waste.actor:
        raise Refused("own_second_person", "", label=container.label)
    check_second_person(container, actor)


def _reading(container: Container) -> Reading:
    if container.reading is None:
        raise Refused("read_first", "", label=container.label)
    return container.reading


def _check_open(book: Book, container: Container, command: ReadRemainder) -> None:
    """A syringe is read when its pump has stopped and before its session closes; a corrected reading at any time."""
    session = book.sessions.get(container.session or "")
    if session and session.closed_ms is not None and command.replaces is None:
        raise Refused("session_closed", "session", number=session.number)
    if session and container.container in session.runs and session.runs[container.container].is_running:
        raise Refused("still_running", "", label=container.label)


def _too_much(code: str, container: Container, volume_ul: int, left_ul: int) -> Refused:
    return Refused(code, "volume", volume_ul=volume_ul, label=container.label, left_ul=left_ul, content_ul=left_ul)
