"""What happened in a session, entry by entry: oldest first, struck lines beside what replaces them.

The sentences are those of the register (`services.sentences`). Figures withheld from the viewer are not in these
lines. Not here: the sums (`session_view.py`), any form.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup, escape

from audit.domain import events
from audit.domain.book import Book, Person, Recorded
from audit.domain.flags import Flag
from audit.domain.wire import session_of
from audit.services.blind import is_withheld
from audit.services.meanings import TITLES
from audit.services.reading import flags_of
from audit.services.sentences import Teller
from audit.web.blind import session_is_withheld
from audit.web.desk import register
from audit.web.filters import decimal_mark, moment
from audit.web.register_view import FLAG_TAGS
from audit.web.session_view import Look
from audit.web.words import names

HIDDEN = "Hidden until a second person has read it too"
_UNIT = re.compile(r"(\d) (mg|mL|min|kg)\b")
_LABEL = re.compile(r"\b[VS]-\d{4,}\b")
_LOOKS: Mapping[type[events.Event], tuple[str, str]] = {
    events.SessionOpened: ("today", ""),
    events.ContainerTaken: ("vial", ""),
    events.ContainerReturned: ("vial", ""),
    events.DoseDrawn: ("syringe", ""),
    events.InfusionStarted: ("play", "live"),
    events.RateChanged: ("rate", "live"),
    events.InfusionStopped: ("stop", "warn"),
    events.RemainderRead: ("eye", ""),
    events.RemainderReread: ("two", "second"),
    events.WasteRecorded: ("waste", ""),
    events.WasteWitnessed: ("two", "second"),
    events.RemainderHeld: ("bag", "warn"),
    events.SessionClosed: ("check", "ok"),
    events.EntryStruck: ("strike", "warn"),
    events.CaseOpened: ("case", "warn"),
}
"""Icon and tone of each kind that is part of a session."""


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
    what: Markup
    detail: Markup
    is_struck: bool
    is_correction: bool
    marks: tuple[tuple[str, str, str], ...]
    """Label, icon and tone of each mark it carries for ever."""
    may_correct: bool


def story(look: Look, persons: Mapping[str, Person]) -> list[Line]:
    """Return the lines of a session in the order things happened; a strike stands with what it strikes."""
    teller = Teller(look.book, names(persons), decimal_mark())
    entries = [entry for entry in look.book.entries.values() if _belongs(look.book, entry, look.session.session)]
    entries.sort(key=lambda entry: _place(look.book, entry))
    return [_line(look, entry, teller, persons) for entry in entries]


def may_correct(entry: Recorded, viewer: str, persons: Mapping[str, Person]) -> bool:
    """Say whether a person may strike an entry: their own, or any as a manager."""
    person = persons.get(viewer)
    if person is None or not person.is_active or not isinstance(entry.event, events.Correctable):
        return False
    return "manager" in person.roles or (entry.actor == viewer and "clinician" in person.roles)


def is_hidden(book: Book, entry: Recorded, viewer: str) -> bool:
    """Say whether an entry tells a reading that is still blind to a person: itself, or by what follows from it."""
    if isinstance(entry.event, events.SessionClosed) and entry.event.session in book.sessions:
        return session_is_withheld(book, entry.event.session, viewer)
    return is_withheld(book, entry, viewer)


def _belongs(book: Book, entry: Recorded, session: str) -> bool:
    if isinstance(entry.event, events.EntryStruck):
        struck = book.entries.get(entry.event.of.index)
        return struck is not None and session_of(struck.event) == session
    return type(entry.event) in _LOOKS and session_of(entry.event) == session


def _place(book: Book, entry: Recorded) -> tuple[int, int, int]:
    """Sort by when the act that it is about happened, then by the first entry about it, then by its own."""
    root = entry
    while (before := _before(book, root)) is not None:
        root = before
    return root.occurred_ms, root.index, entry.index


def _before(book: Book, entry: Recorded) -> Recorded | None:
    named = entry.event.of if isinstance(entry.event, events.EntryStruck) else getattr(entry.event, "replaces", None)
    return book.entries.get(named.index) if named is not None else None


def _line(look: Look, entry: Recorded, teller: Teller, persons: Mapping[str, Person]) -> Line:
    local, minutes = moment(entry.occurred_ms, entry.offset_min), (entry.occurred_ms - look.session.opened_ms) // 60_000
    hidden, is_struck = is_hidden(look.book, entry, look.viewer), entry.index in look.book.struck
    told, who = teller.tell(entry), teller.named(entry.actor)
    icon, tone = _LOOKS[type(entry.event)]
    return Line(
        index=entry.index,
        case=entry.event.case if isinstance(entry.event, events.CaseOpened) else "",
        time=f"{local:%H:%M}",
        iso=f"{local:%Y-%m-%dT%H:%M:%S}",
        plus=f"+{minutes} min" if minutes > 0 else "",
        icon=icon,
        tone=tone,
        what=_unbroken(TITLES[type(entry.event)] if hidden else told.what),
        detail=_unbroken(f"{HIDDEN} · {who}" if hidden else _without_session(told.detail, who)),
        is_struck=is_struck,
        is_correction=getattr(entry.event, "replaces", None) is not None,
        marks=_marks(look, entry, hidden=hidden),
        may_correct=not is_struck and may_correct(entry, look.viewer, persons),
    )


def _unbroken(sentence: str) -> Markup:
    """Keep a value and its unit, and a label, on one line."""
    joined = _UNIT.sub("\\1\u00a0\\2", str(escape(sentence)))
    return Markup(_LABEL.sub(r'<span class="nowrap">\g<0></span>', joined))  # noqa: S704 (escaped on the line above)


def _without_session(detail: str, who: str) -> str:
    """The page names its session at the top: what is left of a detail, and who did it."""
    parts = [part for part in detail.split(" · ") if part and not part.startswith("Session ")]
    return " · ".join([*parts, who])


def _marks(look: Look, entry: Recorded, *, hidden: bool) -> tuple[tuple[str, str, str], ...]:
    found = []
    for flag in flags_of(register(), look.book, entry):
        label, icon, tone = FLAG_TAGS[flag]
        if flag is Flag.STRUCK:
            found.append((f"{label} by {look.book.struck[entry.index]}", icon, tone))
        elif not hidden or flag in {Flag.LATE, Flag.REPLACES}:
            found.append((label, icon, tone))
    return tuple(found)
