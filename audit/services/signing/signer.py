"""What the service may ask of a signer, whichever process keeps it; how it answers, refuses and is away.

Not here: how it keeps keys and memory (`keeper`), and how it is reached in another process (`remote`).
"""

from dataclasses import dataclass
from typing import Protocol

from audit.storage.signer_store import Held, HeldMoved
from audit.tlog.checkpoint import Checkpoint
from audit.tlog.keys import VerifierKey

__all__ = ["Held", "HeldMoved", "Known", "Shown", "Signer", "SignerAway", "SignerRefused"]


class SignerRefused(Exception):
    """The signer does not sign: what it is shown does not extend what it signed before."""


class SignerAway(Exception):
    """The signer does not answer, or cannot use its folder. Nothing is known; asking again later is right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a signer has of one log: the last head signed, the key it signs with, and a key made ready to follow it.

    `held` of size 0 is a key made for a log of which nothing was signed yet; None is no memory at all.
    """

    held: Held | None = None
    key: VerifierKey | None = None
    next_key: VerifierKey | None = None

    @property
    def keys(self) -> tuple[VerifierKey, ...]:
        """The keys there are."""
        return tuple(key for key in (self.key, self.next_key) if key is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An entry shown to the signer with the proof that the head to be signed covers it.

    It may be one that changes the log's key, then with the recovery key's signature over the checkpoint's text where
    the old key was lost or stolen; or one by which an administrator states the head of a log that it has no memory of.
    """

    index: int
    body: bytes
    proof: tuple[bytes, ...]
    recovery: bytes = b""


class Signer(Protocol):
    """A signer of logs. Every call may raise SignerAway."""

    def known(self, origin: str) -> Known:
        """Return what the signer has of a log; makes nothing."""

    def held(self, origin: str) -> Held | None:
        """Return the last head signed for a log."""

    def open(self, origin: str) -> VerifierKey:
        """Return the key of a log about to be opened, made now.

        Raises:
            SignerRefused: the signer has signed for this log before, or knows its key and nothing else.
        """

    def prepare(self, origin: str) -> VerifierKey:
        """Make a key ready to follow the log's present one, and return it; the same one until it follows.

        Raises:
            SignerRefused: the signer keeps no more logs than it has.
        """

    def sign(self, checkpoint: Checkpoint, consistency: tuple[bytes, ...], shown: tuple[Shown, ...] = ()) -> str:
        """Return the signed note of a checkpoint that extends the row held, and hold it from here on.

        Raises:
            SignerRefused: it is smaller, or the proof does not show that it extends the row.
            HeldMoved: another signing came between; ask again.
        """
