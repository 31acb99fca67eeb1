"""Sessions: the list, and the page of one with its equation, its next step and its story.

Not here: opening one (`session_open.py`), drawing and the pump (`session_acts.py`), readings and wastes (`wastes.py`).
"""

from dataclasses import dataclass

from flask import Blueprint, render_template, request

from audit.domain import events
from audit.domain.book import Book, Recorded, Session
from audit.domain.facts import Ref
from audit.domain.postings import Account
from audit.services.people import persons
from audit.services.reading import book_of, sealed_value, unsigned_acts
from audit.services.wording import patient_label
from audit.storage import registers
from audit.storage.engine import read
from audit.web import words
from audit.web.desk import desk, register
from audit.web.filters import format_day, format_offset, moment
from audit.web.forms import Form, Problems
from audit.web.security import allow, current_person
from audit.web.session_story import story
from audit.web.session_view import Look, balances, load_session, syringes, taken
from audit.web.shelf import shelf

blueprint = Blueprint("sessions", __name__)

PAGE = 20
_OPEN_WITHIN_MS = 14 * 24 * 3_600_000
_MOST_RECENT = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A session in the list; amounts given and left are on its own page only."""

    session: str
    number: int
    patient: str
    when: str
    dose_ug: int
    route: str
    minutes: int
    prescriber: str
    is_open: bool
    index: int


@blueprint.get("/sessions")
@allow("clinician", "manager", "inspector")
def show_all() -> str:
    """Show open sessions first, then the others, newest first."""
    before = request.args.get("before", type=int)
    names = words.names(persons(register()))
    with read(register().engine) as conn:
        page = registers.newest(conn, register().site, limit=PAGE, before=before, kinds=("session_opened",))
    recent = _rows(page.entries, names)
    still_open = _rows(_opened_lately(), names) if before is None else []
    first = [row for row in still_open if row.is_open]
    rows = first + [row for row in recent if row.session not in {one.session for one in first}]
    older = page.entries[-1].index if page.has_older else None
    return render_template("sessions/list.html", rows=rows, older=older, before=before)


@blueprint.get("/sessions/<session>")
@allow("clinician", "manager", "inspector")
def show(session: str) -> str:
    """Show one session."""
    return render_session(session)


def render_session(session: str, form: Form | None = None, problems: Problems | None = None) -> str:
    """Return a session's page, with what was wrong with a form on it."""
    book, found = load_session(session)
    viewer, known = current_person().person, persons(register())
    names = words.names(known)
    look = Look(book=book, session=found, viewer=viewer, now_ms=desk().now_ms())
    template = "sessions/session.html" if found.closed_ms is None else "sessions/closed.html"
    return render_template(
        template,
        found=found,
        syringes=syringes(look),
        balances=balances(look),
        taken=taken(look),
        left_ug=book.session_total(session, Account.CUSTODY),
        story=story(look, known),
        patient=patient_label(found.patient),
        prescriber=names.get(found.prescriber, ""),
        order=_order(found, book),
        now_ms=look.now_ms,
        started_ms=min((run.changes[0][0] for run in found.runs.values() if run.changes), default=None),
        unwitnessed=_unwitnessed(look),
        signatures=_signatures(book, found, names),
        closing=book.entries.get(found.closed_index) if found.closed_index is not None else None,
        unsigned=unsigned_acts(register(), viewer),
        shelf=[(one.container, one.words) for one in shelf()] if found.closed_ms is None else [],
        may_act="clinician" in current_person().roles,
        may_state=bool({"clinician", "manager"} & current_person().roles),
        hands={one: book.containers[one].hands for one in found.syringes},
        names=names,
        viewer=viewer,
        words=words,
        correcting="correct" in request.args,
        form=form,
        problems=problems or [],
        errors=dict(reversed(problems or [])),
        typed=form.typed if form else {},
    )


def _rows(entries: tuple[Recorded, ...] | list[Recorded], names: dict[str, str]) -> list[Row]:
    wanted = {entry.event.session for entry in entries if isinstance(entry.event, events.SessionOpened)}
    book = book_of(register(), {f"session:{one}" for one in wanted})
    sessions = sorted(
        (book.sessions[one] for one in wanted if one in book.sessions),
        key=lambda one: (one.closed_ms is not None, -one.opened_ms),
    )
    return [_row(book, one, names) for one in sessions]


def _row(book: Book, session: Session, names: dict[str, str]) -> Row:
    local = moment(session.opened_ms, book.entries[session.index].offset_min)
    return Row(
        session=session.session,
        number=session.number,
        patient=patient_label(session.patient),
        when=f"{format_day(local)}, {local:%H:%M}",
        dose_ug=session.dose_ug,
        route=words.ROUTES[session.route],
        minutes=session.duration_min,
        prescriber=names.get(session.prescriber, ""),
        is_open=session.closed_ms is None,
        index=session.index,
    )


def _opened_lately() -> list[Recorded]:
    """Return the openings of the last days whose session has no closing, or only a struck one."""
    kinds = ("session_opened", "session_closed", "entry_struck")
    since = desk().now_ms() - _OPEN_WITHIN_MS
    with read(register().engine) as conn:
        found = registers.newest(conn, register().site, limit=_MOST_RECENT, kinds=kinds, from_ms=since).entries
    struck = {entry.event.of.index for entry in found if isinstance(entry.event, events.EntryStruck)}
    closed = {
        entry.event.session
        for entry in found
        if isinstance(entry.event, events.SessionClosed) and entry.index not in struck
    }
    return [
        entry for entry in found if isinstance(entry.event, events.SessionOpened) and entry.event.session not in closed
    ]


def _order(session: Session, book: Book) -> tuple[int, int] | None:
    """Return weight in g and ug/kg, where the order was made by weight and they are not erased."""
    weight = sealed_value(register(), session.index, "weight_g")
    per_kg = sealed_value(register(), session.index, "dose_ug_per_kg")
    opened = book.entries[session.index].event
    is_first_order = isinstance(opened, events.SessionOpened) and opened.dose_ug == session.dose_ug
    if isinstance(weight, int) and isinstance(per_kg, int) and is_first_order:
        return weight, per_kg
    return None


def _unwitnessed(look: Look) -> list[tuple[int, str, tuple[int, int]]]:
    """Return the wastes that still may be witnessed: entry, label, amount."""
    wastes = [look.book.wastes[index] for index in look.session.wastes if index in look.book.wastes]
    return [
        (waste.index, look.book.containers[waste.container].label, (waste.mass_ug, waste.volume_ul))
        for waste in wastes
        if waste.witness is None and not waste.is_alone and look.policy.waste_needs_witness
    ]


def _signatures(book: Book, session: Session, names: dict[str, str]) -> list[dict[str, object]]:
    """Return who signed what: wastes, their witnesses, the closing."""
    found = []
    for entry in book.entries.values():
        if entry.index in book.struck or getattr(entry.event, "session", None) != session.session:
            continue
        meaning = _meaning(book, entry)
        if meaning:
            local = moment(entry.occurred_ms, entry.offset_min)
            found.append(
                {
                    "who": names.get(entry.actor, ""),
                    "meaning": meaning,
                    "how": f"{local:%H:%M} {format_offset(entry.offset_min)}, own password, entry {entry.index}",
                    "second": isinstance(entry.event, events.WasteWitnessed | events.RemainderReread),
                }
            )
    return found


def _meaning(book: Book, entry: Recorded) -> str:
    match entry.event:
        case events.WasteRecorded(mass_ug=mass, volume_ul=volume):
            label = book.containers[entry.event.container].label
            return f"Wasted {words.both(mass, volume)} from {label}"
        case events.WasteWitnessed(of=Ref(index=of)) if of not in book.struck:
            return f"Saw {book.containers[entry.event.container].label} emptied"
        case events.SessionClosed():
            return "Closed the session"
        case _:
            return ""
