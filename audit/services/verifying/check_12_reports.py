"""Check 12: every issued report is kept as the file whose hash is in the log. A file of no entry is a notice."""

import hashlib
from pathlib import Path

from audit.domain import events
from audit.services.verifying.check_01_bytes import Read
from audit.services.verifying.check_04_roots import Tree
from audit.services.verifying.verdict import Notebook, Rule

_CHUNK = 1 << 20


def report_file(folder: Path, report: str) -> Path:
    """Return where the file of an issued report is kept."""
    return folder / f"{report}.pdf"


class Reports:
    """Looks for the file of each `report_issued`; the folder is None where there is none to look in."""

    def __init__(self, notebook: Notebook, tree: Tree, folder: Path | None) -> None:
        self._notebook = notebook
        self._tree = tree
        self._folder = folder
        self._known: set[str] = set()
        if folder is None:
            notebook.skip(Rule.REPORTS, "the folder of reports is not here")

    def entry(self, read: Read) -> None:
        """Check what one entry says of a report."""
        event = read.recorded.event if read.recorded else None
        if not isinstance(event, events.ReportIssued):
            return
        root = self._tree.root(event.size) if event.size <= read.index else None
        if root is None or root.hex() != event.root:
            met = f"root {event.root} at size {event.size}"
            self._wrong(read.index, "a head of this log before the entry", met)
        if self._folder is None:
            return
        path = report_file(self._folder, event.report)
        self._known.add(path.name)
        kept = _sha256(path)
        if kept != event.sha256:
            found = f"a file with SHA-256 {kept}" if kept else "no such file"
            self._wrong(read.index, f"{path.name} with SHA-256 {event.sha256}", found)

    def finish(self) -> None:
        """Name files that no entry speaks of."""
        if self._folder is None or not self._folder.is_dir():
            return
        for path in sorted(self._folder.iterdir()):
            if path.name not in self._known:
                self._notebook.notice(Rule.REPORTS, None, expected="files of issued reports", found=path.name)

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
