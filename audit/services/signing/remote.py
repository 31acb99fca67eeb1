"""A signer in another process, reached over its socket: asks, waits a short while, and says when it is away.

What it answers is read as a stranger's words; whether a note is signed by the log's key is for who keeps it to check.
"""

import socket
import time
from dataclasses import dataclass

from audit.services.signing import wire
from audit.services.signing.address import Address, connect
from audit.services.signing.server import LineReader
from audit.services.signing.signer import HeldMoved, Known, Shown, SignerAway, SignerRefused
from audit.storage.signer_store import Held
from audit.tlog.checkpoint import Checkpoint
from audit.tlog.keys import KeyRefused, VerifierKey

ANSWER_WITHIN_S = 2.0
"""A request of a person waits for the signer no longer than this."""


@dataclass(frozen=True, slots=True)
class RemoteSigner:
    """The signer at an address; one connection for each request, so that a restart of either side changes nothing."""

    address: Address
    within_s: float = ANSWER_WITHIN_S

    def known(self, origin: str) -> Known:
        """Return what the signer has of a log; makes nothing."""
        name, said = self._ask(wire.Request(ask="known", log=origin))
        if name != "known" or not isinstance(said, Known):
            raise SignerAway(f"{self.address} answered something else than was asked")
        return said

    def held(self, origin: str) -> Held | None:
        """Return the last head signed for a log."""
        return self.known(origin).held

    def open(self, origin: str) -> VerifierKey:
        """Return the key of a log about to be opened; see `Signer.open`."""
        return self._key(wire.Request(ask="open", log=origin))

    def prepare(self, origin: str) -> VerifierKey:
        """Make a key ready to follow the log's present one; see `Signer.prepare`."""
        return self._key(wire.Request(ask="prepare", log=origin))

    def sign(self, checkpoint: Checkpoint, consistency: tuple[bytes, ...], shown: tuple[Shown, ...] = ()) -> str:
        """Return the signed note of a checkpoint that extends the row held; see `Signer.sign`."""
        request = wire.Request(
            ask="sign", log=checkpoint.origin, checkpoint=checkpoint, consistency=consistency, shown=shown
        )
        return self._text(request, "note")

    def _key(self, request: wire.Request) -> VerifierKey:
        try:
            return VerifierKey.from_string(self._text(request, "key"))
        except KeyRefused as refused:
            raise SignerAway(f"{self.address} answered with no key: {refused}") from refused

    def _text(self, request: wire.Request, wanted: str) -> str:
        name, said = self._ask(request)
        if name != wanted or not isinstance(said, str):
            raise SignerAway(f"{self.address} answered something else than was asked")
        return said

    def _ask(self, request: wire.Request) -> tuple[str, Known | str]:
        try:
            with connect(self.address, timeout_s=self.within_s) as connection:
                name, said = wire.read_answer(self._exchange(connection, wire.write_request(request)))
        except (OSError, wire.Malformed) as error:
            raise SignerAway(f"the signer at {self.address} does not answer: {error}") from error
        if name == "refused":
            raise SignerRefused(str(said))
        if name == "moved":
            raise HeldMoved(str(said))
        if name == "trouble":
            raise SignerAway(str(said))
        return name, said

    def _exchange(self, connection: socket.socket, line: bytes) -> bytes:
        connection.settimeout(self.within_s)
        connection.sendall(line)
        answer = LineReader(connection, self.within_s, time.monotonic).line()
        if answer is None:
            raise wire.Malformed("it ended without an answer")
        return answer
