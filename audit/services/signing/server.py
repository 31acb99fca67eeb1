"""The signer as a process: answers requests on its socket, each in one line, one after the other, within a time.

Whatever comes in is answered or refused in one sentence; nothing that a stranger sends stops the process or keeps
it waiting. Not here: what is signed (`keeper`), and what a request looks like (`wire`).
"""

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from audit.services.signing import wire
from audit.services.signing.address import Address, listen, server_context
from audit.services.signing.signer import HeldMoved, Signer, SignerAway, SignerRefused

REQUEST_WITHIN_S = 5
"""A request that has not come whole by then is given up, however slowly it still comes."""
MOST_AT_ONCE = 16
_POLL_S = 0.25
_CHUNK = 65_536
_MOST_DRAINED = 64
logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Server:
    """A signer listening at an address; `close` ends it."""

    signer: Signer
    address: Address
    within_s: float = REQUEST_WITHIN_S
    _listening: socket.socket = field(init=False, repr=False)
    _tls: ssl.SSLContext | None = field(init=False, repr=False, default=None)
    _one_at_a_time: threading.Lock = field(init=False, repr=False, default_factory=threading.Lock)
    _free: threading.BoundedSemaphore = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Listen. Raises OSError where the address or the certificates cannot be used."""
        self._free = threading.BoundedSemaphore(MOST_AT_ONCE)
        if self.address.certificates is not None:
            self._tls = server_context(self.address.certificates)
        self._listening = listen(self.address)
        self._listening.settimeout(_POLL_S)

    @property
    def port(self) -> int:
        """Return the TCP port listened on; 0 of a Unix socket."""
        return 0 if self.address.path is not None else int(self._listening.getsockname()[1])

    def serve(self, stop: threading.Event) -> None:
        """Answer until told to stop."""
        try:
            while not stop.is_set():
                try:
                    connection, _ = self._listening.accept()
                except TimeoutError:
                    continue
                self._begin(connection)
        finally:
            self._listening.close()
            if self.address.path is not None:
                self.address.path.unlink(missing_ok=True)

    def _begin(self, connection: socket.socket) -> None:
        if not self._free.acquire(blocking=False):
            connection.close()
            return
        threading.Thread(target=self._converse, args=(connection,), daemon=True, name="request").start()

    def _converse(self, connection: socket.socket) -> None:
        """Answer the requests of one connection until the other side ends it or is too slow."""
        try:
            connection.settimeout(self.within_s)
            with self._secured(connection) as secured:
                reader = LineReader(secured, self.within_s, time.monotonic)
                try:
                    while (line := reader.line()) is not None:
                        secured.settimeout(self.within_s)
                        secured.sendall(self.answer(line))
                except wire.Malformed as malformed:
                    secured.sendall(wire.write_answer("refused", str(malformed)))
                    _drain(secured)
        except OSError as error:  # the other side went away, was too slow, or showed no certificate of ours
            logger.info("a connection ended: %s", error)
        finally:
            connection.close()
            self._free.release()

    def _secured(self, connection: socket.socket) -> socket.socket:
        """Return the connection as it is, or with TLS agreed within the time of a request."""
        if self._tls is None:
            return connection
        too_slow = threading.Timer(self.within_s, connection.close)
        too_slow.start()
        try:
            return self._tls.wrap_socket(connection, server_side=True)
        finally:
            too_slow.cancel()

    def answer(self, line: bytes) -> bytes:
        """Return the answer to one line; never raises."""
        try:
            request = wire.read_request(line)
            with self._one_at_a_time:
                return _carry_out(self.signer, request)
        except (wire.Malformed, SignerRefused) as refused:
            return wire.write_answer("refused", str(refused))
        except HeldMoved as moved:
            return wire.write_answer("moved", str(moved))
        except SignerAway as away:
            logger.warning("%s", away)
            return wire.write_answer("trouble", str(away))
        except Exception:  # the process must outlive a fault of its own: the next request may be a sound one
            logger.exception("a request could not be answered")
            return wire.write_answer("trouble", "the signer could not answer; its log says why")


@dataclass(slots=True)
class LineReader:
    """Lines of a connection, none longer than a request and none slower than `within_s` seconds."""

    connection: socket.socket
    within_s: float
    clock: Callable[[], float]
    _kept: bytearray = field(init=False, default_factory=bytearray)

    def line(self) -> bytes | None:
        """Return the next line without its end; None where the other side has ended.

        Raises:
            Malformed: the line is too long, or ends in the middle.
            TimeoutError: it is too slow.
        """
        until = self.clock() + self.within_s
        while (end := self._kept.find(b"\n")) < 0:
            if len(self._kept) > wire.MOST_LINE_BYTES:
                raise wire.Malformed(f"expected at most {wire.MOST_LINE_BYTES} bytes")
            left = until - self.clock()
            if left <= 0:
                raise TimeoutError("a line took too long")
            self.connection.settimeout(left)
            more = self.connection.recv(_CHUNK)
            if not more:
                if self._kept:
                    raise wire.Malformed("a line ended in the middle")
                return None
            self._kept += more
        line = bytes(self._kept[:end])
        del self._kept[: end + 1]
        return line


def _drain(connection: socket.socket) -> None:
    """Read a little of what still comes: a socket closed with bytes unread takes its last answer back."""
    connection.settimeout(_POLL_S)
    for _ in range(_MOST_DRAINED):
        if not connection.recv(_CHUNK):
            return


def _carry_out(signer: Signer, request: wire.Request) -> bytes:
    match request.ask:
        case "known":
            return wire.write_known(signer.known(request.log))
        case "open":
            return wire.write_answer("key", signer.open(request.log).to_string())
        case "prepare":
            return wire.write_answer("key", signer.prepare(request.log).to_string())
        case "sign":
            if request.checkpoint is None:
                raise wire.Malformed("expected a head to sign")
            return wire.write_answer("note", signer.sign(request.checkpoint, request.consistency, request.shown))
