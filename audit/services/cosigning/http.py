"""Asks a cosigner over HTTP (C2SP tlog-witness): bounded in time and size, following nothing.

No redirects and no proxy of the environment: what is asked is exactly the address that an operator set. What the
answer means is not known here.
"""

from dataclasses import dataclass
from hashlib import sha256
from http.client import HTTPException, HTTPResponse
from time import monotonic
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, Request

TIMEOUT_S = 3
"""For connecting, and for each piece of an answer."""
WHOLE_S = 10
"""For all of an answer."""
MAX_ANSWER_BYTES = 140_000
_PIECE_BYTES = 4096


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
    request = Request(f"{prefix.rstrip('/')}/add-checkpoint", data=body, method="POST")  # noqa: S310 (http or https)
    request.add_header("Content-Type", "text/plain; charset=utf-8")
    return _send(request)


def last_checkpoint(prefix: str, origin: str) -> Reply:
    """Ask the cosigner which checkpoint of an origin it signed last. Raises Unreachable."""
    hashed = sha256(origin.encode()).hexdigest()
    return _send(Request(f"{prefix.rstrip('/')}/{hashed}/checkpoint"))  # noqa: S310 (http or https)


def _send(request: Request) -> Reply:
    # Without the handlers of urllib's usual opener: those of redirects, proxies, files and errors.
    opener = OpenerDirector()
    opener.add_handler(HTTPHandler())
    opener.add_handler(HTTPSHandler())
    try:
        with opener.open(request, timeout=TIMEOUT_S) as response:
            text = _read(response)
            return Reply(response.status, response.headers.get_content_type(), text)
    except TimeoutError:
        raise Unreachable("it does not answer in time") from None
    except UnicodeDecodeError:
        raise Unreachable("its answer is no text") from None
    except (OSError, HTTPException, ValueError) as fault:
        raise Unreachable(f"it cannot be reached ({_why(fault)})") from None


def _why(fault: Exception) -> str:
    """The system's own words where it has some: "Connection refused", "Name or service not known"."""
    inner = getattr(fault, "reason", fault)
    words = getattr(inner, "strerror", None) or getattr(inner, "verify_message", None)
    return str(words or type(inner).__name__)


def _read(response: HTTPResponse) -> str:
    until, pieces, size = monotonic() + WHOLE_S, [], 0
    while piece := response.read1(_PIECE_BYTES):
        pieces.append(piece)
        size += len(piece)
        if size > MAX_ANSWER_BYTES:
            raise Unreachable("its answer is too long")
        if monotonic() > until:
            raise TimeoutError
    return b"".join(pieces).decode()
