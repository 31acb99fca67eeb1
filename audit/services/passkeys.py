"""Enrolling passkeys: the ceremony with the browser, the proof by the new passkey, and who is still to vouch for it.

py_webauthn reads what the browser answers; what it does not ask (crossOrigin) and what must hold for ever (origin, RP
id, user verification, the proof) is checked here too. Nothing is on the record until another person vouches: then the
act `credential_enrolled` is recorded like any other. Not here: signing acts (`passkey_acts`, `drawn_up`), pages.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Final, get_args

import cbor2
import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialHint,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from audit.domain import events
from audit.domain.credential import Credential, Trust
from audit.domain.errors import Refused
from audit.domain.events.trust import Transport
from audit.domain.wire import Facts, from_facts, to_facts
from audit.services.passkey_acts import check_proof
from audit.services.register import Register
from audit.storage import ledger, passkey_requests, registers
from audit.storage.engine import read, write
from audit.storage.passkey_requests import StoredRequest
from audit.tlog.canonical import decode, encode
from audit.tlog.spelling import parse_base64url
from audit.tlog.webauthn import ALGORITHMS, KeyRefused, algorithm_of, enrolment

VALID_MS: Final = 10 * 60 * 1000
"""How long a challenge to make a passkey may wait for its answer."""
ENCOURAGED: Final = 2
"""So many passkeys a person should have: one that is lost or left at home must not keep them from signing."""

_TAG: Final = b"ketamine-audit/passkey-challenge/v1\0"
_RANDOM, _TIME, _MAC = 16, 8, 16
_ATTACHMENTS: Final = ("platform", "cross-platform")
_UNPROVED: Final = events.Assertion(authenticator_data="AA", client_data="AA", signature="AA")


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who makes a passkey, in which sign-in: a challenge is good for these alone."""

    person: str
    name: str
    sign_in: str
    token: str = field(repr=False)
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A passkey that works and waits for another person to vouch for it."""

    event: events.CredentialEnrolled
    requested_ms: int


def trust_of(register: Register) -> Trust:
    """Return where passkeys sign now."""
    with read(register.engine) as conn:
        found = ledger.load_book(conn, register.site, {"log:site"}).trust
    if found is None:
        raise LookupError("a log without an opening")
    return found


def passkeys_of(register: Register, person: str) -> tuple[Credential, ...]:
    """Return every passkey a person ever had, oldest first."""
    with read(register.engine) as conn:
        book = ledger.load_book(conn, register.site, {f"person:{person}"})
    return tuple(one for one in book.credentials.values() if one.person == person)


def holders(register: Register) -> frozenset[str]:
    """Return everyone who has a passkey that may sign here now."""
    rp_id = trust_of(register).rp_id
    return frozenset(one.person for one in _in_force(register) if one.rp_id == rp_id)


def owners(register: Register) -> frozenset[str]:
    """Return everyone with a passkey in force, also one of another host: a password of theirs needs a reason."""
    return frozenset(one.person for one in _in_force(register))


def _in_force(register: Register) -> list[Credential]:
    with read(register.engine) as conn:
        known = registers.keyed(conn, register.site, "credential")
        book = ledger.load_book(conn, register.site, {f"credential:{one}" for one in known}) if known else None
    return [one for one in book.credentials.values() if one.is_active] if book else []


def can_have_passkeys(host: str, origins: Sequence[str]) -> bool:
    """Say whether browsers make passkeys for a host: a name, over TLS or on this machine (WebAuthn Level 2, 13.4.9)."""
    try:
        ip_address(host)
    except ValueError:
        is_name = True
    else:
        is_name = False
    return is_name and (host == "localhost" or any(one.startswith("https://") for one in origins))


def creation_options(register: Register, holder: Holder) -> dict[str, Any]:
    """Return what the browser is asked to make a passkey by (WebAuthn Level 2, section 5.4), as JSON values."""
    trust, known = trust_of(register), passkeys_of(register, holder.person)
    options = webauthn.generate_registration_options(
        rp_id=trust.rp_id,
        rp_name="Ketamine Audit",
        user_id=hashlib.sha256(f"{register.origin}\0{holder.person}".encode()).digest(),
        user_name=holder.sign_in,
        user_display_name=holder.name,
        challenge=_challenge(holder, register.clock(), register.random(_RANDOM)),
        timeout=VALID_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[
            PublicKeyCredentialDescriptor(id=base64url_to_bytes(one.credential)) for one in known if one.is_active
        ],
        supported_pub_key_algs=[COSEAlgorithmIdentifier(one) for one in ALGORITHMS],
        hints=[PublicKeyCredentialHint.CLIENT_DEVICE, PublicKeyCredentialHint.HYBRID],
    )
    made: dict[str, Any] = json.loads(webauthn.options_to_json(options))
    return made


def begin(register: Register, holder: Holder, answer: Mapping[str, Any]) -> events.CredentialEnrolled:
    """Check a new passkey as the browser answered it, and keep it for its proof.

    Raises:
        Refused: `passkey_malformed`, `passkey_late`, `credential_known`.
    """
    event = _checked(register, holder, answer)
    _keep(register, event)
    return event


def question(register: Register, event: events.CredentialEnrolled) -> dict[str, Any]:
    """Return what the new passkey is to sign, to show that it works, as JSON values."""
    fields = {
        "actor": event.person,
        "credential": event.credential,
        "log": register.origin,
        "public_key": event.public_key,
    }
    return {
        "challenge": bytes_to_base64url(enrolment(**fields)),
        "enrolment": fields,
        "rp_id": event.rp_id,
        "transports": list(event.transports),
    }


def prove(register: Register, holder: Holder, credential: str, proof: Mapping[str, Any]) -> Waiting:
    """Take the new passkey's own signature; from here on it waits for another person.

    Raises:
        Refused: `no_request`, `passkey_malformed` or `proof_refused`.
    """
    with read(register.engine) as conn:
        kept = passkey_requests.find(conn, register.site, credential)
        book = ledger.load_book(conn, register.site, {"log:site"})
    if kept is None or kept.person != holder.person:
        raise Refused("no_request", "passkey")
    facts = decode(kept.body) | {"proof": {name: str(proof.get(name, "")) for name in _UNPROVED.__slots__}}
    event = _event(facts)
    if event is None:
        raise Refused("passkey_malformed", "passkey")
    check_proof(register, book, event)
    _keep(register, event)
    return Waiting(event=event, requested_ms=register.clock())


def waiting(register: Register) -> tuple[Waiting, ...]:
    """Return the passkeys that work and wait for another person, oldest first."""
    with read(register.engine) as conn:
        kept = passkey_requests.every(conn, register.site)
    made = ((_event(decode(one.body)), one.requested_ms) for one in kept)
    return tuple(
        Waiting(event=event, requested_ms=asked_ms) for event, asked_ms in made if event and event.proof != _UNPROVED
    )


def drop(register: Register, credential: str) -> None:
    """Forget a request: it was enrolled, or nobody vouches for it."""
    with write(register.engine) as conn:
        passkey_requests.drop(conn, register.site, credential)


def _keep(register: Register, event: events.CredentialEnrolled) -> None:
    with write(register.engine) as conn:
        book = ledger.load_book(
            conn, register.site, {f"credential:{event.credential}", f"public_key:{event.public_key}"}
        )
        kept = passkey_requests.find(conn, register.site, event.credential)
        if book.credentials or (kept is not None and kept.person != event.person):
            raise Refused("credential_known", "passkey")
        passkey_requests.put(
            conn,
            register.site,
            StoredRequest(
                credential=event.credential,
                person=event.person,
                body=encode(to_facts(event)),
                requested_ms=register.clock(),
            ),
        )


def _event(facts: Facts) -> events.CredentialEnrolled | None:
    try:
        event = from_facts("credential_enrolled", 1, facts)
    except Refused:
        return None
    return event if isinstance(event, events.CredentialEnrolled) else None


def _checked(register: Register, holder: Holder, answer: Mapping[str, Any]) -> events.CredentialEnrolled:
    trust = trust_of(register)
    challenge = _client_challenge(answer, trust)
    if not _is_ours(challenge, holder, register.clock()):
        raise Refused("passkey_late", "passkey")
    try:
        verified = webauthn.verify_registration_response(
            credential=dict(answer),
            expected_challenge=challenge,
            expected_rp_id=trust.rp_id,
            expected_origin=list(trust.signing_origins),
            require_user_verification=True,
            supported_pub_key_algs=[COSEAlgorithmIdentifier(one) for one in ALGORITHMS],
        )
        algorithm = algorithm_of(verified.credential_public_key)
    except (WebAuthnException, KeyRefused, cbor2.CBORError, ValueError, LookupError, TypeError) as error:
        raise Refused("passkey_malformed", "passkey") from error
    attachment = answer.get("authenticatorAttachment")
    return events.CredentialEnrolled(
        person=holder.person,
        credential=bytes_to_base64url(verified.credential_id),
        public_key=bytes_to_base64url(verified.credential_public_key),
        algorithm=algorithm,
        aaguid=verified.aaguid.replace("-", ""),
        rp_id=trust.rp_id,
        backup_eligible=verified.credential_device_type.value == "multi_device",
        backed_up=verified.credential_backed_up,
        attachment=attachment if attachment in _ATTACHMENTS else None,
        transports=_transports(_field(answer, "response").get("transports")),
        proof=_UNPROVED,
    )


def _transports(stated: object) -> tuple[Transport, ...]:
    known = get_args(Transport)
    return tuple(one for one in known if one in stated) if isinstance(stated, list) else ()


def _client_challenge(answer: Mapping[str, Any], trust: Trust) -> bytes:
    """Check the client data ourselves, crossOrigin among them, and return the challenge answered.

    Raises:
        Refused: `passkey_malformed`.
    """
    try:
        raw = parse_base64url(str(_field(answer, "response").get("clientDataJSON", "")))
        client = json.loads(raw or b"")
        challenge = parse_base64url(client["challenge"])
        holds = (
            client["type"] == "webauthn.create"
            and client["origin"] in trust.signing_origins
            and client.get("crossOrigin", False) is False
        )
    except (ValueError, LookupError, TypeError) as error:
        raise Refused("passkey_malformed", "passkey") from error
    if not holds or challenge is None:
        raise Refused("passkey_malformed", "passkey")
    return challenge


def _field(answer: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = answer.get(name)
    return found if isinstance(found, dict) else {}


def _challenge(holder: Holder, now_ms: int, random: bytes) -> bytes:
    """Return a challenge that says by itself for whom it is and until when; nothing is kept.

    It is used once because a passkey it made cannot be made again, and because the same one is refused when known.
    """
    start = random + now_ms.to_bytes(_TIME, "big")
    return start + _mac(holder, start)


def _is_ours(challenge: bytes, holder: Holder, now_ms: int) -> bool:
    start, mac = challenge[: _RANDOM + _TIME], challenge[_RANDOM + _TIME :]
    made_ms = int.from_bytes(start[_RANDOM:], "big")
    return hmac.compare_digest(mac, _mac(holder, start)) and 0 <= now_ms - made_ms <= VALID_MS


def _mac(holder: Holder, start: bytes) -> bytes:
    said = _TAG + start + f"{holder.person}\0{holder.token}".encode()
    return hmac.digest(holder.secret, said, "sha256")[:_MAC]
