"""A signer behind its real socket in a thread of the test, and logs of synthetic leaves for it to sign."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

from audit.services.signing.address import Address, connect
from audit.services.signing.keeper import KeptSigner
from audit.services.signing.server import Server
from audit.tlog.checkpoint import Checkpoint
from audit.tlog.merkle import consistency_proof, leaf_hash, root

ORIGIN = "audit.example.org/log/broadview"
LEAVES = [leaf_hash(b"entry %d" % number) for number in range(64)]


def kept(folder: Path) -> KeptSigner:
    """Return a signer over a folder; its keys are drawn from a seed."""
    return KeptSigner(folder, Random(1).randbytes)


def head(size: int, leaves: list[bytes] = LEAVES, origin: str = ORIGIN) -> Checkpoint:
    """Return the head of the synthetic log at a size."""
    return Checkpoint(origin, size, root(leaves[:size]))


def proof(old: int, new: int, leaves: list[bytes] = LEAVES) -> tuple[bytes, ...]:
    """Return the proof that the log at the new size extends the one at the old."""

    def read(level: int, index: int) -> bytes:
        return root(leaves[index << level : (index + 1) << level])

    return consistency_proof(old, new, read)


@contextmanager
def listening(folder: Path, address: Address | None = None, within_s: float = 5) -> Iterator[Server]:
    """Run a signer on its socket until the end of the block."""
    server = Server(kept(folder), address or Address(path=folder / "socket"), within_s=within_s)
    stop = threading.Event()
    thread = threading.Thread(target=server.serve, args=(stop,))
    thread.start()
    try:
        yield server
    finally:
        stop.set()
        thread.join(10)


def raw(address: Address, *pieces: bytes, wait_s: float = 3) -> bytes:
    """Send bytes as they are; return everything that comes back until the signer ends the connection."""
    with connect(address, timeout_s=wait_s) as connection:
        with suppress(BrokenPipeError):  # it had heard enough
            for piece in pieces:
                connection.sendall(piece)
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        while more := connection.recv(65_536):
            answer += more
        return answer
