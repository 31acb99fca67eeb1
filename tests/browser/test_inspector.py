"""From set-up to verdict: passkeys sign, a colleague witnesses with theirs, and an inspector checks it all offline.

The inspector's machine has never seen the register: a browser with the network off, our command line over an empty
folder, and programs that others wrote.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from audit.services.bundles.readme import BEGIN, END
from tests.browser import clinic_day
from tests.browser.day import Day
from tests.browser.forging import offline_page
from tests.browser.keys import Key
from tests.browser.service import ROOT, served
from tests.browser.test_passkeys import (
    BEFORE,
    approved_on_anothers_page,
    first_person_enrols,
    nobody_complained,
    session_with_remainder,
    vouched_for_at_the_same_tablet,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]

GO_PACKAGES = "/usr/share/gocode"


def test_an_inspector_verifies_offline_what_clinicians_signed_with_their_passkeys(
    browser: Browser, tmp_path: Path
) -> None:
    with served(tmp_path, hour=8) as service:
        day = Day(service, browser)
        for step in BEFORE:
            step(day)
        keys = {letter: Key() for letter in "ABC"}
        first_person_enrols(day, keys["A"])
        approved_on_anothers_page(day, keys["B"], keys["A"])
        vouched_for_at_the_same_tablet(day, keys["C"])
        session_with_remainder(day, keys)
        report, bundle = clinic_day.report(day, tmp_path), evidence_bundle(day, tmp_path)
        nobody_complained(day)
        log_key = key_from_outside(bundle)
    with offline_page(browser, tmp_path) as page:
        the_page_says(page, report, bundle, log_key)
        what_was_changed_is_told(page, bundle, tmp_path, log_key)
    our_command_line_says(report, bundle, log_key, tmp_path)
    programs_of_others_say(report, bundle, tmp_path)


def evidence_bundle(day: Day, into: Path) -> Path:
    manager = day.person("M").open("/reports/bundle")
    manager.look("i01-bundle")
    manager.sign(password=manager.password)
    manager.tap("Sign and issue")
    manager.look("i02-bundle-issued")
    with manager.page.expect_download() as fetched:
        manager.on_screen("Fetch").click()
    file = into / fetched.value.suggested_filename
    fetched.value.save_as(file)
    return file


def key_from_outside(bundle: Path) -> str:
    """The log's verifier key, as an inspector has it from the last page of an earlier report."""
    with zipfile.ZipFile(bundle) as archive:
        return archive.read("vkey").decode().splitlines()[0]


def the_page_says(page: Page, report: Path, bundle: Path, log_key: str) -> None:
    for file in (report, bundle):
        choose(page, file)
        assert page.inner_text(".vcard h2 >> nth=0") == "Consistent, unanchored"
    page.locator("#hold summary").click()
    page.fill("#held-text", log_key)
    page.click("#held button")
    page.wait_for_selector(".vcard.anchored")
    said = page.inner_text(".vcard:first-child")
    assert "complete, in order and unaltered" in said
    assert "passkey" in said
    look(page, "i03-verdict")


def what_was_changed_is_told(page: Page, bundle: Path, folder: Path, log_key: str) -> None:
    """The clinic makes 0.2 mL of waste into 0.1 mL, in every file of the bundle that has it."""
    changed = folder / "changed.zip"
    with zipfile.ZipFile(bundle) as archive, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as out:
        for name in archive.namelist():
            data = archive.read(name)
            wasted = data.find(b'"kind":"waste_recorded"')
            before = data.rfind(b'"volume_ul":200', 0, wasted) if wasted >= 0 else -1
            if before >= 0:
                data = data[:before] + b'"volume_ul":100' + data[before + 15 :]
            out.writestr(name, data)
    choose(page, changed)
    assert page.inner_text(".vcard h2 >> nth=0").startswith("Do not rely on this file")
    said = page.inner_text(".vcard:first-child")
    assert re.search(r"Signatures, roles, second persons, corrections, nonces\s+Failed: \d", said), said
    look(page, "i04-changed")
    told = command(folder, "verify-bundle", str(changed), "--key", log_key)
    assert told.returncode == 1, told.stdout + told.stderr


def our_command_line_says(report: Path, bundle: Path, log_key: str, folder: Path) -> None:
    told = command(folder, "verify-bundle", str(bundle), "--key", log_key)
    assert told.returncode == 0, told.stdout + told.stderr
    assert "Unaltered" in told.stdout
    told = command(folder, "verify-pdf", str(report))
    assert told.returncode == 0, told.stdout + told.stderr


def programs_of_others_say(report: Path, bundle: Path, folder: Path) -> None:
    assert "Total document signed" in said_by("pdfsig", "-nocert", str(report), cwd=folder)
    unpacked = folder / "unpacked"
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(unpacked)
    readme = (unpacked / "README.txt").read_text("utf-8")
    (folder / "verify.go").write_text(readme.partition(f"{BEGIN}\n")[2].partition(END)[0], "utf-8")
    said_by("go", "build", "-o", "verify", "verify.go", cwd=folder)
    size = len((unpacked / "entries.jsonl").read_bytes().splitlines())
    assert f"{size} entries lead to the signed root" in said_by(str(folder / "verify"), cwd=unpacked)
    methods = [
        json.loads(line)["signature"]["method"] for line in (unpacked / "entries.jsonl").read_bytes().splitlines()
    ]
    assert methods.count("passkey") >= 5


def choose(page: Page, file: Path) -> None:
    page.set_input_files("#file", str(file))
    expect(page.locator("#status")).to_have_text("Checked.", timeout=60_000)


def look(page: Page, name: str) -> None:
    folder = os.environ.get("SHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run our command line where there is no register, no key and no setting."""
    environment = {"PATH": os.environ["PATH"], "AUDIT_HOME": str(folder / "nowhere")}
    return subprocess.run(
        [sys.executable, "-m", "audit", *arguments],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def said_by(program: str, *arguments: str, cwd: Path) -> str:
    assert shutil.which(program), f"{program} is missing: .ci/system-packages installs it"
    environment = {"PATH": os.environ["PATH"], "GO111MODULE": "off", "GOPATH": GO_PACKAGES, "HOME": str(cwd)}
    done = subprocess.run(
        [program, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=180
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
