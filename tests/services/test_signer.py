"""The signer behind its socket: signs only what extends its row, refuses the rest in a sentence, and keeps going."""

import contextlib
import json
import socket
import stat
import subprocess
import threading
import time
from pathlib import Path

import pytest

from audit.services.signing import wire
from audit.services.signing.address import Address, Certificates, connect
from audit.services.signing.remote import RemoteSigner
from audit.services.signing.signer import SignerAway, SignerRefused
from audit.tlog.checkpoint import open_note
from tests.services.signing_rig import LEAVES, ORIGIN, head, kept, listening, proof, raw


def said(answer: bytes) -> dict[str, object]:
    """Return the one answer there was."""
    (line,) = answer.splitlines()
    return json.loads(line)


def test_it_signs_what_extends_its_row_and_holds_it(tmp_path: Path) -> None:
    with listening(tmp_path / "signer") as server:
        signer = RemoteSigner(server.address)
        key = signer.open(ORIGIN)
        for old, new in [(0, 3), (3, 4), (4, 64)]:
            note = signer.sign(head(new), proof(old, new) if old else ())
            assert open_note(note, [key])[0] == head(new)
            assert signer.held(ORIGIN).note == note


@pytest.mark.parametrize(
    ("asked", "shown", "why"),
    [
        (head(4), (), "asked for size 4, already signed 8"),
        (head(8, LEAVES[::-1]), (), "another root at size 8 than the one signed"),
        (head(16), (), "size 16 does not extend size 8"),
        (head(16), proof(4, 16), "size 16 does not extend size 8"),
        (head(16, LEAVES[::-1]), proof(8, 16), "size 16 does not extend size 8"),
        (head(16, LEAVES[::-1]), proof(8, 16, LEAVES[::-1]), "size 16 does not extend size 8"),
    ],
)
def test_it_signs_nothing_that_does_not_extend_its_row(tmp_path: Path, asked, shown, why: str) -> None:
    with listening(tmp_path / "signer") as server:
        signer = RemoteSigner(server.address)
        signer.open(ORIGIN)
        signer.sign(head(8), ())
        before = signer.known(ORIGIN)
        with pytest.raises(SignerRefused, match=why):
            signer.sign(asked, shown)
        assert signer.known(ORIGIN) == before


def test_a_key_without_a_memory_signs_nothing(tmp_path: Path) -> None:
    signer = kept(tmp_path)
    signer.open(ORIGIN)
    signer.sign(head(8), ())
    signer.store.unlink()
    assert signer.held(ORIGIN) is None
    with pytest.raises(SignerRefused, match="no memory of this log"):
        signer.sign(head(16), proof(8, 16))
    with pytest.raises(SignerRefused, match="and no memory of it"):
        signer.open(ORIGIN)
    assert signer.held(ORIGIN) is None


def test_a_log_signed_before_is_not_begun_anew(tmp_path: Path) -> None:
    signer = kept(tmp_path)
    signer.open(ORIGIN)
    assert signer.open(ORIGIN) == signer.known(ORIGIN).key  # a set-up that is tried again before anything was signed
    signer.sign(head(8), ())
    with pytest.raises(SignerRefused, match="signed 8 entries"):
        signer.open(ORIGIN)


def test_each_log_has_its_own_key(tmp_path: Path) -> None:
    signer = kept(tmp_path)
    keys = {signer.open(f"audit.example.org/log/{name}").public_key for name in ("a", "b", "a/2")}
    assert len(keys) == 3


def test_its_folder_and_socket_are_its_owners_alone(tmp_path: Path) -> None:
    with listening(tmp_path / "signer") as server:
        RemoteSigner(server.address).open(ORIGIN)
        (key,) = (tmp_path / "signer" / "keys").iterdir()
        modes = [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "signer", server.address.path, key)]
    assert modes == [0o700, 0o600, 0o600]
    assert not server.address.path.exists()


GOOD = {"ask": "sign", "log": ORIGIN, "size": 8, "root": head(8).root.hex(), "proof": [], "shown": []}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"{}", "expected to be asked one of known, open, prepare, sign"),
        (b"", "expected a line of JSON"),
        (b"not json", "expected a line of JSON"),
        (b"[" * 100_000, "expected a line of JSON"),
        (b"\xff\xfe", "expected a line of JSON"),
        (b"[1]", "expected a JSON object"),
        (b'{"ask":"held"}', "expected to be asked one of known, open, prepare, sign"),
        (b'{"ask":"known"}', "expected exactly the fields ask, log"),
        (b'{"ask":"known","log":1}', "expected log as text of at most 255 characters"),
        (b'{"ask":"open","log":"no origin"}', "expected the origin of a log"),
        (b'{"ask":"open","log":"../../etc/passwd"}', "expected the origin of a log"),
        (b'{"ask":"known","log":"a","log":"b"}', "expected each field once"),
        (json.dumps(GOOD | {"size": -1}).encode(), "expected size as a whole number"),
        (json.dumps(GOOD | {"size": 1.5}).encode(), "expected size as a whole number"),
        (json.dumps(GOOD | {"size": True}).encode(), "expected size as a whole number"),
        (json.dumps(GOOD | {"size": 10**400}).encode(), "expected size as a whole number"),
        (json.dumps(GOOD | {"root": "ff"}).encode(), "expected root as a hash of 32 bytes"),
        (json.dumps(GOOD | {"root": "ZZ" * 32}).encode(), "expected root in lower-case hexadecimal"),
        (json.dumps(GOOD | {"proof": ["00" * 32] * 65}).encode(), "expected a proof of at most 64 hashes"),
        (json.dumps(GOOD | {"proof": {}}).encode(), "expected a proof of at most 64 hashes"),
        (json.dumps(GOOD | {"shown": [{}] * 5}).encode(), "expected at most 4 entries shown"),
        (json.dumps(GOOD | {"shown": [{}]}).encode(), "expected an entry shown with index, body, proof and recovery"),
        (
            json.dumps(GOOD | {"shown": [{"index": 0, "body": "00", "proof": [], "recovery": ""}]}).encode(),
            "entry 0 is not shown",
        ),
        (json.dumps(GOOD | {"log": "a b"}).encode(), "expected an origin without spaces"),
        (json.dumps(GOOD | {"more": 1}).encode(), "expected exactly the fields"),
    ],
)
def test_what_is_no_request_is_refused_in_one_sentence(tmp_path: Path, line: bytes, why: str) -> None:
    with listening(tmp_path / "signer") as server:
        refusal = said(raw(server.address, line + b"\n"))["refused"]
        assert isinstance(refusal, str)
        assert refusal.startswith(why)
        assert "\n" not in refusal
        assert RemoteSigner(server.address).known(ORIGIN).held is None


def test_a_line_that_never_ends_is_refused_at_the_limit(tmp_path: Path) -> None:
    with listening(tmp_path / "signer") as server:
        flood = [b"x" * 65_536] * 16
        assert said(raw(server.address, *flood))["refused"] == f"expected at most {wire.MOST_LINE_BYTES} bytes"
        assert said(raw(server.address, b'{"ask":'))["refused"] == "a line ended in the middle"


def test_a_request_that_comes_too_slowly_is_given_up_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    with listening(tmp_path / "signer", within_s=0.5) as server, connect(server.address, timeout_s=5) as slow:
        slow.sendall(b'{"ask":')
        began = time.monotonic()
        assert RemoteSigner(server.address).known(ORIGIN).held is None
        assert time.monotonic() - began < 0.4
        assert slow.recv(1) == b""
        assert time.monotonic() - began < 3


def test_a_signer_that_is_not_there_is_away(tmp_path: Path) -> None:
    with pytest.raises(SignerAway, match="does not answer"):
        RemoteSigner(Address(path=tmp_path / "socket")).known(ORIGIN)


def test_one_that_does_not_answer_is_away_within_two_seconds(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "s"))
        silent.listen()
        began = time.monotonic()
        with pytest.raises(SignerAway):
            RemoteSigner(Address(path=tmp_path / "s"), within_s=0.3).known(ORIGIN)
        assert time.monotonic() - began < 2


@pytest.mark.parametrize("answer", [b"", b"{}\n", b'{"note":1}\n', b'{"known":{"held":{}}}\n', b"x" * 300_000])
def test_an_answer_that_is_none_is_an_absent_signer(tmp_path: Path, answer: bytes) -> None:
    def reply() -> None:
        connection, _ = stranger.accept()
        with connection:
            connection.recv(65_536)
            with contextlib.suppress(OSError):  # it had heard enough
                connection.sendall(answer)

    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.bind(str(tmp_path / "s"))
        stranger.listen()
        thread = threading.Thread(target=reply)
        thread.start()
        with pytest.raises(SignerAway):
            RemoteSigner(Address(path=tmp_path / "s")).known(ORIGIN)
        thread.join(10)


def test_a_second_signer_does_not_take_the_socket_of_the_first(tmp_path: Path) -> None:
    with listening(tmp_path / "signer") as server:
        with pytest.raises(OSError, match="another signer listens there"), listening(tmp_path / "signer"):
            pass
        assert RemoteSigner(server.address).known(ORIGIN).held is None


def test_a_socket_whose_path_is_too_long_for_the_system_works_all_the_same(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)
    with listening(folder) as server:
        assert RemoteSigner(server.address).open(ORIGIN) == kept(folder).known(ORIGIN).key


@pytest.fixture
def certificates(tmp_path: Path) -> dict[str, Certificates]:
    """Certificates of a signer, a service and a stranger, each self-signed; the first two trust each other."""
    for name in ("signer", "service", "stranger"):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3",
             "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1",
             "-keyout", tmp_path / f"{name}.key", "-out", tmp_path / f"{name}.pem"],
            check=True, capture_output=True,
        )  # fmt: skip

    def of(name: str, trusted: str) -> Certificates:
        return Certificates(
            own=tmp_path / f"{name}.pem", key=tmp_path / f"{name}.key", trusted=tmp_path / f"{trusted}.pem"
        )

    return {
        "signer": of("signer", "service"),
        "service": of("service", "signer"),
        "stranger": of("stranger", "signer"),
        "deceived": of("service", "stranger"),
    }


def test_over_tls_both_sides_show_who_they_are(tmp_path: Path, certificates: dict[str, Certificates]) -> None:
    address = Address(host="127.0.0.1", port=0, certificates=certificates["signer"])
    with listening(tmp_path / "signer", address) as server:

        def at(who: str) -> RemoteSigner:
            return RemoteSigner(Address(host="127.0.0.1", port=server.port, certificates=certificates[who]))

        key = at("service").open(ORIGIN)
        assert open_note(at("service").sign(head(8), ()), [key])[0] == head(8)
        for who in ("stranger", "deceived"):
            with pytest.raises(SignerAway):
                at(who).known(ORIGIN)
        assert b"known" not in _without_tls(server.port, b'{"ask":"known","log":"a"}\n')
        assert at("service").held(ORIGIN).size == 8


def _without_tls(port: int, line: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as plain:
        plain.sendall(line)
        with contextlib.suppress(ConnectionResetError):
            return plain.recv(1000)
    return b""
