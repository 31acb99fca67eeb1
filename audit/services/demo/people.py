"""The demo clinic's staff and what it says of itself. All made up, and plainly so."""

from dataclasses import dataclass
from random import Random

from audit.domain import events
from audit.services.opening import ClinicFacts, FirstPerson

ZONE = "America/New_York"
PACK = "us-dea"
CLINIC = "Example Ketamine Clinic, demo"

PASSWORD = "all of this is made up"  # noqa: S105 (printed beside every sign-in name: a demo guards nothing)
"""The password of everybody in a demo clinic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One of the staff."""

    person: str
    name: str
    sign_in: str
    profession: events.Profession
    roles: tuple[events.Role, ...]
    licence: str | None = None


STAFF = (
    Member(
        person="p_demo0001",
        name="Dr A. Example",
        sign_in="a.example",
        profession="physician",
        roles=("clinician", "manager", "administrator"),
        licence="EX-100417",
    ),
    Member(
        person="p_demo0002",
        name="Dr B. Sample",
        sign_in="b.sample",
        profession="physician",
        roles=("clinician",),
        licence="EX-100418",
    ),
    Member(
        person="p_demo0003",
        name="RN C. Placeholder",
        sign_in="c.placeholder",
        profession="nurse",
        roles=("clinician",),
        licence="EX-200311",
    ),
    Member(
        person="p_demo0004",
        name="RN D. Specimen",
        sign_in="d.specimen",
        profession="nurse",
        roles=("clinician",),
        licence="EX-200312",
    ),
    Member(
        person="p_demo0005",
        name="RN E. Template",
        sign_in="e.template",
        profession="nurse",
        roles=("clinician",),
        licence="EX-200313",
    ),
    Member(
        person="p_demo0006",
        name="F. Model, pharmacist",
        sign_in="f.model",
        profession="pharmacist",
        roles=("clinician", "manager"),
        licence="EX-300207",
    ),
    Member(
        person="p_demo0007",
        name="G. Fictitious, inspector",
        sign_in="g.fictitious",
        profession="other",
        roles=("inspector",),
    ),
)

PHYSICIANS = tuple(one for one in STAFF if one.profession == "physician")
NURSES = tuple(one for one in STAFF if one.profession == "nurse")
PHARMACIST = next(one for one in STAFF if one.profession == "pharmacist")
MANAGER = STAFF[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """Who works on a day: who orders, who treats, and who lends a second pair of eyes."""

    prescriber: Member
    treating: tuple[Member, ...]
    second: Member

    def pair(self, rng: Random) -> tuple[Member, Member]:
        """Return one who treats and another who witnesses."""
        first = rng.choice(self.treating)
        others = [one for one in (*self.treating, self.second) if one is not first]
        return first, rng.choice(others)


def crew_of(rng: Random) -> Crew:
    """Return who works today: a physician, two of the nurses, the pharmacist."""
    return Crew(prescriber=rng.choice(PHYSICIANS), treating=tuple(rng.sample(NURSES, 2)), second=PHARMACIST)


def clinic_facts(expires: str) -> ClinicFacts:
    """Return what the demo clinic says of itself."""
    return ClinicFacts(
        clinic=CLINIC,
        address="1 Sample Street, Placeholder City",
        telephone="212-555-0100",
        registration="EX-DEMO-0417",
        registration_expires=expires,
        licence=None,
        responsible=MANAGER.name,
        pack=PACK,
        zone=ZONE,
    )


def first_person(password_hash: str) -> FirstPerson:
    """Return the person who opens the log."""
    return FirstPerson(
        person=MANAGER.person,
        name=MANAGER.name,
        sign_in=MANAGER.sign_in,
        profession=MANAGER.profession,
        licence=MANAGER.licence,
        roles=MANAGER.roles,
        password_hash=password_hash,
    )


def identity_of(rng: Random, number: int) -> dict[str, str]:
    """Return the sealed identity of a synthetic patient."""
    born = f"{rng.randint(1950, 2004)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
    return {"name": f"Patient {number:04d} Placeholder", "birth_date": born}
