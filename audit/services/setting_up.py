"""What a new clinic still needs before its first session, and the recovery key as people keep it on paper.

Reads only. The opening inventory's own rules are in `domain.stock`; the log's opening in `services.opening`.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass

from audit.domain import events
from audit.domain.book import Book, Person, Recorded
from audit.services.reading import book_of_all
from audit.services.register import Register
from audit.storage import ledger, registers
from audit.storage.engine import read
from audit.tlog.keys import SigningKey

_STAFF = frozenset({"clinician", "manager"})
_GROUP = 4
SEED_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """The opening inventory as it stands: its parts that count, and the second person's answer to each."""

    inventory: str
    parts: tuple[Recorded, ...]
    answers: tuple[Recorded, ...]
    book: Book

    @property
    def first_person(self) -> str:
        """Who counted first."""
        return self.parts[0].actor

    @property
    def is_answered(self) -> bool:
        """Say whether a second person has counted too."""
        return len(self.answers) == len(self.parts)

    @property
    def agrees(self) -> bool:
        """Say whether both found the same."""
        return self.is_answered and all(getattr(answer.event, "agrees", False) for answer in self.answers)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUp:
    """How far the set-up is."""

    opened: events.LogOpened
    persons: tuple[Person, ...]
    staff: tuple[Person, ...]
    """Those who may count, witness and treat: clinicians and managers with a password."""
    products: tuple[events.ProductRegistered, ...]
    inventory: Inventory | None

    @property
    def has_two(self) -> bool:
        """Say whether there is a second person to sign."""
        return len(self.staff) > 1

    @property
    def is_done(self) -> bool:
        """Say whether nothing is left to set up."""
        return self.inventory is not None and self.inventory.is_answered

    @property
    def steps_done(self) -> int:
        """Return how many of the four steps are done."""
        return 1 + self.has_two + bool(self.products) + self.is_done


def set_up_state(register: Register) -> SetUp:
    """Return how far the set-up of a clinic is."""
    with read(register.engine) as conn:
        wanted = {
            f"{prefix}:{one}"
            for prefix in ("person", "product")
            for one in registers.keyed(conn, register.site, prefix)
        }
        book = ledger.load_book(conn, register.site, wanted | {"log:site"})
    if book.log is None:
        raise LookupError("no log is open yet")
    persons = tuple(sorted((one for one in book.persons.values() if one.is_active), key=lambda one: one.name))
    return SetUp(
        opened=book.log,
        persons=persons,
        staff=tuple(one for one in persons if one.password_sha256 and _STAFF & set(one.roles)),
        products=strongest_last(book),
        inventory=opening_inventory(register),
    )


def strongest_last(book: Book) -> tuple[events.ProductRegistered, ...]:
    """Return the products of a book by strength, size and name."""
    return tuple(
        sorted(book.products.values(), key=lambda one: (one.concentration_ug_per_ml, one.volume_ul, one.name, one.code))
    )


def opening_inventory(register: Register) -> Inventory | None:
    """Return the opening inventory that stands; None where none was taken, or the one taken was struck."""
    book = book_of_all(register, "inventory")
    taken = sorted(book.inventories.values(), key=lambda entry: entry.index)
    standing = [entry for entry in taken if entry.index not in book.struck]
    if not standing or not isinstance(standing[-1].event, events.InventoryTaken):
        return None
    inventory = standing[-1].event.inventory
    parts = tuple(
        entry
        for entry in standing
        if isinstance(entry.event, events.InventoryTaken) and entry.event.inventory == inventory
    )
    answers = tuple(book.confirmations[part.index] for part in parts if part.index in book.confirmations)
    return Inventory(inventory=inventory, parts=parts, answers=answers, book=book)


def recovery_text(seed: bytes) -> str:
    """Return a recovery key as text to print: base32 (RFC 4648) in groups of four."""
    plain = base64.b32encode(seed).decode().rstrip("=")
    return " ".join(plain[start : start + _GROUP] for start in range(0, len(plain), _GROUP))


def recovery_seed(text: str) -> bytes | None:
    """Return the seed that a printed recovery key spells; None for anything else."""
    plain = "".join(text.split()).upper()
    try:
        seed = base64.b32decode(plain + "=" * (-len(plain) % 8))
    except (binascii.Error, ValueError):
        return None
    return seed if len(seed) == SEED_BYTES else None


def is_recovery_key(register: Register, text: str) -> bool:
    """Say whether a text spells the recovery key that this log was opened with."""
    seed = recovery_seed(text)
    with read(register.engine) as conn:
        opened = ledger.load_book(conn, register.site, {"log:site"}).log
    if seed is None or opened is None:
        return False
    public_key = SigningKey(register.origin, seed).verifier.public_key
    return hashlib.sha256(public_key).hexdigest() == opened.recovery_sha256
