"""The files of `evidence.zip` (log-format section 9): what lets anybody check the report without the clinic or us.

Every entry up to the checkpoint is in it, whatever the length of the log. Sealed values are withheld from every
recipient, for the report shows patients by pseudonym; the manifest says so. Not here: the zip itself.
"""

import json

from audit.reports.evidence import figures_json
from audit.reports.model import InspectionReport
from audit.services.reporting.snapshot import Snapshot

WORDS = 2
"""Version of the report's sentences: raised when one changes, so that an older report is compared in figures alone."""


def evidence_files(shot: Snapshot, report: InspectionReport, *, report_id: str) -> dict[str, bytes]:
    """Return the files by name."""
    return {
        "checkpoint": shot.checkpoint.note.encode(),
        "vkey": "".join(f"{key}\n" for key in (shot.keys[0], *shot.cosigners)).encode(),
        "sealed.jsonl": b"",
        "report.json": figures_json(report),
        "manifest.json": _manifest(shot, report, report_id),
        "entries.jsonl": b"".join(one.body + b"\n" for one in shot.rows),
        "README.txt": _readme(shot).encode(),
    } | shot.dating.files()


def _manifest(shot: Snapshot, report: InspectionReport, report_id: str) -> bytes:
    days = (shot.period.first.isoformat(), shot.period.last.isoformat())
    packs = dict.fromkeys(shot.pack.on(day) for day in days)
    manifest = {
        "what": "inspection report",
        "report": report_id,
        "number": report.number,
        "words": WORDS,
        "log": shot.origin,
        "size": shot.size,
        "root": shot.checkpoint.root.hex(),
        "from": days[0],
        "to": days[1],
        "for": "inspector",
        "demo": shot.opened.demo,
        "time": shot.dating.why_none,
        "packs": [{"pack": one.pack, "version": one.version, "from": one.effective_from} for one in packs],
        "counts": {"entries": len(shot.rows), "sealed": 0},
        "entries": "every entry up to the checkpoint",
        "withheld": {"sealed": "the report shows patients by pseudonym; no sealed value is opened"},
    }
    return json.dumps(manifest, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _readme(shot: Snapshot) -> str:
    return f"""Evidence of the log {shot.origin} up to {shot.size} entries.

checkpoint     the signed head of the log (C2SP signed note), with the lines of its cosigners
vkey           verifier keys, the log's first, then the cosigners'; compare them with the report's last page
entries.jsonl  every entry up to the checkpoint, one a line, exact bytes
sealed.jsonl   opened sealed values; empty, patients are shown by pseudonym
time/          what a time authority answered for some heads (.tsr), and these heads (.note), if one is configured
report.json    every printed figure
manifest.json  what this is, of which period, under which rules

To check it: hash each line of entries.jsonl as SHA-256 of a zero byte and the line; build the Merkle tree of
RFC 6962 over these; compare its root with the third line of the checkpoint (base64); check the checkpoint's
signature with the verifier key. Each entry names the hash of the one before it. A time
token: openssl ts -verify -data time/SIZE.note -in time/SIZE.tsr -CAfile ROOT.pem, with the authority's own root.
With our program, at a command line: audit verify-pdf REPORT.pdf
"""
