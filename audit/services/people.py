"""Persons and their passwords as use cases: who is here, and a new password as an entry of the log."""

from audit.domain import events
from audit.domain.book import Person
from audit.services.acts import Order, with_factors
from audit.services.passwords import STANDARD, Cost, hash_password
from audit.services.record import record
from audit.services.register import Register
from audit.storage import ledger, people, registers
from audit.storage.engine import read
from audit.storage.people import Account
from audit.tlog.seal import password_commitment


def persons(register: Register) -> dict[str, Person]:
    """Return everyone ever enrolled, by identifier, in the order of their identifiers."""
    with read(register.engine) as conn:
        known = registers.keyed(conn, register.site, "person")
        return ledger.load_book(conn, register.site, {f"person:{person}" for person in known}).persons


def staff(register: Register) -> dict[str, Account]:
    """Return the account of everyone ever enrolled, by person: quicker than `persons`, for names beside many rows."""
    with read(register.engine) as conn:
        return {one.person: one for one in people.all_of(conn, register.site)}


def clinic_name(register: Register) -> str:
    """Return the clinic's name as its log states it."""
    with read(register.engine) as conn:
        opened = ledger.load_book(conn, register.site, {"log:site"}).log
    return opened.clinic if opened else ""


def set_password(register: Register, person: str, password: str, *, offset_min: int, cost: Cost = STANDARD) -> None:
    """Record that a person set a new password, whose present one or link was checked just before.

    Raises:
        Refused: those of `decide_password`.
    """
    stored = hash_password(password, cost)
    record(
        register,
        [
            Order(
                command=events.PasswordSet(person=person, password_sha256=password_commitment(stored)),
                actor=person,
                nonce=register.random(16).hex(),
                standing=with_factors("password"),
                offset_min=offset_min,
                password_hash=stored,
            )
        ],
    )
