"""The entries about passkeys, keys, cosigners, time, disclosure and erasure as sentences a person reads."""

from collections.abc import Callable
from typing import assert_never

from audit.domain import events
from audit.services.meanings import UNMASK_REASONS
from audit.services.wording import many, patient_label

Words = tuple[str, str]
"""What happened, and about what."""

_SHORT = 12
_AUTHENTICATORS = {"platform": "built into a device", "cross-platform": "a security key or phone", None: "a passkey"}
_GROUNDS: dict[events.ErasureGround, str] = {
    "retention_ended": "the time of keeping has ended",
    "patient_asked": "the patient asked",
}


def tell_trust(stated: events.TrustEvent, named: Callable[[str], str]) -> Words:  # noqa: C901, PLR0912 (one case a kind)
    """Return an entry about trust in words; `named` gives a person's name."""
    match stated:
        case events.CredentialEnrolled(person=person, credential=credential, attachment=attachment):
            return (
                f"Vouched for a passkey of {named(person)}",
                f"{_AUTHENTICATORS[attachment]} · {credential[:_SHORT]}…",
            )
        case events.CredentialRevoked(person=person, credential=credential, reason=reason):
            return f"Revoked a passkey of {named(person)}", f"{reason} · {credential[:_SHORT]}…"
        case events.SigningDomainChanged(signing_origins=origins):
            return "Changed where passkeys sign", ", ".join(origins)
        case events.ServiceKeyChanged(reason=reason):
            return "Gave the service another key", reason
        case events.LogKeyChanged(reason=reason):
            return "Gave the log another key", reason
        case events.CosignersChanged(cosigners=cosigners, quorum=quorum):
            who = ", ".join(key.partition("+")[0] for key in cosigners)
            return f"Set the cosigners: {quorum} of {len(cosigners)} wanted", who
        case events.TimeStamped(size=size):
            return "A time authority dated the log", f"{many(size, 'entry', 'entries')} were there"
        case events.SignerRowStated(size=size, source=source):
            return f"Stated the head that the signer goes on from: {size} entries", f"known from the {source}"
        case events.LogRestored(size=size, from_size=from_size):
            return f"Filled in lost entries again, from {from_size} to {size}", "byte for byte"
        case events.PatientsDisclosed(patients=patients, reason=reason):
            return f"Opened the identity of {many(len(patients), 'patient')} for a recipient", UNMASK_REASONS[reason]
        case events.ErasureRequested(patient=patient, ground=ground):
            return f"Asked to erase the identity of {patient_label(patient)}", _GROUNDS[ground]
        case events.PatientErased(patient=patient, of=of):
            return f"Erased the identity of {patient_label(patient)}", f"as asked in entry {of.index}"
        case events.DrillRun(attacks=attacks, caught=caught):
            return f"Ran the drill: {caught} of {attacks} attacks caught", ""
        case _ as unreachable:
            assert_never(unreachable)
