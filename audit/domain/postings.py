"""Double entry: where every microgram of an event comes from and goes to. Sums to zero, always.

Each posting names the container the drug is or was in; its strength is the container's. Accounts that
hold what can still be found (`stock`, `custody`, `held`) never go below zero; `variance` may stand either
way and is an open discrepancy while it is not zero.
"""

from dataclasses import dataclass
from enum import StrEnum

from audit.domain import events
from audit.domain.errors import invariant


class Account(StrEnum):
    """The places a microgram can be."""

    OPENING = "opening"  # found at the opening inventory
    RECEIVED = "received"  # came from a supplier
    STOCK = "stock"  # in a container on the shelf
    CUSTODY = "custody"  # in a container taken or drawn for a session
    HELD = "held"  # in a numbered tamper bag
    GIVEN = "given"
    RESIDUAL = "residual"  # left in line, hub or pump
    WASTED = "wasted"
    OVERFILL = "overfill"  # drawn beyond the label, within the maker's overfill
    VARIANCE = "variance"  # unexplained until its case is closed
    LOST = "lost"
    GAINED = "gained"
    EXPLAINED = "explained"  # a case's explained line


ON_HAND = frozenset({Account.STOCK, Account.CUSTODY, Account.HELD})


@dataclass(frozen=True, slots=True)
class Posting:
    """`mass_ug` into (or, negative, out of) an account, for one container and perhaps one session."""

    account: Account
    container: str
    session: str | None
    mass_ug: int


def postings(event: events.Event) -> tuple[Posting, ...]:
    """Return the postings of an event as made at its own entry; a strike's are those it reverses, elsewhere.

    Raises:
        BrokenInvariantError: they do not sum to zero.
    """
    posted = tuple(posting for posting in _postings(event) if posting.mass_ug)
    invariant(sum(posting.mass_ug for posting in posted) == 0, "postings of an entry sum to zero")
    return posted


def reversed_postings(posted: tuple[Posting, ...]) -> tuple[Posting, ...]:
    """Return the exact reverse, as a strike posts it."""
    return tuple(Posting(one.account, one.container, one.session, -one.mass_ug) for one in posted)


def place_of(session: str | None) -> Account:
    """Return where a container is that an act touches: in a session's custody, else on the shelf."""
    return Account.CUSTODY if session else Account.STOCK


def _postings(event: events.Event) -> list[Posting]:
    match event:
        case events.InventoryTaken(lots=lots, opened=opened):
            levels = [(line.container, line.mass_ug) for line in opened]
            return _into_stock(Account.OPENING, _sealed(lots) + levels)
        case events.ReceiptRecorded(lots=lots):
            return _into_stock(Account.RECEIVED, _sealed(lots))
        case events.ContainerTaken(session=session, container=container, mass_ug=mass):
            return _move(container, mass, (Account.STOCK, None), (Account.CUSTODY, session))
        case events.ContainerReturned(session=session, container=container, mass_ug=mass):
            return _move(container, mass, (Account.CUSTODY, session), (Account.STOCK, None))
        case events.DoseDrawn():
            return _draw(event)
        case events.RemainderRead() | events.RemainderReread():
            return _gone_from_syringe(event)
        case events.WasteRecorded():
            return _waste(event)
        case events.RemainderHeld(session=session, container=container, mass_ug=mass):
            return _move(container, mass, (place_of(session), session), (Account.HELD, None))
        case events.CaseClosed():
            return _close_case(event)
        case _:
            _check_unposted(event)
            return []


Unposted = (
    events.LogEvent
    | events.TrustEvent
    | events.ProductRegistered
    | events.InventoryConfirmed
    | events.SessionOpened
    | events.InfusionStarted
    | events.RateChanged
    | events.InfusionStopped
    | events.WasteWitnessed
    | events.SessionClosed
    | events.CountStarted
    | events.CountRecorded
    | events.CountConfirmed
    | events.CountRevealed
    | events.CaseOpened
    | events.CaseAssigned
    | events.CaseNoted
)
"""Kinds that move nothing. A strike's reverse is made by who knows what it strikes."""


def _check_unposted(_event: Unposted) -> None:
    """Let the type checker name a new kind that is neither posted nor listed as moving nothing."""


def _sealed(lots: tuple[events.LotLine, ...]) -> list[tuple[str, int]]:
    return [(container, lot.mass_ug) for lot in lots for container in lot.containers]


def _into_stock(source: Account, contents: list[tuple[str, int]]) -> list[Posting]:
    return [
        posting
        for container, mass in contents
        for posting in _move(container, mass, (source, None), (Account.STOCK, None))
    ]


def _move(
    container: str, mass_ug: int, source: tuple[Account, str | None], target: tuple[Account, str | None]
) -> list[Posting]:
    return [
        Posting(source[0], container, source[1], -mass_ug),
        Posting(target[0], container, target[1], mass_ug),
    ]


def _draw(event: events.DoseDrawn) -> list[Posting]:
    made = [Posting(Account.CUSTODY, event.syringe, event.session, event.mass_ug)]
    for source in event.sources:
        overfill, unexplained = source.overfill_ug or 0, source.unexplained_ug or 0
        place = Account.CUSTODY if source.in_custody else Account.STOCK
        session = event.session if source.in_custody else None
        made += [
            Posting(place, source.container, session, overfill + unexplained - source.mass_ug),
            Posting(Account.OVERFILL, source.container, None, -overfill),
            Posting(Account.VARIANCE, source.container, None, -unexplained),
        ]
    return made


def _gone_from_syringe(event: events.RemainderRead | events.RemainderReread) -> list[Posting]:
    given = event.given_ug or 0
    residual = event.residual_ug or 0 if isinstance(event, events.RemainderRead) else 0
    return [
        Posting(Account.CUSTODY, event.container, event.session, -given - residual),
        Posting(Account.GIVEN, event.container, event.session, given),
        Posting(Account.RESIDUAL, event.container, event.session, residual),
    ]


def _waste(event: events.WasteRecorded) -> list[Posting]:
    short = event.short_ug or 0
    place = Account.HELD if event.from_hold else place_of(event.session)
    session = None if event.from_hold else event.session
    return [
        Posting(place, event.container, session, -event.mass_ug - short),
        Posting(Account.WASTED, event.container, event.session, event.mass_ug),
        Posting(Account.VARIANCE, event.container, None, short),
    ]


_AGAINST = {"loss": Account.LOST, "gain": Account.GAINED, "explained": Account.EXPLAINED}


def _close_case(event: events.CaseClosed) -> list[Posting]:
    against = _AGAINST.get(event.outcome)
    invariant(against is not None or not event.adjustments, "only a loss, a gain or an explained line posts")
    return [
        posting
        for line in event.adjustments
        for posting in (
            Posting(Account(line.place), line.container, None, line.mass_ug),
            Posting(against or Account.LOST, line.container, None, -line.mass_ug),
        )
    ]
