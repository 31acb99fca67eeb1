"""A log stated entry by entry with the service's own key and no write path: what a verifier may meet in good form."""

from dataclasses import dataclass, field

from audit.domain import events
from audit.domain.facts import Ref
from audit.domain.wire import VERSION, kind_of, session_of, to_facts
from audit.services.verify import Source, Verdict, verify
from audit.services.verifying.source import Row
from audit.tlog.attestation import attest
from audit.tlog.entry import FIRST_PREV, encode_entry
from audit.tlog.keys import SigningKey
from audit.tlog.merkle import leaf_hash

ORIGIN = "audit.example.org/log/example"
LOG_KEY = SigningKey(ORIGIN, b"l" * 32)
SERVICE_KEY = SigningKey(f"{ORIGIN}/service", b"s" * 32)
START_MS = 1_795_424_400_000
A, B, C = "p_aaaa", "p_bbbb", "p_cccc"


@dataclass
class Log:
    """Entries that follow each other; each second one takes a second."""

    is_demo: bool = False
    bodies: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state("service", opened(is_demo=self.is_demo), method="service")
        self.state(A, person(A, "clinician", "manager", "administrator"))
        self.state(A, person(B, "clinician"))
        self.state(A, person(C, "clinician", "manager"))

    def state(self, actor: str, event: events.Event, method: str = "password_totp", **more: object) -> Ref:
        """Append an entry; `more` overrides fields of the act, of the entry (recorded_ms) or of the signature."""
        index = len(self.bodies)
        act: dict[str, object] = {
            "actor": actor,
            "facts": to_facts(event),
            "kind": kind_of(event),
            "nonce": f"{index:032x}",
            "occurred_ms": START_MS + index * 1000,
            "offset_min": -300,
            "v": VERSION,
        }
        session = session_of(event)
        if session is not None:
            act["session"] = session
        act |= {name: more.pop(name) for name in ("nonce", "seen", "kind", "v", "facts", "session") if name in more}
        signature: dict[str, object] = {"method": method}
        if method == "password_totp":
            signature["factors"] = more.pop("factors", ["password"])
        signature |= {name: more.pop(name) for name in ("reason",) if name in more}
        signature["attest"] = attest(act, ORIGIN, more.pop("key", SERVICE_KEY))  # type: ignore[arg-type]
        return self.put(act, signature, **more)

    def put(self, act: dict[str, object], signature: dict[str, object], **more: object) -> Ref:
        """Append an act with a signature as they are."""
        index = len(self.bodies)
        body = encode_entry(
            log=str(more.pop("log", ORIGIN)),
            index=int(str(more.pop("index", index))),
            prev=str(more.pop("prev", leaf_hash(self.bodies[-1]).hex() if self.bodies else FIRST_PREV)),
            recorded_ms=int(str(more.pop("recorded_ms", START_MS + index * 1000))),
            act=act,
            signature=signature,
        )
        assert not more
        self.bodies.append(body)
        return self.ref(index)

    def ref(self, index: int) -> Ref:
        """How another entry names one."""
        return Ref(index=index, leaf=leaf_hash(self.bodies[index]).hex())

    def verdict(self) -> Verdict:
        """Verify the entries as they are."""
        return verify(
            Source(
                rows=[Row(index, body) for index, body in enumerate(self.bodies)],
                body_at=lambda index: self.bodies[index] if 0 <= index < len(self.bodies) else None,
                count=len(self.bodies),
                checkpoints=[],
            )
        )

    def faults(self) -> list[tuple[str, int | None, str]]:
        """Check, entry, and what was found, of each finding."""
        return [(one.check, one.index, one.found) for one in self.verdict().findings]


def opened(*, is_demo: bool = False) -> events.LogOpened:
    """The log of a synthetic clinic begins."""
    return events.LogOpened(
        clinic="Example Clinic",
        address="1 Sample Street",
        registration="EX-1",
        responsible="Dr A. Example",
        pack="ca-on",
        zone="America/Toronto",
        demo=is_demo,
        log_key=LOG_KEY.verifier.to_string(),
        service_key=SERVICE_KEY.verifier.to_string(),
        recovery_sha256="ab" * 32,
        signing_origins=("https://audit.example.org",),
        rp_id="audit.example.org",
    )


def person(who: str, *roles: events.Role) -> events.PersonEnrolled:
    """A synthetic person of the staff."""
    return events.PersonEnrolled(person=who, name=f"Example {who[-1]}", sign_in=who, profession="nurse", roles=roles)


def receipt(*vials: str, mass_ug: int = 500_000, replaces: Ref | None = None) -> events.ReceiptRecorded:
    """Vials of 10 mL arrive."""
    return events.ReceiptRecorded(
        receipt="r_0001",
        supplier="Example Wholesale",
        supplier_address="1 Sample Street",
        invoice="INV-1",
        invoice_date="2026-11-20",
        received_on="2026-11-23",
        lots=(
            events.LotLine(
                product="pr_0001",
                lot="EX-1",
                expiry="2028-04-30",
                volume_ul=10_000,
                mass_ug=mass_ug,
                first_label=1,
                containers=vials,
            ),
        ),
        replaces=replaces,
    )


def draw(vial: str, syringe: str, mass_ug: int = 50_000, session: str = "s_0001") -> events.DoseDrawn:
    """Drug of 50 mg/mL drawn from one vial."""
    volume = mass_ug // 50
    return events.DoseDrawn(
        session=session,
        syringe=syringe,
        label=1,
        sources=(events.Source(container=vial, volume_ul=volume, mass_ug=mass_ug),),
        concentration_ug_per_ml=50_000,
        form="solution",
        mass_ug=mass_ug,
        volume_ul=volume,
    )


def read(syringe: str, mass_ug: int = 10_000, given_ug: int = 40_000) -> events.RemainderRead:
    """What is left in a syringe, and what therefore was given."""
    return events.RemainderRead(
        session="s_0001", container=syringe, volume_ul=mass_ug // 50, mass_ug=mass_ug, given_ug=given_ug
    )


def waste(syringe: str, mass_ug: int = 10_000) -> events.WasteRecorded:
    """The rest destroyed."""
    return events.WasteRecorded(
        session="s_0001",
        container=syringe,
        volume_ul=mass_ug // 50,
        mass_ug=mass_ug,
        method="denature",
        reason="remainder",
    )


def witness(of: Ref, syringe: str, **more: object) -> events.WasteWitnessed:
    """A second person saw it."""
    said = {"session": "s_0001", "method": "denature", "volume_ul": 200} | more
    return events.WasteWitnessed(of=of, container=syringe, **said)  # type: ignore[arg-type]
