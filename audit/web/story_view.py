"""One container from its invoice or inventory to its last drop: each entry with what it changed and what was left.

A level is what the book has of the container, wherever it is; a struck entry keeps its words and changes nothing. What
waits for a second person is withheld from whoever may be that person. Not here: sentences (`services.sentences`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from werkzeug.exceptions import NotFound

from audit.domain import events
from audit.domain.book import Book, Container, Recorded
from audit.domain.flags import Flag
from audit.domain.fold import is_active
from audit.domain.keys import keys
from audit.domain.postings import ON_HAND, Account, postings
from audit.services.counting import recent_counts
from audit.services.meanings import TITLES
from audit.services.reading import book_of, flags_of
from audit.services.sentences import Teller, Told
from audit.web.blind import is_withheld
from audit.web.desk import register

Amount = tuple[int, int]
"""Micrograms and microlitres."""
_ICONS: dict[type[events.Event], tuple[str, str]] = {
    events.InventoryTaken: ("tally", ""),
    events.ReceiptRecorded: ("in", ""),
    events.ContainerTaken: ("move", ""),
    events.ContainerReturned: ("move", ""),
    events.DoseDrawn: ("syringe", "live"),
    events.InfusionStarted: ("play", "live"),
    events.RateChanged: ("rate", "live"),
    events.InfusionStopped: ("stop", "live"),
    events.RemainderRead: ("eye", ""),
    events.RemainderReread: ("two", "second"),
    events.WasteRecorded: ("waste", "warn"),
    events.WasteWitnessed: ("two", "second"),
    events.RemainderHeld: ("bag", "warn"),
    events.EntryStruck: ("strike", ""),
    events.CountRecorded: ("tally", "second"),
    events.CaseOpened: ("flag", "stop"),
    events.CaseClosed: ("okc", "ok"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One entry in a container's life; amounts None where it changed nothing, or may not be shown."""

    entry: Recorded
    icon: str
    tone: str
    what: str
    detail: str
    change: Amount | None
    level: Amount | None
    flags: tuple[Flag, ...]
    struck_by: int | None
    session: str | None
    is_withheld: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Where a part of a container went, with the kind its mark is drawn in."""

    kind: str
    mass_ug: int
    volume_ul: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A container and all that is known of it."""

    container: Container
    book: Book
    steps: tuple[Step, ...]
    parts: tuple[Part, ...]
    sources: tuple[Container, ...]
    children: tuple[Container, ...]
    left_ug: int
    left_ul: int
    is_withheld: bool


def tell_story(container: str, *, viewer: str, names: Mapping[str, str], is_counting: bool) -> Story:
    """Return a container's life as one person may see it; while they may count, without any amount.

    Raises:
        NotFound: no container of that identifier stands.
    """
    book = _load(container)
    vial = book.containers[container]
    entries = [entry for entry in book.entries.values() if f"container:{container}" in _keys(book, entry)]
    found = sorted(entries + _counts_of(container), key=lambda entry: entry.index)
    hides_from = _hidden_from(book, vial, viewer, is_counting=is_counting)
    left = book.on_hand(container)
    return Story(
        container=vial,
        book=book,
        steps=_steps(book, vial, found, Teller(book, names), hides_from),
        parts=() if hides_from is not None else _parts(book, vial),
        sources=tuple(book.containers[one] for one in vial.sources if one in book.containers),
        children=_children(book, vial),
        left_ug=left,
        left_ul=vial.volume_in(left),
        is_withheld=hides_from is not None,
    )


def _load(container: str) -> Book:
    key = f"container:{container}"
    first = book_of(register(), {key})
    if container not in first.containers:
        raise NotFound
    sessions = {one for entry in first.entries.values() for one in keys(entry.event) if one.startswith("session:")}
    return book_of(register(), {key} | sessions | {f"container:{one}" for one in _kin(first, container)})


def _kin(book: Book, container: str) -> set[str]:
    """Return the containers that a container was made of or made into."""
    kin = set()
    for entry in book.entries.values():
        if isinstance(entry.event, events.DoseDrawn):
            kin |= {entry.event.syringe, *(source.container for source in entry.event.sources)}
    return kin - {container}


def _keys(book: Book, entry: Recorded) -> frozenset[str]:
    """Return the keys of an entry; a strike is found under those of what it strikes too."""
    if isinstance(entry.event, events.EntryStruck) and entry.event.of.index in book.entries:
        return keys(book.entries[entry.event.of.index].event)
    return keys(entry.event)


def _counts_of(container: str) -> list[Recorded]:
    """Return the revealed counts that found this container; they change nothing and are not among its keys."""
    return [
        count.first
        for count in recent_counts(register())
        if not count.is_open
        and count.first is not None
        and isinstance(count.first.event, events.CountRecorded)
        and any(line.container == container for line in count.first.event.opened)
    ]


def _hidden_from(book: Book, vial: Container, viewer: str, *, is_counting: bool) -> int | None:
    """Return the first entry whose amounts are withheld; None where all may be shown."""
    if is_counting:
        return 0
    if is_withheld(book, vial, viewer) and vial.reading is not None:
        return vial.reading.index
    return None


def _steps(
    book: Book, vial: Container, found: Sequence[Recorded], teller: Teller, hides_from: int | None
) -> tuple[Step, ...]:
    steps, level = [], 0
    for entry in found:
        change = _change(entry, vial.container)
        active = is_active(book, entry)
        level += change if active else 0
        hidden = hides_from is not None and entry.index >= hides_from
        steps.append(_step(book, vial, entry, teller, (change, level if active else level + change), hidden=hidden))
    return tuple(steps)


def _step(
    book: Book, vial: Container, entry: Recorded, teller: Teller, moved: tuple[int, int], *, hidden: bool
) -> Step:
    icon, tone = _ICONS.get(type(entry.event), ("note", ""))
    told = None if hidden else _told(entry, vial, teller)
    change, level = moved
    shows = not hidden and change != 0
    return Step(
        entry=entry,
        icon=icon,
        tone=tone,
        what=told.what if told else TITLES[type(entry.event)],
        detail=told.detail if told else "",
        change=(change, vial.volume_in(change) if change > 0 else -vial.volume_in(-change)) if shows else None,
        level=(level, vial.volume_in(level)) if shows else None,
        flags=tuple(one for one in flags_of(register(), book, entry) if not (hidden and one is Flag.UNLIKE_RATE)),
        struck_by=book.struck.get(entry.index),
        session=getattr(entry.event, "session", None),
        is_withheld=hidden,
    )


def _told(entry: Recorded, vial: Container, teller: Teller) -> Told:
    """Return an entry in words; of a count only what it says about this container."""
    if isinstance(entry.event, events.CountRecorded):
        level = next(line.volume_ul for line in entry.event.opened if line.container == vial.container)
        return Told(
            f"Counted {teller.amount(vial.mass_in(level), level)}", "A count states what is there; it moves nothing"
        )
    return teller.tell(entry)


def _change(entry: Recorded, container: str) -> int:
    if isinstance(entry.event, events.EntryStruck):
        return 0
    return sum(one.mass_ug for one in postings(entry.event) if one.container == container and one.account in ON_HAND)


def _parts(book: Book, vial: Container) -> tuple[Part, ...]:
    """Return where the content went, in the order it is drawn: drawn or given first, what is left last."""
    totals: dict[str, int] = {}
    for (account, _), mass in book.places(vial.container).items():
        if kind := _KINDS.get(account):
            totals[kind] = totals.get(kind, 0) + mass
    totals["drawn"] = _drawn(book, vial.container)
    totals["unexplained"] = -book.balance(vial.container, Account.VARIANCE)
    return tuple(
        Part(kind=kind, mass_ug=mass, volume_ul=vial.volume_in(mass) if mass > 0 else -vial.volume_in(-mass))
        for kind in ("drawn", "given", "residual", "wasted", "lost", "explained", "unexplained", "left")
        if (mass := totals.get(kind, 0)) or kind == "left"
    )


_KINDS: dict[Account, str] = {
    Account.GIVEN: "given",
    Account.RESIDUAL: "residual",
    Account.WASTED: "wasted",
    Account.LOST: "lost",
    Account.EXPLAINED: "explained",
} | dict.fromkeys(ON_HAND, "left")


def _drawn(book: Book, container: str) -> int:
    return sum(
        source.mass_ug
        for entry in book.entries.values()
        if isinstance(entry.event, events.DoseDrawn) and is_active(book, entry)
        for source in entry.event.sources
        if source.container == container
    )


def _children(book: Book, vial: Container) -> tuple[Container, ...]:
    made = [one for one in book.containers.values() if vial.container in one.sources]
    return tuple(sorted(made, key=lambda one: one.label))
