"""An administrator's act upon the record itself, recorded whatever the alarm says: keys, the signer's row, recovery."""

from dataclasses import dataclass

from audit.domain.book import Recorded
from audit.domain.commands import Command
from audit.services.acts import Order, Standing, derived_nonce
from audit.services.record import record
from audit.services.register import Register


@dataclass(frozen=True, slots=True, kw_only=True)
class Administrator:
    """Who acts, how they stand for it, and under which request number."""

    person: str
    standing: Standing
    nonce: str
    offset_min: int

    def order(self, command: Command, purpose: str, *, password_hash: str | None = None) -> Order:
        """Return the order of one act of theirs; `purpose` tells the acts of one request apart."""
        return Order(
            command=command,
            actor=self.person,
            nonce=derived_nonce(self.nonce, purpose),
            standing=self.standing,
            offset_min=self.offset_min,
            password_hash=password_hash,
        )

    def state(self, register: Register, command: Command, purpose: str) -> Recorded:
        """Record one act.

        Raises:
            Refused: those of the write path; nobody else than an administrator may state these kinds.
        """
        return record(register, [self.order(command, purpose)])[0].entry
