"""A blind reading is locked when it is drawn up for a passkey: what is shown then tells whether it agrees.

Kept beside the failed attempts, for a day: one figure per first entry and second person. Not here: who may see what
(`blind`), and reading itself (`audit.domain.waste`, `count`).
"""

import hashlib
from collections.abc import Sequence

from audit.domain import commands
from audit.domain.errors import Refused
from audit.services.acts import Order
from audit.services.register import Register
from audit.storage import signins
from audit.storage.engine import write

_BLIND = (commands.RereadRemainder, commands.ConfirmCount, commands.ConfirmInventory)


def check_locked(register: Register, orders: Sequence[Order]) -> None:
    """Refuse a second person's figure that is not the one they locked before.

    Raises:
        Refused: `reading_locked`.
    """
    _compare(register, orders, lock=False)


def lock(register: Register, orders: Sequence[Order]) -> None:
    """Lock the figures of second persons, who are now shown what they would sign.

    Raises:
        Refused: `reading_locked`.
    """
    _compare(register, orders, lock=True)


def _compare(register: Register, orders: Sequence[Order], *, lock: bool) -> None:
    blind = [order for order in orders if isinstance(order.command, _BLIND)]
    if not blind:
        return
    with write(register.engine) as conn:
        for order in blind:
            of = order.command.of.index  # type: ignore[union-attr]
            subject = f"blind:{of}:{order.actor}"
            said = int.from_bytes(hashlib.sha256(repr(order.command).encode()).digest()[:6], "big")
            kept = signins.note(conn, register.site, subject=subject, value=said, now_ms=register.clock(), keep=lock)
            if kept != said:
                raise Refused("reading_locked", "volume")
