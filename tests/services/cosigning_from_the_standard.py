"""C2SP tlog-witness and tlog-cosignature once more, written from their text with hashlib and Ed25519 alone.

Nothing of `audit.tlog` is used here: what our cosigner and our asking agree on with this, others agree on too.
"""

import base64
import hashlib
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def leaf_of(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def tree(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, by its definition."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + tree(leaves[:split]) + tree(leaves[split:])).digest()


def consistency(old: int, leaves: list[bytes], *, whole: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 6962 section 2.1.2, by its definition."""
    if old == len(leaves):
        return [] if whole else [tree(leaves)]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if old <= split:
        return [*consistency(old, leaves[:split], whole=whole), tree(leaves[split:])]
    return [*consistency(old - split, leaves[split:], whole=False), tree(leaves[:split])]


@dataclass
class Signer:
    """A named key of a type: 1 for a log, 4 for a cosigner."""

    name: str
    kind: int
    seed: bytes

    @property
    def public(self) -> bytes:
        return Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()

    @property
    def key_id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    @property
    def vkey(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{b64(bytes([self.kind]) + self.public)}"

    def sign(self, message: bytes) -> bytes:
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)

    def log_line(self, text: str) -> str:
        return f"\u2014 {self.name} {b64(self.key_id + self.sign(text.encode()))}\n"

    def cosigner_line(self, text: str, time_s: int) -> str:
        signed = self.sign(f"cosignature/v1\ntime {time_s}\n{text}".encode())
        return f"\u2014 {self.name} {b64(self.key_id + time_s.to_bytes(8, 'big') + signed)}\n"


def head_text(origin: str, leaves: list[bytes]) -> str:
    return f"{origin}\n{len(leaves)}\n{b64(tree(leaves))}\n"


def body(old: int, proof: list[bytes], note: str) -> bytes:
    return "".join([f"old {old}\n", *(f"{b64(one)}\n" for one in proof), "\n", note]).encode()


def cosigned_at(vkey: str, text: str, answer: str) -> int:
    """The time of the one line of an answer, checked under a cosigner's key; raises where it does not hold."""
    name, key_id, typed = vkey.split("+", 2)
    dash, said, spelled = answer.removesuffix("\n").split(" ")
    raw = base64.b64decode(spelled, validate=True)
    assert (dash, said, raw[:4].hex(), len(raw)) == ("\u2014", name, key_id, 76)
    time_s = int.from_bytes(raw[4:12], "big")
    public = base64.b64decode(typed)[1:]
    Ed25519PublicKey.from_public_bytes(public).verify(raw[12:], f"cosignature/v1\ntime {time_s}\n{text}".encode())
    return time_s


@dataclass
class MiniWitness:
    """Another implementation's witness: remembers a size and a root for one log, and asks for a proof."""

    key: Signer
    log_vkey: str
    now_s: int = 1_795_425_000
    size: int = 0
    root: bytes = hashlib.sha256(b"").digest()
    asked: list[str] = field(default_factory=list)
    extra: str = ""
    """Lines of keys that who asks does not know."""

    def answer(self, request: str) -> tuple[int, str, str]:
        first, rest = request.split("\n", 1)
        self.asked.append(first)
        proof_text, note = rest.split("\n\n", 1) if not rest.startswith("\n") else ("", rest[1:])
        proof = [base64.b64decode(line) for line in proof_text.split("\n") if line]
        text, lines = note.rsplit("\n\n", 1)
        text += "\n"
        origin, size, root = text.split("\n")[:3]
        name, _, typed = self.log_vkey.split("+", 2)
        if origin != name:
            return 404, "text/plain", "unknown log\n"
        raw = base64.b64decode(lines.split("\n")[0].split(" ")[2])
        try:
            Ed25519PublicKey.from_public_bytes(base64.b64decode(typed)[1:]).verify(raw[4:], text.encode())
        except InvalidSignature:
            return 403, "text/plain", "not signed by the log\n"
        old = int(first.removeprefix("old "))
        if old != self.size:
            return 409, "text/x.tlog.size", f"{self.size}\n"
        if old and not self._extends(old, int(size), base64.b64decode(root), proof):
            return 422, "text/plain", "not consistent\n"
        self.size, self.root = int(size), base64.b64decode(root)
        return 200, "text/plain", self.extra + self.key.cosigner_line(text, self.now_s)

    def _extends(self, old: int, new: int, root: bytes, proof: list[bytes]) -> bool:
        """RFC 9162 section 2.1.4.2, as the text has it."""
        if old == new:
            return not proof and root == self.root
        path = [self.root, *proof] if old & (old - 1) == 0 else list(proof)
        fn, sn = old - 1, new - 1
        while fn & 1:
            fn, sn = fn >> 1, sn >> 1
        fr = sr = path[0]
        for one in path[1:]:
            if sn == 0:
                return False
            if fn & 1 or fn == sn:
                fr = hashlib.sha256(b"\x01" + one + fr).digest()
                sr = hashlib.sha256(b"\x01" + one + sr).digest()
                while not fn & 1 and fn:
                    fn, sn = fn >> 1, sn >> 1
            else:
                sr = hashlib.sha256(b"\x01" + sr + one).digest()
            fn, sn = fn >> 1, sn >> 1
        return sn == 0 and (fr, sr) == (self.root, root)


@contextmanager
def listening(witness: MiniWitness) -> Iterator[str]:
    """Serve a witness on a free port; its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = self.rfile.read(int(self.headers["Content-Length"])).decode()
            status, kind, text = witness.answer(request) if self.path.endswith("/add-checkpoint") else (404, "a/b", "")
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/some/prefix"
        finally:
            server.shutdown()
            thread.join()
