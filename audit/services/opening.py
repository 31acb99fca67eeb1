"""A log begins, or is found again: the first entries of a site, and the register of the site there is."""

import hashlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field

from audit.domain import events
from audit.domain.book import SERVICE
from audit.domain.errors import Refused
from audit.services.acts import BY_SERVICE, Factor, Order, derived_nonce, with_factors
from audit.services.keyring import Keyring
from audit.services.packs import load_pack
from audit.services.record import Written, record
from audit.services.register import Register
from audit.services.signing.signer import Signer, SignerAway, SignerRefused
from audit.storage import ledger, registers
from audit.storage.engine import Engine, read
from audit.tlog.keys import SigningKey
from audit.tlog.seal import password_commitment


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicFacts:
    """What a clinic says of itself when its log opens; the eight fields of the set-up page."""

    clinic: str
    address: str
    telephone: str | None
    registration: str
    registration_expires: str | None
    licence: str | None
    responsible: str
    pack: str
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstPerson:
    """The administrator who opens the log and enrols everyone else."""

    person: str
    name: str
    sign_in: str
    profession: events.Profession
    licence: str | None
    roles: tuple[events.Role, ...]
    password_hash: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the program brings to any log: where it stores, its secrets, its host, its clock and random bytes."""

    engine: Engine
    keyring: Keyring = field(repr=False)
    signer: Signer = field(repr=False)
    host: str
    scheme: str
    port: int
    clock: Callable[[], int]
    random: Callable[[int], bytes] = field(repr=False)


def find_register(ground: Ground) -> Register | None:
    """Return the register of the log that the database holds; None before set-up."""
    with read(ground.engine) as conn:
        site = registers.first_site(conn)
        if site is None:
            return None
        opened = ledger.load_book(conn, site, {"log:site"}).log
    if opened is None:
        return None
    origin = opened.log_key.partition("+")[0]
    return open_register(ground, origin, pack=opened.pack, is_demo=opened.demo)


def origin_held(engine: Engine) -> str | None:
    """Return the origin of the log that the database holds; None before set-up."""
    with read(engine) as conn:
        site = registers.first_site(conn)
        opened = ledger.load_book(conn, site, {"log:site"}).log if site is not None else None
    return opened.log_key.partition("+")[0] if opened is not None else None


def open_log(
    ground: Ground,
    facts: ClinicFacts,
    first: FirstPerson,
    *,
    nonce: str,
    offset_min: int,
    is_demo: bool = False,
) -> tuple[Register, bytes]:
    """Open a site's log with its first person; return its register and the recovery key's seed, shown once.

    Raises:
        Refused: `log_already_open` when the database holds a log, `signer_ahead` when the signer knows one of that
            name, `signer_away`, and those of the facts.
    """
    origin = origin_of(ground, facts.clinic)
    register = open_register(ground, origin, pack=facts.pack, is_demo=is_demo)
    with read(ground.engine) as conn:
        if registers.first_site(conn) is not None:
            raise Refused("log_already_open")
    recovery_seed = ground.random(32)
    recovery = SigningKey(origin, recovery_seed).verifier
    opened = _opened(ground, facts, origin, hashlib.sha256(recovery.public_key).hexdigest(), is_demo=is_demo)
    factor: Factor = "demo" if is_demo else "password"
    record(
        register,
        [
            Order(command=opened, actor=SERVICE, nonce=nonce, standing=BY_SERVICE, offset_min=offset_min),
            Order(
                command=events.PersonEnrolled(
                    person=first.person,
                    name=first.name,
                    sign_in=first.sign_in,
                    profession=first.profession,
                    licence=first.licence,
                    roles=first.roles,
                    password_sha256=password_commitment(first.password_hash),
                ),
                actor=first.person,
                nonce=derived_nonce(nonce, "first_person"),
                standing=with_factors(factor),
                offset_min=offset_min,
                password_hash=first.password_hash,
            ),
        ],
    )
    return register, recovery_seed


def _log_key(ground: Ground, origin: str) -> str:
    """Return the verifier key of a log about to be opened, which its signer makes.

    Raises:
        Refused: `signer_ahead` or `signer_away`.
    """
    try:
        return ground.signer.open(origin).to_string()
    except SignerRefused as refused:
        raise Refused("signer_ahead", why=str(refused)) from refused
    except SignerAway as away:
        raise Refused("signer_away", why=str(away)) from away


def origin_of(ground: Ground, clinic: str) -> str:
    """Return the origin of the log that a clinic of this name opens here."""
    return f"{ground.host}/log/{slug_of(clinic)}"


def slug_of(clinic: str) -> str:
    """Return the name of a clinic as it stands in its log's origin: [a-z0-9-], at most 40."""
    plain = unicodedata.normalize("NFKD", clinic).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-") or "clinic"


def open_register(ground: Ground, origin: str, *, pack: str, is_demo: bool) -> Register:
    """Return the register of an origin, whose log may still have no entry."""
    return Register(
        engine=ground.engine,
        site=origin.partition("/log/")[2],
        origin=origin,
        wrapping_key=ground.keyring.wrapping_key,
        service_key=SigningKey(f"{origin}/service", ground.keyring.service_seed),
        service_keys=lambda: tuple(SigningKey(f"{origin}/service", seed) for seed in ground.keyring.service_seeds()),
        pack=load_pack(pack),
        clock=ground.clock,
        random=ground.random,
        is_demo=is_demo,
    )


def _opened(
    ground: Ground, facts: ClinicFacts, origin: str, recovery_sha256: str, *, is_demo: bool
) -> events.LogOpened:
    default_port = {"http": 80, "https": 443}[ground.scheme]
    port = "" if ground.port == default_port else f":{ground.port}"
    return events.LogOpened(
        clinic=facts.clinic,
        address=facts.address,
        telephone=facts.telephone,
        registration=facts.registration,
        registration_expires=facts.registration_expires,
        licence=facts.licence,
        responsible=facts.responsible,
        pack=facts.pack,
        zone=facts.zone,
        demo=is_demo,
        log_key=_log_key(ground, origin),
        service_key=SigningKey(f"{origin}/service", ground.keyring.service_seed).verifier.to_string(),
        recovery_sha256=recovery_sha256,
        signing_origins=(f"{ground.scheme}://{ground.host}{port}",),
        rp_id=ground.host,
    )


__all__ = [
    "ClinicFacts",
    "FirstPerson",
    "Ground",
    "Written",
    "find_register",
    "open_log",
    "origin_held",
    "origin_of",
    "slug_of",
]
