"""Drives a clinic through the write path as its people would: the one way tests make entries.

Times advance by themselves; everything random comes from a seed, so a failing day can be lived again.
"""

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from audit.domain import commands, events
from audit.domain.book import Book, Recorded
from audit.domain.facts import Ref
from audit.domain.postings import ON_HAND, Account
from audit.services.acts import SIGNED_IN, Order, Standing, with_factors
from audit.services.keyring import open_keyring
from audit.services.opening import ClinicFacts, FirstPerson, Ground, open_log
from audit.services.publish import publish
from audit.services.record import Written, record
from audit.services.register import Register
from audit.services.signing.keeper import KeptSigner
from audit.storage import ledger
from audit.storage.engine import open_engine, read
from audit.storage.seals import Sealable
from audit.storage.upgrade import upgrade
from audit.tlog.keys import VerifierKey
from audit.tlog.seal import password_commitment

OPENED_MS = 1_795_424_400_000
"""2026-11-23 09:00 in Toronto, offset -300."""
OFFSET_MIN = -300
PASSWORD = with_factors("password")


@dataclass
class Clock:
    """A clock that tests set; each reading takes a second, so that entries have an order in time."""

    now_ms: int = OPENED_MS

    def __call__(self) -> int:
        """Return the time and let a second pass."""
        self.now_ms += 1_000
        return self.now_ms

    def pass_minutes(self, minutes: int) -> None:
        """Let time pass."""
        self.now_ms += minutes * 60_000


@dataclass
class Clinic:
    """A clinic with a log, a clock and people by their first letter."""

    register: Register
    ground: Ground
    signer: KeptSigner
    clock: Clock
    source: random.Random
    recovery_seed: bytes
    people: dict[str, str] = field(default_factory=dict)
    products: dict[str, str] = field(default_factory=dict)
    time_root: bytes | None = None
    """Root (PEM) of the time authority that dated its log, where one did."""
    _counter: itertools.count = field(default_factory=lambda: itertools.count(1))

    def identifier(self, prefix: str) -> str:
        """Return a new identifier."""
        return f"{prefix}_{next(self._counter):08d}"

    @property
    def log_key(self) -> VerifierKey:
        """Return the key that signs the log's heads."""
        key = self.signer.known(self.register.origin).key
        assert key is not None
        return key

    def nonce(self) -> str:
        """Return a new request number."""
        return self.source.randbytes(16).hex()

    def order(self, who: str, command: commands.Command, standing: Standing = PASSWORD, **more: object) -> Order:
        """Return an order by a person of the clinic."""
        return Order(
            command=command,
            actor=self.people[who],
            nonce=str(more.pop("nonce", None) or self.nonce()),
            standing=standing,
            offset_min=OFFSET_MIN,
            **more,  # type: ignore[arg-type]
        )

    def act(self, who: str, command: commands.Command, standing: Standing = PASSWORD, **more: object) -> Recorded:
        """Let a person do one thing; return its entry."""
        return self.record([self.order(who, command, standing, **more)])[0].entry

    def on_the_way(self, who: str, command: commands.Command, **more: object) -> Recorded:
        """Let a person do one thing while merely signed in."""
        return self.act(who, command, SIGNED_IN, **more)

    def record(self, orders: Sequence[Order]) -> tuple[Written, ...]:
        """Record a list of orders at once."""
        return record(self.register, orders)

    def book(self, *keys: str) -> Book:
        """Return the book of some keys as it stands."""
        with read(self.register.engine) as conn:
            return ledger.load_book(conn, self.register.site, keys)

    def enrol(self, who: str, profession: events.Profession, *roles: events.Role) -> str:
        """Enrol a person under one letter."""
        person = self.identifier("p")
        stored = f"synthetic-hash-{who}"
        self.act(
            "A",
            events.PersonEnrolled(
                person=person,
                name=f"{who}. Example",
                sign_in=f"{who.lower()}.example",
                profession=profession,
                roles=roles or ("clinician",),
                password_sha256=password_commitment(stored),
            ),
            password_hash=stored,
        )
        self.people[who] = person
        return person

    def add_product(self, name: str = "50", *, mg_per_ml: int = 50, ml: int = 10) -> str:
        """Register a product under a short name."""
        product = self.identifier("pr")
        self.on_the_way(
            "A",
            events.ProductRegistered(
                product=product,
                code_system="din",
                code=f"0000{name}",
                name="Ketamine hydrochloride injection",
                labeller="Example Labs",
                form="solution",
                concentration_ug_per_ml=mg_per_ml * 1000,
                volume_ul=ml * 1000,
                multi_dose=True,
            ),
        )
        self.products[name] = product
        return product

    def receive(
        self, who: str = "A", *, product: str = "50", count: int = 2, lot: str = "EX-5390", expiry: str = "2028-04-30"
    ) -> list[str]:
        """Receive sealed vials; return their identifiers."""
        vials = [self.identifier("c") for _ in range(count)]
        self.act(
            who,
            commands.Receive(
                receipt=self.identifier("r"),
                supplier="Example Wholesale",
                supplier_address="1 Sample Street, Toronto",
                supplier_registration="EX-123",
                invoice=f"INV-{next(self._counter)}",
                invoice_date="2026-11-20",
                received_on="2026-11-23",
                lots=(
                    commands.LotArrived(
                        product=self.products[product], lot=lot, expiry=expiry, containers=tuple(vials)
                    ),
                ),
            ),
        )
        return vials

    def register_patient(self, who: str = "A") -> str:
        """Register a synthetic patient."""
        patient = self.identifier("pt")
        sealed: dict[str, Sealable] = {"name": "Patient Placeholder", "birth_date": "1980-01-02"}
        self.on_the_way(who, events.PatientRegistered(patient=patient), sealed=sealed, owner=patient)
        return patient

    def open_session(self, who: str = "A", *, mg: int = 39, patient: str | None = None) -> str:
        """Open a session for an order of so many mg."""
        session = self.identifier("s")
        patient = patient or self.register_patient(who)
        self.on_the_way(
            who,
            commands.OpenSession(
                session=session,
                patient=patient,
                prescriber=self.people["A"],
                dose_ug=mg * 1000,
                route="iv",
                duration_min=40,
            ),
            sealed={"weight_g": mg * 2000, "dose_ug_per_kg": 500},
            owner=patient,
        )
        return session

    def draw(self, who: str, session: str, vial: str, volume_ul: int, **more: object) -> str:
        """Draw from one vial into a syringe; return the syringe."""
        syringe = self.identifier("c")
        part = commands.Part(container=vial, volume_ul=volume_ul)
        self.on_the_way(who, commands.DrawDose(session=session, syringe=syringe, parts=(part,), **more))  # type: ignore[arg-type]
        return syringe

    def run(self, who: str, session: str, syringe: str, *, rate_ul_per_h: int, minutes: int) -> None:
        """Start the pump, let it run, stop it."""
        self.on_the_way(who, events.InfusionStarted(session=session, container=syringe, rate_ul_per_h=rate_ul_per_h))
        self.clock.pass_minutes(minutes)
        self.on_the_way(who, events.InfusionStopped(session=session, container=syringe, reason="completed"))

    def read(self, who: str, container: str, volume_ul: int) -> Recorded:
        """Read what is left."""
        return self.on_the_way(who, commands.ReadRemainder(container=container, volume_ul=volume_ul))

    def reread(self, who: str, first: Recorded, container: str, volume_ul: int) -> Recorded:
        """Read it as the second person, blind."""
        return self.act(who, commands.RereadRemainder(of=first.ref, container=container, volume_ul=volume_ul))

    def waste(self, who: str, container: str, *, alone: bool = False) -> Recorded:
        """Waste what was read."""
        return self.act(
            who, commands.WasteRemainder(container=container, method="denature", reason="remainder", alone=alone)
        )

    def witness(self, who: str, waste: Recorded) -> Recorded:
        """Sign as witness of a waste."""
        event = waste.event
        assert isinstance(event, events.WasteRecorded)
        return self.act(who, commands.WitnessWaste(of=waste.ref, container=event.container))

    def whole_session(self, vial: str, *, mg: int = 39, left_ul: int = 200, drawn_ul: int = 1000) -> str:
        """A drew and gave, B saw the rest wasted: a session from order to close."""
        session = self.open_session("A", mg=mg)
        syringe = self.draw("A", session, vial, drawn_ul)
        self.run("A", session, syringe, rate_ul_per_h=1200, minutes=40)
        first = self.read("A", syringe, left_ul)
        self.reread("B", first, syringe, left_ul)
        self.witness("B", self.waste("A", syringe))
        self.act("A", commands.CloseSession(session=session))
        return session

    def count(self, first: str, second: str, *, lots: dict[tuple[str, str], int], levels: dict[str, int]) -> str:
        """Two people count blind; return the count."""
        count = self.identifier("n")
        self.on_the_way(first, events.CountStarted(count=count, business_time="close"))
        found_lots = tuple(
            events.LotFound(product=product, lot=lot, containers=number) for (product, lot), number in lots.items()
        )
        found_levels = tuple(
            events.LevelFound(container=container, volume_ul=volume) for container, volume in levels.items()
        )
        counted = self.act(first, events.CountRecorded(count=count, lots=found_lots, opened=found_levels))
        self.act(second, commands.ConfirmCount(of=counted.ref, count=count, lots=found_lots, opened=found_levels))
        return count

    def checkpoint(self) -> None:
        """Have the head signed."""
        publish(self.register.engine, self.register.site, self.register.origin, self.signer)


def start_clinic(
    url: str, home: Path, *, seed: int = 1, pack: str = "ca-on", is_demo: bool = False, opened_ms: int = OPENED_MS
) -> Clinic:
    """Open a new clinic's log with Dr A, nurse B and manager M, one product and its people."""
    upgrade(url)
    source = random.Random(seed)
    clock = Clock(opened_ms)
    signer = KeptSigner(home / "signer", source.randbytes)
    ground = Ground(
        engine=open_engine(url),
        keyring=open_keyring(home / "keys", source.randbytes),
        signer=signer,
        host="audit.example.org",
        scheme="https",
        port=443,
        clock=clock,
        random=source.randbytes,
    )
    first = FirstPerson(
        person="p_00000000",
        name="Dr A. Example",
        sign_in="a.example",
        profession="physician",
        licence="EX-100417",
        roles=("clinician", "manager", "administrator"),
        password_hash="synthetic-hash-A",
    )
    facts = ClinicFacts(
        clinic="Example Clinic",
        address="1 Sample Street, Toronto",
        telephone="416-555-0100",
        registration="EX-ON-0417",
        registration_expires="2027-03-31",
        licence=None,
        responsible="Dr A. Example",
        pack=pack,
        zone="America/Toronto",
    )
    register, recovery = open_log(
        ground, facts, first, nonce=source.randbytes(16).hex(), offset_min=OFFSET_MIN, is_demo=is_demo
    )
    clinic = Clinic(register, ground, signer, clock, source, recovery, people={"A": first.person})
    clinic.enrol("B", "nurse", "clinician")
    clinic.enrol("M", "pharmacist", "clinician", "manager")
    clinic.add_product()
    return clinic


def ref(entry: Recorded) -> Ref:
    """Return how another entry names this one."""
    return entry.ref


def below_zero(book: Book) -> list[tuple[str, Account, int]]:
    """Return every place that holds less than nothing: container, account, ug. No book of a clinic has one."""
    return [
        (container, account, mass)
        for container, balances in book.by_container.items()
        for (account, _), mass in balances.items()
        if mass < 0 and account in ON_HAND
    ]
