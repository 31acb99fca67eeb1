"""A bundle of a log that outside eyes watch: tokens, cosigners' lines and their keys travel, and hold by themselves."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from audit.services.bundles.check import verify_bundle
from audit.services.bundles.export import Extras
from audit.services.verify import Anchor
from audit.tlog.cosignature import CosignerKey
from tests.clinic import start_clinic
from tests.services.bundled import (
    PHARMACY,
    SISTER,
    asked_of,
    files_in,
    issue,
    live_under_outside_eyes,
    rewritten,
    today,
)
from tests.services.cosigning_from_the_standard import cosigned_at
from tests.time_authority import TestAuthority

DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TestAuthority:
    return TestAuthority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def bundle(authority: TestAuthority, migrated_url: str, tmp_path: Path) -> Path:
    """The bundle of a clinic whose log two cosigners and a time authority watch."""
    now_ms = time.time_ns() // 1_000_000
    clinic = start_clinic(migrated_url, tmp_path, opened_ms=now_ms - DAY_MS)
    live_under_outside_eyes(clinic, authority)
    path = tmp_path / "bundle.zip"
    day = today(clinic)
    issue(
        clinic, path, replace(asked_of(clinic), first=day, last=day), Extras(certificates=authority.root.read_bytes())
    )
    clinic.register.engine.dispose()
    return path


def outcome(path: Path, rule: str, anchor: Anchor | None = None) -> tuple[str, str]:
    log = verify_bundle(path, anchor=anchor).log
    assert log is not None
    return next((one.state, one.why) for one in log.checks if one.rule == rule)


def tokens(files: dict[str, bytes]) -> list[str]:
    return sorted((name for name in files if name.endswith(".tsr")), key=lambda name: int(name[5:-4]))


def test_tokens_notes_certificates_lines_and_keys_are_all_in_it(bundle: Path, authority: TestAuthority) -> None:
    files = files_in(bundle)
    named = tokens(files)
    assert len(named) == 2
    assert {name for name in files if name.startswith("time/")} == {
        *named,
        *(name.replace(".tsr", ".note") for name in named),
        "time/certificates.pem",
    }
    assert files["time/certificates.pem"] == authority.root.read_bytes()
    assert files["vkey"].decode().splitlines()[1:] == [PHARMACY.vkey, SISTER.vkey]
    text, lines = files["checkpoint"].decode().split("\n\n")
    (line,) = [one for one in lines.splitlines() if one.startswith(f"\u2014 {PHARMACY.name} ")]
    assert cosigned_at(PHARMACY.vkey, f"{text}\n", f"{line}\n") == 1_795_425_000


def test_openssl_accepts_each_token_of_the_bundle_over_the_note_beside_it(
    bundle: Path, authority: TestAuthority
) -> None:
    files = files_in(bundle)
    for name in tokens(files):
        note = files[name.replace(".tsr", ".note")]
        assert authority.accepts(note, files[name])
        assert not authority.accepts(note + b"\n", files[name])


def test_it_holds_by_itself_and_says_the_quorum_and_who_dated_it(bundle: Path) -> None:
    verdict = verify_bundle(bundle)
    assert verdict.findings == ()
    assert verdict.log is not None
    assert (verdict.log.findings, verdict.holds) == ((), True)
    size = int(tokens(files_in(bundle))[-1][5:-4])
    said = f"2 tokens, the last by Example Time Authority, Unit 1, over {size} entries"
    assert outcome(bundle, "time") == ("held", f"{said}; certificates as they came with it")
    cosigning = verdict.log.cosigning
    assert cosigning is not None
    assert cosigning.sentence == f"countersigned by 1 of 2 cosigners, 1 wanted ({PHARMACY.name})"
    assert cosigning.reached_size == verdict.log.size
    known = Anchor(cosigners=(CosignerKey.from_string(PHARMACY.vkey),))
    assert f"Unaltered: all {verdict.log.size} entries stand" in verify_bundle(bundle, anchor=known).sentence


@pytest.mark.parametrize("part", ["token", "note", "line", "key"])
def test_each_part_from_outside_that_was_changed_is_a_finding(part: str, bundle: Path, tmp_path: Path) -> None:
    def change(files: dict[str, bytes]) -> None:
        token = tokens(files)[0]
        note = token.replace(".tsr", ".note")
        match part:
            case "token":
                files[token] = files[token][:-1] + bytes([files[token][-1] ^ 1])
            case "note":
                files[note] = files[note].replace(b"\n", b"\n0", 1)
            case "line":
                head, _, last = files["checkpoint"].rpartition(b" ")
                files["checkpoint"] = head + b" " + last[:30] + (b"A" if last[30:31] != b"A" else b"B") + last[31:]
            case _:
                files["vkey"] = files["vkey"].replace(SISTER.vkey.encode() + b"\n", b"")

    verdict = verify_bundle(rewritten(bundle, change, to=tmp_path / "changed.zip"))
    assert verdict.log is not None
    found = {one.check for one in (*verdict.findings, *verdict.log.findings)}
    assert found == {"token": {"time"}, "note": {"time"}, "line": {"checkpoint"}, "key": {"bundle"}}[part]


def test_stripped_lines_are_told_as_a_quorum_that_is_not_reached(bundle: Path, tmp_path: Path) -> None:
    def strip(files: dict[str, bytes]) -> None:
        files["checkpoint"] = files["checkpoint"].partition("\u2014 pharmacy".encode())[0]

    log = verify_bundle(rewritten(bundle, strip, to=tmp_path / "stripped.zip")).log
    assert log is not None
    assert log.cosigning is not None
    assert log.cosigning.sentence == "countersigned by 0 of 2 cosigners, 1 wanted"
    assert [one.check for one in log.notices if one.check == "checkpoint"] == ["checkpoint"]
