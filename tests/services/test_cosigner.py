"""Our cosigner answers as C2SP tlog-witness says, to a client that shares no code with it."""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audit.services.cosigning.cosigner import Cosigner, logs_of
from audit.services.cosigning.wsgi import application
from audit.storage import signer_store
from audit.tlog.cosignature import CosigningKey
from audit.tlog.keys import VerifierKey
from tests.services.cosigning_from_the_standard import Signer, body, consistency, cosigned_at, head_text, leaf_of

ORIGIN = "audit.example.org/log/broadview"
NOW_S = 1_795_424_400
LEAVES = [leaf_of(bytes([number])) for number in range(20)]
LOG = Signer(ORIGIN, 1, b"the log of a synthetic clinic...")
STRANGER = Signer(ORIGIN, 1, b"not the log, under the same name")
COSIGNER = Signer("pharmacy.example.org/cosigner", 4, b"a cosigner's seed of 32 bytes...")

Asking = Callable[..., tuple[int, str, str]]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "cosigned.db"


@pytest.fixture
def ask(store: Path) -> Asking:
    return asking(store)


def asking(store: Path) -> Asking:
    app = application(
        Cosigner(
            key=CosigningKey(COSIGNER.name, COSIGNER.seed),
            logs=logs_of([VerifierKey.from_string(LOG.vkey)]),
            store=store,
            now_s=lambda: NOW_S,
        )
    )

    def ask(sent: bytes = b"", path: str = "/add-checkpoint", **more: Any) -> tuple[int, str, str]:
        begun: list[tuple[str, dict[str, str]]] = []
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": path,
            "CONTENT_LENGTH": str(len(sent)),
            "wsgi.input": io.BytesIO(sent),
        } | more
        text = b"".join(app(environ, lambda status, headers: begun.append((status, dict(headers)))))
        ((status, headers),) = begun
        return int(status[:3]), headers["Content-Type"], text.decode()

    return ask


def note(size: int, *, leaves: list[bytes] = LEAVES, by: Signer = LOG, origin: str = ORIGIN) -> str:
    text = head_text(origin, leaves[:size])
    return f"{text}\n{by.log_line(text)}"


def extending(old: int, size: int) -> bytes:
    return body(old, consistency(old, LEAVES[:size]) if old else [], note(size))


def test_each_checkpoint_that_extends_the_last_is_cosigned_with_the_time(ask: Asking) -> None:
    last = 0
    for size in (1, 2, 3, 8, 13, 20):
        status, kind, text = ask(extending(last, size))
        assert (status, kind) == (200, "text/plain; charset=utf-8"), text
        assert cosigned_at(COSIGNER.vkey, head_text(ORIGIN, LEAVES[:size]), text) == NOW_S
        last = size


def test_the_same_checkpoint_is_cosigned_again(ask: Asking) -> None:
    ask(extending(0, 5))
    assert ask(extending(5, 5))[0] == 200


def test_an_old_size_that_is_not_the_last_is_answered_409_with_the_last_size(ask: Asking) -> None:
    ask(extending(0, 5))
    for old, size in ((0, 8), (4, 8), (6, 8), (0, 5)):
        assert ask(extending(old, size)) == (409, "text/x.tlog.size", "5\n")
    assert ask(extending(5, 8))[0] == 200


def test_an_unknown_log_is_404(ask: Asking) -> None:
    other = Signer("elsewhere.example/log/other", 1, b"another log's seed of 32 bytes..")
    assert ask(body(0, [], note(3, by=other, origin=other.name)))[0] == 404


def test_a_checkpoint_that_the_logs_key_has_not_signed_is_403(ask: Asking) -> None:
    assert ask(body(0, [], note(3, by=STRANGER)))[0] == 403
    broken = note(3).replace(note(3)[-10:-4], "AAAAAA")
    assert ask(body(0, [], broken))[0] == 403


def test_lines_of_unknown_keys_are_ignored(ask: Asking) -> None:
    text = head_text(ORIGIN, LEAVES[:3])
    assert ask(body(0, [], f"{text}\n{STRANGER.log_line(text)}{LOG.log_line(text)}"))[0] == 200


def test_an_old_size_above_the_checkpoint_is_400(ask: Asking) -> None:
    ask(extending(0, 8))
    assert ask(body(8, [], note(5)))[0] == 400


def test_a_proof_that_does_not_verify_is_422_and_nothing_moves(ask: Asking) -> None:
    ask(extending(0, 5))
    proof = consistency(5, LEAVES[:8])
    for wrong in ([], proof[:-1], [*proof, proof[0]], [bytes(32), *proof[1:]]):
        assert ask(body(5, wrong, note(8)))[0] == 422
    rewritten = [*LEAVES[:3], leaf_of(b"another entry"), *LEAVES[4:]]
    assert ask(body(5, consistency(5, rewritten[:8]), note(8, leaves=rewritten)))[0] == 422
    assert ask(extending(5, 8))[0] == 200


def test_a_proof_from_nothing_is_422(ask: Asking) -> None:
    assert ask(body(0, [bytes(32)], note(3)))[0] == 422


def test_another_root_at_the_last_size_is_409(ask: Asking) -> None:
    ask(extending(0, 5))
    rewritten = [leaf_of(b"another entry"), *LEAVES[1:]]
    status, kind, text = ask(body(5, [], note(5, leaves=rewritten)))
    assert (status, kind) == (409, "text/plain; charset=utf-8")
    assert "two histories" in text


def test_its_memory_outlives_it(ask: Asking, store: Path) -> None:
    ask(extending(0, 5))
    assert asking(store)(extending(0, 8)) == (409, "text/x.tlog.size", "5\n")


def test_a_row_that_moved_under_a_request_is_judged_anew(
    ask: Asking, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The race of the specification: the later, larger checkpoint is not rolled back by the earlier one."""
    ask(extending(0, 5))
    swap, meanwhile = signer_store.swap, [extending(5, 13)]

    def slow(*args: Any) -> None:
        if meanwhile:
            assert ask(meanwhile.pop())[0] == 200
        swap(*args)

    monkeypatch.setattr(signer_store, "swap", slow)
    assert ask(extending(5, 8)) == (409, "text/x.tlog.size", "13\n")


def test_what_was_cosigned_last_is_served_under_the_hash_of_the_origin(ask: Asking) -> None:
    path = f"/{hashlib.sha256(ORIGIN.encode()).hexdigest()}/checkpoint"
    assert ask(path=path, REQUEST_METHOD="GET")[0] == 404
    line = ask(extending(0, 5))[2]
    assert ask(path=path, REQUEST_METHOD="GET") == (200, "text/plain; charset=utf-8", note(5) + line)
    assert ask(path=path)[0] == 405
    assert ask(path="/" + "0" * 64 + "/checkpoint", REQUEST_METHOD="GET")[0] == 404
    assert ask(REQUEST_METHOD="GET")[0] == 405
    assert ask(path="/", REQUEST_METHOD="GET")[0] == 404


GOOD = extending(0, 3)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"old",
        b"old 0",
        b"old 0\n",
        b"old 0\n\n",
        GOOD[:-1],
        GOOD[1:],
        b"\n" + GOOD,
        GOOD.replace(b"old 0", b"old 00"),
        GOOD.replace(b"old 0", b"old -1"),
        GOOD.replace(b"old 0", b"old  0"),
        GOOD.replace(b"old 0", b"old 9007199254740992"),
        GOOD.replace(b"old 0", "old ٣".encode()),
        GOOD.replace(b"old 0\n", b"old 0\nnot base64\n"),
        GOOD.replace(b"old 0\n", b"old 0\nAAAA\n"),
        GOOD.replace(b"\n", b"\r\n"),
        GOOD.replace(b"\n3\n", b"\n03\n"),
        body(0, [bytes(32)] * 64, note(3)),
        b"\xff" * 100,
        b"\x00" * 100,
        GOOD.replace(b"audit.example", b"audit\xffexample"),
    ],
)
def test_any_malformed_body_is_one_sentence_and_400(ask: Asking, sent: bytes) -> None:
    status, kind, text = ask(sent)
    assert (status, kind) == (400, "text/plain; charset=utf-8")
    assert text.count("\n") == 1
    assert len(text) < 200


def test_a_body_without_length_or_too_long_is_not_read(ask: Asking) -> None:
    for length, status in (("", 411), ("-1", 411), ("1e3", 411), ("140001", 413), ("9" * 5000, 413)):
        assert ask(GOOD, CONTENT_LENGTH=length)[0] == status
