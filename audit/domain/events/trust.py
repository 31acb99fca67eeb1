"""Events of what the record's trust stands on: passkeys, keys, cosigners, time, disclosure and erasure.

Credential ids, COSE public keys and the parts of assertions are unpadded base64url, as WebAuthn gives them.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from audit.domain.facts import (
    Aaguid,
    Algorithm,
    Base64Url,
    Index,
    KeyText,
    Many,
    PatientId,
    PersonId,
    Ref,
    ReportRef,
    Sha256,
    Small,
    TimeMs,
)

Attachment = Literal["platform", "cross-platform"]
Transport = Literal["usb", "nfc", "ble", "hybrid", "internal", "smart-card", "cable"]
RevokeReason = Literal["lost", "stolen", "replaced", "left", "other"]
KeyReason = Literal["rotation", "lost", "stolen"]
HeadSource = Literal["cosigners", "administrator"]
DiscloseReason = Literal["care", "chart_check", "inspection", "complaint"]
ErasureGround = Literal["retention_ended", "patient_asked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """What an authenticator answered (WebAuthn Level 2, section 5.2.2): the exact bytes of each part."""

    authenticator_data: Base64Url
    client_data: Base64Url
    signature: Base64Url


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenHead:
    """A head of a log: its size and its root in hex."""

    size: Index
    root: Sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialEnrolled:
    """A person may sign with this passkey; another person vouches that it is theirs."""

    person: PersonId
    credential: Base64Url
    public_key: Base64Url
    algorithm: Algorithm
    aaguid: Aaguid
    rp_id: KeyText
    backup_eligible: bool
    backed_up: bool
    attachment: Attachment | None = None
    transports: Annotated[tuple[Transport, ...], Many(7)] = ()
    proof: Assertion


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialRevoked:
    """From here on this passkey signs nothing."""

    person: PersonId
    credential: Base64Url
    reason: RevokeReason


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningDomainChanged:
    """Passkeys sign from here on under this host and these origins."""

    signing_origins: Annotated[tuple[KeyText, ...], Many(8)]
    rp_id: KeyText


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceKeyChanged:
    """From the next entry on the service attests with another key."""

    service_key: KeyText
    reason: KeyReason


@dataclass(frozen=True, slots=True, kw_only=True)
class LogKeyChanged:
    """The first checkpoint that covers this entry, and all after it, carry another key.

    `recovery_key` where the old key is lost or stolen; `cut_off` is the head above which a stolen key counts
    for nothing.
    """

    log_key: KeyText
    reason: KeyReason
    recovery_key: KeyText | None = None
    cut_off: SeenHead | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CosignersChanged:
    """Whose countersignatures on checkpoints count, and how many of them are wanted."""

    cosigners: Annotated[tuple[KeyText, ...], Many(16)] = ()
    quorum: Small


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeStamped:
    """A time authority dated a checkpoint (RFC 3161)."""

    size: Index
    root: Sha256
    gen_ms: TimeMs
    token_sha256: Sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerRowStated:
    """The signer had no memory of this log; an administrator states the head it goes on from."""

    size: Index
    root: Sha256
    source: HeadSource


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRestored:
    """Lost entries were filled in again, byte for byte, up to the head that the signer remembered."""

    size: Index
    root: Sha256
    from_size: Index
    from_root: Sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientsDisclosed:
    """The identities of these patients were opened for the recipient of a report or bundle."""

    report: ReportRef
    patients: Annotated[tuple[PatientId, ...], Many(200)]
    reason: DiscloseReason


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureRequested:
    """A person asks that a patient's identity be destroyed."""

    patient: PatientId
    ground: ErasureGround


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientErased:
    """A second person agreed; the keys and sealed values of the patient are destroyed."""

    of: Ref
    patient: PatientId


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillRun:
    """Attacks were carried out on a copy of this log; so many of them were caught."""

    attacks: Small
    caught: Small
    sha256: Sha256
