"""A treatment session from order to close: what was drawn is given, wasted, residual or returned."""

from audit.domain import events
from audit.domain.book import Book, Container, Session
from audit.domain.commands import CloseSession, DrawDose, OpenSession, Part, Said
from audit.domain.erasure import check_patient
from audit.domain.errors import Refused, invariant
from audit.domain.fold import local_day
from audit.domain.keys import SESSIONS, SYRINGES
from audit.domain.policy import Policy
from audit.domain.postings import Account

MOST_MINUTES = 600
MOST_DOSE_UG = 2_000_000
"""2 g: beyond any session; an order above it is a slip of the keyboard."""


def decide_open(book: Book, command: OpenSession) -> events.SessionOpened:
    """Open a session with the next number on an order by a physician.

    Raises:
        Refused: `unknown_patient`, `already_erased`, `zero`, `dose_too_large`, `not_a_prescriber` and those of
            `Book.person`.
    """
    check_patient(book, command.patient)
    prescriber = book.person(command.prescriber, "prescriber")
    if prescriber.profession != "physician":
        raise Refused("not_a_prescriber", "prescriber", name=prescriber.name)
    if command.dose_ug == 0:
        raise Refused("zero", "dose")
    if command.dose_ug > MOST_DOSE_UG:
        raise Refused("dose_too_large", "dose", mass_ug=command.dose_ug, most_ug=MOST_DOSE_UG)
    if not 1 <= command.duration_min <= MOST_MINUTES:
        raise Refused("duration_out_of_range", "duration", least=1, most=MOST_MINUTES)
    return events.SessionOpened(
        session=command.session,
        number=_session_number(book, command),
        patient=command.patient,
        prescriber=command.prescriber,
        dose_ug=command.dose_ug,
        route=command.route,
        duration_min=command.duration_min,
        replaces=command.replaces,
    )


def decide_draw(book: Book, command: DrawDose, policy: Policy, said: Said) -> events.DoseDrawn:
    """Draw one strength into a new syringe; beyond the label it says how much is overfill and how much unexplained.

    Raises:
        Refused: `session_closed`, `strengths_differ`, `zero`, `more_than_twice`, `confirm_expired`, `made_up_less`.
    """
    book.open_session(command.session)
    if not command.parts:
        raise Refused("nothing_drawn", "container")
    vials = [_drawable(book, part, command.session) for part in command.parts]
    first = vials[0]
    if any((vial.concentration_ug_per_ml, vial.form) != (first.concentration_ug_per_ml, first.form) for vial in vials):
        raise Refused("strengths_differ", "container")
    if len({vial.container for vial in vials}) != len(vials):
        raise Refused("container_twice", "container")
    expired = _is_expired(vials, said)
    if expired and not command.expired_used:
        raise Refused("confirm_expired", "expired_used", label=expired.label, expiry=expired.expiry)
    sources = tuple(_source(book, vial, part, command, policy) for vial, part in zip(vials, command.parts, strict=True))
    drawn_ul, mass_ug = sum(s.volume_ul for s in sources), sum(s.mass_ug for s in sources)
    total_ul = command.total_ul or drawn_ul
    if total_ul < drawn_ul:
        raise Refused("made_up_less", "total", volume_ul=total_ul, drawn_ul=drawn_ul)
    return events.DoseDrawn(
        session=command.session,
        syringe=command.syringe,
        label=_syringe_label(book, command),
        sources=sources,
        concentration_ug_per_ml=first.concentration_ug_per_ml,
        form="solution",
        mass_ug=mass_ug,
        volume_ul=total_ul,
        expired_used=expired is not None,
        replaces=command.replaces,
    )


def decide_pump(
    book: Book, command: events.InfusionStarted | events.RateChanged | events.InfusionStopped
) -> events.InfusionStarted | events.RateChanged | events.InfusionStopped:
    """Start, change or stop the pump of a syringe of this session.

    Raises:
        Refused: `session_closed`, `not_this_session`, `already_running`, `not_running`, `already_read`.
    """
    session = book.open_session(command.session)
    syringe = book.container(command.container)
    if syringe.session != session.session:
        raise Refused("not_this_session", "container", label=syringe.label)
    run = session.runs.get(command.container)
    running = run is not None and run.is_running
    if isinstance(command, events.InfusionStarted):
        if running:
            raise Refused("already_running", "rate", label=syringe.label)
        if syringe.reading is not None:
            raise Refused("already_read", "container", label=syringe.label)
    elif not running:
        raise Refused("not_running", "container", label=syringe.label)
    return command


def decide_close(book: Book, command: CloseSession) -> events.SessionClosed:
    """Close a session whose custody is zero.

    Raises:
        Refused: `session_closed`, `still_running`, `not_balanced` with what is left.
    """
    session = book.open_session(command.session)
    for container, run in session.runs.items():
        if run.is_running:
            raise Refused("still_running", "", label=_label(book, container))
    left = book.session_total(session.session, Account.CUSTODY)
    if left:
        raise Refused("not_balanced", "", mass_ug=left)
    closed = events.SessionClosed(
        session=session.session,
        drawn_ug=session.drawn_ug,
        given_ug=book.session_total(session.session, Account.GIVEN),
        residual_ug=book.session_total(session.session, Account.RESIDUAL) or None,
        wasted_ug=_of_syringes(book, session, Account.WASTED),
        held_ug=sum(book.on_hand(syringe) for syringe in session.syringes) or None,
        short_ug=_short(book, session) or None,
        replaces=command.replaces,
    )
    _check_equation(closed)
    return closed


def _of_syringes(book: Book, session: Session, account: Account) -> int:
    """Return what an account holds of the session's syringes, in ug; a vial wasted beside them was not drawn."""
    return sum(book.by_session[session.session][(account, syringe)] for syringe in session.syringes)


_ANSWERED = (Account.VARIANCE, Account.LOST, Account.GAINED, Account.EXPLAINED)


def _short(book: Book, session: Session) -> int:
    """Return what bags of the session's syringes held less when they were emptied, answered by a case or not."""
    return sum(book.balance(syringe, account) for syringe in session.syringes for account in _ANSWERED)


def _check_equation(closed: events.SessionClosed) -> None:
    more = (closed.residual_ug, closed.held_ug, closed.short_ug)
    accounted = closed.given_ug + closed.wasted_ug + sum(part or 0 for part in more)
    invariant(closed.drawn_ug == accounted, "drawn = given + residual + wasted + held + short when a session closes")


def _session_number(book: Book, command: OpenSession) -> int:
    """A corrected opening keeps its session's number."""
    struck = book.struck_event(command.replaces)
    if isinstance(struck, events.SessionOpened) and struck.session == command.session:
        return struck.number
    return book.series[SESSIONS] + 1


def _syringe_label(book: Book, command: DrawDose) -> int:
    """A corrected draw keeps its syringe's label."""
    struck = book.struck_event(command.replaces)
    if isinstance(struck, events.DoseDrawn) and struck.syringe == command.syringe:
        return struck.label
    return book.series[SYRINGES] + 1


def _label(book: Book, container: str) -> str:
    return book.containers[container].label if container in book.containers else container


def _drawable(book: Book, part: Part, session: str) -> Container:
    vial = book.container(part.container)
    if vial.is_syringe:
        raise Refused("not_a_vial", "container", label=vial.label)
    if vial.is_finished:
        raise Refused("finished", "container", label=vial.label)
    if vial.bag is not None:
        raise Refused("not_on_shelf", "container", label=vial.label)
    elsewhere = [
        place
        for (account, place), mass in book.places(vial.container).items()
        if account is Account.CUSTODY and place != session and mass > 0
    ]
    if elsewhere:
        raise Refused("in_other_session", "container", label=vial.label)
    return vial


def _is_expired(vials: list[Container], said: Said) -> Container | None:
    today = local_day(said.occurred_ms, said.offset_min)
    return next((vial for vial in vials if vial.expiry < today), None)


def _source(book: Book, vial: Container, part: Part, command: DrawDose, policy: Policy) -> events.Source:
    """Split a draw into what the book holds, the overfill still to be expected, and what nobody can explain."""
    if part.volume_ul == 0:
        raise Refused("zero", "volume")
    if part.volume_ul > 2 * vial.content_ul:
        raise Refused(
            "more_than_twice", "volume", volume_ul=part.volume_ul, label=vial.label, content_ul=vial.content_ul
        )
    taken = book.balance(vial.container, Account.CUSTODY, command.session)
    held = max(0, taken or book.balance(vial.container, Account.STOCK))
    mass = vial.mass_in(part.volume_ul)
    beyond = max(0, mass - held)
    if beyond and not command.beyond_confirmed:
        left = vial.volume_in(held)
        raise Refused("more_than_holds", "volume", volume_ul=part.volume_ul, label=vial.label, left_ul=left)
    limit = policy.overfill_limit_ul(vial.content_ul)
    spare = max(0, vial.mass_in(limit) + book.balance(vial.container, Account.OVERFILL))
    overfill = min(beyond, spare)
    return events.Source(
        container=vial.container,
        volume_ul=part.volume_ul,
        mass_ug=mass,
        in_custody=taken > 0,
        overfill_ug=overfill or None,
        unexplained_ug=beyond - overfill or None,
    )
