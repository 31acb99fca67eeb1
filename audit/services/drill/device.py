"""The attacker's own authenticator: a passkey in nobody's name, which shows whatever its owner wants it to show."""

from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256

import cbor2
import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from audit.tlog.webauthn import ES256, enrolment

_PRESENT_AND_VERIFIED = b"\x05"
_SIGN_COUNT = bytes(4)
_P256_BYTES = 32


class Device:
    """A P-256 key that signs assertions (WebAuthn Level 2, section 6.3.3)."""

    def __init__(self, random: Callable[[int], bytes]) -> None:
        """Make a new passkey; its key comes from the system, only its id from `random`."""
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.credential = spell(random(32))
        point = self._key.public_key().public_numbers()
        cose = {1: 2, 3: ES256, -1: 1, -2: point.x.to_bytes(_P256_BYTES), -3: point.y.to_bytes(_P256_BYTES)}
        self.public_key = spell(cbor2.dumps(cose, canonical=True))

    def sign(self, challenge: bytes, *, rp_id: str, address: str) -> dict[str, str]:
        """Return the parts of an assertion over a challenge, made for a host under an address."""
        client_data = orjson.dumps(
            {"type": "webauthn.get", "challenge": spell(challenge), "origin": address, "crossOrigin": False}
        )
        data = sha256(rp_id.encode()).digest() + _PRESENT_AND_VERIFIED + _SIGN_COUNT
        signature = self._key.sign(data + sha256(client_data).digest(), ec.ECDSA(SHA256()))
        return {
            "authenticator_data": spell(data),
            "client_data": spell(client_data),
            "signature": spell(signature),
        }

    def enrolled(self, person: str, *, log: str, rp_id: str, address: str) -> dict[str, object]:
        """Return the facts of `credential_enrolled` for this passkey, with its genuine proof that it exists."""
        asked = enrolment(actor=person, credential=self.credential, log=log, public_key=self.public_key)
        return {
            "person": person,
            "credential": self.credential,
            "public_key": self.public_key,
            "algorithm": ES256,
            "aaguid": "00" * 16,
            "rp_id": rp_id,
            "backup_eligible": False,
            "backed_up": False,
            "proof": self.sign(asked, rp_id=rp_id, address=address),
        }


def spell(data: bytes) -> str:
    """Write bytes as base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()
