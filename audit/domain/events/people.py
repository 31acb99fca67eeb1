"""Events of the log itself, persons, their signatures and patients; units and sealing as in the package."""

from dataclasses import dataclass
from typing import Annotated, Literal

from audit.domain.facts import (
    Code,
    Date,
    Index,
    KeyText,
    Line,
    Many,
    Name,
    PatientId,
    PersonId,
    Ref,
    ReportId,
    Sha256,
    Small,
    TimeMs,
)

Role = Literal["clinician", "manager", "administrator", "inspector"]
Profession = Literal["physician", "pharmacist", "nurse", "technician", "other"]
EndReason = Literal["left", "leave", "enrolled_by_mistake", "other"]
UnmaskReason = Literal["care", "chart_check", "inspection", "complaint"]
StrikeReason = Literal["mistyped", "wrong_container", "wrong_patient", "wrong_session", "not_done", "double", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession:
    """The frozen log that a new one follows: its origin, the highest head known, and the head that survives."""

    log: KeyText
    size: Index
    root: Sha256
    surviving_size: Index
    surviving_root: Sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOpened:
    """The log of a site begins: who keeps it, under which rules, with which keys."""

    clinic: Name
    address: Line
    telephone: Code | None = None
    registration: Code
    registration_expires: Date | None = None
    licence: Code | None = None
    responsible: Name
    pack: Code
    zone: Code
    demo: bool
    log_key: KeyText
    service_key: KeyText
    recovery_sha256: Sha256
    signing_origins: Annotated[tuple[KeyText, ...], Many(8)]
    rp_id: KeyText
    cosigners: Annotated[tuple[KeyText, ...], Many(16)] = ()
    quorum: Small = 0
    succeeds: Succession | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockStepped:
    """The service's clock was found to have been moved."""

    from_ms: TimeMs
    to_ms: TimeMs


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonEnrolled:
    """A person may act in the log under their own name."""

    person: PersonId
    name: Name
    sign_in: Code
    profession: Profession
    licence: Code | None = None
    roles: Annotated[tuple[Role, ...], Many(4)]
    password_sha256: Sha256 | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RolesChanged:
    """A person's roles are from here on these."""

    person: PersonId
    roles: Annotated[tuple[Role, ...], Many(4)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonEnded:
    """A person acts no more."""

    person: PersonId
    reason: EndReason


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordSet:
    """A person set a password; only the commitment to its stored hash is in the log."""

    person: PersonId
    password_sha256: Sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class ActsSigned:
    """A person signs, with a factor, the acts done on the way while signed in."""

    from_index: Index
    to_index: Index
    leaf: Sha256
    indexes: Annotated[tuple[Index, ...], Many(500)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientRegistered:
    """A patient is known by a random pseudonym; identity is sealed."""

    patient: PatientId


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientUnmasked:
    """A person looked at a patient's identity, for a reason."""

    patient: PatientId
    reason: UnmaskReason


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportIssued:
    """A signed report left the building; its hash is kept here."""

    report: ReportId
    report_kind: Literal["inspection", "bundle"]
    from_on: Date
    to_on: Date
    size: Index
    root: Sha256
    sha256: Sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryStruck:
    """An earlier entry is declared wrong; its postings are reversed here."""

    of: Ref
    reason: StrikeReason
    replacements: Small
