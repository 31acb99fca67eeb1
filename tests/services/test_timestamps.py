"""A time authority dates the log's head: openssl takes the token kept too, and a bad answer holds up nothing.

The authority is `openssl ts` behind a real HTTP server; the clinic opened a day before, so that both clocks agree.
"""

import hashlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.domain import events
from audit.services import time_authority
from audit.services.time_token import TimeRefused, dated_bytes, load_authorities
from audit.services.timestamps import NO_AUTHORITY, Timekeeper, last_dated, stamp
from audit.services.verify import Installation, Verdict, verify_site
from audit.storage import checkpoints, registers, time_tokens
from audit.storage.engine import read
from audit.tlog.note import parse_note
from tests.clinic import Clinic, start_clinic
from tests.time_authority import TestAuthority, authority_at, granted, serving

DAY_MS = 86_400_000


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture(scope="module")
def openssl(tmp_path_factory: pytest.TempPathFactory) -> TestAuthority:
    return TestAuthority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def clinic(database_url: str, tmp_path: Path) -> Iterator[Clinic]:
    started = start_clinic(database_url, tmp_path, opened_ms=now_ms() - DAY_MS)
    started.checkpoint()
    started.clock.now_ms = now_ms()
    yield started
    started.register.engine.dispose()


def size_of(clinic: Clinic) -> int:
    with read(clinic.register.engine) as conn:
        latest = checkpoints.latest(conn, clinic.register.site)
    assert latest is not None
    return latest.size


def dated(clinic: Clinic, size: int) -> bytes:
    """What an authority is to date: here the whole note, for no cosigner's line is on it."""
    with read(clinic.register.engine) as conn:
        note = checkpoints.note_at(conn, clinic.register.site, size)
    assert note is not None
    return note.encode()


def token_at(clinic: Clinic, size: int) -> bytes | None:
    with read(clinic.register.engine) as conn:
        return time_tokens.at(conn, clinic.register.site, size)


def stamps_of(clinic: Clinic) -> list[events.Event]:
    with read(clinic.register.engine) as conn:
        page = registers.newest(conn, clinic.register.site, limit=50, kinds=("time_stamped",))
    return [entry.event for entry in page.entries]


def verified(clinic: Clinic, openssl: TestAuthority) -> Verdict:
    around = Installation(
        keyring=clinic.ground.keyring, signer=clinic.signer, time_certificates=openssl.root.read_bytes()
    )
    return verify_site(clinic.register.engine, clinic.register.site, around, now_ms=clinic.clock.now_ms)


def test_a_token_over_the_head_is_kept_and_named_in_the_log_and_openssl_takes_it(clinic, openssl):
    size = size_of(clinic)
    with serving(lambda query: granted(openssl.answer(query))) as url:
        entry = stamp(clinic.register, authority_at(url, openssl))
    token = token_at(clinic, size)
    assert token is not None
    event = entry.event
    assert isinstance(event, events.TimeStamped)
    assert (event.size, event.token_sha256) == (size, hashlib.sha256(token).hexdigest())
    assert abs(event.gen_ms - now_ms()) < 60_000
    assert event.gen_ms % 1000 != 0 or stamped_again_has_milliseconds(openssl)
    assert (entry.actor, entry.method) == ("service", "service")
    assert openssl.accepts(dated(clinic, size), token)
    assert not openssl.accepts(dated(clinic, size) + b"\n", token)


def stamped_again_has_milliseconds(openssl: TestAuthority) -> bool:
    """One token in a thousand falls on a whole second; two in a row do not."""
    from audit.services.time_token import build_request, read_reply

    return read_reply(openssl.answer(build_request(b"again").query)).gen_ms % 1000 != 0


def test_the_record_with_its_token_holds_and_says_by_whom_and_over_what(clinic, openssl):
    size = size_of(clinic)
    with serving(lambda query: granted(openssl.answer(query))) as url:
        stamp(clinic.register, authority_at(url, openssl))
    clinic.checkpoint()
    verdict = verified(clinic, openssl)
    assert verdict.findings == ()
    (check,) = [one for one in verdict.checks if one.rule == "time"]
    assert (check.state, check.why) == (
        "held",
        f"1 token, the last by Example Time Authority, Unit 1, over {size} entries",
    )
    dated_head = last_dated(clinic.register)
    assert dated_head is not None
    assert (dated_head.size, dated_head.authority) == (size, "Example Time Authority, Unit 1")


def test_the_same_head_is_dated_once_whoever_asks_again(clinic, openssl):
    asked = []

    def answer(query: bytes) -> tuple[int, str, bytes]:
        asked.append(query)
        return granted(openssl.answer(query))

    with serving(answer) as url:
        first = stamp(clinic.register, authority_at(url, openssl))
        again = stamp(clinic.register, authority_at(url, openssl))
    assert (first.index, len(asked), len(stamps_of(clinic))) == (again.index, 1, 1)


def test_a_token_kept_before_a_crash_is_named_by_the_next_attempt(clinic, openssl, monkeypatch):
    size = size_of(clinic)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with serving(lambda query: granted(openssl.answer(query))) as url:
        authority = authority_at(url, openssl)
        with monkeypatch.context() as patch:
            patch.setattr("audit.services.timestamps.record", crash)
            with pytest.raises(KeyboardInterrupt):
                stamp(clinic.register, authority)
        kept = token_at(clinic, size)
        assert kept is not None
        assert stamps_of(clinic) == []
        notices = [(one.check, one.found) for one in verified(clinic, openssl).notices]
        assert notices == [("time", f"one over {size} entries")]
        event = stamp(clinic.register, authority).event
    assert isinstance(event, events.TimeStamped)
    assert event.token_sha256 == hashlib.sha256(kept).hexdigest()


def refusal(clinic: Clinic, openssl: TestAuthority, answer) -> str:
    """Why an answer is not taken; nothing is kept of it and nothing written."""
    size = size_of(clinic)
    with serving(answer) as url, pytest.raises(TimeRefused) as refused:
        stamp(clinic.register, authority_at(url, openssl))
    assert (token_at(clinic, size), stamps_of(clinic)) == (None, [])
    clinic.enrol("C", "nurse")
    return str(refused.value)


def test_an_answer_that_is_no_reply_is_refused(clinic, openssl):
    assert refusal(clinic, openssl, lambda _: granted(b"<html>Welcome</html>")) == "bytes that are no reply of RFC 3161"


def test_a_reply_cut_short_is_refused(clinic, openssl):
    cut = refusal(clinic, openssl, lambda query: granted(openssl.answer(query)[:-100]))
    assert cut == "bytes that are no reply of RFC 3161"


def test_a_reply_to_another_request_is_refused(clinic, openssl):
    from audit.services.time_token import build_request

    other = openssl.answer(build_request(dated(clinic, size_of(clinic))).query)
    assert refusal(clinic, openssl, lambda _: granted(other)) == "the authority answered another request"


def test_a_token_over_something_else_is_refused(clinic, openssl):
    right = hashlib.sha256(dated(clinic, size_of(clinic))).digest()
    wrong = hashlib.sha256(b"another head").digest()
    said = refusal(clinic, openssl, lambda query: granted(openssl.answer(query.replace(right, wrong))))
    assert said == "the authority dated something else"


def test_a_token_of_an_authority_nobody_configured_is_refused(clinic, openssl, tmp_path):
    # Of the same name: only the key tells them apart.
    other = TestAuthority(tmp_path / "other")
    said = refusal(clinic, openssl, lambda query: granted(other.answer(query)))
    assert said == "a signature that does not hold (unable to get local issuer certificate)"


def test_a_token_whose_time_is_not_the_clinics_is_refused(clinic, openssl):
    clinic.clock.pass_minutes(10)
    said = refusal(clinic, openssl, lambda query: granted(openssl.answer(query)))
    assert said.startswith("this service's clock and the authority's are 6")


def test_more_bytes_than_a_reply_can_have_are_not_read(clinic, openssl):
    said = refusal(clinic, openssl, lambda _: granted(b"0" * 1_000_000))
    assert said == "the authority answered with more than 65536 bytes"


def test_an_error_page_is_refused(clinic, openssl):
    assert refusal(clinic, openssl, lambda _: (503, "text/html", b"")) == "the authority answered with HTTP status 503"


def test_a_redirect_is_not_followed(clinic, openssl):
    asked = []

    def away(query: bytes) -> tuple[int, str, bytes]:
        asked.append(query)
        return 302, "text/plain", b""

    assert refusal(clinic, openssl, away) == "the authority answered with HTTP status 302"
    assert len(asked) == 1


def test_another_content_type_is_refused(clinic, openssl):
    said = refusal(clinic, openssl, lambda query: (200, "text/plain", openssl.answer(query)))
    assert said == "the authority answered with something else than a time-stamp reply"


def test_a_refusal_of_the_authority_is_told(clinic, openssl):
    # The authority knows SHA-256 alone (its `digests`): it refuses another hash in its own words.
    sha256_oid, sha1_like = bytes.fromhex("0609608648016503040201"), bytes.fromhex("0609608648016503040203")
    said = refusal(clinic, openssl, lambda query: granted(openssl.answer(query.replace(sha256_oid, sha1_like))))
    assert said == "a refusal of the authority, status 2 (Message digest algorithm is not supported.)"


def test_an_authority_that_is_not_there_is_told_and_holds_up_nothing(clinic, openssl):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        with pytest.raises(TimeRefused, match=r"did not answer \(connection refused\)"):
            stamp(clinic.register, authority_at(url, openssl))


def test_an_authority_that_says_nothing_or_trickles_is_given_up(clinic, openssl, monkeypatch):
    monkeypatch.setattr(time_authority, "SILENT_S", 1)
    monkeypatch.setattr(time_authority, "WHOLE_S", 2)
    for trickle in (b"", b"H"):
        began = time.monotonic()
        with trickling(trickle) as url, pytest.raises(TimeRefused, match="did not answer"):
            stamp(clinic.register, authority_at(url, openssl))
        assert time.monotonic() - began < 4


class trickling:  # noqa: N801 -- reads as a context
    """A server that takes a request and sends one byte every half second, or none at all."""

    def __init__(self, one: bytes) -> None:
        self._one, self._socket, self._stop = one, socket.create_server(("127.0.0.1", 0)), threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}/"

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        talk, _ = self._socket.accept()
        with talk:
            while not self._stop.wait(0.5):
                try:
                    talk.sendall(self._one)
                except OSError:
                    return


def test_a_running_service_stamps_once_a_day_and_leaves_a_failing_authority_alone_for_a_while(clinic, openssl):
    asked = []

    def answer(query: bytes) -> tuple[int, str, bytes]:
        asked.append(query)
        return granted(openssl.answer(query)) if len(asked) > 1 else (503, "text/html", b"")

    with serving(answer) as url:
        keeper = Timekeeper(clinic.register, authority_at(url, openssl), clinic.checkpoint)
        keeper.stamp_daily()
        assert keeper.why_not == "the authority answered with HTTP status 503"
        keeper.stamp_daily()
        assert len(asked) == 1
        # Sixteen minutes later, by the clinic's clock; the authority's stands for the machine's.
        keeper._tried_ms = clinic.clock.now_ms - 16 * 60_000
        keeper.stamp_daily()
        assert (keeper.why_not, len(asked), len(stamps_of(clinic))) == ("", 2, 1)
        keeper._tried_ms = clinic.clock.now_ms - 16 * 60_000
        keeper.stamp_daily()
        assert len(asked) == 2
    assert verified(clinic, openssl).findings == ()


def test_without_an_authority_nothing_is_asked_and_it_is_said_why(clinic):
    keeper = Timekeeper(clinic.register, None, clinic.checkpoint)
    keeper.stamp_daily()
    assert keeper.stamp() is False
    assert (keeper.why_not, stamps_of(clinic), last_dated(clinic.register)) == (NO_AUTHORITY, [], None)


def test_a_cosigners_line_does_not_change_what_is_dated(clinic):
    note = dated(clinic, size_of(clinic)).decode()
    cosigner = "\u2014 cosigner.example.net " + "AAAA" * 26 + "\n"
    with_line = parse_note(note + cosigner)
    assert len(with_line.signatures) == 2
    assert dated_bytes(clinic.register.origin, with_line) == note.encode()


def test_certificates_that_are_none_or_too_many_are_refused(openssl):
    one = openssl.root.read_bytes()
    assert len(load_authorities(one + one).certificates) == 1
    for bad in (b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"x" * 300_000, one * 40):
        with pytest.raises(TimeRefused):
            load_authorities(bad)
