"""Attacks that put another log in the place of this one: begun anew under the same keys, or another site's."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from audit.services.drill.forging import Told, read_story
from audit.services.drill.scene import Scene
from audit.services.keyring import Keyring, open_keyring
from audit.services.opening import ClinicFacts, FirstPerson, Ground, open_log
from audit.services.publish import publish
from audit.services.signing.keeper import KeptSigner
from audit.services.signing.signer import Held, Known, Shown, Signer, SignerRefused
from audit.storage import tampering
from audit.storage.engine import Engine, open_engine, read
from audit.storage.tampering import as_administrator
from audit.storage.upgrade import upgrade
from audit.tlog.checkpoint import Checkpoint, sign
from audit.tlog.keys import SigningKey, VerifierKey


@dataclass(frozen=True, slots=True)
class Thief:
    """A signer that has the log's stolen key and remembers nothing."""

    key: SigningKey = field(repr=False)

    def known(self, origin: str) -> Known:
        """Return nothing but the key."""
        del origin
        return Known(key=self.key.verifier)

    def held(self, origin: str) -> Held | None:
        """Return that nothing was ever signed."""
        del origin
        return None

    def open(self, origin: str) -> VerifierKey:
        """Return the stolen key for whatever log is to be opened."""
        del origin
        return self.key.verifier

    def prepare(self, origin: str) -> VerifierKey:
        """Refuse: a thief needs no other key."""
        raise SignerRefused(f"no other key of {origin} was stolen")

    def sign(self, checkpoint: Checkpoint, consistency: tuple[bytes, ...], shown: tuple[Shown, ...] = ()) -> str:
        """Sign whatever head."""
        del consistency, shown
        return sign(checkpoint, self.key)


def begin_anew(scene: Scene) -> None:
    """Delete everything, and open the same clinic's log again under the same keys."""
    thief = Thief(scene.stolen.need_log_key())
    opened, first = _opening(scene)
    with as_administrator(scene.engine) as conn:
        tampering.wipe(conn)
    keyring = scene.installation.keyring
    if keyring is None:
        raise ValueError("expected the installation's keys")
    ground = _ground(scene, opened, keyring, scene.engine, thief)
    open_log(
        ground, _facts(opened, str(opened.facts["clinic"])), _person(first), nonce=scene.random(16).hex(), offset_min=0
    )


def put_other_site(scene: Scene) -> None:
    """Put the log of another clinic, whole and signed by its own keys, in the place of this one."""
    opened, first = _opening(scene)
    url = f"sqlite:///{scene.folder / 'other.db'}"
    upgrade(url)
    keys, signer = open_keyring(scene.folder / "keys", scene.random), KeptSigner(scene.folder / "other", scene.random)
    engine = open_engine(url)
    ground = _ground(scene, opened, keys, engine, signer)
    try:
        register, _ = open_log(
            ground, _facts(opened, "Another Clinic"), _person(first), nonce=scene.random(16).hex(), offset_min=0
        )
        publish(engine, register.site, register.origin, signer)
        with as_administrator(scene.engine) as conn, read(engine) as there:
            tampering.wipe(conn)
            tampering.put_in_place(conn, there, scene.site)
    finally:
        engine.dispose()


def _opening(scene: Scene) -> tuple[Told, Told]:
    with read(scene.engine) as conn:
        story = read_story(conn, scene.site)
    return story[0], story[1]


def _ground(scene: Scene, opened: Told, keyring: Keyring, engine: Engine, signer: Signer) -> Ground:
    address = urlsplit(str(_first(opened.facts["signing_origins"])))
    return Ground(
        engine=engine,
        keyring=keyring,
        signer=signer,
        host=scene.origin.partition("/")[0],
        scheme=address.scheme,
        port=address.port or {"http": 80, "https": 443}[address.scheme],
        clock=scene.register.clock,
        random=scene.random,
    )


def _first(value: object) -> object:
    return value[0] if isinstance(value, list) else value


def _facts(opened: Told, clinic: str) -> ClinicFacts:
    facts = opened.facts

    def text(name: str) -> str:
        return str(facts[name])

    def maybe(name: str) -> str | None:
        return str(facts[name]) if name in facts else None

    return ClinicFacts(
        clinic=clinic,
        address=text("address"),
        telephone=maybe("telephone"),
        registration=text("registration"),
        registration_expires=maybe("registration_expires"),
        licence=maybe("licence"),
        responsible=text("responsible"),
        pack=text("pack"),
        zone=text("zone"),
    )


def _person(enrolled: Told) -> FirstPerson:
    facts = enrolled.facts
    return FirstPerson(
        person=str(facts["person"]),
        name=str(facts["name"]),
        sign_in=str(facts["sign_in"]),
        profession=facts["profession"],  # type: ignore[arg-type]  # as the log has it
        licence=None,
        roles=("administrator", "clinician", "manager"),
        password_hash="synthetic-hash-of-the-attacker",  # noqa: S106 -- of nobody, on a copy
    )
