"""Asks a time authority over HTTP (RFC 3161 section 3.4): one POST, no redirect, no proxy, little time, few bytes.

What comes back is not believed here (`audit.services.time_token`).
"""

import http.client
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from audit.services.time_token import MOST_PEM_BYTES, Authorities, TimeRefused, load_authorities
from audit.storage.time_tokens import MOST_REPLY_BYTES

QUERY_TYPE: Final = "application/timestamp-query"
REPLY_TYPE: Final = "application/timestamp-reply"
SILENT_S: Final = 5
"""How long the authority may say nothing."""
WHOLE_S: Final = 10
"""How long an answer may take in all, however it trickles in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A time authority: where it answers, the certificates its tokens are held against, and these as PEM."""

    url: str
    certificates: Authorities
    pem: bytes

    def ask(self, query: bytes) -> bytes:
        """Return what the authority answers to a request in DER.

        Raises:
            TimeRefused: it does not answer in time, or not with a reply of RFC 3161.
        """
        connection = _connection(self.url)
        try:
            connection.connect()
            return _post(connection, self.url, query)
        except (OSError, http.client.HTTPException, ValueError) as fault:
            raise TimeRefused(f"the authority did not answer ({_why(fault)})") from fault
        finally:
            connection.close()


def read_certificates(path: Path | None) -> bytes | None:
    """Return a file of certificates as it is, once it is seen to hold some; None where none is named.

    Raises:
        TimeRefused: it cannot be read, or holds none that can be used.
    """
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            pem = file.read(MOST_PEM_BYTES + 1)
    except OSError as fault:
        raise TimeRefused(f"{path}: {fault.strerror}") from fault
    load_authorities(pem)
    return pem


def authority_at(url: str, pem: bytes | None) -> Authority | None:
    """Return the authority at an address with its certificates; None where either is not there.

    Raises:
        TimeRefused: the certificates cannot be used.
    """
    return Authority(url=url, certificates=load_authorities(pem), pem=pem) if url and pem is not None else None


def _connection(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, parts.port, timeout=SILENT_S, context=context)
    return http.client.HTTPConnection(host, parts.port, timeout=SILENT_S)


def _post(connection: http.client.HTTPConnection, url: str, query: bytes) -> bytes:
    parts = urlsplit(url)
    path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    stop = threading.Timer(WHOLE_S, _hang_up, (connection.sock,))
    stop.daemon = True
    stop.start()
    try:
        connection.request("POST", path, query, {"Content-Type": QUERY_TYPE, "Accept": REPLY_TYPE})
        with connection.getresponse() as response:
            return _reply(response)
    finally:
        stop.cancel()


def _reply(response: http.client.HTTPResponse) -> bytes:
    if response.status != http.client.OK:
        raise TimeRefused(f"the authority answered with HTTP status {response.status}")
    kind = (response.getheader("Content-Type") or "").partition(";")[0].strip().lower()
    if kind != REPLY_TYPE:
        raise TimeRefused("the authority answered with something else than a time-stamp reply")
    body = response.read(MOST_REPLY_BYTES + 1)
    if len(body) > MOST_REPLY_BYTES:
        raise TimeRefused(f"the authority answered with more than {MOST_REPLY_BYTES} bytes")
    return body


def _hang_up(sock: socket.socket) -> None:
    """End a conversation that takes too long: whoever reads from it gets nothing more."""
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _why(fault: Exception) -> str:
    if isinstance(fault, TimeoutError):
        return f"nothing for {SILENT_S} seconds"
    if isinstance(fault, OSError) and fault.strerror:
        return fault.strerror.lower()
    return "it broke off" if isinstance(fault, http.client.HTTPException | OSError) else "its answer is no HTTP"
