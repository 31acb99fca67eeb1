"""Two implementations, one verdict: the page's script and `audit verify-pdf` judge the same forged evidence.

The script was written from docs/log-format.md alone. Where one of the two objects and the other does not, one of them,
or the page of the format, is wrong.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from audit.domain import commands, events
from audit.domain.book import Recorded
from audit.services.evidence import verify_files
from tests.browser.forgeries import FORGED, by_passkey, facts
from tests.browser.forging import judge, offline_page, open_parts, reforged, with_lines, zipped
from tests.clinic import Clinic, start_clinic
from tests.services.issued import files_of, report_of

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Evidence of a clinic with a session, a count, a correction, acts signed later, somebody who left and a report."""
    home = tmp_path_factory.mktemp("clinic")
    clinic = start_clinic(f"sqlite:///{home / 'audit.db'}", home)
    live(clinic)
    clinic.checkpoint()
    made = files_of(clinic, report_of(clinic))
    (home / "evidence.zip").write_bytes(zipped(made))
    return made


def live(clinic: Clinic) -> None:
    """Two sessions, an act signed later, a correction with what takes its place, and an administrator who left."""
    vials = clinic.receive(count=3)
    clinic.enrol("L", "nurse", "clinician", "administrator")
    clinic.whole_session(vials[0])
    way = clinic.on_the_way("B", product(clinic, "00000099"))
    clinic.act("B", signing(way))
    wrong = clinic.on_the_way("B", product(clinic, "00000098"))
    strike = clinic.order("B", commands.StrikeEntry(of=wrong.ref, reason="mistyped", replacements=1))
    clinic.record([strike, clinic.order("B", product(clinic, "00000097"), answers_strike=True)])
    clinic.whole_session(vials[1])
    clinic.act("A", events.PersonEnded(person=clinic.people["L"], reason="left"))


def product(clinic: Clinic, code: str) -> events.ProductRegistered:
    return events.ProductRegistered(
        product=clinic.identifier("pr"),
        code_system="din",
        code=code,
        name="Ketamine hydrochloride injection",
        labeller="Example Labs",
        form="solution",
        concentration_ug_per_ml=10_000,
        volume_ul=10_000,
        multi_dose=True,
    )


def signing(way: Recorded) -> events.ActsSigned:
    at = way.ref
    return events.ActsSigned(from_index=at.index, to_index=at.index, leaf=at.leaf, indexes=(at.index,))


@pytest.fixture(scope="module")
def page(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The page as saved to a disk, with the network off, and its sources laid open beside it."""
    with offline_page(browser, tmp_path_factory.mktemp("page")) as opened:
        open_parts(opened)
        yield opened


@pytest.mark.parametrize("name", FORGED)
def test_both_implementations_judge_a_forged_history_alike(name: str, files: dict[str, bytes], page: Page) -> None:
    check, change = FORGED[name]
    made = reforged(files, change)
    log, _ = verify_files(made)
    assert log is not None
    ours = {found.rule.number for found in log.checks if found.state == "failed"}
    theirs = judge(page, zipped(made))
    # What follows from an entry that cannot be read may be told in more or fewer findings; the first check is the same.
    expected = check or None
    assert (min(ours, default=None), min(theirs.failed, default=None)) == (expected, expected)


def test_a_passkey_that_nobody_enrolled_never_holds(files: dict[str, bytes], page: Page) -> None:
    made = reforged(files, by_passkey)
    log, _ = verify_files(made)
    assert log is not None
    assert (log.holds, judge(page, zipped(made)).failed) == (False, {7})


@pytest.mark.parametrize("name", ["flipped", "dropped", "swapped", "cut", "spaced", "added", "emptied"])
def test_both_implementations_object_to_bytes_that_were_touched(name: str, files: dict[str, bytes], page: Page) -> None:
    made = with_lines(files, touched(files["entries.jsonl"].splitlines())[name])
    log, problems = verify_files(made)
    theirs = judge(page, zipped(made))
    assert log is not None
    assert (log.holds and not problems, theirs.state) == (False, "failed")


def touched(lines: list[bytes]) -> dict[str, list[bytes]]:
    """The lines of a log with one thing done to them by hand."""
    return {
        "flipped": [
            *lines[:9],
            lines[9].replace(b'"given', b'"gyven').replace(b'"recorded_ms":1', b'"recorded_ms":2'),
            *lines[10:],
        ],
        "dropped": [*lines[:9], *lines[10:]],
        "swapped": [*lines[:9], lines[10], lines[9], *lines[11:]],
        "cut": lines[:-1],
        "spaced": [*lines[:9], lines[9].replace(b":", b": ", 1), *lines[10:]],
        "added": [*lines, lines[-1]],
        "emptied": [*lines[:9], b"", *lines[9:]],
    }


def test_both_implementations_object_to_a_checkpoint_under_another_key(files: dict[str, bytes], page: Page) -> None:
    made = files | {name: reforged(files, lambda entries: None)[name] for name in ("checkpoint", "vkey")}
    log, _ = verify_files(made)
    assert log is not None
    ours = {found.rule.number for found in log.checks if found.state == "failed"}
    assert (ours, judge(page, zipped(made)).failed) == ({5}, {4, 5})


@pytest.mark.parametrize(
    ("change", "holds"),
    [
        ((b"Patient", b"Patient"), True),
        ((b"Patient", b"Another"), False),
        ((b'"name"', b'"note"'), False),
        ((b'"r": "', b'"r": "00'), False),
        ((b'"index": ', b'"index": 9'), False),
    ],
)
def test_both_implementations_judge_an_opened_seal_alike(
    change: tuple[bytes, bytes], holds: bool, files: dict[str, bytes], page: Page
) -> None:
    made = files | {"sealed.jsonl": files["sealed.jsonl"].replace(*change, 1)}
    log, problems = verify_files(made)
    assert log is not None
    theirs = judge(page, zipped(made))
    assert (log.holds and not problems, theirs.failed) == (holds, set() if holds else {9})


def test_a_history_made_anew_under_fresh_keys_holds_and_is_anchored_by_nothing(
    files: dict[str, bytes], page: Page
) -> None:
    made = reforged(files, facts("receipt_recorded", invoice="INV-0"))
    log, _ = verify_files(made)
    assert log is not None
    assert (log.holds, judge(page, zipped(made)).state) == (True, "unanchored")
    true_key = files["vkey"].decode()
    assert judge(page, zipped(files), true_key).state == "anchored"
    assert judge(page, zipped(made), true_key).failed == {6}
    origin, size, root = files["checkpoint"].decode().splitlines()[:3]
    assert judge(page, zipped(files), f"{origin} {size} {root}").state == "anchored"
    assert judge(page, zipped(made), f"{origin} {size} {root}").failed == {6}
