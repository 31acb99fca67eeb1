"""Where a signer listens: a Unix socket that only its owner may open, or TCP with TLS on both sides."""

import os
import socket
import ssl
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from audit.services.signing.signer import SignerAway

SOCKET = "socket"
"""Name of the socket of a signer beside the service, in its folder."""
_LONGEST_PATH = 100
"""A socket's path fits into 104 to 108 bytes, by system; a longer one is reached through its folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """PEM files of one side of a TLS connection: its own certificate and key, and whom it trusts."""

    own: Path
    key: Path
    trusted: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A signer's address: `path` of a Unix socket, or `host` and `port` with certificates."""

    path: Path | None = None
    host: str = ""
    port: int = 0
    certificates: Certificates | None = None

    def __str__(self) -> str:
        """Write the address as its setting spells it."""
        return f"unix:{self.path}" if self.path is not None else f"tls://{self.host}:{self.port}"


def connect(address: Address, *, timeout_s: float) -> socket.socket:
    """Return a connection to a signer.

    Raises:
        OSError: nobody listens there, or the certificates do not agree (ssl.SSLError).
    """
    if address.path is not None:
        with _near(address.path) as near:
            made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            made.settimeout(timeout_s)
            return _opened(made, near)
    if address.certificates is None:
        raise SignerAway("a signer over TLS needs certificates")
    plain = socket.create_connection((address.host, address.port), timeout=timeout_s)
    try:
        return _context(address.certificates, ssl.Purpose.SERVER_AUTH).wrap_socket(plain, server_hostname=address.host)
    except BaseException:
        plain.close()
        raise


def listen(address: Address) -> socket.socket:
    """Return a listening socket; a Unix socket left by a process that is no more is replaced.

    Raises:
        OSError: the address cannot be used, or another signer listens there.
    """
    if address.path is None:
        return socket.create_server((address.host, address.port), family=_family(address.host), backlog=16)
    _remove_stale(address.path)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        with _near(address.path) as near:
            made.bind(near)
        made.listen(16)
    except BaseException:
        made.close()
        raise
    finally:
        os.umask(before)
    return made


def server_context(certificates: Certificates) -> ssl.SSLContext:
    """Return how a signer speaks TLS: only with clients that show a certificate it trusts."""
    context = _context(certificates, ssl.Purpose.CLIENT_AUTH)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def _context(certificates: Certificates, purpose: ssl.Purpose) -> ssl.SSLContext:
    context = ssl.create_default_context(purpose, cafile=str(certificates.trusted))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificates.own, certificates.key)
    return context


def _opened(made: socket.socket, near: str) -> socket.socket:
    try:
        made.connect(near)
    except BaseException:
        made.close()
        raise
    return made


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _remove_stale(path: Path) -> None:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return
    if not stat.S_ISSOCK(path.stat().st_mode):
        raise FileExistsError(17, "something else than a socket is there", str(path))
    try:
        connect(Address(path=path), timeout_s=1).close()
    except OSError:
        path.unlink(missing_ok=True)
        return
    raise OSError(98, "another signer listens there already", str(path))


@contextmanager
def _near(path: Path) -> Iterator[str]:
    """Return a short name of a path: itself, or through an open folder where it is too long for a socket."""
    if len(os.fsencode(path)) <= _LONGEST_PATH:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
