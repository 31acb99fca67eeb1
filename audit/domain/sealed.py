"""Which facts of a kind are sealed: patients, medical facts and free text, never readable in an entry."""

from collections.abc import Iterable

from audit.domain.errors import Refused

SEALED_FIELDS: dict[str, frozenset[str]] = {
    "patient_registered": frozenset({"name", "birth_date", "address", "health_number"}),
    "session_opened": frozenset({"weight_g", "dose_ug_per_kg"}),
    "patient_unmasked": frozenset({"note"}),
    "remainder_read": frozenset({"note"}),
    "waste_recorded": frozenset({"note"}),
    "entry_struck": frozenset({"note"}),
    "case_noted": frozenset({"note"}),
    "case_closed": frozenset({"note"}),
    "patients_disclosed": frozenset({"recipient", "note"}),
    "erasure_requested": frozenset({"note"}),
}
"""Names that may stand under `sealed`, by kind; a kind that is not listed seals nothing."""


def check_sealed(kind: str, names: Iterable[str]) -> None:
    """Refuse a sealed field that its kind does not have.

    Raises:
        Refused: `unknown_sealed_field`.
    """
    unknown = set(names) - SEALED_FIELDS.get(kind, frozenset())
    if unknown:
        raise Refused("unknown_sealed_field", min(unknown))
