"""A time authority for tests: openssl makes its certificates and answers, a real HTTP server carries them.

Its time is the machine's. Where a test needs another, `dated` signs a reply for a chosen moment with the same key, by
pyHanko. The certificates are good from 2020 on, so that made-up days of a clinic are within them.
"""

import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path

from asn1crypto import keys, pem, tsp, x509
from pyhanko.sign.timestamps import DummyTimeStamper

from audit.services.time_authority import Authority
from audit.services.time_token import load_authorities

# No `certs =`: openssl would emit these unsorted, which strict DER forbids (X.690 section 11.6).
_CONFIG = """
[ca]
default_ca = ca_here
[ca_here]
dir = {folder}
database = {folder}/index.txt
serial = {folder}/serial_ca
new_certs_dir = {folder}
default_md = sha256
policy = any
unique_subject = no
[any]
organizationName = optional
commonName = supplied
[root]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,cRLSign
[authority]
basicConstraints = critical,CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[tsa]
serial = {folder}/serial_tsa
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.3.6.1.4.1.55555.1
digests = sha256
accuracy = secs:1, millisecs:500
clock_precision_digits = 3
ess_cert_id_alg = sha256
"""
_FIRST, _LAST = "20200101000000Z", "20450101000000Z"
_OPENSSL = shutil.which("openssl") or "openssl"
Answer = Callable[[bytes], tuple[int, str, bytes]]


class TestAuthority:
    """An authority in a folder: its root `root.pem`, and what answers for it."""

    __test__ = False

    def __init__(self, folder: Path, name: str = "Example Time Authority") -> None:
        """Make the root and the certificate that signs tokens."""
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "openssl.cnf").write_text(_CONFIG.format(folder=folder))
        for serial in ("serial_ca", "serial_tsa"):
            (folder / serial).write_text("01\n")
        (folder / "index.txt").write_text("")
        self._numbers = count(1)
        self._make("root", f"/O={name}/CN=Root", "-selfsign", "-extensions", "root", "-keyfile", folder / "root.key")
        self._make(
            "tsa", f"/O={name}/CN=Unit 1",
            "-extensions", "authority", "-cert", folder / "root.pem", "-keyfile", folder / "root.key",
        )  # fmt: skip

    @property
    def root(self) -> Path:
        """The file a clinic is given: the root's certificate."""
        return self.folder / "root.pem"

    def answer(self, query: bytes) -> bytes:
        """What `openssl ts` answers to a request, now."""
        number = next(self._numbers)
        asked, made = self.folder / f"{number}.tsq", self.folder / f"{number}.tsr"
        asked.write_bytes(query)
        self._run("ts", "-reply", "-section", "tsa", "-queryfile", asked, "-out", made)
        return made.read_bytes()

    def dated(self, query: bytes, at_ms: int) -> bytes:
        """A reply to the same request as of a chosen moment, with no accuracy stated; whole seconds."""
        when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at_ms // 1000)
        stamper = DummyTimeStamper(
            x509.Certificate.load(_der(self.folder / "tsa.pem")),
            keys.PrivateKeyInfo.load(_der(self.folder / "tsa.key")),
            fixed_dt=when,
        )
        return stamper.request_tsa_response(tsp.TimeStampReq.load(query)).dump()

    def accepts(self, data: bytes, reply: bytes) -> bool:
        """Say whether `openssl ts -verify` takes the reply for a token over the data."""
        (self.folder / "data").write_bytes(data)
        (self.folder / "reply.tsr").write_bytes(reply)
        command = (_OPENSSL, "ts", "-verify", "-data", self.folder / "data", "-in", self.folder / "reply.tsr")
        done = subprocess.run([*command, "-CAfile", self.root], capture_output=True, text=True, check=False)
        return done.returncode == 0 and "Verification: OK" in done.stdout + done.stderr

    def _make(self, name: str, subject: str, *how: str | Path) -> None:
        key, request = self.folder / f"{name}.key", self.folder / f"{name}.csr"
        self._run("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-subj", subject, "-out", request)
        self._run(
            "ca", "-batch", "-notext", "-in", request, "-out", self.folder / f"{name}.pem",
            "-startdate", _FIRST, "-enddate", _LAST, *how,
        )  # fmt: skip

    def _run(self, command: str, *arguments: str | Path) -> None:
        config = () if command == "req" else ("-config", self.folder / "openssl.cnf")
        subprocess.run([_OPENSSL, command, *config, *arguments], capture_output=True, check=True)


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """An HTTP server on this machine that answers each POST with (status, content type, body); its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            status, kind, content = answer(body)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            if status in range(300, 400):
                self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing: tests assert what is seen."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/tsr"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def granted(made: bytes) -> tuple[int, str, bytes]:
    """The HTTP answer that carries a reply."""
    return 200, "application/timestamp-reply", made


def authority_at(url: str, test: TestAuthority) -> Authority:
    """The authority as a clinic configures it: its URL and its root."""
    pem_text = test.root.read_bytes()
    return Authority(url=url, certificates=load_authorities(pem_text), pem=pem_text)


def _der(path: Path) -> bytes:
    _, _, der = pem.unarmor(path.read_bytes())
    return der
