"""What the pages of the register show, as plain values: lines, filters, one entry with its proof and relatives.

Not here: the views (`register`), the words of an entry (`services.sentences`), HTML.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import url_for

from audit.domain import events
from audit.domain.book import Book, Recorded
from audit.domain.flags import Flag
from audit.services import people
from audit.services.inclusion import Placed
from audit.services.meanings import MEANINGS, TITLES, method_words
from audit.services.register import Register
from audit.services.telling import Line, Viewer
from audit.web.filters import decimal_mark, format_day, format_offset, moment
from audit.web.security import current_person

SHORT = 8
Tag = tuple[str, str, str, str]

FLAG_TAGS: dict[Flag, tuple[str, str, str]] = {
    Flag.STRUCK: ("Struck", "strike", "plain"),
    Flag.REPLACES: ("Correction", "fix", "plain"),
    Flag.LATE: ("Late", "clock", "warn"),
    Flag.UNWITNESSED: ("Unwitnessed", "alert", "stop"),
    Flag.UNCONFIRMED: ("Unconfirmed", "alert", "warn"),
    Flag.DISAGREES: ("Not the same", "alert", "warn"),
    Flag.EXPIRED: ("Expired", "clock", "warn"),
    Flag.OVERFILL: ("Overfill", "up", "warn"),
    Flag.UNEXPLAINED: ("Unexplained", "alert", "stop"),
    Flag.FIGURES_SEEN: ("Figures seen before", "eye", "warn"),
    Flag.UNLIKE_RATE: ("Unlike rate × time", "rate", "warn"),
}

GROUPS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("sessions", "Sessions", ("session_opened", "dose_drawn", "infusion_started", "rate_changed", "infusion_stopped",
                              "container_taken", "container_returned", "session_closed")),
    ("waste", "Readings and waste", ("remainder_read", "remainder_reread", "waste_recorded", "waste_witnessed",
                                     "remainder_held")),
    ("stock", "Receipts and inventory", ("product_registered", "receipt_recorded", "inventory_taken",
                                         "inventory_confirmed")),
    ("counts", "Counts", ("count_started", "count_recorded", "count_confirmed", "count_revealed")),
    ("cases", "Cases", ("case_opened", "case_assigned", "case_noted", "case_closed")),
    ("corrections", "Corrections", ("entry_struck",)),
    ("people", "People and patients", ("person_enrolled", "roles_changed", "person_ended", "password_set",
                                       "patient_registered", "patient_unmasked", "patients_disclosed",
                                       "erasure_requested", "patient_erased")),
    ("log", "Log and reports", ("log_opened", "clock_stepped", "acts_signed", "report_issued", "time_stamped",
                                "log_restored", "drill_run")),
    ("keys", "Passkeys and keys", ("credential_enrolled", "credential_revoked", "signing_domain_changed",
                                   "service_key_changed", "log_key_changed", "cosigners_changed",
                                   "signer_row_stated")),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One entry in a list of the register."""

    index: int
    href: str
    day: str
    time: str
    offset: str
    iso: str
    what: str
    detail: str
    who: str
    role: str
    how: str
    own: str
    prev: str
    is_struck: bool
    is_withheld: bool
    tags: tuple[Tag, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relative:
    """Another entry that has to do with one: how, its number, its words."""

    how: str
    index: int
    href: str
    what: str


def viewer_of(register: Register) -> tuple[Viewer, Mapping[str, str]]:
    """Return who looks, with everybody's names, and everybody's profession."""
    known = people.staff(register)
    names = {person: one.name for person, one in known.items()}
    professions = {person: one.profession for person, one in known.items()}
    return Viewer(person=current_person().person, names=names, mark=decimal_mark()), professions


def rows_of(lines: tuple[Line, ...], viewer: Viewer, professions: Mapping[str, str], *, linked: bool) -> list[Row]:
    """Return the lines of a list; `linked` when they follow one another without a gap, so that links show."""
    leaves = {line.entry.index: line.entry.leaf for line in lines} if linked else {}
    base = url_for("register.show")  # asked once: the router takes longer than a row does
    return [_row(line, viewer, professions, leaves, base) for line in lines]


def by_day(rows: list[Row]) -> list[tuple[str, list[Row]]]:
    """Return the rows in stretches of one local day, in their order."""
    return [(day, list(group)) for day, group in itertools.groupby(rows, key=lambda row: row.day)]


def steps_of(placed: Placed) -> list[tuple[str, str]]:
    """Return the way from an entry to the signed root: side and hash."""
    return [(side, value.hex()) for side, value in placed.standing.hashes] if placed.standing else []


def tags_of(line: Line) -> tuple[Tag, ...]:
    """Return the marks of a line as tags; a struck one leads to its strike."""
    made = []
    for flag in line.flags:
        label, icon, tone = FLAG_TAGS[flag]
        href = ""
        if flag is Flag.STRUCK and line.struck_by is not None:
            label, href = f"Struck by {line.struck_by}", url_for("register.entry", index=line.struck_by)
        made.append((label, icon, tone, href))
    return tuple(made)


def relatives(book: Book, entry: Recorded) -> list[tuple[str, Recorded]]:
    """Return the entries that refer to one, are named by it or stand in its place, with how, by number."""
    found: list[tuple[str, Recorded]] = []
    for other in book.entries.values():
        how = _relation(book, entry, other)
        if how and other.index != entry.index:
            found.append((how, other))
    return sorted(found, key=lambda pair: pair[1].index)


def how_words(entry: Recorded) -> str:
    """Return how an entry was signed and what that is worth."""
    said = method_words(entry.method, entry.factors)
    return {
        "passkey": "By the actor's own passkey, over this very act. Nobody else can make that signature",
        "password_totp": f"{said}, typed for this act. The service checked it and states so (attest)",
        "signed_in": "Signed in, no password at this act. A later signature over their own acts covers it, "
        "or it is listed as unsigned",
        "service": "Stated by the service itself; it stands for no person",
    }.get(entry.method, entry.method)


def title_of(entry: Recorded) -> str:
    """Return what the kind of an entry is called."""
    return TITLES[type(entry.event)]


def meaning_of(entry: Recorded) -> str:
    """Return what the signature under an entry says."""
    return MEANINGS[type(entry.event)]


def stamp_ms(moment_ms: int, offset_min: int) -> str:
    """Return a moment with seconds and offset: 23 Nov 2026 14:01:58 −06:00."""
    local = moment(moment_ms, offset_min)
    return f"{format_day(local)} {local:%H:%M:%S} {format_offset(offset_min)}"


def _row(line: Line, viewer: Viewer, professions: Mapping[str, str], leaves: Mapping[int, str], base: str) -> Row:
    entry = line.entry
    local = moment(entry.occurred_ms, entry.offset_min)
    told = line.told
    return Row(
        index=entry.index,
        href=f"{base}/{entry.index}",
        day=format_day(local),
        time=f"{local:%H:%M:%S}",
        offset=format_offset(entry.offset_min),
        iso=datetime.fromtimestamp(entry.occurred_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        what=told.what if told else title_of(entry),
        detail=told.detail if told else "",
        who=viewer.names.get(entry.actor, "The service"),
        role=professions.get(entry.actor, ""),
        how=method_words(entry.method, entry.factors),
        own=entry.leaf[:SHORT],
        prev=leaves.get(entry.index - 1, "")[:SHORT],
        is_struck=line.struck_by is not None,
        is_withheld=told is None,
        tags=tags_of(line),
    )


def _relation(book: Book, entry: Recorded, other: Recorded) -> str:
    if other.index == book.struck.get(entry.index):
        return "Struck by"
    if _names(other, "replaces") == entry.index:
        return "Replaced by"
    if _names(other, "of") == entry.index:
        return "Answered by" if not isinstance(other.event, events.EntryStruck) else "Struck by"
    if _names(entry, "of") == other.index:
        return "Strikes" if isinstance(entry.event, events.EntryStruck) else "About"
    if _names(entry, "replaces") == other.index:
        return "Replaces"
    if isinstance(entry.event, events.EntryStruck) and _names(other, "replaces") == entry.event.of.index:
        return "Replaced by"
    return ""


def _names(entry: Recorded, fact: str) -> int | None:
    named = getattr(entry.event, fact, None)
    return named.index if named is not None else None
