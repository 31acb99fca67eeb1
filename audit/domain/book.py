"""The state that folding entries yields: products, persons, containers, sessions, counts, cases, balances.

Complete only for the keys it was loaded by (locality). States are mutable for the fold's sake; only `fold`
changes them, and everyone else reads.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from audit.domain import events
from audit.domain.credential import Credential, Trust
from audit.domain.errors import Refused, invariant
from audit.domain.facts import Ref
from audit.domain.postings import ON_HAND, Account
from audit.domain.quantity import mass_of, share, volume_of

SERVICE = "service"
"""The actor of the service's own entries; no person has this identifier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One entry as the domain sees it: its place, its times, who stood for it and how, and what it states."""

    index: int
    leaf: str
    recorded_ms: int
    occurred_ms: int
    offset_min: int
    actor: str
    method: str
    event: events.Event
    factors: tuple[str, ...] = ()
    """What the service checked where a password stands for it: `password`, `totp`, `recovery` or `demo`."""

    @property
    def ref(self) -> Ref:
        """How another entry names this one."""
        return Ref(index=self.index, leaf=self.leaf)


@dataclass(slots=True, kw_only=True)
class Person:
    """A member of staff, under their own name."""

    person: str
    name: str
    sign_in: str
    profession: events.Profession
    licence: str | None
    roles: tuple[events.Role, ...]
    password_sha256: str | None
    is_active: bool = True
    is_first: bool = False


@dataclass(slots=True, kw_only=True)
class Reading:
    """What a first person read on a container, and whether a second one agreed."""

    index: int
    leaf: str
    actor: str
    volume_ul: int
    mass_ug: int
    second: str | None = None
    second_volume_ul: int | None = None
    agrees: bool | None = None
    posted_volume_ul: int = 0
    posted_mass_ug: int = 0


@dataclass(slots=True, kw_only=True)
class Waste:
    """A waste and whoever witnessed it."""

    index: int
    leaf: str
    occurred_ms: int
    actor: str
    container: str
    session: str | None
    method: events.WasteMethod
    volume_ul: int
    mass_ug: int
    is_alone: bool
    witness: str | None = None
    witness_index: int | None = None
    witnessed_ms: int | None = None


@dataclass(slots=True, kw_only=True)
class Container:
    """A vial with its label, or a syringe drawn in a session."""

    container: str
    label: str
    product: str | None
    lot: str
    expiry: str
    concentration_ug_per_ml: int
    form: str
    content_ul: int
    content_ug: int
    session: str | None = None
    opened_ms: int | None = None
    is_finished: bool = False
    bag: str | None = None
    reading: Reading | None = None
    hands: set[str] = field(default_factory=set)
    sources: tuple[str, ...] = ()

    @property
    def is_syringe(self) -> bool:
        """Say whether this was drawn for a session, rather than received."""
        return self.session is not None

    def mass_in(self, volume_ul: int) -> int:
        """Return the mass in ug of this much of its content: exact ratio, rounded once, half to even."""
        if self.is_syringe:
            return share(self.content_ug, volume_ul, self.content_ul)
        return mass_of(volume_ul, concentration_ug_per_ml=self.concentration_ug_per_ml)

    def volume_in(self, mass_ug: int) -> int:
        """Return the volume in uL that holds this mass, as a person would read it."""
        if self.is_syringe and self.content_ug:
            return share(self.content_ul, mass_ug, self.content_ug)
        return volume_of(mass_ug, concentration_ug_per_ml=self.concentration_ug_per_ml)


@dataclass(slots=True, kw_only=True)
class Run:
    """One syringe on the pump: rates in uL/h from moments in ms; rate 0 is stopped."""

    changes: list[tuple[int, int]] = field(default_factory=list)

    @property
    def is_running(self) -> bool:
        """Say whether the pump was last started rather than stopped."""
        return bool(self.changes) and self.changes[-1][1] > 0

    def delivered_ul(self, until_ms: int) -> int:
        """Return rate x time up to a moment, in uL, rounded once, half to even."""
        total = 0
        for (start, rate), (end, _) in zip(self.changes, [*self.changes[1:], (until_ms, 0)], strict=True):
            total += rate * max(0, end - start)
        return share(total, 1, 3_600_000)


@dataclass(slots=True, kw_only=True)
class Session:
    """A treatment session: its order, what was drawn for it, how it ran, what became of the rest."""

    session: str
    number: int
    patient: str
    prescriber: str
    dose_ug: int
    route: events.Route
    duration_min: int
    opened_ms: int
    opened_by: str
    index: int
    drawn_ug: int = 0
    syringes: list[str] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    runs: dict[str, Run] = field(default_factory=lambda: defaultdict(Run))
    wastes: list[int] = field(default_factory=list)
    closed_ms: int | None = None
    closed_index: int | None = None


@dataclass(slots=True, kw_only=True)
class Count:
    """A blind count: its basis, what each person found, and whether figures were shown."""

    count: str
    started: Recorded
    first: Recorded | None = None
    second: Recorded | None = None
    agrees: bool | None = None
    is_revealed: bool = False
    revealed_index: int | None = None

    @property
    def is_open(self) -> bool:
        """Say whether its figures must still be withheld."""
        return not self.is_revealed


@dataclass(slots=True, kw_only=True)
class Case:
    """Something that needs an answer, and the work on it."""

    case: str
    cause: events.Cause
    index: int
    of: Ref
    opened_ms: int
    container: str | None
    product: str | None
    lot: str | None
    session: str | None
    variance_ug: int
    owner: str | None = None
    due_on: str | None = None
    notes: list[int] = field(default_factory=list)
    closed: Recorded | None = None

    @property
    def is_open(self) -> bool:
        """Say whether it still needs an answer."""
        return self.closed is None


@dataclass(slots=True)
class Book:
    """All states of one fold, by identifier."""

    log: events.LogOpened | None = None
    trust: Trust | None = None
    persons: dict[str, Person] = field(default_factory=dict)
    sign_ins: set[str] = field(default_factory=set)
    products: dict[str, events.ProductRegistered] = field(default_factory=dict)
    credentials: dict[str, Credential] = field(default_factory=dict)
    public_keys: set[str] = field(default_factory=set)
    patients: set[str] = field(default_factory=set)
    erased: set[str] = field(default_factory=set)
    containers: dict[str, Container] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    wastes: dict[int, Waste] = field(default_factory=dict)
    inventories: dict[int, Recorded] = field(default_factory=dict)
    confirmations: dict[int, Recorded] = field(default_factory=dict)
    counts: dict[str, Count] = field(default_factory=dict)
    cases: dict[str, Case] = field(default_factory=dict)
    entries: dict[int, Recorded] = field(default_factory=dict)
    struck: dict[int, int] = field(default_factory=dict)
    series: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    complete: set[str] | None = None
    """The keys this book was loaded by and is the truth about; None when it was folded from everything."""
    by_container: dict[str, dict[tuple[Account, str | None], int]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(int))
    )
    by_session: dict[str, dict[tuple[Account, str], int]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(int))
    )

    def person(self, person: str, field_name: str = "actor") -> Person:
        """Return a person who may act now.

        Raises:
            Refused: `unknown_person` or `person_ended`.
        """
        found = self.persons.get(person)
        if found is None:
            raise Refused("unknown_person", field_name)
        if not found.is_active:
            raise Refused("person_ended", field_name, name=found.name)
        return found

    def passkeys(self, person: str) -> tuple[Credential, ...]:
        """Return a person's passkeys that may still sign, oldest first."""
        return tuple(one for one in self.credentials.values() if one.person == person and one.is_active)

    def container(self, container: str, field_name: str = "container") -> Container:
        """Return a known container.

        Raises:
            Refused: `unknown_container`.
        """
        found = self.containers.get(container)
        if found is None:
            raise Refused("unknown_container", field_name)
        return found

    def session(self, session: str) -> Session:
        """Return a known treatment session.

        Raises:
            Refused: `unknown_session`.
        """
        found = self.sessions.get(session)
        if found is None:
            raise Refused("unknown_session", "session")
        return found

    def open_session(self, session: str) -> Session:
        """Return a session that is not closed.

        Raises:
            Refused: `unknown_session` or `session_closed`.
        """
        found = self.session(session)
        if found.closed_ms is not None:
            raise Refused("session_closed", "session", number=found.number)
        return found

    def product(self, product: str) -> events.ProductRegistered:
        """Return a registered product.

        Raises:
            Refused: `unknown_product`.
        """
        found = self.products.get(product)
        if found is None:
            raise Refused("unknown_product", "product")
        return found

    def struck_event(self, replaced: Ref | None) -> events.Event | None:
        """Return what a replacement stands in for, where that entry is known and struck."""
        if replaced is None or replaced.index not in self.struck or replaced.index not in self.entries:
            return None
        return self.entries[replaced.index].event

    def check_complete(self, key: str) -> None:
        """Hold that this book knows every entry of a key before a figure is read from it.

        A book loaded by keys also meets containers that only shared an entry with what was asked for; what left
        those it does not know.

        Raises:
            BrokenInvariantError: the key was not among those it was loaded by.
        """
        invariant(self.complete is None or key in self.complete, f"a book is asked only what it was loaded by: {key}")

    def balance(self, container: str, account: Account, session: str | None = None) -> int:
        """Return what one account holds of a container, in ug."""
        self.check_complete(f"container:{container}")
        return self.by_container[container][(account, session)]

    def places(self, container: str) -> dict[tuple[Account, str | None], int]:
        """Return every account and session that holds or held something of a container, with its ug."""
        self.check_complete(f"container:{container}")
        return self.by_container[container]

    def on_hand(self, container: str) -> int:
        """Return what is left of a container, wherever it is, in ug."""
        self.check_complete(f"container:{container}")
        return sum(mass for (account, _), mass in self.by_container[container].items() if account in ON_HAND)

    def session_total(self, session: str, account: Account) -> int:
        """Return what an account holds for a session over all containers, in ug."""
        self.check_complete(f"session:{session}")
        return sum(mass for (place, _), mass in self.by_session[session].items() if place is account)
