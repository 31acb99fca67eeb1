"""Which verifier keys a log says are in force, from the bytes of its entries while they pass.

Only entries that can be about keys are read: the first, and those that spell one of two kinds. Whether such an entry
may say so is the log's own verification.
"""

from audit.domain import events
from audit.services.verifying.check_01_bytes import decode_again

_KINDS = (b'"kind":"log_key_changed"', b'"kind":"cosigners_changed"')


class Keys:
    """The log's key and the cosigners' at the end of the entries pushed."""

    def __init__(self) -> None:
        """Know of none yet."""
        self._log_key = ""
        self._cosigners: tuple[str, ...] = ()

    @property
    def in_force(self) -> list[str]:
        """The keys as text, the log's first; empty before an entry 0 that names one."""
        return [self._log_key, *self._cosigners] if self._log_key else []

    def push(self, index: int, body: bytes) -> None:
        """Look at one entry."""
        if index and not any(kind in body for kind in _KINDS):
            return
        recorded = decode_again(body)
        match recorded.event if recorded else None:
            case events.LogOpened(log_key=log_key, cosigners=cosigners) if index == 0:
                self._log_key, self._cosigners = log_key, cosigners
            case events.LogKeyChanged(log_key=log_key):
                self._log_key = log_key
            case events.CosignersChanged(cosigners=cosigners):
                self._cosigners = cosigners
            case _:
                pass
