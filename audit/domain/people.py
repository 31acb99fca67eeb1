"""Who may do what, and the acts about persons themselves. Deny by default: a kind not listed is nobody's."""

from audit.domain import events
from audit.domain.book import Book, Person
from audit.domain.commands import Said
from audit.domain.errors import Refused

_CLINICIAN: frozenset[events.Role] = frozenset({"clinician"})
_STAFF: frozenset[events.Role] = frozenset({"clinician", "manager"})
_MANAGER: frozenset[events.Role] = frozenset({"manager"})
_ADMINISTRATOR: frozenset[events.Role] = frozenset({"administrator"})
_SETTING_UP: frozenset[events.Role] = frozenset({"clinician", "manager", "administrator"})

MAY: dict[str, frozenset[events.Role]] = {
    "person_enrolled": _ADMINISTRATOR,
    "roles_changed": _ADMINISTRATOR,
    "person_ended": _ADMINISTRATOR,
    "password_set": _SETTING_UP | {"inspector"},
    "acts_signed": _SETTING_UP,
    "product_registered": _SETTING_UP,
    "patient_registered": _STAFF,
    "patient_unmasked": _STAFF,
    "inventory_taken": _STAFF,
    "inventory_confirmed": _STAFF,
    "receipt_recorded": _STAFF,
    "session_opened": _CLINICIAN,
    "container_taken": _CLINICIAN,
    "container_returned": _CLINICIAN,
    "dose_drawn": _CLINICIAN,
    "infusion_started": _CLINICIAN,
    "rate_changed": _CLINICIAN,
    "infusion_stopped": _CLINICIAN,
    "remainder_read": _STAFF,
    "remainder_reread": _STAFF,
    "waste_recorded": _STAFF,
    "waste_witnessed": _STAFF,
    "remainder_held": _STAFF,
    "session_closed": _CLINICIAN,
    "entry_struck": _STAFF,
    "count_started": _STAFF,
    "count_recorded": _STAFF,
    "count_confirmed": _STAFF,
    "count_revealed": _STAFF,
    "case_assigned": _MANAGER,
    "case_noted": _STAFF,
    "case_closed": _MANAGER,
    "report_issued": _MANAGER,
    "credential_enrolled": _ADMINISTRATOR | _MANAGER,
    "credential_revoked": _SETTING_UP,
    "signing_domain_changed": _ADMINISTRATOR,
    "service_key_changed": _ADMINISTRATOR,
    "log_key_changed": _ADMINISTRATOR,
    "cosigners_changed": _ADMINISTRATOR,
    "signer_row_stated": _ADMINISTRATOR,
    "log_restored": _ADMINISTRATOR,
    "patients_disclosed": _MANAGER,
    "erasure_requested": _MANAGER | _ADMINISTRATOR,
    "patient_erased": _MANAGER | _ADMINISTRATOR,
}
"""The roles of which a person needs one to state a kind."""

SERVICE_KINDS = frozenset({"log_opened", "clock_stepped", "case_opened", "time_stamped", "drill_run"})
"""Stated by the service: none posts quantity or stands for a person (log-format, section 6)."""

SIGNED_IN_KINDS = frozenset(
    {
        "product_registered",
        "patient_registered",
        "patient_unmasked",
        "session_opened",
        "container_taken",
        "container_returned",
        "dose_drawn",
        "infusion_started",
        "rate_changed",
        "infusion_stopped",
        "remainder_read",
        "count_started",
        "case_assigned",
        "case_noted",
        "report_issued",
    }
)
"""Acts on the way, that a later `acts_signed` covers; every other kind is signed at the act."""


def may(person: Person, kind: str) -> bool:
    """Say whether a person's roles allow a kind of entry."""
    return person.is_active and not MAY.get(kind, frozenset()).isdisjoint(person.roles)


def check_may(book: Book, said: Said, kind: str) -> None:
    """Refuse an act its actor has no role for.

    Raises:
        Refused: `unknown_person`, `person_ended`, `not_your_role`, `service_only` or `not_for_service`.
    """
    if kind in SERVICE_KINDS:
        if not said.is_service:
            raise Refused("service_only")
        return
    if said.is_service:
        raise Refused("not_for_service")
    if kind == "person_enrolled" and not book.persons:
        return
    if not may(book.person(said.actor), kind):
        raise Refused("not_your_role")


def decide_enrol(book: Book, command: events.PersonEnrolled, said: Said) -> events.PersonEnrolled:
    """Enrol a person; the very first enrols themself, and everyone's sign-in name is their own.

    Raises:
        Refused: `sign_in_taken`, `already_enrolled`, `first_enrols_self` or `first_administers`.
    """
    if command.person in book.persons:
        raise Refused("already_enrolled", "name")
    if command.sign_in.casefold() in book.sign_ins:
        raise Refused("sign_in_taken", "sign_in", sign_in=command.sign_in)
    if not book.persons and said.actor != command.person:
        raise Refused("first_enrols_self", "name")
    if said.actor == command.person and "administrator" not in command.roles:
        raise Refused("first_administers", "roles")
    _check_roles(command.roles)
    return command


def decide_roles(book: Book, command: events.RolesChanged, said: Said) -> events.RolesChanged:
    """Change a person's roles; an administrator cannot give up their own last key to the door.

    Raises:
        Refused: `own_administration` or those of `Book.person`.
    """
    book.person(command.person, "person")
    _check_roles(command.roles)
    if command.person == said.actor and "administrator" not in command.roles:
        raise Refused("own_administration", "roles")
    return command


def decide_end(book: Book, command: events.PersonEnded, said: Said) -> events.PersonEnded:
    """End a person's part; nobody ends themself, so that somebody is left who may enrol.

    Raises:
        Refused: `cannot_end_self` or those of `Book.person`.
    """
    book.person(command.person, "person")
    if command.person == said.actor:
        raise Refused("cannot_end_self", "person")
    return command


def decide_password(book: Book, command: events.PasswordSet, said: Said) -> events.PasswordSet:
    """Set one's own password; nobody sets another's.

    Raises:
        Refused: `not_your_password` or those of `Book.person`.
    """
    book.person(command.person, "person")
    if command.person != said.actor:
        raise Refused("not_your_password", "password")
    return command


def _check_roles(roles: tuple[events.Role, ...]) -> None:
    if "inspector" in roles and len(roles) > 1:
        raise Refused("inspector_only_inspects", "roles")
    if len(set(roles)) != len(roles):
        raise Refused("role_twice", "roles")
