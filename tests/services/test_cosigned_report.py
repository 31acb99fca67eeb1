"""A report prints how many cosigned its head, and its evidence shows it again with nothing but the file."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.domain import events
from audit.services.evidence import verify_files
from audit.services.proofs import check_entry, prove_entry
from audit.storage import checkpoints, cosignatures, log
from audit.storage.cosignatures import CosignatureRow
from audit.storage.engine import read, write
from audit.tlog.cosignature import CosigningKey
from tests.clinic import Clinic, start_clinic
from tests.services.issued import Made, files_of, live_one_session, report_of

PHARMACY = CosigningKey("pharmacy.example.org/cosigner", b"a cosigner's seed of 32 bytes...")
SISTER = CosigningKey("sister.example.org/cosigner", b"another cosigner's 32 byte seed.")


@pytest.fixture(params=[1, 2])
def quorum(request: pytest.FixtureRequest) -> int:
    return request.param


@pytest.fixture
def clinic(migrated_url: str, tmp_path: Path, quorum: int) -> Iterator[Clinic]:
    """A day on a log with two cosigners, of which the pharmacy has countersigned the head."""
    started = start_clinic(migrated_url, tmp_path)
    keys = tuple(one.verifier.to_string() for one in (PHARMACY, SISTER))
    started.act("A", events.CosignersChanged(cosigners=keys, quorum=quorum))
    live_one_session(started)
    with write(started.register.engine) as conn:
        head = checkpoints.latest(conn, started.register.site)
        assert head is not None
        line = PHARMACY.cosign(head.note.partition("\n\n")[0] + "\n", time_s=1_795_425_000).line()
        cosignatures.save(conn, started.register.site, CosignatureRow(head.size, PHARMACY.verifier.name, line))
    yield started
    started.register.engine.dispose()


@pytest.fixture
def made(clinic: Clinic) -> Made:
    return report_of(clinic)


def test_the_report_prints_the_quorum_reached_and_the_cosigners_keys(made: Made, quorum: int) -> None:
    sentences = {
        1: "Unaltered since 23 Nov 2026, cosigned outside by 1 of 2.",
        2: "Unaltered since 23 Nov 2026, not yet anchored outside.",
    }
    seconds = {1: "1 wanted, reached", 2: "2 wanted, not reached"}
    assert made.report.verdict.sentences == (sentences[quorum],)
    fact = made.report.verification.facts[1]
    assert (fact.label, fact.value, fact.second) == ("Cosigned by", "1 of 2", seconds[quorum])
    assert made.report.verification.is_anchored == (quorum == 1)
    lines = [(one.role, one.held_by) for one in made.report.verification.keys]
    assert lines[2:] == [
        ("Cosigner", "pharmacy.example.org/cosigner, outside"),
        ("Cosigner", "sister.example.org/cosigner, outside"),
    ]


def test_the_evidence_carries_the_lines_and_keys_and_holds(clinic: Clinic, made: Made, quorum: int) -> None:
    files = files_of(clinic, made)
    assert files["checkpoint"].decode().count("\u2014 pharmacy.example.org/cosigner ") == 1
    assert files["vkey"].decode().split("\n")[1:] == [
        PHARMACY.verifier.to_string(),
        SISTER.verifier.to_string(),
        "",
    ]
    verdict, findings = verify_files(files)
    assert findings == ()
    assert verdict is not None
    assert verdict.holds
    assert verdict.cosigning is not None
    assert (verdict.cosigning.names, verdict.cosigning.is_reached) == (("pharmacy.example.org/cosigner",), quorum == 1)


def test_stripped_lines_do_not_agree_with_the_printed_quorum(clinic: Clinic, made: Made) -> None:
    files = files_of(clinic, made)
    bare = files["checkpoint"].partition("\u2014 pharmacy".encode())[0]
    report = json.loads(files["report.json"])
    report["verification"]["note"] = bare.decode()
    verdict, findings = verify_files(files | {"checkpoint": bare, "report.json": json.dumps(report).encode()})
    assert verdict is not None
    assert verdict.holds, "the log itself does"
    assert any("facts[1].value" in one.expected and one.found == '"1 of 2"' for one in findings)


def test_a_line_that_does_not_hold_is_a_finding(clinic: Clinic, made: Made) -> None:
    files = files_of(clinic, made)
    forged = PHARMACY.cosign("another\n", time_s=1).line().encode()
    bare = files["checkpoint"].partition("\u2014 pharmacy".encode())[0]
    verdict, _ = verify_files(files | {"checkpoint": bare + forged})
    assert verdict is not None
    assert [(one.check, one.found) for one in verdict.findings] == [
        ("checkpoint", "a line of pharmacy.example.org/cosigner that does not hold")
    ]


@pytest.mark.parametrize("keys", [(), (PHARMACY,), (SISTER, PHARMACY), (PHARMACY, SISTER, SISTER)])
def test_other_cosigners_keys_beside_the_evidence_are_named(
    clinic: Clinic, made: Made, keys: tuple[CosigningKey, ...]
) -> None:
    files = files_of(clinic, made)
    first = files["vkey"].split(b"\n")[0] + b"\n"
    others = "".join(f"{one.verifier.to_string()}\n" for one in keys).encode()
    _, findings = verify_files(files | {"vkey": first + others})
    expected = "the verifier keys of the cosigners in force after that line of vkey"
    assert [(one.expected, one.found) for one in findings] == [(expected, "others")]


def test_the_proof_of_an_entry_carries_the_cosigners_lines(clinic: Clinic) -> None:
    proof = prove_entry(clinic.register.engine, clinic.register.site, 1)
    assert proof.endswith("\n")
    assert "\n\u2014 pharmacy.example.org/cosigner " in proof
    with read(clinic.register.engine) as conn:
        entry = log.entry(conn, clinic.register.site, 1)
    assert entry is not None
    key = next(part for part in opened(clinic).split('"') if part.startswith(f"{clinic.register.origin}+"))
    assert check_entry(proof, entry.body, (key,)).index == 1


def opened(clinic: Clinic) -> str:
    with read(clinic.register.engine) as conn:
        entry = log.entry(conn, clinic.register.site, 0)
    assert entry is not None
    return entry.body.decode()
