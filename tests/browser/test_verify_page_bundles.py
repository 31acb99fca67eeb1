"""Bundles as the service issues them, judged by the page: of a log that outside eyes watch, and after an erasure."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from audit.domain import events
from audit.services.bundles.check import verify_bundle
from audit.services.bundles.export import Extras
from tests.browser.forging import apart, judge, offline_page, open_parts, zipped
from tests.clinic import start_clinic
from tests.services import test_erasure as erasing
from tests.services.bundled import PHARMACY, asked_of, files_in, issue, live_under_outside_eyes, today
from tests.time_authority import TestAuthority

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DAY_MS = 86_400_000
ERASED = "Sealed values were erased with their patient."


@pytest.fixture(scope="module")
def page(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with offline_page(browser, tmp_path_factory.mktemp("page")) as opened:
        open_parts(opened)
        yield opened


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of a clinic whose log two cosigners and a time authority watch."""
    home = tmp_path_factory.mktemp("clinic")
    authority = TestAuthority(tmp_path_factory.mktemp("authority"))
    opened_ms = time.time_ns() // 1_000_000 - DAY_MS
    clinic = start_clinic(f"sqlite:///{home / 'audit.db'}", home, opened_ms=opened_ms)
    apart(lambda: live_under_outside_eyes(clinic, authority))
    asked = replace(asked_of(clinic), first=today(clinic), last=today(clinic))
    issue(clinic, home / "bundle.zip", asked, Extras(certificates=authority.root.read_bytes()))
    return home / "bundle.zip"


def test_the_page_and_the_command_say_the_same_of_a_log_that_outside_eyes_watch(page: Page, watched: Path) -> None:
    ours = verify_bundle(watched)
    assert ours.log is not None
    assert (ours.holds, ours.log.findings) == (True, ())
    theirs = judge(page, watched.read_bytes())
    assert (theirs.state, theirs.findings) == ("unanchored", [])
    assert [theirs.checks[number] for number in (5, 8)] == ["held", "held"]
    assert f"and countersigned by {PHARMACY.name}; " in theirs.sentence
    anchored = judge(page, watched.read_bytes(), PHARMACY.vkey)
    assert (anchored.state, anchored.failed) == ("anchored", set())


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("ending", [".tsr", ".note"])
def test_a_token_or_note_of_a_bundle_that_was_changed_is_a_finding_of_the_page(
    ending: str, which: int, page: Page, watched: Path
) -> None:
    files = files_in(watched)
    name = sorted(one for one in files if one.endswith(ending))[which]
    spoilt = files | {name: files[name][:-9] + bytes([files[name][-9] ^ 1]) + files[name][-8:]}
    assert judge(page, zipped(spoilt)).failed == {8}


def test_without_the_cosigner_s_line_the_page_says_that_nobody_countersigned(page: Page, watched: Path) -> None:
    files = files_in(watched)
    bare = files["checkpoint"].partition("\u2014 pharmacy".encode())[0]
    theirs = judge(page, zipped(files | {"checkpoint": bare}))
    assert theirs.failed == set()
    assert " and countersigned by nobody, where the log wants 1 cosigner; " in theirs.sentence


def test_a_report_made_before_an_erasure_and_a_bundle_made_after_it_are_judged_without_a_finding(
    page: Page, tmp_path: Path
) -> None:
    clinic = start_clinic(f"sqlite:///{tmp_path / 'audit.db'}", tmp_path)
    (tmp_path / "reports").mkdir()
    (vial,) = clinic.receive(count=1)
    patient, other = erasing.registered(clinic), erasing.registered(clinic, name="Other Placeholder")
    clinic.open_session(patient=patient)
    clinic.whole_session(vial)
    before = apart(lambda: erasing.report_for(clinic, tmp_path / "reports", tmp_path))
    clinic.clock.pass_minutes(erasing.RETENTION_MIN)
    done = erasing.erase(clinic, patient, tmp_path / "reports")
    issue(clinic, tmp_path / "bundle.zip")
    assert verify_bundle(tmp_path / "bundle.zip").holds
    theirs = judge(page, (tmp_path / "bundle.zip").read_bytes())
    assert (theirs.findings, theirs.checks[9]) == ([], "held")
    assert judge(page, before.file.read_bytes()).findings == []
    # Who the patient was, their session's weight and dose by weight, and the request's note; not the other's identity.
    (said,) = [one["index"] for one in theirs.notices if one["text"] == ERASED]
    entries = clinic.book(f"patient:{patient}").entries.values()
    kinds = (events.PatientRegistered, events.SessionOpened, events.ErasureRequested)
    assert said == sorted(one.index for one in entries if isinstance(one.event, kinds))
    assert len(said) == 3
    (kept,) = (one.index for one in clinic.book(f"patient:{other}").entries.values())
    assert kept not in said
    assert done.index > max(said)
