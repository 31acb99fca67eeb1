"""Check 12: every issued report is kept as the file whose hash is in the log. A file that no entry names is a notice.

A bundle is not kept: where its file is still there, it is compared.

A file that had opened the identity of a patient erased since is gone with it, for one name cannot be taken out of a
signed file: it is *erased*, and a finding where it is still kept. Copies that left still verify against the log.
"""

import hashlib
from collections import defaultdict
from pathlib import Path

from audit.domain import events
from audit.services.verifying.check_01_bytes import Read
from audit.services.verifying.erased import Erased
from audit.services.verifying.tree import Tree
from audit.services.verifying.verdict import Notebook, Rule

_CHUNK = 1 << 20


def report_file(folder: Path, report: str) -> Path:
    """Return where the file of an issued report is kept."""
    return folder / f"{report}.pdf"


def bundle_file(folder: Path, report: str) -> Path:
    """Return where the file of an issued bundle waits to be fetched."""
    return folder / f"{report}.zip"


def opened_files(folder: Path, report: str) -> list[Path]:
    """Return every file kept of a report or bundle, whatever its form."""
    return sorted(folder.glob(f"{report}.*"))


class Reports:
    """Looks for the file of each `report_issued`; the folder is None where there is none to look in."""

    def __init__(self, notebook: Notebook, tree: Tree, erased: Erased, folder: Path | None) -> None:
        self._notebook = notebook
        self._tree = tree
        self._erased = erased
        self._folder = folder
        self._issued: list[tuple[int, events.ReportIssued]] = []
        self._drills: set[str] = set()
        self._named: dict[str, set[str]] = defaultdict(set)
        if folder is None:
            notebook.skip(Rule.REPORTS, "the folder of reports is not here")

    def entry(self, read: Read) -> None:
        """Check what one entry says of a report."""
        event = read.recorded.event if read.recorded else None
        if isinstance(event, events.PatientsDisclosed):
            self._named[event.report].update(event.patients)
        if isinstance(event, events.DrillRun):
            self._drills.add(event.sha256)
        if not isinstance(event, events.ReportIssued):
            return
        root = self._tree.root(event.size) if event.size <= read.index else None
        if root is None or root.hex() != event.root:
            met = f"root {event.root} at size {event.size}"
            self._wrong(read.index, "a head of this log before the entry", met)
        self._issued.append((read.index, event))

    def finish(self) -> None:
        """Look for the files, and name those that no entry speaks of."""
        folder = self._folder
        if folder is None:
            return
        gone = [
            self._is_erased(folder, index, event) or self._compare(folder, index, event)
            for index, event in self._issued
        ]
        if any(gone):
            self._notebook.partly[Rule.REPORTS] = f"{sum(gone)} files erased with the patients they named"
        known = {event.report for _, event in self._issued}
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            # A drill's certificate is named by its hash alone.
            if path.stem not in known and not (self._drills and _sha256(path) in self._drills):
                self._notebook.notice(Rule.REPORTS, None, expected="files of issued reports", found=path.name)

    def _is_erased(self, folder: Path, index: int, event: events.ReportIssued) -> bool:
        """Say whether a file had to go with a patient it named; name it where it is still there."""
        patients = sorted(self._named[event.report] & self._erased.at.keys())
        kept = opened_files(folder, event.report) if patients else []
        if kept:
            self._wrong(index, f"no file that opens the identity of {patients[0]}, erased", kept[0].name)
        return bool(patients)

    def _compare(self, folder: Path, index: int, event: events.ReportIssued) -> bool:
        path = (bundle_file if event.report_kind == "bundle" else report_file)(folder, event.report)
        kept = _sha256(path)
        if kept is None and event.report_kind == "bundle":
            return False  # the copy that left is the only one
        if kept != event.sha256:
            found = f"a file with SHA-256 {kept}" if kept else "no such file"
            self._wrong(index, f"{path.name} with SHA-256 {event.sha256}", found)
        return False

    def _wrong(self, index: int, expected: str, found: str) -> None:
        self._notebook.finding(Rule.REPORTS, index, expected=expected, found=found)


def _sha256(path: Path) -> str | None:
    """The hash of a file, None where it is not there or cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while part := file.read(_CHUNK):
                digest.update(part)
    except OSError:
        return None
    return digest.hexdigest()
