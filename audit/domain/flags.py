"""Marks that an entry carries for ever: late, unwitnessed, unconfirmed, expired, beyond the label, struck.

Derived from the entry, the book and the policy of the day it happened; nothing here can be switched off.
"""

from enum import StrEnum

from audit.domain import events
from audit.domain.book import Book, Recorded, Session
from audit.domain.policy import Policy
from audit.domain.postings import Account
from audit.domain.quantity import share


class Flag(StrEnum):
    """One mark, by the word it is shown under."""

    STRUCK = "struck"
    REPLACES = "replaces"
    LATE = "late"
    UNWITNESSED = "unwitnessed"
    UNCONFIRMED = "unconfirmed"
    DISAGREES = "disagrees"
    EXPIRED = "expired"
    OVERFILL = "overfill"
    UNEXPLAINED = "unexplained"
    FIGURES_SEEN = "figures_seen"
    UNLIKE_RATE = "unlike_rate"


def flags(book: Book, entry: Recorded, policy: Policy) -> tuple[Flag, ...]:
    """Return the marks of an entry; the book must be complete for the entry's own keys."""
    found = []
    if entry.index in book.struck:
        found.append(Flag.STRUCK)
    if getattr(entry.event, "replaces", None) is not None:
        found.append(Flag.REPLACES)
    if policy.is_late(occurred_ms=entry.occurred_ms, recorded_ms=entry.recorded_ms):
        found.append(Flag.LATE)
    found += _own_flags(book, entry, policy)
    return tuple(found)


def _own_flags(book: Book, entry: Recorded, policy: Policy) -> list[Flag]:
    match entry.event:
        case events.WasteRecorded():
            return _waste_flags(book, entry, policy)
        case events.InventoryTaken():
            return [] if _is_confirmed(book, entry) else [Flag.UNCONFIRMED]
        case events.CountRecorded(count=count) if count in book.counts:
            counted = book.counts[count]
            confirmed = counted.first is not None and counted.first.index == entry.index and counted.agrees
            return [] if confirmed else [Flag.UNCONFIRMED]
        case events.RemainderReread(agrees=False) | events.CountConfirmed(agrees=False):
            return [Flag.DISAGREES]
        case events.InventoryConfirmed(agrees=False):
            return [Flag.DISAGREES]
        case events.CountStarted(figures_seen_ms=seen) if seen is not None:
            return [Flag.FIGURES_SEEN]
        case events.DoseDrawn() as event:
            return _draw_flags(event)
        case events.RemainderRead() as event:
            return [Flag.UNLIKE_RATE] if is_unlike_rate(book, event, policy) else []
        case _:
            return []


def is_unlike_rate(book: Book, event: events.RemainderRead, policy: Policy) -> bool:
    """Say whether what was given differs from rate x time by more than the policy's share; it only flags."""
    session = book.sessions.get(event.session or "")
    if session is None or event.given_ug is None:
        return False
    by_rate = by_rate_ug(book, session, event.container)
    given = book.balance(event.container, Account.GIVEN, session.session)
    return by_rate is not None and abs(given - by_rate) * 1000 > policy.rate_tolerance_permille * max(by_rate, 1)


def by_rate_ug(book: Book, session: Session, container: str, until_ms: int | None = None) -> int | None:
    """Return what the pump's rates and times make of a syringe, in ug; None when it never ran."""
    run, syringe = session.runs.get(container), book.containers.get(container)
    if run is None or syringe is None or not run.changes or not syringe.content_ul:
        return None
    delivered = run.delivered_ul(until_ms if until_ms is not None else run.changes[-1][0])
    return share(syringe.content_ug, min(delivered, syringe.content_ul), syringe.content_ul)


def _waste_flags(book: Book, entry: Recorded, policy: Policy) -> list[Flag]:
    waste = book.wastes.get(entry.index)
    if waste is None or not policy.waste_needs_witness:
        return []
    late_witness = waste.witnessed_ms is not None and policy.is_late(
        occurred_ms=waste.occurred_ms, recorded_ms=waste.witnessed_ms
    )
    return [Flag.UNWITNESSED] if waste.is_alone or waste.witness is None or late_witness else []


def _draw_flags(event: events.DoseDrawn) -> list[Flag]:
    found = []
    if event.expired_used:
        found.append(Flag.EXPIRED)
    if any(source.overfill_ug for source in event.sources):
        found.append(Flag.OVERFILL)
    if any(source.unexplained_ug for source in event.sources):
        found.append(Flag.UNEXPLAINED)
    return found


def _is_confirmed(book: Book, entry: Recorded) -> bool:
    confirmation = book.confirmations.get(entry.index)
    return confirmation is not None and getattr(confirmation.event, "agrees", False)
