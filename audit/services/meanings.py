"""What each coded value of an entry is called, and what a person's signature under each kind means.

Not here: whole sentences about an entry (`sentences`).
"""

from audit.domain import events

WASTE_REASONS: dict[events.WasteReason, str] = {
    "remainder": "remainder",
    "stopped_early": "stopped early",
    "not_given": "not given",
    "in_use_limit": "in-use limit reached",
    "expired": "expired",
    "broken": "broken",
    "other": "other reason",
}
METHODS: dict[events.WasteMethod, str] = {
    "denature": "denatured",
    "waste_bin": "into the waste bin",
    "sink_absorbent": "into absorbent",
    "returned_pouch": "into the return pouch",
}
STOP_REASONS: dict[events.StopReason, str] = {
    "completed": "completed",
    "side_effect": "side effect",
    "patient_asked": "the patient asked",
    "equipment": "equipment",
    "other": "other reason",
}
RATE_REASONS: dict[events.RateReason, str] = {
    "effect": "effect",
    "side_effect": "side effect",
    "patient_asked": "the patient asked",
    "order": "ordered",
    "other": "other reason",
}
STRIKE_REASONS: dict[events.StrikeReason, str] = {
    "mistyped": "mistyped",
    "wrong_container": "wrong container",
    "wrong_patient": "wrong patient",
    "wrong_session": "wrong session",
    "not_done": "it was not done",
    "double": "entered twice",
    "other": "other reason",
}
UNMASK_REASONS: dict[events.UnmaskReason, str] = {
    "care": "Care of this patient",
    "chart_check": "Checking the chart",
    "inspection": "An inspector asked",
    "complaint": "A complaint",
}
CAUSES: dict[events.Cause, str] = {
    "variance": "count unlike the book",
    "overdraw": "more drawn than the label holds",
    "unwitnessed": "waste without a witness",
    "expired": "expired vial used",
    "short": "less left than the book has",
    "inventory_differs": "two inventories differ",
    "readings_differ": "two readings differ",
}
OUTCOMES: dict[events.Outcome, str] = {
    "corrected": "corrected",
    "loss": "a loss",
    "gain": "a gain",
    "explained": "explained",
    "no_quantity": "answered, no quantity",
}
_EXPLANATIONS: dict[events.Explanation, str] = {
    "overfill": "overfill of the maker",
    "puncture_loss": "expected loss at punctures",
    "spill": "spill",
    "recounted": "counted again",
    "late_entry": "entered late",
    "record_complete": "the record is complete",
}

MEANINGS: dict[type[events.Event], str] = {
    events.LogOpened: "This log begins here.",
    events.ClockStepped: "The service's clock had been moved.",
    events.PersonEnrolled: "I enrolled this person.",
    events.RolesChanged: "I changed this person's roles.",
    events.PersonEnded: "I ended this person's access.",
    events.PasswordSet: "I set my password.",
    events.ActsSigned: "I did these acts.",
    events.ProductRegistered: "I copied this from the label.",
    events.PatientRegistered: "I registered this patient.",
    events.PatientUnmasked: "I looked at this patient's identity.",
    events.InventoryTaken: "I found this stock.",
    events.InventoryConfirmed: "I found this, without the first figures.",
    events.ReceiptRecorded: "I received these containers.",
    events.SessionOpened: "I opened this session on the order named.",
    events.ContainerTaken: "I took this container.",
    events.ContainerReturned: "I returned this container.",
    events.DoseDrawn: "I drew this amount.",
    events.InfusionStarted: "I started the infusion at this rate.",
    events.RateChanged: "I changed the rate.",
    events.InfusionStopped: "I stopped the infusion.",
    events.RemainderRead: "I read this amount.",
    events.RemainderReread: "I read this, without the first figure.",
    events.WasteRecorded: "I made this unusable.",
    events.WasteWitnessed: "I saw it made unusable.",
    events.RemainderHeld: "I locked this away.",
    events.SessionClosed: "Nothing of this session is left.",
    events.EntryStruck: "The entry named is wrong.",
    events.CountStarted: "I began to count.",
    events.CountRecorded: "I found this.",
    events.CountConfirmed: "I found this, without the first figures.",
    events.CountRevealed: "Nobody could count after me.",
    events.CaseOpened: "This needs an answer.",
    events.CaseAssigned: "I gave this case to its owner.",
    events.CaseNoted: "I wrote this note.",
    events.CaseClosed: "I answer this case so.",
    events.ReportIssued: "I issued this report.",
    events.CredentialEnrolled: "I know that this passkey is this person's.",
    events.CredentialRevoked: "This passkey signs no more.",
    events.SigningDomainChanged: "Passkeys sign here from now on.",
    events.ServiceKeyChanged: "The service attests with this key from now on.",
    events.LogKeyChanged: "The log is signed with this key from now on.",
    events.CosignersChanged: "These cosigners count from now on.",
    events.TimeStamped: "A time authority dated this head.",
    events.SignerRowStated: "The log stood at this head.",
    events.LogRestored: "I had the lost entries filled in again.",
    events.PatientsDisclosed: "I opened these identities for this recipient.",
    events.ErasureRequested: "I ask that this identity be destroyed.",
    events.PatientErased: "I agree that this identity is destroyed.",
    events.DrillRun: "These attacks were tried on a copy of this log.",
}
"""What a signature under each kind says, in the words shown beside it."""

TITLES: dict[type[events.Event], str] = {
    events.LogOpened: "Log opened",
    events.ClockStepped: "Clock moved",
    events.PersonEnrolled: "Person enrolled",
    events.RolesChanged: "Roles changed",
    events.PersonEnded: "Access ended",
    events.PasswordSet: "Password set",
    events.ActsSigned: "Acts signed",
    events.ProductRegistered: "Product registered",
    events.PatientRegistered: "Patient registered",
    events.PatientUnmasked: "Identity looked at",
    events.InventoryTaken: "Opening inventory",
    events.InventoryConfirmed: "Opening inventory, second person",
    events.ReceiptRecorded: "Receipt",
    events.SessionOpened: "Session opened",
    events.ContainerTaken: "Container taken",
    events.ContainerReturned: "Container returned",
    events.DoseDrawn: "Draw",
    events.InfusionStarted: "Infusion started",
    events.RateChanged: "Rate changed",
    events.InfusionStopped: "Infusion stopped",
    events.RemainderRead: "Remainder read",
    events.RemainderReread: "Remainder read again, blind",
    events.WasteRecorded: "Waste",
    events.WasteWitnessed: "Waste witnessed",
    events.RemainderHeld: "Remainder held",
    events.SessionClosed: "Session closed",
    events.EntryStruck: "Entry struck",
    events.CountStarted: "Count begun",
    events.CountRecorded: "Counted",
    events.CountConfirmed: "Counted, second person",
    events.CountRevealed: "Count ended unconfirmed",
    events.CaseOpened: "Case opened",
    events.CaseAssigned: "Case assigned",
    events.CaseNoted: "Case noted",
    events.CaseClosed: "Case closed",
    events.ReportIssued: "Report issued",
    events.CredentialEnrolled: "Passkey enrolled",
    events.CredentialRevoked: "Passkey revoked",
    events.SigningDomainChanged: "Signing address changed",
    events.ServiceKeyChanged: "Service key changed",
    events.LogKeyChanged: "Log key changed",
    events.CosignersChanged: "Cosigners changed",
    events.TimeStamped: "Log dated",
    events.SignerRowStated: "Signer's head stated",
    events.LogRestored: "Log restored",
    events.PatientsDisclosed: "Patients disclosed",
    events.ErasureRequested: "Erasure asked for",
    events.PatientErased: "Patient erased",
    events.DrillRun: "Drill run",
}
"""What each kind is called as a heading."""


def explained(explanation: events.Explanation) -> str:
    """Return an explanation in words."""
    return _EXPLANATIONS[explanation]


def method_words(method: str, factors: tuple[str, ...] = ()) -> str:
    """Return how somebody stood for an entry, in words: with which factors where the service checked some."""
    if method == "password_totp":
        named = {"password": "password", "totp": "one-time code", "recovery": "recovery code", "demo": "demo"}
        said = " and ".join(named[one] for one in factors if one in named) or "password"
        return "Password" if factors == ("demo",) else said[0].upper() + said[1:]
    return {"passkey": "Passkey", "signed_in": "Signed in", "service": "The service"}.get(method, method)
