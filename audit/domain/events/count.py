"""Events of counts and the cases that open from anything unanswered; units and sealing as in the package."""

from dataclasses import dataclass
from typing import Annotated, Literal

from audit.domain.events.correctable import Correctable
from audit.domain.events.stock import BusinessTime, LevelFound, LotFound
from audit.domain.facts import (
    CaseId,
    Code,
    ContainerId,
    CountId,
    Date,
    Many,
    PersonRef,
    ProductRef,
    Ref,
    SessionId,
    SignedUg,
    TimeMs,
)

Cause = Literal["variance", "overdraw", "unwitnessed", "expired", "short", "inventory_differs", "readings_differ"]
Outcome = Literal["corrected", "loss", "gain", "explained", "no_quantity"]
Place = Literal["stock", "held", "variance"]
Explanation = Literal["overfill", "puncture_loss", "spill", "recounted", "late_entry", "record_complete"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """How closing a case moves one container's book figure; negative takes away."""

    container: ContainerId
    place: Place = "stock"
    mass_ug: SignedUg


@dataclass(frozen=True, slots=True, kw_only=True)
class CountStarted:
    """A blind count begins; what is expected is fixed here and shown to nobody who may count."""

    count: CountId
    business_time: BusinessTime
    figures_seen_ms: TimeMs | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CountRecorded(Correctable):
    """What one person found on the shelf and in held bags."""

    count: CountId
    nothing_on_hand: bool = False
    lots: Annotated[tuple[LotFound, ...], Many(100)] = ()
    opened: Annotated[tuple[LevelFound, ...], Many(100)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CountConfirmed(Correctable):
    """What a second person found, without the first one's figures."""

    of: Ref
    count: CountId
    agrees: bool
    nothing_on_hand: bool = False
    lots: Annotated[tuple[LotFound, ...], Many(100)] = ()
    opened: Annotated[tuple[LevelFound, ...], Many(100)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CountRevealed:
    """A count nobody confirmed was compared with the book; it stays unconfirmed for ever."""

    count: CountId


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOpened:
    """Something needs an answer: a variance, an unexplained amount, a missing second person."""

    case: CaseId
    cause: Cause
    of: Ref
    session: SessionId | None = None
    container: ContainerId | None = None
    product: ProductRef | None = None
    lot: Code | None = None
    variance_ug: SignedUg | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseAssigned:
    """A case has an owner and a day it is due."""

    case: CaseId
    owner: PersonRef
    due_on: Date


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseNoted:
    """Somebody added a sealed note to a case."""

    case: CaseId


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseClosed(Correctable):
    """A case ends by a correction, a posted loss or gain, or an explained line."""

    case: CaseId
    outcome: Outcome
    explanation: Explanation | None = None
    of: Ref | None = None
    adjustments: Annotated[tuple[Adjustment, ...], Many(60)] = ()
