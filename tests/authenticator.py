"""A software authenticator (WebAuthn Level 2, section 6): makes passkeys and signs, rightly or wrong in one chosen way.

Keys come from a seeded source, so that a test's bytes are the same each time (but for ECDSA's and RSA's own chance).
Not here: the browser and the product's checks.
"""

import json
import random
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import Literal

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from audit.domain import events
from audit.services.acts import Assertion
from audit.tlog.webauthn import enrolment

ORIGIN = "https://audit.example.org"
RP_ID = "audit.example.org"
PRESENT, VERIFIED, ELIGIBLE, BACKED_UP, ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40

Algorithm = Literal["ES256", "EdDSA", "RS256"]


def b64url(data: bytes) -> str:
    """Unpadded base64url."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def from_b64url(text: str) -> bytes:
    """The bytes of unpadded base64url."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(frozen=True, kw_only=True)
class Knobs:
    """What an answer says besides its signature; the defaults are right."""

    origin: str = ORIGIN
    rp_id: str = RP_ID
    type: str = "webauthn.get"
    cross_origin: object = False
    flags: int = PRESENT | VERIFIED
    count: int = 0
    challenge: bytes | None = None
    """Signed in the place of the one asked for."""


RIGHT = Knobs()


@lru_cache(maxsize=4)
def _rsa_key(number: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048 + 8 * number)


@dataclass
class Authenticator:
    """One passkey: a key pair of an algorithm and an id."""

    seed: int = 1
    algorithm: Algorithm = "ES256"
    attachment: events.Attachment | None = "cross-platform"
    knobs: Knobs = RIGHT
    source: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.source = random.Random(f"passkey {self.seed} {self.algorithm}")
        self._id = self.source.randbytes(16)

    @property
    def credential(self) -> str:
        """The id, base64url."""
        return b64url(self._id)

    @cached_property
    def key(self) -> ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey:
        """The private key."""
        if self.algorithm == "ES256":
            return ec.derive_private_key(self.source.getrandbits(200) + 1, ec.SECP256R1())
        if self.algorithm == "EdDSA":
            return ed25519.Ed25519PrivateKey.from_private_bytes(self.source.randbytes(32))
        return _rsa_key(self.seed)

    @cached_property
    def cose(self) -> bytes:
        """The public key as COSE (RFC 9053 section 7; RFC 8230 section 4)."""
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            numbers = self.key.public_key().public_numbers()
            fields = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        elif isinstance(self.key, ed25519.Ed25519PrivateKey):
            fields = {1: 1, 3: -8, -1: 6, -2: self.key.public_key().public_bytes_raw()}
        else:
            public = self.key.public_key().public_numbers()
            n = public.n.to_bytes((public.n.bit_length() + 7) // 8, "big")
            fields = {1: 3, 3: -257, -1: n, -2: public.e.to_bytes(3, "big")}
        return cbor2.dumps(fields, canonical=True)

    @property
    def cose_algorithm(self) -> int:
        """The number of the algorithm."""
        return {"ES256": -7, "EdDSA": -8, "RS256": -257}[self.algorithm]

    def answer(self, challenge: bytes, knobs: Knobs | None = None) -> dict[str, bytes]:
        """The three parts of an assertion over a challenge."""
        said = knobs or self.knobs
        data = sha256(said.rp_id.encode()).digest() + bytes([said.flags]) + said.count.to_bytes(4, "big")
        client = self._client(said.challenge or challenge, said)
        return {"authenticator_data": data, "client_data": client, "signature": self._sign(data, client)}

    def assertion(self, challenge: bytes, knobs: Knobs | None = None) -> Assertion:
        """An assertion as the write path takes it."""
        parts = {name: b64url(part) for name, part in self.answer(challenge, knobs).items()}
        return Assertion(credential=self.credential, **parts)

    def enrolled(self, person: str, log: str, **changes: object) -> events.CredentialEnrolled:
        """The act that enrols this passkey for a person, with its proof; `changes` are other facts."""
        challenge = enrolment(actor=person, credential=self.credential, log=log, public_key=b64url(self.cose))
        parts = {name: b64url(part) for name, part in self.answer(challenge).items()}
        facts: dict[str, object] = {
            "person": person,
            "credential": self.credential,
            "public_key": b64url(self.cose),
            "algorithm": self.cose_algorithm,
            "aaguid": "0" * 32,
            "rp_id": self.knobs.rp_id,
            "backup_eligible": False,
            "backed_up": False,
            "attachment": self.attachment,
            "transports": ("usb",),
            "proof": events.Assertion(**parts),
        }
        return events.CredentialEnrolled(**(facts | changes))  # type: ignore[arg-type]

    def registration(self, challenge: str, knobs: Knobs | None = None) -> dict[str, object]:
        """What a browser answers to a creation (WebAuthn Level 3, section 5.1: RegistrationResponseJSON)."""
        said = knobs or Knobs(type="webauthn.create", origin=self.knobs.origin, rp_id=self.knobs.rp_id)
        data = sha256(said.rp_id.encode()).digest() + bytes([said.flags | ATTESTED]) + said.count.to_bytes(4, "big")
        data += bytes(16) + len(self._id).to_bytes(2, "big") + self._id + self.cose
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return {
            "id": self.credential,
            "rawId": self.credential,
            "type": "public-key",
            "authenticatorAttachment": self.attachment,
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": b64url(self._client(from_b64url(challenge), said)),
                "attestationObject": b64url(attestation),
                "transports": ["usb"],
            },
        }

    def _client(self, challenge: bytes, said: Knobs) -> bytes:
        client = {"type": said.type, "challenge": b64url(challenge), "origin": said.origin}
        if said.cross_origin is not None:
            client["crossOrigin"] = said.cross_origin  # type: ignore[assignment]
        return json.dumps(client, separators=(",", ":")).encode()

    def _sign(self, data: bytes, client: bytes) -> bytes:
        message = data + sha256(client).digest()
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return self.key.sign(message, ec.ECDSA(SHA256()))
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            return self.key.sign(message)
        return self.key.sign(message, padding.PKCS1v15(), SHA256())
