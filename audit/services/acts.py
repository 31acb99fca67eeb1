"""From an event to the bytes of its entry: the act, its seals, and how its actor stands for it."""

import hashlib
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
class Standing:
    """How the actor stands for an act: with factors just checked, merely signed in, or as the service."""

    method: Literal["password_totp", "signed_in", "service"]
    factors: tuple[Factor, ...] = ()
    reason: str | None = None


SIGNED_IN = Standing(method="signed_in")
BY_SERVICE = Standing(method="service")


def with_factors(*factors: Factor) -> Standing:
    """Return the standing of a person whose factors were checked for this act."""
    return Standing(method="password_totp", factors=factors)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One act to be recorded: what is asked, by whom, with what request number and on what standing.

    `occurred_ms` None means now. `sealed` values are kept for `owner`, the patient's pseudonym, or for this
    entry alone. `answers_strike` makes the command a replacement named by the strike before it in the list.
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


def check_standing(event: events.Event, standing: Standing, *, is_demo: bool) -> None:
    """Refuse an act that must be signed where its actor is only signed in, and the demo's factor anywhere else.

    Raises:
        Refused: `sign_first`, `not_for_service`, or `demo_factor` in a log whose opening does not say demo.
    """
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


def write_entry(register: Register, draft: Draft, head: Head, recorded_ms: int) -> tuple[NewEntry, Recorded]:
    """Return the stored form of a draft appended after `head`, and what the domain sees of it."""
    act = _act(draft)
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
    )


def _act(draft: Draft) -> dict[str, object]:
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
    return act


def _signature(register: Register, standing: Standing, act: dict[str, object]) -> dict[str, object]:
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
