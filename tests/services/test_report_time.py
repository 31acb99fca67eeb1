"""A report carries the tokens its log names: others can check them, and one that was changed is named."""

import json
import socket
import time
from pathlib import Path

import pytest

from audit.reports.evidence import read_evidence
from audit.services import report
from audit.services.evidence import verify_files, verify_pdf
from audit.services.reporting.press import Press
from audit.services.timestamps import Timekeeper
from tests.clinic import OFFSET_MIN, Clinic, start_clinic
from tests.time_authority import TestAuthority, authority_at, granted, serving

DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def openssl(tmp_path_factory: pytest.TempPathFactory) -> TestAuthority:
    return TestAuthority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    """A clinic that opened yesterday, by the machine's clock, which is the authority's."""
    now_ms = time.time_ns() // 1_000_000
    started = start_clinic(f"sqlite:///{tmp_path / 'audit.db'}", tmp_path, opened_ms=now_ms - DAY_MS)
    started.receive(count=2)
    started.clock.now_ms = now_ms
    return started


def issue(clinic: Clinic, home: Path, keeper: Timekeeper | None) -> bytes:
    day = time.strftime("%Y-%m-%d", time.gmtime(clinic.clock.now_ms // 1000 - 86_400))
    (home / "reports").mkdir(exist_ok=True)
    press = Press(home / "reports", home / "keys")
    asked = report.Asked(
        report=clinic.identifier("rp"), first=day, last=day, nonce=clinic.nonce(), actor=clinic.people["M"],
        offset_min=OFFSET_MIN,
    )  # fmt: skip
    return report.issue(clinic.register, clinic.checkpoint, press, asked, keeper).file.read_bytes()


def dated(clinic: Clinic, home: Path, openssl: TestAuthority, times: int = 1) -> bytes:
    with serving(lambda query: granted(openssl.answer(query))) as url:
        keeper = Timekeeper(clinic.register, authority_at(url, openssl), clinic.checkpoint)
        return [issue(clinic, home, keeper) for _ in range(times)][-1]


def printed(pdf: bytes) -> str:
    said: str = json.loads(read_evidence(pdf)["report.json"])["verification"]["time"]
    return said


def time_of(verdict) -> tuple[str, str]:
    return next((one.state, one.why) for one in verdict.checks if one.rule == "time")


def test_a_report_is_dated_and_openssl_checks_the_token_taken_out_of_it(clinic, tmp_path, openssl):
    pdf = dated(clinic, tmp_path, openssl)
    files = read_evidence(pdf)
    size = json.loads(files["manifest.json"])["size"] - 1
    assert {name for name in files if name.startswith("time/")} == {
        f"time/{size}.tsr",
        f"time/{size}.note",
        "time/certificates.pem",
    }
    assert openssl.accepts(files[f"time/{size}.note"], files[f"time/{size}.tsr"])
    assert files["time/certificates.pem"] == openssl.root.read_bytes()
    assert printed(pdf).startswith(f"Example Time Authority, Unit 1 dated the head of {size} entries: ")
    assert printed(pdf).endswith(" (RFC 3161).")


def test_verifying_the_report_checks_its_tokens_and_says_whose_word_the_certificates_are(clinic, tmp_path, openssl):
    pdf = dated(clinic, tmp_path, openssl, times=2)
    sizes = sorted(int(name[5:-4]) for name in read_evidence(pdf) if name.endswith(".tsr"))
    assert len(sizes) == 2
    verdict = verify_pdf(pdf)
    assert (verdict.findings, verdict.holds) == ((), True)
    what = f"2 tokens, the last by Example Time Authority, Unit 1, over {sizes[-1]} entries"
    assert time_of(verdict.log) == ("held", f"{what}; certificates as they came with it")
    outside = verify_pdf(pdf, time_certificates=openssl.root.read_bytes())
    assert time_of(outside.log) == ("held", what)


def test_certificates_from_elsewhere_that_are_anothers_are_a_finding(clinic, tmp_path, openssl):
    pdf = dated(clinic, tmp_path, openssl)
    other = TestAuthority(tmp_path / "other", "Somebody Else")
    verdict = verify_pdf(pdf, time_certificates=other.root.read_bytes())
    assert verdict.log is not None
    assert [one.check for one in verdict.log.findings] == ["time"]
    assert not verdict.holds


@pytest.mark.parametrize("change", ["cut", "note", "certificates", "huge"])
def test_a_token_changed_inside_the_evidence_is_named(clinic, tmp_path, openssl, change):
    files = read_evidence(dated(clinic, tmp_path, openssl))
    token = next(name for name in files if name.endswith(".tsr"))
    match change:
        case "cut":
            files[token] = files[token][:-10]
        case "huge":
            files[token] = b"0" * 1_000_000
        case "note":
            files[token.replace(".tsr", ".note")] = b"not a note"
        case _:
            files["time/certificates.pem"] = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    log, _ = verify_files(files)
    assert log is not None
    assert [one.check for one in log.findings] == ["time"]


def test_tokens_taken_out_of_the_evidence_are_not_checked_and_the_printed_name_is_missed(clinic, tmp_path, openssl):
    files = read_evidence(dated(clinic, tmp_path, openssl))
    left = {name: content for name, content in files.items() if not name.startswith("time/")}
    log, findings = verify_files(left)
    assert log is not None
    assert log.findings == ()
    assert time_of(log) == ("not checked", "1 not checked: the token is not at hand")
    assert [one.expected.partition(" of the report")[0] for one in findings] == ["verification.time"]


def test_a_report_without_an_authority_says_so(clinic, tmp_path):
    pdf = issue(clinic, tmp_path, Timekeeper(clinic.register, None, clinic.checkpoint))
    assert printed(pdf) == "No time authority dated this log: no time authority is configured."
    assert printed(issue(clinic, tmp_path, None)) == printed(pdf)
    verdict = verify_pdf(pdf)
    assert verdict.holds
    assert time_of(verdict.log) == ("not checked", "no time authority dated this log")


def test_a_report_is_issued_without_an_authority_that_does_not_answer_and_says_why(clinic, tmp_path, openssl):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        authority = authority_at(f"http://127.0.0.1:{taken.getsockname()[1]}/", openssl)
        pdf = issue(clinic, tmp_path, Timekeeper(clinic.register, authority, clinic.checkpoint))
    assert printed(pdf) == ("No time authority dated this log: the authority did not answer (connection refused).")
    assert verify_pdf(pdf).holds


def test_a_report_after_a_dated_one_names_the_token_it_has_and_why_there_is_no_newer(clinic, tmp_path, openssl):
    dated(clinic, tmp_path, openssl)
    with serving(lambda _: (503, "text/html", b"")) as url:
        keeper = Timekeeper(clinic.register, authority_at(url, openssl), clinic.checkpoint)
        pdf = issue(clinic, tmp_path, keeper)
    assert printed(pdf).startswith("Example Time Authority, Unit 1 dated the head of ")
    assert printed(pdf).endswith("There is no newer token: the authority answered with HTTP status 503.")
    assert verify_pdf(pdf).holds
