"""What stands behind each signature of a log: keys in force, passkeys and whose they are; shares no code with audit/.

From log-format.md sections 6 and 8 and WebAuthn Level 2 section 7.2, with `cryptography` and a CBOR reader alone.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import cbor2
import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256

RULES = frozenset({"attest", "passkey", "enrolment", "seen", "downgrade"})

Fault = tuple[str, int, str]


@dataclass
class Passkey:
    """A passkey as its enrolment says."""

    person: str
    key: dict[int, Any]
    rp_id: str


@dataclass
class Trust:
    """The keys, hosts and passkeys in force as the entries pass; `roots` gives the root at a size."""

    roots: Any
    service_key: str = ""
    origins: list[str] = field(default_factory=list)
    rp_id: str = ""
    passkeys: dict[str, Passkey] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)
    keys_seen: set[str] = field(default_factory=set)
    first_person: str = ""

    def entry(self, entry: dict[str, Any]) -> Iterator[Fault]:
        """Check how the actor of one entry stood for it, then let it take effect."""
        act, index = entry["act"], entry["index"]
        if act["kind"] == "log_opened":
            self._open(act["facts"])
        method = entry["signature"]["method"]
        if method == "passkey":
            yield from self._passkey(index, entry)
        elif not holds_ed25519(public_of(self.service_key), entry["signature"]["attest"], challenge(act, entry["log"])):
            yield "attest", index, "the service did not sign this act"
        holds_one = any(one.person == act["actor"] for cid, one in self.passkeys.items() if cid not in self.revoked)
        if method == "password_totp" and holds_one and "reason" not in entry["signature"]:
            yield "downgrade", index, f"{act['actor']} holds a passkey and gave no reason"
        if act["kind"] == "credential_enrolled":
            yield from self._enrol(index, entry)
        self._change(act)

    def _open(self, facts: dict[str, Any]) -> None:
        self.service_key, self.origins, self.rp_id = facts["service_key"], facts["signing_origins"], facts["rp_id"]

    def _change(self, act: dict[str, Any]) -> None:
        facts = act["facts"]
        match act["kind"]:
            case "person_enrolled" if not self.first_person:
                self.first_person = facts["person"]
            case "credential_revoked":
                self.revoked.add(facts["credential"])
            case "signing_domain_changed":
                self.origins, self.rp_id = facts["signing_origins"], facts["rp_id"]
            case "service_key_changed":
                self.service_key = facts["service_key"]

    def _passkey(self, index: int, entry: dict[str, Any]) -> Iterator[Fault]:
        act, signature = entry["act"], entry["signature"]
        known = self.passkeys.get(signature["credential"])
        if known is None or known.person != act["actor"] or signature["credential"] in self.revoked:
            yield "passkey", index, f"no passkey of {act['actor']} in force here"
        elif wrong := self._wrong(signature, challenge(act, entry["log"]), known):
            yield "passkey", index, wrong
        seen = act.get("seen")
        if seen is None or seen["size"] > index or self.roots(seen["size"]).hex() != seen["root"]:
            yield "seen", index, f"seen {seen}"

    def _enrol(self, index: int, entry: dict[str, Any]) -> Iterator[Fault]:
        act, facts = entry["act"], entry["act"]["facts"]
        known = Passkey(facts["person"], cbor2.loads(decoded(facts["public_key"])), facts["rp_id"])
        if facts["credential"] in self.passkeys or facts["public_key"] in self.keys_seen:
            yield "enrolment", index, "a passkey that was enrolled before"
        own_first = facts["person"] == self.first_person and all(
            one.person != self.first_person for one in self.passkeys.values()
        )
        if act["actor"] == facts["person"] and not own_first:
            yield "enrolment", index, "nobody else vouches for it"
        named = {
            "actor": facts["person"],
            "credential": facts["credential"],
            "log": entry["log"],
            "public_key": facts["public_key"],
        }
        asked = sha256(b"ketamine-audit/enrol/v1\x00" + rfc8785.dumps(named)).digest()
        if wrong := self._wrong(facts["proof"], asked, known):
            yield "enrolment", index, wrong
        self.passkeys[facts["credential"]] = known
        self.keys_seen.add(facts["public_key"])

    def _wrong(self, parts: dict[str, str], asked: bytes, known: Passkey) -> str:
        client, data = json.loads(decoded(parts["client_data"])), decoded(parts["authenticator_data"])
        rules = {
            "it is no assertion": client["type"] == "webauthn.get",
            "another challenge": decoded(client["challenge"]) == asked,
            "another origin": client["origin"] in self.origins,
            "inside another page": client.get("crossOrigin") is not True,
            "another host": data[:32] == sha256(self.rp_id.encode()).digest() and known.rp_id == self.rp_id,
            "nobody was there": bool(data[32] & 1),
            "nobody was verified": bool(data[32] & 4),
            "a backup of what has none": not (data[32] & 16 and not data[32] & 8),
        }
        for words, right in rules.items():
            if not right:
                return words
        message = data + sha256(decoded(parts["client_data"])).digest()
        return "" if holds_cose(known.key, decoded(parts["signature"]), message) else "a signature that does not hold"


def challenge(act: dict[str, Any], origin: str) -> bytes:
    """Return what a signature on an act signs (log-format section 4)."""
    return sha256(b"ketamine-audit/act/v1\x00" + rfc8785.dumps({"act": act, "log": origin})).digest()


def decoded(text: str) -> bytes:
    """Return the bytes of unpadded base64url."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def public_of(words: str) -> bytes:
    """Return the 32 bytes of a verifier key's text (C2SP signed-note)."""
    return base64.b64decode(words.split("+", 2)[2], validate=True)[1:]


def holds_ed25519(public: bytes, signature: str, message: bytes) -> bool:
    """Say whether a signature in hex is by this key."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(bytes.fromhex(signature), message)
    except InvalidSignature:
        return False
    return True


def holds_cose(key: dict[int, Any], signature: bytes, message: bytes) -> bool:
    """Say whether a signature is by a COSE key (RFC 9053) of ES256, EdDSA or RS256."""
    try:
        if key[3] == -7:
            numbers = ec.EllipticCurvePublicNumbers(
                int.from_bytes(key[-2], "big"), int.from_bytes(key[-3], "big"), ec.SECP256R1()
            )
            numbers.public_key().verify(signature, message, ec.ECDSA(SHA256()))
        elif key[3] == -8:
            Ed25519PublicKey.from_public_bytes(key[-2]).verify(signature, message)
        else:
            modulus, exponent = int.from_bytes(key[-1], "big"), int.from_bytes(key[-2], "big")
            rsa.RSAPublicNumbers(exponent, modulus).public_key().verify(
                signature, message, padding.PKCS1v15(), SHA256()
            )
    except InvalidSignature:
        return False
    return True
