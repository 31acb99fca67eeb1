"""Words for the known values that entries carry: routes, reasons, methods, causes, persons and patients.

One list for every page that shows or offers them. Not here: sentences of refusals (`messages.py`).
"""

from audit.domain import events
from audit.domain.book import Person
from audit.web.filters import amount

ROUTES: dict[events.Route, str] = {"iv": "IV", "im": "IM", "sc": "SC"}
RATE_REASONS: dict[events.RateReason, str] = {
    "effect": "As the patient responds",
    "side_effect": "Side effect",
    "patient_asked": "Patient asked",
    "order": "Order changed",
    "other": "Other reason",
}
STOP_REASONS: dict[events.StopReason, str] = {
    "completed": "Completed",
    "side_effect": "Side effect",
    "patient_asked": "Patient asked",
    "equipment": "Equipment",
    "other": "Other reason",
}
METHODS: dict[events.WasteMethod, str] = {
    "denature": "denaturing container",
    "waste_bin": "controlled-waste bin",
    "sink_absorbent": "absorbent, then waste",
    "returned_pouch": "pouch for return",
}
WASTE_REASONS: dict[events.WasteReason, str] = {
    "remainder": "Not needed",
    "stopped_early": "Stopped early",
    "not_given": "Not given",
    "in_use_limit": "In-use time over",
    "expired": "Expired",
    "broken": "Broken or spilt",
    "other": "Other reason",
}
STRIKE_REASONS: dict[events.StrikeReason, str] = {
    "mistyped": "mistyped",
    "wrong_container": "wrong container",
    "wrong_patient": "wrong patient",
    "wrong_session": "wrong session",
    "not_done": "not done",
    "double": "entered twice",
    "other": "other reason",
}
CAUSES: dict[events.Cause, str] = {
    "variance": "count differs from the book",
    "overdraw": "drawn beyond the label, unexplained",
    "unwitnessed": "waste without a witness",
    "expired": "expired drug used",
    "short": "less than the book has",
    "inventory_differs": "two counts of the opening stock differ",
    "readings_differ": "two readings differ",
}
UNMASK_REASONS: dict[events.UnmaskReason, str] = {
    "care": "Care of this patient",
    "chart_check": "Check against the chart",
    "inspection": "Inspection",
    "complaint": "Complaint",
}
PROFESSIONS: dict[str, str] = {
    "physician": "Physician",
    "pharmacist": "Pharmacist",
    "nurse": "Nurse",
    "technician": "Technician",
    "other": "Staff",
}


def person(persons: dict[str, Person], identifier: str) -> str:
    """Return a person's name."""
    found = persons.get(identifier)
    return found.name if found else "the service" if identifier == "service" else "unknown person"


def patient(pseudonym: str) -> str:
    """Return the masked name of a patient: the start of the random pseudonym, which tells nothing of who it is."""
    return f"Patient P-{pseudonym.partition('_')[2][:6].upper()}"


def both(mass_ug: int, volume_ul: int) -> str:
    """Return an amount as mg with its mL: 16.5 mg (16.5 mL)."""
    return f"{amount(mass_ug)} mg ({amount(volume_ul)} mL)"


def both_as_read(volume_ul: int, mass_ug: int) -> str:
    """Return an amount for who reads a syringe, mL first: 16.5 mL (16.5 mg)."""
    return f"{amount(volume_ul)} mL ({amount(mass_ug)} mg)"
