"""What people ask for: imperatives, as parsed from a form, where deciding adds facts of its own.

A command to which nothing is added is its own event: stating it is all there is.
"""

import dataclasses
from dataclasses import dataclass

from audit.domain import events
from audit.domain.book import SERVICE
from audit.domain.errors import Refused
from audit.domain.facts import (
    CaseId,
    ContainerId,
    CountId,
    InventoryId,
    PatientId,
    PersonRef,
    ProductRef,
    ReceiptId,
    Ref,
    SessionId,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Who says it and when: `occurred_ms` as stated, `now_ms` the service's clock, offset as the actor saw it."""

    actor: str
    occurred_ms: int
    offset_min: int
    now_ms: int

    @property
    def is_service(self) -> bool:
        """Say whether the service itself speaks."""
        return self.actor == SERVICE


@dataclass(frozen=True, slots=True, kw_only=True)
class LotArrived:
    """Sealed containers of one lot, before they have labels."""

    product: ProductRef
    lot: str
    expiry: str
    containers: tuple[ContainerId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelSeen:
    """One opened container and its level, before it has a label."""

    container: ContainerId
    product: ProductRef
    lot: str
    expiry: str
    volume_ul: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeInventory:
    """State the stock a register starts from."""

    inventory: InventoryId
    business_time: events.BusinessTime
    lots: tuple[LotArrived, ...] = ()
    opened: tuple[LevelSeen, ...] = ()
    part: int = 1
    parts: int = 1
    replaces: Ref | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmInventory:
    """State what a second person counted of an inventory."""

    of: Ref
    inventory: InventoryId
    lots: tuple[events.LotFound, ...] = ()
    opened: tuple[events.LevelFound, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Receive:
    """Record a delivery."""

    receipt: ReceiptId
    supplier: str
    supplier_address: str
    supplier_registration: str | None
    invoice: str
    invoice_date: str
    received_on: str
    lots: tuple[LotArrived, ...]
    part: int = 1
    parts: int = 1
    replaces: Ref | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """Open a session on a prescriber's order."""

    session: SessionId
    patient: PatientId
    prescriber: PersonRef
    dose_ug: int
    route: events.Route
    duration_min: int
    replaces: Ref | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeContainer:
    """Take a whole container into a session's custody."""

    session: SessionId
    container: ContainerId
    replaces: Ref | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnContainer:
    """Put a container taken for a session back on the shelf."""

    session: SessionId
    container: ContainerId
    replaces: Ref | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """How much to draw from one container."""

    container: ContainerId
    volume_ul: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawDose:
    """Draw into a new syringe, made up with diluent to `total_ul` where that is more than was drawn."""

    session: SessionId
    syringe: ContainerId
    parts: tuple[Part, ...]
    total_ul: int | None = None
    expired_used: bool = False
    beyond_confirmed: bool = False
    replaces: Ref | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRemainder:
    """State what is left in a syringe, a vial or a bag that was held."""

    container: ContainerId
    volume_ul: int
    session: SessionId | None = None
    residual_ul: int = 0
    replaces: Ref | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RereadRemainder:
    """State a second person's own reading of the same container."""

    of: Ref
    container: ContainerId
    volume_ul: int
    session: SessionId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WasteRemainder:
    """Waste what was read; `alone` says that nobody could witness it."""

    container: ContainerId
    method: events.WasteMethod
    reason: events.WasteReason
    session: SessionId | None = None
    alone: bool = False
    replaces: Ref | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessWaste:
    """State that a second person saw a waste destroyed."""

    of: Ref
    container: ContainerId
    session: SessionId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRemainder:
    """Lock what was read into a numbered tamper bag for a later witness."""

    container: ContainerId
    bag: str
    session: SessionId | None = None
    replaces: Ref | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseSession:
    """Close a session in which nothing is left unaccounted for."""

    session: SessionId
    replaces: Ref | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StrikeEntry:
    """Declare an earlier entry wrong; `replacements` entries follow at once."""

    of: Ref
    reason: events.StrikeReason
    replacements: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmCount:
    """State what a second person found."""

    of: Ref
    count: CountId
    lots: tuple[events.LotFound, ...] = ()
    opened: tuple[events.LevelFound, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RevealCount:
    """Compare a count nobody confirmed with the book."""

    count: CountId


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseCase:
    """End a case; the containers a loss, gain or explained line falls on where the case names none."""

    case: CaseId
    outcome: events.Outcome
    explanation: events.Explanation | None = None
    of: Ref | None = None
    containers: tuple[ContainerId, ...] = ()
    replaces: Ref | None = None


AboutPeople = (
    events.LogOpened
    | events.PersonEnrolled
    | events.RolesChanged
    | events.PersonEnded
    | events.PasswordSet
    | events.PatientRegistered
    | events.PatientUnmasked
)
"""What is asked about the log, persons and patients."""

AboutStock = events.ProductRegistered | TakeInventory | ConfirmInventory | Receive | TakeContainer | ReturnContainer
"""What is asked about the shelf."""

AboutSession = (
    OpenSession | DrawDose | events.InfusionStarted | events.RateChanged | events.InfusionStopped | CloseSession
)
"""What is asked of a treatment session."""

AboutRemainder = ReadRemainder | RereadRemainder | WasteRemainder | WitnessWaste | HoldRemainder
"""What is asked of what is left."""

AboutCount = events.CountRecorded | ConfirmCount | RevealCount | events.CaseAssigned | events.CaseNoted | CloseCase
"""What is asked of counts and cases."""

AboutTrust = (
    events.CredentialEnrolled
    | events.CredentialRevoked
    | events.SigningDomainChanged
    | events.ServiceKeyChanged
    | events.LogKeyChanged
    | events.CosignersChanged
    | events.SignerRowStated
    | events.LogRestored
    | events.PatientsDisclosed
    | events.ErasureRequested
    | events.PatientErased
)
"""What is asked about passkeys, keys, cosigners, disclosure and erasure."""

AsStated = (
    events.ClockStepped
    | events.ActsSigned
    | events.CountStarted
    | events.ReportIssued
    | events.TimeStamped
    | events.DrillRun
)
"""What is recorded as it is stated: nothing is left to judge."""

Command = AboutPeople | AboutStock | AboutSession | AboutRemainder | AboutCount | AboutTrust | AsStated | StrikeEntry


def replacing(command: Command, struck: Ref) -> Command:
    """Return the command as the replacement of an entry that is struck just before it.

    Raises:
        Refused: `cannot_replace` for a command that makes no correctable entry.
    """
    if not hasattr(command, "replaces"):
        raise Refused("cannot_replace")
    return dataclasses.replace(command, replaces=struck)  # type: ignore[arg-type]  # checked just above
