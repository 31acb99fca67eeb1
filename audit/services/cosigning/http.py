"""Asks a cosigner over HTTP (C2SP tlog-witness): bounded in time and size, following nothing.

No redirects and no proxy of the environment: what is asked is exactly the address that an operator set. What the
answer means is not known here.
"""

import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from time import monotonic
from urllib.parse import urlsplit

TIMEOUT_S = 3
"""For connecting, and for each piece of an answer."""
WHOLE_S = 10
"""For all of an exchange, from connecting to the last byte, however it trickles in."""
MAX_ANSWER_BYTES = 140_000
_PIECE_BYTES = 4096
_MOST_ADDRESSES = 3
"""Of a name with many addresses only so many are tried, so that connecting is bounded too."""


class Unreachable(Exception):
    """No answer that can be read, in words."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: status, type without its parameters, and text."""

    status: int
    content_type: str
    text: str


def add_checkpoint(prefix: str, body: bytes) -> Reply:
    """Ask the cosigner at a submission prefix for its signature. Raises Unreachable."""
    return _send("POST", f"{prefix.rstrip('/')}/add-checkpoint", body, {"Content-Type": "text/plain; charset=utf-8"})


def last_checkpoint(prefix: str, origin: str) -> Reply:
    """Ask the cosigner which checkpoint of an origin it signed last. Raises Unreachable."""
    hashed = sha256(origin.encode()).hexdigest()
    return _send("GET", f"{prefix.rstrip('/')}/{hashed}/checkpoint", None, {})


def _send(method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Reply:
    until = monotonic() + WHOLE_S
    try:
        with _conversation(url, until) as connection:
            parts = urlsplit(url)
            target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
            connection.request(method, target, body, {**headers, "Connection": "close"})
            with connection.getresponse() as response:
                text = _read(response, until)
                return Reply(response.status, response.headers.get_content_type(), text)
    except TimeoutError:
        raise Unreachable("it does not answer in time") from None
    except UnicodeDecodeError:
        raise Unreachable("its answer is no text") from None
    except (OSError, HTTPException, ValueError) as fault:
        if monotonic() > until:
            raise Unreachable("it does not answer in time") from None
        raise Unreachable(f"it cannot be reached ({_why(fault)})") from None


@contextmanager
def _conversation(url: str, until: float) -> Iterator[HTTPConnection]:
    """A connection that is cut when its time is over, in the middle of a handshake or a header too."""
    parts = urlsplit(url)
    host, is_secure = parts.hostname or "", parts.scheme == "https"
    connection = (HTTPSConnection if is_secure else HTTPConnection)(host, parts.port, timeout=TIMEOUT_S)
    with _connect(host, connection.port, until) as plain, plain.dup() as line, closing(connection):
        stop = threading.Timer(max(until - monotonic(), 0), _hang_up, (line,))
        stop.daemon = True
        stop.start()
        try:
            context = ssl.create_default_context()
            connection.sock = context.wrap_socket(plain, server_hostname=host) if is_secure else plain
            yield connection
        finally:
            stop.cancel()


def _connect(host: str, port: int, until: float) -> socket.socket:
    fault: OSError | None = None
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[:_MOST_ADDRESSES]:
        if monotonic() > until:
            break
        found = socket.socket(family, kind, protocol)
        found.settimeout(TIMEOUT_S)
        try:
            found.connect(address)
        except OSError as refused:
            found.close()
            fault = refused
        else:
            return found
    raise fault or TimeoutError


def _hang_up(line: socket.socket) -> None:
    """End a conversation that takes too long: whoever reads from it gets nothing more."""
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


def _why(fault: Exception) -> str:
    """The system's own words where it has some: "Connection refused", "Name or service not known"."""
    words = getattr(fault, "verify_message", None) or getattr(fault, "strerror", None)
    return str(words or type(fault).__name__)


def _read(response: HTTPResponse, until: float) -> str:
    pieces, size = [], 0
    while piece := response.read1(_PIECE_BYTES):
        pieces.append(piece)
        size += len(piece)
        if size > MAX_ANSWER_BYTES:
            raise Unreachable("its answer is too long")
    if monotonic() > until:  # the end may be where it was cut
        raise TimeoutError
    return b"".join(pieces).decode()
