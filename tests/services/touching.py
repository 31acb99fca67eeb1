"""Passkeys in the hands of a clinic's people: enrolling them, drawing acts up, and touching them to sign."""

import dataclasses
from collections.abc import Callable

import pytest

from audit.domain import commands, events
from audit.domain.book import Recorded
from audit.domain.errors import Refused
from audit.services.acts import Order, with_factors, with_passkey
from audit.services.passkey_acts import SignaturesWanted, Wanted
from audit.services.record import record
from audit.storage import checkpoints, log
from audit.storage.engine import read
from audit.tlog.attestation import challenge
from audit.tlog.canonical import decode
from tests.authenticator import Authenticator, Knobs
from tests.clinic import Clinic

SEED = bytes(range(32))


def refused(do: Callable[[], object]) -> Refused:
    """What an act is refused with."""
    with pytest.raises(Refused) as met:
        do()
    return met.value


def head(clinic: Clinic) -> events.SeenHead:
    """The signed head, as a client verified it."""
    clinic.checkpoint()
    with read(clinic.register.engine) as conn:
        kept = checkpoints.latest(conn, clinic.register.site)
    return events.SeenHead(size=kept.size, root=kept.root.hex())


def enrol(clinic: Clinic, who: str, key: Authenticator, by: str, reason: str | None = None) -> Recorded:
    """Enrol a passkey, vouched for by password."""
    event = key.enrolled(clinic.people[who], clinic.register.origin)
    return clinic.act(by, event, with_factors("password", reason=reason))


def drawn_up(clinic: Clinic, orders: list[Order]) -> tuple[Wanted, ...]:
    """Ask for acts to be drawn up, which writes nothing."""
    size = size_of(clinic)
    with pytest.raises(SignaturesWanted) as asked:
        record(clinic.register, orders)
    assert size_of(clinic) == size
    return asked.value.wanted


def size_of(clinic: Clinic) -> int:
    """How many entries there are."""
    with read(clinic.register.engine) as conn:
        return log.head(conn, clinic.register.site).size


def touched(
    clinic: Clinic, orders: list[Order], keys: dict[str, Authenticator], knobs: Knobs | None = None
) -> list[Order]:
    """The same orders with each passkey's answer, as a client sends them."""
    wanted = {one.nonce: one for one in drawn_up(clinic, orders)}
    signed = []
    for order in orders:
        act = decode(wanted[order.nonce].act)
        answer = keys[order.actor].assertion(challenge(act, clinic.register.origin), knobs)
        signed.append(dataclasses.replace(order, standing=with_passkey(answer), occurred_ms=act["occurred_ms"]))
    return signed


def order(clinic: Clinic, who: str, command: commands.Command, **more: object) -> Order:
    """An order that waits for a passkey."""
    seen = more.pop("seen", None) or head(clinic)
    return clinic.order(who, command, with_passkey(None), seen=seen, seal_seed=SEED, **more)


def revoke(clinic: Clinic, who: str, key: Authenticator) -> events.CredentialRevoked:
    """Something plain to sign."""
    return events.CredentialRevoked(person=clinic.people[who], credential=key.credential, reason="lost")
