"""What can have happened, as stated in the log: one frozen class a kind, one sentence each.

The class name in snake case is the entry's `kind`; fields are its `facts`, except `session`, which stands
beside them in the act. Free text, patients and medical facts are never here: they are sealed.
Masses in micrograms (`_ug`), volumes in microlitres (`_ul`).
"""

from audit.domain.events.correctable import Correctable
from audit.domain.events.count import (
    Adjustment,
    CaseAssigned,
    CaseClosed,
    CaseNoted,
    CaseOpened,
    Cause,
    CountConfirmed,
    CountRecorded,
    CountRevealed,
    CountStarted,
    Explanation,
    Outcome,
    Place,
)
from audit.domain.events.people import (
    ActsSigned,
    ClockStepped,
    EndReason,
    EntryStruck,
    LogOpened,
    PasswordSet,
    PatientRegistered,
    PatientUnmasked,
    PersonEnded,
    PersonEnrolled,
    Profession,
    ReportIssued,
    Role,
    RolesChanged,
    StrikeReason,
    Succession,
    UnmaskReason,
)
from audit.domain.events.session import (
    DoseDrawn,
    InfusionStarted,
    InfusionStopped,
    RateChanged,
    RateReason,
    RemainderHeld,
    RemainderRead,
    RemainderReread,
    Route,
    SessionClosed,
    SessionOpened,
    Source,
    StopReason,
    WasteMethod,
    WasteReason,
    WasteRecorded,
    WasteWitnessed,
)
from audit.domain.events.stock import (
    BusinessTime,
    CodeSystem,
    ContainerReturned,
    ContainerTaken,
    Form,
    InventoryConfirmed,
    InventoryTaken,
    LevelFound,
    LevelLine,
    LotFound,
    LotLine,
    ProductRegistered,
    ReceiptRecorded,
)
from audit.domain.events.trust import (
    Assertion,
    Attachment,
    CosignersChanged,
    CredentialEnrolled,
    CredentialRevoked,
    DiscloseReason,
    DrillRun,
    ErasureGround,
    ErasureRequested,
    HeadSource,
    KeyReason,
    LogKeyChanged,
    LogRestored,
    PatientErased,
    PatientsDisclosed,
    RevokeReason,
    SeenHead,
    ServiceKeyChanged,
    SignerRowStated,
    SigningDomainChanged,
    TimeStamped,
    Transport,
)

LogEvent = (
    LogOpened
    | ClockStepped
    | PersonEnrolled
    | RolesChanged
    | PersonEnded
    | PasswordSet
    | ActsSigned
    | PatientRegistered
    | PatientUnmasked
    | EntryStruck
    | ReportIssued
)
"""About the log itself, persons, patients and what leaves the building."""

StockEvent = (
    ProductRegistered | InventoryTaken | InventoryConfirmed | ReceiptRecorded | ContainerTaken | ContainerReturned
)
"""About products and what comes onto the shelf or leaves it whole."""

SessionEvent = (
    SessionOpened
    | DoseDrawn
    | InfusionStarted
    | RateChanged
    | InfusionStopped
    | RemainderRead
    | RemainderReread
    | WasteRecorded
    | WasteWitnessed
    | RemainderHeld
    | SessionClosed
)
"""About a treatment session and what was drawn for it."""

CountEvent = (
    CountStarted | CountRecorded | CountConfirmed | CountRevealed | CaseOpened | CaseAssigned | CaseNoted | CaseClosed
)
"""About counts and cases."""

TrustEvent = (
    CredentialEnrolled
    | CredentialRevoked
    | SigningDomainChanged
    | ServiceKeyChanged
    | LogKeyChanged
    | CosignersChanged
    | TimeStamped
    | SignerRowStated
    | LogRestored
    | PatientsDisclosed
    | ErasureRequested
    | PatientErased
    | DrillRun
)
"""About passkeys, keys, cosigners, time, disclosure and erasure."""

Event = LogEvent | StockEvent | SessionEvent | CountEvent | TrustEvent

__all__ = [
    "ActsSigned",
    "Adjustment",
    "Assertion",
    "Attachment",
    "BusinessTime",
    "CaseAssigned",
    "CaseClosed",
    "CaseNoted",
    "CaseOpened",
    "Cause",
    "ClockStepped",
    "CodeSystem",
    "ContainerReturned",
    "ContainerTaken",
    "Correctable",
    "CosignersChanged",
    "CountConfirmed",
    "CountEvent",
    "CountRecorded",
    "CountRevealed",
    "CountStarted",
    "CredentialEnrolled",
    "CredentialRevoked",
    "DiscloseReason",
    "DoseDrawn",
    "DrillRun",
    "EndReason",
    "EntryStruck",
    "ErasureGround",
    "ErasureRequested",
    "Event",
    "Explanation",
    "Form",
    "HeadSource",
    "InfusionStarted",
    "InfusionStopped",
    "InventoryConfirmed",
    "InventoryTaken",
    "KeyReason",
    "LevelFound",
    "LevelLine",
    "LogEvent",
    "LogKeyChanged",
    "LogOpened",
    "LogRestored",
    "LotFound",
    "LotLine",
    "Outcome",
    "PasswordSet",
    "PatientErased",
    "PatientRegistered",
    "PatientUnmasked",
    "PatientsDisclosed",
    "PersonEnded",
    "PersonEnrolled",
    "Place",
    "ProductRegistered",
    "Profession",
    "RateChanged",
    "RateReason",
    "ReceiptRecorded",
    "RemainderHeld",
    "RemainderRead",
    "RemainderReread",
    "ReportIssued",
    "RevokeReason",
    "Role",
    "RolesChanged",
    "Route",
    "SeenHead",
    "ServiceKeyChanged",
    "SessionClosed",
    "SessionEvent",
    "SessionOpened",
    "SignerRowStated",
    "SigningDomainChanged",
    "Source",
    "StockEvent",
    "StopReason",
    "StrikeReason",
    "Succession",
    "TimeStamped",
    "Transport",
    "TrustEvent",
    "UnmaskReason",
    "WasteMethod",
    "WasteReason",
    "WasteRecorded",
    "WasteWitnessed",
]
