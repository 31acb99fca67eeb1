"""From an event to the bytes of its entry: the act, its seals, and how its actor stands for it."""

import dataclasses
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from audit.domain import events, people
from audit.domain.book import SERVICE, Recorded
from audit.domain.commands import Command, StrikeEntry
from audit.domain.errors import Refused
from audit.domain.wire import VERSION, kind_of, session_of, to_facts
from audit.services.register import Register
from audit.storage.log import Head, NewEntry
from audit.storage.seals import Sealable
from audit.tlog.attestation import attest
from audit.tlog.entry import encode_entry
from audit.tlog.merkle import leaf_hash
from audit.tlog.seal import seal

Factor = Literal["password", "totp", "recovery", "demo"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """What a passkey answered for one act: the credential and the parts of its answer, all base64url."""

    credential: str
    authenticator_data: str
    client_data: str
    signature: str


UNSIGNED = Assertion(credential="AA", authenticator_data="AA", client_data="AA", signature="AA")
"""Stands in the place of an assertion while an act is drawn up to be signed; never committed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the actor stands for an act: by passkey, with factors just checked, merely signed in, or as the service.

    A passkey without an assertion asks for the act to be drawn up, so that it can be signed.
    """

    method: Literal["passkey", "password_totp", "signed_in", "service"]
    factors: tuple[Factor, ...] = ()
    reason: str | None = None
    assertion: Assertion | None = None


SIGNED_IN = Standing(method="signed_in")
BY_SERVICE = Standing(method="service")


def with_factors(*factors: Factor, reason: str | None = None) -> Standing:
    """Return the standing of a person whose factors were checked for this act; `reason` says why no passkey signs."""
    return Standing(method="password_totp", factors=factors, reason=reason)


def with_passkey(assertion: Assertion | None) -> Standing:
    """Return the standing of a person who signs this act with a passkey, or is about to."""
    return Standing(method="passkey", assertion=assertion)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One act to be recorded: what is asked, by whom, with what request number and on what standing.

    `occurred_ms` None means now. `sealed` values are kept for `owner`, the patient's pseudonym, or for this
    entry alone. `answers_strike` makes the command a replacement of what the strike before it in the list strikes.
    `seen` is the head that the client verified last; `seal_seed`, 32 bytes drawn by the client, gives the random keys
    of the seals, so that the same request seals the same.
    """

    command: Command
    actor: str
    nonce: str
    standing: Standing
    offset_min: int
    occurred_ms: int | None = None
    sealed: Mapping[str, Sealable] = field(default_factory=dict, repr=False)
    owner: str | None = None
    password_hash: str | None = field(default=None, repr=False)
    answers_strike: bool = False
    seen: events.SeenHead | None = None
    seal_seed: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An event with all that its entry needs besides its place in the log."""

    event: events.Event
    actor: str
    nonce: str
    standing: Standing
    occurred_ms: int
    offset_min: int
    seals: Mapping[str, tuple[bytes, Sealable]] = field(default_factory=dict, repr=False)
    seen: events.SeenHead | None = None


def check_standing(event: events.Event, standing: Standing, *, is_demo: bool, has_passkey: bool = False) -> None:
    """Refuse an act that must be signed where its actor is only signed in, and the demo's factor anywhere else.

    Raises:
        Refused: `sign_first`, `not_for_service`, `passkey_reason_missing` where a person who holds a passkey signs
            otherwise without saying why, or `demo_factor` in a log whose opening does not say demo.
    """
    if standing.method == "password_totp" and has_passkey and not standing.reason:
        raise Refused("passkey_reason_missing", "no_passkey_reason")
    if "demo" in standing.factors and not is_demo:
        raise Refused("demo_factor")
    kind = kind_of(event)
    if (standing.method == "service") != (kind in people.SERVICE_KINDS):
        raise Refused("not_for_service")
    if standing.method == "signed_in" and kind not in people.SIGNED_IN_KINDS:
        raise Refused("sign_first", "password")


def check_replacements(orders: Sequence[Order]) -> None:
    """Refuse a list in which a strike is not followed at once by as many replacements as it states.

    Raises:
        Refused: `replacements_differ`.
    """
    waiting = 0
    for order in orders:
        names_struck = getattr(order.command, "replaces", None) is not None
        if order.answers_strike != (waiting > 0) or names_struck:
            raise Refused("replacements_differ")
        waiting -= order.answers_strike
        if isinstance(order.command, StrikeEntry):
            waiting = order.command.replacements
    if waiting:
        raise Refused("replacements_differ")


def derived_nonce(nonce: str, purpose: str) -> str:
    """Return the nonce of an entry that follows from another: the same request makes the same ones."""
    return hashlib.sha256(f"ketamine-audit/nonce/v1\0{nonce}\0{purpose}".encode()).hexdigest()[:32]


def seal_key(seed: bytes, nonce: str, name: str) -> bytes:
    """Return the 32-byte random key of one seal from what the client drew: the same request makes the same ones."""
    return hmac.digest(seed, f"ketamine-audit/seal-key/v1\0{nonce}\0{name}".encode(), "sha256")


def write_entry(register: Register, draft: Draft, head: Head, recorded_ms: int) -> tuple[NewEntry, Recorded]:
    """Return the stored form of a draft appended after `head`, and what the domain sees of it."""
    act = act_of(draft)
    prev = head.leaf.hex()
    body = encode_entry(
        log=register.origin,
        index=head.size,
        prev=prev,
        recorded_ms=recorded_ms,
        act=act,
        signature=_signature(register, draft.standing, act),
    )
    leaf = leaf_hash(body)
    return _new_entry(draft, leaf, body, recorded_ms), Recorded(
        index=head.size,
        leaf=leaf.hex(),
        recorded_ms=recorded_ms,
        occurred_ms=draft.occurred_ms,
        offset_min=draft.offset_min,
        actor=draft.actor,
        method=draft.standing.method,
        event=draft.event,
        factors=draft.standing.factors,
    )


def act_of(draft: Draft) -> dict[str, object]:
    """Return the act of a draft: what its actor states, and signs."""
    session = session_of(draft.event)
    act: dict[str, object] = {
        "actor": draft.actor,
        "facts": to_facts(draft.event),
        "kind": kind_of(draft.event),
        "nonce": draft.nonce,
        "occurred_ms": draft.occurred_ms,
        "offset_min": draft.offset_min,
        "v": VERSION,
    }
    if draft.seals:
        act["sealed"] = {name: seal(r, value) for name, (r, value) in draft.seals.items()}
    if session is not None:
        act["session"] = session
    if draft.seen is not None:
        act["seen"] = {"root": draft.seen.root, "size": draft.seen.size}
    return act


def _signature(register: Register, standing: Standing, act: dict[str, object]) -> dict[str, object]:
    if standing.method == "passkey":
        return {**dataclasses.asdict(standing.assertion or UNSIGNED), "method": "passkey"}
    signature: dict[str, object] = {
        "attest": attest(act, register.origin, register.service_key),
        "method": standing.method,
    }
    if standing.factors:
        signature["factors"] = list(standing.factors)
    if standing.reason:
        signature["reason"] = standing.reason
    return signature


def _new_entry(draft: Draft, leaf: bytes, body: bytes, recorded_ms: int) -> NewEntry:
    return NewEntry(
        leaf=leaf,
        body=body,
        kind=kind_of(draft.event),
        actor=draft.actor,
        method=draft.standing.method,
        nonce=draft.nonce,
        session=session_of(draft.event),
        occurred_ms=draft.occurred_ms,
        recorded_ms=recorded_ms,
    )


def service_draft(event: events.Event, *, nonce: str, occurred_ms: int, offset_min: int) -> Draft:
    """Return an entry of the service's own, which posts nothing and stands for nobody."""
    return Draft(
        event=event,
        actor=SERVICE,
        nonce=nonce,
        standing=BY_SERVICE,
        occurred_ms=occurred_ms,
        offset_min=offset_min,
    )
