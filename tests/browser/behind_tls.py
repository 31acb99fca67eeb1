"""The register behind a proxy that speaks TLS, as docs/operating.md has it: a name, a certificate, a trusting browser.

The certificate is made by the guide's own command. Not here: the register on localhost (service.py).
"""

import os
import re
import select
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser.conftest import DEBIAN
from tests.browser.people import QUIET
from tests.browser.service import ROOT, Served

HOST = "audit.example.test"
GUIDE_HOST = "register.clinic.lan"
ANSWERS_WITHIN_S = IDLE_S = 60


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for HOST by the command of the operator's guide; return it and its key."""
    guide = (ROOT / "docs" / "operating.md").read_text()
    (command,) = re.findall(r"^```sh\n(openssl req -x509 .+?)\n```", guide, re.MULTILINE | re.DOTALL)
    assert GUIDE_HOST in command
    said = command.replace(GUIDE_HOST, HOST)
    subprocess.run(["sh", "-ec", said], cwd=folder, check=True, capture_output=True, timeout=30)
    return folder / "register.pem", folder / "register.key"


def trust(home: Path, certificate: Path) -> None:
    """Install a certificate as trusted for Chromium of a person whose home is `home`."""
    store = home / ".pki" / "nssdb"
    store.mkdir(parents=True)
    for made in (["-N", "--empty-password"], ["-A", "-n", HOST, "-t", "C,,", "-i", str(certificate)]):
        subprocess.run(["certutil", "-d", f"sql:{store}", *made], check=True, capture_output=True, timeout=60)


@contextmanager
def tablet_of(home: Path, *, port: int = 443) -> Iterator[Browser]:
    """Start a browser with the certificates of a home, which finds HOST at a port of this machine."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=str(DEBIAN) if os.access(DEBIAN, os.X_OK) else None,
            args=[*QUIET, f"--host-resolver-rules=MAP {HOST}:443 127.0.0.1:{port}"],
            env=os.environ | {"HOME": str(home)},
        )
        yield started
        started.close()


@dataclass
class Proxied:
    """A register behind TLS: what the people see of it, and where the two sockets are."""

    served: Served
    port: int
    """Of the proxy; a browser takes it for HOST's 443."""
    behind: str
    """The service's own address, plain HTTP on an IP address."""


@contextmanager
def proxied(folder: Path, certificate: Path, key: Path) -> Iterator[Proxied]:
    """Serve an empty register as AUDIT_HOST behind a proxy that passes on every byte, the Host header with them."""
    home, back = folder / "var", _free_port()
    found = {"PATH": os.environ["PATH"], "AUDIT_HOME": str(home), "PYTHONUNBUFFERED": "1"}
    log = (folder / "service.log").open("w")
    process = subprocess.Popen(
        [sys.executable, "-m", "audit", "serve"],
        cwd=ROOT,
        env=found | {"AUDIT_HOST": HOST, "AUDIT_BIND": f"127.0.0.1:{back}"},
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    try:
        served = Served(f"https://{HOST}", _told_link(process), home, f"sqlite:///{home / 'audit.db'}", None, process)
        with _tls_in_front(certificate, key, back) as port:
            _await(served.link, certificate, port)
            yield Proxied(served, port, f"http://127.0.0.1:{back}")
    finally:
        process.send_signal(signal.SIGTERM)
        left = process.wait(timeout=15)
        process.stdout.close()
        log.close()
    said = (folder / "service.log").read_text()
    assert left == 0, said[-2000:]
    assert "Traceback" not in said, said[-4000:]


def _told_link(process: subprocess.Popen[str]) -> str:
    for line in process.stdout:
        assert "No passkeys" not in line, line
        if found := re.search(rf"(https://{re.escape(HOST)}/set-up/\S+)", line):
            return found[1]
    raise AssertionError("the service ended before it printed its link")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _await(link: str, certificate: Path, port: int) -> None:
    """Read the first page through the proxy, by a client that trusts nothing but the certificate."""
    context = ssl.create_default_context(cafile=str(certificate))
    plain = socket.create_connection(("127.0.0.1", port), timeout=ANSWERS_WITHIN_S)
    with closing(context.wrap_socket(plain, server_hostname=HOST)) as tablet:
        path = link.removeprefix(f"https://{HOST}")
        tablet.sendall(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        assert tablet.recv(12) == b"HTTP/1.1 200"


@contextmanager
def _tls_in_front(certificate: Path, key: Path, back: int) -> Iterator[int]:
    """Listen with TLS on a free port, and carry what comes to `back`."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as front:
        front.settimeout(0.2)
        stop = threading.Event()
        accepting = threading.Thread(target=_accept, args=(front, context, back, stop))
        accepting.start()
        try:
            yield front.getsockname()[1]
        finally:
            stop.set()
            accepting.join()


def _accept(front: socket.socket, context: ssl.SSLContext, back: int, stop: threading.Event) -> None:
    while not stop.is_set():
        with suppress(TimeoutError):
            tablet, _ = front.accept()
            threading.Thread(target=_carry, args=(tablet, context, back), daemon=True).start()


def _carry(plain: socket.socket, context: ssl.SSLContext, back: int) -> None:
    """Carry one connection, until either side ends it; a browser opens some that it never uses."""
    plain.settimeout(IDLE_S)
    with (
        suppress(OSError),
        closing(plain),
        closing(context.wrap_socket(plain, server_side=True)) as tablet,
        socket.create_connection(("127.0.0.1", back), timeout=IDLE_S) as service,
    ):
        other = {tablet: service, service: tablet}
        while True:
            # one thread reads and writes: a TLS connection bears no two at once
            for source in [tablet] if tablet.pending() else select.select([*other], [], [], IDLE_S)[0]:
                if not (data := source.recv(65536)):
                    return
                other[source].sendall(data)
