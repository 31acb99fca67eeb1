"""Outside eyes in the page: cosigners and their quorum, a time authority's tokens; and long logs."""

import io
import time
import zipfile
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from audit.domain import events
from audit.reports.evidence import read_evidence
from audit.services.bundles.contents import Recipient, contents_of
from audit.services.bundles.writing import write_bundle
from audit.services.evidence import verify_files
from audit.services.key_changes import recover_log_key, rotate_log_key
from audit.storage.engine import read
from audit.tlog.cosignature import CosigningKey
from audit.web.verify_page import verify_page_html
from tests.browser.forging import Entry, Judged, apart, judge, offline_page, open_parts, reforged, zipped
from tests.clinic import Clinic, start_clinic
from tests.services import test_key_changes as keys
from tests.services import test_report_time as dating
from tests.services.issued import files_of, live_one_session, report_of
from tests.time_authority import TestAuthority

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PHARMACY = CosigningKey("pharmacy.example.org/cosigner", b"a cosigner's seed of 32 bytes...")
SISTER = CosigningKey("sister.example.org/cosigner", b"another cosigner's 32 byte seed.")


@pytest.fixture(scope="module")
def page(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with offline_page(browser, tmp_path_factory.mktemp("page")) as opened:
        open_parts(opened)
        yield opened


def cosigned(clinic: Clinic, quorum: int) -> dict[str, bytes]:
    """Evidence of a log that names two cosigners, of which one has signed its head."""
    keys = tuple(one.verifier.to_string() for one in (PHARMACY, SISTER))
    clinic.act("A", events.CosignersChanged(cosigners=keys, quorum=quorum))
    live_one_session(clinic)
    files = files_of(clinic, report_of(clinic))
    text = files["checkpoint"].decode().partition("\n\n")[0] + "\n"
    line = PHARMACY.cosign(text, time_s=1_795_425_000).line()
    return files | {"checkpoint": files["checkpoint"] + line.encode()}


def short_of(judged: Judged) -> list[str]:
    return [one["text"] for one in judged.notices if "countersigned" in one["text"]]


@pytest.mark.parametrize("quorum", [1, 2])
def test_a_head_with_fewer_cosigners_than_the_log_wants_is_told_and_is_no_finding(
    quorum: int, page: Page, tmp_path: Path
) -> None:
    files = cosigned(start_clinic(f"sqlite:///{tmp_path / 'audit.db'}", tmp_path), quorum)
    judged = judge(page, zipped(files))
    ours, _ = verify_files(files)
    assert ours is not None
    assert ours.cosigning is not None
    assert (judged.failed, ours.findings) == (set(), ())
    said = ["The head is countersigned by 1 of 2 cosigners; 2 are wanted."]
    assert (short_of(judged), ours.cosigning.is_reached) == (([], True) if quorum == 1 else (said, False))
    end = "; " if quorum == 1 else ", where the log wants 2 cosigners; "
    assert f" and countersigned by pharmacy.example.org/cosigner{end}" in judged.sentence
    assert judge(page, zipped(files), PHARMACY.verifier.to_string()).checks[6] == "held"
    assert 6 in judge(page, zipped(files), SISTER.verifier.to_string()).failed
    stripped = "".join(files["checkpoint"].decode().splitlines(keepends=True)[:5]).encode()
    bare = judge(page, zipped(files | {"checkpoint": stripped}))
    assert (bare.failed, short_of(bare)) == (
        set(),
        [f"The head is countersigned by 0 of 2 cosigners; {quorum} are wanted."],
    )
    assert " and countersigned by nobody, where the log wants " in bare.sentence
    forged = files["checkpoint"] + SISTER.cosign("another\n", time_s=1).line().encode()
    assert judge(page, zipped(files | {"checkpoint": forged})).failed == {5}


@pytest.fixture(scope="module")
def dated(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A report of a log whose head a time authority dated."""
    home, authority = tmp_path_factory.mktemp("clinic"), tmp_path_factory.mktemp("authority")
    now_ms = time.time_ns() // 1_000_000
    clinic = start_clinic(f"sqlite:///{home / 'audit.db'}", home, opened_ms=now_ms - dating.DAY_MS)
    clinic.receive(count=2)
    clinic.clock.now_ms = now_ms
    return apart(lambda: dating.dated(clinic, home, TestAuthority(authority), 2))


def test_a_time_authoritys_tokens_are_checked_with_the_file_alone(page: Page, dated: bytes) -> None:
    judged = judge(page, dated)
    assert judged.failed == set()
    assert judged.checks[8] == "held"


@pytest.mark.parametrize("suffix", [".tsr", ".note"])
def test_a_token_that_was_touched_is_a_finding_of_both(suffix: str, page: Page, dated: bytes) -> None:
    files = dict(read_evidence(dated))
    name = next(one for one in files if one.endswith(suffix))
    for at in range(0, len(files[name]), max(1, len(files[name]) // 12)):
        spoilt = files[name][:at] + bytes([files[name][at] ^ 1]) + files[name][at + 1 :]
        ours, problems = verify_files(files | {name: spoilt})
        assert ours is not None
        assert not (ours.holds and not problems)
        assert judge(page, zipped(files | {name: spoilt})).failed == {8}


def test_tokens_that_do_not_travel_along_are_not_checked_and_said_so(page: Page, dated: bytes) -> None:
    files = {name: content for name, content in read_evidence(dated).items() if not name.endswith(".tsr")}
    judged = judge(page, zipped(files))
    assert (judged.checks[8], judged.state) == ("not checked", "unanchored")


def head(clinic: Clinic) -> str:
    return keys.latest(clinic).note


def test_a_rotated_key_is_followed_from_the_checkpoint_of_both(page: Page, tmp_path: Path) -> None:
    clinic = start_clinic(f"sqlite:///{tmp_path / 'audit.db'}", tmp_path)
    live_one_session(clinic)
    old = clinic.log_key.to_string()
    new = rotate_log_key(clinic.register, clinic.signer, keys.administrator(clinic)).to_string()
    both, both_note = zipped(files_of(clinic, report_of(clinic))), head(clinic)
    assert {judge(page, both, key).state for key in (old, new)} == {"anchored"}
    clinic.register_patient()
    clinic.checkpoint()
    later = zipped(files_of(clinic, report_of(clinic)))
    assert judge(page, later, new).state == "anchored"
    # The old key says nothing of a head that it did not sign; the checkpoint of both does, up to its own size.
    assert [judge(page, later, held).state for held in (old, both_note)] == ["unanchored", "begun"]


def test_heads_that_a_thief_signed_tie_nothing_down(page: Page, tmp_path: Path) -> None:
    clinic = start_clinic(f"sqlite:///{tmp_path / 'audit.db'}", tmp_path)
    clinic.checkpoint()
    cut_off, stolen = keys.latest(clinic), clinic.log_key.to_string()
    clinic.register_patient()
    clinic.checkpoint()
    by_thief = head(clinic)
    where = events.SeenHead(size=cut_off.size, root=cut_off.root.hex())
    by = keys.administrator(clinic)
    recover_log_key(clinic.register, clinic.signer, by, clinic.recovery_seed, cut_off=where)
    data = zipped(files_of(clinic, report_of(clinic)))
    held = (cut_off.note, by_thief, stolen, clinic.log_key.to_string())
    assert [judge(page, data, one).state for one in held] == ["begun", "failed", "unanchored", "anchored"]


def test_a_log_that_follows_a_frozen_one_names_the_gap(page: Page, tmp_path: Path) -> None:
    clinic = start_clinic(f"sqlite:///{tmp_path / 'audit.db'}", tmp_path)
    live_one_session(clinic)
    gap = {"log": "audit.example.org/log/old", "size": 9, "root": "ab" * 32}
    gap |= {"surviving_size": 7, "surviving_root": "cd" * 32}

    def follow(entries: list[Entry]) -> None:
        entries[0]["act"]["facts"]["succeeds"] = gap

    judged = judge(page, zipped(reforged(files_of(clinic, report_of(clinic)), follow)))
    said = "This log follows audit.example.org/log/old, which reached 9 entries; 2 entries of it are lost."
    assert (judged.failed, [one["text"] for one in judged.notices][:1]) == (set(), [said])


def bundle_of(clinic: Clinic) -> dict[str, bytes]:
    """The files of a whole-log bundle as `audit export` writes them."""
    out = io.BytesIO()
    with read(clinic.register.engine) as conn:
        days = ("2026-11-23", "2026-11-23")
        contents = contents_of(conn, clinic.register, report="rp_00000001", days=days, recipient=Recipient())
        write_bundle(out, contents, page=verify_page_html())
    with zipfile.ZipFile(out) as archive:
        assert archive.read("verify.html") == verify_page_html()
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_bundle_as_it_is_exported_holds_and_each_of_its_tiles_counts(page: Page, tmp_path: Path) -> None:
    clinic = start_clinic(f"sqlite:///{tmp_path / 'audit.db'}", tmp_path)
    live_one_session(clinic)
    files = bundle_of(clinic)
    assert judge(page, zipped(files), files["vkey"].decode()).state == "anchored"
    tiles = [name for name in files if name.startswith("tile/")]
    assert len(tiles) == 2
    for name in tiles:
        for spoilt in (files[name][:-1], files[name][:9] + bytes([files[name][9] ^ 1]) + files[name][10:]):
            assert judge(page, zipped(files | {name: spoilt})).failed == {4}


def long_log(files: Mapping[str, bytes], length: int) -> bytes:
    def change(entries: list[Entry]) -> None:
        patient = next(entry for entry in entries if entry["act"]["kind"] == "patient_registered")
        patient.pop("_leaf")
        for number in range(length - len(entries)):
            more = deepcopy(patient)
            more["act"] |= {"nonce": f"{number:032x}", "facts": {"patient": f"pt_{number:08d}"}}
            more["recorded_ms"] = entries[-1]["recorded_ms"]
            entries.append(more)

    return zipped(reforged(files, change))


def test_a_log_of_20_000_entries_is_judged_while_the_page_answers(browser: Browser, tmp_path: Path) -> None:
    clinic = start_clinic(f"sqlite:///{tmp_path / 'audit.db'}", tmp_path)
    live_one_session(clinic)
    data = long_log(files_of(clinic, report_of(clinic)), 20_000)
    with offline_page(browser, tmp_path) as page:
        page.evaluate(
            "window.gaps = []; let last = performance.now();"
            "setInterval(() => { const now = performance.now(); gaps.push(now - last); last = now; }, 20);"
        )
        started = time.monotonic()
        page.set_input_files("#file", [{"name": "long.zip", "mimeType": "application/zip", "buffer": data}])
        expect(page.locator("#status")).to_have_text("Checked.", timeout=120_000)
        assert time.monotonic() - started < 90
        assert page.inner_text(".vcard h2") == "Consistent, unanchored"
        # A slice is 24 ms; the rest is for machines that do other things as well.
        assert page.evaluate("Math.max(...gaps)") < 1000
