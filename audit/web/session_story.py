"""What happened in a session, entry by entry: oldest first, struck lines beside what replaces them.

Figures that are withheld from the viewer are not in these lines. Not here: the sums (`session_view.py`), any form.
"""

from dataclasses import dataclass, replace
from typing import assert_never

from audit.domain import events
from audit.domain.book import Book, Container, Person, Recorded
from audit.domain.flags import Flag
from audit.domain.wire import session_of
from audit.services.reading import flags_of
from audit.web import words
from audit.web.blind import is_withheld
from audit.web.desk import register
from audit.web.filters import amount, moment
from audit.web.session_view import Look, mass_rate

HIDDEN = "hidden until a second person has read it too"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One entry of the story."""

    index: int
    case: str
    """The case this entry opened, if it did."""
    time: str
    iso: str
    plus: str
    icon: str
    tone: str
    what: str
    detail: str
    is_struck: bool
    is_correction: bool
    marks: tuple[tuple[str, str, str], ...]
    """Label, icon and tone of each mark it carries for ever."""
    may_correct: bool


@dataclass(frozen=True, slots=True)
class _Said:
    """What one entry says: icon, tone, sentence, detail."""

    icon: str
    tone: str
    what: str
    detail: str = ""


def story(look: Look, persons: dict[str, Person]) -> list[Line]:
    """Return the lines of a session in the order things happened; a strike stands with what it strikes."""
    book = look.book
    entries = [entry for entry in book.entries.values() if _belongs(book, entry, look.session.session)]
    told = [(entry, tell(book, entry, persons, look.viewer)) for entry in entries]
    lines = [(_place(book, entry), _line(look, entry, said, persons)) for entry, said in told if said is not None]
    return [line for _, line in sorted(lines, key=lambda pair: pair[0])]


def tell(book: Book, entry: Recorded, persons: dict[str, Person], viewer: str) -> _Said | None:
    """Return what an entry of a session says, without what is withheld; None for a kind that is no act of a session."""
    said = _tell(book, entry, persons)
    if said is not None and _is_withheld(book, entry, viewer):
        return replace(said, what=said.what.partition(":")[0] or said.what, detail=HIDDEN)
    return said


def mark_words(flag: Flag, index: int | None = None) -> tuple[str, str, str]:
    """Return label, icon and tone of a mark."""
    if flag is Flag.STRUCK and index is not None:
        return f"struck by {index}", "strike", "plain"
    return _MARKS[flag]


_MARKS = {
    Flag.STRUCK: ("struck", "strike", "plain"),
    Flag.REPLACES: ("corrected", "fix", "plain"),
    Flag.LATE: ("late", "clock", "warn"),
    Flag.UNWITNESSED: ("unwitnessed", "alert", "stop"),
    Flag.UNCONFIRMED: ("unconfirmed", "alert", "warn"),
    Flag.DISAGREES: ("readings differ", "alert", "warn"),
    Flag.EXPIRED: ("expired", "alert", "warn"),
    Flag.OVERFILL: ("overfill", "alert", "warn"),
    Flag.UNEXPLAINED: ("unexplained", "alert", "stop"),
    Flag.FIGURES_SEEN: ("figures seen", "eye", "warn"),
    Flag.UNLIKE_RATE: ("unlike rate × time", "alert", "warn"),
}


def _belongs(book: Book, entry: Recorded, session: str) -> bool:
    if isinstance(entry.event, events.EntryStruck):
        struck = book.entries.get(entry.event.of.index)
        return struck is not None and session_of(struck.event) == session
    return session_of(entry.event) == session


def _place(book: Book, entry: Recorded) -> tuple[int, int, int]:
    """Sort by when the act that it is about happened, then by the first entry about it, then by its own."""
    root = entry
    while (before := _before(book, root)) is not None:
        root = before
    return root.occurred_ms, root.index, entry.index


def _before(book: Book, entry: Recorded) -> Recorded | None:
    named = entry.event.of if isinstance(entry.event, events.EntryStruck) else getattr(entry.event, "replaces", None)
    return book.entries.get(named.index) if named is not None else None


def _line(look: Look, entry: Recorded, said: _Said, persons: dict[str, Person]) -> Line:
    book, local = look.book, moment(entry.occurred_ms, entry.offset_min)
    is_struck = entry.index in book.struck
    minutes = (entry.occurred_ms - look.session.opened_ms) // 60_000
    hidden = _is_withheld(book, entry, look.viewer)
    marks = [
        mark_words(flag, book.struck.get(entry.index))
        for flag in flags_of(register(), book, entry)
        if not (hidden and flag is Flag.UNLIKE_RATE)
    ]
    return Line(
        index=entry.index,
        case=entry.event.case if isinstance(entry.event, events.CaseOpened) else "",
        time=f"{local:%H:%M}",
        iso=f"{local:%Y-%m-%dT%H:%M:%S}",
        plus=f"+{minutes} min" if minutes > 0 else "",
        icon=said.icon,
        tone=said.tone,
        what=said.what,
        detail=said.detail,
        is_struck=is_struck,
        is_correction=getattr(entry.event, "replaces", None) is not None,
        marks=tuple(marks),
        may_correct=not is_struck and may_correct(entry, look.viewer, persons),
    )


def may_correct(entry: Recorded, viewer: str, persons: dict[str, Person]) -> bool:
    """Say whether a person may strike an entry: their own, or any as a manager."""
    if not isinstance(entry.event, events.Correctable):
        return False
    person = persons.get(viewer)
    if person is None or not person.is_active:
        return False
    is_manager = "manager" in person.roles
    return is_manager or (entry.actor == viewer and "clinician" in person.roles)


def _is_withheld(book: Book, entry: Recorded, viewer: str) -> bool:
    """Say whether an entry's figures are withheld: of a reading still to be repeated, and of what follows from it."""
    if not isinstance(entry.event, _TELLING):
        return False
    if isinstance(entry.event, events.SessionClosed):
        session = book.sessions.get(entry.event.session)
        return session is not None and any(
            is_withheld(book, book.containers[one], viewer) for one in session.syringes if one in book.containers
        )
    container = book.containers.get(entry.event.container)
    if container is None:
        return False
    if isinstance(entry.event, events.RemainderReread) and not container.is_finished:
        # The first person does not learn the second's figure before both agree either.
        return not _agrees(container) and entry.actor != viewer
    return is_withheld(book, container, viewer)


_TELLING = (
    events.RemainderRead,
    events.RemainderReread,
    events.RemainderHeld,
    events.WasteRecorded,
    events.SessionClosed,
)


def _agrees(container: Container) -> bool:
    return container.reading is not None and container.reading.agrees is True


def _tell(book: Book, entry: Recorded, persons: dict[str, Person]) -> _Said | None:
    match entry.event:
        case events.SessionOpened() as event:
            prescriber = words.person(persons, event.prescriber)
            order = f"Order {amount(event.dose_ug)} mg over {event.duration_min} min {words.ROUTES[event.route]}"
            return _Said("today", "", f"Opened: {order}", prescriber)
        case events.ContainerTaken() | events.ContainerReturned() as event:
            return _taken(book, event)
        case events.DoseDrawn() as event:
            return _drawn(book, event)
        case events.InfusionStarted() | events.RateChanged() | events.InfusionStopped() as event:
            return _pump(book, event)
        case events.RemainderRead() | events.RemainderReread() | events.RemainderHeld() as event:
            return _reading(book, entry, event, persons)
        case events.WasteRecorded() | events.WasteWitnessed() as event:
            return _waste(book, entry, event, persons)
        case events.SessionClosed():
            return _Said("check", "ok", "Closed: 0 mg (0 mL) left", f"By {words.person(persons, entry.actor)}")
        case events.EntryStruck() as event:
            return _Said("strike", "warn", f"Struck entry {event.of.index}: {words.STRIKE_REASONS[event.reason]}")
        case events.CaseOpened() as event:
            return _Said("case", "warn", f"Case opened: {words.CAUSES[event.cause]}")
        case _:
            return None


def _taken(book: Book, event: events.ContainerTaken | events.ContainerReturned) -> _Said:
    vial = book.containers.get(event.container)
    label, volume = (vial.label, vial.volume_in(event.mass_ug)) if vial else (event.container, 0)
    verb = "Taken from the shelf" if isinstance(event, events.ContainerTaken) else "Returned to the shelf"
    return _Said("vial", "", f"{verb}: {label}", f"{amount(event.mass_ug)} mg ({amount(volume)} mL)")


def _drawn(book: Book, event: events.DoseDrawn) -> _Said:
    drawn_ul = sum(source.volume_ul for source in event.sources)
    sources = ", ".join(_label(book, source.container) for source in event.sources)
    made_up = f"Made up to {amount(event.volume_ul)} mL in" if event.volume_ul != drawn_ul else "In"
    what = f"Drawn {amount(event.mass_ug)} mg ({amount(drawn_ul)} mL) from {sources}"
    return _Said("syringe", "", what, f"{made_up} {_label(book, event.syringe)}")


def _pump(book: Book, event: events.InfusionStarted | events.RateChanged | events.InfusionStopped) -> _Said:
    label = _label(book, event.container)
    if isinstance(event, events.InfusionStopped):
        return _Said("stop", "warn", f"Stopped {label}", words.STOP_REASONS[event.reason])
    syringe = book.containers.get(event.container)
    mass = f"{amount(mass_rate(syringe, event.rate_ul_per_h))} mg/h " if syringe else ""
    rate = f"{mass}({amount(event.rate_ul_per_h)} mL/h)"
    match event:
        case events.InfusionStarted():
            return _Said("play", "live", f"Started {label} at {rate}")
        case events.RateChanged(dose_ug=dose_ug, reason=reason):
            ordered = f". Ordered dose now {amount(dose_ug)} mg" if dose_ug is not None else ""
            return _Said("rate", "live", f"Rate changed to {rate}", f"{words.RATE_REASONS[reason]}{ordered}")
        case _ as unreachable:
            assert_never(unreachable)


def _reading(
    book: Book,
    entry: Recorded,
    event: events.RemainderRead | events.RemainderReread | events.RemainderHeld,
    persons: dict[str, Person],
) -> _Said:
    label, who = _label(book, event.container), words.person(persons, entry.actor)
    figure = f"{amount(event.volume_ul)} mL ({amount(event.mass_ug)} mg)"
    match event:
        case events.RemainderRead(residual_ug=residual, given_ug=given):
            rest = f", left in the line {_both(book, event.container, residual)}" if residual else ""
            gave = f". Given {_both(book, event.container, given)}{rest}" if given is not None else ""
            return _Said("eye", "", f"Left in {label}: {figure}", f"Read by {who}{gave}")
        case events.RemainderReread():
            return _Said("two", "second", f"Second reading of {label}: {figure}", f"Read blind by {who}")
        case events.RemainderHeld(bag=bag):
            return _Said("bag", "warn", f"Held in bag {bag}, {label}: {figure}", f"Locked away by {who}")
        case _ as unreachable:
            assert_never(unreachable)


def _waste(
    book: Book, entry: Recorded, event: events.WasteRecorded | events.WasteWitnessed, persons: dict[str, Person]
) -> _Said:
    label, who = _label(book, event.container), words.person(persons, entry.actor)
    if isinstance(event, events.WasteWitnessed):
        return _Said("two", "second", f"Waste of {label} witnessed", f"Seen by {who}: {words.METHODS[event.method]}")
    figure = f"{amount(event.mass_ug)} mg ({amount(event.volume_ul)} mL)"
    short = f". Less than the book by {_both(book, event.container, event.short_ug)}" if event.short_ug else ""
    how = f"{words.METHODS[event.method].capitalize()}. {words.WASTE_REASONS[event.reason]}"
    alone = ", without a witness" if event.alone else ""
    return _Said("waste", "", f"Wasted from {label}: {figure}{alone}", f"{how}. {who}{short}")


def _both(book: Book, container: str, mass_ug: int) -> str:
    found = book.containers.get(container)
    volume = (found.volume_in(abs(mass_ug)) if found else 0) * (1 if mass_ug >= 0 else -1)
    return f"{amount(mass_ug)} mg ({amount(volume)} mL)"


def _label(book: Book, container: str) -> str:
    found = book.containers.get(container)
    return found.label if found else "a container struck since"
