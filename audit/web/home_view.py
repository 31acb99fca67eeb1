"""What the first page shows: rows of sessions, of what waits for a second person, of cases, as plain values.

What a viewer may still read blind is None here (`blind.py`). Not here: which of it a role sees (`home.py`).
"""

from dataclasses import dataclass
from datetime import date

from flask import url_for

from audit.domain import events
from audit.domain.book import Book, Case, Count, Recorded, Session, Waste
from audit.domain.postings import Account
from audit.domain.quantity import volume_of
from audit.services.meanings import CAUSES
from audit.services.today import Day
from audit.services.wording import patient_label
from audit.web.blind import is_withheld, session_is_withheld
from audit.web.desk import desk
from audit.web.filters import moment
from audit.web.session_view import Amount, Look, balances, syringes

_DAY_MS = 86_400_000
_MINUTE_MS = 60_000

_STATES = {
    "running": ("Running", "play", "live"),
    "blind": ("Needs a witness", "two", "second"),
    "again": ("Read again", "alert", "warn"),
    "waste": ("Waste it", "waste", "warn"),
    "read": ("Stopped, read it", "stop", "warn"),
    "start": ("Drawn", "syringe", "warn"),
}
"""Words, icon and tone of the next step of a syringe, the most urgent first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """One session; `left` per strength, None in it where the viewer may still read it blind."""

    session: str
    number: int
    clock: str
    patient: str
    dose_ug: int
    dose_ul: int | None
    strength: str
    state: tuple[str, str, str]
    left: tuple[tuple[Amount, str], ...] | None
    is_open: bool
    is_mine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingRow:
    """Something that needs a second person: what, since when, and whether it may be the viewer."""

    kind: str
    title: str
    text: str
    href: str
    is_mine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """An open case by age."""

    case: str
    title: str
    about: str
    variance_ug: int
    variance_ul: int | None
    strength: str
    days: int
    owner: str
    due_on: str
    is_overdue: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnRow:
    """What was drawn for sessions of today of one strength, and what became of it; amounts as (ug, uL)."""

    strength: str
    sessions: int
    drawn: Amount
    given: Amount
    wasted: Amount
    left: Amount
    others: tuple[tuple[str, str, Amount], ...]


def session_rows(day: Day, viewer: str) -> list[SessionRow]:
    """Return the sessions of a day as one person may see them."""
    return [_session_row(day.book, one, viewer) for one in day.sessions]


def waiting_rows(day: Day, viewer: str, names: dict[str, str]) -> list[WaitingRow]:
    """Return readings, wastes and counts that need a second person, oldest first; without any figure."""
    rows = [_reading_row(day.book, entry, viewer, names) for entry in day.readings]
    rows += [_waste_row(day.book, waste, viewer, names) for waste in day.wastes]
    rows += [_count_row(count, viewer, names) for count in day.counts]
    return [row for row in rows if row is not None]


def case_rows(cases: tuple[Case, ...], book: Book, names: dict[str, str], today: str) -> list[CaseRow]:
    """Return open cases, the oldest first."""
    return [_case_row(one, book, names, today) for one in cases]


def drawn_rows(day: Day, viewer: str) -> list[DrawnRow] | None:
    """Return today's equation per labelled strength; None while a figure in it is withheld from the viewer."""
    book = day.book
    drawn = [one for one in day.sessions if one.syringes]
    if any(session_is_withheld(book, one.session, viewer) for one in drawn):
        return None
    groups: dict[int, list[tuple[str, str]]] = {}
    for session in drawn:
        for syringe in session.syringes:
            known = book.containers[syringe]
            groups.setdefault(known.concentration_ug_per_ml, []).append((session.session, syringe))
    return [_drawn_row(book, strength, groups[strength]) for strength in sorted(groups, reverse=True)]


def _session_row(book: Book, session: Session, viewer: str) -> SessionRow:
    look = Look(book=book, session=session, viewer=viewer, now_ms=desk().now_ms())
    local = moment(session.opened_ms, desk().offset_min(session.opened_ms))
    strengths = {book.containers[one].concentration_ug_per_ml for one in session.syringes}
    strength = strengths.pop() if len(strengths) == 1 else None
    hidden = session_is_withheld(book, session.session, viewer)
    return SessionRow(
        session=session.session,
        number=session.number,
        clock=f"{local:%H:%M}",
        patient=patient_label(session.patient),
        dose_ug=session.dose_ug,
        dose_ul=volume_of(session.dose_ug, concentration_ug_per_ml=strength) if strength else None,
        strength=_mg_per_ml(strength) if strength else "",
        state=_state(look),
        left=None if hidden else tuple((one.left, one.strength) for one in balances(look)),
        is_open=session.closed_ms is None,
        is_mine=session.opened_by == viewer,
    )


def _state(look: Look) -> tuple[str, str, str]:
    if look.session.closed_ms is not None:
        return ("Closed", "check", "ok")
    steps = {one.step for one in syringes(look)}
    if not steps:
        return ("Nothing drawn", "clock", "plain")
    return next((words_of for step, words_of in _STATES.items() if step in steps), ("Close it", "check", "warn"))


def _reading_row(book: Book, entry: Recorded, viewer: str, names: dict[str, str]) -> WaitingRow | None:
    event = entry.event
    if not isinstance(event, events.RemainderRead) or event.container not in book.containers:
        return None
    container = book.containers[event.container]
    session = book.sessions.get(event.session or container.session or "")
    where = f", session {session.number}" if session else ""
    held = f"In tamper bag {container.bag}, read by" if container.bag else "Read by"
    is_mine = not is_withheld(book, container, viewer)
    own = (
        url_for("sessions.show", session=session.session)
        if session
        else url_for("stock.container", container=event.container)
    )
    return WaitingRow(
        kind="reading",
        title=f"{'Syringe' if container.is_syringe else 'Vial'} {container.label}{where}",
        text=f"{held} {names.get(entry.actor, '')}",
        href=own if is_mine else url_for("witness.show_reading", container=event.container),
        is_mine=is_mine,
    )


def _waste_row(book: Book, waste: Waste, viewer: str, names: dict[str, str]) -> WaitingRow:
    known = book.containers.get(waste.container)
    is_mine = viewer == waste.actor or (known is not None and viewer in known.hands)
    own = url_for("register.entry", index=waste.index)
    return WaitingRow(
        kind="waste",
        title=f"Waste of {known.label}" if known else "Waste",
        text=f"Wasted by {names.get(waste.actor, '')}, not yet signed by who saw it",
        href=own if is_mine else url_for("witness.show_waste", index=waste.index),
        is_mine=is_mine,
    )


def _count_row(count: Count, viewer: str, names: dict[str, str]) -> WaitingRow:
    first = count.first.actor if count.first else count.started.actor
    said = "Counted once" if count.first else "Begun"
    return WaitingRow(
        kind="count",
        title="Blind count",
        text=f"{said} by {names.get(first, '')}",
        href=url_for("counts.show", count=count.count),
        is_mine=viewer == first,
    )


def _case_row(case: Case, book: Book, names: dict[str, str], today: str) -> CaseRow:
    container = book.containers.get(case.container or "")
    product = book.products.get(case.product or (container.product if container else "") or "")
    strength = container.concentration_ug_per_ml if container else product.concentration_ug_per_ml if product else None
    volume = volume_of(abs(case.variance_ug), concentration_ug_per_ml=strength) if strength else None
    about = container.label if container else f"lot {case.lot}" if case.lot else ""
    return CaseRow(
        case=case.case,
        title=CAUSES[case.cause].capitalize(),
        about=about,
        variance_ug=case.variance_ug,
        variance_ul=None if volume is None else volume if case.variance_ug >= 0 else -volume,
        strength=_mg_per_ml(strength) if strength else "",
        days=max(0, (desk().now_ms() - case.opened_ms) // _DAY_MS),
        owner=names.get(case.owner or "", ""),
        due_on=case.due_on or "",
        is_overdue=bool(case.due_on) and date.fromisoformat(case.due_on or today) < date.fromisoformat(today),
    )


def _drawn_row(book: Book, strength: int, group: list[tuple[str, str]]) -> DrawnRow:
    totals = {
        account: sum(book.balance(syringe, account, session) for session, syringe in group) for account in Account
    }
    drawn = sum(book.containers[syringe].content_ug for _, syringe in group)

    def both(mass_ug: int) -> Amount:
        sign = -1 if mass_ug < 0 else 1
        return mass_ug, sign * volume_of(abs(mass_ug), concentration_ug_per_ml=strength)

    given, wasted, left = totals[Account.GIVEN], totals[Account.WASTED], totals[Account.CUSTODY]
    rest = drawn - given - wasted - left
    return DrawnRow(
        strength=_mg_per_ml(strength),
        sessions=len({session for session, _ in group}),
        drawn=both(drawn),
        given=both(given),
        wasted=both(wasted),
        left=both(left),
        others=(("move", "in bags, lines or cases", both(rest)),) if rest else (),
    )


def _mg_per_ml(concentration_ug_per_ml: int) -> str:
    whole, part = divmod(concentration_ug_per_ml, 1000)
    return f"{whole}{f'.{part:03d}'.rstrip('0') if part else ''} mg/mL"


def minutes_late(day: Day) -> dict[int, int]:
    """Return by how many minutes each late entry of a day came after what it states."""
    return {one.index: (one.recorded_ms - one.occurred_ms) // _MINUTE_MS for one in day.late}
