"""The service asks its cosigners, whoever wrote them, survives their absence and keeps only lines that hold."""

import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import waitress

from audit.domain import events
from audit.services.cosigning import http
from audit.services.cosigning.asking import Cosigners
from audit.services.cosigning.cosigner import Cosigner, logs_of
from audit.services.cosigning.wsgi import application
from audit.storage import checkpoints, cosignatures, log
from audit.storage.engine import read
from audit.tlog.cosignature import CosigningKey
from audit.tlog.keys import VerifierKey
from tests.clinic import Clinic
from tests.services.cosigning_from_the_standard import MiniWitness, Signer, cosigned_at, listening

PHARMACY = Signer("pharmacy.example.org/cosigner", 4, b"a cosigner's seed of 32 bytes...")
SISTER = Signer("sister.example.org/cosigner", 4, b"another cosigner's 32 byte seed.")


def agree(clinic: Clinic, *cosigners: Signer, quorum: int = 1) -> None:
    """Let the administrator set the cosigners, and sign the head."""
    clinic.act("A", events.CosignersChanged(cosigners=tuple(one.vkey for one in cosigners), quorum=quorum))
    clinic.checkpoint()


def witness(clinic: Clinic, key: Signer = PHARMACY) -> MiniWitness:
    with read(clinic.register.engine) as conn:
        opened = log.entry(conn, clinic.register.site, 0)
    assert opened is not None
    vkey = next(part for part in opened.body.decode().split('"') if part.startswith(f"{clinic.register.origin}+"))
    return MiniWitness(key, vkey)


def kept(clinic: Clinic) -> list[tuple[int, str]]:
    with read(clinic.register.engine) as conn:
        return [(row.size, row.name) for row in cosignatures.every(conn, clinic.register.site)]


def last(clinic: Clinic) -> checkpoints.StoredCheckpoint:
    with read(clinic.register.engine) as conn:
        found = checkpoints.latest(conn, clinic.register.site)
    assert found is not None
    return found


def asking(clinic: Clinic, addresses: Mapping[str, str]) -> Cosigners:
    return Cosigners(clinic.register, addresses)


def test_each_checkpoint_is_cosigned_by_a_cosigner_that_others_wrote(clinic: Clinic) -> None:
    agree(clinic, PHARMACY)
    other = witness(clinic)
    other.extra = SISTER.cosigner_line("another note\n", 1)  # the line of a key that is not in force
    with listening(other) as address:
        cosigners = asking(clinic, {PHARMACY.name: address})
        first = last(clinic).size
        assert cosigners.ask() == 1
        assert cosigners.ask() == 0, "a checkpoint is cosigned once"
        clinic.receive(count=3)
        clinic.checkpoint()
        assert cosigners.ask() == 1
        assert other.asked == ["old 0", f"old {first}"]
    assert kept(clinic) == [(first, PHARMACY.name), (last(clinic).size, PHARMACY.name)]
    with read(clinic.register.engine) as conn:
        note = cosignatures.note_with_lines(conn, clinic.register.site, last(clinic))
    assert note.startswith(last(clinic).note)
    text = "".join(f"{line}\n" for line in note.split("\n")[:3])
    assert cosigned_at(PHARMACY.vkey, text, note.split("\n")[5] + "\n") == other.now_s


def test_our_own_cosigner_over_http_and_what_it_remembers(clinic: Clinic, tmp_path: Path) -> None:
    agree(clinic, PHARMACY)
    with serving(clinic, tmp_path / "cosigned.db") as address:
        cosigners = asking(clinic, {PHARMACY.name: address})
        assert cosigners.remembered() == ()
        assert cosigners.ask() == 1
        (found,) = cosigners.remembered()
    assert (found.head.size, found.head.root, found.key.name) == (last(clinic).size, last(clinic).root, PHARMACY.name)
    assert asking(clinic, {PHARMACY.name: address}).remembered() == (), "a cosigner away remembers nothing for us"


def test_a_line_lost_on_the_way_is_asked_for_again(clinic: Clinic) -> None:
    agree(clinic, PHARMACY)
    other = witness(clinic)
    with listening(other) as address:
        asking(clinic, {PHARMACY.name: address}).ask()
        clinic.receive()
        clinic.checkpoint()
        size, other.size, other.root = last(clinic).size, last(clinic).size, last(clinic).root
        assert asking(clinic, {PHARMACY.name: address}).ask() == 1
    assert other.asked[-1] == f"old {size}"


def test_a_cosigner_away_stops_nothing_and_is_asked_less_and_less_often(clinic: Clinic) -> None:
    agree(clinic, PHARMACY, SISTER, quorum=2)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}"
        other = witness(clinic, SISTER)
        with listening(other) as address:
            cosigners = asking(clinic, {PHARMACY.name: nowhere, SISTER.name: address})
            assert cosigners.ask() == 1
            pauses = []
            for _ in range(10):
                contact = cosigners.contact(PHARMACY.name)
                assert contact is not None
                assert contact.fault == "it cannot be reached (Connection refused)"
                pauses.append((contact.again_ms - clinic.clock.now_ms) // 1000)
                assert cosigners.ask() == 0
                clinic.clock.now_ms = contact.again_ms
                cosigners.ask()
    assert pauses == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]
    assert [name for _, name in kept(clinic)] == [SISTER.name]


def test_a_cosigner_that_comes_back_goes_on_from_what_it_signed_last(clinic: Clinic) -> None:
    agree(clinic, PHARMACY)
    other = witness(clinic)
    with listening(other) as address:
        asking(clinic, {PHARMACY.name: address}).ask()
    clinic.receive(count=5)
    clinic.checkpoint()
    assert asking(clinic, {PHARMACY.name: address}).ask() == 0
    clinic.receive(count=2)
    clinic.checkpoint()
    with listening(other) as address:
        assert asking(clinic, {PHARMACY.name: address}).ask() == 1


def test_a_cosigner_that_remembers_more_than_the_log_has_is_told(clinic: Clinic) -> None:
    agree(clinic, PHARMACY)
    other = witness(clinic)
    other.size = 10_000
    with listening(other) as address:
        cosigners = asking(clinic, {PHARMACY.name: address})
        assert cosigners.ask() == 0
    contact = cosigners.contact(PHARMACY.name)
    assert contact is not None
    assert contact.signed_size == 10_000
    assert (
        contact.fault == f"it signed 10000 entries of this log, here are {last(clinic).size} under the last checkpoint"
    )


def test_nobody_is_asked_who_is_not_in_force_at_the_checkpoint(clinic: Clinic) -> None:
    clinic.checkpoint()
    other = witness(clinic)
    with listening(other) as address:
        cosigners = asking(clinic, {PHARMACY.name: address})
        assert cosigners.ask() == 0
        clinic.act("A", events.CosignersChanged(cosigners=(PHARMACY.vkey,), quorum=1))
        assert cosigners.ask() == 0, "the last checkpoint does not cover the entry that names it"
        clinic.checkpoint()
        assert cosigners.ask() == 1
        clinic.act("A", events.CosignersChanged(cosigners=(SISTER.vkey,), quorum=1))
        clinic.checkpoint()
        assert cosigners.ask() == 0
    assert len(other.asked) == 1


@pytest.mark.parametrize(
    ("status", "kind", "text", "fault"),
    [
        (200, "text/plain", "", "its answer is no cosignature"),
        (200, "text/plain", "not a line\n", "its answer is no cosignature"),
        (200, "text/plain", PHARMACY.cosigner_line("another note\n", 1), "its answer is no cosignature"),
        (200, "text/plain", SISTER.cosigner_line("another note\n", 1), "its answer is no cosignature"),
        (200, "text/plain", "x" * 140_001, "its answer is too long"),
        (409, "text/x.tlog.size", "many\n", "its answer of the size it signed last is no size"),
        (409, "text/x.tlog.size", "-1\n", "its answer of the size it signed last is no size"),
        (409, "text/plain", "two histories\n", "it answered 409: two histories"),
        (301, "text/plain", "", "it answered 301"),
        (404, "text/plain", "unknown log\n", "it answered 404: unknown log"),
        (500, "text/html", "\x1b[31m", "it answered 500"),
    ],
)
def test_an_answer_that_does_not_hold_is_never_kept(
    clinic: Clinic, status: int, kind: str, text: str, fault: str
) -> None:
    agree(clinic, PHARMACY)
    other = witness(clinic)
    other.answer = lambda _request: (status, kind, text)  # type: ignore[method-assign]
    with listening(other) as address:
        cosigners = asking(clinic, {PHARMACY.name: address})
        assert cosigners.ask() == 0
    contact = cosigners.contact(PHARMACY.name)
    assert contact is not None
    assert contact.fault.startswith(fault)
    assert kept(clinic) == []


def test_a_redirect_is_not_followed(clinic: Clinic) -> None:
    agree(clinic, PHARMACY)
    other = witness(clinic)
    with listening(other) as real, redirecting(real) as address:
        assert asking(clinic, {PHARMACY.name: address}).ask() == 0
    assert other.asked == []


@contextmanager
def redirecting(to: str) -> Iterator[str]:
    with plain(
        b"HTTP/1.1 307 Temporary Redirect\r\nContent-Length: 0\r\nLocation: " + to.encode() + b"\r\n\r\n"
    ) as here:
        yield here


@pytest.mark.parametrize("answer", [b"", b"\x00\xff\n\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n\xff\xff"])
def test_an_answer_that_is_no_http_is_survived(clinic: Clinic, answer: bytes) -> None:
    agree(clinic, PHARMACY)
    with plain(answer) as address:
        cosigners = asking(clinic, {PHARMACY.name: address})
        assert cosigners.ask() == 0
    assert cosigners.contact(PHARMACY.name) is not None


@contextmanager
def plain(answer: bytes) -> Iterator[str]:
    """Answer one connection with these bytes, whatever it asks."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run() -> None:
            connection, _ = server.accept()
            with connection:
                connection.settimeout(5)
                connection.recv(65_536)
                connection.sendall(answer)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join(5)


@pytest.mark.parametrize(
    ("scheme", "first", "piece"),
    [
        ("http", b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n"),
        ("http", b"HTTP/1.1 200 OK\r\nX-More: ", b"1"),
        ("http", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"1"),
        ("https", b"\x16\x03\x03\x40\x00\x02\x00\x3f\xf0", b"\x03"),
    ],
    ids=["headers", "one header", "body", "handshake"],
)
def test_a_cosigner_that_answers_drop_by_drop_is_left_when_its_time_is_over(
    clinic: Clinic, scheme: str, first: bytes, piece: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert http.WHOLE_S == 10
    monkeypatch.setattr(http, "WHOLE_S", 1)
    agree(clinic, PHARMACY)
    with trickling(first, piece) as port:
        cosigners = asking(clinic, {PHARMACY.name: f"{scheme}://127.0.0.1:{port}"})
        began = time.monotonic()
        assert cosigners.ask() == 0
        took = time.monotonic() - began
    contact = cosigners.contact(PHARMACY.name)
    assert contact is not None
    assert contact.fault == "it does not answer in time"
    assert 1 <= took < 4


@contextmanager
def trickling(first: bytes, piece: bytes) -> Iterator[int]:
    """Answer one connection for as long as it listens, a piece every tenth of a second; the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.settimeout(5)
                connection.recv(65_536)
                connection.sendall(first)
                until = time.monotonic() + 20
                while time.monotonic() < until:
                    connection.sendall(piece)
                    time.sleep(0.1)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join(5)


@contextmanager
def serving(clinic: Clinic, store: Path) -> Iterator[str]:
    """Serve our own cosigner as `audit cosigner` does."""
    made = Cosigner(
        key=CosigningKey(PHARMACY.name, PHARMACY.seed),
        logs=logs_of([VerifierKey.from_string(witness(clinic).log_vkey)]),
        store=store,
        now_s=lambda: 1_795_425_000,
    )
    server = waitress.create_server(application(made), host="127.0.0.1", port=0, threads=1)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        server.close()
        thread.join(5)
